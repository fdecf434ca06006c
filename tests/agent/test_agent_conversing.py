"""Conversing: a session or check-ins, what each side hears, and what is done when it is cut or refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from counterpart import Collector, Quick, Work, collecting, enrolled_context, fail, until

from proto_schema import CHECK_IN, SESSION, Finding, Health, Hello, Job, JobCancel, JobOffer, Settings, Welcome, encode
from ptscan.agent import Entry, Spool, limits, open_spool
from ptscan.agent.conversing import Conversation
from ptscan.agent.findings import Findings
from ptscan.agent.health import health_of
from ptscan.link import Call, CallError, Link, Peer, Status, Trouble, open_link

AT = "2026-11-21T12:00:00Z"


class Talk:
    """An agent's conversation with a collector."""

    def __init__(self, spool: Spool, link: Link, collector: Collector, work: Work) -> None:
        self.spool = spool
        self.collector = collector
        self.work = work
        self.findings = Findings()
        self.noting = trio.Lock()
        self.troubles: list[Trouble] = []
        self.conversation = Conversation(
            spool, link, work, health=self.health, generation=lambda: 1, noting=self.noting, findings=self.findings,
            wall_clock=lambda: collector.now_at.timestamp(), report=self.troubles.append, random=Quick(1),
        )  # fmt: skip

    async def health(self) -> Health:
        return await health_of(self.spool, self.work, self.findings, started_at=AT, at=AT)

    def told(self, kind: str) -> list[str]:
        return [trouble.text for trouble in self.troubles if trouble.kind == kind]


