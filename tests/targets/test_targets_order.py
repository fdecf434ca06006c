"""The order of probing: a permutation of exactly the set, the same for a seed, cut exactly by shards, spread evenly."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.targets import TargetOrder, TargetSet, parse_targets

sets = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(0, 300)).map(lambda span: (span[0], span[0] + span[1])), min_size=1
).map(TargetSet)


@given(sets, st.integers(), st.integers(1, 9))
def test_shards_cut_the_order_into_parts_that_repeat_and_omit_nothing(
    targets: TargetSet, seed: int, shards: int
) -> None:
    whole = TargetOrder(targets, seed)
    assert sorted(whole) == list(targets)
    for index in range(shards):
        part = TargetOrder(targets, seed, shard=(index, shards))
        assert list(part) == list(whole)[index::shards]


@given(sets, st.integers(), st.integers(1, 4), st.integers(0, 3000), st.integers(0, 300))
def test_a_stretch_a_position_and_an_address_tell_the_same(
    targets: TargetSet, seed: int, shards: int, start: int, length: int
) -> None:
    order = TargetOrder(targets, seed, shard=(shards - 1, shards))
    everything = list(order)
    assert order.take(start, length) == everything[start : start + length]
    assert [order.position_of(address) for address in everything] == list(range(len(order)))
    assert order.position_of(5000) is None


@given(sets, st.integers())
def test_a_seed_gives_the_same_order_again(targets: TargetSet, seed: int) -> None:
    assert list(TargetOrder(targets, seed)) == list(TargetOrder(TargetSet(targets.intervals), seed))


def test_seeds_give_different_orders() -> None:
    targets = parse_targets(["10.0.0.0/24"])
    assert len({tuple(TargetOrder(targets, seed)) for seed in range(50)}) == 50


def test_the_order_of_a_seed_is_the_same_in_every_release() -> None:
    assert TargetOrder(parse_targets(["10.0.0.0/16"]), 7).take(0, 4) == GOLDEN


GOLDEN = [167802676, 167822467, 167776724, 167796515]


@pytest.mark.parametrize("seed", range(8))
def test_neighbours_in_the_order_lie_in_different_subnets(seed: int) -> None:
    order = TargetOrder(parse_targets(["10.0.0.0/16"]), seed)
    assert all(one >> 8 != other >> 8 for one, other in pairwise(order))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("network", ["10.0.0.0/16", "10.0.0.0/18"])
def test_every_stretch_falls_evenly_over_the_subnets(seed: int, network: str) -> None:
    targets = parse_targets([network])
    order = list(TargetOrder(targets, seed))
    subnets = targets.count // 256 + 1
    for stretch in (subnets, 4 * subnets, 16 * subnets):
        for start in range(0, len(order) - stretch, stretch):
            hits = Counter(address >> 8 for address in order[start : start + stretch])
            assert max(hits.values()) <= stretch // subnets + 4


def test_a_position_in_sixteen_million_is_computed_not_stored() -> None:
    order = TargetOrder(parse_targets(["10.0.0.0/8"]), 3)
    assert len({*order.take(0, 1000), *order.take(16_000_000, 1000)}) == 2000
    assert order.position_of(order[16_000_123]) == 16_000_123
    with pytest.raises(IndexError):
        order[2**24]


def test_a_shard_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="shard 3 of 3"):
        TargetOrder(parse_targets(["10.0.0.0/24"]), 1, shard=(3, 3))
