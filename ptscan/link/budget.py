"""What a peer may do so often: a bucket that fills with time and empties with each frame. Pure."""


class Budget:
    """At most ``burst`` at once and ``rate`` a second in the long run."""

    __slots__ = ("_burst", "_left", "_rate", "_since")

    def __init__(self, burst: int, rate: float, *, now: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = float(burst)
        self._since = now

    def spend(self, count: int = 1, *, now: float) -> bool:
        """Take ``count`` out of the bucket; False where it does not hold that many."""
        self._left = min(self._burst, self._left + max(0.0, now - self._since) * self._rate)
        self._since = max(self._since, now)
        self._left -= count
        return self._left >= 0

    def earn(self, count: int) -> None:
        """Put ``count`` back, for work of ours that the peer may well answer; never more than it holds."""
        self._left = min(self._burst, self._left + count)
