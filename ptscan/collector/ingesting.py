"""Batches of many agents on their way into the store: gathered, committed together, answered apart. I/O.

Theory of operation. One task writes; all others hand it their batches and wait. While a transaction runs the next
batches gather, so the fuller the house, the more share one wait for the disk. What waits is bounded in octets: nobody
takes a message from its connection before there is room for it, so HTTP/2's windows stay shut and what can't be stored
stays in the agents' spools. Messages are let in one by one in the order in which their takers came; of one agent there
are a few at a time, over however many streams they come and whether or not it takes the answers, and agents take turns,
so that none of them fills the room or the time of all.

A transaction that failed is not tried again here: its batches end as UNAVAILABLE, and their agents send them again.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio

from proto_schema import Batch, Record, Refusal, UploadReply
from ptscan.collector import limits
from ptscan.collector.metrics import Metrics
from ptscan.collector.objecting import ToldError
from ptscan.collector.storage import BatchError, Parcel, Store, StoreError, ingest_all
from ptscan.collector.transacting import not_now
from ptscan.link import CallError, Report, Status, Trouble

_STATUS_OF: Final = {
    "bad-epoch": Status.INVALID_ARGUMENT,
    "too-many-spools": Status.RESOURCE_EXHAUSTED,
}
"""Of a batch of which nothing can be stored; any other code is about who sent it."""


class Waiting:
    """A batch that was taken; it becomes a reply, or the error that its stream ends with."""

    def __init__(self, parcel: Parcel, octets: int, leave: Callable[[], None]) -> None:
        """``leave`` is called once, when the batch is settled and nobody waits for its reply any more."""
        self.parcel = parcel
        self.octets = octets
        self._leave = leave
        self._is_answered = False
        self._settled = trio.Event()
        self._outcome: UploadReply | CallError | None = None

    def settle(self, outcome: UploadReply | CallError) -> None:
        """Say what became of it; what was said first holds. The batch's records are let go."""
        if not self._settled.is_set():
            self._outcome = outcome
            self._settled.set()
            self.parcel = Parcel(self.parcel.agent_id, Batch(epoch="", records=[]))
            if self._is_answered:
                self._leave()

    def answered(self) -> None:
        """The reply was sent, or nobody wants it; a second time does nothing."""
        if not self._is_answered:
            self._is_answered = True
            if self._settled.is_set():
                self._leave()

    async def reply(self) -> UploadReply:
        """Wait for its transaction. Raises CallError."""
        await self._settled.wait()
        if isinstance(self._outcome, UploadReply):
            return self._outcome
        raise self._outcome or CallError(Status.INTERNAL, "the batch has no outcome")


