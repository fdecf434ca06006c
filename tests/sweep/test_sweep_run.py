"""Sweeps over real loopback sockets: who is found, who is asked how often, and what a hostile network cannot do."""

import random
import socket
import sys
from collections import Counter

import pytest
import trio
from msgspec.structs import replace

from codec import NO_SUCH_OBJECT, V1, V2C, encode_response
from ptscan.datagram import SocketError
from ptscan.sweep import Found, SweepPlan, SweepSummary, run_sweep
from ptscan.targets import parse_targets

OFF_PATH = "127.40.200.200"
BY_COMMUNITY_AND_BY_DISCOVERY = pytest.mark.parametrize("plan", [{}, {"version": "3", "credentials": ()}])


def hosts(network: str, first: int, last: int) -> list[str]:
    return [f"{network}.{host}" for host in range(first, last + 1)]


async def test_everybody_who_answers_is_found_and_asked_once(network, sweep, healthy) -> None:
    async with network(healthy) as net:
        result = await sweep(["127.40.0.0/23"], net.port)
    expected = [f"127.40.{n >> 8}.{n & 255}" for n in range(1, 511)]
    assert result.addresses == expected
    assert net.asked == Counter(expected)
    assert result.summary.answered == result.summary.probes == result.summary.hosts == 510
    sighting = next(f.sighting for f in result.found if f.sighting.address == "127.40.1.7")
    assert (sighting.version, sighting.enterprise, sighting.kind) == ("2c", 11, "printer")
    assert sighting.sys_object_id == "1.3.6.1.4.1.11.2.3.9.1"
    assert sighting.sys_name == "prn-127.40.1.7"
    assert sighting.rtt_ms is not None
    assert 0 <= sighting.rtt_ms < 300


async def test_excludes_and_edges_are_respected_to_the_packet(network, sweep) -> None:
    async with network(lambda probe: []) as net:
        result = await sweep(["127.40.0.0/25"], net.port, exclude=["127.40.0.32/27", "127.40.0.7"], retries=0)
    allowed = {f"127.40.0.{n}" for n in range(1, 127) if n != 7 and not 32 <= n < 64}
    assert set(net.asked) == allowed
    assert result.summary.answered == 0


async def test_one_in_twenty_answers_and_the_silent_are_asked_once_a_round(network, sweep, healthy) -> None:
    async with network(lambda probe: healthy(probe) if probe.host.endswith("7") else []) as net:
        result = await sweep(["127.40.0.0/24"], net.port, retries=2)
    alive = [host for host in hosts("127.40.0", 1, 254) if host.endswith("7")]
    assert sorted(result.addresses) == sorted(alive)
    assert all(net.asked[host] == (1 if host in alive else 3) for host in hosts("127.40.0", 1, 254))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_path_that_loses_a_third_is_overcome_by_retries(network, sweep, healthy, seed: int) -> None:
    luck = random.Random(seed)
    async with network(lambda probe: healthy(probe) if luck.random() > 0.3 else []) as net:
        result = await sweep(["127.40.0.0/23"], net.port, retries=8, timeout=0.1, seed=seed)
    assert result.summary.answered == 510
    assert max(net.asked.values()) <= 9


async def test_duplicates_by_the_thousand_count_once(network, sweep, healthy) -> None:
    async with network(lambda probe: healthy(probe) * 1000) as net:
        result = await sweep(["127.40.0.1-8"], net.port, rate=50.0)
    assert result.addresses == hosts("127.40.0", 1, 8)
    assert len(result.found) == 8
    assert result.summary.duplicates > 1000


async def test_forged_ids_are_refused_and_the_truth_still_comes_through(network, sweep, good_answer) -> None:
    luck = random.Random(5)

    def forge(probe):
        for _ in range(20):
            yield good_answer(probe, request_id=luck.randrange(-(2**31), 2**31)), probe.host
        yield good_answer(probe, request_id=probe.message.request_id ^ 1), probe.host
        if probe.host.endswith("1"):
            yield good_answer(probe), probe.host

    async with network(forge) as net:
        result = await sweep(["127.40.0.0/26"], net.port, retries=0)
    assert result.addresses == [host for host in hosts("127.40.0", 1, 62) if host.endswith("1")]
    assert result.summary.refused > 800


