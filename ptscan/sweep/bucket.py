"""A token bucket: one rate, kept exactly."""

import math
from collections import deque


class TokenBucket:
    """``rate`` packets a second, ``burst`` at once after a pause: in any t seconds at most rate * t + burst leave.

    And at most ``ceiling`` in any one second, so that making good what a late wake-up left undone may take its time.
    """

    def __init__(self, rate: float, burst: float, now: float, *, ceiling: float = math.inf) -> None:
        self._rate = rate
        self._ceiling = ceiling
        self._second: deque[tuple[float, int]] = deque()  # when how many left, within one second; where it matters
        self._in_second = 0
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
        while self._second and self._second[0][0] <= now - 1.0:
            self._in_second -= self._second.popleft()[1]
        # A billionth of a packet is the clock's rounding and no reason to wake up once more.
        return int(min(self._tokens + 1e-9, self._ceiling - self._in_second))

    def spend(self, packets: int) -> None:
        """Take ``packets`` out, at the instant of the allowance."""
        self._tokens -= packets
        if self._ceiling < math.inf:
            self._second.append((self._as_of, packets))
            self._in_second += packets

    def drain(self, packets: float) -> None:
        """Leave ``packets`` in it at most: what a pause saved up shall not leave as one burst."""
        self._tokens = min(self._tokens, packets)

    def ready_at(self, packets: float) -> float:
        """The instant from which ``packets`` may leave, at most a burst of them."""
        missing = min(packets, self._burst) - self._tokens
        ready_at = self._as_of + max(0.0, missing) / self._rate
        too_many = self._in_second + packets - self._ceiling
        for left_at, left in self._second:
            if too_many <= 0:
                break
            ready_at = max(ready_at, left_at + 1.0)
            too_many -= left
        return ready_at

    def _refill(self, now: float) -> None:
        if now > self._as_of:
            self._tokens = min(self._burst, self._tokens + (now - self._as_of) * self._rate)
            self._as_of = now
