"""What a bench measured: every sample, who gave it, on which machine; and the statistics of it."""

import statistics
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, field


class Column(Struct, frozen=True):
    """A figure that stands beside the main one, such as the share of hosts found; the unit "%" takes shares of 1."""

    name: str
    unit: str


class Case(Struct, frozen=True):
    """One thing that is measured; a unit of "%" means that the values are shares of 1."""

    name: str
    unit: str
    better: Literal["less", "more"] = "less"
    beside: tuple[Column, ...] = ()
    plotted: bool = True


class Bench(Struct, frozen=True):
    """What is measured and how it is drawn. ``matrix``: cases as rows, contestants as columns, for many cases."""

    name: str
    title: str
    about: str
    cases: tuple[Case, ...]
    ours: str = "ptscan"
    matrix: bool = False


class Sample(Struct, frozen=True):
    """One measurement: its value, what stands beside it by column, and what the reader has to know of it."""

    value: float
    beside: dict[str, float] = {}
    note: str = ""


class Entry(Struct):
    """One contestant: its version, its samples by case, and what it could not do by case (or "" for everything)."""

    name: str
    version: str = ""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Results(Struct):
    """All that one run of a bench gave."""

    bench: Bench
    machine: str
    when: str
    entries: list[Entry]
    rounds: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def is_plotted(self) -> bool:
        """Whether there is anything to draw."""
        return any(self.values(case, entry) for case in self.bench.cases if case.plotted for entry in self.entries)

    def values(self, case: Case, entry: Entry) -> list[float]:
        """The samples of a case, without what stands beside them."""
        return [sample.value for sample in entry.samples.get(case.name, ())]

    def median(self, case: Case, entry: Entry) -> float | None:
        """The median of a case's samples; None where there are none."""
        values = self.values(case, entry)
        return statistics.median(values) if values else None

    def ratio(self, case: Case, entry: Entry) -> float | None:
        """How many times as good as ``entry`` we are; below 1 it is the better one. None where that says nothing."""
        ours = next((self.median(case, each) for each in self.entries if each.name == self.bench.ours), None)
        theirs = self.median(case, entry)
        if not ours or not theirs:
            return None
        return theirs / ours if case.better == "less" else ours / theirs


def beside(samples: Sequence[Sample], column: Column) -> float | None:
    """The median of what stands in ``column``."""
    values = [sample.beside[column.name] for sample in samples if column.name in sample.beside]
    return statistics.median(values) if values else None
