"""One sweep by several processes: deals the targets out to workers, gathers what they find, owns their lives."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import trio

import ptscan
from ptscan.cli.bugs import DEBUG_VARIABLE
from ptscan.cli.findings import Finding
from ptscan.cli.frames import End, Failure, Findings, FrameError, Frames, Progress, encoded, order_of, report_of
from ptscan.cli.options import Knowing
from ptscan.cli.trying import COMMUNITY_VARIABLE
from ptscan.snmp import Community
from ptscan.sweep import Found, SweepPlan, SweepState, default_seed

_NO_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_END_SECONDS: Final = 5.0  # that a worker has to end once it was told to
_READ_OCTETS: Final = 1 << 18
_WORKER: Final = "from ptscan.cli.worker import main; main()"


@dataclass(frozen=True)
class Part:
    """What became of one process's part: its ``end``, or why it has none."""

    shard: tuple[int, int]
    end: End | None
    fault: str | None = None


def dealt(plan: SweepPlan[Community], processes: int) -> list[SweepPlan[Community]]:
    """Cut ``plan`` into as many parts as there is work for; together they keep to its limits.

    Part i takes each n-th position of the plan's own shard: those of several machines still cut the whole exactly,
    whatever number of processes each of them has.
    """
    if plan.seed is None:
        plan = replace(plan, seed=default_seed(plan.shard))  # they are parts of one order
    index, shards = plan.shard
    count = max(1, min(processes, plan.size, plan.max_in_flight or processes))
    return [
        replace(
            plan,
            shard=(index + shards * number, shards * count),
            rate=plan.rate / count if isinstance(plan.rate, int | float) else plan.rate,
            max_in_flight=None if plan.max_in_flight is None else (plan.max_in_flight + number) // count,
            sharers=count,
        )
        for number in range(count)
    ]


class Parts:
    """Workers that sweep the parts of a plan, each from its own state on, ``knowing`` the printers that are known here.

    ``tell`` is told what each part, counted from 0, reports of itself.
    """

    def __init__(
        self,
        plans: Sequence[SweepPlan[Community]],
        states: Sequence[SweepState],
        knowing: Knowing,
        tell: Callable[[int, Progress], None],
    ) -> None:
        self._plans = plans
        self._states = states
        self._knowing = knowing
        self._tell = tell

    async def run(self, found: "trio.MemorySendChannel[list[Finding]]", stop: trio.Event) -> list[Part]:
        """Sweep until all parts have ended, or soon after ``stop`` is set; findings have the whole's positions.

        Cancellation kills the workers.
        """
        ended: dict[int, Part] = {}

        async def sweep(number: int) -> None:
            ended[number] = await self._sweep(number, found, stop)

        async with trio.open_nursery() as nursery:
            for number in range(len(self._plans)):
                nursery.start_soon(sweep, number)
        return [ended[number] for number in range(len(self._plans))]

    async def _sweep(self, number: int, found: "trio.MemorySendChannel[list[Finding]]", stop: trio.Event) -> Part:
        shard = self._plans[number].shard
        try:
            process = await _started()
        except OSError as error:
            files = " (raise ulimit -n, or give fewer --processes)" if error.errno in _NO_FILES else ""
            return Part(shard, None, f"could not be started: {error.strerror or error}{files}")
        last: End | Failure | None = None
        try:
            last = await self._listen(number, process, found, stop)
        except FrameError as error:
            return Part(shard, None, f"said what nobody understands: {error}")
        finally:
            with trio.CancelScope(shield=True):
                if last is not None:  # it ends by itself
                    with trio.move_on_after(_END_SECONDS):
                        await process.wait()
                process.kill()
                await process.wait()
        if isinstance(last, End):
            return Part(shard, last)
        return Part(shard, None, _why(process.returncode or 0) if last is None else last.line)

    async def _listen(
        self,
        number: int,
        process: trio.Process,
        found: "trio.MemorySendChannel[list[Finding]]",
        stop: trio.Event,
    ) -> End | Failure | None:
        """Give the worker its order and take what it reports; its last word, if it has one."""
        last = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._instruct, number, process, stop, nursery.cancel_scope)
            last = await self._gather(number, process, found)
            nursery.cancel_scope.cancel()
        return last

    async def _instruct(self, number: int, process: trio.Process, stop: trio.Event, scope: trio.CancelScope) -> None:
        if process.stdin is None:
            return
        order = order_of(self._plans[number], self._states[number], self._knowing)
        try:
            await process.stdin.send_all(encoded(order))
        except trio.BrokenResourceError:
            return  # it is dead, which the end of its reports tells
        await stop.wait()
        await process.stdin.aclose()
        await trio.sleep(_END_SECONDS)
        scope.cancel()

    async def _gather(
        self, number: int, process: trio.Process, found: "trio.MemorySendChannel[list[Finding]]"
    ) -> End | Failure | None:
        frames = Frames()
        while process.stdout is not None and (data := await process.stdout.receive_some(_READ_OCTETS)):
            for message in frames.feed(data):
                match report_of(message):
                    case Findings() as findings:
                        with suppress(trio.BrokenResourceError):  # nobody wants them any more
                            await found.send(self._whole(number, findings))
                    case Progress() as progress:
                        self._tell(number, progress)
                    case last:
                        return last
        return None

    def _whole(self, number: int, findings: Findings) -> list[Finding]:
        """Return findings as a sweep gives them, with the positions of the whole."""
        credentials, count = self._plans[number].credentials, len(self._plans)
        columns = zip(findings.sightings, findings.credentials, findings.positions, strict=True)
        return [
            Found(sighting, None if credential is None else credentials[credential], number + count * position)
            for sighting, credential, position in columns
        ]


def our_python(code: str) -> list[str]:
    """Return the command that runs ``code`` with this very ptscan; words that follow it are ``sys.argv[2:]``."""
    code = f"import sys; sys.path.append(sys.argv[1]); {code}"
    return [sys.executable, "-P", "-c", code, str(Path(ptscan.__file__).parents[1])]


async def _started() -> trio.Process:
    """Start a worker of the same program, in which nothing tells of a secret.

    Its standard error goes nowhere: what there is to say it reports.
    """
    return await trio.lowlevel.open_process(
        our_python(_WORKER),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get(DEBUG_VARIABLE) else subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name != COMMUNITY_VARIABLE},
    )


def _why(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"  # real-time ones
        return f"was killed by {name}"
    return f"ended with exit code {code} and without a word"
