"""When something is to be done again: every so often, or as cron says; pure.

A time that was slept through is caught up once. A clock that jumps ahead makes everything due once; one that is set
back does nothing by itself: what was done is not done again while the clock makes up for at most ``BACK_SECONDS``, and
beyond that the new time is taken for the right one.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final, TypeAlias

import msgspec
from cronsim import CronSim

from ptscan.agent import limits
from ptscan.errors import InputError

_EVERY: Final = re.compile(r"(\d{1,9})\s*([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class ScheduleError(InputError):
    """What was written is no time."""


class Every(msgspec.Struct, frozen=True):
    """So many seconds after the last time; for the first time at once."""

    seconds: float

    def __str__(self) -> str:
        for unit in "dhm":
            if not self.seconds % _SECONDS[unit]:
                return f"every {self.seconds / _SECONDS[unit]:g}{unit}"
        return f"every {self.seconds:g}s"


class Cron(msgspec.Struct, frozen=True):
    """At the times of five fields, in local time."""

    text: str

    def __str__(self) -> str:
        return f"cron {self.text}"


Timing: TypeAlias = Every | Cron


def parse_every(text: str) -> Every:
    """Return what ``30s``, ``15m``, ``6h`` or ``1d`` says. Raises ScheduleError."""
    found = _EVERY.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not limits.LEAST_EVERY <= seconds <= limits.MOST_EVERY:
        raise ScheduleError(f'"{text[:40]}" is no interval: write "30s", "15m", "6h" or "1d"')
    return Every(seconds)


def parse_cron(text: str) -> Cron:
    """Return what ``0 6 * * 1-5`` says. Raises ScheduleError, also for what never comes."""
    cron = Cron(" ".join(text.split()))
    fault = None
    try:
        if len(cron.text.split()) != 5:
            fault = "five fields are needed"
        else:
            next(CronSim(cron.text, datetime.fromtimestamp(0.0, UTC)))
    except Exception as error:  # its own CronSimError, or whatever a strange text makes of it
        fault = str(error) or "it is not understood"
    if fault:
        raise ScheduleError(
            f'"{text[:40]}" is no time of cron ({fault}): write minute, hour, day, month, day of week, as "0 6 * * *"'
        )
    return cron


def next_after(timing: Timing, seen_at: float, zone: Callable[[], tzinfo]) -> float | None:
    """Return when ``timing`` comes next after ``seen_at``, in seconds since 1970; None for never.

    ``zone`` tells where cron's times are; nobody else asks for it.
    """
    if isinstance(timing, Every):
        return seen_at + timing.seconds
    try:
        return next(CronSim(timing.text, datetime.fromtimestamp(seen_at, zone()))).timestamp()
    except (StopIteration, OverflowError, ValueError):  # never, or beyond the year 9999
        return None


class Agenda:
    """What comes again, by name: when each was begun last, and when it is due."""

    def __init__(self, seen: Mapping[str, float], zone: Callable[[], tzinfo]) -> None:
        self._zone = zone
        self._timings: dict[str, Timing] = {}
        self._seen = dict(seen)
        self._next: dict[str, tuple[float, float]] = {}

    @property
    def seen(self) -> dict[str, float]:
        """When each was begun last; of one that never was, since when it is known."""
        return dict(self._seen)

    def take(self, timings: Mapping[str, Timing], now: float) -> None:
        """These are all there is from ``now`` on. A new interval is due at once, a new time of cron when it comes."""
        for name, timing in timings.items():
            if self._timings.get(name, timing) != timing:
                self._next.pop(name, None)
            self._seen.setdefault(name, now - timing.seconds if isinstance(timing, Every) else now)
        self._timings = dict(timings)
        self._seen = {name: seen for name, seen in self._seen.items() if name in timings}
        self._next = {name: known for name, known in self._next.items() if name in timings}

    def due(self, now: float) -> str | None:
        """Return what is due, the one that waits longest."""
        at, name = min(self._all(now), default=(now, None))
        return name if at <= now else None

    def next_at(self, now: float) -> float | None:
        """Return when something is due next."""
        return min((at for at, _ in self._all(now)), default=None)

    def when(self, name: str, now: float) -> float | None:
        """Return when ``name`` is due next; None for never."""
        seen = self._seen[name]
        if seen > now + limits.BACK_SECONDS:
            seen = self._seen[name] = now
        known = self._next.get(name)
        if known is None or known[0] != seen:
            following = next_after(self._timings[name], seen, self._zone)
            known = self._next[name] = (seen, math.inf if following is None else following)
        return None if known[1] == math.inf else known[1]

    def begin(self, name: str, now: float) -> None:
        """It is done ``now``."""
        self._seen[name] = now

    def _all(self, now: float) -> Iterator[tuple[float, str]]:
        for name in self._timings:
            at = self.when(name, now)
            if at is not None:
                yield at, name
