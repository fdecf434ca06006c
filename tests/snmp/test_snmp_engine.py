"""An engine's clock: who may set it, and which messages came in time (RFC 3414 sections 2.2 and 3.2)."""

import pytest

from codec import EngineReport
from ptscan.snmp.engine import Engine

ID = bytes.fromhex("8000000b03001b780102ff")


def engine(boots: int = 3, time: int = 1_000) -> Engine:
    return Engine(EngineReport(1, ID, boots, time), now=50.0)


def test_what_it_says_to_anybody_is_enough_to_ask_it_and_runs_on() -> None:
    assert engine().times(50.0) == (3, 1_000)
    assert engine().times(57.9) == (3, 1_007)
    assert not engine().is_proven


def test_an_unproven_message_sets_a_clock_that_no_proven_one_has_set() -> None:
    it = engine()
    it.suppose(9, 9, 60.0)
    assert it.times(60.0) == (9, 9)
    assert it.hear(9, 10, 61.0)
    it.suppose(20, 0, 62.0)
    assert it.times(61.0) == (9, 10)


def test_the_first_authentic_message_sets_the_clock_whatever_was_said_before() -> None:
    it = engine(boots=1_000, time=7)
    assert it.hear(4, 90, 60.0)
    assert it.times(60.0) == (4, 90)
    assert it.is_proven


@pytest.mark.parametrize(
    ("boots", "time", "timely"),
    [
        (3, 1_100, True),
        (3, 1_001, True),
        (3, 950, True),
        (3, 949, False),
        (2, 5_000, False),
        (4, 0, True),
        (0x7FFF_FFFF, 5_000, False),
    ],
)
def test_a_proven_clock_does_not_go_back_by_more_than_the_window(boots: int, time: int, timely: bool) -> None:
    it = engine()
    assert it.hear(3, 1_000, 50.0)
    assert it.hear(boots, time, 150.0) is timely


def test_a_clock_that_stands_still_is_followed() -> None:
    it = engine()
    assert it.hear(3, 1_000, 50.0)
    assert it.hear(3, 1_000, 900.0)
    assert it.times(900.0) == (3, 1_000)


def test_a_late_message_does_not_set_the_clock_back() -> None:
    it = engine()
    assert it.hear(3, 1_000, 50.0)
    assert it.hear(3, 960, 60.0)
    assert it.times(60.0) == (3, 1_010)


def test_one_that_insists_on_an_earlier_time_is_believed_and_it_shows() -> None:
    it = engine()
    assert it.hear(3, 1_000, 50.0)
    it.insist(1, 20, 60.0)
    assert (it.times(61.0), it.has_gone_back) == ((1, 21), True)
    it.insist(0x7FFF_FFFF, 0, 62.0)
    assert it.times(61.0) == (1, 21)


def test_an_engine_whose_boots_are_latched_is_never_believed() -> None:
    assert not engine(boots=0x7FFF_FFFF).hear(0x7FFF_FFFF, 5, 51.0)


def test_its_time_ends_where_the_type_does() -> None:
    assert engine(time=0x7FFF_FFFF).times(1e9) == (3, 0x7FFF_FFFF)
