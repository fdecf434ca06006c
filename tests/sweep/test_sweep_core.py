"""The sweep without sockets, with the time given literally: rounds, windows, caps, and the end."""

import dataclasses
import errno
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulations import STEP, Simulation

from codec import encode_response
from ptscan.datagram import Fault
from ptscan.sweep import Shot, Sweep, SweepError, SweepPlan
from ptscan.sweep.limits import USELESS_PER_HOST
from ptscan.targets import Address, parse_address, parse_targets


def most_in_a_second(times: Sequence[float]) -> int:
    begin = most = 0
    for end, time in enumerate(times):
        while times[begin] <= time - 1.0:
            begin += 1
        most = max(most, end - begin + 1)
    return most


@pytest.fixture
def plan(community) -> Callable[..., SweepPlan]:
    def make(*targets: str, exclude: Sequence[str] = (), **options: object) -> SweepPlan:
        chosen = {"credentials": (community(),), "version": "2c", **options}
        return SweepPlan(targets=parse_targets(targets, exclude), **chosen)  # type: ignore[arg-type]

    return make


def test_rounds_ask_only_the_silent_and_not_before_their_time_is_over(plan) -> None:
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, retries=2), answers=lambda address, n: address % 4 == 0 and n == 2
    ).run()
    # Who answered may be asked once more to feel the path; nobody hears more than 1 + retries.
    assert all(run.asked[address] in ((2, 3) if address % 4 == 0 else (3,)) for address in run.asked)
    assert len(run.found) == 63
    last: dict[Address, float] = {}
    for time, address in run.sent:
        assert time - last.get(address, -9.0) >= 1.0
        last[address] = time
    assert run.sweep.is_done()
    assert run.now < 3.2  # three rounds of a second, and no waiting for those who answered


def test_a_sweep_ends_with_the_last_answer(plan) -> None:
    run = Simulation(plan("10.0.0.0/24", rate="max", timeout=60.0), answers=lambda address, n: True).run()
    assert len(run.found) == 254
    assert run.now < 0.1


def test_a_path_slower_than_the_time_out_is_waited_for(plan) -> None:
    slow = plan("10.0.0.0/24", rate=10_000, timeout=0.004, retries=0)
    assert len(Simulation(slow, answers=lambda address, n: True).run().found) == 254


def test_late_answers_that_trickle_in_hold_the_end_up_within_bounds(plan, shoot) -> None:
    run = Simulation(plan("10.0.0.0/24", rate=100_000, retries=0), answers=lambda address, n: False)
    shot = shoot(run.sweep)
    run.now = 0.9
    for place in range(254):
        run.receive(run.answer(shot, place), shot.addresses[place])
        run.now += 0.9
        run.sweep.expire(run.now)
        if run.sweep.is_done():
            break
    assert 4.0 <= run.now <= 6.5


def test_further_rounds_are_for_paths_that_lose_much(plan) -> None:
    """With the retries of a plain sweep, a clean path sees three probes and a lossy one as many as it takes."""
    for loss, probes, least in ((0.0, {3}, 1023), (0.02, {3, 4}, 1022), (0.1, {4, 5}, 1021), (0.3, {5}, 1010)):
        luck = random.Random(2)
        answering = lambda address, n, loss=loss, luck=luck: address % 4 == 0 and luck.random() >= loss  # noqa: E731
        run = Simulation(plan("10.0.0.0/20", rate=20_000), answers=answering).run()
        assert max(run.asked.values()) in probes
        assert least <= len(run.found) <= 1023


def test_nobody_hears_more_than_his_retries_canaries_included(plan) -> None:
    for retries in (0, 1, 2):
        wanted = plan("10.0.0.0/19", rate="max", retries=retries)
        run = Simulation(wanted, answers=lambda address, n: address % 8 == 0).run()
        assert max(run.asked.values()) == 1 + retries
        assert len(run.found) == 1023
        assert bool(run.sweep.summary(seconds=0.0, interrupted=False).canaries) == (retries > 0)


