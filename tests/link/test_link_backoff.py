"""A crowd that lost its server comes back spread, soon at first, and never later than the limit."""

from itertools import pairwise
from random import Random

from ptscan.link import limits
from ptscan.link.backoff import Backoff


class Most(Random):
    """Draws the most that may be drawn."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_the_bound_doubles_up_to_its_limit_and_not_beyond() -> None:
    backoff = Backoff(Most())
    waits = [backoff.next() for _ in range(14)]
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits[-1] == waits[-2] == limits.BACKOFF_MOST_SECONDS
    assert all(later in (2 * sooner, limits.BACKOFF_MOST_SECONDS) for sooner, later in pairwise(waits))


def test_a_success_makes_the_next_wait_short_again() -> None:
    backoff = Backoff(Most())
    for _ in range(20):
        backoff.next()
    backoff.reset()
    assert backoff.next() == limits.BACKOFF_FIRST_SECONDS


def test_a_thousand_that_fall_together_do_not_come_back_together() -> None:
    waits = []
    for seed in range(1000):
        backoff = Backoff(Random(seed))
        waits.append(sum(backoff.next() for _ in range(10)))
    per_second = [sum(1 for wait in waits if second <= wait < second + 1) for second in range(600)]
    assert max(per_second) < 20