async def test_an_answer_from_another_address_belongs_to_whom_was_asked(network, sweep, good_answer) -> None:
    async with network(lambda probe: [(good_answer(probe), OFF_PATH)]) as net:
        result = await sweep(["127.40.0.1-40"], net.port)
    assert result.addresses == hosts("127.40.0", 1, 40)
    assert result.summary.other_source == 40


async def test_a_source_that_once_showed_a_wrong_id_no_longer_answers_for_others(network, sweep, good_answer) -> None:
    def liar(probe):
        yield good_answer(probe, request_id=probe.message.request_id ^ 1), OFF_PATH
        yield good_answer(probe), OFF_PATH

    async with network(liar) as net:
        result = await sweep(["127.40.0.1-40"], net.port, retries=0)
    assert result.found == []
    assert result.summary.refused == 80


async def test_a_flood_of_garbage_costs_nothing_but_counts(network, sweep, healthy) -> None:
    luck = random.Random(9)

    def flood(probe):
        for _ in range(50):
            yield luck.randbytes(luck.randrange(200)), probe.host
        yield healthy(probe)[0][0][:-3], probe.host
        yield from healthy(probe)

    async with network(flood) as net:
        result = await sweep(["127.40.0.1-60"], net.port, rate=200.0)
    assert result.addresses == hosts("127.40.0", 1, 60)
    assert result.summary.malformed + result.summary.refused > 1000


async def test_who_speaks_only_v1_is_found_by_the_round_for_the_silent(network, sweep, healthy) -> None:
    def old(probe):
        is_old = int(probe.host.rpartition(".")[2]) % 2
        return healthy(probe) if probe.message.version == (V1 if is_old else V2C) else []

    async with network(old) as net:
        result = await sweep(["127.40.0.1-30"], net.port, version="auto", retries=2)
    assert result.addresses == hosts("127.40.0", 1, 30)
    assert {f.sighting.address: f.sighting.version for f in result.found} == {
        f"127.40.0.{n}": "1" if n % 2 else "2c" for n in range(1, 31)
    }
    assert net.asked["127.40.0.2"] == 1
    assert net.asked["127.40.0.1"] == 3


async def test_refusals_and_exceptions_are_answers_too(network, sweep, no_such_name) -> None:
    def empty(probe):
        message = probe.message
        if message.version == V1:
            yield no_such_name(probe), probe.host
        else:
            varbinds = [(oid, NO_SUCH_OBJECT, None) for oid, _, _ in message.varbinds]
            yield encode_response(V2C, message.community, message.request_id, varbinds), probe.host

    for version, spoken in (("1", "1"), ("auto", "2c")):
        async with network(empty) as net:
            result = await sweep(["127.40.0.9"], net.port, version=version)
        (found,) = result.found
        assert found.sighting.version == spoken
        assert found.sighting.sys_object_id is found.sighting.sys_descr is found.sighting.enterprise is None


async def test_a_second_community_is_tried_on_the_silent_only(network, sweep, healthy, community) -> None:
    def guarded(probe):
        wanted = b"secret" if probe.host.endswith("5") else b"public"
        return healthy(probe) if probe.message.community == wanted else []

    both = (community("public"), community("secret"))
    async with network(guarded) as net:
        result = await sweep(["127.40.0.1-40"], net.port, credentials=both, retries=1)
    assert result.addresses == hosts("127.40.0", 1, 40)
    assert {f.sighting.address for f in result.found if f.credential is both[1]} == {
        host for host in hosts("127.40.0", 1, 40) if host.endswith("5")
    }
    assert net.asked["127.40.0.1"] == 1
    assert net.asked["127.40.0.5"] == 3  # 1 + retries with the first, one round with the second


async def test_a_community_goes_only_where_it_is_allowed(network, sweep, community) -> None:
    everywhere, inside, elsewhere = (
        community("everywhere"),
        community("inside", "127.40.0.16/28"),
        community("elsewhere", "10.0.0.0/8"),
    )
    async with network(lambda probe: []) as net:
        await sweep(["127.40.0.1-40"], net.port, credentials=(inside, elsewhere, everywhere), retries=1, version="auto")
    seen = {(probe.message.community, int(probe.host.rpartition(".")[2]) in range(16, 32)) for probe in net.probes}
    assert seen == {(b"inside", True), (b"everywhere", True), (b"everywhere", False)}
    # Each target is tried twice, the last time in v1; a further community costs a round in each version.
    assert net.asked["127.40.0.1"] == 2
    assert net.asked["127.40.0.20"] == 4


