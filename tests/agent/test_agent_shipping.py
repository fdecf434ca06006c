"""Shipping: what is spooled is stored once, whatever ends the stream, and nothing holds up the rest."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import trio
from counterpart import Collector, Quick, collecting, enrolled_context, until

from proto_schema import UPLOAD, Batch, Refusal, UploadReply, decode, encode
from ptscan.agent import Entry, Spool, SpoolUnwritableError, limits, open_spool
from ptscan.agent.findings import Findings
from ptscan.agent.shipping import Shipping
from ptscan.link import Call, CallError, Link, Peer, Status, Trouble, open_link


class Shipped:
    """An agent's spool that is shipped to a collector."""

    def __init__(self, spool: Spool, link: Link, collector: Collector) -> None:
        self.spool = spool
        self.collector = collector
        self.findings = Findings()
        self.troubles: list[Trouble] = []
        self.shipping = Shipping(
            spool, link, noting=trio.Lock(), findings=self.findings, report=self.troubles.append, random=Quick(1)
        )

    async def put(self, count: int, *, first: int = 0) -> None:
        for number in range(first, first + count):
            await self.spool.put([Entry("reading", "2026-11-21T12:00:00Z", b"%d" % number)])

    @property
    def bodies(self) -> list[int]:
        return [int(body) for _, body in sorted(self.collector.stored.items())]

    async def until_waiting(self, count: int) -> None:
        with trio.fail_after(20):
            while (await self.spool.state()).waiting_records != count:  # noqa: ASYNC110 (it looks on from outside)
                await trio.sleep(0.01)


@asynccontextmanager
async def shipped(folder: Path) -> AsyncIterator[Shipped]:
    async with collecting(folder) as collector:
        context = await enrolled_context(collector, folder / "agent")
        async with (
            open_spool(folder / "agent" / "spool") as spool,
            open_link("127.0.0.1", collector.port, context, random=Quick(1)) as link,
            trio.open_nursery() as nursery,
        ):
            shipped = Shipped(spool, link, collector)
            nursery.start_soon(shipped.shipping.run)
            yield shipped
            nursery.cancel_scope.cancel()


