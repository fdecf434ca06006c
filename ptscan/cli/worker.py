"""One process of several that sweep together: takes an order on stdin, reports on stdout, ends with its parent."""

import os
import signal
import sys
import time
from typing import Final

import trio

from ptscan.cli.edge import told
from ptscan.cli.findings import LISTS_AT_ONCE, Finding
from ptscan.cli.frames import (
    End,
    Failure,
    Findings,
    Frames,
    Order,
    Progress,
    Report,
    encoded,
    knowing_of,
    order_from,
    plan_of,
)
from ptscan.cli.knowledge import profiles_of
from ptscan.cli.memory import peak_octets
from ptscan.sweep import SweepState, run_sweep

_READ_OCTETS: Final = 1 << 20


def main() -> None:
    """Do the one order that comes on stdin; the parent, and not the terminal, says when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reports = os.dup(1)
    os.dup2(2, 1)  # whatever else may print does not get between the frames
    try:
        trio.run(_work, os.dup(0), reports)
    except BaseException as error:
        sys.exit(told(error).code)  # the parent is gone, else it were told: nobody is left to say it to


async def _work(orders: int, reports: int) -> None:
    async with trio.lowlevel.FdStream(orders) as stdin, trio.lowlevel.FdStream(reports) as stdout:
        order = await _first_order(stdin)
        if order is None:
            return
        worker = _Worker(order, stdout)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.stop_at_end_of, stdin)
            await worker.report(await worker.outcome())
            nursery.cancel_scope.cancel()


async def _first_order(stream: trio.lowlevel.FdStream) -> Order | None:
    frames = Frames()
    while data := await stream.receive_some(_READ_OCTETS):
        for message in frames.feed(data):
            return order_from(message)
    return None


class _Worker:
    """Sweeps by ``order`` and reports to ``stream``."""

    def __init__(self, order: Order, stream: trio.lowlevel.FdStream) -> None:
        self._order = order
        self._plan = plan_of(order)
        self._stream = stream
        self._one_at_a_time = trio.Lock()
        self._stop = trio.Event()
        self._progress = (0, 0, 0)
        self._state: SweepState | None = None
        self._news = trio.Event()

    async def stop_at_end_of(self, stream: trio.lowlevel.FdStream) -> None:
        """Stop the sweep when the parent closes its end, or is no more."""
        while await stream.receive_some(_READ_OCTETS):
            pass
        self._stop.set()

    async def report(self, message: Report) -> None:
        """Say something to the parent, which may take its time."""
        async with self._one_at_a_time:
            await self._stream.send_all(encoded(message))

    async def outcome(self) -> End | Failure:
        """Sweep, and return what became of it."""
        try:
            return await self._sweep()
        except trio.Cancelled:
            raise
        except Exception as error:
            return Failure(told(error).line)

    async def _sweep(self) -> End:
        order = self._order
        profiles = profiles_of(knowing_of(order))
        send, receive = trio.open_memory_channel[list[Finding]](LISTS_AT_ONCE)
        began = time.monotonic()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._report_progress)
            async with trio.open_nursery() as inner, send:
                inner.start_soon(self._report_findings, receive)
                summary = await run_sweep(
                    self._plan,
                    send,
                    classify=profiles.classify,
                    on_progress=self._take_progress,
                    on_state=self._take_state,
                    state=SweepState(order.round_, order.cursor, given=order.given),
                    stop=self._stop,
                )
                ended = time.monotonic()
            nursery.cancel_scope.cancel()
        await self._say_progress()
        return End(summary, began, ended, peak_octets())

    async def _report_findings(self, findings: "trio.MemoryReceiveChannel[list[Finding]]") -> None:
        numbers: dict[int, int | None] = {id(one): number for number, one in enumerate(self._plan.credentials)}
        numbers[id(None)] = None
        async for batch in findings:
            await self.report(
                Findings(
                    [found.sighting for found in batch],
                    [numbers[id(found.credential)] for found in batch],
                    [found.position for found in batch],
                )
            )

    def _take_progress(self, done: int, total: int, found: int) -> None:
        self._progress = (done, total, found)
        self._news.set()

    def _take_state(self, state: SweepState) -> None:
        self._state = state
        self._news.set()

    async def _report_progress(self) -> None:
        while True:
            await self._news.wait()
            self._news = trio.Event()
            await self._say_progress()

    async def _say_progress(self) -> None:
        state = self._state or SweepState(self._order.round_, self._order.cursor)
        await self.report(Progress(*self._progress, state.round_, state.cursor, state.found))


if __name__ == "__main__":
    main()
