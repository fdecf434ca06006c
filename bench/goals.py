"""What we aim at, and the figures that show whether we are there: the first table of docs/benchmarks.md."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import bench_codec
import bench_completeness
import bench_long
import bench_memory
import bench_ship
import bench_sweep
import bench_usm
from harness import Results
from harness.results import beside
from harness.table import shown

Known: TypeAlias = Mapping[str, Results]
OURS: Final = "ptscan"


class Goal(NamedTuple):
    """A target in words, and what was seen of it: None where it was not measured."""

    what: str
    bound: float
    unit: str
    at_least: bool
    seen: Callable[[Known], float | None]
    of: str = ""

    @property
    def target(self) -> str:
        """The target as the table says it."""
        return f"{'at least' if self.at_least else 'at most'} {shown(self.bound, self.unit)} {self.of}".strip()

    def is_met(self, figure: float) -> bool:
        """Whether ``figure`` is good enough."""
        return figure >= self.bound if self.at_least else figure <= self.bound


def seen(bench: str, case: str, name: str = OURS, column: str = "") -> Callable[[Known], float | None]:
    """The median of a contestant in a case, or of what stands in ``column`` beside it."""

    def look(known: Known) -> float | None:
        if bench not in known:
            return None
        results = known[bench]
        entry = next((entry for entry in results.entries if entry.name == name), None)
        asked = next((each for each in results.bench.cases if each.name == case), None)
        if entry is None or asked is None:
            return None
        if not column:
            return results.median(asked, entry)
        wanted = next(each for each in asked.beside if each.name == column)
        return beside(entry.samples.get(case, []), wanted)

    return look


def ratio(bench: str, case: str, rival: str) -> Callable[[Known], float | None]:
    """How many times as good we are as ``rival``."""

    def look(known: Known) -> float | None:
        if bench not in known:
            return None
        results = known[bench]
        entry = next((entry for entry in results.entries if entry.name == rival), None)
        asked = next((each for each in results.bench.cases if each.name == case), None)
        return results.ratio(asked, entry) if asked and entry else None

    return look


def worst(known: Known) -> float | None:
    """The smallest share that any ptscan found over any bad path in any round."""
    if "completeness" not in known:
        return None
    entries = [entry for entry in known["completeness"].entries if entry.name.startswith(OURS)]
    return min(
        (sample.value for entry in entries for samples in entry.samples.values() for sample in samples), default=None
    )


GOALS: Final = (
    Goal("sweep of a /16, all answer", 0.9, "", True, ratio("sweep", bench_sweep.ITSELF, "C limit"), "of C's speed"),
    Goal(
        "sweep where 5 % answer, three rounds", 200_000, "", True,
        seen("sweep", bench_sweep.SPARSE, column="probes/s"), "probes/s",
    ),
    Goal("`ptscan sweep --rate max` of a /16, whole process", 0.4, "s", False, seen("sweep", bench_sweep.WHOLE), "s"),
    Goal("the same: found", 1.0, "%", True, seen("sweep", bench_sweep.WHOLE, column="found")),
    Goal("found over every bad path, at any rate, the worst of all sweeps", 0.999, "%", True, worst),
    Goal(
        "`--rate max` through a narrow link, all answer", 0.8, "%", True,
        seen("completeness", bench_completeness.NARROW_ALL.name, "ptscan --rate max", "of ideal"), "of the ideal speed",
    ),
    Goal(
        "the same, 5 % answer", 0.6, "%", True,
        seen("completeness", bench_completeness.NARROW.name, "ptscan --rate max", "of ideal"), "of the ideal speed",
    ),
    Goal("1,000 hosts at once, a GET each", 4.0, "", True, ratio("client", "1,000 hosts at once", "gufo-snmp"),
         "times gufo-snmp"),
    Goal("GETBULK walk of one host", 1.6, "", True, ratio("client", "GETBULK walk", "gufo-snmp"), "times gufo-snmp"),
    Goal("GETs of one host, one after the other", 1.3, "", True, ratio("client", "sequential GET", "gufo-snmp"),
         "times gufo-snmp"),
    Goal("SNMPv3: 1,000 new devices at once, from passwords", 1.0, "", True,
         ratio("usm", bench_usm.PASSWORDS.name, "gufo-snmp"), "of gufo-snmp"),
    Goal("SNMPv3: authPriv GETs of one device", 20.0, "", True, ratio("usm", bench_usm.GET.name, "pysnmp"),
         "times pysnmp"),
    Goal("the same", 0.85, "", True, ratio("usm", bench_usm.GET.name, "gufo-snmp (sync)"),
         "of gufo-snmp's blocking client"),
    Goal("encode a GET of 10", 1.0, "", False, seen("codec", bench_codec.AGAIN), "µs"),
    Goal("decode 60 varbinds of a known shape, each", 0.12, "", False, seen("codec", bench_codec.POLLED), "µs"),
    Goal("decode 60 varbinds without a memory, each", 0.8, "", False, seen("codec", bench_codec.SIXTY), "µs"),
    Goal("the same with one, always others", 0.8, "", False, seen("codec", bench_codec.NEWS), "µs"),
    Goal("memory of a sweep of a /16", 40.0, "", False, seen("memory", bench_memory.SWEEP), "MB"),
    Goal("memory of an idle client", 32.0, "", False, seen("memory", bench_memory.IDLE), "MB"),
    Goal("readings from spool to store, SQLite", 20_000, "", True,
         seen("ship", bench_ship.SHIPPED.name, bench_ship.SQLITE), "readings/s"),
    Goal("the same, PostgreSQL", 20_000, "", True,
         seen("ship", bench_ship.SHIPPED.name, bench_ship.POSTGRESQL), "readings/s"),
    Goal("memory of an agent of 1,000 printers, at rest", 60.0, "", False,
         seen("ship", bench_ship.REST.name, bench_ship.SQLITE), "MB"),
    Goal("memory of a sweep of a /8", 150.0, "", False, seen("long", bench_long.CASE, column="resident"), "MB"),
)  # fmt: skip


def table(known: Known) -> str:
    """The goals as a section of the page."""
    lines = ["## Targets", "", "| what | target | seen | |", "| --- | --: | --: | --- |"]
    for goal in GOALS:
        figure = goal.seen(known)
        if figure is None:
            lines.append(f"| {goal.what} | {goal.target} | | not measured |")
        else:
            judged = "met" if goal.is_met(figure) else "**missed**"
            lines.append(f"| {goal.what} | {goal.target} | {shown(figure, goal.unit)} | {judged} |")
    return "\n".join([*lines, ""])
