"""A sweep by whatever tool: timed as a whole process, its findings checked address by address."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, Protocol, TypeAlias

from harness import Absent, Contestant, Sample, TurnError, timed
from harness.target import Place, Target

ADDRESS: Final = re.compile(rb"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])")
NAME: Final = re.compile(rb"printer-([0-9a-f]{8})")  # the responder's sysName has the address in it
MANY: Final = 1_000_000  # rounds: as many as there are
SHARES: Final = ("found", "probes", "resident")  # what does not grow with the hosts
HANDFUL: Final = 16  # hosts: what a tool takes for them is its start-up
WRONG_SHARE: Final = 0.001  # more findings that nobody has, and none is believed


@dataclass(frozen=True, slots=True)
class Job:
    """One sweep: the target, the first so many addresses of it, and a folder for the tool's files."""

    target: Target
    hosts: int
    folder: Path

    @property
    def base(self) -> int:
        """The first address."""
        return self.target.network.base

    @property
    def port(self) -> int:
        """The port of all devices."""
        return self.target.network.port

    @property
    def span(self) -> str:
        """The addresses as ptscan takes them: every one, the edges too."""
        return f"{IPv4Address(self.base)}-{IPv4Address(self.base + self.hosts - 1)}"

    @property
    def block(self) -> str:
        """The addresses as a CIDR block."""
        return f"{IPv4Address(self.base)}/{33 - self.hosts.bit_length()}"

    def listed(self) -> Path:
        """A file with an address on each line, for tools that take no ranges."""
        path = self.folder / "hosts.txt"
        if not path.exists():
            path.write_text("".join(f"{IPv4Address(self.base + at)}\n" for at in range(self.hosts)))
        return path


Command: TypeAlias = Callable[[Job], Sequence[str | Path]]


@dataclass(frozen=True, slots=True)
class Sweeper:
    """A tool with certain settings; ``hosts`` caps how many it sweeps where the whole would take too long.

    With ``memory`` the peak of its resident memory is looked up as well, which takes a little of its time.
    """

    name: str
    version: str
    command: Command
    hosts: int | None = None
    needs_list: bool = False
    memory: bool = False
    limit: float = 120.0

    def sweep(self, target: Target) -> Sample:
        """Sweep ``target`` once: the seconds of the whole process, beside them the share of those found that answer.

        Where the whole takes too long, a part is swept, and what that takes beyond a handful of hosts is multiplied.
        Raises TurnError when the tool fails or finds what is not there.
        """
        whole = target.network.count
        hosts = min(self.hosts or whole, whole)
        part = self._sweep(target, hosts)
        if hosts == whole:
            return part
        start, factor = self._sweep(target, HANDFUL), whole / hosts
        grown = {
            name: value if name in SHARES else start.beside[name] + (value - start.beside[name]) * factor
            for name, value in part.beside.items()
        }
        note = f"reckoned from {hosts:,} hosts"
        return Sample(start.value + (part.value - start.value) * factor, grown, note)

    def _sweep(self, target: Target, hosts: int) -> Sample:
        with TemporaryDirectory(prefix="ptscan-bench-") as folder:
            job = Job(target, hosts, Path(folder))
            if self.needs_list:
                job.listed()  # not of the tool's time
            target.counters()
            run = timed(
                [*target.within, *self.command(job)], stdout=job.folder / "stdout", limit=self.limit, memory=self.memory
            )
            counters = target.counters()
            written = b"".join(path.read_bytes() for path in job.folder.iterdir() if path.name != "hosts.txt")
        inside = {address for address in addresses_in(written) if job.base <= address < job.base + hosts}
        answering = {address for address in target.answering if address < job.base + hosts}
        if len(inside - answering) > WRONG_SHARE * hosts:
            raise TurnError(f"{len(inside - answering)} of the {len(inside)} that it found do not exist")
        if not inside and len(answering) > HANDFUL:
            raise TurnError(f"found nobody (exit code {run.code}): {' '.join(run.stderr.split())[-200:]}")
        beside = {
            "found": len(inside & answering) / max(len(answering), 1),
            "asking": counters.seconds,
            "cpu": run.cpu,
            "probes": counters.received / hosts,
            "resident": run.resident_mb,
        }
        return Sample(
            run.seconds, beside, f"the target itself dropped {counters.overflow:,}" if counters.overflow else ""
        )


def addresses_in(written: bytes) -> set[int]:
    """Every address in what a tool wrote, and every one that the responder put into a sysName."""
    found = {int.from_bytes(bytes(min(int(part), 255) for part in parts), "big") for parts in ADDRESS.findall(written)}
    return found | {int(digits, 16) for digits in NAME.findall(written)}


class Contender(Protocol):
    """Whoever can sweep a target."""

    @property
    def name(self) -> str:
        """Its name in the tables."""
        ...

    @property
    def version(self) -> str:
        """Its version."""
        ...

    def sweep(self, target: Target) -> Sample:
        """Sweep once; raises TurnError."""
        ...


class Entry(NamedTuple):
    """Who sweeps what for which case; ``rounds`` caps how often, ``judged`` makes of the sweep what the case shows."""

    case: str
    place: Place
    contender: Contender | Absent
    rounds: int | None = None
    judged: Callable[[Sample], Sample] | None = None


def taking_part(entries: Sequence[Entry]) -> list[Contestant | Absent]:
    """Make contestants of entries: the turn of each are its sweeps of every case that it stands in."""
    names = dict.fromkeys(entry.contender.name for entry in entries)
    return [_contestant([entry for entry in entries if entry.contender.name == name]) for name in names]


def _contestant(entries: Sequence[Entry]) -> Contestant | Absent:
    first = entries[0].contender
    if isinstance(first, Absent):
        return first
    turns = count(1)

    def turn() -> dict[str, float | Sample | TurnError]:
        number = next(turns)
        figures: dict[str, float | Sample | TurnError] = {}
        for entry in entries:
            if isinstance(entry.contender, Absent) or (entry.rounds is not None and number > entry.rounds):
                continue
            try:
                with entry.place.played(seed=number) as target:
                    sample = entry.contender.sweep(target)
                    figures[entry.case] = entry.judged(sample) if entry.judged else sample
            except TurnError as trouble:
                figures[entry.case] = trouble
        return figures

    return Contestant(first.name, first.version, turn, max((entry.rounds or MANY) for entry in entries))
