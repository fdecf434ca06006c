"""When schedules are due: once for each time, once for all that were slept through, whatever the clock does."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.agent import limits
from ptscan.agent.schedule import Agenda, Cron, Every, ScheduleError, Timing, next_after, parse_cron, parse_every

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600.0, 86_400.0


def at(text: str, zone: tzinfo = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def agenda(timing: Timing, now: float, *, seen: float | None = None, zone: tzinfo = UTC) -> Agenda:
    made = Agenda({} if seen is None else {"it": seen}, lambda: zone)
    made.take({"it": timing}, now)
    return made


def begun(one: Agenda, instants: list[float]) -> list[float]:
    """At which of the instants it is begun, each looked at once."""
    done = []
    for now in instants:
        if one.due(now) is not None:
            one.begin("it", now)
            done.append(now)
    return done


def test_an_interval_begins_at_once_and_then_again_and_again() -> None:
    one = agenda(Every(HOUR), NOON)
    assert begun(one, [NOON + 600.0 * step for step in range(19)]) == [
        NOON,
        NOON + HOUR,
        NOON + 2 * HOUR,
        NOON + 3 * HOUR,
    ]


def test_a_restart_does_not_begin_it_anew() -> None:
    one = agenda(Every(HOUR), NOON, seen=NOON - 600)
    assert one.due(NOON) is None
    assert one.next_at(NOON) == NOON + 3000


def test_a_time_of_cron_waits_until_it_comes() -> None:
    one = agenda(parse_cron("0 6 * * *"), NOON)
    assert one.due(NOON) is None
    assert one.next_at(NOON) == NOON + 18 * HOUR


@pytest.mark.parametrize("timing", [Every(HOUR), Cron("0 * * * *")])
def test_what_was_slept_through_is_caught_up_once(timing: Timing) -> None:
    one = agenda(timing, NOON, seen=NOON)
    woken = NOON + 3 * DAY + 60
    assert begun(one, [woken, woken + 1, woken + 30, woken + 60]) == [woken]


@pytest.mark.parametrize("timing", [Every(HOUR), Cron("0 * * * *")])
def test_a_clock_that_is_set_ahead_and_back_begins_it_once_each_way(timing: Timing) -> None:
    one = agenda(timing, NOON, seen=NOON)
    ahead = [NOON + 10 * 365 * DAY + second for second in range(20)]
    back = [NOON + 60 + second for second in range(0, 3_400, 10)]
    assert begun(one, ahead) == ahead[:1]
    assert begun(one, back) == []
    assert len(begun(one, [NOON + HOUR + second for second in range(0, 3_500, 10)])) == 1


def test_a_clock_that_is_set_back_a_little_does_not_do_a_time_twice() -> None:
    one = agenda(Cron("0 6 * * *"), at("2026-11-21T05:59:00"))
    six = at("2026-11-21T06:00:00")
    moments = [six + 0.01, six - 0.05, six - 0.03, six + 0.02, six - limits.BACK_SECONDS + 1, six + 1]
    assert begun(one, moments) == moments[:1]


def test_a_clock_that_is_set_back_a_long_way_is_believed() -> None:
    """It was wrong before: who waits for that time to come again may wait for years."""
    one = agenda(Every(HOUR), NOON, seen=NOON + 10 * 365 * DAY)
    assert one.due(NOON) is None
    assert one.next_at(NOON) == NOON + HOUR


def test_the_one_that_waits_longest_is_first() -> None:
    one = Agenda({"a": NOON - 60, "b": NOON - 90, "c": NOON - 10}, lambda: UTC)
    one.take({"a": Every(30.0), "b": Every(30.0), "c": Every(30.0)}, NOON)
    assert one.due(NOON) == "b"
    one.begin("b", NOON)
    assert one.due(NOON) == "a"
    one.begin("a", NOON)
    assert one.due(NOON) is None


def test_what_is_gone_is_forgotten_and_what_changed_is_reckoned_anew() -> None:
    one = Agenda({"a": NOON, "b": NOON}, lambda: UTC)
    one.take({"a": Every(HOUR), "b": Every(HOUR)}, NOON)
    assert one.next_at(NOON) == NOON + HOUR
    one.take({"a": Every(60.0)}, NOON)
    assert one.seen == {"a": NOON}
    assert one.next_at(NOON) == NOON + 60


def test_in_spring_a_time_that_is_skipped_is_kept_once() -> None:
    one = agenda(parse_cron("30 2 * * *"), at("2026-03-28T12:00:00", BERLIN), zone=BERLIN)
    night = at("2026-03-29T00:00:00", BERLIN)
    assert len(begun(one, [night + 60.0 * minute for minute in range(6 * 60)])) == 1


def test_in_autumn_a_time_that_comes_twice_is_kept_once_and_an_interval_goes_on() -> None:
    night = at("2026-10-25T00:00:00", BERLIN)
    minutes = [night + 60.0 * minute for minute in range(6 * 60)]
    daily = agenda(parse_cron("30 2 * * *"), night - HOUR, zone=BERLIN)
    assert len(begun(daily, minutes)) == 1
    often = agenda(parse_cron("*/10 * * * *"), night - 1, seen=night - 1, zone=BERLIN)
    assert begun(often, minutes) == minutes[::10]


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), (" 6h ", 21_600), ("1d", 86_400), ("1 s", 1)])
def test_intervals(text: str, seconds: float) -> None:
    assert parse_every(text) == Every(seconds)


@pytest.mark.parametrize("text", ["", "h", "1", "-1h", "1.5h", "1w", "0s", "367d", "9999999999s", "٣h"])
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(ScheduleError, match="is no interval"):
        parse_every(text)


@given(st.text(max_size=40) | st.text(alphabet="0123456789*/,-#LWJANSUN \t", max_size=60))
def test_any_text_is_a_time_of_cron_or_refused(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ScheduleError as error:
        assert "is no time of cron" in str(error)  # noqa: PT017  what it raises is what is tested
    else:
        assert next_after(cron, NOON, lambda: UTC) is not None


@given(
    st.lists(st.floats(min_value=-5 * DAY, max_value=5 * DAY) | st.floats(min_value=0.0, max_value=90.0), max_size=60),
    st.sampled_from([Every(HOUR), Cron("0 * * * *"), Cron("30 2 * * *")]),
)
def test_no_clock_makes_a_burst(steps: list[float], timing: Timing) -> None:
    """Looked at twice at the same time, it is due once at most; and something is always due in bounded time."""
    now = NOON
    one = agenda(timing, now, seen=now)
    for step in steps:
        now += step
        if one.due(now) is not None:
            one.begin("it", now)
            assert one.due(now) is None
        next_at = one.next_at(now)
        assert next_at is not None
        assert next_at <= now + limits.BACK_SECONDS + DAY + HOUR
