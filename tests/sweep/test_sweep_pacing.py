"""Pacing with the time given literally, and over links that lose, drop, stall and change: the limit is found."""

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from links import Link, Outcome, SlowRouter, sweep

from ptscan.sweep.bucket import TokenBucket
from ptscan.sweep.limits import KIND_RATE
from ptscan.sweep.pacer import Pacer
from ptscan.sweep.pacing import make_pacer
from ptscan.sweep.path import Path
from ptscan.sweep.round_trips import RoundTrips
from ptscan.sweep.subnets import SubnetLimit


class _Silence:
    """A first round that nobody answers."""

    def tally(self, begin: float, end: float) -> tuple[int, int]:
        return 0, 0


def leave_times(pacer: Pacer, seconds: float, *, late: Sequence[float] = (0.0,)) -> list[float]:
    """When packets leave into a silent network if the sender takes all it may, and wakes up ``late`` by turns."""
    times: list[float] = []
    now, turn, trips = 0.0, 0, RoundTrips(1.0)
    while now < seconds:
        pacer.review([], _Silence(), trips, now=now)
        packets = pacer.allowance(now)
        assert pacer.canary_places(packets, left=0, ready=0, ahead=10_000) == []
        pacer.spend(packets)
        times += [now] * packets
        now = max(now + 1e-9, pacer.ready_at()) + late[turn % len(late)]
        turn += 1
    return times


def most_in_a_second(times: Sequence[float]) -> int:
    begin = most = 0
    for end, time in enumerate(times):
        while times[begin] <= time - 1.0:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def test_one_packet_a_second_leaves_on_the_second() -> None:
    assert leave_times(make_pacer(1.0, 0.0), 4.5) == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0])


def test_ten_packets_a_second_leave_a_tenth_apart() -> None:
    assert leave_times(make_pacer(10.0, 0.0), 0.55) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize("rate", [3.0, 500.0, 7_777.0, 25_000.0, 100_000.0])
@pytest.mark.parametrize("late", [(0.0,), (0.001,), (0.0, 0.02, 0.0007)])
def test_a_rate_is_exact_to_two_percent_however_late_the_sender_wakes_up(rate: float, late: Sequence[float]) -> None:
    assert len(leave_times(make_pacer(rate, 0.0), 10.0, late=late)) == pytest.approx(10.0 * rate, rel=0.02, abs=1)


def test_a_long_stall_is_not_made_good_by_a_burst() -> None:
    pacer = make_pacer(1000.0, 0.0)
    assert pacer.allowance(60.0) <= 2


@given(st.floats(1, 1e5), st.lists(st.floats(0, 0.5), max_size=50))
def test_no_pattern_of_wake_ups_passes_rate_times_time_plus_burst(rate: float, waits: list[float]) -> None:
    pacer, now, left = make_pacer(rate, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        packets = pacer.allowance(now)
        pacer.spend(packets)
        left += packets
        assert left <= rate * now + max(1.0, rate * 0.05) + 1


@given(st.sampled_from([3.0, 200.0, 2_000.0]), st.lists(st.floats(0, 0.06), min_size=1, max_size=50))
def test_no_pattern_of_wake_ups_gets_a_rate_two_percent_too_high_in_any_second(rate: float, late: list[float]) -> None:
    times = leave_times(make_pacer(rate, 0.0), 3.0, late=late)
    assert most_in_a_second(times) <= 1.02 * rate + 1


def test_what_passed_before_the_first_packet_is_not_made_good() -> None:
    pacer = make_pacer(20_000.0, 0.0)
    assert pacer.allowance(0.04) == 40


def test_a_kind_sweep_starts_gently_grows_and_never_passes_its_cap() -> None:
    times = leave_times(make_pacer(None, 0.0), 8.0, late=(0.0, 0.004, 0.015))
    per_half_second = [sum(begin <= time < begin + 0.5 for time in times) for begin in (0.0, 0.5, 1.0, 3.0, 6.0)]
    assert per_half_second[0] <= 550
    assert per_half_second[1] <= 1_100
    assert 1_500 < per_half_second[2] <= 2_200
    assert 10_000 < per_half_second[3] <= 12_500
    assert most_in_a_second(times) <= 25_000


def test_a_long_silence_lets_rate_max_go_fast_for_there_is_hardly_anyone_to_lose() -> None:
    times = leave_times(make_pacer("max", 0.0), 6.0)
    assert sum(time < 1.0 for time in times) < 20_000
    assert sum(time >= 5.0 for time in times) > 120_000


def test_a_bucket_gives_back_what_was_not_used_up_to_its_burst() -> None:
    bucket = TokenBucket(100.0, 10.0, 0.0)
    bucket.spend(bucket.allowance(5.0))
    assert bucket.allowance(5.0) == 0
    assert bucket.ready_at(10.0) == pytest.approx(5.1)
    bucket.allowance(6.0)
    bucket.drain(2.0)
    assert bucket.allowance(6.0) == 2


def test_a_bucket_with_a_ceiling_makes_good_no_faster_than_that() -> None:
    bucket = TokenBucket(100.0, 10.0, 0.0, ceiling=104.0)
    bucket.spend(bucket.allowance(0.5))
    assert bucket.ready_at(1.0) == pytest.approx(0.51)
    for now in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4):
        bucket.spend(bucket.allowance(now))
    assert bucket.allowance(1.45) == 4  # 100 within the last second, and 5 are due
    bucket.spend(4)
    assert bucket.allowance(1.49) == 0
    assert bucket.ready_at(1.0) == pytest.approx(1.5)
    assert bucket.allowance(1.5) == 6


