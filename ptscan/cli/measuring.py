"""One sweep at full speed, measured, and a responder of our own to measure against."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio

from ptscan.cli.findings import LISTS_AT_ONCE, Finding
from ptscan.cli.memory import peak_octets
from ptscan.cli.options import DEFAULT_KNOWING
from ptscan.cli.parts import Parts, dealt, our_python
from ptscan.cli.tally import Tally
from ptscan.errors import PtscanError
from ptscan.profiles import load_profiles
from ptscan.snmp import Community
from ptscan.sweep import SweepPlan, SweepState, run_sweep

_READY_SECONDS: Final = 30.0
_RESPONDER: Final = "from ptscan.simulator import serve_crowd; serve_crowd(int(sys.argv[2]))"


class ResponderError(PtscanError):
    """There is nothing to measure against."""


@dataclass(frozen=True)
class Run:
    """What one sweep came to; ``seconds`` is the sweep itself, without start-up, ``faults`` what was not done."""

    seconds: float
    hosts: int
    answered: int
    probes: int
    peak_octets: int
    faults: tuple[str, ...]


async def measured(plan: SweepPlan[Community], processes: int) -> Run:
    """Sweep once by ``plan``; what is found is counted and given to nobody."""
    plans = dealt(plan, processes)
    tally = Tally()
    send, receive = trio.open_memory_channel[list[Finding]](LISTS_AT_ONCE)

    async def take() -> None:
        async for _ in receive:
            pass

    peak = 0
    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(take)
        if len(plans) == 1:
            summary = await run_sweep(plans[0], send, classify=load_profiles().classify)
            tally.add(summary)
            seconds = summary.seconds
        else:
            parts = Parts(plans, [SweepState()] * len(plans), DEFAULT_KNOWING, lambda part, progress: None)
            done = await parts.run(send, trio.Event())
            ends = [part.end for part in done if part.end is not None]
            for end in ends:
                tally.add(end.summary)
            tally.failed_parts += [f"a process {part.fault}" for part in done if part.end is None]
            # The machine has one monotonic clock: from the first that began to the last that ended.
            seconds = max((end.ended for end in ends), default=0.0) - min((end.began for end in ends), default=0.0)
            peak = sum(end.peak_octets for end in ends)
    faults = tuple(tally.faults())
    return Run(seconds, tally.hosts, tally.answered, tally.probes, peak + peak_octets(), faults)


@asynccontextmanager
async def open_responder(port: int) -> AsyncIterator[int]:
    """Play a device on every address of 127.0.0.0/8 in a process of its own, and give its port; 0 takes a free one.

    Raises ResponderError. The process ends with the block, and with this one however that ends.
    """
    process = await trio.lowlevel.open_process(
        [*our_python(_RESPONDER), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield await _port_of(process)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()


async def _port_of(process: trio.Process) -> int:
    line = b""
    with trio.move_on_after(_READY_SECONDS):
        while process.stdout is not None and not line.endswith(b"\n"):
            data = await process.stdout.receive_some()
            if not data:
                break
            line += data
    if line.endswith(b"\n"):
        return int(line)
    said = b"" if process.stderr is None else await process.stderr.receive_some()
    last = said.decode(errors="replace").strip().rpartition("\n")[2].partition(": ")[2]  # without the error's type
    raise ResponderError(
        f"the responder of our own does not run: {last or 'it says nothing'}: "
        "measure an existing one with --network CIDR --port PORT"
    )
