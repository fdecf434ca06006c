"""SNMP clients side by side: one host, a thousand at once, ten thousand.

python bench/bench_client.py [--rounds N] [--seconds S] [--out FILE]
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness import Absent, Bench, Case, Column, Contestant, Sample, TurnError, child, main, package_version
from harness.rivals import program, rival_python
from harness.target import Network, Place, build

RIVALS: Final = Path(__file__).resolve().parent / "rivals"
CPU: Final = (Column("CPU", "µs"),)
BENCH: Final = Bench(
    "client",
    "Client",
    "Every answer is checked by its value. All ask the same: SNMPv2c, GETBULK of 25 repetitions; ptscan and its rivals "
    "in asyncio have one thread, gufo-snmp (sync) blocks. A walk of snmpd is bound by snmpd.",
    (
        Case("sequential GET", "GETs/s", "more", CPU),
        Case("GETBULK walk", "varbinds/s", "more", CPU),
        Case("GETBULK walk of snmpd", "varbinds/s", "more", CPU),
        Case("1,000 hosts at once", "hosts/s", "more", CPU),
        Case("10,000 hosts, 1,000 at once", "hosts/s", "more", CPU),
        Case("memory, 1,000 hosts at once", "MB"),
    ),
)
TURNS: Final = ("sequential", "walk", "walk_snmpd", "thousand", "ten_thousand", "memory")
NETWORK: Final = Network(addresses="127.91.0.0/16", port=19163)
OBJECTS: Final = 2587  # that the responder has by default
SNMPD: Final = ("127.92.0.1", 19164)


@dataclass(frozen=True, slots=True)
class Client:
    """A library: its module in rivals/, and the interpreter that has it."""

    module: str
    python: Path

    def turn(self) -> Mapping[str, float | Sample | TurnError]:
        """Every case in a process of its own."""
        figures: dict[str, float | Sample | TurnError] = {}
        with ExitStack() as stack:
            target = stack.enter_context(Place(NETWORK).played()).network
            with_snmpd = stack.enter_context(snmpd())
            for case, turn in zip(BENCH.cases, TURNS, strict=True):
                if turn == "walk_snmpd" and not with_snmpd:
                    continue
                addresses = [target.addresses.partition("/")[0], target.port, OBJECTS, " ".join(map(str, SNMPD))]
                command = [self.python, RIVALS / "client_turn.py", self.module, turn, *addresses]
                try:
                    figures |= child([str(part) for part in command], limit=90)()
                except TurnError as trouble:
                    figures[case.name] = trouble
        return figures


@contextmanager
def snmpd() -> Iterator[bool]:
    """Run net-snmp's agent on loopback; whether there is one."""
    agent = program("snmpd")
    if isinstance(agent, Absent):
        yield False
        return
    with tempfile.TemporaryDirectory(prefix="ptscan-bench-") as folder:
        configuration = Path(folder, "snmpd.conf")
        configuration.write_text("rocommunity public 127.0.0.0/8\ndontLogTCPWrappersConnects yes\n")
        address = f"udp:{SNMPD[0]}:{SNMPD[1]}"
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


def contestants() -> Sequence[Contestant | Absent]:
    """Everybody; the slow ones have two turns."""
    missing = build()
    if missing is not None:
        return [missing]
    ours = Client("ptscan", Path(sys.executable))
    entries: list[Contestant | Absent] = [Contestant("ptscan", package_version("ptscan"), ours.turn)]
    for name, package, module, rounds in (
        ("gufo-snmp", "gufo-snmp", "gufo_async", None),
        ("gufo-snmp (sync)", "gufo-snmp", "gufo_sync", None),
        ("aiosnmp", "aiosnmp", "aiosnmp", 2),
        ("puresnmp", "puresnmp", "puresnmp", 2),
        ("pysnmp", "pysnmp", "pysnmp", 2),
    ):
        python = rival_python(package)
        if isinstance(python, Absent):
            entries.append(Absent(name, python.reason))
        else:
            entries.append(Contestant(name, package_version(package, python), Client(module, python).turn, rounds))
    entries.append(Absent("easysnmp", "no wheel in the registry: building it needs the headers of net-snmp"))
    return entries


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=5, seconds=90))