def test_a_sweep_goes_on_from_its_state_and_misses_and_repeats_nobody(plan) -> None:
    wanted = plan("10.0.0.0/20", rate=20_000, retries=1)
    for seconds in (0.01, 0.1, 0.21, 0.7, 1.3):
        first = Simulation(wanted, answers=lambda address, n: address % 3 == 0).run(seconds=seconds)
        state = first.sweep.state()
        given = bytearray(512)
        order = first.sweep._register.order
        for address in first.found[: state.found]:
            position = order.position_of(parse_address(address))
            given[position >> 3] |= 1 << (position & 7)
        second = Simulation(
            wanted, answers=lambda address, n: address % 3 == 0, state=dataclasses.replace(state, given=bytes(given))
        ).run()
        assert len(set(first.found[: state.found]) | set(second.found)) == 1365
        assert not set(first.found[: state.found]) & set(second.found)
        over = set(order.take(0, state.cursor)) if not state.round_ else set()
        assert all(second.asked[address] <= 1 for address in over), "its first round was over"


def test_the_first_timed_out_are_asked_again_while_the_last_are_asked_first(plan) -> None:
    """Rounds overlap: a large range needs no pause between them."""
    run = Simulation(plan("10.0.0.0/20", rate=1_000, retries=1), answers=lambda address, n: False).run()
    assert run.now == pytest.approx(2 * 4094 / 1000 + 1.0, abs=0.05)


def test_the_window_is_never_passed_and_keeps_moving(plan) -> None:
    run = Simulation(
        plan("10.0.0.0/24", rate="max", max_in_flight=16, timeout=0.5, retries=0), answers=lambda address, n: False
    ).run()
    assert run.most_in_flight == 16
    assert run.now == pytest.approx(16 * 0.5, abs=0.1)  # 254 probes, 16 at a time
    answered = Simulation(
        plan("10.0.0.0/24", rate="max", max_in_flight=16, timeout=0.5), answers=lambda address, n: True
    ).run()
    assert answered.most_in_flight == 16
    assert answered.now < 0.25


def test_a_window_that_a_canary_fills_is_waited_for(plan) -> None:
    options = {"rate": "max", "max_in_flight": 1, "timeout": 0.01}
    run = Simulation(plan("10.0.0.0/19", **options), answers=lambda address, n: address % 2 == 0 and n == 1)
    at_once = 0
    next_shot = run.sweep.next_shot

    def asked(now: float) -> Shot | float:
        nonlocal at_once
        shot = next_shot(now)
        at_once += shot == now
        return shot

    run.sweep.next_shot = asked
    run.run()
    assert run.sweep.summary(seconds=0.0, interrupted=False).canaries
    assert at_once < 10


def test_a_kind_sweep_of_a_16_takes_seconds_and_keeps_its_caps(plan) -> None:
    run = Simulation(plan("10.0.0.0/16", rate=None), answers=lambda address, n: True).run()
    assert len(run.found) == 65_534
    assert 4 < run.now < 8
    assert most_in_a_second([time for time, _ in run.sent]) <= 25_000
    assert_no_subnet_is_pressed(run)


def assert_no_subnet_is_pressed(run: Simulation) -> None:
    subnets: dict[int, list[float]] = {}
    for time, address in run.sent:
        subnets.setdefault(address >> 8, []).append(time)
    assert max(most_in_a_second(times) for times in subnets.values()) <= 100


def test_a_kind_sweep_presses_no_subnet_even_when_one_alone_is_silent(plan) -> None:
    run = Simulation(
        plan("10.0.0.0/18", "10.9.9.9", rate=None), answers=lambda address, n: address >> 8 & 255 != 7
    ).run()
    assert len(run.found) == 16_382 - 256 + 1
    assert all(run.asked[address] == 3 for address in range(parse_address("10.0.7.0"), parse_address("10.0.8.0")))
    assert_no_subnet_is_pressed(run)


def test_a_kind_sweep_slows_down_for_a_narrow_path_and_finds_all(plan) -> None:
    capacity, tokens, as_of = 4_000.0, 50.0, 0.0

    def narrow(address: Address, n: int) -> bool:
        nonlocal tokens, as_of
        tokens, as_of = min(50.0, tokens + (run.now - as_of) * capacity), run.now
        passes = tokens >= 1
        tokens -= passes
        return passes

    run = Simulation(plan("10.0.0.0/16", rate=None), answers=narrow)
    run.run()
    assert len(run.found) >= 0.999 * 65_534
    assert run.now < 1.3 * 65_534 / capacity


