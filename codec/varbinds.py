"""The varbind list, both ways: the hot loop of the product.

The decoder walks the octets once and makes no object but the varbinds themselves. What carries its strictness: a
varbind has to end within the list, its value exactly where the varbind does, and so the last varbind exactly where the
list does. Positions only grow, so a header that is read past its container fails one of these checks, and one that is
read past the datagram is an IndexError, which ``decode_message`` turns into a DecodeError in one place.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from codec.ber import encode_number, encode_tlv, read_int32, read_long_length, read_number
from codec.errors import DecodeError, EncodeError, OidError
from codec.limits import MAX_ARCS, MAX_INTEGER_MAGNITUDE, MAX_NOTES, MAX_VARBINDS
from codec.oid import Oid, canonical_oid, is_oid, oid_stem
from codec.tags import (
    COUNTER32,
    COUNTER64,
    END_OF_MIB_VIEW,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    NSAP,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    SEQUENCE,
    TIMETICKS,
    UINTEGER32,
)

Value: TypeAlias = int | bytes | None
Varbind: TypeAlias = tuple[Oid, int, Value]


class Note(NamedTuple):
    """One liberty that the decoder took: in which varbind (None: in the message itself), and by which rule.

    Rules: ``counter-masked`` (negative or too large an unsigned value), ``address-size`` (an IpAddress of 0 or 16
    octets), ``oid-padded`` (made canonical), ``oid-empty`` (read as 0.0), ``trailing-octets`` (after the message).
    """

    varbind: int | None
    rule: str


LARGEST: Final = {
    COUNTER32: 0xFFFF_FFFF,
    GAUGE32: 0xFFFF_FFFF,
    TIMETICKS: 0xFFFF_FFFF,
    UINTEGER32: 0xFFFF_FFFF,
    COUNTER64: 0xFFFF_FFFF_FFFF_FFFF,
}
"""The largest value of each unsigned type."""

_NUMBERS: Final = frozenset({INTEGER, *LARGEST})
_STRINGS: Final = frozenset({OCTET_STRING, OPAQUE, NSAP})
_EMPTY: Final = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})
_ADDRESS_SIZES: Final = (0, 4, 16)


def decode_varbinds(
    data: bytes, start: int, end: int, notes: list[Note], before: list[Varbind] | None = None
) -> list[Varbind]:
    """Decode the content of a varbind list, ``data[start:end]``; adds to ``notes``, and to the varbinds ``before``.

    Raises DecodeError, or IndexError where the datagram ends within a header.
    """
    varbinds: list[Varbind] = [] if before is None else before
    append = varbinds.append
    from_bytes = int.from_bytes
    limits = (0, 0x80, 0x80, 0x80, 0x80, 1)  # what the first octet of 0..2^32-1 stays below, by the number of octets
    stem = b""  # of a name that was proven to be canonical
    pos = start
    for index in range(len(varbinds), MAX_VARBINDS + 1):
        if pos == end:
            return varbinds
        if data[pos] != 0x30:
            raise DecodeError(pos, f"tag {data[pos]:#04x} where a varbind's 0x30 is due")
        size = data[pos + 1]
        pos += 2
        if size >= 0x80:
            size, pos = read_long_length(data, pos - 1)
        stop = pos + size
        if stop > end:
            raise DecodeError(pos - 1, f"varbind of {size} octets reaches past its list's end at {end}")

        if data[pos] != 0x06:
            raise DecodeError(pos, f"tag {data[pos]:#04x} where a varbind's name (0x06) is due")
        size = data[pos + 1]
        pos += 2
        if size >= 0x80:
            size, pos = read_long_length(data, pos - 1)
        mark = pos + size
        name = data[pos:mark]
        # An octet below 0x80 is a whole sub-identifier. A vendor's names have others, in a stem that they share, which
        # is checked once: removeprefix and isascii cost a quarter of the whole check.
        if not 0 < size < MAX_ARCS or not (name.removeprefix(stem) if stem and mark <= stop else name).isascii():
            if mark > stop:
                raise DecodeError(pos - 1, f"name of {size} octets reaches past its varbind's end at {stop}")
            name = read_oid(data, pos, mark, notes, index)
            stem = oid_stem(name)

        tag = data[mark]
        size = data[mark + 1]
        pos = mark + 2
        if size >= 0x80:
            size, pos = read_long_length(data, mark + 1)
        if pos + size != stop:
            raise DecodeError(mark + 1, f"value of {size} octets does not end with its varbind at {stop}")
        value: Value
        if tag == 0x04:
            value = data[pos:stop]
        elif tag in _NUMBERS and 0 < size < 6 and (first := data[pos]) < limits[size]:
            value = first if size == 1 else from_bytes(data[pos:stop], "big")  # 0..2^32-1 fits every integer type
        elif tag in _EMPTY and not size:
            value = None
        else:
            value = read_value(data, pos, stop, tag, notes, index)
        append((name, tag, value))
        pos = stop
    raise DecodeError(pos, f"more than {MAX_VARBINDS} varbinds")


def _note(notes: list[Note], index: int | None, rule: str, offset: int) -> None:
    if len(notes) >= MAX_NOTES:
        raise DecodeError(offset, f"more than {MAX_NOTES} values in odd forms")
    notes.append(Note(index, rule))


def read_oid(data: bytes, start: int, stop: int, notes: list[Note], index: int | None) -> Oid:
    """Read the content octets of any OBJECT IDENTIFIER, made canonical."""
    octets = data[start:stop]
    if is_oid(octets):
        return octets
    try:
        oid = canonical_oid(octets)
    except OidError as error:
        raise DecodeError(start, f"object identifier: {error.reason}") from None
    _note(notes, index, "oid-padded" if octets else "oid-empty", start)
    return oid


def read_unsigned(data: bytes, start: int, stop: int, largest: int, notes: list[Note], index: int | None) -> int:
    """Read the content octets of a counter, gauge or time, masked to its type where it is negative or too large."""
    value = read_number(data, start, stop)
    if 0 <= value <= largest:
        return value
    _note(notes, index, "counter-masked", start)
    return value & largest


def read_value(data: bytes, start: int, stop: int, tag: int, notes: list[Note], index: int | None) -> Value:
    """Read the content octets of a value of type ``tag``: every type, and the odd forms of each."""
    size = stop - start
    if tag == INTEGER:
        return read_int32(data, start, stop)
    if tag in LARGEST:
        return read_unsigned(data, start, stop, LARGEST[tag], notes, index)
    if tag == OBJECT_IDENTIFIER:
        return read_oid(data, start, stop, notes, index)
    if tag in _EMPTY:
        if size:
            raise DecodeError(start, f"value of type {tag:#04x} has {size} octets of content")
        return None
    if tag == IP_ADDRESS:
        if size not in _ADDRESS_SIZES:
            raise DecodeError(start, f"IpAddress of {size} octets")
        if size != 4:
            _note(notes, index, "address-size", start)
        return data[start:stop]
    if tag in _STRINGS:
        return data[start:stop]
    raise DecodeError(start, f"{tag:#04x} is no type of a value")


def encode_varbinds(varbinds: Iterable[Varbind]) -> bytes:
    """Encode a whole varbind list, header included; raises EncodeError."""
    pieces = [encode_varbind(*varbind) for varbind in varbinds]
    if len(pieces) > MAX_VARBINDS:
        raise EncodeError(f"{len(pieces)} varbinds, at most {MAX_VARBINDS} are allowed")
    return encode_tlv(SEQUENCE, b"".join(pieces))


def encode_varbind(name: Oid, tag: int, value: Value) -> bytes:
    """Encode one varbind, header included; raises EncodeError where a value does not fit its tag."""
    content = _encode_value(tag, value)
    size = 4 + len(name) + len(content)
    if size < 0x80 and is_oid(name):  # every length in one octet: the same octets as below, made in one go
        return bytes((0x30, size, 0x06, len(name))) + name + bytes((tag, len(content))) + content
    return encode_tlv(SEQUENCE, encode_tlv(OBJECT_IDENTIFIER, _checked(name)) + encode_tlv(tag, content))


def _checked(oid: Oid) -> Oid:
    if is_oid(oid):
        return oid
    raise EncodeError(f"{oid.hex(' ') or 'no octets'}: no canonical object identifier")


def _encode_value(tag: int, value: Value) -> bytes:
    if isinstance(value, int):
        if tag == INTEGER:
            if -MAX_INTEGER_MAGNITUDE <= value <= MAX_INTEGER_MAGNITUDE:
                return encode_number(value)
            raise EncodeError(f"INTEGER {value} has more than four octets of magnitude")
        if tag in LARGEST:
            if 0 <= value <= LARGEST[tag]:
                return encode_number(value)
            raise EncodeError(f"{value} is outside 0..{LARGEST[tag]}, the range of type {tag:#04x}")
    elif isinstance(value, bytes):
        if tag in _STRINGS or (tag == IP_ADDRESS and len(value) in _ADDRESS_SIZES):
            return value
        if tag == OBJECT_IDENTIFIER:
            return _checked(value)
    elif tag in _EMPTY:
        return b""
    raise EncodeError(f"a value of Python type {type(value).__name__} does not fit type {tag:#04x}")
