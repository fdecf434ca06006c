"""Which sequences were received, as intervals: what of a batch is new, and what the intervals are then.

An interval is (first, last), both received. Stored intervals neither overlap nor touch. Only those that meet the batch,
or touch it, are looked at; a batch in order makes the last of them longer, and nothing else.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Interval = tuple[int, int]


def runs(sequences: Iterable[int]) -> list[Interval]:
    """The fewest intervals that hold ``sequences`` and nothing else, in order."""
    ordered = sorted(set(sequences))
    if not ordered:
        return []
    breaks = [(before, after) for before, after in pairwise(ordered) if after != before + 1]
    firsts = [ordered[0], *(after for _, after in breaks)]
    lasts = [*(before for before, _ in breaks), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def unseen(sequences: Iterable[int], intervals: Sequence[Interval]) -> list[int]:
    """Those of ``sequences`` that are in none of ``intervals`` (which are in order), each once and in order."""
    found = []
    place = 0
    for sequence in sorted(set(sequences)):
        while place < len(intervals) and intervals[place][1] < sequence:
            place += 1
        if place == len(intervals) or sequence < intervals[place][0]:
            found.append(sequence)
    return found


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """``intervals`` in order, those that overlap or touch made one."""
    result: list[Interval] = []
    for first, last in sorted(intervals):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
