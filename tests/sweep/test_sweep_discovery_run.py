"""SNMPv3 engines over real loopback sockets: found, once each, whatever a network does to the answers."""

import random
from collections import Counter

import pytest
from engines import ENGINE_ID, report

from codec import V1, V2C, V3, PduType

OFF_PATH = "127.40.200.200"
V3_PLAN = {"version": "3", "credentials": ()}


def hosts(first: int, last: int) -> list[str]:
    return [f"127.40.0.{host}" for host in range(first, last + 1)]


async def test_every_engine_is_found_and_asked_once_by_one_question_in_nobody_s_name(network, sweep, healthy) -> None:
    async with network(healthy) as net:
        result = await sweep(
            ["127.40.0.0/23"], net.port, timeout=5.0, **V3_PLAN
        )  # nobody is asked twice for being slow
    assert len(result.addresses) == len(set(result.addresses)) == 510
    assert set(net.asked.values()) == {1}
    assert {(probe.message.version, probe.message.pdu_type) for probe in net.probes} == {(V3, PduType.GET)}
    assert not any(probe.message.varbinds for probe in net.probes)
    for found in result.found:
        sighting = found.sighting
        assert (sighting.version, sighting.engine_id, sighting.enterprise) == ("3", ENGINE_ID.hex(), 11)
        assert (sighting.kind, sighting.engine_boots, found.credential) == ("unknown", 5, None)
        assert sighting.rtt_ms is not None
        assert 0 <= sighting.rtt_ms < 5_000


async def test_a_mixed_fleet_is_found_by_what_each_host_speaks(network, sweep, healthy) -> None:
    spoken = (V1, V2C, V3)

    def mixed(probe):
        return healthy(probe) if probe.message.version == spoken[int(probe.host.rpartition(".")[2]) % 3] else []

    async with network(mixed) as net:
        result = await sweep(["127.40.0.1-60"], net.port, version="auto", discovery=(), retries=1)
    assert {f.sighting.address: f.sighting.version for f in result.found} == {
        host: ("1", "2c", "3")[number % 3] for number, host in enumerate(hosts(1, 60), 1)
    }
    for number, host in enumerate(hosts(1, 60), 1):
        assert net.asked[host] == (2, 1, 3)[number % 3]


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_path_that_loses_a_third_is_overcome_by_retries(network, sweep, healthy, seed: int) -> None:
    luck = random.Random(seed)
    async with network(lambda probe: healthy(probe) if luck.random() > 0.3 else []) as net:
        result = await sweep(["127.40.0.0/23"], net.port, retries=8, timeout=0.1, seed=seed, **V3_PLAN)
    assert result.summary.answered == 510
    assert max(net.asked.values()) <= 9


async def test_duplicates_by_the_thousand_count_once(network, sweep, healthy) -> None:
    async with network(lambda probe: healthy(probe) * 1000) as net:
        result = await sweep(["127.40.0.1-8"], net.port, rate=50.0, **V3_PLAN)
    assert result.addresses == hosts(1, 8)
    assert len(result.found) == 8
    assert result.summary.duplicates > 1000


async def test_forged_ids_and_garbage_are_counted_and_the_truth_still_comes_through(network, sweep, healthy) -> None:
    luck = random.Random(5)

    def forge(probe):
        for _ in range(20):
            yield report(luck.getrandbits(31)), probe.host
            yield luck.randbytes(luck.randrange(120)), probe.host
        number = probe.message.request_id
        yield report(number ^ 1), probe.host
        for engine_id in (b"", b"\x80\0\0\x0b", b"\x80" + bytes(32)):
            yield report(number, engine_id), probe.host
        if probe.host.endswith("1"):
            yield from healthy(probe)

    async with network(forge) as net:
        result = await sweep(["127.40.0.0/26"], net.port, retries=0, rate=500.0, **V3_PLAN)
    assert result.addresses == [host for host in hosts(1, 62) if host.endswith("1")]
    assert result.summary.refused > 500
    assert result.summary.malformed > 500


async def test_an_answer_from_another_address_belongs_to_whom_was_asked(network, sweep, good_answer) -> None:
    async with network(lambda probe: [(good_answer(probe), OFF_PATH)]) as net:
        result = await sweep(["127.40.0.1-40"], net.port, **V3_PLAN)
    assert result.addresses == hosts(1, 40)
    assert result.summary.other_source == 40


async def test_batches_shards_and_seeds_change_nothing_in_who_is_found(network, sweep, healthy) -> None:
    def sparse(probe):
        return healthy(probe) if int(probe.host.rpartition(".")[2]) % 3 else []

    async with network(sparse) as net:
        every = []
        for seed, batched, shards in ((1, True, 1), (1, False, 3), (2, True, 3)):
            found: Counter[str] = Counter()
            for index in range(shards):
                options = {"shard": (index, shards), "seed": seed, "batched": batched, "retries": 0, **V3_PLAN}
                result = await sweep(["127.40.0.0/24"], net.port, exclude=["127.40.0.64/27"], **options)
                found.update(result.addresses)
            every.append(found)
    assert every[0] == every[1] == every[2]
    assert set(every[0].values()) == {1}
    assert len(every[0]) > 100