async def test_what_is_spooled_is_stored_in_order_and_no_longer_waits(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:
        await it.put(50)
        await it.until_waiting(0)
        await it.put(5, first=50)
        await it.until_waiting(0)
        assert it.bodies == list(range(55))
        assert it.shipping.stored == 55


@pytest.mark.parametrize("count", [limits.BATCHES_ON_THE_WAY, limits.BATCHES_ON_THE_WAY + 1, 40])
async def test_so_many_batches_are_on_their_way_and_the_collector_holds_the_rest_back(
    tmp_path: Path, count: int
) -> None:
    async with shipped(tmp_path) as it:
        gate = trio.Event()

        async def wait(batch: Batch) -> UploadReply:
            await gate.wait()
            return await it.collector.keep(batch)

        it.collector.take = wait
        it.shipping._most = 1
        await it.put(count)
        with trio.fail_after(20):
            while (await it.spool.state()).leased_records < limits.BATCHES_ON_THE_WAY:  # noqa: ASYNC110 (as above)
                await trio.sleep(0.01)
        await trio.sleep(0.2)
        assert (await it.spool.state()).leased_records == limits.BATCHES_ON_THE_WAY
        gate.set()
        await it.until_waiting(0)
        assert it.bodies == list(range(count))


@pytest.mark.parametrize(
    "status", [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.PERMISSION_DENIED, Status.INTERNAL, Status.UNKNOWN]
)
async def test_a_stream_that_ends_by_any_status_is_begun_again_and_nothing_is_lost(
    tmp_path: Path, status: Status
) -> None:
    async with shipped(tmp_path) as it:
        calls: list[int] = []

        async def fail_often(batch: Batch) -> UploadReply:
            calls.append(len(batch.records))
            if len(calls) % 3:
                raise CallError(status, "a test wants it so")
            return await it.collector.keep(batch)

        it.collector.take = fail_often
        await it.put(30)
        await it.until_waiting(0)
        assert it.bodies == list(range(30))
        assert "upload-failed" in [trouble.kind for trouble in it.troubles]
        assert (await it.spool.state()).set_aside == 0
        assert it.findings.current == []


async def test_a_reply_that_is_lost_behind_the_commit_stores_nothing_twice(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:
        lost: list[int] = []

        async def store_and_cut(batch: Batch) -> UploadReply:
            reply = await it.collector.keep(batch)
            if len(lost) < 3:
                lost.append(len(batch.records))
                assert it.collector.server is not None
                it.collector.server.end(lambda _: True, "a test cuts the line")
            return reply

        it.collector.take = store_and_cut
        await it.put(20)
        await it.until_waiting(0)
        assert it.bodies == list(range(20))
        assert it.collector.sent > 20


async def test_a_record_that_is_refused_holds_nothing_up(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:

        async def refuse(batch: Batch) -> UploadReply:
            bad = [record.sequence for record in batch.records if record.body == b"7"]
            good = [record for record in batch.records if record.body != b"7"]
            if good:
                await it.collector.keep(Batch(epoch=batch.epoch, records=good))
            refused = [Refusal(sequence=number, code="malformed", text="no map") for number in bad]
            return UploadReply(epoch=batch.epoch, upto=batch.records[-1].sequence, refused=refused)

        it.collector.take = refuse
        await it.put(30)
        await it.until_waiting(1)
        assert it.bodies == [number for number in range(30) if number != 7]


async def test_a_record_that_fails_every_call_it_is_in_holds_nothing_up(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:

        async def stumble(batch: Batch) -> UploadReply:
            if any(record.body in (b"7", b"8") for record in batch.records):
                raise ValueError("a fault of the collector")
            return await it.collector.keep(batch)

        it.collector.take = stumble
        await it.put(30)
        await it.until_waiting(2)
        assert it.bodies == [number for number in range(30) if number not in (7, 8)]


async def test_a_collector_that_fails_of_everything_has_nothing_set_aside(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:
        calls: list[int] = []

        async def stumble(batch: Batch) -> UploadReply:
            calls.append(len(batch.records))
            raise ValueError("a fault of the collector")

        it.collector.take = stumble
        await it.put(30)
        await until(lambda: len(calls) > 60)
        it.collector.take = it.collector.keep
        await it.until_waiting(0)
        assert it.bodies == list(range(30))


@pytest.mark.parametrize("bent", ["epoch", "beyond", "refused", "twice", "garbage", "silent"])
async def test_a_reply_to_what_was_not_sent_settles_nothing(tmp_path: Path, bent: str) -> None:
    async with shipped(tmp_path) as it:
        bends: list[int] = []
        true = it.collector.methods[UPLOAD.path]

        async def bend(call: Call, peer: Peer) -> None:
            if len(bends) >= 3:
                await true(call, peer)
                return
            bends.append(1)
            batch = decode(await call.receive() or b"", Batch)
            last = batch.records[-1].sequence
            reply = UploadReply(epoch=batch.epoch, upto=last)
            match bent:
                case "epoch":
                    await call.send(encode(UploadReply(epoch="another", upto=last)))
                case "beyond":
                    await call.send(encode(UploadReply(epoch=batch.epoch, upto=last + 1)))
                case "refused":
                    refusal = Refusal(sequence=last + 1, code="malformed", text="")
                    await call.send(encode(UploadReply(epoch=batch.epoch, upto=last, refused=[refusal])))
                case "twice":
                    await it.collector.keep(batch)
                    await call.send(encode(reply))
                    await call.send(encode(reply))
                    return
                case "garbage":
                    await call.send(b"\xc1")
                case "silent":
                    return
            assert await call.receive() is None

        it.collector.methods[UPLOAD.path] = bend
        await it.put(10)
        await it.until_waiting(0)
        assert it.bodies == list(range(10))


async def test_a_part_that_is_stored_is_settled_and_the_rest_is_sent_again(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:

        async def store_a_part(batch: Batch) -> UploadReply:
            half = batch.records[: (len(batch.records) + 1) // 2]
            return await it.collector.keep(Batch(epoch=batch.epoch, records=half))

        it.collector.take = store_a_part
        await it.put(30)
        await it.until_waiting(0)
        assert it.bodies == list(range(30))


async def test_a_spool_that_fails_while_a_stream_waits_ends_the_stream_and_not_the_agent(
    tmp_path: Path,
) -> None:
    async with shipped(tmp_path) as it:
        await it.put(5)
        await it.until_waiting(0)
        it.spool._store.close()
        with closing(sqlite3.connect(tmp_path / "agent" / "spool" / "spool.db")) as another:
            another.execute("BEGIN EXCLUSIVE")
            with pytest.raises(SpoolUnwritableError):
                await it.put(1, first=5)  # which wakes the stream
            await until(lambda: "spool-failing" in [trouble.kind for trouble in it.troubles])
        await it.put(5, first=5)
        await it.until_waiting(0)
        assert sorted(it.bodies) == list(range(10)), "of two epochs, which stand in no order"


async def test_a_connection_that_drains_lets_the_stream_end_in_order(tmp_path: Path) -> None:
    async with shipped(tmp_path) as it:
        await it.put(5)
        await it.until_waiting(0)
        assert it.collector.server is not None
        it.collector.server.drain()
        await trio.sleep(0.1)
        assert it.troubles == []
