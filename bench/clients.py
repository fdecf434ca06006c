"""What the benches of clients share: each case in a process of its own, the responder and net-snmp's agent to ask."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from harness import Absent, Contestant, Sample, TurnError, child, package_version
from harness.rivals import program, rival_python
from harness.target import Network, Place

RIVALS: Final = Path(__file__).resolve().parent / "rivals"
OBJECTS: Final = 2587  # that the responder has by default
CASE_SECONDS: Final = 90.0

Figures: TypeAlias = Mapping[str, "float | Sample | TurnError"]


class Library(NamedTuple):
    """A rival: its name in the tables, its package, its module in rivals/, and how often it has its turn."""

    name: str
    package: str
    module: str
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all contestants of a bench are asked: cases and the names of their turns in rivals/PREFIX_turn.py.

    ``snmpd`` is net-snmp's agent, asked in the turns whose name ends so, with ``lines`` in its configuration.
    """

    prefix: str
    turns: Mapping[str, str]
    network: Network
    snmpd: tuple[str, int]
    lines: tuple[str, ...]

    def take(self, module: str, python: Path) -> Figures:
        """One contestant's go at all cases, each in a process of its own."""
        figures: dict[str, float | Sample | TurnError] = {}
        with ExitStack() as stack:
            target = stack.enter_context(Place(self.network).played()).network
            with_snmpd = stack.enter_context(snmpd(self.snmpd, self.lines))
            for case, turn in self.turns.items():
                if turn.endswith("snmpd") and not with_snmpd:
                    continue
                addresses = [target.addresses.partition("/")[0], target.port, OBJECTS, " ".join(map(str, self.snmpd))]
                command = [python, RIVALS / f"{self.prefix}_turn.py", module, turn, *addresses]
                try:
                    figures |= child([str(part) for part in command], limit=CASE_SECONDS)()
                except TurnError as trouble:
                    figures[case] = trouble
        return figures

    def contestants(self, rivals: Sequence[Library]) -> list[Contestant | Absent]:
        """Ourselves and the rivals, or why they can't be had."""
        entries: list[Contestant | Absent] = [
            Contestant("ptscan", package_version("ptscan"), lambda: self.take("ptscan", Path(sys.executable)))
        ]
        return [*entries, *map(self._rival, rivals)]

    def _rival(self, library: Library) -> Contestant | Absent:
        python = rival_python(library.package)
        if isinstance(python, Absent):
            return Absent(library.name, python.reason)
        version = package_version(library.package, python)
        return Contestant(library.name, version, lambda: self.take(library.module, python), library.rounds)


@contextmanager
def snmpd(listening: tuple[str, int], lines: Sequence[str]) -> Iterator[bool]:
    """Run net-snmp's agent on loopback; whether there is one."""
    agent = program("snmpd")
    if isinstance(agent, Absent):
        yield False
        return
    with tempfile.TemporaryDirectory(prefix="ptscan-bench-") as folder:
        configuration = Path(folder, "snmpd.conf")
        configuration.write_text("".join(f"{line}\n" for line in (*lines, "dontLogTCPWrappersConnects yes")))
        address = f"udp:{listening[0]}:{listening[1]}"
        command: list[str | Path] = [agent, "-f", "-C", "-c", configuration, "-LE", "i", address]
        quiet = {**os.environ, "SNMP_PERSISTENT_DIR": folder, "MIBS": ""}
        process = subprocess.Popen(command, env=quiet, stderr=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stderr is not None
        try:
            yield any("NET-SNMP version" in line for line in process.stderr)  # which it says once it listens
        finally:
            process.terminate()
            process.wait(10)
            process.stderr.close()
