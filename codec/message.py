"""Whole v1 and v2c messages: any PDU in, answers out; and the scoped PDU that a v3 message carries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from codec.ber import encode_integer, encode_tlv, read_content, read_integer
from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_DATAGRAM
from codec.oid import Oid
from codec.pdu import encode_pdu, read_list_head, read_pdu_head
from codec.tags import IP_ADDRESS, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, TIMETICKS, V1, V2C, V3, PduType
from codec.varbinds import Note, Varbind, decode_varbinds, encode_varbinds, read_oid, read_unsigned

TRAP_V1: Final = int(PduType.TRAP_V1)  # to find it in its Enum takes Python 3.11 0.1 microseconds
_ANSWERS: Final = frozenset({PduType.RESPONSE, PduType.REPORT})


@dataclass(slots=True)
class Message:
    """A message of any PDU but the v1 trap; one of v3 has no community.

    ``error_status`` is what the peer sent, whatever it is. For GET_BULK ``error_status`` and ``error_index`` carry
    non-repeaters and max-repetitions. ``notes`` tells the liberties that the decoder took.
    """

    version: int
    community: bytes = field(repr=False)
    pdu_type: int
    request_id: int
    error_status: int
    error_index: int
    varbinds: list[Varbind]
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class TrapV1:
    """A v1 trap (RFC 1157 section 4.1.6); ``timestamp`` is in hundredths of a second since the sender started."""

    version: int
    community: bytes = field(repr=False)
    enterprise: Oid
    agent_address: bytes
    generic: int
    specific: int
    timestamp: int
    varbinds: list[Varbind]
    notes: tuple[Note, ...] = ()


class ScopedPdu(NamedTuple):
    """What a v3 message says, and of which context (RFC 3412 section 6.8)."""

    context_engine_id: bytes
    context_name: bytes
    message: Message


def decode_message(data: bytes) -> Message | TrapV1:
    """Decode one datagram; raises DecodeError (where and why) and nothing else, whatever the octets are.

    It remembers nothing. Who decodes many answers has a ``Decoder``, which gives the same in a fraction of the time.
    """
    notes: list[Note] = []
    try:
        version, community, pos, end = read_envelope(data, notes)
        if data[pos] == TRAP_V1:  # which alone has another shape
            return decode_trap(data, pos, end, version, community, notes)
        pdu_type, request_id, _, status, index, start = read_pdu_head(data, pos, end)
        varbinds = decode_varbinds(data, start, end, notes)
    except IndexError:
        raise truncated(data) from None
    return Message(version, community, pdu_type, request_id, status, index, varbinds, tuple(notes))


def decode_scoped(data: bytes) -> ScopedPdu:
    """Decode the scoped PDU of a v3 message, in the clear; raises DecodeError and nothing else.

    What is behind it, as the padding of a cipher, is left. It remembers nothing, as ``decode_message``.
    """
    notes: list[Note] = []
    try:
        engine_id, name, pos, end = read_context(data)
        pdu_type, request_id, _, status, index, start = read_pdu_head(data, pos, end)
        varbinds = decode_varbinds(data, start, end, notes)
    except IndexError:
        raise truncated(data) from None
    message = Message(V3, b"", pdu_type, request_id, status, index, varbinds, tuple(notes))
    return ScopedPdu(engine_id, name, message)


def read_context(data: bytes) -> tuple[bytes, bytes, int, int]:
    """Read a scoped PDU as far as its PDU: context engine ID and name, where the PDU begins and where it has to stop.

    Raises DecodeError, or IndexError where the octets end within a header.
    """
    start, end = read_content(data, 0, len(data), SEQUENCE)
    start, pos = read_content(data, start, end, OCTET_STRING)
    engine_id = data[start:pos]
    start, pos = read_content(data, pos, end, OCTET_STRING)
    return engine_id, data[start:pos], pos, end


def truncated(data: bytes) -> DecodeError:
    """What an IndexError stands for that a reader of this package lets out."""
    return DecodeError(len(data), "the datagram ends where a tag and a length are due")


def read_envelope(data: bytes, notes: list[Note]) -> tuple[int, bytes, int, int]:
    """Read a message as far as its PDU: version, community, where the PDU begins and where it has to stop.

    Adds to ``notes``. Raises DecodeError, or IndexError where the datagram ends within a header.
    """
    total = len(data)
    if total > MAX_DATAGRAM:
        raise DecodeError(MAX_DATAGRAM, f"{total} octets, at most {MAX_DATAGRAM} are allowed")
    start, end = read_content(data, 0, total, SEQUENCE)
    if end != total:
        notes.append(Note(None, "trailing-octets"))
    if data.startswith(b"\x02\x01\x01", start):  # nearly every message
        version, pos = V2C, start + 3
    else:
        version, pos = _read_version(data, start, end)
    start, pos = read_content(data, pos, end, OCTET_STRING)
    return version, data[start:pos], pos, end


def _read_version(data: bytes, offset: int, end: int) -> tuple[int, int]:
    version, stop = read_integer(data, offset, end)
    if version == 3:
        raise DecodeError(offset, "version 3: an SNMPv3 message is not for decode_message")
    if version not in (V1, V2C):
        raise DecodeError(offset, f"version {version} is neither SNMPv1 (0) nor SNMPv2c (1)")
    return version, stop


def decode_trap(data: bytes, pos: int, end: int, version: int, community: bytes, notes: list[Note]) -> TrapV1:
    """Decode the v1 trap's PDU at ``pos``; raises DecodeError, IndexError where the datagram ends within a header."""
    start, stop = read_content(data, pos, end, PduType.TRAP_V1)
    if stop != end:
        raise DecodeError(stop, "octets are left in the message after the PDU")
    start, pos = read_content(data, start, end, OBJECT_IDENTIFIER)
    enterprise = read_oid(data, start, pos, notes, None)
    start, pos = read_content(data, pos, end, IP_ADDRESS)
    if pos - start != 4:
        raise DecodeError(start, f"agent address of {pos - start} octets")
    address = data[start:pos]
    generic, pos = read_integer(data, pos, end)
    specific, pos = read_integer(data, pos, end)
    start, pos = read_content(data, pos, end, TIMETICKS)
    timestamp = read_unsigned(data, start, pos, 0xFFFF_FFFF, notes, None)
    varbinds = decode_varbinds(data, read_list_head(data, pos, end), end, notes)
    return TrapV1(version, community, enterprise, address, generic, specific, timestamp, varbinds, tuple(notes))


def encode_response(
    version: int,
    community: bytes,
    request_id: int,
    varbinds: Iterable[Varbind],
    *,
    error_status: int = 0,
    error_index: int = 0,
    pdu_type: int = PduType.RESPONSE,
) -> bytes:
    """Encode a responder's answer, a RESPONSE or a REPORT; raises EncodeError for anything else."""
    if pdu_type not in _ANSWERS:
        raise EncodeError(f"PDU type {pdu_type:#04x} is no answer: only RESPONSE and REPORT are")
    numbers = (request_id, error_status, error_index)
    return encode_message(version, community, encode_pdu(pdu_type, numbers, encode_varbinds(varbinds)))


def encode_message(version: int, community: bytes, pdu: bytes) -> bytes:
    """Put an encoded PDU into a v1 or v2c message; raises EncodeError."""
    if version not in (V1, V2C):
        raise EncodeError(f"version {version} is neither SNMPv1 (0) nor SNMPv2c (1)")
    head = encode_integer(version) + encode_tlv(OCTET_STRING, community)
    message = encode_tlv(SEQUENCE, head + pdu)
    if len(message) > MAX_DATAGRAM:
        raise EncodeError(f"{len(message)} octets, at most {MAX_DATAGRAM} fit into a datagram")
    return message
