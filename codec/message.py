"""Whole v1 and v2c messages: any PDU in, answers out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from codec.ber import encode_integer, encode_length, read_content, read_header, read_integer
from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_DATAGRAM
from codec.oid import Oid
from codec.tags import (
    INTEGER,
    IP_ADDRESS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    TIMETICKS,
    V1,
    V2C,
    PduType,
)
from codec.varbinds import Note, Varbind, _read_oid, decode_varbinds, encode_varbinds


@dataclass(slots=True)
class Message:
    """A v1 or v2c message of any PDU but the v1 trap.

    For GET_BULK ``error_status`` and ``error_index`` carry non-repeaters and max-repetitions. ``error_status`` is
    whatever the peer sent, never raised. ``notes`` tells each liberty that the decoder took.
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


_ANSWER_TAGS = {PduType.RESPONSE: b"\xa2", PduType.REPORT: b"\xa8"}
_PDU_TAGS = frozenset(PduType)


def decode_message(data: bytes) -> Message | TrapV1:
    """Decode one datagram; raises DecodeError (where and why) and nothing else, whatever the octets are."""
    if len(data) > MAX_DATAGRAM:
        raise DecodeError(MAX_DATAGRAM, f"{len(data)} octets, at most {MAX_DATAGRAM} are allowed")
    start, end = read_content(data, 0, len(data), SEQUENCE)
    version, pos = read_integer(data, start, end, INTEGER)
    if version not in (V1, V2C):
        if version == 3:
            raise DecodeError(start, "version 3: an SNMPv3 message is not for decode_message")
        raise DecodeError(start, f"version {version} is none of SNMPv1 (0) and SNMPv2c (1)")
    start, stop = read_content(data, pos, end, OCTET_STRING)
    community = data[start:stop]
    pdu_type, pos, stop = read_header(data, stop, end)
    if pdu_type not in _PDU_TAGS:
        raise DecodeError(stop, f"tag {pdu_type:#04x} is no PDU")
    if stop != end:
        raise DecodeError(stop, "octets left in the message after the PDU")
    notes: list[Note] = []
    if end != len(data):
        notes.append(Note(None, "trailing-octets"))
    if pdu_type == PduType.TRAP_V1:
        return _decode_trap(data, pos, end, version, community, notes)
    request_id, pos = read_integer(data, pos, end, INTEGER)
    error_status, pos = read_integer(data, pos, end, INTEGER)
    error_index, pos = read_integer(data, pos, end, INTEGER)
    varbinds = _decode_list(data, pos, end, notes)
    return Message(version, community, pdu_type, request_id, error_status, error_index, varbinds, tuple(notes))


def _decode_trap(data: bytes, pos: int, end: int, version: int, community: bytes, notes: list[Note]) -> TrapV1:
    start, pos = read_content(data, pos, end, OBJECT_IDENTIFIER)
    enterprise = _read_oid(data, start, pos, pos, None, notes)
    start, pos = read_content(data, pos, end, IP_ADDRESS)
    if pos - start != 4:
        raise DecodeError(start, f"agent address of {pos - start} octets")
    agent_address = data[start:pos]
    generic, pos = read_integer(data, pos, end, INTEGER)
    specific, pos = read_integer(data, pos, end, INTEGER)
    timestamp, pos = read_integer(data, pos, end, TIMETICKS)
    if timestamp < 0:
        timestamp &= 0xFFFF_FFFF
        notes.append(Note(None, "counter-masked"))
    varbinds = _decode_list(data, pos, end, notes)
    return TrapV1(version, community, enterprise, agent_address, generic, specific, timestamp, varbinds, tuple(notes))


def _decode_list(data: bytes, pos: int, end: int, notes: list[Note]) -> list[Varbind]:
    start, stop = read_content(data, pos, end, SEQUENCE)
    if stop != end:
        raise DecodeError(stop, "octets left in the PDU after the varbind list")
    varbinds, more = decode_varbinds(data, start, end)
    notes += more
    return varbinds


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
    """Encode a responder's answer, a RESPONSE or a REPORT and nothing else; raises EncodeError."""
    tag = _ANSWER_TAGS.get(PduType(pdu_type)) if pdu_type in _PDU_TAGS else None
    if tag is None:
        raise EncodeError(f"PDU type {pdu_type:#04x} is no answer")
    return encode_message(version, community, tag, (request_id, error_status, error_index), encode_varbinds(varbinds))


def encode_message(version: int, community: bytes, tag: bytes, numbers: tuple[int, int, int], varbinds: bytes) -> bytes:
    if version not in (V1, V2C):
        raise EncodeError(f"version {version} is none of SNMPv1 (0) and SNMPv2c (1)")
    body = b"".join(map(encode_integer, numbers)) + varbinds
    content = b"".join(
        (
            encode_integer(version),
            b"\x04",
            encode_length(len(community)),
            community,
            tag,
            encode_length(len(body)),
            body,
        )
    )
    message = b"\x30" + encode_length(len(content)) + content
    if len(message) > MAX_DATAGRAM:
        raise EncodeError(f"{len(message)} octets, at most {MAX_DATAGRAM} fit into a datagram")
    return message
