"""How much memory a sweep and an idle client take.

python bench/bench_memory.py [--rounds N] [--seconds S] [--out FILE]
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness import (
    Absent,
    Bench,
    Case,
    Column,
    Contestant,
    Sample,
    TurnError,
    main,
    package_version,
    rival_python,
    timed,
)
from harness.target import Network, Place, Target, build
from sweepers import Contender, Entry, Sweeper, taking_part
from tools import c_limit, onesixtyone, ptscan, python_rival

SWEEP: Final = "sweep of 65,536 hosts, all answer"
IDLE: Final = "a client with nothing to do"
BENCH: Final = Bench(
    "memory",
    "Memory",
    "The peak of resident memory, as the kernel keeps it. ptscan and the C limit hand their findings on as they come.",
    (
        Case(SWEEP, "MB", beside=(Column("found", "%"), Column("seconds", "s"))),
        Case(IDLE, "MB"),
    ),
)
FULL: Final = Place(Network(addresses="127.90.0.0/16", port=19161))
OURS_IDLE: Final = """
import trio
from ptscan.snmp import open_client
async def main():
    async with open_client():
        await trio.sleep(0.5)
trio.run(main)
"""
GUFO_IDLE: Final = """
import asyncio
from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession
async def main():
    async with SnmpSession(addr="127.90.0.1", port=19161, community="public", version=SnmpVersion.v2c):
        await asyncio.sleep(0.5)
asyncio.run(main())
"""
PYSNMP_IDLE: Final = """
import asyncio
from pysnmp.hlapi.v1arch.asyncio import SnmpDispatcher, UdpTransportTarget
async def main():
    with SnmpDispatcher():
        await UdpTransportTarget.create(("127.90.0.1", 19161))
        await asyncio.sleep(0.5)
asyncio.run(main())
"""


class Idle:
    """A process that opens a client and waits."""

    def __init__(self, name: str, version: str, python: Path, text: str) -> None:
        self.name, self.version = name, version
        self._command: list[str | Path] = [python, "-c", text]

    def sweep(self, target: Target) -> Sample:
        """Look at it once; the target is of no account."""
        run = timed(self._command, memory=True)
        if run.code:
            raise TurnError(run.stderr.strip().splitlines()[-1])
        return Sample(run.resident_mb)


def peak(sample: Sample) -> Sample:
    """Make the memory the main figure."""
    return Sample(sample.beside["resident"], {"found": sample.beside["found"], "seconds": sample.value}, sample.note)


def contestants() -> Sequence[Contestant | Absent]:
    """Everybody, each with what it takes part in."""
    if (missing := build()) is not None:
        return [missing]
    sweepers: list[Sweeper | Absent] = [
        ptscan("ptscan", "--rate", "max"),
        c_limit(),
        onesixtyone("onesixtyone -w 0", 0),
        python_rival("gufo-snmp", "gufo_sweep.py", 1000, hosts=None),
        python_rival("pysnmp", "pysnmp_sweep.py", 100, hosts=1024),
    ]
    entries = [
        Entry(SWEEP, FULL, replace(each, memory=True) if isinstance(each, Sweeper) else each, None, peak)
        for each in sweepers
    ]
    idle: list[Contender | Absent] = [Idle("ptscan", package_version("ptscan"), Path(sys.executable), OURS_IDLE)]
    for name, package, text in (
        ("gufo-snmp, 1,000 in flight", "gufo-snmp", GUFO_IDLE),
        ("pysnmp, 100 in flight", "pysnmp", PYSNMP_IDLE),
    ):
        python = rival_python(package)
        if isinstance(python, Path):
            idle.append(Idle(name, package_version(package, python), python, text))
    return taking_part([*entries, *(Entry(IDLE, FULL, each) for each in idle)])


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=3, seconds=15))
