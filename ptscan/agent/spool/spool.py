"""The spool as the agent's tasks see it: one worker thread at a time, and one wait for the disk for all who wait.

While one put is being made durable, others come together behind it and share the next transaction.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from proto_schema import Batch, Received, UploadReply
from ptscan.agent.spool import limits
from ptscan.agent.spool.errors import Damage, RecordTooLargeError, SpoolError, SpoolUnwritableError
from ptscan.agent.spool.holding import hold_store
from ptscan.agent.spool.report import SpoolState
from ptscan.agent.spool.store import Bounds, Entry, Store, octets_of

T = TypeVar("T")


class _Ticket:
    """One put that waits for its transaction."""

    def __init__(self, group: Sequence[Entry]) -> None:
        self.group = group
        self.octets = octets_of(group)
        self.result: range | SpoolError | None = None


class Spool:
    """What is durable until the collector has it; made by ``open_spool``. Every method is a checkpoint."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._directory = directory
        self._thread = trio.CapacityLimiter(1)
        self._turn = trio.Lock()
        self._tickets: list[_Ticket] = []
        self._changed = trio.Event()
        self._is_closed = False

    async def put(self, entries: Sequence[Entry]) -> range:
        """Spool ``entries`` as a whole and return their numbers, once they are durable.

        Raises SpoolFullError, SpoolUnwritableError or RecordTooLargeError: nothing was taken. Cancelled, it took all
        of them or none.
        """
        self._refuse_too_large(entries)
        ticket = _Ticket(tuple(entries))
        self._tickets.append(ticket)
        try:
            async with self._turn:
                if ticket.result is None:
                    await self._commit(self._next_tickets())
        finally:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
        if isinstance(ticket.result, range):
            return ticket.result
        raise ticket.result or SpoolUnwritableError(self._directory, "is closed")

    async def lease(self, *, max_octets: int, max_records: int) -> Batch | None:
        """Return the next records, at least one whatever its size, as one epoch's batch; None where none is ready.

        They are on their way until they are settled or released.
        """
        now = trio.current_time()
        return await self._call(lambda: self._store.lease(max_octets, max_records, now))

    async def next_batch(self, *, max_octets: int, max_records: int) -> Batch:
        """Wait for records, and lease them. Cancelled, it leased nothing."""
        while True:
            changed = self._changed
            batch = await self.lease(max_octets=max_octets, max_records=max_records)
            if batch is not None:
                return batch
            due_at = self._store.due_at()
            with trio.move_on_at(trio.current_time() + limits.IDLE_SECONDS if due_at is None else due_at):
                await changed.wait()

    async def settle(self, *replies: UploadReply) -> list[int]:
        """Note what the collector did with some batches, as a whole; return the numbers that are set aside from now on.

        Records that it refuses are tried again later, five times in all.
        """
        now = trio.current_time()
        aside = await self._call(lambda: self._store.settle_all(replies, now))
        self._wake()
        return aside

    async def release(self) -> None:
        """Take back all that was leased: the session that had it is over."""
        await self._call(self._store.release)
        self._wake()

    async def epochs(self) -> list[str]:
        """Return the epochs of which the spool has records, the latest of them, and last the one of new records."""
        return await self._call(self._store.epochs)

    async def resync(self, received: Sequence[Received]) -> int:
        """Let wait again what was stored of the named epochs and is in none of the ranges; return how many that is.

        For a collector that was restored from a backup: it says what it has. What was stored after the last ``epochs``
        is left out: the collector may have spoken before. Cancelled, it was done in part, and the
        next one does the rest.
        """
        missing = await self._call(lambda: self._store.missing(received))
        again = 0
        for first in range(0, len(missing), limits.RESYNC_RECORDS):
            portion = missing[first : first + limits.RESYNC_RECORDS]
            again += await self._call(partial(self._store.resync, portion))
            self._wake()
        return again

    async def tidy(self) -> None:
        """Let go of what was kept long enough."""
        while await self._call(self._store.tidy):
            pass

    async def state(self) -> SpoolState:
        """How the spool stands."""
        return await self._call(self._store.state)

    def _refuse_too_large(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if len(entry.body) > limits.BODY_OCTETS:
                fault = f"a record of {len(entry.body)} octets is too large: at most {limits.BODY_OCTETS}"
                raise RecordTooLargeError(self._directory, fault)
            words = max(len(entry.kind.encode()), len(entry.at.encode()))
            if words > limits.WORD_OCTETS or len(entry.subject.encode()) > limits.SUBJECT_OCTETS:
                raise RecordTooLargeError(self._directory, "a record's kind, time or subject is too long")
        if len(entries) > limits.GROUP_RECORDS or octets_of(entries) > limits.GROUP_OCTETS:
            fault = f"{len(entries)} records are too many at once: put them one by one"
            raise RecordTooLargeError(self._directory, fault)

    def _next_tickets(self) -> list[_Ticket]:
        """Take those out whose turn it is: the first, and as many behind it as share its transaction."""
        records = octets = count = 0
        for ticket in self._tickets:
            records += len(ticket.group)
            octets += ticket.octets
            if count and (records > limits.COMMIT_RECORDS or octets > limits.COMMIT_OCTETS):
                break
            count += 1
        taken, self._tickets = self._tickets[:count], self._tickets[count:]
        return taken

    async def _commit(self, tickets: list[_Ticket]) -> None:
        """Put them, and tell each of them what became of it."""
        groups = [ticket.group for ticket in tickets]
        with trio.CancelScope(shield=True):  # bounded by the disk: a transaction is never left half-way
            try:
                results: Sequence[range | SpoolError] = await self._in_thread(lambda: self._store.put(groups))
            except SpoolError as error:
                results = [error] * len(tickets)
        for ticket, result in zip(tickets, results, strict=True):
            ticket.result = result
        self._wake()

    async def _call(self, transaction: Callable[[], T]) -> T:
        async with self._turn:
            with trio.CancelScope(shield=True):
                result = await self._in_thread(transaction)
        return result

    async def shut(self) -> None:
        """Wait for what is under way, and refuse what comes: the file is about to be closed, and the lock let go."""
        async with self._turn:
            self._is_closed = True
        self._wake()

    async def _in_thread(self, transaction: Callable[[], T]) -> T:
        if self._is_closed:
            raise SpoolUnwritableError(self._directory, "is closed")
        try:
            return await trio.to_thread.run_sync(transaction, limiter=self._thread)
        except Damage:  # the file is salvaged when it is opened again, which the next attempt begins with
            try:
                return await trio.to_thread.run_sync(transaction, limiter=self._thread)
            except Damage as damage:
                raise SpoolUnwritableError(self._directory, f"{damage}, twice: the disk fails: replace it") from damage

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


@asynccontextmanager
async def open_spool(
    directory: Path, *, bounds: Bounds | None = None, wall_clock: Callable[[], float] = time.time
) -> AsyncIterator[Spool]:
    """Open the spool in ``directory``, new where there is none; a damaged one is mended, and its findings tell of it.

    Raises SpoolInUseError and SpoolError.
    """
    stack = ExitStack()
    held = hold_store(directory, bounds=bounds or Bounds(), wall_clock=wall_clock)
    spool: Spool | None = None
    try:
        spool = Spool(await trio.to_thread.run_sync(stack.enter_context, held), directory)
        yield spool
    finally:
        with trio.CancelScope(shield=True):  # bounded by the disk: the log is copied into the file
            if spool is not None:
                await spool.shut()
            await trio.to_thread.run_sync(stack.close)
