"""The way of batches into the store: shared transactions, bounded room, faults that stay with whom they concern."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from ptscan.collector import Parcel, Store, StoreBusyError, StoreFullError, limits, open_store
from ptscan.collector.ingesting import Ingestor, Waiting
from ptscan.collector.metrics import Metrics
from ptscan.link import CallError, Status, Trouble

from .stores import NOW, an_agent, batch, record, what_is_stored

WITHIN = 20.0


class Watched(Store):
    """A store whose transactions wait for leave, fail as they are told, and are counted."""

    def __init__(self, store: Store) -> None:
        self.name = store.name
        self.store = store
        self.groups: list[int] = []
        self.fault: Callable[[list[Parcel]], Exception | None] = lambda parcels: None
        self.leave = threading.Event()
        self.leave.set()

    def write(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        assert self.leave.wait(WITHIN)
        [parcels] = args
        self.groups.append(len(parcels))
        if (error := self.fault(parcels)) is not None:
            raise error
        return self.store.write(function, *args, **kwargs)


class House:
    """An ingestor that runs on a store with a few agents."""

    def __init__(self, store: Store) -> None:
        self.store = Watched(store)
        self.troubles: list[Trouble] = []
        self.ingestor = Ingestor(
            self.store, clock=lambda: NOW, report=self.troubles.append, metrics=Metrics(version="1")
        )

    async def put(self, agent_id: str, *sequences: int, epoch: str = "e1", octets: int = 1) -> Waiting:
        parcel = Parcel(agent_id, batch([record(number) for number in sequences], epoch=epoch))

        async def receive() -> tuple[Parcel, int]:
            await trio.lowlevel.checkpoint()
            return parcel, octets

        waiting = await self.ingestor.take(agent_id, receive)
        assert waiting is not None
        return waiting

    async def status(self, waiting: Waiting) -> Status:
        try:
            await waiting.reply()
        except CallError as error:
            return error.status
        return Status.OK

    def stored(self) -> list[tuple[str, int]]:
        return [(agent, sequence) for agent, _, sequence, _ in what_is_stored(self.store.store)]


@contextmanager
def a_store(folder: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{folder / 'collector.db'}") as store:
        for agent_id in ("a1", "a2", "a3"):
            an_agent(store, agent_id)
        yield store


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    with a_store(folder) as store, trio.fail_after(WITHIN):
        house = House(store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.ingestor.run)
            yield house
            house.store.leave.set()
            nursery.cancel_scope.cancel()


async def test_what_gathers_while_a_transaction_runs_shares_the_next_one(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        first = await house.put("a1", 1)
        await trio.sleep(0.05)
        later = [await house.put(agent, 2, 3) for agent in ("a1", "a2", "a3")]
        house.store.leave.set()
        assert [await house.status(each) for each in (first, *later)] == [Status.OK] * 4
        assert house.store.groups == [1, 3]
        assert house.stored() == [("a1", 1), ("a1", 2), ("a1", 3), ("a2", 2), ("a2", 3), ("a3", 2), ("a3", 3)]


@pytest.mark.parametrize(("octets", "groups"), [(0, [1, 2]), (1, [1, 1, 1])])
async def test_a_transaction_has_so_many_octets_and_no_more(tmp_path: Path, octets: int, groups: list[int]) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        first = await house.put("a1", 1)
        await trio.sleep(0.05)
        half = limits.COMMIT_OCTETS // 2
        later = [await house.put("a1", 2, octets=half), await house.put("a1", 3, octets=half + octets)]
        house.store.leave.set()
        assert [await house.status(each) for each in (first, *later)] == [Status.OK] * 3
        assert house.store.groups == groups


async def test_with_the_room_full_no_message_is_taken_and_takers_come_in_their_order(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        taken: list[str] = []
        await house.put("a1", 1, octets=limits.WAITING_OCTETS - 1)
        await house.put("a1", 2, octets=1)
        async with trio.open_nursery() as nursery:

            async def come(agent_id: str) -> None:
                await house.put(agent_id, 1)
                taken.append(agent_id)

            for agent_id in ("a2", "a3", "a1"):
                nursery.start_soon(come, agent_id)
                await trio.testing.wait_all_tasks_blocked(0.02)
            assert taken == []
            assert house.ingestor.waiting_octets == limits.WAITING_OCTETS
            house.store.leave.set()
        assert taken == ["a2", "a3", "a1"]


async def test_one_octet_below_the_limit_there_is_room_for_one_more(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        await house.put("a1", 1, octets=limits.WAITING_OCTETS - 1)
        with trio.move_on_after(WITHIN / 4) as waited:
            await house.put("a2", 1)
        assert not waited.cancelled_caught


async def test_an_agent_has_so_many_batches_there_and_no_more_whoever_reads_its_replies(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        some = [await house.put("a1", number) for number in range(1, limits.BATCHES_PER_AGENT + 1)]
        assert [await house.status(each) for each in some] == [Status.OK] * len(some)
        for answered in ([], some[:1], some[1:]):
            for each in answered:
                each.answered()
                each.answered()
            with trio.move_on_after(0.05):
                more = await house.put("a1", 99)
                assert await house.status(more) is Status.OK
                more.answered()
                continue
            assert not answered
            other = await house.put("a2", 1)
            assert await house.status(other) is Status.OK


async def test_agents_take_turns_and_each_one_s_batches_stay_in_their_order(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        first = await house.put("a3", 1)
        await trio.sleep(0.05)
        big = limits.COMMIT_OCTETS
        mine = [await house.put("a1", number, octets=big) for number in (1, 2, 3)]
        other = await house.put("a2", 1, octets=big)
        order: list[Waiting] = []

        async def note(waiting: Waiting) -> None:
            assert await house.status(waiting) is Status.OK
            order.append(waiting)

        async with trio.open_nursery() as nursery:
            for waiting in (first, *mine, other):
                nursery.start_soon(note, waiting)
            house.store.leave.set()
        assert order == [first, mine[0], other, *mine[1:]]


async def test_who_leaves_before_a_transaction_makes_no_room_before_it(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        some = [await house.put("a1", number) for number in range(1, limits.BATCHES_PER_AGENT + 1)]
        for each in some:
            each.answered()
        with trio.move_on_after(0.05) as scope:
            await house.put("a1", 99)
        assert scope.cancelled_caught
        house.store.leave.set()
        assert [await house.status(each) for each in some] == [Status.OK] * len(some)
        assert await house.status(await house.put("a1", 99)) is Status.OK


async def test_of_a_batch_that_is_settled_no_record_is_held(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        waiting = await house.put("a1", 1, 2, 3)
        assert await house.status(waiting) is Status.OK
        assert waiting.parcel.batch.records == []


async def test_who_is_cancelled_while_there_is_no_room_has_taken_nothing(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        await house.put("a1", 1, octets=limits.WAITING_OCTETS)
        with trio.move_on_after(0.05):
            await house.put("a2", 1)
        house.store.leave.set()
        assert await house.status(await house.put("a3", 1)) is Status.OK
        assert house.stored() == [("a1", 1), ("a3", 1)]


async def test_a_store_that_fails_is_told_once_and_once_more_when_it_is_well(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.fault = lambda _: StoreFullError("no room on the disk: make some")
        for number in (1, 2, 3):
            assert await house.status(await house.put("a1", number)) is Status.UNAVAILABLE
        assert isinstance(house.ingestor.failing, StoreFullError)
        house.store.fault = lambda _: StoreBusyError("somebody else writes")
        assert await house.status(await house.put("a1", 4)) is Status.UNAVAILABLE
        house.store.fault = lambda _: None
        assert await house.status(await house.put("a1", 1)) is Status.OK
        assert house.ingestor.failing is None
        assert [trouble.kind for trouble in house.troubles] == ["store", "store", "store-recovered"]
        assert house.stored() == [("a1", 1)]


async def test_a_batch_that_is_refused_harms_none_of_its_transaction(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        house.store.leave.clear()
        first = await house.put("a1", 1)
        await trio.sleep(0.05)
        nobody, bad, good = await house.put("a9", 1), await house.put("a2", 1, epoch=""), await house.put("a3", 1)
        house.store.leave.set()
        assert [await house.status(each) for each in (first, nobody, bad, good)] == [
            Status.OK, Status.PERMISSION_DENIED, Status.INVALID_ARGUMENT, Status.OK,
        ]  # fmt: skip
        assert house.store.groups == [1, 3]
        assert house.stored() == [("a1", 1), ("a3", 1)]


async def test_a_fault_of_ours_over_one_batch_stays_with_that_batch(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:

        def fault(parcels: list[Parcel]) -> Exception | None:
            poisoned = any(parcel.agent_id == "a2" for parcel in parcels)
            return ZeroDivisionError("a bug") if poisoned else None

        house.store.fault = fault
        house.store.leave.clear()
        first = await house.put("a1", 1)
        await trio.sleep(0.05)
        later = [await house.put(agent, 2) for agent in ("a1", "a2", "a3")]
        house.store.leave.set()
        assert [await house.status(each) for each in (first, *later)] == [
            Status.OK, Status.OK, Status.INTERNAL, Status.OK,
        ]  # fmt: skip
        assert [trouble.kind for trouble in house.troubles] == ["ingest-failed"]
        assert house.stored() == [("a1", 1), ("a1", 2), ("a3", 2)]
        assert house.ingestor.waiting_octets == 0


def failing_over(*sequences: int) -> Callable[[list[Parcel]], Exception | None]:
    """A bug that a few records bring out."""

    def fault(parcels: list[Parcel]) -> Exception | None:
        met = {record.sequence for parcel in parcels for record in parcel.batch.records} & set(sequences)
        return ZeroDivisionError("a bug") if met else None

    return fault


async def test_a_few_records_that_bring_out_a_fault_of_ours_are_refused_and_the_rest_stored(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        faulty = tuple(range(10, 10 + limits.FAULTY_RECORDS))
        house.store.fault = failing_over(*faulty)
        waiting = await house.put("a1", *range(1, 101))
        reply = await waiting.reply()
        assert reply.upto == 100
        assert [(one.sequence, one.code) for one in reply.refused] == [(each, "collector-failed") for each in faulty]
        assert house.stored() == [("a1", each) for each in range(1, 101) if each not in faulty]
        house.store.fault = lambda _: None
        again = await (await house.put("a1", *range(1, 101))).reply()
        assert again.refused == []
        assert len(house.stored()) == 100, "a collector that was mended takes them"


@pytest.mark.parametrize("faulty", [range(1, 101), range(10, 11 + limits.FAULTY_RECORDS)])
async def test_a_fault_of_ours_over_many_records_refuses_none(tmp_path: Path, faulty: range) -> None:
    async with a_house(tmp_path) as house:
        house.store.fault = failing_over(*faulty)
        assert await house.status(await house.put("a1", *range(1, 101))) is Status.INTERNAL
        assert len(house.store.groups) < 100, "nor is everything tried"


async def test_an_end_in_the_middle_of_a_transaction_waits_for_it(tmp_path: Path) -> None:
    with a_store(tmp_path) as store, trio.fail_after(WITHIN):
        house = House(store)
        house.store.leave.clear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.ingestor.run)
            waiting = await house.put("a1", 1)
            await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
            house.store.leave.set()
        assert await house.status(waiting) is Status.OK
        assert house.stored() == [("a1", 1)]
