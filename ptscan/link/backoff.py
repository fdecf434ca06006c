"""How long to wait before the next attempt: exponential, with full jitter, so that a crowd comes back spread. Pure."""

from random import Random

from ptscan.link import limits


class Backoff:
    """Each wait is drawn evenly from nothing to a bound that doubles, up to BACKOFF_MOST_SECONDS."""

    __slots__ = ("_bound", "_random")

    def __init__(self, random: Random) -> None:
        self._random = random
        self._bound = limits.BACKOFF_FIRST_SECONDS

    def next(self) -> float:
        """Seconds to wait now."""
        wait = self._random.uniform(0.0, self._bound)
        self._bound = min(2 * self._bound, limits.BACKOFF_MOST_SECONDS)
        return wait

    def reset(self) -> None:
        """It went well: the next wait is short again."""
        self._bound = limits.BACKOFF_FIRST_SECONDS
