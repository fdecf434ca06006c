"""What agents say of themselves and of their jobs, gathered for a moment and written together. I/O.

A thousand agents that report each minute are a few transactions a second this way, and not a thousand. Of an agent's
health and of each of its jobs the latest counts; so what waits is bounded, and what could not be written is kept until
it can be, unless something newer came.
"""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import trio
from sqlalchemy import Connection

from proto_schema import Health, JobUpdate, encode
from ptscan.collector import limits
from ptscan.collector.storage import Store, StoreError, keep_health, note_job, seen
from ptscan.collector.storage.limits import HEALTH_OCTETS
from ptscan.collector.transacting import not_now
from ptscan.link import Report, Trouble


class Note(msgspec.Struct):
    """Of one agent, what is to be written."""

    health: Health | None = None
    updates: dict[str, JobUpdate] = {}
    """By the job's id."""


class Notes:
    """See the module. ``run`` has to be running for anything to be written."""

    def __init__(
        self, store: Store, *, clock: Callable[[], float], limiter: trio.CapacityLimiter, report: Report
    ) -> None:
        self._store = store
        self._clock = clock
        self._limiter = limiter
        self._report = report
        self._notes: dict[str, Note] = {}
        self._round = _Round()
        self._came = trio.Event()
        self._is_failing = False

    def health(self, agent_id: str, health: Health) -> None:
        """An agent said how it is."""
        self._of(agent_id).health = health

    async def update(self, agent_id: str, update: JobUpdate) -> None:
        """An agent said how a job stands; waits where too much of it waits already."""
        while True:
            updates = self._of(agent_id).updates
            if update.job_id in updates or len(updates) < limits.UPDATES_PER_AGENT:
                updates[update.job_id] = update
                return
            await self._round.over.wait()

    async def written(self) -> None:
        """Wait until all that was said so far is committed. Raises CallError where it could not be."""
        waiting = self._round
        self._came.set()
        await waiting.over.wait()
        if waiting.failed:
            raise not_now()

    async def run(self) -> None:
        """Write, for ever; cancelled, a transaction that has begun is finished, and what waits is not written."""
        while True:
            await self._came.wait()
            self._came = trio.Event()
            await trio.sleep(limits.NOTES_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write what waits, now."""
        notes, self._notes = self._notes, {}
        closing, self._round = self._round, _Round()
        try:
            await self._write(notes)
        except StoreError as error:
            closing.failed = True
            self._put_back(notes)
            if not self._is_failing:
                self._report(Trouble("store", "", str(error), error))
            await trio.sleep(limits.NOTES_AGAIN_SECONDS)
        self._is_failing = closing.failed
        closing.over.set()

    async def _write(self, notes: Mapping[str, Note]) -> None:
        work = partial(self._store.write, write_notes, notes, now=self._clock())
        try:
            await trio.to_thread.run_sync(work, limiter=self._limiter)
        except StoreError:
            raise
        except Exception as error:  # a fault of ours over what one agent said must not lose what others did
            if len(notes) > 1:
                for agent_id, note in notes.items():
                    await self._write({agent_id: note})
                return
            self._report(Trouble("notes-failed", "", f"what agent {next(iter(notes))} said could not be kept", error))

    def _of(self, agent_id: str) -> Note:
        self._came.set()
        return self._notes.setdefault(agent_id, Note())

    def _put_back(self, notes: Mapping[str, Note]) -> None:
        for agent_id, old in notes.items():
            new = self._of(agent_id)
            new.health = new.health or old.health
            new.updates = old.updates | new.updates


class _Round:
    """What is written together; ``over`` when it was, or was not."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.failed = False


def write_notes(connection: Connection, notes: Mapping[str, Note], *, now: float) -> None:
    """Write what agents said. An agent or a job that is unknown by now is passed over."""
    for agent_id in sorted(notes):  # in one order everywhere: two transactions wait for each other in turn
        note = notes[agent_id]
        if note.health is not None:
            seen(connection, agent_id, now=now, version=note.health.version)
            keep_health(connection, agent_id, health_octets(note.health), now=now)
        for update in note.updates.values():
            note_job(connection, agent_id, update, now=now)


def health_octets(health: Health) -> bytes:
    """A report as it is kept: of very many findings the first ones."""
    while len(octets := encode(health)) > HEALTH_OCTETS and health.findings:
        health = msgspec.structs.replace(health, findings=health.findings[: len(health.findings) // 2])
    return octets
