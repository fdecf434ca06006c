"""Session and CheckIn over true sockets: what an agent says is kept, what waits for it is told, twins are noticed."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from sqlalchemy import Connection

from proto_schema import (
    CHECK_IN,
    COLLECTOR_MESSAGES,
    SESSION,
    CheckInReply,
    CheckInRequest,
    CollectorMessage,
    Finding,
    Health,
    HealthReport,
    JobCancel,
    JobOffer,
    JobUpdate,
    Range,
    Settings,
    Unknown,
    Welcome,
    decode,
    encode,
)
from ptscan.collector import (
    Agent as Row,
)
from ptscan.collector import (
    add_job,
    cancel_job,
    find_entity,
    get_agent,
    limits,
    list_jobs,
    put_settings,
    reinstate,
    revoke,
)
from ptscan.collector.greeting import check_in_of
from ptscan.collector.storage.locks import FileLock
from ptscan.link import Call, CallError, Link, Status

from .collecting import AT, HEALTH, WITHIN, Agent, Collecting, a_hello, until
from .stores import batch, record

NOW = 1_795_240_800.0


class Session:
    """The agent's end of a session."""

    def __init__(self, call: Call) -> None:
        self.call = call

    async def say(self, message: msgspec.Struct) -> None:
        await self.call.send(encode(message))

    async def hear(self) -> CollectorMessage | Unknown:
        octets = await self.call.receive()
        assert octets is not None, "the collector ended the session"
        return COLLECTOR_MESSAGES.decode(octets)

    async def ended(self) -> tuple[Status, str]:
        """How the collector ended it."""
        try:
            while await self.call.receive() is not None:
                pass
        except CallError as error:
            return error.status, error.message
        return Status.OK, ""


@asynccontextmanager
async def session(link: Link, *epochs: str, revision: int = 0) -> AsyncIterator[tuple[Session, Welcome]]:
    async with link.call(SESSION.path, within=WITHIN) as call:
        ours = Session(call)
        await ours.say(a_hello(*epochs, revision=revision))
        welcome = await ours.hear()
        assert isinstance(welcome, Welcome)
        yield ours, welcome


def ask(collector: Collecting, agent: Agent, **fields: object) -> str:
    asked = {"verb": "read", "targets": ["10.0.0.1"], "excludes": [], "rate": 0, "expires_at": None, "now": NOW}
    with collector.store() as store:
        return store.write(add_job, agent_id=agent.id, **(asked | fields))  # type: ignore[arg-type]


def row_of(collector: Collecting, agent: Agent) -> Row:
    with collector.store() as store:
        found = store.read(get_agent, agent.id)
    assert found is not None
    return found


def state_of(collector: Collecting, job_id: str) -> str:
    with collector.store() as store:
        return next(stored.state for stored in store.read(list_jobs) if stored.job.job_id == job_id)


def set_for(collector: Collecting, entity: str, settings: Settings) -> int:
    def write(connection: Connection) -> int:
        return put_settings(connection, find_entity(connection, entity).id, settings, now=NOW)

    with collector.store() as store:
        return store.write(write)


