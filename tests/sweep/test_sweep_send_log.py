"""The log of batches: in flight, timed out and when sent, without a word per host."""

import pytest

from ptscan.sweep.limits import SEND_LOG_ENTRIES
from ptscan.sweep.send_log import SendLog, TimedOut


def test_what_is_answered_or_timed_out_is_no_longer_in_flight() -> None:
    log = SendLog(1.0)
    log.sent(0, 10, 0.0)
    log.sent(10, 5, 0.4)
    assert log.in_flight == 15
    assert log.settled(12, answered=True) == 0.4
    assert log.settled(3, answered=True) == 0.0
    assert log.in_flight == 13
    assert log.expire(0.99) == []
    assert log.expire(1.0) == [TimedOut(0.0, 10, 1, 0)]
    assert log.in_flight == 4
    assert log.next_timeout() == 1.4
    assert log.expire(9.0) == [TimedOut(0.4, 5, 1, 10)]
    assert log.in_flight == 0
    assert log.next_timeout() is None


def test_a_late_answer_still_tells_its_time_but_frees_nothing() -> None:
    log = SendLog(1.0)
    log.sent(0, 10, 0.0)
    log.expire(1.0)
    assert log.settled(5, answered=True) == 0.0
    assert log.in_flight == 0


def test_what_did_not_arrive_is_settled_but_no_answer() -> None:
    log = SendLog(1.0)
    log.sent(0, 3, 0.0)
    log.settled(1, answered=False)
    log.settled(2, answered=True)
    assert log.in_flight == 1
    assert log.expire(1.0) == [TimedOut(0.0, 3, 1, 0)]


def test_settled_means_answered_or_timed_out() -> None:
    log = SendLog(1.0)
    log.sent(0, 256, 0.0)
    log.sent(256, 2, 0.5)
    assert not log.settled_before(256)
    log.expire(1.0)
    assert log.settled_before(256)
    assert not log.settled_before(257)
    log.settled(256, answered=True)
    log.settled(257, answered=True)
    assert log.settled_before(258)


def test_what_timed_out_long_ago_is_forgotten() -> None:
    log = SendLog(1.0)
    for batch in range(3 * SEND_LOG_ENTRIES):
        log.sent(batch, 1, float(batch))
        log.expire(float(batch))
    assert log.settled(0, answered=True) is None
    assert log.settled(3 * SEND_LOG_ENTRIES - 5, answered=True) == pytest.approx(3 * SEND_LOG_ENTRIES - 5)
    assert len(log._times) <= 2 * SEND_LOG_ENTRIES + 2
