"""A station's SNMP engine: how long it has been on, and what it counts; pure (RFC 3411, RFC 3414 section 2.2)."""

from collections import Counter
from typing import Final

from codec import Report

TIME_WINDOW: Final = 150
"""Seconds by which a request's time may differ (RFC 3414 section 2.2.3)."""

MOST: Final = 0x7FFF_FFFF
"""The largest engine boots, with which no request is timely any more, and the largest engine time."""


class Engine:
    """One station's engine. ``uptime`` is its engine time, in seconds, when the simulation began."""

    __slots__ = ("_began", "_boots", "_counts", "_salt", "engine_id")

    def __init__(self, engine_id: bytes, *, boots: int = 1, uptime: int = 0) -> None:
        self.engine_id: Final = engine_id
        self._boots = boots
        self._began = -float(uptime)
        self._salt = 0
        self._counts: Counter[Report] = Counter()

    def times(self, now: float) -> tuple[int, int]:
        """Engine boots and engine time; where time has no room left, boots go up (RFC 3414 section 2.2.2)."""
        full, time = divmod(int(now - self._began), MOST + 1)
        return min(self._boots + full, MOST), time

    def reboot(self, now: float) -> None:
        """Begin anew: boots go up by one, time and all counters are 0."""
        self._boots = min(self.times(now)[0] + 1, MOST)
        self._began = now
        self._counts.clear()

    def count(self, report: Report) -> int:
        """Count one more of what ``report`` counts; gives the new number."""
        self._counts[report] += 1
        return self._counts[report] & 0xFFFF_FFFF

    def next_salt(self) -> bytes:
        """Eight octets that come once: boots, and a number that goes up (RFC 3414 section 8.1.1.1)."""
        self._salt = self._salt + 1 & 0xFFFF_FFFF
        return (self._boots << 32 | self._salt).to_bytes(8, "big")


def timely(boots: int, time: int, times: tuple[int, int]) -> bool:
    """Whether a request that says ``boots`` and ``time`` is in the time window (RFC 3414 section 3.2, 7a)."""
    return boots == times[0] != MOST and abs(time - times[1]) <= TIME_WINDOW
