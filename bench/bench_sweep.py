"""How fast whole networks on loopback are swept: ptscan, the same in C, and what else does it.

python bench/bench_sweep.py [--rounds N] [--seconds S] [--out FILE]
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import msgspec
from harness import Absent, Bench, Case, Column, Contestant, Sample, TurnError, main, package_version, timed
from harness.simulated import CAVEAT, NETWORK, SimulatedPlace
from harness.target import BUILT, Network, Place, Target, build
from sweepers import Entry, Sweeper, taking_part
from tools import c_limit, net_snmp, onesixtyone, ptscan, python_rival

PTSCAN_SWEEP: Final = Path(__file__).with_name("ptscan_sweep.py")
COLUMNS: Final = (Column("found", "%"), Column("asking", "s"), Column("cpu", "s"))
WHOLE: Final = "a /16, all answer, whole process"
ITSELF: Final = "a /16, all answer, the sweep itself"
SPARSE: Final = "a /13, 5 % answer, 3 rounds, the sweep itself"
BENCH: Final = Bench(
    "sweep",
    "Sweep",
    "Every address of a loopback network is asked for sysObjectID, sysDescr and sysName. *Whole process*: from exec to "
    "exit, the findings in a file. *asking*: from the first request to the last as the target saw them, so without "
    "start-up and the wait for late answers. *found*: checked address by address. The target is the C responder of "
    "bench/reference. *C limit* is sweep.c beside it: sendmmsg and recvmmsg, no pacing, nothing in the way.",
    (
        Case(WHOLE, "s", beside=COLUMNS),
        Case(ITSELF, "s", beside=(Column("found", "%"), Column("hosts/s", ""))),
        Case(SPARSE, "s", beside=(Column("found", "%"), Column("probes/s", ""))),
    ),
)
FULL: Final = Place(Network(addresses="127.90.0.0/16", port=19161))
FEW: Final = Place(Network(addresses="127.88.0.0/13", port=19161, density=500))


class Told(msgspec.Struct):
    """What a sweep tells of itself."""

    seconds: float
    answered: int
    probes: int


@dataclass(frozen=True, slots=True)
class ByItself:
    """A sweep that tells its own time; ``speed`` names whether hosts/s or probes/s stand beside it."""

    name: str
    version: str
    speed: str
    command: Callable[[Target], Sequence[str | Path]]

    def sweep(self, target: Target) -> Sample:
        """Sweep ``target`` once; raises TurnError when it fails or counts more than there are."""
        run = timed(self.command(target))
        if run.code:
            raise TurnError(run.stderr[-300:])
        told = msgspec.json.decode(run.stdout.splitlines()[-1], type=Told)
        if told.answered > len(target.answering):
            raise TurnError(f"it counted {told.answered:,} hosts, and {len(target.answering):,} answer")
        done = told.answered if self.speed == "hosts/s" else told.probes
        return Sample(told.seconds, {"found": told.answered / len(target.answering), self.speed: done / told.seconds})


def ours(speed: str) -> ByItself:
    """ptscan's library, as fast as the path allows, three rounds."""

    def command(target: Target) -> Sequence[str | Path]:
        first, count = IPv4Address(target.network.base), target.network.count
        return [sys.executable, PTSCAN_SWEEP, f"{first}-{first + (count - 1)}", str(target.network.port), "2"]

    return ByItself("ptscan", package_version("ptscan"), speed, command)


def limit(speed: str, *options: str) -> ByItself:
    """The same in C."""

    def command(target: Target) -> Sequence[str | Path]:
        return [BUILT / "sweep", "-n", target.network.addresses, "-p", str(target.network.port), *options]

    return ByItself("C limit", "", speed, command)


def contestants() -> list[Contestant | Absent]:
    """Everybody, each with what it takes part in."""
    missing = build()
    if missing is not None:
        return _without_compiler(missing)
    whole: list[tuple[Sweeper | Absent, int | None]] = [  # and how many rounds a slow one has
        (ptscan("ptscan", "--rate", "max"), None),
        (c_limit(), None),
        (onesixtyone("onesixtyone -w 0", 0), 3),
        (python_rival("gufo-snmp", "gufo_sweep.py", 1000, hosts=None), 3),
        (net_snmp(32, hosts=2048), 2),
        (python_rival("pysnmp", "pysnmp_sweep.py", 100, hosts=4096), 2),
    ]
    entries = [Entry(WHOLE, FULL, sweeper, rounds) for sweeper, rounds in whole]
    entries += [Entry(ITSELF, FULL, each) for each in (ours("hosts/s"), limit("hosts/s"))]
    entries += [Entry(SPARSE, FEW, each, 3) for each in (ours("probes/s"), limit("probes/s", "-R", "3", "-w", "0"))]
    elsewhere = "needs port 161 or a real interface: see the sweep in network namespaces"
    return [*taking_part(entries), *(Absent(name, elsewhere) for name in ("zmap", "masscan", "nmap"))]


def _without_compiler(missing: Absent) -> list[Contestant | Absent]:
    place = SimulatedPlace(NETWORK)
    sweepers = [
        ptscan("ptscan", "--rate", "max"),
        onesixtyone("onesixtyone -w 0", 0),
        python_rival("gufo-snmp", "gufo_sweep.py", 1000, hosts=None),
    ]
    entries = [*(Entry(WHOLE, place, each) for each in sweepers), Entry(ITSELF, place, ours("hosts/s"))]
    return [*taking_part(entries), missing, CAVEAT]


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=5, seconds=100))
