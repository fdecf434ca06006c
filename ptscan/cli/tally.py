"""What a sweep came to, its parts summed up, and what of it a person should be told. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ptscan.cli.words import Words, counted
from ptscan.sweep import SweepSummary

_MENDS: Final = {
    "Network is unreachable": "this machine has no route there",
    "No route to host": "this machine has no route there",
    "Operation not permitted": "a firewall of this machine or a missing permission forbids it",
    "Permission denied": "a firewall of this machine or a missing permission forbids it",
}
_REPEATED: Final = 1_000  # answers that came more than once, as they do on any path that loses some
_ROOM: Final = "raise net.core.rmem_max, or give a lower --rate"


@dataclass
class Tally:
    """The counts of all parts of a sweep."""

    hosts: int = 0
    answered: int = 0
    probes: int = 0
    unreachable: int = 0
    kernel_drops: int = 0
    late_drops: int = 0
    path_limit: float = 0.0
    fell_silent: bool = False
    rubbish: int = 0
    repeated: int = 0
    unsent: Counter[str] = field(default_factory=Counter)
    without_credential: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    """SNMPv3 devices that opened to no user, by how that ended."""
    unfit: int = 0
    """Those of them that know the user and should have opened: a fault of a scan, which may miss a printer."""
    unasked: int = 0
    """SNMPv3 devices that nobody was named for."""
    failed_parts: list[str] = field(default_factory=list)

    def add(self, summary: SweepSummary) -> None:
        """Count one part in."""
        self.hosts += summary.hosts
        self.answered += summary.answered
        self.probes += summary.probes
        self.unreachable += summary.unreachable
        self.kernel_drops += summary.kernel_drops
        self.late_drops += summary.late_drops
        self.path_limit += summary.path_limit or 0.0
        self.fell_silent |= summary.fell_silent
        self.rubbish += summary.malformed + summary.refused
        self.repeated += summary.duplicates
        self.unsent.update(summary.send_errors)
        self.without_credential += summary.without_credential

    def tell(self, words: Words) -> int:
        """Say all of it, and return how many faults there were."""
        for remark in self.remarks():
            words.say(remark)
        faults = list(self.faults())
        for fault in faults:
            words.complain(fault)
        return len(faults)

    def remarks(self) -> Iterator[str]:
        """Say what a person may want to know, though nothing is lost by it: a line each."""
        if self.path_limit:
            yield f"the path carries about {_rounded(self.path_limit):,} packets/s: slowed down to that"
        if again := self.kernel_drops - self._lost_here():
            answers = counted(again, "answer")
            yield f"{answers} found no room in this machine's buffers, and were asked for again: {_ROOM}"
        if self.rubbish:
            datagrams = counted(self.rubbish, "datagram")
            yield f"{datagrams} passed over: garbage, answers to nobody's question, or a community that a device denies"
        if self.repeated > max(_REPEATED, self.answered):
            yield f"{counted(self.repeated, 'answer')} came again and again: each device counts once"
        if self.closed and not self.unfit:
            yield self._closed_line()
        if self.unasked:
            devices = counted(self.unasked, "SNMPv3 device")
            yield f"{devices} not looked into: name a user of theirs with --credentials FILE"

    def _closed_line(self) -> str:
        reasons = ", ".join(f"{count:,} {reason.replace('-', ' ')}" for reason, count in self.closed.most_common())
        devices = counted(self.closed.total(), "SNMPv3 device")
        return f"{devices} answered to no user: {reasons}: ptscan credentials check FILE ADDRESS says more"

    def _lost_here(self) -> int:
        """Answers that were dropped when nobody was asked again; nothing is lost where everybody was heard."""
        return self.late_drops if self.answered < self.hosts else 0

    def faults(self) -> Iterator[str]:
        """Name what was not done: a line each."""
        yield from self.failed_parts
        for reason, count in self.unsent.items():
            mend = _MENDS.get(reason)
            yield f"{counted(count, 'probe')} could not be sent: {reason}" + (f": {mend}" if mend else "")
        if lost := self._lost_here():
            answers = counted(lost, "answer")
            yield (
                f"{answers} of the last round found no room in this machine's buffers: devices may be missing: {_ROOM}"
            )
        if self.fell_silent:
            yield "who had answered fell silent and stayed so: devices may be missing: is the network still there?"
        if self.unfit:
            yield self._closed_line()
        if self.without_credential:
            addresses = counted(self.without_credential, "address", "addresses")
            yield f"{addresses} not probed: no credential may be sent there: see networks in the credentials file"


def _rounded(number: float) -> int:
    """Return three digits of ``number``: as sure as it is."""
    whole = round(number)
    return round(whole, 3 - len(str(whole)))
