"""A set of targets is exact and never expanded: held against brute force on small sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ptscan.targets import IPV6, TargetSet, parse_address, parse_targets
from ptscan.targets.intervals import merged, subtracted

intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda span: (span[0], span[0] + span[1])))


def expanded(spans: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(intervals)
def test_merged_intervals_hold_the_same_members_apart_and_sorted(spans: list[tuple[int, int]]) -> None:
    joined = merged(spans)
    assert expanded(joined) == expanded(spans)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(joined))


@given(intervals, intervals)
def test_a_difference_is_what_sets_say(kept: list[tuple[int, int]], removed: list[tuple[int, int]]) -> None:
    left = subtracted(merged(kept), merged(removed))
    assert expanded(left) == expanded(kept) - expanded(removed)
    assert left == merged(left)


@given(intervals.filter(bool))
def test_numbers_and_members_agree_both_ways(spans: list[tuple[int, int]]) -> None:
    targets = TargetSet(spans)
    members = sorted(expanded(spans))
    assert targets.count == len(members)
    assert list(targets) == members == targets.addresses(range(targets.count))
    for number, member in enumerate(members):
        assert targets.number_of(member) == number
        assert targets.address_of(number) == member
    outside = set(range(80)) - set(members)
    assert not any(candidate in targets for candidate in outside)


def test_both_families_stand_in_one_line() -> None:
    targets = parse_targets(["::1", "10.0.0.1", "fd00::1"])
    assert list(targets) == [0x0A000001, IPV6 | 1, IPV6 | 0xFD << 120 | 1]
    assert "::1" in targets
    assert "0.0.0.1" not in targets
    assert parse_address("::1") in targets


def test_a_set_of_sixteen_million_is_two_numbers() -> None:
    targets = parse_targets(["10.0.0.0/8"], ["10.7.0.0/16"])
    assert targets.count == 2**24 - 2**16 - 2
    assert len(targets.intervals) == 2
