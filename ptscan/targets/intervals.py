"""Sets of integers as sorted, disjoint, closed intervals that do not touch: union and difference."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]
"""First and last member, both included."""


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sort ``intervals`` and join those that overlap or touch."""
    joined: list[Interval] = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            if last > joined[-1][1]:
                joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def subtracted(kept: Sequence[Interval], removed: Sequence[Interval]) -> list[Interval]:
    """Take ``removed`` out of ``kept``, both as :func:`merged` gives them."""
    left: list[Interval] = []
    cut = 0
    for begin, last in kept:
        first = begin
        while cut < len(removed) and removed[cut][1] < first:
            cut += 1
        ahead = cut
        while ahead < len(removed) and removed[ahead][0] <= last:
            if removed[ahead][0] > first:
                left.append((first, removed[ahead][0] - 1))
            first = removed[ahead][1] + 1
            ahead += 1
        if first <= last:
            left.append((first, last))
        # The last of them may reach into the next interval too, so it is looked at again.
        cut = max(cut, ahead - 1)
    return left
