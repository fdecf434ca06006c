"""What happened in a run, for its report."""

from collections import Counter
from dataclasses import dataclass, field

_CRIES = 50
_SAME = 5


class HopelessError(Exception):
    """So much went wrong that the run ends."""


@dataclass
class Tally:
    """What happened in a run, for its report."""

    kills: Counter[str] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    """Spooled, stored and refused."""
    starts: dict[str, list[float]] = field(default_factory=lambda: {"agent": [], "collector": []})
    cold_starts: dict[str, list[float]] = field(default_factory=lambda: {"agent": [], "collector": []})
    heals: list[tuple[str, float]] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    """What the spools told of their files."""
    refused_starts: int = 0
    """On a disk that was full."""
    faults: Counter[str] = field(default_factory=Counter)
    """What must not be, by its name."""
    examples: list[str] = field(default_factory=list)

    def cry(self, fault: str, text: str, count: int = 1) -> None:
        self.faults[fault] += count
        if self.faults[fault] <= _SAME * count:
            self.examples.append(f"{fault}: {text}")
        if sum(self.faults.values()) > _CRIES:
            raise HopelessError
