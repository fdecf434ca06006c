"""A strict look at DER before any library sees it: definite, minimal lengths, so deep, so many, nothing behind.

asn1crypto takes BER, ignores what follows a value, and its generic ``native`` recurses as deep as a peer likes (its
issue 300). What passes here is flat enough for anything. The walk is a loop over the octets in order, with the ends of
the open values on a stack; it copies nothing and looks at each octet once.
"""

from ptscan.tls import limits

_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F


class DerError(ValueError):
    """Octets are no DER, or more of it than is read; ``offset`` says where it shows."""

    def __init__(self, offset: int, fault: str) -> None:
        super().__init__(f"octet {offset}: {fault}")
        self.offset = offset
        self.fault = fault


def check_der(octets: bytes, *, depth: int = limits.DER_DEPTH, elements: int = limits.DER_ELEMENTS) -> None:
    """Raise DerError unless ``octets`` are one value of DER within ``depth`` and ``elements``.

    Contents of primitive values are not judged: OCTET STRINGs that hold DER are checked by who opens them.
    """
    ends = [len(octets)]
    at = count = 0
    while True:
        while ends and at == ends[-1]:
            ends.pop()
        if not ends or (len(ends) == 1 and at):
            break
        count += 1
        if count > elements:
            raise DerError(at, f"more than {elements} values")
        tag, start, end = _header(octets, at, ends[-1])
        if tag & _CONSTRUCTED:
            ends.append(end)
            if len(ends) > depth + 1:
                raise DerError(at, f"nested deeper than {depth}")
            at = start
        else:
            at = end
    if at != len(octets) or not octets:
        raise DerError(at, "octets follow the value" if octets else "it is empty")


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of ``parts``, which are DER."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((0x30, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((0x30, 0x80 | size)) + len(body).to_bytes(size) + body


def _header(octets: bytes, at: int, limit: int) -> tuple[int, int, int]:
    """Return the tag's first octet, where the contents begin and where they end, of the value at ``at``."""
    if limit - at < 2:
        raise DerError(at, "cut in a header")
    tag, first = octets[at], octets[at + 1]
    if tag & _LONG_TAG == _LONG_TAG:
        raise DerError(at, "a tag in the long form, which nothing here has")
    start = at + 2
    if first < 0x80:
        length = first
    else:
        size = first & 0x7F
        if not 1 <= size <= 4 or limit - start < size:
            raise DerError(at + 1, "a length that is indefinite, cut or too long")
        length = int.from_bytes(octets[start : start + size])
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise DerError(at + 1, "a length in more octets than it needs")
        start += size
    if length > limit - start:
        raise DerError(at + 1, "a length that leads out of what holds it")
    return tag, start, start + length
