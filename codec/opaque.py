"""What an Opaque wraps (RFC 2578 section 7.1.9): one more BER value, in practice net-snmp's floating-point numbers.

net-snmp gives the types that SMIv2 has not a context tag of two octets: 9f, then 0x30 more than the type's own tag.
"""

import struct
from typing import Final

from codec.ber import read_content, read_number
from codec.errors import DecodeError
from codec.limits import MAX_DEPTH
from codec.tags import OPAQUE, OPAQUE_COUNTER64, OPAQUE_DOUBLE, OPAQUE_FLOAT, OPAQUE_INTEGER64, OPAQUE_UNSIGNED64
from codec.varbinds import Note, Value, read_unsigned, read_value

_OPAQUE_DEPTH: Final = 5  # message, PDU, varbind list, varbind, value
_FLOATS: Final = {OPAQUE_FLOAT: ">f", OPAQUE_DOUBLE: ">d"}
_EXTENSION: Final = 0x9F


def unwrap_opaque(content: bytes) -> tuple[int, Value | float]:
    """The tag and value that an Opaque's content octets stand for; an Opaque within an Opaque is unwrapped too.

    Raises DecodeError, whose offset counts from the content's first octet, where they are no BER value.
    """
    start, end = 0, len(content)
    notes: list[Note] = []
    try:
        for _ in range(_OPAQUE_DEPTH, MAX_DEPTH):
            tag = content[start]
            if tag == _EXTENSION:
                tag = _EXTENSION << 8 | content[start + 1]
                start += 1
            start, stop = read_content(content, start, end, tag & 0xFF)
            if stop != end:
                raise DecodeError(stop, "octets are left in the Opaque after its value")
            if tag != OPAQUE:
                break
        else:
            raise DecodeError(start, f"nested deeper than {MAX_DEPTH} levels")
    except IndexError:
        raise DecodeError(end, "the Opaque ends where a tag and a length are due") from None
    if tag in _FLOATS:
        layout = struct.Struct(_FLOATS[tag])
        if end - start != layout.size:
            raise DecodeError(start, f"{end - start} octets for a floating-point number of {layout.size}")
        number: float = layout.unpack_from(content, start)[0]
        return tag, number
    if tag == OPAQUE_INTEGER64:
        return tag, read_number(content, start, end)
    if tag in (OPAQUE_COUNTER64, OPAQUE_UNSIGNED64):
        return tag, read_unsigned(content, start, end, 0xFFFF_FFFF_FFFF_FFFF, notes, None)
    return tag, read_value(content, start, end, tag, notes, None)
