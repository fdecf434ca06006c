"""Links and a stand-in of the sweep in virtual time: what paths do to packets, without a socket."""

import random
from bisect import bisect_left
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from ptscan.sweep.canaries import Canaries
from ptscan.sweep.pacer import Pacer
from ptscan.sweep.round_trips import RoundTrips


class Link:
    """Carries ``capacity`` packets a second out of a queue of ``queue``, drops the rest and a share ``loss`` at random.

    Answers come after ``latency`` seconds and up to ``jitter`` more. ``capacity`` may be a function of the time.
    """

    def __init__(
        self,
        capacity: float | Callable[[float], float] = float("inf"),
        *,
        queue: int = 200,
        loss: float = 0.0,
        latency: float = 0.001,
        jitter: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._capacity = capacity
        self._queue = queue
        self._loss = loss
        self._latency = latency
        self._jitter = jitter
        self._luck = random.Random(seed)
        self._filled = 0.0
        self._as_of = 0.0
        self.carried = self.offered = 0

    def round_trip(self, now: float, *, known: bool) -> float | None:
        """Take a packet to a host, ``known`` when it was asked before: seconds until its answer, None when lost."""
        self.offered += 1
        capacity = self._capacity(now) if callable(self._capacity) else self._capacity
        wait = 0.0
        if capacity != float("inf"):
            self._filled = max(0.0, self._filled - (now - self._as_of) * capacity)
            self._as_of = now
            if self._filled + 1 > self._queue:
                return None
            self._filled += 1
            wait = self._filled / max(capacity, 1e-9)
        if not self.admits(now, known=known):
            return None
        self.carried += 1
        luck = self._luck.random
        if self._loss and luck() < self._loss:
            return None
        return wait + self._latency + (self._jitter * luck() if self._jitter else 0.0)

    def admits(self, now: float, *, known: bool) -> bool:
        """Whether a packet passes that the queue had room for."""
        return True


class SlowRouter(Link):
    """Resolves ``news`` new hosts a second; above that it loses everything for ``dead`` seconds (0: the new ones)."""

    def __init__(self, news: float, *, dead: float, latency: float = 0.001, seed: int = 0) -> None:
        super().__init__(latency=latency, seed=seed)
        self._news = news
        self._dead = dead
        self._tokens = self._burst = max(1.0, news * 0.1)
        self._refilled_at = 0.0
        self._dead_until = -1.0

    def admits(self, now: float, *, known: bool) -> bool:
        if now < self._dead_until:
            return False
        if known:
            return True
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._news)
        self._refilled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return True
        self._dead_until = now + self._dead
        return False


class Outcome:
    """How a sweep went."""

    def __init__(self) -> None:
        self.hosts = self.found = self.probes = self.canaries = self.carried = 0
        self.seconds = self.sending = 0.0
        self.rounds = 0
        self.by_round: list[tuple[int, float]] = []
        self.limit: float | None = None
        self.rates: list[tuple[float, float]] = []

    @property
    def is_complete(self) -> bool:
        """Whether 99.9 % of the answering hosts were found, or all but two where they are few."""
        return self.hosts - self.found <= max(2, 0.001 * self.hosts)

    @property
    def share(self) -> float:
        """What part of the answering hosts was found."""
        return self.found / self.hosts if self.hosts else 1.0


_MOST_ROUNDS: Final = 5
_ROUNDS: Final = 3


