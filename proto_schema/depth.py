"""How deep arrays and maps of a MessagePack message lie in one another; it reads the heads of values and no values."""

from typing import Final

# head -> (octets of the length that follows, octets beside those it counts) and, for what holds others,
# (octets of the number, values a member); https://github.com/msgpack/msgpack/blob/master/spec.md, "Formats".
_SIZED: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
_FIXED: Final = {
    0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,
    0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,
}  # fmt: skip
_HOLDING: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def deeper_than(octets: bytes, limit: int) -> bool:
    """Whether more than ``limit`` arrays and maps lie in one another in ``octets``, one well-formed value.

    An array with nothing in it counts as one. What is cut off or malformed is looked at as far as it goes.
    """
    at, end = 0, len(octets)
    left = [1]  # Values still to come, one entry for each array or map that is open.
    while left and at < end:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        head = octets[at]
        at += 1
        if head < 0x80 or head >= 0xE0:
            continue
        if head < 0xA0:
            members = head & 0x0F if head >= 0x90 else 2 * (head & 0x0F)
        elif head < 0xC0:
            at += head & 0x1F
            continue
        elif head in _HOLDING:
            width, each = _HOLDING[head]
            members = each * int.from_bytes(octets[at : at + width], "big")
            at += width
        elif head in _SIZED:
            width, besides = _SIZED[head]
            at += width + int.from_bytes(octets[at : at + width], "big") + besides
            continue
        else:
            at += _FIXED.get(head, 0)
            continue
        if len(left) > limit:
            return True
        left.append(members)
    return False
