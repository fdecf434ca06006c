"""When the next packets may leave, and how many of them are canaries: finds the path's limit and stays just below it.

Theory of operation. Sending is cut into *epochs* of one rate, a tenth of a second at most. When the answers to an epoch
are in (``patience`` after its end) what was sent and answered becomes evidence about the path (``path``), which says
the likeliest limit and the highest one still possible. From that:

- clear evidence of a limit below the rate: go just below the limit (by a quarter at most at a time, 100/s at least);
- as many answers as the rate's own step needs, and nothing against a higher rate: go up. By doubling until a limit was
  met, and then by little steps that grow as long as they succeed, so that a path that gets better is used. Doubling
  does not wait for patience: answers that came are good news at once, only their absence takes time to be sure of;
- no evidence to be had (nobody answers, or canaries are used up): a kind sweep doubles to its cap, others to what
  was asked for or to 25,000/s. Beyond, only a long silence helps, for it says that there is hardly anyone to be lost.

Canaries stand spread among the probes, at uneven distances, since a full queue drops the end of a burst. They are a
fifth of the packets at the very start, a twenty-fifth while a limit is looked for, then as many as last to the end of
the sweep. Where the targets answer densely their own first probes are evidence enough, and canaries are left out.

All three kinds of sweep are this one pacer: they differ in where they start, in how far they may go, and in what they
do without evidence (:func:`make_pacer`).
"""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from typing import Final, Literal, Protocol

from ptscan.sweep.bucket import TokenBucket
from ptscan.sweep.canaries import Felt
from ptscan.sweep.limits import (
    KIND_BURST_SECONDS,
    KIND_GROWTH_SECONDS,
    KIND_LEAST_RATE,
    KIND_RATE,
    KIND_START_RATE,
)
from ptscan.sweep.path import Path
from ptscan.sweep.round_trips import RoundTrips

_GRAIN_SECONDS: Final = 0.002  # packets of as many seconds leave together: no storm of wake-ups, no long burst
_BURST_SECONDS: Final = 0.05  # what a late wake-up may make good at a rate that was asked for
_HELD_BURST_SECONDS: Final = 0.005  # and where the path has shown its limit
_IDLE_SECONDS: Final = 0.02  # a pause that ends an epoch
_EPOCH_SECONDS: Final = 0.1
_EPOCH_CANARIES: Final = 40
_EPOCH_ANSWERS: Final = 200
_LEAST_LOSS: Final = 0.05  # of a round: canaries don't feel it all
_QUEUE: Final = 200  # packets that a path holds and that pass at any rate
_EPOCHS_KEPT: Final = 16  # judged ones, for canaries answered late

_MAX_START_RATE: Final = 10_000.0
_MOST_RATE: Final = 2_000_000.0  # no machine of ours sends as fast
_GENTLE_RATE: Final = 40_000.0
_BLIND_RATE: Final = 25_000.0
_TRUSTED_RATE: Final = 100_000.0  # a higher one that was asked for is gone up to
_BLIND_SECONDS: Final = 0.5
_SILENCE_SECONDS: Final = 1.5

_CERTAIN: Final = 4.0  # nats for a limit
_LAST_WORD: Final = 1.0  # where no more canaries can be had
_BELOW: Final = 0.98  # of the limit
_DEEPEST_CUT: Final = 0.25
_STEP: Final = 1.05
_STEP_GROWTH: Final = 1.5
_SCARCE: Final = 8
_SCARCE_SECONDS: Final = 1.0  # after which it is tried with little evidence
_FAR_BELOW: Final = 0.5
_HOLD_SECONDS: Final = 0.4
_ENOUGH: Final = 8  # canaries for a doubling
_FINE: Final = 0.8  # of the expected answers
_DENSE: Final = 0.4

_CANARY_SHARE: Final = 0.04
_URGENT: Final = 4.0  # times as many while a new rate has to prove itself
_URGENT_SECONDS: Final = 1.0
_CANARY_RATE: Final = 2_000.0
_FIRST_SHARE: Final = 0.2
_FIRST_CANARIES: Final = 64


class Log(Protocol):
    """What is remembered of the probes of the first round."""

    def tally(self, begin: float, end: float) -> tuple[int, int]:
        """Give how many left from ``begin`` until before ``end``, and how many of them were answered so far."""
        ...


class _Epoch:
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