def sweep(
    pacer: Pacer,
    link: Link,
    *,
    targets: int = 65_536,
    density: float = 1.0,
    liars: float = 0.0,
    timeout: float = 1.0,
    machine: float = 400_000.0,
    seed: int = 0,
    seconds: float = 600.0,
) -> Outcome:
    """Sweep ``targets`` of which a share ``density`` answers over ``link``; a share of ``liars`` of them only once.

    ``machine`` is how many packets a second this machine can send at all.
    """
    luck = random.Random(seed)
    outcome = Outcome()
    answering = (
        bytearray(luck.random() < density for _ in range(targets)) if density < 1 else bytearray(b"\1" * targets)
    )
    outcome.hosts = sum(answering)
    lying = {p for p in range(targets) if answering[p] and luck.random() < liars} if liars else set()
    found = bytearray(targets)
    asked = bytearray(targets)
    times = RoundTrips(timeout)
    canaries = Canaries(uses=_MOST_ROUNDS - 1, key=b"secret")
    log = _Log()
    silent = list(range(targets))
    arrivals: list[tuple[float, int, int, float, int]] = []  # when, position or id, batch, sent at, round
    now, cursor, round_, new_in_round = 0.0, 0, 0, 0
    left_at = [0.0] * targets
    rounds_left = _ROUNDS
    free_at = 0.0
    while now < seconds:
        while arrivals and arrivals[0][0] <= now:
            at, what, batch, sent_at, in_round = heappop(arrivals)
            if in_round < 0:
                trip = canaries.answered(what, now=at)
                if trip is not None:
                    times.rtt(trip)
                continue
            times.rtt(at - sent_at)
            if in_round == 0:
                log.answers[batch] += 1
            if not found[what]:
                found[what] = 1
                outcome.found += 1
                new_in_round += 1
                canaries.known(what, 0, asked=asked[what])
        pacer.review(canaries.expire(now, times.patience), log, times, now=now)
        if cursor >= len(silent):
            if outcome.found == outcome.hosts == targets:
                break
            ends_at = left_at[silent[-1]] + timeout if silent else now
            if round_ + 1 >= rounds_left:
                # Those that the last round missed are to those it found as what was lost to what was not.
                if now >= ends_at:
                    if round_ + 1 < _MOST_ROUNDS and new_in_round * pacer.loss > 0.0003 * outcome.found:
                        rounds_left += 1
                    else:
                        break
                else:
                    now = min(ends_at, arrivals[0][0]) if arrivals else ends_at
                    continue
            outcome.by_round.append((new_in_round, pacer.loss))
            outcome.rounds = round_ = round_ + 1
            silent = [p for p in silent if not found[p]]
            cursor = new_in_round = 0
            pacer.round_over(now)
            if not silent:
                break
        position = silent[cursor]
        again = min(timeout, 2 * times.patience)
        if round_ and left_at[position] + again > now:
            wake = left_at[position] + again
            now = max(now + 1e-6, min(wake, arrivals[0][0] if arrivals else wake))
            continue
        allowance = pacer.allowance(now) if now >= free_at else 0
        if allowance <= 0:
            wake = max(free_at, pacer.ready_at())
            now = max(now + 1e-6, min(wake, max(arrivals[0][0], now + 0.0002) if arrivals else wake))
            continue
        ahead = len(silent) - cursor + (rounds_left - round_ - 1) * len(silent)
        allowance = min(allowance, 256)
        places = pacer.canary_places(
            allowance, left=canaries.left, ready=canaries.ready(now, most=allowance), ahead=ahead
        )
        birds = canaries.take(len(places), now)
        turns = set(places[: len(birds)])
        sent = 0
        batch = log.begin(now) if round_ == 0 else -1
        for turn in range(allowance):
            if turn in turns:
                position, _, request_id = birds.pop()
                outcome.canaries += 1
                trip = None if position in lying else link.round_trip(now, known=True)
                if trip is not None:
                    heappush(arrivals, (now + trip, request_id, 0, now, -1))
                continue
            while cursor < len(silent) and found[silent[cursor]]:
                cursor += 1
            if cursor >= len(silent) or (round_ and left_at[silent[cursor]] + again > now):
                continue
            position = silent[cursor]
            cursor += 1
            sent += 1
            left_at[position] = now
            asked[position] += 1
            trip = link.round_trip(now, known=round_ > 0)
            if trip is not None and answering[position]:
                heappush(arrivals, (now + trip, position, batch, now, round_))
        pacer.spend(sent + len(turns), canaries=len(turns))
        if round_ == 0:
            log.sizes[-1] += sent
        outcome.probes += sent
        free_at = now + sent / machine
        outcome.sending = now
        if not outcome.rates or outcome.rates[-1][1] != pacer.rate:
            outcome.rates.append((now, pacer.rate))
    outcome.seconds = now
    outcome.limit = pacer.limit
    outcome.carried = link.carried
    return outcome


class _Log:
    """Batches of the first round."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.sizes: list[int] = []
        self.answers: list[int] = []

    def begin(self, now: float) -> int:
        self.times.append(now)
        self.sizes.append(0)
        self.answers.append(0)
        return len(self.times) - 1

    def tally(self, begin: float, end: float) -> tuple[int, int]:
        span = slice(bisect_left(self.times, begin), bisect_left(self.times, end))
        return sum(self.sizes[span]), sum(self.answers[span])
