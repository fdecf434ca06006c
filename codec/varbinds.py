"""The varbind list, both ways: the hot loop of the whole product.

The decoder walks the octets once and makes no object but the varbinds themselves. Three facts carry its strictness: a
varbind has to end within the list, its value has to end exactly where the varbind does, and the last varbind exactly
where the list does. A header that is read past its container but within the datagram fails one of the three, and
one that is read past the datagram is an IndexError, turned into a DecodeError in one place.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from codec.ber import encode_length, encode_signed, read_long_length, read_signed
from codec.errors import DecodeError, EncodeError, OidError
from codec.limits import MAX_ARCS, MAX_INTEGER_MAGNITUDE, MAX_VARBINDS
from codec.oid import Oid, canonical_oid
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
    TIMETICKS,
    UINTEGER32,
)

Value: TypeAlias = int | bytes | None
Varbind: TypeAlias = tuple[Oid, int, Value]


class Note(NamedTuple):
    """One liberty that the decoder took: in which varbind (None: in the message itself) and by which rule."""

    varbind: int | None
    rule: str


_UNSIGNED_LIMIT = {
    COUNTER32: 0xFFFF_FFFF,
    GAUGE32: 0xFFFF_FFFF,
    TIMETICKS: 0xFFFF_FFFF,
    UINTEGER32: 0xFFFF_FFFF,
    COUNTER64: 0xFFFF_FFFF_FFFF_FFFF,
}
_TEXT = frozenset({OCTET_STRING, OPAQUE, NSAP})
_EMPTY = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})
_ADDRESS_SIZES = (0, 4, 16)


def decode_varbinds(data: bytes, start: int, end: int) -> tuple[list[Varbind], list[Note]]:
    """Decode the content of a varbind list that lies in ``data[start:end]``; raises DecodeError."""
    varbinds: list[Varbind] = []
    notes: list[Note] = []
    append = varbinds.append
    pos = start
    try:
        while pos < end:
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
            if not 0 < size < MAX_ARCS or not name.isascii():
                name = _read_oid(data, pos, mark, end, len(varbinds), notes)
            tag = data[mark]
            size = data[mark + 1]
            pos = mark + 2
            if size >= 0x80:
                size, pos = read_long_length(data, mark + 1)
            if pos + size != stop:
                raise DecodeError(mark + 1, f"value of {size} octets does not end with its varbind at {stop}")
            value: Value
            if tag == OCTET_STRING:
                value = data[pos:stop]
            elif size == 1 and tag == INTEGER and data[pos] < 0x80:
                value = data[pos]
            else:
                value = _read_value(data, tag, pos, stop, len(varbinds), notes)
            append((name, tag, value))
            pos = stop
    except IndexError:
        raise DecodeError(len(data), "the datagram ends within a varbind") from None
    if len(varbinds) > MAX_VARBINDS:
        raise DecodeError(start, f"{len(varbinds)} varbinds, at most {MAX_VARBINDS} are allowed")
    return varbinds, notes


def _read_oid(data: bytes, start: int, stop: int, end: int, index: int | None, notes: list[Note]) -> Oid:
    if stop > end:
        raise DecodeError(start - 1, f"name of {stop - start} octets reaches past its container's end at {end}")
    octets = data[start:stop]
    try:
        oid = canonical_oid(octets)
    except OidError as error:
        raise DecodeError(start, f"object identifier: {error.reason}") from None
    if oid != octets:
        notes.append(Note(index, "oid-padded" if octets else "oid-empty"))
    return oid


def _read_value(data: bytes, tag: int, start: int, stop: int, index: int, notes: list[Note]) -> Value:
    limit = _UNSIGNED_LIMIT.get(tag)
    if limit is not None:
        number = read_signed(data, start, stop)
        if not 0 <= number <= limit:
            number &= limit
            notes.append(Note(index, "counter-masked"))
        return number
    if tag == INTEGER:
        number = read_signed(data, start, stop)
        if not -MAX_INTEGER_MAGNITUDE <= number <= MAX_INTEGER_MAGNITUDE:
            raise DecodeError(start, "INTEGER of more than four octets of magnitude")
        return number
    if tag == OBJECT_IDENTIFIER:
        return _read_oid(data, start, stop, stop, index, notes)
    if tag in _EMPTY:
        if start != stop:
            raise DecodeError(start, f"value of type {tag:#04x} has content")
        return None
    if tag == IP_ADDRESS:
        if stop - start not in _ADDRESS_SIZES:
            raise DecodeError(start, f"IpAddress of {stop - start} octets")
        if stop - start != 4:
            notes.append(Note(index, "address-size"))
        return data[start:stop]
    if tag in _TEXT:
        return data[start:stop]
    raise DecodeError(start, f"unknown value type {tag:#04x}")


def encode_varbinds(varbinds: Iterable[Varbind]) -> bytes:
    """Encode a whole varbind list, its header included; raises EncodeError."""
    pieces = [encode_varbind(varbind) for varbind in varbinds]
    if len(pieces) > MAX_VARBINDS:
        raise EncodeError(f"{len(pieces)} varbinds, at most {MAX_VARBINDS} are allowed")
    content = b"".join(pieces)
    return b"\x30" + encode_length(len(content)) + content


def encode_varbind(varbind: Varbind) -> bytes:
    """Encode one varbind, its header included; raises EncodeError where the value does not fit its tag."""
    name, tag, value = varbind
    content = _encode_value(tag, value)
    head = b"\x06" + encode_length(len(name)) + name + bytes((tag,)) + encode_length(len(content))
    return b"\x30" + encode_length(len(head) + len(content)) + head + content


def _encode_value(tag: int, value: Value) -> bytes:
    if isinstance(value, int):
        if tag == INTEGER:
            if not -MAX_INTEGER_MAGNITUDE <= value <= MAX_INTEGER_MAGNITUDE:
                raise EncodeError(f"INTEGER {value} has more than four octets of magnitude")
            return encode_signed(value)
        limit = _UNSIGNED_LIMIT.get(tag)
        if limit is not None:
            if not 0 <= value <= limit:
                raise EncodeError(f"{value} is outside 0..{limit} of type {tag:#04x}")
            return encode_signed(value)
    elif isinstance(value, bytes):
        if tag in _TEXT:
            return value
        if tag == OBJECT_IDENTIFIER:
            return value
        if tag == IP_ADDRESS and len(value) in _ADDRESS_SIZES:
            return value
    elif tag in _EMPTY:
        return b""
    raise EncodeError(f"a value of Python type {type(value).__name__} does not fit type {tag:#04x}")
