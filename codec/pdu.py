"""One PDU, both ways: what v1, v2c and v3 messages carry alike."""

from typing import Final, TypeAlias

from codec.ber import encode_integer, encode_tlv, read_content, read_integer
from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_INTEGER_MAGNITUDE
from codec.shapes import Shapes
from codec.tags import SEQUENCE, PduType
from codec.varbinds import Note, Varbind, decode_varbinds

PDU_TYPES: Final = frozenset(map(int, PduType))

Pdu: TypeAlias = tuple[int, int, int, int, list[Varbind]]
"""PDU type, request-id, error-status, error-index and varbinds; of any PDU but the v1 trap."""


def read_pdu(data: bytes, offset: int, end: int, notes: list[Note], shapes: Shapes | None) -> Pdu:
    """Read the PDU at ``offset``, which has to fill its container up to ``end``; adds to ``notes``.

    Raises DecodeError, or IndexError where the datagram ends within a header.
    """
    pdu_type = data[offset]
    if pdu_type not in PDU_TYPES:
        raise DecodeError(offset, f"tag {pdu_type:#04x} is no PDU")
    pos, stop = read_content(data, offset, end, pdu_type)
    if stop != end:
        raise DecodeError(stop, "octets are left in the message after the PDU")
    request_id, pos = read_integer(data, pos, end)
    if data[pos : pos + 6] == b"\x02\x01\x00\x02\x01\x00":  # no error: nearly every answer
        error_status = error_index = 0
        pos += 6
    else:
        error_status, pos = read_integer(data, pos, end)
        error_index, pos = read_integer(data, pos, end)
    return pdu_type, request_id, error_status, error_index, read_varbinds(data, pos, end, notes, shapes)


def read_varbinds(data: bytes, offset: int, end: int, notes: list[Note], shapes: Shapes | None) -> list[Varbind]:
    """Read the varbind list at ``offset``, which has to fill the rest of its PDU up to ``end``."""
    start, stop = read_content(data, offset, end, SEQUENCE)
    if stop != end:
        raise DecodeError(stop, "octets are left in the PDU after the varbind list")
    if shapes is None:
        return decode_varbinds(data, start, end, notes)
    return shapes.read(data, start, end, notes)


def encode_pdu(pdu_type: int, numbers: tuple[int, int, int], varbinds: bytes) -> bytes:
    """Encode a PDU from its three numbers and its encoded varbind list; raises EncodeError."""
    for number in numbers:
        if not -MAX_INTEGER_MAGNITUDE <= number <= MAX_INTEGER_MAGNITUDE:
            raise EncodeError(f"{number} has more than four octets of magnitude")
    return encode_tlv(pdu_type, b"".join(map(encode_integer, numbers)) + varbinds)
