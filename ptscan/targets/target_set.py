"""The exact set of addresses to probe: sorted intervals, never expanded, whatever its size."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from ptscan.targets.address import Address, parse_address
from ptscan.targets.intervals import Interval, merged


class TargetSet:
    """A set of addresses in constant memory, numbered from 0 in ascending order (IPv4 before IPv6)."""

    __slots__ = ("_firsts", "_shifts", "_starts", "count", "intervals")

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.intervals: tuple[Interval, ...] = tuple(merged(intervals))
        """Closed intervals of addresses, sorted, disjoint and not touching."""
        ends = list(accumulate(last - first + 1 for first, last in self.intervals))
        self.count: int = ends[-1] if ends else 0
        """How many addresses there are; may exceed what ``len()`` could say."""
        self._firsts = [first for first, _ in self.intervals]
        self._starts = [0, *ends[:-1]]  # the number of each interval's first address
        self._shifts = [first - start for first, start in zip(self._firsts, self._starts, strict=False)]

    def __repr__(self) -> str:
        return f"<TargetSet of {self.count} in {len(self.intervals)} intervals>"

    def __contains__(self, address: Address | str) -> bool:
        number = parse_address(address) if isinstance(address, str) else address
        return self.number_of(number) is not None

    def __iter__(self) -> Iterator[Address]:
        for first, last in self.intervals:
            yield from range(first, last + 1)

    def number_of(self, address: Address) -> int | None:
        """Give the number of ``address`` in ascending order, from 0; None when it is no member."""
        place = bisect_right(self._firsts, address) - 1
        if place < 0 or address > self.intervals[place][1]:
            return None
        return address - self._shifts[place]

    def address_of(self, number: int) -> Address:
        """Give the address that has ``number``, from 0 to ``count`` - 1 in ascending order."""
        shifts = self._shifts
        return number + (shifts[0] if len(shifts) == 1 else shifts[bisect_right(self._starts, number) - 1])

    def addresses(self, numbers: Iterable[int]) -> list[Address]:
        """Give the addresses that have these ``numbers`` (each from 0 to ``count`` - 1), in their sequence."""
        if len(self._shifts) == 1:
            shift = self._shifts[0]
            return [number + shift for number in numbers]
        starts, shifts = self._starts, self._shifts
        return [number + shifts[bisect_right(starts, number) - 1] for number in numbers]
