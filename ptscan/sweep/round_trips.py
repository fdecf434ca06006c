"""How long answers take on this path, and how long to wait before a probe counts as lost."""

from typing import Final

_LEAST_PATIENCE: Final = 0.02
_TAIL_DECAY: Final = 0.004  # with the rise of a quarter, about one answer in fifty takes longer than the tail


class RoundTrips:
    """Round-trip times in the manner of RFC 6298, with a tail for jitter that is no bell curve.

    ``timeout`` in seconds is the patience until something was measured, and its bound ever after.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._mean = self._deviation = self._tail = 0.0
        self._measured = False

    def rtt(self, seconds: float) -> None:
        """An answer took ``seconds``."""
        if not self._measured:
            self._measured = True
            self._mean, self._deviation, self._tail = seconds, seconds / 2, seconds
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
        self._mean += (seconds - self._mean) / 8
        if seconds > self._tail:
            self._tail += (seconds - self._tail) / 4
        else:
            self._tail -= (self._tail - self._mean) * _TAIL_DECAY

    @property
    def patience(self) -> float:
        """Seconds after which a probe that nobody answered counts as lost; it may be answered later all the same."""
        if not self._measured:
            return self._timeout
        return min(self._timeout, max(_LEAST_PATIENCE, self._mean + 4 * self._deviation, 1.5 * self._tail))

    @property
    def usual(self) -> float:
        """Seconds after which most answers are there; the time-out until something was measured."""
        if not self._measured:
            return self._timeout
        return min(self._timeout, self._mean + 2 * self._deviation)
