"""What a round came to, in numbers and in words. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from proto_schema import clip
from ptscan.sweep import Sighting, SweepSummary

_NAMED: Final = 100  # addresses in a sweep's text; a message holds fewer


def printable(text: str) -> str:
    """As much of a text as can be written down: half a surrogate pair, of a file's name, say, becomes a ?."""
    return text.encode("utf-8", "replace").decode()


@dataclass
class Result:
    """What a round came to."""

    verb: str
    addresses: int
    answered: int = 0
    printers: int = 0
    """That were read, each counted once."""
    spooled: int = 0
    """Readings that are in the spool."""
    others: int = 0
    """What answered and is no printer."""
    closed: int = 0
    """SNMPv3 devices that let nobody in."""
    unread: int = 0
    """What was found, or named, and could not be read."""
    turned_away: int = 0
    """Readings that the spool did not take."""
    kinds: Counter[str] = field(default_factory=Counter)
    """What a sweep found, by its kind."""
    named: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What was not done, and why."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.faults or self.unread or self.turned_away)

    @property
    def text(self) -> str:
        """What a person wants to know."""
        return clip("; ".join([*self._counts(), *self.faults, *self.named]))

    def add(self, summary: SweepSummary) -> None:
        """Count a sweep in."""
        self.answered += summary.answered
        self.faults += [f"{count:,} probes could not be sent: {why}" for why, count in summary.send_errors.items()]
        if summary.late_drops and summary.answered < summary.hosts:
            self.faults.append(f"{summary.late_drops:,} answers found no room in this machine: lower the rate")
        if summary.fell_silent:
            self.faults.append("who had answered fell silent and stayed so: is the network still there?")
        if summary.without_credential:
            self.faults.append(f"{summary.without_credential:,} addresses not asked: no credential may be sent there")

    def list(self, sighting: Sighting) -> None:
        """Count and name what a sweep found."""
        self.kinds[sighting.kind] += 1
        if sighting.kind != "other" and len(self.named) < _NAMED:
            self.named.append(f"{sighting.address} {sighting.sys_name or sighting.kind}")

    def _counts(self) -> Iterator[str]:
        answered = f"{self.answered:,} of {self.addresses:,} addresses answered"
        if self.verb == "sweep":
            yield answered
            yield (
                ", ".join(f"{count:,} {_KINDS[kind]}" for kind, count in sorted(self.kinds.items())) or "nothing found"
            )
            return
        yield f"{self.printers:,} {'printer' if self.printers == 1 else 'printers'} read"
        if self.others:
            yield f"{self.others:,} other devices"
        if self.closed:
            yield f"{self.closed:,} let nobody in: see this agent's credentials"
        if self.unread:
            yield f"{self.unread:,} could not be read"
        if self.turned_away:
            yield f"{self.turned_away:,} readings not taken by the spool"
        yield answered if self.verb == "scan" else f"{self.addresses:,} asked"


_KINDS: Final = {"printer": "printers", "other": "other devices", "unknown": "of unknown kind"}
