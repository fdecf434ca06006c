"""The log of batches: in flight, timed out and when sent, without a word per host."""

import pytest

from ptscan.sweep.limits import SEND_LOG_ENTRIES
from ptscan.sweep.send_log import SendLog, TimedOut


def test_what_is_answered_or_timed_out_is_no_longer_in_flight() -> None:
    log = SendLog(1.0)
    log.sent(0, 10, 0.0)
    log.sent(10, 5, 0.4)
    assert log.in_flight == 15
    assert log.answered(12) == 0.4
    assert log.answered(3) == 0.0
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
    assert log.answered(5) == 0.0
    assert log.in_flight == 0


def test_settled_means_answered_or_timed_out() -> None:
    log = SendLog(1.0)
    log.sent(0, 256, 0.0)
    log.sent(256, 2, 0.5)
    assert not log.settled_before(256)
    log.expire(1.0)
    assert log.settled_before(256)
    assert not log.settled_before(257)
    log.answered(256)
    log.answered(257)
    assert log.settled_before(258)


def test_what_timed_out_long_ago_is_forgotten() -> None:
    log = SendLog(1.0)
    for batch in range(3 * SEND_LOG_ENTRIES):
        log.sent(batch, 1, float(batch))
        log.expire(float(batch))
    assert log.answered(0) is None
    assert log.answered(3 * SEND_LOG_ENTRIES - 5) == pytest.approx(3 * SEND_LOG_ENTRIES - 5)
    assert len(log._times) <= 2 * SEND_LOG_ENTRIES + 2
