"""The few pieces of BER that SNMP uses (RFC 3417 section 8: definite lengths only), both ways."""

from codec.errors import DecodeError
from codec.limits import MAX_INTEGER_MAGNITUDE, MAX_INTEGER_OCTETS, MAX_LENGTH_OCTETS


def read_long_length(data: bytes, offset: int) -> tuple[int, int]:
    """Read a long-form length, whose first octet stands at ``offset``; the size and where the content begins."""
    count = data[offset] & 0x7F
    if not count:
        raise DecodeError(offset, "indefinite length")
    if count > MAX_LENGTH_OCTETS:
        raise DecodeError(offset, f"length of {count} octets, at most {MAX_LENGTH_OCTETS} are allowed")
    start = offset + 1 + count
    if start > len(data):
        raise DecodeError(len(data), "the datagram ends within a length")
    return int.from_bytes(data[offset + 1 : start], "big"), start


def read_header(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Read tag and length at ``offset`` in a container that ends at ``end``; the tag and the content's bounds."""
    if offset + 2 > end:
        raise DecodeError(offset, "the container ends where a tag and a length are due")
    tag = data[offset]
    size = data[offset + 1]
    start = offset + 2
    if size >= 0x80:
        size, start = read_long_length(data, offset + 1)
    stop = start + size
    if stop > end:
        raise DecodeError(offset + 1, f"length {size} reaches past the end of the container at {end}")
    return tag, start, stop


def read_content(data: bytes, offset: int, end: int, expected: int) -> tuple[int, int]:
    """Read a header whose tag has to be ``expected``; the bounds of the content."""
    tag, start, stop = read_header(data, offset, end)
    if tag != expected:
        raise DecodeError(offset, f"tag {tag:#04x} where {expected:#04x} is due")
    return start, stop


def read_signed(data: bytes, start: int, stop: int) -> int:
    """Read the content octets of an integer as two's complement of any padding within the limit."""
    if not 0 < stop - start <= MAX_INTEGER_OCTETS:
        raise DecodeError(start, f"integer of {stop - start} octets, 1 to {MAX_INTEGER_OCTETS} are allowed")
    return int.from_bytes(data[start:stop], "big", signed=True)


def read_integer(data: bytes, offset: int, end: int, expected: int) -> tuple[int, int]:
    """Read a whole INTEGER (of tag ``expected``) at ``offset``; its value and where it stops."""
    start, stop = read_content(data, offset, end, expected)
    value = read_signed(data, start, stop)
    if not -MAX_INTEGER_MAGNITUDE <= value <= MAX_INTEGER_MAGNITUDE:
        raise DecodeError(start, "INTEGER of more than four octets of magnitude")
    return value, stop


def encode_length(size: int) -> bytes:
    """Encode a length in its shortest form."""
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def encode_signed(value: int) -> bytes:
    """Encode the content octets of an integer in the shortest two's complement."""
    return value.to_bytes(((value if value >= 0 else ~value).bit_length() >> 3) + 1, "big", signed=True)


def encode_integer(value: int) -> bytes:
    """Encode a whole INTEGER."""
    content = encode_signed(value)
    return b"\x02" + encode_length(len(content)) + content