def test_a_fixed_rate_is_exact(plan) -> None:
    run = Simulation(plan("10.0.0.0/20", rate=500, retries=0), answers=lambda address, n: True).run()
    assert run.now == pytest.approx(4094 / 500, rel=0.02)


def test_the_same_seed_asks_in_the_same_order(plan) -> None:
    def order(seed: int) -> list[Address]:
        run = Simulation(plan("10.0.0.0/24", retries=0, rate="max"), seed=seed, answers=lambda address, n: False)
        return [address for _, address in run.run().sent]

    assert order(4) == order(4) != order(5)


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(0, 1000), st.integers(0, 2), st.sampled_from([None, "max", 2_000]))
def test_at_any_seed_shard_count_and_rate_everybody_is_found_once(
    shards: int, seed: int, retries: int, rate: float | None
) -> None:
    class Public:
        octets = b"public"
        networks = ()

    luck = random.Random(seed)
    alive = {address: luck.randrange(1, retries + 2) for address in parse_targets(["10.0.0-3.3-90"])}
    found: list[str] = []
    for index in range(shards):
        part = SweepPlan(
            targets=parse_targets(["10.0.0-3.*"]), credentials=(Public,), version="2c", rate=rate, retries=retries,
            shard=(index, shards),
        )  # fmt: skip
        run = Simulation(part, seed=seed, answers=lambda address, n: alive.get(address) == n).run()
        assert max(run.asked.values()) <= 1 + retries
        found += run.found
    assert sorted(map(parse_address, found)) == sorted(alive)


def test_what_the_system_did_not_take_leaves_with_the_next_shot(plan) -> None:
    sweep = Sweep(plan("10.0.0.0/24", rate=1e6), seed=1, key=b"", classify=lambda oid, descr: "unknown", now=0.0)
    shot = sweep.next_shot(0.01)
    assert isinstance(shot, Shot)
    assert len(shot.addresses) > 100
    sweep.shot_sent(shot, 100, [Fault(3, 101), Fault(7, 101)], 0.01)
    rest = sweep.next_shot(0.01)
    assert isinstance(rest, Shot)
    first = len(shot.addresses) - 100
    assert rest.addresses[:first] == shot.addresses[100:]
    assert rest.stamps[:first] == shot.stamps[100:]
    summary = sweep.summary(seconds=0.0, interrupted=False)
    assert (summary.probes, summary.send_errors, summary.lost) == (98, {"Network is unreachable": 2}, 2)


def test_a_link_that_is_down_for_a_second_costs_a_second_of_probes(plan) -> None:
    """What is refused at once takes its turn of the rate all the same, so that a round does not rush by."""
    sweep = Sweep(plan("10.0.0.0/20", rate=500.0), seed=1, key=b"", classify=lambda oid, descr: "unknown", now=0.0)
    now = 0.0
    in_vain = 0
    while now < 1.0:
        shot = sweep.next_shot(now)
        if isinstance(shot, Shot):
            count = len(shot.addresses)
            in_vain += count
            sweep.shot_sent(shot, count, [Fault(place, errno.ENETUNREACH) for place in range(count)], now)
        now += STEP
    assert 480 <= in_vain <= 510


def test_a_flood_does_not_slow_the_probes_down_but_drops_of_answers_do(plan) -> None:
    rates = []
    for flooded in (True, False):
        run = Simulation(plan("10.0.0.0/16", rate=None), answers=lambda address, n: True).run(seconds=3.0)
        if flooded:
            for number in range(20_000):
                run.receive(b"\xff" * 60, 7)
                run.receive(encode_response(1, b"", 0x4000_0000 + 7919 * number, []), 7)
        run.sweep.kernel_drops(1_000, now=run.now)
        rates.append(run.sweep._outgoing.pacer.rate)
    assert rates[0] >= 2 * rates[1]


