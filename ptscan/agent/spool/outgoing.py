"""What is on its way to the collector, what was refused and waits for another try, and where the next look begins.

A reply speaks of one batch. A record that was refused goes out again behind later ones, so that a reply to those says
nothing of it, though its number is lower.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

from proto_schema import UploadReply
from ptscan.agent.spool import limits


class _Flight(NamedTuple):
    """The numbers of one batch, in ascending order."""

    epoch: str
    numbers: list[int]

    def has(self, number: int) -> bool:
        place = bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number


class Outgoing:
    """The book of a spool's hand-outs; numbers are of the spool, unique over its epochs."""

    def __init__(self) -> None:
        self.cursor = 0
        """Everything up to here was leased, settled, or is held."""
        self.leased: dict[int, tuple[str, int]] = {}
        """On its way: number -> epoch, octets."""
        self.held: dict[int, float] = {}
        """Refused: number -> not before."""
        self._flights: list[_Flight] = []
        self._meanwhile: set[int] | None = None

    def low(self) -> int:
        """Return the lowest number that may wait."""
        return min((self.cursor + 1, *self.leased, *self.held))

    def due(self, now: float) -> None:
        """Let go out again what was held long enough."""
        for number in [number for number, due in self.held.items() if due <= now]:
            del self.held[number]
            self.rewind(number)

    def rewind(self, number: int) -> None:
        """Look at ``number`` again."""
        self.cursor = min(self.cursor, number - 1)

    def send(self, epoch: str, leased: dict[int, int], cursor: int) -> None:
        """Note one batch: number -> octets, in ascending order; everything up to ``cursor`` was looked at."""
        self.cursor = cursor
        if leased:
            self.leased |= {number: (epoch, octets) for number, octets in leased.items()}
            self._flights.append(_Flight(epoch, list(leased)))

    def refused_by(self, reply: UploadReply) -> dict[int, str]:
        """Return which numbers on their way ``reply`` refuses, and why."""
        return {
            refusal.sequence: f"{refusal.code}: {refusal.text}"[: limits.REASON_CHARACTERS]
            for refusal in reply.refused
            if self.leased.get(refusal.sequence, ("", 0))[0] == reply.epoch
        }

    def stored_by(self, reply: UploadReply) -> list[int]:
        """Return which numbers ``reply`` calls stored: those of the earliest batch that has its ``upto``."""
        for flight in self._flights:
            if flight.epoch == reply.epoch and flight.has(reply.upto):
                refused = {refusal.sequence for refusal in reply.refused}
                return [n for n in flight.numbers if n <= reply.upto and n in self.leased and n not in refused]
        return []

    def land(self, number: int) -> int:
        """Note that ``number`` is settled; return its octets."""
        if self._meanwhile is not None:
            self._meanwhile.add(number)
            if len(self._meanwhile) > limits.MEANWHILE_RECORDS:
                self._meanwhile = None
        return self.leased.pop(number)[1]

    def begin_meanwhile(self) -> None:
        """Remember what lands from now on."""
        self._meanwhile = set()

    def end_meanwhile(self) -> set[int]:
        """Return what landed since, and remember no more; nothing, where it was too much to remember."""
        landed, self._meanwhile = self._meanwhile or set(), None
        return landed

    def hold(self, number: int, until: float) -> None:
        """Note that ``number`` was refused, and goes out again, but not before ``until``."""
        del self.leased[number]
        self.held[number] = until

    def forget_landed(self) -> None:
        """Forget the batches of which nothing is on its way."""
        self._flights = [flight for flight in self._flights if any(n in self.leased for n in flight.numbers)]

    def release(self) -> None:
        """Take back all that is on its way."""
        if self.leased:
            self.rewind(min(self.leased))
            self.leased.clear()
        self._flights.clear()

    def keep(self, waits: Callable[[int], bool], lowest: int) -> None:
        """Begin anew at ``lowest``, the first number that waits; what is out stays so, where it still ``waits``."""
        self.leased = {number: lease for number, lease in self.leased.items() if waits(number)}
        self.held = {number: due for number, due in self.held.items() if waits(number)}
        self.cursor = lowest - 1
