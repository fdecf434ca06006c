"""The log of batches: in flight, timed out and when sent, without a word per host."""

import pytest

from ptscan.sweep.limits import SEND_LOG_ENTRIES
from ptscan.sweep.send_log import SendLog


def test_what_is_answered_or_timed_out_is_no_longer_in_flight() -> None:
    log = SendLog(1.0)
    log.sent(0, 10, 0.0)
    log.sent(10, 5, 0.4)
    assert log.in_flight == 15
    assert log.settled(12, answered=True) == 0.4
    assert log.settled(3, answered=True) == 0.0
    assert log.in_flight == 13
    log.expire(0.99)
    assert log.in_flight == 13
    log.expire(1.0)
    assert log.in_flight == 4
    assert log.next_timeout() == 1.4
    log.expire(9.0)
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
    assert log.tally(0.0, 0.1) == (3, 1)


def test_answers_are_counted_by_when_their_probes_left() -> None:
    log = SendLog(1.0)
    for batch in range(5):
        log.sent(10 * batch, 10, 0.1 * batch)
    log.settled(11, answered=True)
    log.settled(12, answered=True, count=4)
    log.settled(29, answered=True)
    assert log.tally(0.1, 0.3) == (20, 6)
    assert log.tally(0.1, 0.2) == (10, 5)
    assert log.tally(0.35, 9.0) == (10, 0)
    assert log.tally(7.0, 9.0) == (0, 0)


def test_when_the_last_probe_before_another_left() -> None:
    log = SendLog(1.0)
    log.sent(0, 256, 0.0)
    log.sent(256, 2, 0.5)
    assert (log.last_before(256), log.last_before(257), log.last_before(512)) == (0.0, 0.5, 0.5)
    log.expire(1.0)
    assert log.last_before(257) == 0.5
    log.settled(256, answered=True)
    log.settled(257, answered=True)
    assert log.last_before(257) is None


def test_what_timed_out_long_ago_is_forgotten() -> None:
    log = SendLog(1.0)
    for batch in range(3 * SEND_LOG_ENTRIES):
        log.sent(batch, 1, float(batch))
        log.expire(float(batch))
    assert log.settled(0, answered=True) is None
    assert log.settled(3 * SEND_LOG_ENTRIES - 5, answered=True) == pytest.approx(3 * SEND_LOG_ENTRIES - 5)
    assert len(log._times) <= 2 * SEND_LOG_ENTRIES + 2
