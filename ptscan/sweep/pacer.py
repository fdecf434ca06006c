"""When the next probes may leave: token buckets, the kind caps, and growth while nothing is lost. Time is an argument.

A pacer says how many packets may leave ``now`` and is told how many did. :class:`Pacer` itself never holds back,
:class:`FixedPacer` keeps one rate exactly, :class:`KindPacer` feels its way up to the kind cap; :class:`SubnetLimit`
stands beside the kind pacer and caps what goes into each /24 (for IPv6, each /120).
"""

import math
from collections.abc import Sequence
from typing import Final

from ptscan.sweep.limits import (
    KIND_BURST_SECONDS,
    KIND_GROWTH_SECONDS,
    KIND_LEAST_RATE,
    KIND_RATE,
    KIND_START_RATE,
    KIND_SUBNET_BURST,
    KIND_SUBNET_RATE,
)

_BURST_SECONDS: Final = 0.05  # what a late wake-up may make good; at 1/s it still is one packet
_ANY_NUMBER: Final = 1 << 30
_GRAIN_SECONDS: Final = 0.002  # packets of as many seconds leave together, so that a fast rate is no storm of wake-ups
_SUBNETS_KEPT: Final = 65_536
_ENOUGH: Final = 30  # answers that make a share which means something
_STRETCH_SECONDS: Final = 0.1  # how long a stretch lasts at least before it is judged
_CUT_SECONDS: Final = 3.0  # how long the rate stays after a cut


class Pacer:
    """How many packets may leave, and when the next ones: any number at once, for ``--rate max``.

    The others derive from it. What befell the packets is told to every pacer; most learn nothing from it.
    """

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``."""
        return _ANY_NUMBER

    def spend(self, packets: int) -> None:
        """``packets`` left, as many as the allowance at most."""

    def ready_at(self, now: float) -> float:
        """The instant from which a worthwhile number of packets may leave."""
        return now

    def judge(self, sent: int, answered: int, sent_at: float, now: float) -> None:
        """Of ``sent`` probes of the first round that left at ``sent_at``, ``answered`` were answered in time."""

    def lost(self, now: float) -> None:
        """The machine itself lost packets."""

    def first_round_over(self) -> None:
        """Whoever is asked from here on was silent once: the share of answers says no more."""


class TokenBucket:
    """``rate`` packets a second, ``burst`` at once after a pause: in any t seconds at most rate * t + burst leave."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._tokens = 1.0
        self._as_of = now

    @property
    def rate(self) -> float:
        """Packets a second."""
        return self._rate

    def set_rate(self, rate: float, burst: float, now: float) -> None:
        """Go on at another rate from ``now``."""
        self._refill(now)
        self._rate, self._burst = rate, max(1.0, burst)

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``."""
        self._refill(now)
        # A billionth of a packet is the clock's rounding and no reason to wake up once more.
        return int(self._tokens + 1e-9)

    def spend(self, packets: int) -> None:
        """Take ``packets`` out."""
        self._tokens -= packets

    def ready_at(self, packets: float) -> float:
        """The instant from which ``packets`` may leave, at most a burst of them."""
        missing = min(packets, self._burst) - self._tokens
        return self._as_of + max(0.0, missing) / self._rate

    def _refill(self, now: float) -> None:
        if now > self._as_of:
            self._tokens = min(self._burst, self._tokens + (now - self._as_of) * self._rate)
            self._as_of = now


class FixedPacer(Pacer):
    """Exactly ``rate`` packets a second, as asked for, from ``now``."""

    def __init__(self, rate: float, now: float) -> None:
        self._bucket = TokenBucket(rate, rate * _BURST_SECONDS, now)

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``."""
        return self._bucket.allowance(now)

    def spend(self, packets: int) -> None:
        """``packets`` left."""
        self._bucket.spend(packets)

    def ready_at(self, now: float) -> float:
        """The instant from which a worthwhile number of packets may leave."""
        return self._bucket.ready_at(max(1.0, self._bucket.rate * _GRAIN_SECONDS))


