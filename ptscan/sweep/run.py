"""Drives a sweep over real sockets: receive, expire, send, deliver, rest; does I/O."""

import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Final, Generic, TypeAlias

import trio

from ptscan.datagram import Datagrams, open_datagrams
from ptscan.sweep.core import Sweep
from ptscan.sweep.grains import Shot
from ptscan.sweep.limits import MAX_PENDING, PROGRESS_SECONDS, YIELD_SECONDS
from ptscan.sweep.plan import CredentialT, SweepPlan
from ptscan.sweep.sighting import Classifier, Found
from ptscan.sweep.state import SweepState
from ptscan.sweep.summary import SweepSummary
from ptscan.targets import IPV6

Progress: TypeAlias = Callable[[int, int, int], None]
"""Told (done, total, found): how far the rounds have come and how many answered."""

StateKeeper: TypeAlias = Callable[[SweepState], None]
"""Told, with the progress, how far the sweep has come for certain."""

_NO_PROGRESS: Final[Progress] = lambda done, total, found: None  # noqa: E731


def default_seed(shard: tuple[int, int]) -> int:
    """Draw the seed of a sweep that was given none; the shards of several machines all use the same one."""
    return secrets.randbits(64) if shard[1] == 1 else 0


async def run_sweep(
    plan: SweepPlan[CredentialT],
    found: trio.MemorySendChannel[list[Found[CredentialT]]],
    *,
    classify: Classifier,
    on_progress: Progress = _NO_PROGRESS,
    on_state: StateKeeper | None = None,
    state: SweepState | None = None,
    stop: trio.Event | None = None,
    batched: bool | None = None,
) -> SweepSummary:
    """Sweep by ``plan`` and send the findings into ``found`` as they come, a list at a time; return the counts.

    A consumer that is slower than the answers pauses the sending, never the receiving; when it closes its end, the
    sweep ends. ``on_progress`` is called ten times a second at most and once at the end, ``on_state`` beside it. The
    sweep goes on from ``state``, which needs the plan's ``seed``. Setting ``stop`` ends the sweep at once with what was
    found so far, and so does a cancellation, but for the counts. ``found`` stays open: closing it is the caller's.
    ``batched`` is as in ``open_datagrams``: by itself the best that the system has.
    Raises SweepError or SocketError. A checkpoint.
    """
    started_at = trio.current_time()
    seed = default_seed(plan.shard) if plan.seed is None else plan.seed
    sweep = Sweep(plan, seed=seed, key=secrets.token_bytes(32), classify=classify, now=started_at, state=state)
    async with AsyncExitStack() as stack:
        sockets = {
            ipv6: await stack.enter_async_context(
                open_datagrams(socket.AF_INET6 if ipv6 else socket.AF_INET, batched=batched)
            )
            for ipv6 in sweep.families
        }
        driver = _Driver(sweep, sockets, plan.port, found)
        interrupted = await driver.run(on_progress, on_state, stop)
    on_progress(*sweep.progress(), sweep.answered)
    if on_state is not None:
        on_state(sweep.state())
    return sweep.summary(seconds=trio.current_time() - started_at, interrupted=interrupted)


