"""What a sweep came to, its parts summed up, and what of it a person should be told. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ptscan.cli.words import counted
from ptscan.sweep import SweepSummary

_MENDS: Final = {
    "Network is unreachable": "this machine has no route there",
    "No route to host": "this machine has no route there",
    "Operation not permitted": "a firewall of this machine or a missing permission forbids it",
    "Permission denied": "a firewall of this machine or a missing permission forbids it",
}


@dataclass
class Tally:
    """The counts of all parts of a sweep."""

    hosts: int = 0
    answered: int = 0
    probes: int = 0
    unreachable: int = 0
    kernel_drops: int = 0
    unsent: Counter[str] = field(default_factory=Counter)
    without_credential: int = 0
    failed_parts: list[str] = field(default_factory=list)

    def add(self, summary: SweepSummary) -> None:
        """Count one part in."""
        self.hosts += summary.hosts
        self.answered += summary.answered
        self.probes += summary.probes
        self.unreachable += summary.unreachable
        self.kernel_drops += summary.kernel_drops
        self.unsent.update(summary.send_errors)
        self.without_credential += summary.without_credential

    def faults(self) -> Iterator[str]:
        """Name what was not done: a line each."""
        yield from self.failed_parts
        for reason, count in self.unsent.items():
            mend = _MENDS.get(reason)
            yield f"{counted(count, 'probe')} could not be sent: {reason}" + (f": {mend}" if mend else "")
        if self.without_credential:
            addresses = counted(self.without_credential, "address", "addresses")
            yield f"{addresses} not probed: no credential may be sent there: see networks in the credentials file"
