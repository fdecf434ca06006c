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
do without evidence (``pacing``).
"""

import math
from collections.abc import Iterable
from typing import Final

from ptscan.sweep.bucket import TokenBucket
from ptscan.sweep.canaries import Felt
from ptscan.sweep.canary_places import CanaryPlaces
from ptscan.sweep.epochs import Epochs, Evidence, Log
from ptscan.sweep.limits import LEAST_RATE
from ptscan.sweep.path import Path
from ptscan.sweep.round_trips import RoundTrips

_GRAIN_SECONDS: Final = 0.002  # packets of as many seconds leave together: no storm of wake-ups, no long burst
_HELD_BURST_SECONDS: Final = 0.005  # what a late wake-up may make good where the path has shown its limit
_IDLE_SECONDS: Final = 0.02  # a pause that ends an epoch
_PAUSE_SECONDS: Final = 0.05  # one after which nothing is made good

FIRST_RATE: Final = 10_000.0
"""Packets a second with which a sweep begins that knows nothing of the path and is not kind."""

BLIND_RATE: Final = 25_000.0
"""Packets a second above which it does not go without evidence."""

_GENTLE_RATE: Final = 40_000.0  # below, good news need not come from behind a full queue
_BLIND_SECONDS: Final = 0.5  # between two steps up without evidence
_SILENCE_SECONDS: Final = 1.5  # of probes that nobody answered: what a blind sweep may send in a second

_CERTAIN: Final = 4.0  # nats for a limit
_LAST_WORD: Final = 1.0  # where no more canaries can be had
_BELOW: Final = 0.98  # of the limit
_DEEPEST_CUT: Final = 0.25
_DROPS_SECONDS: Final = 1.0  # between two drops of this machine that are one misfortune
_PROVEN: Final = 0.7  # of a rate, for which evidence spoke, so that it needs no more

_LOOK_SECONDS: Final = 0.001  # between two looks at whether it may go up
_STEP: Final = 1.05
_STEP_GROWTH: Final = 1.5
_DOUBLE: Final = 2.0
_HOLD_SECONDS: Final = 0.4
_ENOUGH: Final = 8  # canaries for a doubling
_FINE: Final = 0.8  # of the expected answers
_SCARCE_SECONDS: Final = 1.0  # after which a step is tried with little evidence
_FAR_BELOW: Final = 0.5  # what was carried before: that is tried at once

_DENSE: Final = 0.4  # share of targets that answer, from which on canaries are left out
_CANARY_SHARE: Final = 0.04
_FIRST_SHARE: Final = 0.2
_FIRST_CANARIES: Final = 64
_URGENT: Final = 4.0  # times as many while a new rate has to prove itself
_URGENT_SECONDS: Final = 1.0
_DEAF_SECONDS: Final = 3.0  # without any sign of life, after which silence is no question of the rate
_DEAF_LOSSES: Final = 12  # answers that should have come meanwhile
_LEAST_LOSS: Final = 0.05  # of a round: canaries don't feel it all


class Pacer:
    """Starts at ``start`` packets a second ``now`` and never passes ``cap``; see ``pacing``.

    Without evidence it goes up to ``blind``. ``burst`` is what a late wake-up may make good, in seconds, with at most
    ``ceiling`` packets in any second; ``pause`` is how many seconds lie at least between two doublings.
    """

    def __init__(
        self,
        now: float,
        *,
        start: float,
        cap: float,
        blind: float,
        burst: float,
        pause: float,
        ceiling: float = math.inf,
    ) -> None:
        self._cap = cap
        self._blind = blind
        self._burst_seconds = burst
        self._pause = pause
        self._bucket = TokenBucket(start, start * burst, now, ceiling=ceiling)
        self._epochs = Epochs(now, start)
        self._path = Path()
        self._places = CanaryPlaces()
        self._now = self._spent_at = self._changed_at = self._look_at = now
        self._first_round = True
        self._met = False  # whether a limit was ever met
        self._ceiling = math.inf
        self._step = _DOUBLE
        self._verified = 0.0  # the highest rate that evidence spoke for
        self._unproven = False  # whether a round began of which nobody looked whether its rate was ever verified
        self._recovering = False
        self._spent = self._heard = self._left = 0
        self._canaries = self._round_canaries = self._round_survived = 0
        self._alive_at = now  # the last sign of life
        self._unheard = 0.0  # answers that should have come since
        self._before_cut = start
        self.is_deaf = False
        """Whether those who should answer are silent at any rate: the path is gone, or they are."""
        self._drops_at = -math.inf
        self._drops_floor = 0.0
        self.limit: float | None = None
        """Packets a second that the path was found to carry; None while no limit was met."""

    @property
    def rate(self) -> float:
        """Packets a second at present."""
        return self._bucket.rate

    @property
    def loss(self) -> float:
        """The share that the path lost in this round, roughly: what those found in it are to those it left behind."""
        lost = self._round_canaries - self._round_survived
        return max(_LEAST_LOSS, (lost + 1) / (self._round_canaries + 10))

    # --- what may leave ---

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``, canaries among them."""
        self._now = now
        paused = now - self._spent_at
        if paused > _IDLE_SECONDS and paused > 2 / self.rate:
            if paused > _PAUSE_SECONDS or not self._spent:
                self._bucket.allowance(now)
                self._bucket.drain(max(1.0, self.rate * _GRAIN_SECONDS))
            self._epochs.turn_over(self._spent_at, now)
        return self._bucket.allowance(now)

    def spend(self, packets: int, *, canaries: int = 0) -> None:
        """``packets`` left, as many as the allowance at most, with so many ``canaries`` among them."""
        if packets:
            self._bucket.spend(packets)
            self._epochs.spend(packets, canaries, self._now)
            self._spent += packets
            self._spent_at = self._now

    def ready_at(self) -> float:
        """The instant from which a worthwhile number of packets may leave, as of the last allowance."""
        return self._bucket.ready_at(max(1.0, self.rate * _GRAIN_SECONDS))

    def canary_places(self, packets: int, *, left: int, ready: int, ahead: int) -> list[int]:
        """Which of the next ``packets`` should be canaries: their places, ascending.

        ``left`` can be had in all, ``ready`` of them now; ``ahead`` is about how many probes are still to be sent in
        the whole sweep.
        """
        self._left = left
        share = self._wanted_share(left, ahead)
        if not share:
            return []
        return self._places.among(packets, share=share, rate=self.rate, spent=self._spent, ready=ready)

    def _wanted_share(self, left: int, ahead: int) -> float:
        if not left or (self._first_round and (self._path.density or 0.0) > _DENSE):
            return 0.0
        if self._epochs.is_tainted and (self._met or not self._first_round):
            return 0.0
        if self._canaries < _FIRST_CANARIES and not self._met:
            return _FIRST_SHARE
        if not self._met and self._verified < self._cap:
            return _CANARY_SHARE
        # So many that they last: as many for each probe as are left, or as each probe of this round brings in.
        lasting = max(left / max(1, ahead), self._heard / max(1, self._spent) if self._first_round else 0.0)
        return min(_CANARY_SHARE, lasting * (_URGENT if self._now - self._changed_at < _URGENT_SECONDS else 1.0))

    # --- what became of it ---

    def review(self, felt: Iterable[Felt], log: Log, times: RoundTrips, *, now: float) -> None:
        """Learn from what was ``felt`` of canaries and from the first round's ``log``; go faster or slower."""
        for one in felt:
            late_at = self._epochs.feel(one)
            if late_at is not None:
                self._path.late(late_at)
        if self._unproven and (self._heard or self._left):
            self._unproven = False
            if self._verified < _PROVEN * self.rate:  # somebody is there, and nothing speaks for this rate
                self._go_on_at(min(self.rate, max(FIRST_RATE, self._verified)), now)
        self._epochs.turn_over_when_full(now)
        first_round = log if self._first_round else None
        if self._weigh(first_round, times.patience, now):
            self._judge(now)
        self._grow(first_round, times, now)

    def lost(self, now: float) -> None:
        """The machine itself lost packets: halve the rate, but not below a quarter in one go of such losses."""
        if now - self._drops_at > _DROPS_SECONDS:
            self._drops_floor = self.rate * _DEEPEST_CUT
        self._drops_at = now
        self._go_on_at(max(self._drops_floor, self._epochs.current.offered(now) / 2), now)

    def round_over(self, now: float) -> None:
        """A round ended. Whoever is asked from here on was silent once: the share of answers says no more."""
        self._epochs.turn_over(now, now)
        self._first_round = False
        self._round_canaries = self._round_survived = 0
        self._unproven = True

    def _weigh(self, log: Log | None, patience: float, now: float) -> bool:
        """Take as evidence the epochs whose answers are in; say whether there was any."""
        fresh = False
        for rate, evidence in self._epochs.ripe(log, patience, now):
            canaries, survived, probes, answered = evidence
            self._canaries += canaries
            self._round_canaries += canaries
            self._round_survived += survived
            self._heard += survived + answered
            self._listen(evidence, now)
            if self.is_deaf:
                continue
            self._path.add(rate, canaries=canaries, survived=survived, probes=probes, answered=answered, now=now)
            fresh |= bool(canaries or answered or probes * (self._path.density or 0.0) >= 1)
        return fresh

    def _listen(self, evidence: Evidence, now: float) -> None:
        """Tell a path that is gone from one that is narrow: nothing gets through however slowly one goes.

        Then there is nothing to be gained by crawling: go on as before until somebody is heard.
        """
        canaries, survived, probes, answered = evidence
        if survived or (answered and not canaries):
            self._alive_at, self._unheard, self.is_deaf = now, 0.0, False
            return
        self._unheard += canaries + probes * (self._path.density or 0.0)
        late = now - self._alive_at > _DEAF_SECONDS
        if self._met and late and self._unheard >= _DEAF_LOSSES and not self.is_deaf:
            self.is_deaf = True
            self._met = False
            self.limit = None
            self._path, self._ceiling, self._step = Path(), math.inf, _DOUBLE
            self._go_on_at(min(self._before_cut, max(self._blind, BLIND_RATE)), now)

    def _judge(self, now: float) -> None:
        """Go down where the evidence says so."""
        fit = self._path.fit()
        self._ceiling = fit.ceiling
        certain = _CERTAIN if self._left or self._first_round else _LAST_WORD
        if fit.certainty >= certain and fit.ceiling < self.rate:
            if self._recovering or not self._met:  # what spoke for a higher rate was the queue, or the path of before
                self._recovering = False
                self._verified = min(self._verified, fit.limit)
            if not self._met:
                self._before_cut = self.rate
            self._met = True
            self.limit = max(LEAST_RATE, fit.limit)
            self._step = _STEP
            self._go_on_at(max(_BELOW * fit.limit, _DEEPEST_CUT * self.rate), now)
        if fit.carried:
            self._path.learn()
        elif fit.ceiling < LEAST_RATE:  # no path is as narrow as that: its hosts are silent at any rate
            self._path.learn_silence()
        elif fit.certainty >= _CERTAIN:
            self._path.learn(fit.limit)

    def _grow(self, log: Log | None, times: RoundTrips, now: float) -> None:
        """Go up where nothing speaks against it."""
        waited = now - self._changed_at
        if self._epochs.short_of_rate or now < self._look_at or waited < (_HOLD_SECONDS if self._met else self._pause):
            return
        self._look_at = now + _LOOK_SECONDS
        if self._verified >= self._cap <= self.rate:
            return
        recovering = self._met and self.rate < _FAR_BELOW * self._verified
        if recovering:  # from an outage
            self._step = _DOUBLE
        needed = _ENOUGH if recovering or not self._met else 2 / (self._step - 1)
        path = self._path
        gently = self.rate < _GENTLE_RATE
        canaries, survived, probes, answered = self._epochs.of_rate(log, now - times.usual, gently=gently)
        fine = survived >= _FINE * path.survival * canaries
        if canaries >= needed and fine:
            good = True
        elif path.density is not None and path.density * probes >= 4 * needed:
            good = answered >= _FINE * path.density * probes
        else:
            good = not self._met and probes >= _ENOUGH and answered >= 0.9 * probes
        if good:
            self._recovering = recovering
            self._verified = max(self._verified, self.rate)
            if recovering:
                path.forget_above(self.rate)
                self._ceiling = math.inf
            self._up(self.rate * self._step, now)
        elif self._met:
            if canaries >= _ENOUGH and fine and waited > _SCARCE_SECONDS:
                self._up(self.rate * (1 + 2 / canaries), now)
        elif self._pause:
            self._up(self.rate * _DOUBLE, now)
        elif waited > _BLIND_SECONDS and not (self._left and self._heard):
            silence = self._spent / _SILENCE_SECONDS if self._first_round else 0.0
            self._up(min(self.rate * _DOUBLE, BLIND_RATE if self._heard else max(self._blind, silence)), now)

    def _up(self, rate: float, now: float) -> None:
        rate = min(rate, self._cap, _BELOW * self._ceiling)
        if rate <= self.rate:
            return
        if self._met:
            self._step = min(_DOUBLE, 1 + (self._step - 1) * _STEP_GROWTH)
            if self.limit is not None and rate > self.limit:
                self.limit = rate / _STEP
        self._go_on_at(rate, now)

    def _go_on_at(self, rate: float, now: float) -> None:
        rate = min(self._cap, max(min(LEAST_RATE, self._cap), rate))
        self._epochs.go_on_at(rate, now)
        self._bucket.set_rate(rate, rate * (_HELD_BURST_SECONDS if self._met else self._burst_seconds), now)
        self._changed_at = now
