"""Which findings are still being taken care of, and so how far a sweep has come for certain. Pure.

Positions are those of the whole shard. A sweep in several parts (processes) deals them round: position p belongs to
part p mod parts, which knows it as p div parts.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from ptscan.sweep import SweepState

Place: TypeAlias = tuple[int, int]
"""A round, and the first position that is not over in it: everybody before is, and every round before."""


class Ledger:
    """Follows the findings of a sweep in ``parts`` that began at ``place``, from the answer to where they are kept."""

    def __init__(self, parts: int, place: Place) -> None:
        self._parts: Final = [_Part(number, parts, place) for number in range(parts)]

    def take(self, positions: Iterable[int]) -> None:
        """These findings came, in the order in which their part found them."""
        for position in positions:
            self._part_of(position).take(position)

    def settle(self, positions: Iterable[int]) -> None:
        """These findings were taken care of: nothing is lost of them any more."""
        for position in positions:
            self._part_of(position).under_way.pop(position, None)

    def tell(self, part: int, state: SweepState) -> None:
        """The sweep of ``part``, counted from 0, tells how far it has come."""
        self._parts[part].told.append(state)

    def place(self) -> Place:
        """Give where a sweep that goes on misses nobody: where the slowest part is, as far as its findings are safe."""
        return min(part.sure() for part in self._parts)

    def _part_of(self, position: int) -> "_Part":
        return self._parts[position % len(self._parts)]


class _Part:
    def __init__(self, number: int, parts: int, place: Place) -> None:
        self._number = number
        self._parts = parts
        self._sure = place
        self._taken = 0
        self.under_way: OrderedDict[int, int] = OrderedDict()  # a finding's position and its number, the oldest first
        self.told: deque[SweepState] = deque()

    def take(self, position: int) -> None:
        self.under_way[position] = self._taken
        self._taken += 1

    def sure(self) -> Place:
        """A state holds once as many findings as it says are safe; later ones make the earlier ones needless."""
        safe = next(iter(self.under_way.values()), self._taken)
        while self.told and self.told[0].found <= safe:
            state = self.told.popleft()
            self._sure = state.round_, self._number + state.cursor * self._parts
        return self._sure


def part_cursor(cursor: int, part: int, parts: int) -> int:
    """Give the position at which ``part`` has to go on so that nobody from ``cursor`` of the whole on is missed."""
    return max(0, -((part - cursor) // parts))


def part_bits(bits: bytes, size: int, part: int, parts: int) -> bytes:
    """Cut the bitmap of one ``part`` out of the whole's of ``size``: bit p & 7 of octet p >> 3 is position p."""
    if parts == 1:
        return bits
    digits = f"{int.from_bytes(bits, 'little'):0{size}b}"[::-1][part::parts]
    return int(digits[::-1] or "0", 2).to_bytes((len(digits) + 7) // 8, "little")
