"""The methods Session and CheckIn: how an agent stands, and what there is for it to do. I/O.

A session is registered before its Welcome is read from the store, so that a change is in the one or is told behind it.
All sessions live on one look at the store a second; what agents say is written by ``noting``, many at once.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec
import trio
from sqlalchemy import Connection

from proto_schema import (
    AGENT_MESSAGES,
    CHECK_IN,
    SESSION,
    AgentMessage,
    CheckInRequest,
    HealthReport,
    Hello,
    JobUpdate,
    Unknown,
    Welcome,
    WireError,
    decode,
    encode,
    write_instant,
)
from ptscan.collector import limits
from ptscan.collector.board import Mail, Posted, look_at
from ptscan.collector.ca import Heard, are_twins
from ptscan.collector.enrolling import Enrolment
from ptscan.collector.greeting import check_in_of, reply_octets, welcome_of
from ptscan.collector.metrics import Metrics
from ptscan.collector.noting import Notes
from ptscan.collector.storage import Store, StoreError, expire_jobs
from ptscan.collector.transacting import transact
from ptscan.link import Call, CallError, Handler, Peer, Report, Status, Trouble, first_to_end, unary

ResultT = TypeVar("ResultT")


class Live:
    """A session that is open."""

    def __init__(self, agent_id: str, now: float) -> None:
        self.agent_id = agent_id
        self.began = now
        self.heard = now
        self.mail = Mail(revision=0)
        self.changed = trio.Event()
        self.scope = trio.CancelScope()


class Sessions:
    """See the module. ``run`` has to be running for sessions to hear of what changes."""

    def __init__(
        self,
        store: Store,
        enrolment: Enrolment,
        notes: Notes,
        *,
        version: str,
        clock: Callable[[], datetime],
        limiter: trio.CapacityLimiter,
        report: Report,
        metrics: Metrics,
    ) -> None:
        """``limiter`` is for those who read."""
        self._store = store
        self._enrolment = enrolment
        self._notes = notes
        self._version = version
        self._clock = clock
        self._limiter = limiter
        self._report = report
        self._metrics = metrics
        self._live: dict[str, list[Live]] = {}
        self._checking: dict[str, trio.Semaphore] = {}
        """Of agents that check in just now."""
        self._posted = Posted({}, {}, 0)

    def methods(self) -> Mapping[str, Handler]:
        """The methods by their paths."""
        return {SESSION.path: self._session, CHECK_IN.path: unary(self._check_in)}

    async def run(self) -> None:
        """Look for what waits, again and again, and hand it to the sessions that are open."""
        is_failing = False
        while True:
            try:
                self._posted = await self._look()
            except StoreError as error:
                if not is_failing:
                    self._report(Trouble("store", "", f"what waits for agents can't be read: {error}", error))
                is_failing = True
            else:
                is_failing = False
                for live in [live for lives in self._live.values() for live in lives]:
                    self._hand(live)
            await trio.sleep(limits.BOARD_SECONDS)

    async def _look(self) -> Posted:
        """What waits now, after the jobs were ended that nobody took in time."""
        look = partial(self._store.read, look_at, lambda: list(self._live), since=self._posted.revision)
        posted = await trio.to_thread.run_sync(look, limiter=self._limiter)
        now = self._clock().timestamp()
        waiting = [job for jobs in posted.jobs.values() for job in jobs.values()]
        if not any(job.noted_at is None and job.expires_at is not None and job.expires_at <= now for job in waiting):
            return posted
        await trio.to_thread.run_sync(partial(self._store.write, expire_jobs, now=now), limiter=self._limiter)
        return await trio.to_thread.run_sync(look, limiter=self._limiter)

    async def _session(self, call: Call, peer: Peer) -> None:
        identity = await self._enrolment.admit(peer)
        hello = await _first(call)
        live = self._enter(identity.agent_id)
        try:
            with live.scope:
                await self._hold(call, live, hello)
        finally:
            self._leave(live)
        if live.scope.cancelled_caught:
            raise CallError(Status.ABORTED, "newer sessions of this agent took its place")

    async def _hold(self, call: Call, live: Live, hello: Hello) -> None:
        """A session from its Welcome on, until one of both ends it."""
        self._notes.health(live.agent_id, hello.health)
        welcome = await self._read(welcome_of, live.agent_id, hello)
        live.mail.revision = hello.settings_revision
        try:
            octets = encode(welcome)
            live.mail.revision = max(live.mail.revision, welcome.settings.revision if welcome.settings else 0)
        except WireError:  # very many ranges, and very large settings: these go apart
            octets = encode(msgspec.structs.replace(welcome, settings=None))
            live.mail.settings = welcome.settings
        await call.send(octets, compress=True)
        self._hand(live)
        await first_to_end(partial(self._listen, call, live), partial(_tell, call, live), call.draining.wait)

    async def _check_in(self, octets: bytes, peer: Peer) -> bytes:
        agent_id = (await self._enrolment.admit(peer)).agent_id
        try:
            request = decode(octets, CheckInRequest)
        except WireError as error:
            raise CallError(Status.INVALID_ARGUMENT, str(error)) from error
        self._notes.health(agent_id, request.hello.health)
        async with self._turn(agent_id):
            for update in request.updates:
                await self._notes.update(agent_id, update)
            await self._notes.written()
            reply = await self._read(check_in_of, agent_id, request.hello)
        self._metrics.check_ins.inc()
        return reply_octets(reply)

    @asynccontextmanager
    async def _turn(self, agent_id: str) -> AsyncIterator[None]:
        """A few of one agent at a time, so that one that asks and asks does not stand in the way of the others."""
        turn = self._checking.setdefault(agent_id, trio.Semaphore(limits.CHECK_INS_PER_AGENT))
        try:
            async with turn:
                yield
        finally:
            if turn.value == limits.CHECK_INS_PER_AGENT and not turn.statistics().tasks_waiting:
                self._checking.pop(agent_id, None)

    async def _listen(self, call: Call, live: Live) -> None:
        """Keep what the agent says, until it ends the session."""
        async for octets in call:
            live.heard = trio.current_time()
            if are_twins([Heard(began=one.began, last=one.heard) for one in self._live[live.agent_id]]):
                self._metrics.twins.inc()
                await self._enrolment.suspend_copied(live.agent_id)
            match _read(octets):
                case HealthReport(health=health):
                    self._notes.health(live.agent_id, health)
                case JobUpdate() as update:
                    await self._notes.update(live.agent_id, update)
                case Hello():
                    raise CallError(Status.INVALID_ARGUMENT, "a session has one Hello, its first message")

    def _enter(self, agent_id: str) -> Live:
        live = Live(agent_id, trio.current_time())
        lives = self._live.setdefault(agent_id, [])
        lives.append(live)
        for one in lives[: -limits.SESSIONS_PER_AGENT]:
            one.scope.cancel()  # it was cut, and only looks alive
        self._metrics.sessions.inc()
        return live

    def _leave(self, live: Live) -> None:
        self._metrics.sessions.dec()
        self._live[live.agent_id].remove(live)
        if not self._live[live.agent_id]:
            del self._live[live.agent_id]

    def _hand(self, live: Live) -> None:
        """Put before a session what the last look at the store found for it."""
        live.mail.jobs = self._posted.jobs.get(live.agent_id, {})
        live.mail.settings = self._posted.settings.get(live.agent_id) or live.mail.settings
        live.changed.set()

    async def _read(self, answer_of: Callable[[Connection, str, Hello, Welcome], ResultT], agent_id: str,
                    hello: Hello) -> ResultT:  # fmt: skip
        """What the store has for an agent. Raises CallError."""
        begun = Welcome(at=write_instant(self._clock().timestamp()), version=self._version, received=[])
        work = partial(self._store.read, answer_of, agent_id, hello, begun)
        return await transact(work, limiter=self._limiter, report=self._report)


async def _tell(call: Call, live: Live) -> None:
    """Send what is put before a session, for ever."""
    while True:
        live.changed = trio.Event()
        for message in live.mail.take():
            await call.send(encode(message), compress=True)
        await live.changed.wait()


async def _first(call: Call) -> Hello:
    """The Hello that a session begins with. Raises CallError."""
    with trio.move_on_after(limits.HELLO_SECONDS):
        while (octets := await call.receive()) is not None:
            message = _read(octets)
            if isinstance(message, Hello):
                return message
            if not isinstance(message, Unknown):
                break
        raise CallError(Status.INVALID_ARGUMENT, "a session begins with a Hello")
    raise CallError(Status.DEADLINE_EXCEEDED, f"no Hello in {limits.HELLO_SECONDS:g} s")


def _read(octets: bytes) -> AgentMessage | Unknown:
    try:
        return AGENT_MESSAGES.decode(octets)
    except WireError as error:
        raise CallError(Status.INVALID_ARGUMENT, str(error)) from error