class Pacer:
    """Starts at ``start`` packets a second ``now`` and never passes ``cap``; see :func:`make_pacer`."""

    def __init__(self, now: float, *, start: float, cap: float, blind: float, burst: float, pause: float) -> None:
        self._cap = cap
        self._blind = blind
        self._burst_seconds = burst
        self._pause = pause  # seconds at least between two steps up
        self._bucket = TokenBucket(start, start * burst, now)
        self._path = Path()
        self._epoch = _Epoch(now, start)
        self._open: deque[_Epoch] = deque()  # over, but not all of their answers are in
        self._judged: deque[_Epoch] = deque(maxlen=_EPOCHS_KEPT)
        self._now = self._spent_at = self._changed_at = now
        self._met = False  # whether a limit was ever met
        self._recovering = False
        self._step = 2.0
        self._ceiling = math.inf
        self._slow = False  # whether the sender falls short of the rate
        self._fresh = [0, 0, 0, 0]  # canaries, survived, probes, answered: what is known of the present rate
        self._first_round = True
        self._tainted = _QUEUE  # packets yet to leave that say nothing of the rate
        self._unproven = False  # whether a round began of which nobody looked whether its rate was ever verified
        self._verified = 0.0  # the highest rate that evidence spoke for
        self._spent = 0
        self._canaries = 0
        self._round_canaries = self._round_survived = 0
        self._heard = 0
        self._next_canary = 0.0  # counted in packets spent
        self._turn = 0x2545_F491
        self._left = 0
        self._drops_at = -math.inf
        self._drops_floor = 0.0
        self.limit: float | None = None
        """Packets a second that the path was found to carry; None while no limit was met."""

    @property
    def loss(self) -> float:
        """The share that the path lost in this round, roughly: what those found in it are to those it left behind."""
        lost = self._round_canaries - self._round_survived
        return max(_LEAST_LOSS, (lost + 1) / (self._round_canaries + 10))

    @property
    def rate(self) -> float:
        """Packets a second at present."""
        return self._bucket.rate

    # --- what may leave ---

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``, at most as many as before the next canary is due."""
        self._now = now
        if now - self._spent_at > _IDLE_SECONDS and now - self._spent_at > 2 / self.rate:
            self._bucket.allowance(now)
            if now - self._spent_at > _BURST_SECONDS:
                self._bucket.drain(max(1.0, self.rate * _GRAIN_SECONDS))
            self._turn_over(self._spent_at, now)
        return self._bucket.allowance(now)

    def spend(self, packets: int, *, canaries: int = 0) -> None:
        """``packets`` left, as many as the allowance at most, with so many ``canaries`` among them."""
        if packets:
            self._bucket.spend(packets)
            epoch = self._epoch
            epoch.spent += packets
            self._spent += packets
            self._spent_at = self._now
            epoch.canaries += [self._now] * canaries
            if self._tainted > 0:
                self._tainted -= packets
            elif epoch.clean_from == math.inf:
                epoch.clean_from = self._now

    def ready_at(self, now: float) -> float:
        """The instant from which a worthwhile number of packets may leave."""
        return self._bucket.ready_at(max(1.0, self.rate * _GRAIN_SECONDS))

    def canary_places(self, packets: int, *, left: int, ready: int, ahead: int) -> list[int]:
        """Which of the next ``packets`` should be canaries: their places, ascending.

        ``left`` can be had in all, ``ready`` of them now; ``ahead`` is about how many probes are still to be sent in
        the whole sweep.
        """
        self._left = left
        share = self._wanted_share(left, ahead)
        places: list[int] = []
        if share:
            mean = max(1 / share, self.rate / _CANARY_RATE)
            place = self._next_canary - self._spent
            if place < 0:  # one that is overdue would always be the first of a burst, which finds room in any queue
                place = mean * self._draw()
            while place < packets:
                places.append(int(place))
                place += max(1.0, mean * (0.5 + self._draw()))
            self._next_canary = self._spent + place
            while len(places) > ready:  # and so would those that are just back from rest, if the first places were kept
                del places[int(len(places) * self._draw())]
        return places

    def _draw(self) -> float:
        """Give a number from 0 up to 1 that follows no pattern of the bursts; more is not asked of it."""
        self._turn = self._turn * 69_069 + 1 & 0xFFFF_FFFF
        return self._turn / 2**32

    def _wanted_share(self, left: int, ahead: int) -> float:
        if not left or self._is_dense():
            return 0.0
        if self._tainted > 0 and (self._met or not self._first_round):
            return 0.0
        if self._canaries < _FIRST_CANARIES and not self._met:
            return _FIRST_SHARE
        if not self._met and self._verified < self._cap:
            return _CANARY_SHARE
        # So many that they last: as many for each probe as are left, or as each probe of this round brings in.
        lasting = max(left / max(1, ahead), self._heard / max(1, self._spent) if self._first_round else 0.0)
        return min(_CANARY_SHARE, lasting * (_URGENT if self._now - self._changed_at < _URGENT_SECONDS else 1.0))

    def _is_dense(self) -> bool:
        return self._first_round and self._path.density is not None and self._path.density > _DENSE

    # --- what became of it ---

    def review(self, felt: Iterable[Felt], log: Log, times: RoundTrips, *, now: float) -> None:
        """Learn from what was ``felt`` of canaries and from the first round's ``log``; go faster or slower."""
        for one in felt:
            self._feel(one)
        if self._unproven and (self._heard or self._left):
            self._unproven = False
            if self._verified < 0.7 * self.rate:  # somebody is there, and nothing speaks for this rate: try it anew
                self._go_on_at(min(self.rate, max(_MAX_START_RATE, self._verified)), now)
        epoch = self._epoch
        if now - epoch.begin >= _EPOCH_SECONDS or len(epoch.canaries) >= _EPOCH_CANARIES:
            self._turn_over(now, now)
        fresh = False
        while self._open and self._open[0].end + times.patience <= now:
            fresh |= self._weigh(self._open.popleft(), log, now)
        if fresh:
            self._judge(now)
        self._grow(log, times, now)

    def lost(self, now: float) -> None:
        """The machine itself lost packets: halve the rate, but not below a quarter in one go of such losses."""
        if now - self._drops_at > 1.0:
            self._drops_floor = self.rate * _DEEPEST_CUT
        self._drops_at = now
        self._go_on_at(max(self._drops_floor, min(self.rate, self._offered(self._epoch, now)) / 2), now)

    def round_over(self, now: float) -> None:
        """A round ended. Whoever is asked from here on was silent once: the share of answers says no more."""
        self._turn_over(now, now)
        self._first_round = False
        self._round_canaries = self._round_survived = 0
        self._unproven = True

    def _feel(self, felt: Felt) -> None:
        for epoch in (self._epoch, *reversed(self._open)):
            if felt.sent_at >= epoch.begin:
                epoch.answered += felt.answered
                if felt.sent_at >= epoch.clean_from:
                    epoch.survived += felt.answered
                    epoch.lost += felt.lost
                return
        for epoch in reversed(self._judged):
            if felt.sent_at >= epoch.begin:
                if felt.answered and felt.sent_at >= epoch.clean_from:
                    self._path.late(epoch.rate)
                return

    def _turn_over(self, end: float, begin: float) -> None:
        """End the epoch and begin the next."""
        epoch = self._epoch
        if epoch.spent:
            epoch.end = end
            offered = self._offered(epoch, end)
            self._slow = offered < 0.75 * epoch.rate
            if self._slow:
                epoch.rate = offered
            self._open.append(epoch)
        self._epoch = _Epoch(begin, self.rate)
        if begin > end:
            self._tainted = _QUEUE

    def _offered(self, epoch: _Epoch, end: float) -> float:
        """What left in a second; its rate where the epoch is too short to tell."""
        seconds = end - epoch.begin
        if seconds < 5 * _GRAIN_SECONDS or seconds * epoch.rate < 20:
            return epoch.rate
        return max(KIND_LEAST_RATE, min(epoch.rate, epoch.spent / seconds))

    def _weigh(self, epoch: _Epoch, log: Log, now: float) -> bool:
        """All answers to ``epoch`` are in: take them as evidence, and say whether it is any."""
        sent, answered = log.tally(epoch.clean_from, epoch.end) if self._first_round else (0, 0)
        self._judged.append(epoch)
        canaries, survived = epoch.survived + epoch.lost, epoch.survived
        self._canaries += canaries
        self._round_canaries += canaries
        self._round_survived += survived
        self._heard += survived + answered
        self._path.add(epoch.rate, canaries=canaries, survived=survived, probes=sent, answered=answered, now=now)
        if epoch.begin >= self._changed_at:
            for place, number in enumerate((canaries, survived, sent, answered)):
                self._fresh[place] += number
        return bool(canaries or answered or sent * (self._path.density or 0.0) >= 1)

    def _judge(self, now: float) -> None:
        """Go down where the evidence says so."""
        fit = self._path.fit()
        self._ceiling = fit.ceiling
        certain = _CERTAIN if self._left or self._first_round else _LAST_WORD
        if fit.certainty >= certain and fit.ceiling < self.rate:
            if self._recovering or not self._met:  # what spoke for a higher rate was the queue, or the path of before
                self._recovering = False
                self._verified = min(self._verified, fit.limit)
            self._met = True
            self.limit = max(KIND_LEAST_RATE, fit.limit)
            self._step = _STEP
            self._go_on_at(max(_BELOW * fit.limit, _DEEPEST_CUT * self.rate), now)
        if fit.carried:
            self._path.learn()
        elif fit.ceiling < KIND_LEAST_RATE:  # no path is as narrow as that: its hosts are silent at any rate
            self._path.learn_silence()
        elif fit.certainty >= _CERTAIN:
            self._path.learn(fit.limit)

    def _grow(self, log: Log, times: RoundTrips, now: float) -> None:
        """Go up where nothing speaks against it."""
        if self._slow or now < self._changed_at + (_HOLD_SECONDS if self._met else self._pause):
            return
        if self._verified >= self._cap <= self.rate:
            return
        recovering = self._met and self.rate < _FAR_BELOW * self._verified
        if recovering:  # after an outage: what was carried before is tried at once
            self._step = 2.0
        needed = _ENOUGH if recovering or not self._met else 2 / (self._step - 1)
        canaries, survived, probes, answered = self._evidence(log, times, now)
        path = self._path
        if canaries >= needed and survived >= _FINE * path.survival * canaries:
            good = True
        elif path.density is not None and path.density * probes >= 4 * needed:
            good = answered >= _FINE * path.density * probes
        else:
            good = not self._met and probes >= _ENOUGH and answered >= 0.9 * probes
        if good:
            self._recovering = recovering
            self._verified = max(self._verified, self.rate)
            if recovering:
                self._path.forget_above(self.rate)
                self._ceiling = math.inf
            self._up(min(self.rate * self._step, _BELOW * self._ceiling), now)
            return
        waited = now - self._changed_at
        if self._met:
            enough = canaries >= _SCARCE and waited > _SCARCE_SECONDS
            if enough and survived >= _FINE * path.survival * canaries:
                self._up(min(self.rate * (1 + 2 / canaries), _BELOW * self._ceiling), now)
        elif self._pause:
            self._up(min(self.rate * 2, _BELOW * self._ceiling), now)
        elif waited > _BLIND_SECONDS and (not self._left or not self._heard):
            silence = self._spent / _SILENCE_SECONDS if not self._heard and self._first_round else 0.0
            blind = max(self._blind, silence) if not self._heard else _BLIND_RATE
            self._up(min(self.rate * 2, blind, _BELOW * self._ceiling), now)

    def _evidence(self, log: Log, times: RoundTrips, now: float) -> tuple[int, int, int, int]:
        """What is known of the present rate: canaries, survived, first probes, answered, as far as they are due."""
        due = now - times.usual
        canaries, survived, probes, answered = self._fresh
        for epoch in (*self._open, self._epoch):
            if epoch.begin < self._changed_at:
                continue
            # A gentle rate need not wait until the queue would be full.
            begin = epoch.begin if self.rate < _GENTLE_RATE else epoch.clean_from
            asked = bisect_left(epoch.canaries, due) - bisect_left(epoch.canaries, begin)
            if asked > 0:
                canaries += asked
                survived += min(asked, epoch.answered if self.rate < _GENTLE_RATE else epoch.survived)
            if self._first_round and begin < due:
                tally = log.tally(begin, min(epoch.end, due))
                probes += tally[0]
                answered += tally[1]
        return canaries, survived, probes, answered

    def _up(self, rate: float, now: float) -> None:
        if rate > self.rate:
            if self._met:
                self._step = min(2.0, 1 + (self._step - 1) * _STEP_GROWTH)
                if self.limit is not None and rate > self.limit:
                    self.limit = rate / _STEP
            self._go_on_at(rate, now)

    def _go_on_at(self, rate: float, now: float) -> None:
        rate = min(self._cap, max(min(KIND_LEAST_RATE, self._cap), rate))
        if rate > self.rate:
            self._tainted = _QUEUE
        self._turn_over(now, now)
        self._changed_at = now
        self._fresh = [0, 0, 0, 0]
        self._bucket.set_rate(rate, rate * (_HELD_BURST_SECONDS if self._met else self._burst_seconds), now)
        self._epoch.rate = rate


def make_pacer(rate: float | Literal["max"] | None, now: float, *, sharers: int = 1) -> Pacer:
    """Make the pacer of a sweep at ``rate`` packets a second, at the most that the path carries, or kind (None).

    It is one of so many ``sharers``: each starts with its share, and keeps to its share of the kind cap.
    """
    if rate is None:
        return Pacer(
            now,
            start=KIND_START_RATE / sharers,
            cap=KIND_RATE / sharers,
            blind=KIND_RATE / sharers,
            burst=KIND_BURST_SECONDS,
            pause=KIND_GROWTH_SECONDS,
        )
    if rate == "max":
        start, blind = _MAX_START_RATE / sharers, _BLIND_RATE / sharers
        return Pacer(now, start=start, cap=_MOST_RATE, blind=blind, burst=KIND_BURST_SECONDS, pause=0.0)
    start = min(float(rate), _TRUSTED_RATE)
    return Pacer(now, start=start, cap=float(rate), blind=float(rate), burst=_BURST_SECONDS, pause=0.0)
