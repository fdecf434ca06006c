"""Finds the request-id of a datagram without decoding it, so that a flood of strays costs little."""

import struct
from typing import Final

from codec.ber import read_long_length
from codec.errors import DecodeError

_V3: Final = b"\x02\x01\x03\x30"  # the version, and the tag of msgGlobalData
_FOUR_OCTETS: Final = b"\x02\x04"  # so many of a msgID: as many as ours have
_id: Final = struct.Struct(">i").unpack_from


def peek_request_id(data: bytes) -> int | None:
    """The request-id of a v1 or v2c message, the msgID of a v3 one, or None where the octets begin like neither.

    Says nothing about what follows the id: ``decode_message`` judges the whole.
    """
    try:
        if data[0] != 0x30:
            return None
        first = data[1]
        start = 2 if first < 0x80 else 3 if first == 0x81 else 4 if first == 0x82 else len(data)
        if data[start : start + 4] == _V3 and data[start + 5 : start + 7] == _FOUR_OCTETS and data[start + 4] < 0x80:
            number: int = _id(data, start + 7)[0]  # nearly every v3 message, in a third of the time
            return number
        pos = _content(data, 1)[0]
        if data[pos] != 0x02:
            return None
        pos, size = _content(data, pos + 1)
        pos += size
        kind = data[pos]
        pos, size = _content(data, pos + 1)
        if kind == 0x04:  # the community, and a PDU behind it; in v3 it is msgGlobalData, which begins with the msgID
            pos = _content(data, pos + size + 1)[0]
        elif kind != 0x30:
            return None
        if data[pos] != 0x02:
            return None
        pos, size = _content(data, pos + 1)
        if not 0 < size <= 9 or pos + size > len(data):
            return None
        return int.from_bytes(data[pos : pos + size], "big", signed=True)
    except (IndexError, DecodeError, struct.error):
        return None


def _content(data: bytes, pos: int) -> tuple[int, int]:
    """Where the content begins whose length octets stand at ``pos``, and its size."""
    size = data[pos]
    if size < 0x80:
        return pos + 1, size
    size, start = read_long_length(data, pos)
    return start, size
