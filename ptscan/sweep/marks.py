"""One bit for each position of the order: all that a sweep remembers of a host."""

from collections.abc import Sequence
from itertools import compress
from typing import Final

_ABSENT: Final = bytes.maketrans(b"01", b"\x01\x00")  # the digits of marks -> whether the mark is absent


class Marks:
    """A set of positions from 0 to ``size`` - 1 as a bitmap."""

    __slots__ = ("_bits", "count")

    def __init__(self, size: int) -> None:
        self._bits = bytearray((size + 7) // 8)
        self.count = 0
        """How many positions are marked."""

    def __contains__(self, position: int) -> bool:
        return bool(self._bits[position >> 3] & 1 << (position & 7))

    def add(self, position: int) -> bool:
        """Mark ``position``; say whether that is new."""
        octet, bit = position >> 3, 1 << (position & 7)
        if self._bits[octet] & bit:
            return False
        self._bits[octet] |= bit
        self.count += 1
        return True

    def absent(self, start: int, end: int) -> Sequence[int]:
        """Give the positions from ``start``, a multiple of 8, to ``end`` - 1 that have no mark."""
        bits = int.from_bytes(self._bits[start >> 3 : (end + 7) >> 3], "little")
        if not bits:
            return range(start, end)
        digits = f"{bits:0{end - start}b}".encode()[::-1]
        return list(compress(range(start, end), digits.translate(_ABSENT)))
