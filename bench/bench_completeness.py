"""How many of those that answer are found when the path is bad: lossy, narrow, slow.

python bench/bench_completeness.py [--rounds N] [--seconds S] [--out FILE]     (as root: with zmap and masscan)
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from harness import Absent, Bench, Case, Column, Contestant, Sample, main
from harness.namespaces import BLOCK, Pair, available, joined, trickle
from harness.target import Network, Place, build
from sweepers import Entry, Sweeper, taking_part
from tools import masscan, net_snmp, onesixtyone, ptscan, python_rival, zmap

ALL: Final = 10_000
FEW: Final = 500
SEEDS: Final = 3  # how often ptscan sweeps where most is lost, each time with other luck
ENOUGH: Final = 0.999  # who finds less has no ideal speed to be held against


@dataclass(frozen=True, slots=True)
class Path:
    """A way to the devices, and how it is called."""

    name: str
    density: int = FEW
    loss: int = 0
    rate: int = 0
    latency_ms: int = 0

    def place(self, pair: Pair | None) -> Place:
        """Where it is played: in namespaces, or on loopback where there are none."""
        addresses, port = (BLOCK, 161) if pair else ("127.90.0.0/16", 19161)
        network = Network(
            addresses=addresses,
            port=port,
            density=self.density,
            loss=self.loss,
            rate=self.rate,
            queue=200,
            latency_ms=self.latency_ms,
        )
        return Place(network, pair.near, pair.far) if pair else Place(network)


CLEAN: Final = Path("5 % answer, 1 % of the packets lost", loss=100)
LOSSY: Final = Path("5 % answer, 10 % of the packets lost", loss=1_000)
NARROW: Final = Path("5 % answer, a link of 20,000 packets/s with a queue of 200", rate=20_000)
NARROW_ALL: Final = Path("all answer, the same link", density=ALL, rate=20_000)
SLOW: Final = Path("5 % answer, 300 ms away", latency_ms=300)
PATHS: Final = (CLEAN, LOSSY, NARROW, NARROW_ALL, SLOW)

COLUMNS: Final = (Column("whole", "s"), Column("asking", "s"), Column("probes each", ""), Column("of ideal", "%"))
BENCH: Final = Bench(
    "completeness",
    "Completeness",
    "65,536 addresses; the share that is found of those that answer. Requests are lost as well as answers, with the "
    "same odds each: at 10 %, 19 % of the exchanges fail. The link has a queue with tail drop: delay grows first, then "
    "packets are lost. *probes each*: requests that left, for each address. *of ideal*, for who finds 99.9 %: the time "
    "that the link needs for one request to each that answers and three to each that is silent, of the time from the "
    "first request to the last.",
    tuple(Case(path.name, "%", better="more", beside=COLUMNS) for path in PATHS),
)


def judge(sample: Sample, *, path: Path) -> Sample:
    """Make the share that was found the main figure."""
    beside = {"whole": sample.value, "asking": sample.beside["asking"], "probes each": sample.beside["probes"]}
    found = sample.beside["found"]
    if path.rate and found >= ENOUGH:
        silent = 1 - path.density / ALL
        beside["of ideal"] = 65_536 * (1 + 2 * silent) / path.rate / sample.beside["asking"]
    return Sample(found, beside, sample.note)


def everywhere(pair: Pair | None) -> Iterator[Sweeper | Absent]:
    """Who sweeps over every path."""
    yield ptscan("ptscan")
    yield ptscan("ptscan --rate max", "--rate", "max")
    yield onesixtyone("onesixtyone -w 0", 0)
    if pair:
        yield zmap("zmap, 50,000/s, 3 probes", "-r", "50000", "-P", "3", "-c", "1", **pair.way)
    else:
        yield Absent("zmap", "needs network namespaces, and those root")


def over_the_worst(pair: Pair | None) -> Iterator[Sweeper | Absent]:
    """Who sweeps over the two worst paths."""
    yield ptscan("ptscan --rate 50000", "--rate", "50000")
    if pair:
        yield masscan("masscan, 20,000/s, 2 retries", 20_000, "--retries", "2", **pair.way)
    else:
        yield Absent("masscan", "needs network namespaces, and those root")


def once(pair: Pair | None) -> Iterator[Sweeper | Absent]:
    """Who is so slow that one path has to do, and for most a part of the addresses."""
    yield onesixtyone("onesixtyone", None, hosts=256)
    if pair:
        yield zmap("zmap", **pair.way)
    yield net_snmp(256, hosts=1024)
    yield python_rival("gufo-snmp", "gufo_sweep.py", 1000, hosts=2048)
    yield python_rival("pysnmp", "pysnmp_sweep.py", 500, hosts=1024)


def contestants(pair: Pair | None) -> Sequence[Contestant | Absent]:
    """Everybody, over all paths or over some."""
    entries = [
        Entry(path.name, path.place(pair), sweeper, _rounds(path, sweeper), partial(judge, path=path))
        for sweepers, paths in ((everywhere, PATHS), (over_the_worst, (LOSSY, NARROW)), (once, (LOSSY,)))
        for sweeper in sweepers(pair)
        for path in paths
    ]
    return taking_part(entries)


def _rounds(path: Path, sweeper: Sweeper | Absent) -> int:
    return SEEDS if path is LOSSY and sweeper.name in ("ptscan", "ptscan --rate max") else 1


def run() -> int:
    """Measure in namespaces where they can be had, else on loopback."""
    if (missing := build()) is not None:
        return main(BENCH, lambda: [missing])
    with ExitStack() as stack:
        pair = None if available() else stack.enter_context(joined())
        if pair:
            stack.enter_context(trickle(pair))
        return main(BENCH, lambda: contestants(pair), rounds=SEEDS, seconds=330)


if __name__ == "__main__":
    sys.exit(run())