def test_who_answers_with_rubbish_is_soon_not_listened_to(plan, shoot) -> None:
    run = Simulation(plan("10.0.0.0/24", rate="max"), answers=lambda address, n: False)
    shot = shoot(run.sweep)
    for _ in range(100):
        run.receive(run.answer(shot, 0)[:-1], shot.addresses[0])
    summary = run.sweep.summary(seconds=0.0, interrupted=False)
    assert (summary.malformed, summary.refused) == (USELESS_PER_HOST, 100 - USELESS_PER_HOST)
    for _ in range(3):
        run.receive(run.answer(shot, 1)[:-1], shot.addresses[1])
    assert run.receive(run.answer(shot, 1), shot.addresses[1]), "a few damaged ones are forgiven"


def test_an_answer_from_another_port_or_address_is_believed_until_a_lie(plan, shoot) -> None:
    run = Simulation(plan("10.0.0.0/24", rate="max"), answers=lambda address, n: False)
    shot = shoot(run.sweep)
    stranger = parse_address("172.16.0.1")
    assert run.receive(run.answer(shot, 0), shot.addresses[0], port=40_000)
    assert run.receive(run.answer(shot, 1), stranger)
    assert not run.receive(run.answer(shot, 1), shot.addresses[1])  # counted already
    lie = bytearray(run.answer(shot, 2))
    lie[shot.stencil.offset + 3] ^= 1
    assert not run.receive(bytes(lie), stranger)
    assert not run.receive(run.answer(shot, 2), stranger)
    assert not run.receive(run.answer(shot, 2), stranger, port=9), "each of its ports would have a guess"
    assert run.receive(run.answer(shot, 2), shot.addresses[2])
    summary = run.sweep.summary(seconds=0.0, interrupted=False)
    assert (summary.answered, summary.other_source, summary.refused, summary.duplicates) == (3, 2, 3, 1)


def test_an_answer_to_what_was_not_asked_yet_is_refused_even_with_a_right_id(plan, shoot, community) -> None:
    restricted = (community("x", "10.0.0.0/25"),)
    run = Simulation(plan("10.0.0.0/22", rate="max", credentials=restricted), answers=lambda address, n: False)
    shot = shoot(run.sweep, 1)
    order = run.sweep._register.order
    early = dataclasses.replace(shot, stamps=run.sweep._register.ids.of_chunk(0, 0), addresses=order.take(0, 256))
    already = shot.addresses[0]
    assert not any(
        run.receive(run.answer(early, p), early.addresses[p]) for p in range(256) if early.addresses[p] != already
    )
    shoot(run.sweep, 256)
    # Now all that may be asked were asked: nobody else is believed.
    for place in range(256):
        run.receive(run.answer(early, place), early.addresses[place])
    allowed = {address for address in early.addresses if address < parse_address("10.0.0.128")}
    assert set(map(parse_address, run.found)) == allowed


def test_when_too_many_lie_nobody_may_answer_for_another(plan, shoot) -> None:
    run = Simulation(plan("10.0.0.0/24", rate="max"), answers=lambda address, n: False)
    shot = shoot(run.sweep)
    lie = bytearray(run.answer(shot, 0))
    lie[shot.stencil.offset + 3] ^= 1
    for stranger in range(5000):
        run.receive(bytes(lie), stranger)
    assert len(run.sweep._incoming._strangers) == 1024
    assert not run.receive(run.answer(shot, 0), 99_999)
    assert run.receive(run.answer(shot, 0), shot.addresses[0])


def test_a_missing_route_is_tried_once_more_and_a_refusal_is_not(plan) -> None:
    run = Simulation(plan("10.0.0.1-2", rate="max", retries=5), answers=lambda address, n: False)
    refusing = parse_address("10.0.0.1")
    for expected in ({refusing, refusing + 1}, {refusing + 1}):
        asked: set[Address] = set()
        for _ in range(100):
            shot = run.sweep.next_shot(run.now)
            if not isinstance(shot, Shot):
                run.now = min(shot, run.now + 0.001)
                continue
            run.sweep.shot_sent(shot, len(shot.addresses), (), run.now)
            octets, offset = shot.stencil.octets, shot.stencil.offset
            for stamp, address in zip(shot.stamps, shot.addresses, strict=True):
                asked.add(address)
                quoted = octets[:offset] + stamp.to_bytes(4, "big")
                run.sweep.be_told_unreachable(quoted[:-1], errno.ECONNREFUSED)  # too short a quotation proves nothing
                guess = quoted[:-1] + bytes([quoted[-1] ^ 1])
                run.sweep.be_told_unreachable(guess, errno.ECONNREFUSED)  # and neither does a guess
                run.sweep.be_told_unreachable(quoted, errno.ECONNREFUSED if address == refusing else errno.EHOSTUNREACH)
        assert asked == expected
        run.now += 1.0
        run.sweep.expire(run.now)
    assert run.sweep.is_done()
    assert run.sweep.summary(seconds=0.0, interrupted=False).unreachable == 2