@asynccontextmanager
async def talking(folder: Path, work: Work | None = None, **methods: object) -> AsyncIterator[Talk]:
    async with collecting(folder) as collector:
        context = await enrolled_context(collector, folder / "agent")
        collector.at = lambda: collector.now_at.timestamp()
        for name, handler in methods.items():
            collector.methods[{"session": SESSION, "check_in": CHECK_IN}[name].path] = handler  # type: ignore[assignment]
        async with (
            open_spool(folder / "agent" / "spool") as spool,
            open_link("127.0.0.1", collector.port, context, random=Quick(1)) as link,
            trio.open_nursery() as nursery,
        ):
            talk = Talk(spool, link, collector, work or Work())
            nursery.start_soon(talk.conversation.run)
            yield talk
            nursery.cancel_scope.cancel()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes as parts of a second."""
    for name, seconds in (("HEALTH_LOOK_SECONDS", 0.02), ("CHECK_IN_LEAST_SECONDS", 0.02), ("FAREWELL_SECONDS", 0.5)):
        monkeypatch.setattr(limits, name, seconds)


async def test_a_session_says_where_the_agent_stands_and_hears_what_there_is_to_do(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        talk.collector.settings = Settings(revision=3)
        await talk.spool.put([Entry("reading", AT, b"1")])
        await until(lambda: talk.conversation.mode == "session")
        [hello] = talk.collector.hellos
        assert hello.generation == 1
        job = Job(job_id="j1", verb="scan", targets=["10.0.0.0/24"])
        for message in (JobOffer(job=job), JobCancel(job_id="j1"), Settings(revision=4)):
            await talk.collector.says[0].send(message)
        await until(lambda: talk.work.settings.revision == 4)
        assert talk.work.jobs == [job]
        assert talk.work.cancelled == ["j1"]
        talk.work.tell("j1", "done")
        await until(lambda: talk.collector.updates)
        assert [(update.job_id, update.state) for update in talk.collector.updates] == [("j1", "done")]


async def test_what_the_welcome_brings_is_taken(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        collector.settings = Settings(revision=7, health_seconds=5.0)
        context = await enrolled_context(collector, tmp_path / "agent")
        work = Work()
        async with (
            open_spool(tmp_path / "agent" / "spool") as spool,
            open_link("127.0.0.1", collector.port, context) as link,
            trio.open_nursery() as nursery,
        ):
            talk = Talk(spool, link, collector, work)
            nursery.start_soon(talk.conversation.run)
            await until(lambda: talk.conversation.mode)
            assert work.settings.revision == 7
            nursery.cancel_scope.cancel()


async def test_what_a_collector_from_yesterdays_backup_lacks_is_sent_again(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        context = await enrolled_context(collector, tmp_path / "agent")
        async with open_spool(tmp_path / "agent" / "spool") as spool:
            await spool.put([Entry("reading", AT, b"%d" % number) for number in range(5)])
            batch = await spool.next_batch(max_octets=1 << 20, max_records=10)
            await spool.settle(await collector.keep(batch))
            for record in batch.records[3:]:
                del collector.stored[batch.epoch, record.sequence]
            assert (await spool.state()).waiting_records == 0
            async with open_link("127.0.0.1", collector.port, context) as link, trio.open_nursery() as nursery:
                talk = Talk(spool, link, collector, Work())
                nursery.start_soon(talk.conversation.run)
                await until(lambda: talk.conversation.mode)
                assert (await spool.state()).waiting_records == 2
                assert len(talk.told("resent")) == 1
                assert collector.hellos[0].epochs[0] == batch.epoch
                nursery.cancel_scope.cancel()


@pytest.mark.usefixtures("quick")
async def test_a_finding_that_comes_or_goes_is_told_at_once(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await until(lambda: talk.conversation.mode == "session")
        talk.work.findings.append(Finding(code="spool-full", text="no room"))
        await until(lambda: talk.collector.reports)
        talk.work.findings.clear()
        await until(lambda: len(talk.collector.reports) > 1)
        told = [[finding.code for finding in report.health.findings] for report in talk.collector.reports]
        assert told == [["spool-full"], []]


@pytest.mark.parametrize(("ahead", "code"), [(3_600, "clock-behind"), (-3_600, "clock-ahead")])
async def test_a_clock_that_is_an_hour_off_is_found_once(tmp_path: Path, ahead: float, code: str) -> None:
    async with talking(tmp_path) as talk:
        now = talk.collector.now_at.timestamp()
        talk.collector.at = lambda: now + ahead
        await until(lambda: talk.conversation.mode)
        assert [finding.code for finding in talk.findings.current] == [code]
        assert "60 minutes" in talk.findings.current[0].text
        assert len(talk.told(code)) == 1
        assert abs(talk.conversation.clock_offset - ahead) < 2


@pytest.mark.parametrize("off", [-590, 0, 590])
async def test_ten_minutes_are_allowed(tmp_path: Path, off: float) -> None:
    async with talking(tmp_path) as talk:
        now = talk.collector.now_at.timestamp()
        talk.collector.at = lambda: now + off
        await until(lambda: talk.conversation.mode)
        assert talk.findings.current == []


@pytest.mark.usefixtures("quick")
async def test_where_the_settings_want_none_the_agent_checks_in_instead_and_comes_back(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await until(lambda: talk.conversation.mode == "session")
        await talk.collector.says[0].send(Settings(revision=1, session=False, check_in_seconds=1.0))
        await until(lambda: talk.conversation.mode == "check-in")
        talk.work.tell("j1", "done")
        await until(lambda: talk.collector.updates)
        assert len(talk.collector.check_ins) >= 2
        talk.collector.settings = Settings(revision=2, session=True)
        await until(lambda: talk.conversation.mode == "session")
        assert talk.troubles == []


async def test_a_collector_without_sessions_is_checked_in_with(tmp_path: Path) -> None:
    async with talking(tmp_path, session=partial(fail, Status.UNIMPLEMENTED)) as talk:
        await until(lambda: talk.conversation.mode == "check-in")
        assert "the collector has no sessions" in talk.told("no-session")[0]


@pytest.mark.parametrize("how", ["status", "end", "garbage", "no-welcome"])
async def test_where_every_session_is_cut_the_agent_checks_in(tmp_path: Path, how: str) -> None:
    async def cut(call: Call, _: Peer) -> None:
        await call.receive()
        match how:
            case "status":
                raise CallError(Status.UNAVAILABLE, "cut")
            case "garbage":
                await call.send(b"\xc1")
            case "no-welcome":
                await call.send(encode(Settings(revision=1)))
            case "end":
                await call.send(encode(Welcome(at=AT, version="1", received=[])))

    async with talking(tmp_path, session=cut) as talk:
        await until(lambda: talk.conversation.mode == "check-in")
        assert len(talk.told("conversation-failed")) == limits.SESSION_CUTS
        assert len(talk.told("no-session")) == 1


async def test_what_was_told_of_jobs_in_a_session_that_is_cut_is_told_again(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await until(lambda: talk.conversation.mode == "session")
        talk.work.tell("j1", "done")
        await until(lambda: talk.collector.updates)
        assert talk.collector.server is not None
        talk.collector.server.end(lambda _: True, "a test cuts the line")
        await until(lambda: len(talk.collector.updates) == 2)
        assert {update.state for update in talk.collector.updates} == {"done"}


@pytest.mark.parametrize("status", [Status.PERMISSION_DENIED, Status.UNAUTHENTICATED])
async def test_an_agent_that_is_refused_says_how_to_enrol_again_and_goes_on_trying(
    tmp_path: Path, status: Status
) -> None:
    refused = True

    async def refuse(true: Collector, call: Call, peer: Peer) -> None:
        if refused:
            raise CallError(status, "this agent was revoked")
        await true.session(call, peer)

    async with talking(tmp_path) as talk:
        talk.collector.methods[SESSION.path] = partial(refuse, talk.collector)
        await until(lambda: talk.told("refused"))
        [finding] = talk.findings.current
        assert finding.code == "refused"
        assert "ptscan agent enrol" in finding.mend
        assert talk.conversation.mode == ""
        refused = False
        await until(lambda: talk.conversation.mode == "session")
        assert talk.findings.current == []


async def test_a_message_of_a_later_version_is_skipped(tmp_path: Path) -> None:
    async def speak(call: Call, _: Peer) -> None:
        await call.receive()
        await call.send(encode(Welcome(at=AT, version="9", received=[])))
        await call.send(b"\x92\xaaof-tomorrow\x01"[:0] + b"\x92\xabof-tomorrow\x01")
        await call.send(encode(JobCancel(job_id="j1")))
        async for _octets in call:
            pass

    async with talking(tmp_path, session=speak) as talk:
        await until(lambda: talk.work.cancelled == ["j1"])
        assert talk.told("conversation-failed") == []


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-11-21T12:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00"]
)
async def test_a_time_that_is_none_is_told_and_nothing_else_is_lost(tmp_path: Path, at: str) -> None:
    async def speak(call: Call, _: Peer) -> None:
        await call.receive()
        await call.send(encode(Welcome(at=at, version="1", received=[])))
        async for _octets in call:
            pass

    async with talking(tmp_path, session=speak) as talk:
        await until(lambda: talk.conversation.mode == "session")
        assert len(talk.told("clock")) == 1
        assert talk.conversation.clock_offset == 0.0


async def test_a_hello_of_a_spool_that_fails_is_no_end(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await until(lambda: talk.conversation.mode == "session")
        assert isinstance(talk.collector.hellos[0], Hello)
        assert talk.collector.hellos[0].health.memory_octets > 0


async def test_what_is_stored_between_a_hello_and_its_welcome_is_noted_behind_it(tmp_path: Path) -> None:
    """Or a Welcome that could not know of it yet would have it sent again."""
    held: list[bool] = []

    async def speak(call: Call, _: Peer) -> None:
        await call.receive()
        held.append(talk.noting.locked())
        await call.send(encode(Welcome(at=AT, version="1", received=[])))
        async for _octets in call:
            pass

    async with talking(tmp_path) as talk:
        talk.collector.methods[SESSION.path] = speak
        assert talk.collector.server is not None
        await until(lambda: talk.conversation.mode == "session")
        talk.collector.server.end(lambda _: True, "a test cuts the line")
        await until(lambda: held)
        await until(lambda: talk.conversation.mode == "session")
        assert held == [True]
        assert not talk.noting.locked()
