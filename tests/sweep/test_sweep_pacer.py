"""Pacing with the time given literally: rates are exact, caps are never passed, loss is noticed."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.sweep.pacer import FixedPacer, KindPacer, Pacer, SubnetLimit


def leave_times(pacer: Pacer, seconds: float, *, late: Sequence[float] = (0.0,)) -> list[float]:
    """When packets leave if the sender takes all it may and wakes up as told, ``late`` by turns."""
    times: list[float] = []
    now, turn = 0.0, 0
    while now < seconds:
        packets = pacer.allowance(now)
        pacer.spend(packets)
        times += [now] * packets
        now = max(now + 1e-9, pacer.ready_at(now)) + late[turn % len(late)]
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
    assert leave_times(FixedPacer(1.0, 0.0), 4.5) == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0])


def test_ten_packets_a_second_leave_a_tenth_apart() -> None:
    assert leave_times(FixedPacer(10.0, 0.0), 0.55) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize("rate", [3.0, 500.0, 7_777.0, 25_000.0, 200_000.0])
@pytest.mark.parametrize("late", [(0.0,), (0.001,), (0.0, 0.02, 0.0007)])
def test_a_rate_is_exact_to_two_percent_however_late_the_sender_wakes_up(rate: float, late: Sequence[float]) -> None:
    assert len(leave_times(FixedPacer(rate, 0.0), 10.0, late=late)) == pytest.approx(10.0 * rate, rel=0.02, abs=1)


def test_a_long_stall_is_not_made_good_by_a_burst() -> None:
    pacer = FixedPacer(1000.0, 0.0)
    assert pacer.allowance(60.0) == 50


@given(st.floats(1, 1e5), st.lists(st.floats(0, 0.5), max_size=50))
def test_no_pattern_of_wake_ups_passes_rate_times_time_plus_burst(rate: float, waits: list[float]) -> None:
    pacer, now, left = FixedPacer(rate, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        packets = pacer.allowance(now)
        pacer.spend(packets)
        left += packets
        assert left <= rate * now + max(1.0, rate * 0.05) + 1


def test_the_pacer_of_rate_max_never_holds_back() -> None:
    pacer = Pacer()
    pacer.spend(10**9)
    assert pacer.allowance(0.0) > 10**6
    assert pacer.ready_at(5.0) == 5.0


def test_a_kind_sweep_starts_gently_grows_and_never_passes_its_cap() -> None:
    times = leave_times(KindPacer(0.0), 8.0, late=(0.0, 0.004, 0.015))
    per_half_second = [sum(begin <= time < begin + 0.5 for time in times) for begin in (0.0, 0.5, 1.0, 3.0, 6.0)]
    assert per_half_second[0] <= 550
    assert per_half_second[1] <= 1_100
    assert 1_500 < per_half_second[2] <= 2_200
    assert 10_000 < per_half_second[3] <= 12_500
    assert most_in_a_second(times) <= 25_000


def judged(pacer: KindPacer, sent: int, answered: int, *, at: float) -> None:
    """A stretch of half a second, in ten batches."""
    for batch in range(10):
        pacer.judge(sent // 10, answered // 10, at + batch * 0.05, at + 1.0 + batch * 0.05)


def test_a_share_of_answers_that_falls_shows_what_the_path_carries() -> None:
    pacer = KindPacer(0.0)
    pacer.allowance(0.6)
    pacer.allowance(1.2)
    assert pacer.rate == 4_000.0
    judged(pacer, 500, 100, at=0.0)
    judged(pacer, 1000, 190, at=0.5)
    assert pacer.rate == 4_000.0
    judged(pacer, 2000, 200, at=1.0)
    assert 1_500 < pacer.rate < 2_500  # half of 4,000 packets a second came through
    reduced = pacer.rate
    judged(pacer, 2000, 20, at=1.5)  # it was sent before the cut: already paid for
    assert pacer.rate == reduced
    pacer.allowance(10.0)
    assert pacer.rate == pytest.approx(1.05 * reduced)
    pacer.first_round_over()
    pacer.allowance(100.0)
    assert pacer.rate == pytest.approx(1.05 * reduced)


def test_few_answers_are_no_verdict_and_an_outage_is_no_reason_to_stop() -> None:
    pacer = KindPacer(0.0)
    judged(pacer, 400, 40, at=0.0)
    judged(pacer, 200, 0, at=0.5)
    assert pacer.rate == 1_000.0
    judged(pacer, 200, 0, at=1.0)
    assert pacer.rate == 250.0


def test_a_path_that_always_loses_some_is_not_slowed_down_for_it() -> None:
    pacer, luck = KindPacer(0.0), random.Random(2)
    for turn in range(40):
        pacer.allowance(turn * 0.5)
        sent = int(pacer.rate / 2) // 10 * 10
        judged(pacer, sent, sum(luck.random() < 0.9 for _ in range(sent)), at=turn * 0.5)
    assert pacer.rate > 20_000


def test_a_network_where_nobody_answers_is_no_loss() -> None:
    pacer = KindPacer(0.0)
    for second in range(10):
        pacer.allowance(float(second))
        judged(pacer, 1000, 0, at=float(second))
    assert pacer.rate > 20_000


def test_drops_in_this_machine_halve_the_rate() -> None:
    pacer = KindPacer(0.0)
    pacer.lost(0.1)
    assert pacer.rate == 500.0


def test_one_subnet_gets_at_most_a_hundred_in_any_second() -> None:
    limit, now, times = SubnetLimit(), 0.0, []
    while now < 5.0:
        if limit.admit([0x0A000001], now):
            times.append(now)
        else:
            now = limit.ready_at(0x0A000001, now)
    assert 95 <= most_in_a_second(times) <= 100
    assert len(times) == pytest.approx(5 * 96, abs=5)


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