# --- the estimate ---


def felt(path: Path, rate: float, canaries: int, survived: int) -> None:
    path.add(rate, canaries=canaries, survived=survived, probes=0, answered=0, now=0.0)


def test_a_path_that_carries_nothing_any_more_is_judged_like_another() -> None:
    path = Path()
    path.density = 0.9
    path.add(1_000.0, canaries=0, survived=0, probes=100, answered=0, now=0.0)
    assert path.fit().ceiling < 100


def test_survival_that_falls_as_the_rate_rises_is_a_limit() -> None:
    path = Path()
    felt(path, 10_000, 100, 100)
    felt(path, 20_000, 100, 98)
    felt(path, 40_000, 100, 50)
    fit = path.fit()
    assert 18_000 < fit.limit < 22_500
    assert fit.certainty > 10


def test_survival_that_is_the_same_at_all_rates_is_none() -> None:
    path = Path()
    felt(path, 10_000, 100, 90)
    felt(path, 20_000, 100, 91)
    felt(path, 40_000, 100, 89)
    fit = path.fit()
    assert fit.ceiling == math.inf
    assert fit.carried


def test_a_large_loss_at_the_only_rate_is_taken_for_a_limit_until_a_lower_rate_shows_the_same() -> None:
    path = Path()
    felt(path, 50_000, 100, 40)
    assert 15_000 < path.fit().ceiling < 25_000
    felt(path, 20_000, 100, 40)
    felt(path, 8_000, 100, 41)
    assert path.fit().carried


def test_few_lost_canaries_prove_nothing() -> None:
    path = Path()
    felt(path, 1_000, 20, 20)
    felt(path, 2_000, 3, 2)
    assert path.fit().certainty < 3


def test_a_path_that_became_narrower_is_believed_over_what_it_carried_before() -> None:
    path = Path()
    for _ in range(5):
        felt(path, 20_000, 100, 100)
    felt(path, 20_000, 100, 50)
    felt(path, 20_000, 100, 50)
    felt(path, 10_000, 100, 99)
    assert path.fit().ceiling < 12_500


def test_no_evidence_is_no_limit() -> None:
    assert Path().fit().ceiling == math.inf


# --- whole sweeps in virtual time ---

INFINITE = math.inf


