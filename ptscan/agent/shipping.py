"""From the spool to the collector's store: batches on one stream, and a reply for each that is committed there. I/O.

What is on its way stays leased until its reply is noted; whatever ends the stream, what was not answered for is taken
back and sent again, and the collector knows it by its numbers. So nothing here can lose a record, and a reply that
says more than was sent is not believed.

A call that fails for what is in it, again and again, would hold up everything behind it: then records are sent one by
one, and the one that fails is put off as a refused one, as soon as another got through. Where none does it is the
collector that fails, and nobody is put off.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Final, NamedTuple

import trio

from proto_schema import UPLOAD, Batch, Refusal, UploadReply, WireError, clip, decode, encode
from ptscan.agent import limits
from ptscan.agent.findings import Findings
from ptscan.agent.spool import Spool, SpoolError
from ptscan.link import Backoff, Call, CallError, Link, Report, Status, Trouble, first_to_end

REFUSED: Final = frozenset({Status.UNAUTHENTICATED, Status.PERMISSION_DENIED})
"""The collector has nothing to do with this agent, whatever it sends."""
_OF_WHAT_WAS_SENT: Final = frozenset({
    Status.INVALID_ARGUMENT, Status.INTERNAL, Status.UNKNOWN, Status.DATA_LOSS, Status.OUT_OF_RANGE,
    Status.FAILED_PRECONDITION,
})  # fmt: skip
"""It may be what was sent that the collector fails of; any other status says nothing of it."""


class _Sent(NamedTuple):
    """What is known of a batch that is on its way."""

    epoch: str
    numbers: list[int]
    octets: int


class _Heard(NamedTuple):
    """What the collector said of a batch."""

    reply: UploadReply
    batch: _Sent


class Shipping:
    """Carries what is spooled to the collector, for as long as it runs."""

    def __init__(self, spool: Spool, link: Link, *, noting: trio.Lock, findings: Findings, report: Report,
                 random: Random) -> None:  # fmt: skip
        """``noting`` is held while it is noted what the collector has stored."""
        self._spool = spool
        self._link = link
        self._noting = noting
        self._findings = findings
        self._report = report
        self._backoff = Backoff(random)
        self._most = limits.BATCH_RECORDS
        self.stored = 0
        """Records that the collector stored since the start."""

    async def run(self) -> None:
        """Ship until cancelled; what was on its way then is sent again at the next start."""
        while True:
            try:
                await self._link.connected()  # before a lease: an agent that is cut off holds nothing in memory
                first = await self._spool.next_batch(max_octets=limits.BATCH_OCTETS, max_records=self._most)
                await self._upload(first)
                await self._release()  # what was leased in the moment in which the stream was ended
            except (CallError, WireError, SpoolError) as error:
                await self._back(error)
                if isinstance(error, CallError) and error.status in _OF_WHAT_WAS_SENT:
                    await self._narrow()

    async def _upload(self, first: Batch) -> None:
        """One stream, until nothing came for a while or its connection ends.

        Raises CallError, WireError, SpoolError; what it leaves leased is for the caller to release.
        """
        failed: list[CallError | WireError | SpoolError] = []  # raised behind the nursery, which would make a group
        async with self._link.call(UPLOAD.path) as call, trio.open_nursery() as nursery:
            # One is in the hand of who hears, and one of who sends.
            sent, awaited = trio.open_memory_channel[_Sent](limits.BATCHES_ON_THE_WAY - 2)
            heard, replies = trio.open_memory_channel[_Heard](limits.BATCHES_ON_THE_WAY)
            nursery.start_soon(self._send, call, first, sent)
            nursery.start_soon(self._hear, call, awaited, heard, failed)
            try:
                async for reply in replies:
                    await self._settle([reply, *_at_hand(replies)])
            except SpoolError as error:
                failed.append(error)
            nursery.cancel_scope.cancel()
        if failed:
            raise failed[0]

    async def _send(self, call: Call, batch: Batch, sent: trio.MemorySendChannel[_Sent]) -> None:
        """Send batches as the replies make room, and end the stream; what ends it otherwise, ``_hear`` hears."""
        with sent:
            try:
                while True:
                    octets = encode(batch)
                    await call.send(octets, compress=True)
                    await sent.send(_sent(batch, len(octets)))
                    if call.draining.is_set():
                        break
                    with trio.move_on_after(limits.UPLOAD_IDLE_SECONDS) as idle:
                        more = await self._next(call)
                    if idle.cancelled_caught or more is None:
                        break
                    batch = more
                call.end()
            except (CallError, SpoolError) as error:
                # A spool that fails is met again by the next lease, which tells of it; what was sent is still settled.
                if isinstance(error, SpoolError):
                    call.end()

    async def _next(self, call: Call) -> Batch | None:
        """The next batch, or None once the connection takes no more."""
        found: list[Batch] = []

        async def lease() -> None:
            found.append(await self._spool.next_batch(max_octets=limits.BATCH_OCTETS, max_records=self._most))

        await first_to_end(call.draining.wait, lease)
        return found[0] if found else None

    async def _hear(
        self,
        call: Call,
        sent: trio.MemoryReceiveChannel[_Sent],
        heard: trio.MemorySendChannel[_Heard],
        failed: list[CallError | WireError | SpoolError],
    ) -> None:
        """Hear what became of every batch that was sent, in their order, and of what the stream ends."""
        async with heard:
            try:
                async for batch in sent:
                    with trio.move_on_after(limits.REPLY_SECONDS + batch.octets / limits.SLOWEST_OCTETS) as patience:
                        octets = await call.receive()
                    if patience.cancelled_caught:
                        raise CallError(Status.DEADLINE_EXCEEDED, "the collector does not reply to what it was sent")
                    if octets is None and call.draining.is_set():
                        return  # the connection ends in order, and takes no more: the next one has what is left
                    if octets is None:
                        raise CallError(Status.UNAVAILABLE, "the collector left a batch unanswered")
                    reply = decode(octets, UploadReply)
                    is_whole = _is_whole(reply, batch)
                    await heard.send(_Heard(reply, batch))
                    if not is_whole:
                        raise CallError(Status.UNAVAILABLE, "the collector stored only a part of a batch")
                if await call.receive() is not None:
                    raise CallError(Status.ABORTED, "the collector replied more often than it was sent to")
            except (CallError, WireError) as error:
                failed.append(error)

    async def _settle(self, heard: Sequence[_Heard]) -> None:
        """Note what became of some batches together, for each note waits for the disk."""
        async with self._noting:
            aside = set(await self._spool.settle(*(one.reply for one in heard)))
        for one in heard:
            refused = {refusal.sequence for refusal in one.reply.refused}
            self.stored += sum(n <= one.reply.upto and n not in refused for n in one.batch.numbers)
            for refusal in one.reply.refused:
                if refusal.sequence in aside:
                    self._tell_set_aside(refusal)
        self._backoff.reset()
        self._most = min(2 * self._most, limits.BATCH_RECORDS)
        self._findings.clear("upload-failing", "spool-failing")

    async def _back(self, error: CallError | WireError | SpoolError) -> None:
        """Say what went wrong, take back what is on its way, and wait."""
        if isinstance(error, SpoolError):
            self._spool_fails(error)
        else:
            if not (isinstance(error, CallError) and error.status in REFUSED | {Status.UNAVAILABLE}):
                self._findings.tell("upload-failing", f"what is spooled does not get through: {error}",
                                    "see the collector's log; it is tried again")  # fmt: skip
            text = f"what is spooled waits: {error}; it is tried again"
            self._report(Trouble("upload-failed", "", text, error))
        await self._release()
        await trio.sleep(self._backoff.next())

    async def _release(self) -> None:
        try:
            await self._spool.release()
        except SpoolError as error:
            self._spool_fails(error)

    async def _narrow(self) -> None:
        """Send fewer records at a time; where it is one, find out whether it is the record."""
        if self._most > 1:
            self._most = max(self._most // limits.NARROWER, 1)
            return
        try:
            await self._one_by_one()
        except (CallError, SpoolError, WireError) as error:
            self._report(Trouble("upload-failed", "", f"what is spooled waits: {error}; it is tried again", error))
        await self._release()

    async def _one_by_one(self) -> None:
        """Send records in calls of their own until one gets through; put off those before it that fail once more.

        Where none gets through it is the collector that fails, and nothing is put off.
        """
        suspects: list[Batch] = []
        while True:
            batch = await self._spool.lease(max_octets=1, max_records=1)
            if batch is None or len(suspects) == limits.SUSPECTS:
                return
            reply = await self._ask(batch)
            if isinstance(reply, UploadReply):
                break
            suspects.append(batch)
        for suspect in suspects:
            answer = await self._ask(suspect)
            if isinstance(answer, UploadReply):
                _is_whole(answer, _sent(suspect))
                await self._settle([_Heard(answer, _sent(suspect))])
                continue
            refusal = Refusal(sequence=suspect.records[0].sequence, code="call-failed", text=clip(str(answer)))
            if await self._spool.settle(UploadReply(epoch=suspect.epoch, upto=0, refused=[refusal])):
                self._tell_set_aside(refusal)
        _is_whole(reply, _sent(batch))
        await self._settle([_Heard(reply, _sent(batch))])

    async def _ask(self, batch: Batch) -> UploadReply | CallError:
        """Send a batch in a call of its own; return its reply, or how that failed, if it may be for what is in it."""
        try:
            octets = await self._link.unary(UPLOAD.path, encode(batch), within=limits.REPLY_SECONDS)
            return decode(octets, UploadReply)
        except CallError as error:
            if error.status not in _OF_WHAT_WAS_SENT:
                raise
            return error

    def _tell_set_aside(self, refusal: Refusal) -> None:
        text = f"the collector takes a record never ({refusal.code}: {refusal.text}): it is set aside; see its log"
        self._report(Trouble("record-set-aside", "", text))

    def _spool_fails(self, error: SpoolError) -> None:
        self._findings.tell("spool-failing", str(error), "see to the disk that the spool is on")
        self._report(Trouble("spool-failing", "", str(error), error))


def _sent(batch: Batch, octets: int = 0) -> _Sent:
    return _Sent(batch.epoch, [record.sequence for record in batch.records], octets)


def _is_whole(reply: UploadReply, batch: _Sent) -> bool:
    """Whether a reply says of every record of its batch what became of it. Raises CallError where it says more."""
    refused = {refusal.sequence for refusal in reply.refused}
    if reply.epoch != batch.epoch or reply.upto > batch.numbers[-1] or not refused <= set(batch.numbers):
        raise CallError(Status.ABORTED, "the collector replied to what was not sent")
    return all(number <= reply.upto or number in refused for number in batch.numbers)


def _at_hand(replies: trio.MemoryReceiveChannel[_Heard]) -> Iterator[_Heard]:
    """The replies that came while others were noted."""
    with suppress(trio.WouldBlock, trio.EndOfChannel):
        while True:
            yield replies.receive_nowait()
