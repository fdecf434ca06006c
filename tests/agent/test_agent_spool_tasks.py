"""The spool among tasks: who waits for the disk waits together, and who is cancelled leaves nothing half done."""

from pathlib import Path

import pytest
import trio
from spooling import AT, entry, reply_to

from proto_schema import Range, Received, UploadReply
from ptscan.agent import Entry, RecordTooLargeError, SpoolError, SpoolInUseError, SpoolUnwritableError, open_spool
from ptscan.agent.spool import limits


async def test_many_puts_share_a_wait_for_the_disk(tmp_path: Path) -> None:
    got: list[range] = []

    async with open_spool(tmp_path / "s") as spool:

        async def put(number: int) -> None:
            got.append(await spool.put([entry(f"{number}"), entry("and")]))

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(put, number)
        assert sorted(number for numbers in got for number in numbers) == list(range(1, 401))
        batch = await spool.next_batch(max_octets=1 << 20, max_records=1_000)
        assert len(batch.records) == 400


async def test_a_batch_is_waited_for(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        async with trio.open_nursery() as nursery:
            bodies: list[bytes] = []

            async def take() -> None:
                batch = await spool.next_batch(max_octets=1_000, max_records=10)
                bodies.extend(record.body for record in batch.records)

            nursery.start_soon(take)
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert not bodies
            await spool.put([entry("a")])
        assert bodies == [b"a"]
        await spool.release()
        with trio.fail_after(5):
            again = await spool.next_batch(max_octets=1_000, max_records=10)
        assert await spool.settle(reply_to(again)) == []
        assert (await spool.state()).waiting_records == 0
        assert await spool.epochs() == [again.epoch]
        assert await spool.resync([Received(epoch=again.epoch, ranges=[])]) == 1
        await spool.tidy()


async def test_who_still_has_a_spool_that_was_closed_is_refused_and_opens_nothing(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        await spool.put([entry("a")])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spool.shut)  # behind what is under way
            assert (await spool.state()).waiting_records == 1
    for call in (spool.state, spool.release, spool.epochs, lambda: spool.put([entry("b")])):
        with pytest.raises(SpoolUnwritableError, match="is closed"):
            await call()
    async with open_spool(tmp_path / "s") as again:
        assert (await again.state()).waiting_records == 1


async def test_a_resync_in_portions_is_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESYNC_RECORDS", 3)
    async with open_spool(tmp_path / "s") as spool:
        await spool.put([entry(f"{number}") for number in range(10)])
        batch = await spool.next_batch(max_octets=1 << 20, max_records=100)
        await spool.settle(reply_to(batch))
        assert await spool.resync([Received(epoch=batch.epoch, ranges=[Range(first=2, last=3)])]) == 8
        again = await spool.next_batch(max_octets=1 << 20, max_records=100)
        assert [record.sequence for record in again.records] == [1, *range(4, 11)]


async def test_a_put_that_is_cancelled_took_all_or_nothing(tmp_path: Path) -> None:
    done = 0
    async with open_spool(tmp_path / "s") as spool:
        for number in range(60):
            with trio.move_on_after(number / 20_000) as scope:
                await spool.put([entry("a"), entry("b")])
                done += 1
            assert done or scope.cancelled_caught
        with trio.CancelScope() as scope:
            scope.cancel()
            await spool.put([entry("never"), entry("never")])
        batch = await spool.next_batch(max_octets=1 << 20, max_records=1_000)
        found = [record.body for record in batch.records]
        assert found == [b"a", b"b"] * (len(found) // 2)
        assert len(found) >= 2 * done
        assert await spool.put([entry("still works")])


async def test_one_that_is_cancelled_in_the_queue_harms_nobody(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        scopes = [trio.CancelScope() for _ in range(30)]
        done = []

        async def put(number: int) -> None:
            with scopes[number]:
                await spool.put([entry(f"{number}")])
                done.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(put, number)
            await trio.lowlevel.checkpoint()
            for scope in scopes[::3]:
                scope.cancel()
        assert {number for number in range(30) if number % 3} <= set(done)
        batch = await spool.next_batch(max_octets=1 << 20, max_records=100)
        assert {f"{number}".encode() for number in done} <= {record.body for record in batch.records}
        assert len(batch.records) == len({record.body for record in batch.records})


async def test_a_record_at_each_limit_is_taken_and_one_beyond_is_not(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        await spool.put([entry(bytes(limits.BODY_OCTETS))])
        await spool.put([Entry("k" * limits.WORD_OCTETS, "t" * limits.WORD_OCTETS, b"", "s" * limits.SUBJECT_OCTETS)])
        await spool.put([entry("a")] * limits.GROUP_RECORDS)
        for group in (
            [entry(bytes(limits.BODY_OCTETS + 1))],
            [Entry("k" * (limits.WORD_OCTETS + 1), AT, b"")],
            [Entry("k", "t" * (limits.WORD_OCTETS + 1), b"")],
            [Entry("k", AT, b"", "s" * (limits.SUBJECT_OCTETS + 1))],
            [entry("a")] * (limits.GROUP_RECORDS + 1),
            [entry(bytes(limits.BODY_OCTETS))] * 4,
        ):
            with pytest.raises(RecordTooLargeError, match="spool /"):
                await spool.put(group)
        sizes = []
        while batch := await spool.lease(max_octets=1 << 30, max_records=10_000):
            sizes += [len(record.body) for record in batch.records]
        assert len(sizes) == limits.GROUP_RECORDS + 2
        assert sizes[0] == limits.BODY_OCTETS


async def test_an_empty_put_is_no_harm(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        assert len(await spool.put([])) == 0
        assert await spool.lease(max_octets=1, max_records=1) is None
        assert await spool.settle(UploadReply(epoch="x", upto=9)) == []


async def test_a_second_agent_is_told(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "s") as spool:
        with pytest.raises(SpoolInUseError):
            async with open_spool(tmp_path / "s"):
                pass
        await spool.put([entry("a")])
    async with open_spool(tmp_path / "s") as spool:
        assert (await spool.state()).waiting_records == 1


async def test_a_place_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError) as caught:
        async with open_spool(tmp_path / "file" / "s"):
            pass
    assert "\n" not in str(caught.value)