def swept(rate: float | str | None, link: Link, *, density: float, targets: int = 32_768, **more: float) -> Outcome:
    pacer = make_pacer(rate, 0.0)  # type: ignore[arg-type]
    return sweep(pacer, link, density=density, targets=targets, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("density", [1.0, 0.05, 0.01])
@pytest.mark.parametrize("rate", [None, "max", 50_000.0])
def test_a_narrow_link_loses_nobody(rate: float | str | None, density: float) -> None:
    outcome = swept(rate, Link(10_000.0, seed=1), density=density)
    assert outcome.is_complete
    assert outcome.limit is not None
    assert 8_000 < outcome.limit < 13_000


@pytest.mark.parametrize(("density", "least"), [(1.0, 0.8), (0.05, 0.6)])
def test_a_narrow_link_is_used(density: float, least: float) -> None:
    outcome = swept("max", Link(10_000.0, seed=2), density=density, targets=65_536)
    needed = 65_536 if density == 1 else 3 * 65_536 - 2 * outcome.hosts
    assert needed / 10_000 / outcome.sending >= least


@pytest.mark.parametrize("rate", [None, "max", 20_000.0])
@pytest.mark.parametrize("density", [1.0, 0.05])
def test_random_loss_slows_nothing_down_and_loses_nobody(rate: float | str | None, density: float) -> None:
    outcome = swept(rate, Link(loss=0.1, latency=0.01, seed=3), density=density)
    assert outcome.is_complete
    assert outcome.limit is None or outcome.limit > 100_000
    assert outcome.rates[-1][1] >= 16_000


@pytest.mark.parametrize("density", [1.0, 0.05, 0.0])
def test_an_exact_rate_stays_exact_where_a_tenth_is_lost_at_random(density: float) -> None:
    outcome = swept(20_000.0, Link(loss=0.1, latency=0.01, seed=4), density=density)
    begun = [at for at, rate in outcome.rates if rate != 20_000.0]
    assert all(at > 1.5 for at in begun)  # the first round was over
    assert outcome.limit is None


def test_a_long_latency_and_jitter_lose_nobody() -> None:
    for jitter in (0.03, 0.3):
        outcome = swept("max", Link(10_000.0, latency=0.3 - jitter / 2, jitter=jitter, seed=5), density=0.05)
        assert outcome.is_complete


def test_rate_max_is_past_its_slow_start_in_thirty_milliseconds_where_all_answer() -> None:
    outcome = swept("max", Link(latency=0.0005), density=1.0, machine=250_000.0)
    assert next(at for at, rate in outcome.rates if rate > 250_000) < 0.03
    assert outcome.limit is None


@pytest.mark.parametrize(
    "capacity",
    [
        pytest.param(lambda now: 20_000.0 if now < 1.0 else 8_000.0, id="becomes narrower"),
        pytest.param(lambda now: 4_000.0 if now < 2.0 else 30_000.0, id="recovers"),
        pytest.param(lambda now: 1.0 if 0.8 < now < 1.5 else 15_000.0, id="is out for a while"),
    ],
)
@pytest.mark.parametrize("density", [1.0, 0.05])
def test_a_path_that_changes_is_followed(capacity: Callable[[float], float], density: float) -> None:
    outcome = swept("max", Link(capacity, seed=6), density=density)
    assert outcome.is_complete
    assert outcome.seconds < 30
    now = capacity(outcome.seconds)
    assert outcome.rates[-1][1] < 1.5 * now


def test_liars_who_fall_silent_do_not_slow_a_sweep_down() -> None:
    honest = swept("max", Link(10_000.0, seed=7), density=0.05)
    among_liars = swept("max", Link(10_000.0, seed=7), density=0.05, liars=0.5)
    assert among_liars.is_complete
    assert among_liars.seconds < 1.5 * honest.seconds


def test_a_router_that_dies_of_new_hosts_is_not_killed_all_the_time() -> None:
    outcome = swept(None, SlowRouter(3_000.0, dead=0.3), density=0.05)
    assert outcome.is_complete


def test_a_host_sees_as_many_packets_as_it_may_and_a_sweep_few_canaries() -> None:
    outcome = swept("max", Link(10_000.0, seed=8), density=0.05)
    assert outcome.canaries <= 4 * outcome.hosts
    assert outcome.canaries <= 0.05 * (outcome.probes + outcome.canaries)


def test_where_most_answer_their_own_probes_are_evidence_enough() -> None:
    outcome = swept("max", Link(10_000.0, seed=9), density=1.0)
    assert outcome.canaries < 0.02 * outcome.probes


# --- the rest ---


def test_drops_of_this_machine_cut_the_rate_but_never_to_a_crawl() -> None:
    pacer = make_pacer(20_000.0, 0.0)
    for tenth in range(100):
        pacer.lost(tenth / 10)
    assert pacer.rate >= 5_000.0


def test_one_subnet_gets_at_most_a_hundred_in_any_second() -> None:
    limit, now, times = SubnetLimit(), 0.0, []
    while now < 5.0:
        if limit.admit([0x0A000001], now):
            times.append(now)
        else:
            now = limit.ready_at(0x0A000001, now)
    assert 95 <= most_in_a_second(times) <= 100
    assert len(times) == pytest.approx(5 * 94, abs=5)


def test_subnets_do_not_hold_one_another_back_but_order_is_kept() -> None:
    limit = SubnetLimit()
    apart = [subnet << 8 for subnet in range(1000)]
    assert limit.admit(apart, 0.0) == 1000
    assert limit.admit([5 << 8] * 10, 0.0) == 3  # a burst of four, one of which has left
    assert limit.admit([5 << 8, 6 << 8], 0.0) == 0


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(0, 40)), max_size=60))
def test_no_pattern_of_sending_passes_the_subnet_cap(turns: list[tuple[float, int]]) -> None:
    limit, now, times = SubnetLimit(), 0.0, []
    for wait, packets in turns:
        now += wait
        times += [now] * limit.admit([7] * packets, now)
    assert most_in_a_second(times) <= 100 if times else True


def test_patience_is_the_time_out_until_something_was_measured_then_follows_the_slowest() -> None:
    times = RoundTrips(2.0)
    assert times.patience == times.usual == 2.0
    for _ in range(50):
        times.rtt(0.001)
    assert times.patience == pytest.approx(0.02)
    for turn in range(200):
        times.rtt(0.05 if turn % 2 else 0.35)
    assert 0.4 < times.patience < 1.0
    times.rtt(60.0)
    assert times.patience <= 2.0


def test_no_limit_is_told_above_the_cap_that_nothing_ever_passed() -> None:
    pacer = make_pacer(None, 0.0)
    pacer._met, pacer.limit = True, 20_000.0
    pacer._up(2 * KIND_RATE, 1.0)
    assert (pacer.rate, pacer.limit <= KIND_RATE) == (KIND_RATE, True)


@pytest.mark.parametrize("rate", [None, "max", 20_000.0])
@pytest.mark.parametrize("density", [0.05, 1.0])
def test_a_path_that_is_gone_is_not_crawled_over(rate: float | str | None, density: float) -> None:
    link = Link(lambda now: 1e9 if now < 0.2 + 1.3 * (rate != "max") else 1e-9)
    outcome = sweep(make_pacer(rate, 0.0), link, density=density)  # type: ignore[arg-type]
    assert outcome.seconds < 60
