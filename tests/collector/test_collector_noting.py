"""What agents say, gathered and written together: nothing that was said is lost to a store that fails for a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from proto_schema import Health, JobUpdate, decode
from ptscan.collector import Store, StoreFullError, add_job, get_agent, limits, list_jobs, open_store
from ptscan.collector.noting import Notes
from ptscan.link import CallError, Status, Trouble

from .collecting import AT, HEALTH, WITHIN, until
from .stores import NOW, an_agent


class Flaky(Store):
    """A store that fails as it is told, and counts its transactions."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name = store.name
        self.fault: Exception | None = None
        self.poisoned = ""
        self.writes = 0

    def write(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.writes += 1
        if self.fault is not None:
            raise self.fault
        if self.poisoned and self.poisoned in args[0]:
            raise ZeroDivisionError("a bug")
        return self.store.write(function, *args, **kwargs)


class Kept:
    """Notes that are written to a store with two agents and a job."""

    def __init__(self, store: Store) -> None:
        self.store = Flaky(store)
        self.troubles: list[Trouble] = []
        self.notes = Notes(self.store, clock=lambda: NOW, limiter=trio.CapacityLimiter(1), report=self.troubles.append)
        for agent_id in ("a1", "a2"):
            an_agent(store, agent_id)
        self.job_id = store.write(
            add_job, agent_id="a1", verb="read", targets=["10.0.0.1"], excludes=[], rate=0, expires_at=None, now=NOW
        )

    def devices(self, agent_id: str) -> int | None:
        agent = self.store.store.read(get_agent, agent_id)
        return decode(agent.health, Health).devices if agent and agent.health else None

    def state(self) -> str:
        return self.store.store.read(list_jobs)[0].state


@asynccontextmanager
async def keeping(folder: Path) -> AsyncIterator[Kept]:
    with open_store(f"sqlite:///{folder / 'collector.db'}") as store, trio.fail_after(WITHIN):
        kept = Kept(store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(kept.notes.run)
            yield kept
            nursery.cancel_scope.cancel()


def healthy(devices: int) -> Health:
    return msgspec.structs.replace(HEALTH, devices=devices)


async def test_what_many_say_is_one_transaction_and_the_latest_counts(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        for devices in (1, 2, 3):
            for agent_id in ("a1", "a2"):
                kept.notes.health(agent_id, healthy(devices))
        for state in ("accepted", "running"):
            await kept.notes.update("a1", JobUpdate(job_id=kept.job_id, state=state, at=AT))
        await kept.notes.written()
        assert (kept.devices("a1"), kept.devices("a2"), kept.state()) == (3, 3, "running")
        assert kept.store.writes == 1


async def test_a_store_that_fails_loses_nothing_and_newer_words_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "NOTES_AGAIN_SECONDS", 0.05)
    async with keeping(tmp_path) as kept:
        kept.store.fault = StoreFullError("no room")
        kept.notes.health("a1", healthy(1))
        kept.notes.health("a2", healthy(1))
        await kept.notes.update("a1", JobUpdate(job_id=kept.job_id, state="running", at=AT))
        with pytest.raises(CallError) as caught:
            await kept.notes.written()
        assert caught.value.status is Status.UNAVAILABLE
        kept.notes.health("a1", healthy(2))
        await until(lambda: kept.store.writes >= 3)
        kept.store.fault = None
        await until(lambda: kept.state() == "running")
        assert (kept.devices("a1"), kept.devices("a2")) == (2, 1)
        assert [trouble.kind for trouble in kept.troubles] == ["store"], "told once"


async def test_a_fault_of_ours_over_one_agent_leaves_the_others(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        kept.store.poisoned = "a1"
        kept.notes.health("a1", healthy(1))
        kept.notes.health("a2", healthy(2))
        await kept.notes.written()
        assert (kept.devices("a1"), kept.devices("a2")) == (None, 2)
        assert [trouble.kind for trouble in kept.troubles] == ["notes-failed"]
        kept.store.poisoned = ""
        kept.notes.health("a1", healthy(3))
        await kept.notes.written()
        assert kept.devices("a1") == 3


async def test_who_says_too_much_of_jobs_waits_for_the_store(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        updates = [JobUpdate(job_id=f"j{number}", state="done", at=AT) for number in range(limits.UPDATES_PER_AGENT)]
        with trio.move_on_after(limits.NOTES_SECONDS / 2) as at_once:
            for update in updates:
                await kept.notes.update("a1", update)
            await kept.notes.update("a1", updates[0])
        assert not at_once.cancelled_caught, "up to the limit nobody waits, nor for what is there already"
        assert kept.store.writes == 0
        await kept.notes.update("a1", JobUpdate(job_id=kept.job_id, state="done", at=AT))
        assert kept.store.writes == 1
        await kept.notes.written()
        assert kept.state() == "done"


async def test_words_of_who_is_unknown_by_now_harm_nobody(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        kept.notes.health("a9", healthy(1))
        await kept.notes.update("a9", JobUpdate(job_id=kept.job_id, state="done", at=AT))
        await kept.notes.update("a2", JobUpdate(job_id="a\0b", state="d\0ne", at=AT, text="\0"))
        kept.notes.health("a1", healthy(1))
        await kept.notes.written()
        assert (kept.devices("a1"), kept.state()) == (1, "waiting")
