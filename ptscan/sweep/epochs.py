"""Epochs: packets that left at one rate, and what became of them. What the pacer's evidence is made of."""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from ptscan.sweep.canaries import Felt
from ptscan.sweep.limits import LEAST_RATE

_SECONDS: Final = 0.1
_CANARIES: Final = 40
_QUEUE: Final = 200  # packets that a path holds and that pass at any rate
_TELLING_SECONDS: Final = 0.01  # from which on what left says how fast that was
_SHORT_OF: Final = 0.75  # of its rate, with which the sender falls short of it
_KEPT: Final = 16  # judged ones, for canaries answered late


class Log(Protocol):
    """What is remembered of the probes of the first round."""

    def tally(self, begin: float, end: float) -> tuple[int, int]:
        """Give how many left from ``begin`` until before ``end``, and how many of them were answered so far."""
        ...


class Evidence(NamedTuple):
    """Canaries that were sent and that were answered; first probes that were sent and that were answered."""

    canaries: int
    survived: int
    probes: int
    answered: int


_NONE: Final = Evidence(0, 0, 0, 0)


class Epoch:
    """Packets that left from ``begin`` to ``end`` at a ``rate``, and what was felt of the canaries among them.

    Those that left before ``clean_from`` may have found an empty queue: they say nothing of the rate. ``survived`` and
    ``lost`` are of the others, ``answered`` is of all.
    """

    __slots__ = ("answered", "begin", "canaries", "clean_from", "end", "lost", "rate", "spent", "survived")

    def __init__(self, begin: float, rate: float) -> None:
        self.begin = begin
        self.end = math.inf
        self.rate = rate
        self.clean_from = math.inf
        self.spent = self.answered = self.survived = self.lost = 0
        self.canaries: list[float] = []

    def offered(self, end: float) -> float:
        """What left in a second until ``end``; its rate where that is too short to tell."""
        seconds = end - self.begin
        if seconds < _TELLING_SECONDS or seconds * self.rate < 20:
            return self.rate
        return max(LEAST_RATE, min(self.rate, self.spent / seconds))


class Epochs:
    """The epochs of one sweep, the first from ``now`` on at ``rate``; None of ``log`` once the first round is over."""

    def __init__(self, now: float, rate: float) -> None:
        self.current = Epoch(now, rate)
        self.short_of_rate = False
        """Whether the sender could not keep the rate of the last epoch."""
        self._open: deque[Epoch] = deque()  # over, but not all of their answers are in
        self._judged: deque[Epoch] = deque(maxlen=_KEPT)
        self._tainted = _QUEUE  # packets yet to leave that say nothing of the rate
        self._rate_from = now
        self._of_rate = _NONE  # what the judged epochs of the present rate showed

    @property
    def is_tainted(self) -> bool:
        """Whether what leaves now says nothing of the rate."""
        return self._tainted > 0

    def spend(self, packets: int, canaries: int, now: float) -> None:
        """``packets`` left, with so many ``canaries`` among them."""
        epoch = self.current
        epoch.spent += packets
        epoch.canaries += [now] * canaries
        if self._tainted > 0:
            self._tainted -= packets
        elif epoch.clean_from == math.inf:
            epoch.clean_from = now

    def turn_over(self, end: float, begin: float) -> None:
        """End the epoch, and begin the next at the same rate; a pause between them empties the queue."""
        epoch, rate = self.current, self.current.rate
        if epoch.spent:
            epoch.end = end
            offered = epoch.offered(end)
            self.short_of_rate = offered < _SHORT_OF * rate
            if self.short_of_rate:
                epoch.rate = offered
            self._open.append(epoch)
        self.current = Epoch(begin, rate)
        if begin > end:
            self._tainted = _QUEUE

    def go_on_at(self, rate: float, now: float) -> None:
        """Begin an epoch at another rate."""
        if rate > self.current.rate:
            self._tainted = _QUEUE
        self.turn_over(now, now)
        self.current.rate = rate
        self._rate_from = now
        self._of_rate = _NONE

    def turn_over_when_full(self, now: float) -> None:
        """End the epoch when it has seen enough."""
        if now - self.current.begin >= _SECONDS or len(self.current.canaries) >= _CANARIES:
            self.turn_over(now, now)

    def feel(self, felt: Felt) -> float | None:
        """Take what was felt of a canary; give the rate of its epoch if that is judged and the canary was too late."""
        for epoch in (self.current, *reversed(self._open)):
            if felt.sent_at >= epoch.begin:
                epoch.answered += felt.answered
                if felt.sent_at >= epoch.clean_from:
                    epoch.survived += felt.answered
                    epoch.lost += felt.lost
                return None
        for epoch in reversed(self._judged):
            if felt.sent_at >= epoch.begin:
                return epoch.rate if felt.answered and felt.sent_at >= epoch.clean_from else None
        return None

    def ripe(self, log: Log | None, patience: float, now: float) -> Iterator[tuple[float, Evidence]]:
        """Give the rate and the evidence of each epoch whose answers are in."""
        while self._open and self._open[0].end + patience <= now:
            epoch = self._open.popleft()
            self._judged.append(epoch)
            probes, answered = log.tally(epoch.clean_from, epoch.end) if log is not None else (0, 0)
            evidence = Evidence(epoch.survived + epoch.lost, epoch.survived, probes, answered)
            if epoch.begin >= self._rate_from:
                self._of_rate = Evidence(*map(int.__add__, self._of_rate, evidence))
            yield epoch.rate, evidence

    def of_rate(self, log: Log | None, due: float, *, gently: bool) -> Evidence:
        """Give what is known of the present rate from packets that left before ``due``.

        ``gently``: at a rate that need not wait until a queue would be full.
        """
        canaries, survived, probes, answered = self._of_rate
        for epoch in (*self._open, self.current):
            if epoch.begin < self._rate_from:
                continue
            begin = epoch.begin if gently else epoch.clean_from
            asked = bisect_left(epoch.canaries, due) - bisect_left(epoch.canaries, begin)
            if asked > 0:
                canaries += asked
                survived += min(asked, epoch.answered if gently else epoch.survived)
            if log is not None and begin < due:
                tally = log.tally(begin, min(epoch.end, due))
                probes += tally[0]
                answered += tally[1]
        return Evidence(canaries, survived, probes, answered)
