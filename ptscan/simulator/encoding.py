"""The octets of names and values that answers are put together from; pure.

The room keeps each row as one finished varbind, so that an answer is a join. ``codec`` decodes what comes in and
encodes what is rare (errors); this module encodes rows, because a recording may hold octets that ``codec`` would
refuse to send: a Counter32 of nine octets, say, which a real device sent.
"""

from codec import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT, Oid


def header(tag: int, size: int) -> bytes:
    """The tag and the length, in its shortest form, of ``size`` content octets (below 2^24)."""
    if size < 0x80:
        return bytes((tag, size))
    if size < 0x100:
        return bytes((tag, 0x81, size))
    if size < 0x1_0000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF))
    return bytes((tag, 0x83, size >> 16, size >> 8 & 0xFF, size & 0xFF))


def signed(value: int) -> bytes:
    """The content octets of an integer, of any type: the shortest two's complement."""
    return value.to_bytes(((value if value >= 0 else ~value).bit_length() >> 3) + 1, "big", signed=True)


def element(tag: int, content: bytes) -> bytes:
    return header(tag, len(content)) + content


def varbind(oid: Oid, tag: int, content: bytes) -> bytes:
    """A whole varbind, its header included."""
    body = element(0x06, oid) + element(tag, content)
    return header(0x30, len(body)) + body


def value_at(varbind: bytes, oid: Oid) -> int:
    """Where the value's tag stands in the varbind of this name."""
    return _header_size(varbind[1]) + _header_size(varbind[_header_size(varbind[1]) + 1]) + len(oid)


def content_of(varbind: bytes, oid: Oid) -> tuple[int, bytes]:
    """The tag and the content octets of the varbind of this name."""
    at = value_at(varbind, oid)
    return varbind[at], varbind[at + _header_size(varbind[at + 1]) :]


def _header_size(first_length_octet: int) -> int:
    return 2 if first_length_octet < 0x80 else 2 + (first_length_octet & 0x7F)


def no_such_object(oid: Oid) -> bytes:
    return varbind(oid, NO_SUCH_OBJECT, b"")


def no_such_instance(oid: Oid) -> bytes:
    return varbind(oid, NO_SUCH_INSTANCE, b"")


def end_of_mib_view(oid: Oid) -> bytes:
    return varbind(oid, END_OF_MIB_VIEW, b"")


def parent(oid: Oid) -> Oid:
    """The OID without its last number."""
    end = len(oid) - 1
    while end > 0 and oid[end - 1] >= 0x80:
        end -= 1
    return oid[:end]