class FewWords(Simulation):
    """Behind a router without a route to the odd addresses, which says so once for each of them, and no more."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.told: set[Address] = set()

    def _shoot(self, shot: Shot) -> None:
        super()._shoot(shot)
        octets, offset = shot.stencil.octets, shot.stencil.offset
        for stamp, address in zip(shot.stamps, shot.addresses, strict=True):
            if address % 2 and address not in self.told:
                self.told.add(address)
                self.sweep.be_told_unreachable(octets[:offset] + stamp.to_bytes(4, "big"), errno.EHOSTUNREACH)


def test_a_missing_route_is_tried_once_more_and_no_more_though_it_is_told_of_but_once(plan) -> None:
    run = FewWords(
        plan("10.0.0.0/22", rate="max", retries=5), answers=lambda address, n: n == 2 and not address % 7
    ).run()
    asked = {address: run.asked[address] for address in run.asked if address % 7}
    assert {asked[address] for address in asked if address % 2} == {2}
    assert {asked[address] for address in asked if not address % 2} == {6}  # half of all were lost: the path is bad
    assert len(run.found) == sum(not address % 7 for address in run.asked)
    assert run.sweep.summary(seconds=0.0, interrupted=False).unreachable == sum(address % 2 for address in asked)


def test_a_request_sent_back_is_no_answer(plan, shoot) -> None:
    run = Simulation(plan("10.0.0.0/24", rate="max"), answers=lambda address, n: False)
    shot = shoot(run.sweep)
    octets, offset = shot.stencil.octets, shot.stencil.offset
    echo = octets[:offset] + shot.stamps[0].to_bytes(4, "big") + octets[offset + 4 :]
    assert not run.receive(echo, shot.addresses[0])
    assert run.sweep.summary(seconds=0.0, interrupted=False).refused == 1


@given(st.binary(max_size=120))
def test_any_octets_are_judged_without_a_word(payload: bytes) -> None:
    class Public:
        octets = b"public"
        networks = ()

    sweep = Sweep(
        SweepPlan(targets=parse_targets(["10.0.0.0/24"]), credentials=(Public,)),
        seed=1, key=b"", classify=lambda oid, descr: "unknown", now=0.0,
    )  # fmt: skip
    assert sweep.receive(payload, 1, 161, now=0.0) is None


def test_memory_does_not_grow_with_the_range(plan) -> None:
    sweep = Sweep(plan("10.0.0.0/8", rate="max"), seed=1, key=b"", classify=lambda oid, descr: "unknown", now=0.0)
    assert len(sweep._register.answered.bits) == 2**21
    assert isinstance(sweep.next_shot(0.01), Shot)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"port": 0}, "port 0 is out of range"),
        ({"port": 65_536}, "port 65536 is out of range"),
        ({"rate": 0.0}, "rate 0.0 is out of range"),
        ({"rate": -5}, "rate -5 is out of range"),
        ({"timeout": 0.0}, "timeout 0.0"),
        ({"retries": -1}, "retries -1"),
        ({"retries": 11}, "retries 11"),
        ({"shard": (2, 2)}, "part 2 of 2 is no shard"),
        ({"max_in_flight": 0}, "0 in flight"),
        ({"credentials": ()}, "no community"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_a_line(plan, options: dict[str, object], fault: str) -> None:
    with pytest.raises(SweepError, match=fault):
        plan("10.0.0.0/24", **options)


def test_a_range_beyond_four_class_a_networks_takes_shards(plan) -> None:
    assert plan("8.0.0.0/6")
    with pytest.raises(SweepError, match="--shard"):
        plan("16.0.0.0/4")
    assert plan("16.0.0.0/4", shard=(0, 4))
