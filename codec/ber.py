"""The few pieces of BER that SNMP uses (definite lengths only, RFC 3417 section 8), both ways.

A reader looks at a header before it knows that the header lies within its container, and holds the end of the content
against the container then, which covers both. An IndexError means that the datagram itself ends within the header;
``decode_message`` turns it into a DecodeError in one place.
"""

from codec.errors import DecodeError, EncodeError
from codec.limits import MAX_INTEGER_MAGNITUDE, MAX_INTEGER_OCTETS, MAX_LENGTH_OCTETS
from codec.tags import INTEGER, WRITABLE


def read_long_length(data: bytes, offset: int) -> tuple[int, int]:
    """Read a long-form length, whose first octet stands at ``offset``: the size, and where the content begins."""
    first = data[offset]
    if first == 0x82:
        return data[offset + 1] << 8 | data[offset + 2], offset + 3
    if first == 0x81:
        return data[offset + 1], offset + 2
    count = first & 0x7F
    if not count:
        raise DecodeError(offset, "indefinite length, which SNMP forbids")
    if count > MAX_LENGTH_OCTETS:
        raise DecodeError(offset, f"length of {count} octets, at most {MAX_LENGTH_OCTETS} are allowed")
    start = offset + 1 + count
    if start > len(data):
        raise DecodeError(len(data), "the datagram ends within a length")
    return int.from_bytes(data[offset + 1 : start], "big"), start


def read_content(data: bytes, offset: int, end: int, expected: int) -> tuple[int, int]:
    """Read a header of tag ``expected`` at ``offset`` in a container that stops at ``end``: its content's bounds."""
    if data[offset] != expected:
        raise DecodeError(offset, f"tag {data[offset]:#04x} where {expected:#04x} is due")
    size = data[offset + 1]
    start = offset + 2
    if size >= 0x80:
        size, start = read_long_length(data, offset + 1)
    stop = start + size
    if stop > end:
        raise DecodeError(offset + 1, f"{size} octets of content reach past the container's end at {end}")
    return start, stop


def read_number(data: bytes, start: int, stop: int) -> int:
    """Read the content octets of any integer type as two's complement, padded or not."""
    if not 0 < stop - start <= MAX_INTEGER_OCTETS:
        raise DecodeError(start, f"integer of {stop - start} octets, 1 to {MAX_INTEGER_OCTETS} are allowed")
    return int.from_bytes(data[start:stop], "big", signed=True)


def read_int32(data: bytes, start: int, stop: int) -> int:
    """Read the content octets of an INTEGER of at most four octets of magnitude."""
    value = read_number(data, start, stop)
    if not -MAX_INTEGER_MAGNITUDE <= value <= MAX_INTEGER_MAGNITUDE:
        raise DecodeError(start, "INTEGER of more than four octets of magnitude")
    return value


def read_integer(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Read a whole INTEGER at ``offset``: its value, and where it stops."""
    start, stop = read_content(data, offset, end, INTEGER)
    if 0 < stop - start < 5:
        return int.from_bytes(data[start:stop], "big", signed=True), stop
    return read_int32(data, start, stop), stop


def encode_tlv(tag: int, content: bytes) -> bytes:
    """Encode tag, length in its shortest form, and content; only the tags of ``WRITABLE`` exist here."""
    if tag not in WRITABLE:
        raise EncodeError(f"tag {tag:#04x} is never written")
    return encode_header(tag, len(content)) + content


def encode_header(tag: int, size: int) -> bytes:
    """Encode what stands before ``size`` octets of content: the header of ``encode_tlv``."""
    if size < 0x80:
        return WRITABLE[tag] + bytes((size,))
    length = size.to_bytes((size.bit_length() + 7) >> 3, "big")
    return WRITABLE[tag] + bytes((0x80 | len(length),)) + length


def encode_number(value: int) -> bytes:
    """Encode the content octets of an integer in the shortest two's complement."""
    magnitude = value if value >= 0 else ~value
    return value.to_bytes((magnitude.bit_length() >> 3) + 1, "big", signed=True)


def encode_integer(value: int) -> bytes:
    """Encode a whole INTEGER."""
    if 0 <= value < 0x80:
        return bytes((INTEGER, 1, value))
    return encode_tlv(INTEGER, encode_number(value))
