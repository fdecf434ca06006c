"""A token bucket: one rate, kept exactly."""


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

    def drain(self, packets: float) -> None:
        """Leave ``packets`` in it at most: what a pause saved up shall not leave as one burst."""
        self._tokens = min(self._tokens, packets)

    def ready_at(self, packets: float) -> float:
        """The instant from which ``packets`` may leave, at most a burst of them."""
        missing = min(packets, self._burst) - self._tokens
        return self._as_of + max(0.0, missing) / self._rate

    def _refill(self, now: float) -> None:
        if now > self._as_of:
            self._tokens = min(self._burst, self._tokens + (now - self._as_of) * self._rate)
            self._as_of = now