class Ingestor:
    """See the module. ``run`` has to be running for anything to be stored."""

    def __init__(self, store: Store, *, clock: Callable[[], float], report: Report, metrics: Metrics) -> None:
        """``clock`` gives seconds since 1970."""
        self._store = store
        self._clock = clock
        self._report = report
        self._metrics = metrics
        self._limiter = trio.CapacityLimiter(1)
        self._queue: dict[str, deque[Waiting]] = {}
        """By agent, the one whose turn is next first."""
        self._octets = 0
        self._entrance = trio.Lock()  # of Trio, which is fair
        self._rooms: dict[str, trio.Semaphore] = {}
        """By agent, of those who have batches here."""
        self._came = trio.Event()
        self._went = trio.Event()
        self.failing: StoreError | None = None
        """Why the last transaction failed; None where it did not."""
        self.failed_at = 0.0
        """When it did, by Trio's clock."""

    @property
    def waiting_octets(self) -> int:
        """Of the batches that are in no finished transaction yet."""
        return self._octets

    async def take(self, agent_id: str, receive: Callable[[], Awaitable[tuple[Parcel, int] | None]]) -> Waiting | None:
        """Let a message of an agent in: ``receive`` takes it when there is room, and gives the batch and its octets.

        None where it gives None. ``receive`` should not have to wait. Cancelled before it was called, nothing was
        taken. Whoever gets a batch says ``answered`` of it, whatever happens.
        """
        room = self._rooms.setdefault(agent_id, trio.Semaphore(limits.BATCHES_PER_AGENT))
        await room.acquire()
        leave = partial(self._left, agent_id)
        waiting: Waiting | None = None
        try:
            waiting = await self._let_in(receive, leave)
        finally:
            if waiting is None:
                leave()
        return waiting

    def _left(self, agent_id: str) -> None:
        room = self._rooms[agent_id]
        room.release()
        if room.value == limits.BATCHES_PER_AGENT:  # so nobody waits for it either
            del self._rooms[agent_id]

    async def _let_in(
        self, receive: Callable[[], Awaitable[tuple[Parcel, int] | None]], leave: Callable[[], None]
    ) -> Waiting | None:
        async with self._entrance:
            while self._octets >= limits.WAITING_OCTETS:
                self._went = trio.Event()
                await self._went.wait()
            taken = await receive()
            if taken is None:
                return None
            waiting = Waiting(*taken, leave)
            self._queue.setdefault(waiting.parcel.agent_id, deque()).append(waiting)
            self._octets += waiting.octets
            self._metrics.waiting.set(self._octets)
            self._came.set()
            return waiting

    async def run(self) -> None:
        """Store what is handed in, for ever; cancelled, a transaction that has begun is finished first."""
        while True:
            while not self._queue:
                self._came = trio.Event()
                await self._came.wait()
            group = self._group()
            began = trio.current_time()
            await self._commit(group)
            self._metrics.commit_seconds.observe(trio.current_time() - began)
            self._octets -= sum(waiting.octets for waiting in group)
            self._metrics.waiting.set(self._octets)
            self._went.set()

    def _group(self) -> list[Waiting]:
        """The batches of the next transaction, one at least: one of each agent in turn, its oldest first."""
        group: list[Waiting] = []
        octets = 0
        while self._queue and len(group) < limits.COMMIT_BATCHES:
            agent_id, mine = next(iter(self._queue.items()))
            octets += mine[0].octets
            if group and octets > limits.COMMIT_OCTETS:
                break
            group.append(mine.popleft())
            del self._queue[agent_id]
            if mine:
                self._queue[agent_id] = mine
        return group

    async def _commit(self, group: list[Waiting]) -> None:
        """One transaction, and what it says to each."""
        try:
            outcomes = await self._store_all([waiting.parcel for waiting in group])
        except StoreError as error:
            self._failed(error)
            for waiting in group:
                waiting.settle(not_now())
        except Exception as error:
            await self._contain(group, error)
        else:
            self._recovered()
            for waiting, outcome in zip(group, outcomes, strict=True):
                self._tell(waiting, outcome)

    async def _store_all(self, parcels: list[Parcel]) -> list[UploadReply | BatchError]:
        work = partial(self._store.write, ingest_all, parcels, now=self._clock())
        return await trio.to_thread.run_sync(work, limiter=self._limiter)

    async def _contain(self, group: list[Waiting], error: Exception) -> None:
        """A fault of ours over one batch must not hold up the others, nor one record the rest of its batch."""
        if len(group) > 1:
            for waiting in group:
                await self._commit([waiting])
            return
        [waiting] = group
        who = f"agent {waiting.parcel.agent_id}"
        try:
            reply = await self._sift(waiting.parcel)
        except StoreError as failure:
            self._failed(failure)
            waiting.settle(not_now())
        else:
            text = f"a batch of {who} met a fault of the collector: report it, with what the log says"
            self._report(Trouble("ingest-failed", "", text, error))
            if reply is None:
                text = "the collector failed over this batch; its log says how"
                waiting.settle(CallError(Status.INTERNAL, text))
            else:
                self._tell(waiting, reply)

    async def _sift(self, parcel: Parcel) -> UploadReply | BatchError | None:
        """Store a batch in ever smaller parts, to refuse the few records that our fault is about.

        None where they are more than a few, or all: then it is about none of them, and they stay with the agent.
        """
        refused: list[Refusal] = []
        faulty = well = 0
        parts = _halves(parcel.batch.records)
        while parts:
            part = parts.pop()
            try:
                batch = Batch(epoch=parcel.batch.epoch, records=part)
                [outcome] = await self._store_all([Parcel(parcel.agent_id, batch)])
            except StoreError:
                raise
            except Exception as error:
                if len(part) > 1:
                    parts += _halves(part)
                    continue
                faulty += 1
                if faulty > limits.FAULTY_RECORDS:
                    return None
                text = f"the collector failed over it ({type(error).__name__})"
                refused.append(Refusal(sequence=part[0].sequence, code="collector-failed", text=text))
            else:
                if isinstance(outcome, BatchError):
                    return outcome
                well += 1
                refused += outcome.refused
        if not well:
            return None
        upto = max(record.sequence for record in parcel.batch.records)
        return UploadReply(epoch=parcel.batch.epoch, upto=upto, refused=refused)

    def _tell(self, waiting: Waiting, outcome: UploadReply | BatchError) -> None:
        if isinstance(outcome, BatchError):
            self._report(Trouble("batch-refused", "", f"a batch of agent {waiting.parcel.agent_id}: {outcome}"))
            waiting.settle(ToldError(_STATUS_OF.get(outcome.code, Status.PERMISSION_DENIED), str(outcome)))
            return
        refused = len(outcome.refused)
        self._metrics.records.labels("settled").inc(len(waiting.parcel.batch.records) - refused)
        self._metrics.records.labels("refused").inc(refused)
        self._metrics.batches.inc()
        waiting.settle(outcome)

    def _failed(self, error: StoreError) -> None:
        if self.failing is None or str(self.failing) != str(error):
            self._report(Trouble("store", "", str(error), error))
        self.failing, self.failed_at = error, trio.current_time()
        self._metrics.store_failures.inc()

    def _recovered(self) -> None:
        if self.failing is not None:
            self._report(Trouble("store-recovered", "", "the store takes batches again"))
            self.failing = None


def _halves(records: list[Record]) -> list[list[Record]]:
    """The two halves, the first of them last: it is taken first, for a device's last reading is to be written last."""
    middle = len(records) // 2
    return [half for half in (records[middle:], records[:middle]) if half]
