"""Intervals say the same as a set of every number would."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ptscan.collector.storage.sequences import joined, runs, unseen

NUMBERS = st.sets(st.integers(1, 60))


def members(intervals: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in intervals for number in range(first, last + 1)}


def apart(intervals: list[tuple[int, int]]) -> bool:
    return all(first <= last for first, last in intervals) and all(
        before[1] + 1 < after[0] for before, after in pairwise(intervals)
    )


@given(NUMBERS)
def test_runs_hold_the_numbers_and_nothing_else(numbers: set[int]) -> None:
    found = runs(numbers)
    assert members(found) == numbers
    assert apart(found)


@given(NUMBERS, st.lists(st.integers(1, 60)))
def test_unseen_is_what_a_set_would_miss(there: set[int], asked: list[int]) -> None:
    assert unseen(asked, runs(there)) == sorted(set(asked) - there)


@given(NUMBERS, NUMBERS)
def test_joined_is_the_union(one: set[int], other: set[int]) -> None:
    found = joined([*runs(one), *runs(other)])
    assert members(found) == one | other
    assert apart(found)


def test_a_batch_in_order_makes_the_last_interval_longer() -> None:
    assert joined([(1, 5), *runs([6, 7, 8])]) == [(1, 8)]
    assert joined([(1, 5), *runs([7, 8])]) == [(1, 5), (7, 8)]