async def test_where_no_community_may_go_nobody_is_asked(network, sweep, community) -> None:
    async with network(lambda probe: []) as net:
        result = await sweep(["127.40.0.1-8"], net.port, credentials=(community("x", "127.40.0.4/30"),), retries=0)
    assert set(net.asked) == set(hosts("127.40.0", 4, 7))
    assert result.summary.without_credential == 4


@BY_COMMUNITY_AND_BY_DISCOVERY
async def test_a_late_answer_counts_once(network, sweep, healthy, plan) -> None:
    held = []

    def slow(probe):
        held.extend(healthy(probe))  # what was asked before is answered when asked again
        return held if len(held) > 1 else []

    async with network(slow) as net:
        result = await sweep(["127.40.0.3"], net.port, retries=1, **plan)
    assert result.addresses == ["127.40.0.3"]
    assert len(result.found) == 1


async def test_shards_ask_every_target_once_between_them(network, sweep) -> None:
    async with network(lambda probe: []) as net:
        for index in range(3):
            await sweep(["127.40.0.0/25"], net.port, shard=(index, 3), retries=0, timeout=0.05)
    assert net.asked == Counter(hosts("127.40.0", 1, 126))


async def test_batches_shards_and_seeds_change_nothing_in_what_is_found(network, sweep, healthy) -> None:
    def sparse(probe):
        return healthy(probe) if int(probe.host.rpartition(".")[2]) % 3 else []

    async with network(sparse) as net:
        every = []
        for seed, batched in ((1, True), (1, False), (2, True)):
            for shards in (1, 3):
                sightings = {}
                for index in range(shards):
                    result = await sweep(
                        ["127.40.0.0/24", "127.40.9.3-40"], net.port,
                        exclude=["127.40.0.64/27"], shard=(index, shards), seed=seed, batched=batched, retries=0,
                    )  # fmt: skip
                    for finding in result.found:
                        assert finding.sighting.address not in sightings
                        sightings[finding.sighting.address] = replace(finding.sighting, rtt_ms=None)
                every.append(sightings)
    assert all(sightings == every[0] for sightings in every)
    assert len(every[0]) > 100


async def test_stopping_ends_the_sending_and_keeps_what_was_found(network, sweep, healthy) -> None:
    stop = trio.Event()

    def stopping(probe):
        if len(net.probes) == 20:
            stop.set()
        return healthy(probe)

    async with network(stopping) as net:
        result = await sweep(["127.40.0.0/16"], net.port, rate=400.0, stop=stop)
    assert result.summary.interrupted
    assert 10 <= len(result.found) == result.summary.answered <= result.summary.probes < 65_534


async def test_stopping_waits_for_a_slow_consumer(network, healthy, community) -> None:
    stop = trio.Event()
    found = []
    summary: list[SweepSummary] = []
    async with network(healthy) as net:
        plan = SweepPlan(
            targets=parse_targets(["127.40.0.0/20"]), port=net.port, credentials=(community(),), rate=20_000.0
        )
        send, receive = trio.open_memory_channel[list[Found]](0)

        async def run() -> None:
            async with send:
                summary.append(await run_sweep(plan, send, classify=lambda oid, descr: "unknown", stop=stop))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            async for batch in receive:
                found += batch
                if len(found) > 100 and not stop.is_set():
                    stop.set()
                    await trio.sleep(0.1)
    assert summary[0].interrupted
    assert len(found) == summary[0].answered


async def test_a_cancellation_delivers_what_was_found(network, healthy, community) -> None:
    scope = trio.CancelScope()

    def cancelling(probe):
        if len(net.probes) == 40:
            scope.cancel()
        return healthy(probe)

    async with network(cancelling) as net:
        plan = SweepPlan(
            targets=parse_targets(["127.40.0.0/16"]), port=net.port, credentials=(community(),), rate=500.0
        )
        send, receive = trio.open_memory_channel[list[Found]](1000)
        with send, scope:
            await run_sweep(plan, send, classify=lambda oid, descr: "unknown")
        assert scope.cancelled_caught
        found = [finding async for batch in receive for finding in batch]
    assert len(found) > 20


