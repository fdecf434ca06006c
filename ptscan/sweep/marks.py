"""One bit for each position of the order: all that a sweep remembers of a host."""

from collections.abc import Sequence
from itertools import compress
from typing import Final

_ABSENT: Final = bytes.maketrans(b"01", b"\x01\x00")  # the digits of marks -> whether the mark is absent


class Marks:
    """A set of positions from 0 to ``size`` - 1 as a bitmap; ``marked`` are the octets of one to begin with.

    Position p is bit p & 7 of octet p >> 3. Raises ValueError where ``marked`` is not a bitmap of ``size``.
    """

    __slots__ = ("bits", "count")

    def __init__(self, size: int, marked: bytes | None = None) -> None:
        octets = (size + 7) // 8
        self.bits = bytearray(octets) if marked is None else bytearray(marked)
        """The octets themselves; who sets a bit of them counts it."""
        bits = int.from_bytes(self.bits, "little")
        if len(self.bits) != octets or bits >> size:
            raise ValueError(f"this is no bitmap of {size} positions")
        self.count = bits.bit_count()
        """How many positions are marked."""

    def __contains__(self, position: int) -> bool:
        return bool(self.bits[position >> 3] & 1 << (position & 7))

    def add(self, position: int) -> bool:
        """Mark ``position``; say whether that is new."""
        octet, bit = position >> 3, 1 << (position & 7)
        if self.bits[octet] & bit:
            return False
        self.bits[octet] |= bit
        self.count += 1
        return True

    def remove(self, position: int) -> bool:
        """Take the mark of ``position`` away; say whether there was one."""
        octet, bit = position >> 3, 1 << (position & 7)
        if not self.bits[octet] & bit:
            return False
        self.bits[octet] ^= bit
        self.count -= 1
        return True

    def absent(self, start: int, end: int, other: "Marks") -> Sequence[int]:
        """Give the positions from ``start``, a multiple of 8, to ``end`` - 1 with no mark here nor in ``other``."""
        octets = slice(start >> 3, (end + 7) >> 3)
        bits = int.from_bytes(self.bits[octets], "little") | int.from_bytes(other.bits[octets], "little")
        if not bits:
            return range(start, end)
        digits = f"{bits:0{end - start}b}".encode()[::-1]
        return list(compress(range(start, end), digits.translate(_ABSENT)))