async def test_a_welcome_tells_what_is_stored_and_the_health_is_kept(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        await agent.upload(batch([record(1), record(2), record(5)]))
        async with agent.link() as link, session(link, "e0", "e1") as (_, welcome):
            told = {received.epoch: received.ranges for received in welcome.received}
            assert told == {"e0": [], "e1": [Range(first=1, last=2), Range(first=5, last=5)]}
            await until(lambda: row_of(collector, agent).health is not None)
        row = row_of(collector, agent)
        assert decode(row.health or b"", Health) == HEALTH
        assert row.version == "1"
        assert row.seen_at is not None


async def test_jobs_are_offered_and_cancelled_and_their_states_kept(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent, other = await collector.enrol(), await collector.enrol()
        first = ask(collector, agent)
        ask(collector, other)
        async with agent.link() as link, session(link) as (ours, _):
            offer = await ours.hear()
            assert isinstance(offer, JobOffer)
            assert offer.job.job_id == first
            await ours.say(JobUpdate(job_id=first, state="running", at=AT))
            await until(lambda: state_of(collector, first) == "running")
            second = ask(collector, agent)
            live = await ours.hear()
            assert isinstance(live, JobOffer), "a job that is asked for while the session is open is pushed"
            assert live.job.job_id == second
            with collector.store() as store:
                store.write(cancel_job, first, now=NOW)
            cancel = await ours.hear()
            assert isinstance(cancel, JobCancel)
            assert cancel.job_id == first
            await ours.say(JobUpdate(job_id=first, state="cancelled", at=AT))
            await ours.say(JobUpdate(job_id=second, state="done", at=AT))
            await until(lambda: state_of(collector, second) == "done")
        assert state_of(collector, first) == "cancelled"


async def test_settings_come_with_the_welcome_and_whenever_they_change(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent, other = await collector.enrol("north"), await collector.enrol("south")
        revision = set_for(collector, "north", Settings(revision=0, health_seconds=7.0))
        async with agent.link() as link, other.link() as elsewhere:
            async with session(link) as (ours, welcome), session(elsewhere) as (theirs, untouched):
                assert welcome.settings == Settings(revision=revision, health_seconds=7.0)
                assert untouched.settings is None
                newer = set_for(collector, "north", Settings(revision=0, health_seconds=9.0))
                assert await ours.hear() == Settings(revision=newer, health_seconds=9.0)
                last = set_for(collector, "south", Settings(revision=0, health_seconds=11.0))
                assert await theirs.hear() == Settings(revision=last, health_seconds=11.0), "and nothing of the north"
            async with session(link, revision=newer) as (_, again):
                assert again.settings is None, "who has them already is not told again"


async def test_a_check_in_is_a_session_in_one_message(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        done, waits, gone = ask(collector, agent), ask(collector, agent), ask(collector, agent)
        revision = set_for(collector, "customer", Settings(revision=0, session=False))
        async with agent.link() as link:

            async def check_in(*updates: JobUpdate) -> CheckInReply:
                request = CheckInRequest(hello=a_hello("e1"), updates=list(updates))
                return decode(await link.unary(CHECK_IN.path, encode(request), within=WITHIN), CheckInReply)

            reply = await check_in(JobUpdate(job_id=gone, state="accepted", at=AT))
            assert {job.job_id for job in reply.jobs} == {done, waits, gone}
            with collector.store() as store:
                store.write(cancel_job, gone, now=NOW)
            reply = await check_in(JobUpdate(job_id=done, state="done", at=AT))
        assert [job.job_id for job in reply.jobs] == [waits], "an update is written before the jobs are read"
        assert [cancel.job_id for cancel in reply.cancels] == [gone]
        assert reply.welcome.settings == Settings(revision=revision, session=False)
        assert state_of(collector, done) == "done"


async def test_of_one_agent_a_few_check_ins_are_answered_at_once_and_all_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def counted(*args: Any, **kwargs: Any) -> CheckInReply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return check_in_of(*args, **kwargs)

    monkeypatch.setattr("ptscan.collector.sessions.check_in_of", counted)
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        answered = 0
        async with agent.link() as link, trio.open_nursery() as nursery:

            async def check_in() -> None:
                nonlocal answered
                octets = encode(CheckInRequest(hello=a_hello()))
                decode(await link.unary(CHECK_IN.path, octets, within=WITHIN), CheckInReply)
                answered += 1

            for _ in range(3 * limits.CHECK_INS_PER_AGENT):
                nursery.start_soon(check_in)
        assert (answered, most) == (3 * limits.CHECK_INS_PER_AGENT, limits.CHECK_INS_PER_AGENT)


async def test_a_job_that_nobody_takes_in_time_expires(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        now = collector.clock().timestamp()
        late, in_time = ask(collector, agent, expires_at=now), ask(collector, agent, expires_at=now + 3_600)
        await until(lambda: state_of(collector, late) == "expired")
        async with agent.link() as link, session(link) as (ours, _):
            offer = await ours.hear()
            assert isinstance(offer, JobOffer)
            assert offer.job.job_id == in_time


async def test_who_says_no_hello_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELLO_SECONDS", 0.1)
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, link.call(SESSION.path, within=WITHIN) as call:
            await call.send(msgspec.msgpack.encode(["of-a-later-version"]))
            assert (await Session(call).ended())[0] is Status.DEADLINE_EXCEEDED


async def test_a_writer_that_is_slow_keeps_nobody_from_a_session(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link:
            async with session(link):
                pass  # its certificate was seen: from now on nothing is written to let it in
            lock = FileLock(tmp_path / "collector" / "collector.db")
            try:
                with trio.fail_after(WITHIN / 2), lock.writing():
                    async with session(link), session(link):
                        pass
            finally:
                lock.close()


async def test_another_agents_job_is_not_changed(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent, other = await collector.enrol(), await collector.enrol()
        job_id = ask(collector, other)
        async with agent.link() as link:
            request = CheckInRequest(hello=a_hello(), updates=[JobUpdate(job_id=job_id, state="done", at=AT)])
            reply = decode(await link.unary(CHECK_IN.path, encode(request), within=WITHIN), CheckInReply)
        assert reply.jobs == []
        assert state_of(collector, job_id) == "waiting"


async def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link:
            for first in (b"", b"\xc1", encode(HealthReport(health=HEALTH)), msgspec.msgpack.encode([1, 2])):
                async with link.call(SESSION.path, within=WITHIN) as call:
                    await call.send(first)
                    assert (await Session(call).ended())[0] is Status.INVALID_ARGUMENT, first
            async with link.call(SESSION.path, within=WITHIN) as call:
                call.end()
                assert (await Session(call).ended())[0] is Status.INVALID_ARGUMENT
            async with session(link) as (ours, _):
                await ours.say(a_hello())
                assert (await ours.ended())[0] is Status.INVALID_ARGUMENT
            with pytest.raises(CallError) as caught:
                await link.unary(CHECK_IN.path, b"\xdd\xff\xff\xff\xff", within=WITHIN)
            assert caught.value.status is Status.INVALID_ARGUMENT
            async with link.call(SESSION.path, within=WITHIN) as call:
                await call.send(msgspec.msgpack.encode(["of-a-later-version", 1]))
                await Session(call).say(a_hello())
                assert isinstance(await Session(call).hear(), Welcome), "what is not known yet is passed over"


async def test_who_is_revoked_is_out_of_an_open_session(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, session(link) as (ours, _):
            with collector.store() as store:
                store.write(revoke, agent.id, "sold", now=NOW)
            with trio.fail_after(10):
                assert (await ours.ended())[0] is Status.UNAVAILABLE, "the connection was ended"
        async with agent.link() as link, link.call(SESSION.path, within=WITHIN) as call:
            await call.send(encode(a_hello()))
            assert (await Session(call).ended())[0] is Status.PERMISSION_DENIED


async def test_an_agent_has_so_many_sessions_and_the_oldest_makes_room(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, trio.open_nursery() as nursery:
            ends: list[tuple[int, Status]] = []

            async def hold(number: int, task_status: trio.TaskStatus[None]) -> None:
                async with session(link) as (ours, _):
                    task_status.started()
                    ends.append((number, (await ours.ended())[0]))

            for number in range(limits.SESSIONS_PER_AGENT):
                await nursery.start(hold, number)
            await trio.sleep(0.05)
            assert ends == []
            await nursery.start(hold, limits.SESSIONS_PER_AGENT)
            await until(lambda: bool(ends))
            await trio.sleep(0.05)
            assert ends == [(0, Status.ABORTED)]
            nursery.cancel_scope.cancel()


async def test_two_machines_that_speak_as_one_agent_are_both_suspended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ptscan.collector.ca.limits.TWIN_GRACE_SECONDS", 0.1)
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with (
            agent.link() as first,
            agent.link() as second,
            session(first) as (older, _),
            session(second) as (newer, _),
        ):
            await newer.say(HealthReport(health=HEALTH))
            await until(lambda: row_of(collector, agent).health is not None)
            assert row_of(collector, agent).suspended_at is None, "a newer session alone is a restart"
            await trio.sleep(0.2)
            await older.say(HealthReport(health=HEALTH))
            for each in (older, newer):
                assert (await each.ended())[0] in {Status.PERMISSION_DENIED, Status.UNAVAILABLE}
        assert row_of(collector, agent).suspended_at is not None
        assert collector.kinds.count("copied-key") == 1
        async with agent.link() as link, link.call(SESSION.path, within=WITHIN) as call:
            await call.send(encode(a_hello()))
            assert (await Session(call).ended())[0] is Status.PERMISSION_DENIED
        with collector.store() as store:
            store.write(reinstate, agent.id)
        async with agent.link() as link, session(link):
            pass


async def test_findings_beyond_what_is_kept_are_cut_and_the_rest_is_there(tmp_path: Path) -> None:
    findings = [Finding(code=f"f-{number}", text="x" * 1_000) for number in range(256)]
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        async with agent.link() as link, session(link) as (ours, _):
            await ours.say(HealthReport(health=msgspec.structs.replace(HEALTH, devices=7, findings=findings)))

            def kept() -> Health:
                return decode(row_of(collector, agent).health or encode(HEALTH), Health)

            await until(lambda: kept().devices == 7)
        assert 1 <= len(kept().findings) < 256
        assert kept().findings[0] == findings[0]


async def test_a_collector_that_ends_lets_sessions_end_well(tmp_path: Path) -> None:
    collecting = Collecting(tmp_path)
    async with trio.open_nursery() as nursery:
        welcomed, ended = trio.Event(), trio.Event()

        async def hold(agent: Agent) -> None:
            async with agent.link() as link, session(link) as (ours, _):
                welcomed.set()
                assert (await ours.ended())[0] is Status.OK
                ended.set()

        async with collecting.open() as collector:
            nursery.start_soon(hold, await collector.enrol())
            await welcomed.wait()
        with trio.fail_after(WITHIN):
            await ended.wait()
