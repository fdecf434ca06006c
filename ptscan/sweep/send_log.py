"""When each batch of probes left: what is in flight, what has timed out, and how long an answer took.

Probes leave in one ascending sequence (round by round, position by position), so a batch is an interval of it and a
look-up is a bisection: one entry a batch, none a host.
``settled`` means that an answer came, or word that the probe did not arrive.
"""

from bisect import bisect_left, bisect_right

from ptscan.sweep.limits import SEND_LOG_ENTRIES


class SendLog:
    """Batches that left, with ``timeout`` seconds for an answer."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._firsts: list[int] = []  # the sequence number of each batch's first probe
        self._times: list[float] = []
        self._sizes: list[int] = []
        self._open: list[int] = []  # probes of each batch that nobody has said a word about
        self._answers: list[int] = []
        self._head = 0  # the first batch that has not timed out
        self.in_flight = 0
        """Probes that are neither settled nor timed out."""

    def sent(self, first: int, count: int, now: float) -> None:
        """A batch of ``count`` probes, the first with sequence number ``first``, left ``now``."""
        self._firsts.append(first)
        self._times.append(now)
        self._sizes.append(count)
        self._open.append(count)
        self._answers.append(0)
        self.in_flight += count

    def settled(self, sequence: int, *, answered: bool, count: int = 1) -> float | None:
        """``count`` probes of the batch of ``sequence`` are ``answered``, or are known not to be: say when it left.

        None when that is forgotten. To be called once for a probe.
        """
        batch = bisect_right(self._firsts, sequence) - 1
        if batch < 0:
            return None
        self._open[batch] -= count
        self._answers[batch] += answered * count
        if batch >= self._head:
            self.in_flight -= count
        return self._times[batch]

    def sent_at(self, sequence: int) -> float | None:
        """When the probe ``sequence`` left; None when that is forgotten."""
        batch = bisect_right(self._firsts, sequence) - 1
        return None if batch < 0 else self._times[batch]

    def expire(self, now: float) -> None:
        """Close the batches that have timed out by ``now``."""
        while self._head < len(self._times) and self._times[self._head] + self.timeout <= now:
            self.in_flight -= self._open[self._head]
            self._head += 1
        if self._head > 2 * SEND_LOG_ENTRIES:
            forgotten = self._head - SEND_LOG_ENTRIES
            for column in (self._firsts, self._sizes, self._open, self._answers):
                del column[:forgotten]
            del self._times[:forgotten]
            self._head -= forgotten

    def last_before(self, sequence: int) -> float | None:
        """When the last probe before ``sequence`` left, or whatever left before it; None when nothing is in flight."""
        if not self.in_flight or self._head == len(self._firsts):
            return None
        return self._times[max(0, bisect_left(self._firsts, sequence) - 1)]

    def tally(self, begin: float, end: float) -> tuple[int, int]:
        """How many probes left from ``begin`` until before ``end``, and how many of them were answered so far."""
        span = slice(bisect_left(self._times, begin), bisect_left(self._times, end))
        return sum(self._sizes[span]), sum(self._answers[span])

    def oldest(self) -> int | None:
        """The sequence number of the first probe that has not timed out; None when nothing is in flight."""
        return self._firsts[self._head] if self._head < len(self._firsts) else None

    def next_timeout(self) -> float | None:
        """The instant at which the oldest open batch times out; None when nothing is in flight."""
        return self._times[self._head] + self.timeout if self._head < len(self._times) else None
