"""One PDU, both ways: what v1, v2c and v3 messages carry alike."""

from typing import Final, TypeAlias

from codec.ber import encode_integer, encode_tlv, read_content, read_integer
from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_INTEGER_MAGNITUDE
from codec.tags import SEQUENCE, PduType

PDU_TYPES: Final = frozenset(map(int, PduType))
NO_ERROR: Final = b"\x02\x01\x00\x02\x01\x00"  # error-status and error-index of nearly every answer

PduHead: TypeAlias = tuple[int, int, int, int, int, int]
"""PDU type, request-id, where that stops, error-status, error-index, and where the varbinds begin."""


def read_pdu_head(data: bytes, offset: int, end: int) -> PduHead:
    """Read the PDU at ``offset``, which has to fill its container up to ``end``, as far as its varbinds.

    Its varbind list fills the rest of it, so the varbinds stop at ``end`` too. For any PDU but the v1 trap. Raises
    DecodeError, or IndexError where the datagram ends within a header.
    """
    pdu_type = data[offset]
    if pdu_type not in PDU_TYPES:
        raise DecodeError(offset, f"tag {pdu_type:#04x} is no PDU")
    pos, stop = read_content(data, offset, end, pdu_type)
    if stop != end:
        raise DecodeError(stop, "octets are left in the message after the PDU")
    request_id, id_stop = read_integer(data, pos, end)
    if data.startswith(NO_ERROR, id_stop):
        error_status = error_index = 0
        pos = id_stop + 6
    else:
        error_status, pos = read_integer(data, id_stop, end)
        error_index, pos = read_integer(data, pos, end)
    return pdu_type, request_id, id_stop, error_status, error_index, read_list_head(data, pos, end)


def read_list_head(data: bytes, offset: int, end: int) -> int:
    """Where the varbinds begin of the list at ``offset``, which has to fill the rest of its PDU up to ``end``."""
    start, stop = read_content(data, offset, end, SEQUENCE)
    if stop != end:
        raise DecodeError(stop, "octets are left in the PDU after the varbind list")
    return start


def encode_pdu(pdu_type: int, numbers: tuple[int, int, int], varbinds: bytes) -> bytes:
    """Encode a PDU from its three numbers and its encoded varbind list; raises EncodeError."""
    for number in numbers:
        if not -MAX_INTEGER_MAGNITUDE <= number <= MAX_INTEGER_MAGNITUDE:
            raise EncodeError(f"{number} has more than four octets of magnitude")
    return encode_tlv(pdu_type, b"".join(map(encode_integer, numbers)) + varbinds)
