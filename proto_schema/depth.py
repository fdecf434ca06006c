"""How deep arrays and maps of a message lie in one another, and how much there is of it, without decoding a value.

It looks at what a decoder would skip, and what it costs is bounded by the number of values that it looks at.
"""

import re
from enum import Enum
from typing import Final

# Heads of MessagePack's formats that are not all there is of a value,
# https://github.com/msgpack/msgpack/blob/master/spec.md, "Formats".
_COUNTED: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
"""Octets of the length that follows, and octets that it leaves out."""
_FIXED: Final = {
    0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,
    0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,
}  # fmt: skip
"""Octets that follow."""
_HOLDING: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
"""Octets of the number that follows, and values that it counts as one."""

_JSON_TEXT: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_JSON_MARK: Final = bytes(set(range(256)) - set(b"[]{},"))


class Measure(Enum):
    """What came of measuring a message."""

    FITS = "fits"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"


def measure_msgpack(octets: bytes, depth: int, values: int) -> Measure:
    """Hold one MessagePack value against so many arrays and maps in one another, and so many values in all.

    What is cut off or malformed is measured as far as it goes.
    """
    at, end = 0, len(octets)
    left = [1]  # Values still to come: one entry for each array or map that is open, and one for the whole.
    while left and at < end:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        values -= 1
        if values < 0:
            return Measure.TOO_MANY
        head = octets[at]
        at += 1
        if head < 0x80 or head >= 0xE0:
            continue
        if head in _FIXED:
            at += _FIXED[head]
        elif head in _COUNTED:
            width, besides = _COUNTED[head]
            at += width + int.from_bytes(octets[at : at + width], "big") + besides
        elif head < 0xA0 or head in _HOLDING:
            if len(left) > depth:
                return Measure.TOO_DEEP
            width, each = _HOLDING.get(head, (0, 1 if head & 0x10 else 2))
            count = int.from_bytes(octets[at : at + width], "big") if width else head & 0x0F
            left.append(count * each)
            at += width
        elif head < 0xC0:
            at += head & 0x1F
    return Measure.FITS


def measure_json(octets: bytes, depth: int, values: int) -> Measure:
    """The same for one JSON value; for the values, its texts are counted, and its commas and brackets."""
    bare, texts = _JSON_TEXT.subn(b"", octets, count=values + 1)
    marks = bare.translate(None, _NO_JSON_MARK)
    if max(texts, len(marks)) > values:
        return Measure.TOO_MANY
    inside = 0
    for mark in marks:
        inside += (mark in b"[{") - (mark in b"]}")
        if inside > depth:
            return Measure.TOO_DEEP
    return Measure.FITS