async def test_a_slow_consumer_loses_nothing(network, healthy, community) -> None:
    async with network(healthy) as net:
        plan = SweepPlan(
            targets=parse_targets(["127.40.0.0/22"]), port=net.port, credentials=(community(),), rate=10_000.0
        )
        send, receive = trio.open_memory_channel[list[Found]](0)
        summary: list[SweepSummary] = []

        async def run() -> None:
            async with send:
                summary.append(await run_sweep(plan, send, classify=lambda oid, descr: "unknown"))

        found = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            async for batch in receive:
                found += [finding.sighting.address for finding in batch]
                for _ in range(3):
                    await trio.lowlevel.checkpoint()
    assert len(set(found)) == len(found) == summary[0].answered == 1022


async def test_a_consumer_that_goes_away_ends_the_sweep(network, healthy, community) -> None:
    async with network(healthy) as net:
        plan = SweepPlan(
            targets=parse_targets(["127.40.0.0/16"]), port=net.port, credentials=(community(),), rate=500.0
        )
        send, receive = trio.open_memory_channel[list[Found]](0)

        async def take_two() -> None:
            with receive:
                await receive.receive()
                await receive.receive()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take_two)
            summary = await run_sweep(plan, send, classify=lambda oid, descr: "unknown")
    assert summary.interrupted


async def test_what_cannot_be_sent_is_counted_by_its_reason_and_the_sweep_goes_on(network, sweep, healthy) -> None:
    async with network(healthy) as net:
        # An attached network's broadcast address takes a permission that a sweep never asks for.
        result = await sweep(["127.40.0.1-20", "255.255.255.255"], net.port, retries=1)
    assert result.addresses == hosts("127.40.0", 1, 20)
    assert sum(result.summary.send_errors.values()) == result.summary.lost == 2
    assert all(reason[0].isupper() for reason in result.summary.send_errors)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what became of a datagram")
@BY_COMMUNITY_AND_BY_DISCOVERY
async def test_a_host_that_refuses_is_not_asked_again(sweep, plan) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("0.0.0.0", 0))
        free_port = nobody.getsockname()[1]
    result = await sweep(["127.40.0.0/24"], free_port, timeout=30.0, **plan)
    assert result.summary.unreachable == result.summary.probes == 254
    assert result.summary.lost == 0


async def test_both_families_are_swept_at_once(network, sweep, healthy, good_answer) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        six.setblocking(False)
        async with network(healthy) as net:
            six.bind(("::1", net.port))

            async def serve() -> None:
                while True:
                    await trio.lowlevel.wait_readable(six)
                    payload, source = six.recvfrom(4096)
                    six.sendto(good_answer(net.probe_of("::1", payload)), source)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(serve)
                result = await sweep(["127.40.0.1-3", "::1"], net.port)
                nursery.cancel_scope.cancel()
    assert {f.sighting.address for f in result.found} == {"127.40.0.1", "127.40.0.2", "127.40.0.3", "::1"}


async def test_progress_ends_at_its_total(network, healthy, community) -> None:
    seen: list[tuple[int, int, int]] = []
    async with network(healthy) as net:
        plan = SweepPlan(
            targets=parse_targets(["127.40.0.0/24"]), port=net.port, credentials=(community(),), rate=800.0
        )
        send, _receive = trio.open_memory_channel[list[Found]](1000)
        await run_sweep(
            plan, send, classify=lambda oid, descr: "unknown", on_progress=lambda *report: seen.append(report)
        )
    assert len(seen) >= 3
    assert seen == sorted(seen)
    done, total, found = seen[-1]
    assert (done, found) == (total, 254)
    assert all(done < total for done, total, _ in seen[:-1])


async def test_a_socket_that_cannot_be_had_is_one_clear_line(file_limit, community) -> None:
    plan = SweepPlan(targets=parse_targets(["127.40.0.1"]), credentials=(community(),))
    send, _receive = trio.open_memory_channel[list[Found]](1)
    with file_limit(), pytest.raises(SocketError, match=r"no IPv4 UDP socket: Too many open files .*ulimit -n"):
        await run_sweep(plan, send, classify=lambda oid, descr: "unknown")
