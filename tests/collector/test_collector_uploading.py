"""Upload, whole: from a batch on the wire to a reply behind its commit, and what stands in the way."""

from pathlib import Path

import msgspec
import pytest
import trio

from proto_schema import BATCH_RECORDS, UPLOAD, Refusal, UploadReply, decode, encode
from ptscan.collector import limits, list_spools, revoke
from ptscan.collector.storage.locks import FileLock
from ptscan.collector.uploading import reply_octets
from ptscan.link import Call, CallError, Link, Status, open_link
from ptscan.tls import client_context

from .collecting import WITHIN, Agent, Collecting, until
from .stores import NOW, batch, record, what_is_stored


async def ended(call: Call) -> tuple[int, Status]:
    """How many replies came, and how the stream ended."""
    replies = 0
    try:
        while await call.receive() is not None:
            replies += 1
    except CallError as error:
        return replies, error.status
    return replies, Status.OK


def stored(collector: Collecting) -> list[tuple[str, int]]:
    with collector.store() as store:
        return [(agent, sequence) for agent, _, sequence, _ in what_is_stored(store)]


async def test_a_batch_is_stored_and_answered_once_however_often_it_comes(tmp_path: Path, store_url: str) -> None:
    async with Collecting(tmp_path, store_url).open() as collector:
        agent = await collector.enrol()
        batches = [batch([record(1), record(2)]), batch([record(3), record(4, b"none")])]
        for _ in range(3):
            replies = await agent.upload(*batches)
            assert [reply.upto for reply in replies] == [2, 4]
            assert [[one.sequence for one in reply.refused] for reply in replies] == [[], [4]]
        with collector.store() as store:
            assert [row[:3] for row in what_is_stored(store)] == [(agent.id, "e1", number) for number in (1, 2, 3)]
            [spool] = store.read(list_spools, agent.id)
        assert (spool.stored, spool.redelivered) == (3, 6)


