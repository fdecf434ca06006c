"""``ptscan bench sweep``: how fast this machine sweeps, measured with nothing but ptscan."""

import platform
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import trio

from ptscan import __version__
from ptscan.cli.destination import open_destination
from ptscan.cli.exits import Exit, judged
from ptscan.cli.flat import Grid
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.measuring import Run, measured, open_responder
from ptscan.cli.options import FIRST_PLAYED, AnyPort, Option, PlayedHosts, Processes, Rounds
from ptscan.cli.table import table
from ptscan.cli.trying import DEFAULT_COMMUNITY
from ptscan.cli.words import Words, counted
from ptscan.datagram import open_datagrams
from ptscan.errors import InputError
from ptscan.snmp import Community, Secret
from ptscan.sweep import SweepPlan
from ptscan.targets import TargetSet, parse_targets, resolve_targets

DEFAULT_HOSTS: Final = 65_536
SNMP_PORT: Final = 161

Form: TypeAlias = Literal["table", "json"]


class BenchError(InputError):
    """What was asked for cannot be measured."""


class Result(msgspec.Struct, frozen=True):
    """The figures of the median round, and where they hold."""

    seconds: float
    hosts: int
    answered: int
    probes: int
    hosts_per_second: int
    probes_per_second: int
    rounds: int
    seconds_min: float
    seconds_max: float
    target: str
    port: int
    processes: int
    batched: bool
    peak_memory_octets: int
    ptscan: str
    python: str
    system: str


def bench_sweep(
    *,
    network: Annotated[str | None, Option(metavar="CIDR")] = None,
    hosts: PlayedHosts | None = None,
    port: AnyPort | None = None,
    processes: Processes = 1,
    rounds: Rounds = 1,
    format: Form = "table",
    quiet: Annotated[bool, Option(show_default=False)] = False,
) -> int:
    """Measure how fast this machine sweeps, at full speed, against a responder of our own or what you name.

    Parameters
    ----------
    network
        Sweep this network at full speed instead of a responder of our own: name only what is yours.
    hosts
        How many addresses of loopback the responder of our own plays, 65536 if not said.
    port
        UDP port: of the network, 161 if not said; of the responder of our own, a free one if not said.
    processes
        How many processes share the sweep.
    rounds
        Measure so often and give the median.
    format
        How to write it.
    quiet
        No words on standard error; errors are still said.
    """
    if network is not None and hosts is not None:
        raise BenchError("--network and --hosts exclude each other: --hosts is for the responder of our own")
    if network is not None and port == 0:
        raise BenchError("--port 0: a network has devices at a port from 1 to 65535")
    bench = _Bench(network, hosts or DEFAULT_HOSTS, port or 0, processes, rounds, Words(quiet=quiet))
    return trio.run(bench.run, format)


class _Bench:
    """Measures as it was asked to."""

    def __init__(self, network: str | None, hosts: int, port: int, processes: int, rounds: int, words: Words) -> None:
        self._network = network
        self._target = network or f"{IPv4Address(FIRST_PLAYED)}-{IPv4Address(FIRST_PLAYED + hosts - 1)}"
        self._port = port
        self._processes = processes
        self._rounds = rounds
        self._words = words
        self._runs: list[Run] = []

    async def run(self, form: Form) -> Exit:
        """Measure, print the figures in ``form``, and say what they are worth."""
        if await until_interrupted(self._measure):
            self._words.complain("interrupted: nothing was measured to its end")
            return Exit.INTERRUPTED
        result = await self._result()
        with open_destination(None, whole=False) as destination:
            if form == "json":
                destination.write(msgspec.json.encode(result) + b"\n")
            else:
                destination.write(table(_figures(result), destination.is_terminal()).encode())
        faults = list(self._faults())
        for fault in faults:
            self._words.complain(fault)
        return judged(right=result.answered, wrong=len(faults))

    async def _measure(self) -> None:
        if self._network is not None:
            self._port = self._port or SNMP_PORT
            await self._sweep(await resolve_targets([self._network]))
            return
        async with open_responder(self._port) as self._port:
            self._words.say("the responder of our own is Python, too, and shares this machine: it bounds these figures")
            await self._sweep(parse_targets([self._target]))

    async def _sweep(self, targets: TargetSet) -> None:
        credentials = (Community(Secret(DEFAULT_COMMUNITY)),)
        plan = SweepPlan(targets=targets, credentials=credentials, port=self._port, rate="max")
        for _ in range(self._rounds):
            self._runs.append(await measured(plan, self._processes))

    def _faults(self) -> Sequence[str]:
        """What was not done, each fault once."""
        faults = dict.fromkeys(fault for run in self._runs for fault in run.faults)
        if not any(run.answered for run in self._runs):
            faults[f"nobody answered at {self._target} port {self._port}: check that something runs there"] = None
        elif self._network is None and (missing := sum(run.hosts - run.answered for run in self._runs)):
            faults[f"{counted(missing, 'answer')} of the responder of our own did not come"] = None
        return list(faults)

    async def _result(self) -> Result:
        run = sorted(self._runs, key=lambda run: run.seconds)[(len(self._runs) - 1) // 2]
        times = [run.seconds for run in self._runs]
        async with open_datagrams(socket.AF_INET) as datagrams:
            batched = datagrams.batched
        return Result(
            seconds=round(run.seconds, 4),
            hosts=run.hosts,
            answered=run.answered,
            probes=run.probes,
            hosts_per_second=round(run.hosts / run.seconds),
            probes_per_second=round(run.probes / run.seconds),
            rounds=len(times),
            seconds_min=round(min(times), 4),
            seconds_max=round(max(times), 4),
            target=self._target,
            port=self._port,
            processes=self._processes,
            batched=batched,
            peak_memory_octets=max(run.peak_octets for run in self._runs),
            ptscan=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
        )


def _figures(result: Result) -> Grid:
    """Return what a person wants to know."""
    spread = f"{result.seconds_min:.3f} to {result.seconds_max:.3f} in {result.rounds} rounds"
    rows: list[tuple[str, str]] = [
        ("target", f"{result.target} port {result.port}"),
        ("addresses", f"{result.hosts:,}"),
        ("answered", f"{result.answered:,}"),
        ("probes", f"{result.probes:,}"),
        ("seconds", f"{result.seconds:.3f}" + (f" ({spread})" if result.rounds > 1 else "")),
        ("addresses/s", f"{result.hosts_per_second:,}"),
        ("probes/s", f"{result.probes_per_second:,}"),
        ("system calls", "batched" if result.batched else "one a packet"),
        ("processes", f"{result.processes}"),
        ("peak memory", f"{result.peak_memory_octets / 2**20:.0f} MiB"),
        ("with", f"ptscan {result.ptscan}, Python {result.python}, {result.system}"),
    ]
    return Grid(("what", "figure"), [*rows])