class _Driver(Generic[CredentialT]):
    """The tasks of one sweep: one sends, one receives per socket, one delivers."""

    def __init__(
        self,
        sweep: Sweep[CredentialT],
        sockets: dict[bool, Datagrams],
        port: int,
        found: trio.MemorySendChannel[list[Found[CredentialT]]],
    ) -> None:
        self._sweep = sweep
        self._sockets = sockets
        self._port = port
        self._found = found
        self._pending: list[Found[CredentialT]] = []
        self._offered: list[Found[CredentialT]] = []  # before those pending: the channel had no room for them yet
        self._sender = trio.lowlevel.ParkingLot()  # rests here until an answer or the time wakes it
        self._courier = trio.lowlevel.ParkingLot()

    async def run(self, on_progress: Progress, on_state: StateKeeper | None, stop: trio.Event | None) -> bool:
        """Run to the end; say whether it was cut short."""
        finished = False
        try:
            async with trio.open_nursery() as nursery:
                for ipv6 in self._sockets:
                    nursery.start_soon(self._receive, ipv6)
                nursery.start_soon(self._deliver, nursery.cancel_scope)
                if stop is not None:
                    nursery.start_soon(_cancel_on, stop, nursery.cancel_scope)
                await self._send(on_progress, on_state)
                self._pending += self._sweep.take_refusals()
                self._courier.unpark_all()
                await self._wait_delivered()
                finished = True
                nursery.cancel_scope.cancel()
        finally:
            self._pending += self._sweep.take_refusals()
            self._deliver_now()
        if rest := self._offered + self._pending:  # it was stopped, and whoever takes the findings is slow
            with suppress(trio.BrokenResourceError):
                await self._found.send(rest)
        return not finished

    async def _send(self, on_progress: Progress, on_state: StateKeeper | None) -> None:
        sweep = self._sweep
        yielded_at = reported_at = trio.current_time()
        while True:
            for ipv6 in self._sockets:
                self._drain(ipv6)
            now = trio.current_time()
            sweep.expire(now)
            if now - reported_at >= PROGRESS_SECONDS:
                reported_at = now
                self._count_drops(now)
                on_progress(*sweep.progress(), sweep.answered)
                if on_state is not None:
                    on_state(sweep.state())
            if sweep.is_done():
                break
            if len(self._pending) + len(self._offered) >= MAX_PENDING:
                await self._sender.park()
                continue
            shot = sweep.next_shot(now)
            if not isinstance(shot, Shot):
                with trio.move_on_at(min(shot, now + PROGRESS_SECONDS)):
                    await self._sender.park()
            elif await self._shoot(shot, now) or now - yielded_at >= YIELD_SECONDS:
                await trio.lowlevel.checkpoint()
            else:
                continue
            yielded_at = trio.current_time()
        self._count_drops(trio.current_time())

    async def _shoot(self, shot: Shot, now: float) -> bool:
        """Send what the system takes; wait for room, and say so, where it is full."""
        sock = self._sockets[shot.ipv6]
        sent = sock.send_batch(shot.stencil, shot.stamps, shot.addresses, port=self._port)
        self._sweep.shot_sent(shot, sent.done, sent.faults, now)
        if sent.full:
            await sock.wait_writable()
        return sent.full

    async def _receive(self, ipv6: bool) -> None:
        while True:
            await self._sockets[ipv6].wait_readable()
            if self._drain(ipv6):
                self._sender.unpark_all()

    def _drain(self, ipv6: bool) -> bool:
        """Take a batch of what waits in the kernel and judge it; say whether there was anything."""
        received = self._sockets[ipv6].receive_batch()
        errors = self._sockets[ipv6].receive_errors()
        for error in errors:
            self._sweep.be_told_unreachable(error.payload, error.code)
        if not received.payloads:
            return bool(errors)
        found = self._sweep.receive_batch(received, IPV6 if ipv6 else 0, now=trio.current_time())
        if found:
            self._pending += found
            self._courier.unpark_all()
        return True

    async def _deliver(self, scope: trio.CancelScope) -> None:
        try:
            while True:
                self._deliver_now()
                if self._pending:  # the channel is full, or broken
                    self._offered, self._pending = self._pending, []
                    await self._found.send(self._offered)
                    self._offered = []
                else:
                    self._sender.unpark_all()
                    await self._courier.park()
        except trio.BrokenResourceError:
            scope.cancel()  # nobody wants the findings any more

    def _deliver_now(self) -> None:
        """Hand over what the channel takes at once."""
        batch = self._offered + self._pending
        if not batch:
            return
        try:
            self._found.send_nowait(batch)
        except (trio.WouldBlock, trio.BrokenResourceError):
            return
        self._offered, self._pending = [], []

    async def _wait_delivered(self) -> None:
        while self._pending or self._offered:
            await self._sender.park()

    def _count_drops(self, now: float) -> None:
        self._sweep.kernel_drops(sum(sock.kernel_drops() for sock in self._sockets.values()), now=now)


async def _cancel_on(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()