async def test_many_agents_at_once_each_get_their_own(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agents = [await collector.enrol() for _ in range(5)]

        async def send(agent: Agent) -> None:
            batches = [batch([record(20 * turn + place) for place in range(1, 21)]) for turn in range(10)]
            assert [reply.upto for reply in await agent.upload(*batches)] == list(range(20, 201, 20))

        async with trio.open_nursery() as nursery:
            for agent in agents:
                nursery.start_soon(send, agent)
        expected = [(agent.id, sequence) for agent in agents for sequence in range(1, 201)]
        assert stored(collector) == sorted(expected)


async def test_a_stream_that_goes_wrong_answers_first_what_was_right(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        wrong = {
            b"\xc1": Status.INVALID_ARGUMENT,
            b"\x92\xa2e1\xdd\xff\xff\xff\xff": Status.INVALID_ARGUMENT,
            encode(batch([record(9)], epoch="")): Status.INVALID_ARGUMENT,
            encode(batch([record(9)], epoch="a\0b")): Status.INVALID_ARGUMENT,
        }
        async with agent.link() as link:
            for turn, (octets, status) in enumerate(wrong.items()):
                async with link.call(UPLOAD.path, within=WITHIN) as call:
                    await call.send(encode(batch([record(turn + 1)])))
                    await call.send(octets)
                    assert await ended(call) == (1, status), octets
        assert stored(collector) == [(agent.id, number) for number in (1, 2, 3, 4)]


async def test_a_batch_at_the_limit_is_taken_and_one_record_more_is_not(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        kinds = [record(number + 1, b"", kind="none") for number in range(BATCH_RECORDS + 1)]
        [reply] = await agent.upload(batch(kinds[:-1]))
        assert len(reply.refused) == BATCH_RECORDS
        with pytest.raises(CallError) as caught:
            await agent.upload(batch(kinds))
        assert caught.value.status is Status.INVALID_ARGUMENT


def test_very_many_refusals_still_fit_into_a_reply() -> None:
    refused = [
        Refusal(sequence=number + 1, code="c" * 64, text="\U0001f5a8" * 1_024) for number in range(BATCH_RECORDS)
    ]
    reply = UploadReply(epoch="e", upto=BATCH_RECORDS, refused=refused)
    told = decode(reply_octets(reply), UploadReply)
    assert [one.sequence for one in told.refused] == [one.sequence for one in refused]
    few = msgspec.structs.replace(reply, refused=refused[:3])
    assert decode(reply_octets(few), UploadReply) == few


async def test_who_is_revoked_in_the_middle_stores_nothing_more(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, link.call(UPLOAD.path, within=WITHIN) as call:
            await call.send(encode(batch([record(1)])))
            assert await call.receive() is not None
            with collector.store() as store:
                store.write(revoke, agent.id, "sold", now=NOW)
            await call.send(encode(batch([record(2)])))
            replies, status = await ended(call)
            assert replies == 0
            assert status in {Status.PERMISSION_DENIED, Status.UNAVAILABLE}
        assert stored(collector) == [(agent.id, 1)]


async def test_who_shows_no_certificate_stores_nothing(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        context = client_context(collector.authority.roots)
        async with (
            open_link("127.0.0.1", collector.running.port, context) as link,
            link.call(UPLOAD.path, within=WITHIN) as call,
        ):
            await call.send(encode(batch([record(1)])))
            assert await ended(call) == (0, Status.UNAUTHENTICATED)
        assert stored(collector) == []


async def test_a_stream_that_is_given_up_harms_no_other(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link:
            for turn in range(20):
                async with link.call(UPLOAD.path, within=WITHIN) as call:
                    await call.send(encode(batch([record(turn + 1)], epoch="given-up")))
                    call.cancel()
            async with link.call(UPLOAD.path, within=WITHIN) as call:
                await call.send(encode(batch([record(1)])))
                call.end()
                assert await ended(call) == (1, Status.OK)
        assert "call-failed" not in collector.kinds


async def test_a_store_that_is_slow_shuts_the_senders_window(tmp_path: Path) -> None:
    """What can't be stored stays with the agent: a few batches are taken, and then a sender waits."""
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        lock = FileLock(tmp_path / "collector" / "collector.db")
        try:
            async with agent.link() as link, link.call(UPLOAD.path, within=WITHIN) as call:
                await call.send(encode(batch([record(1)])))
                assert await call.receive() is not None, "the store is quick"
                sent = await _send_until_it_waits(call, lock)
                # Eight are taken and not answered; the rest fills the link's windows and buffers, of 256 KiB and less.
                assert limits.BATCHES_PER_UPLOAD < sent < limits.BATCHES_PER_UPLOAD + 24
                call.end()
                assert await ended(call) == (sent, Status.OK)
        finally:
            lock.close()
        assert len(stored(collector)) == 1 + sent


async def _send_until_it_waits(call: Call, lock: FileLock) -> int:
    body = b"x" * 60_000  # refused, and so kept nowhere; beside it a record that is stored
    sent = 0
    with lock.writing():
        with trio.move_on_after(1.0) as moved:
            while True:
                sequence = 2 * sent + 2
                await call.send(encode(batch([record(sequence, body), record(sequence + 1)])))
                sent += 1
                moved.deadline = trio.current_time() + 1.0
    return sent + 1  # the one that waited goes out whole, as ``send`` promises


async def test_a_collector_that_ends_answers_what_it_took_and_is_there_again(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    taken = 0
    async with trio.open_nursery() as nursery:
        replied, status = trio.Event(), []

        async def send(link: Link) -> None:
            nonlocal taken
            async with link.call(UPLOAD.path, within=WITHIN) as call:
                for number in range(1, 6):
                    await call.send(encode(batch([record(number)])))
                assert await call.receive() is not None
                replied.set()
                replies, how = await ended(call)
                taken = 1 + replies
                status.append(how)

        async with collecting.open() as collector:
            agent = await collector.enrol()
            link = await nursery.start(_hold_link, agent)
            nursery.start_soon(send, link)
            await replied.wait()
        await until(lambda: bool(status))
        nursery.cancel_scope.cancel()
    assert status == [Status.OK]
    with collecting.store() as store:
        kept = [row[2] for row in what_is_stored(store)]
    assert kept == list(range(1, taken + 1)), "what was answered is stored, and nothing else was taken"
    async with collecting.open():
        await agent.upload(*[batch([record(number)]) for number in range(1, 6)])
    with collecting.store() as store:
        assert [row[2] for row in what_is_stored(store)] == [1, 2, 3, 4, 5]


async def _hold_link(agent: Agent, task_status: trio.TaskStatus[Link]) -> None:
    async with agent.link() as link:
        await link.connected()
        task_status.started(link)
        await trio.sleep_forever()