class KindPacer(FixedPacer):
    """Starts at 1,000 packets/s, doubles every half second while nothing is lost, never passes the kind cap.

    What is loss? The order samples the targets evenly, so every stretch of the first round should be answered by the
    same share as the gentle beginning was, within chance. A stretch that falls clearly short of it shows what the path
    carries, its answers over what a fair share had been: the rate goes just below that, then grows by little steps.
    In later rounds, which go to the silent only, nothing can be learned, and a path that lost something is not pushed.
    """

    def __init__(self, now: float) -> None:
        super().__init__(KIND_START_RATE, now)
        self._go_on_at(KIND_START_RATE, now)
        self._growth = 2.0
        self._grows_at = now + KIND_GROWTH_SECONDS
        self._cut_at = -math.inf
        self._fair = _Stretch()
        self._stretch = _Stretch()

    @property
    def rate(self) -> float:
        """Packets a second at present."""
        return self._bucket.rate

    def allowance(self, now: float) -> int:
        """Packets that may leave ``now``."""
        if now >= self._grows_at:
            self._grows_at = now + KIND_GROWTH_SECONDS
            self._go_on_at(self.rate * self._growth, now)
        return super().allowance(now)

    def judge(self, sent: int, answered: int, sent_at: float, now: float) -> None:
        """Of ``sent`` probes of the first round that left at ``sent_at``, ``answered`` were answered in time."""
        if sent_at < self._cut_at:
            return  # sent before the last cut, which was the reply to it
        stretch = self._stretch
        stretch.add(sent, answered, sent_at)
        if not self._fair.sent:  # the gentle beginning is what the rest is held against
            if stretch.answered >= _ENOUGH:
                self._accept()
            return
        share = self._fair.answered / self._fair.sent
        expected = stretch.sent * share
        if expected < _ENOUGH or stretch.seconds < _STRETCH_SECONDS:
            return
        short = expected - stretch.answered
        chance = math.sqrt(expected * (1 - share)) + 1
        if short > max(3 * chance, 0.02 * expected):
            carried = stretch.sent / stretch.seconds * stretch.answered / expected
            self._cut(max(0.9 * carried, self.rate / 4), now)
        elif short > chance:
            self._stretch = _Stretch()  # doubtful: no verdict, and no measure for others
        else:
            self._accept()

    def lost(self, now: float) -> None:
        """The machine itself lost packets."""
        self._cut(self.rate / 2, now)

    def first_round_over(self) -> None:
        """From here on, there is nothing to learn from."""
        if self._cut_at > -math.inf:
            self._grows_at = math.inf

    def _accept(self) -> None:
        self._fair.sent += self._stretch.sent
        self._fair.answered += self._stretch.answered
        self._stretch = _Stretch()

    def _cut(self, rate: float, now: float) -> None:
        """Go down to ``rate`` and stay there for a while."""
        self._stretch = _Stretch()
        self._cut_at = now
        self._growth = 1.05
        self._grows_at = max(self._grows_at, now + _CUT_SECONDS)
        self._go_on_at(min(self.rate, rate), now)

    def _go_on_at(self, rate: float, now: float) -> None:
        rate = min(KIND_RATE, max(KIND_LEAST_RATE, rate))
        self._bucket.set_rate(rate, rate * KIND_BURST_SECONDS, now)


class _Stretch:
    """Probes of some time: how many were sent, how many of them answered, how long it lasted."""

    __slots__ = ("answered", "begun_at", "seconds", "sent")

    def __init__(self) -> None:
        self.sent = self.answered = 0
        self.begun_at = math.inf
        self.seconds = 0.0

    def add(self, sent: int, answered: int, sent_at: float) -> None:
        self.sent += sent
        self.answered += answered
        self.begun_at = min(self.begun_at, sent_at)
        self.seconds = sent_at - self.begun_at


class SubnetLimit:
    """At most 100 packets in any second into one /24: 96 a second, four at once (a leaky bucket per subnet, GCRA)."""

    def __init__(self) -> None:
        self._free_at: dict[int, float] = {}  # when the subnet's bucket is empty again: its theoretical arrival time
        self._interval = 1.0 / KIND_SUBNET_RATE
        self._tolerance = (KIND_SUBNET_BURST - 1) * self._interval

    def admit(self, addresses: Sequence[int], now: float) -> int:
        """Say how many of the first ``addresses`` may be sent ``now``, and count them as sent."""
        free_at, interval, limit = self._free_at, self._interval, now + self._tolerance
        for admitted, address in enumerate(addresses):
            subnet = address >> 8
            due = free_at.get(subnet, now)
            if due > limit:
                return admitted
            free_at[subnet] = (due if due > now else now) + interval
        if len(free_at) > _SUBNETS_KEPT:
            self._free_at = {subnet: due for subnet, due in free_at.items() if due > now}
        return len(addresses)

    def ready_at(self, address: int, now: float) -> float:
        """The instant from which a packet may go to ``address``."""
        return max(now, self._free_at.get(address >> 8, now) - self._tolerance)
