"""A small collector for the agent's tests: the true service Enrolment, and beside it answers that a test may bend."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import pytest
import trio
from sqlalchemy import Connection

from proto_schema import (
    AGENT_MESSAGES,
    CHECK_IN,
    SESSION,
    UPLOAD,
    Batch,
    CheckInReply,
    CheckInRequest,
    Finding,
    HealthReport,
    Hello,
    Job,
    JobCancel,
    JobOffer,
    JobUpdate,
    Range,
    Received,
    Settings,
    UploadReply,
    Welcome,
    WireError,
    decode,
    encode,
    write_instant,
)
from ptscan.agent import Place, enrol
from ptscan.collector import (
    FOR_STRANGERS,
    Enrolment,
    Store,
    add_token,
    ensure_entity,
    found_authority,
    new_token,
    open_store,
    token_digest,
)
from ptscan.link import Call, CallError, Handler, Link, Peer, Server, Status, Trouble, open_listeners, run_server
from ptscan.link import unary as one_each
from ptscan.tls import client_context, load_identity, server_context, write_token

WITHIN = 20.0  # seconds; no test waits for it


class Quick(Random):
    """Lots that make every wait a short one."""

    def uniform(self, a: float, b: float) -> float:
        return min(0.01, b)


async def until(true: Callable[[], object]) -> None:
    """Wait for what another task does."""
    with trio.fail_after(WITHIN):
        while not true():  # noqa: ASYNC110 (a test that looks on from outside)
            await trio.sleep(0.01)


class Work:
    """What an agent has to do, as a conversation sees it: it remembers what it was told."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings(revision=0)
        self.jobs: list[Job] = []
        self.cancelled: list[str] = []
        self.findings: list[Finding] = []
        self._updates: dict[str, JobUpdate] = {}
        self._news = trio.Event()

    def standing(self) -> tuple[str | None, int, list[Finding]]:
        return None, 0, self.findings

    async def offer(self, job: Job) -> None:
        self.jobs.append(job)

    async def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    async def belong_to(self, collector: str) -> None:
        pass

    async def take_settings(self, settings: Settings) -> None:
        if settings.revision > self.settings.revision:
            self.settings = settings

    async def updates(self) -> list[JobUpdate]:
        while not self._updates:
            await self._news.wait()
        await trio.lowlevel.cancel_shielded_checkpoint()
        updates, self._updates = list(self._updates.values()), {}
        return updates

    def undo(self, updates: Sequence[JobUpdate]) -> None:
        for update in updates:
            self._updates.setdefault(update.job_id, update)
        self._wake()

    def tell(self, job_id: str, state: str) -> None:
        self._updates[job_id] = JobUpdate(job_id=job_id, state=state, at="2026-11-21T12:00:00Z")
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()


class Collector:
    """A collector on loopback; ``stored`` is its store, ``take`` and the others are for a test to replace."""

    def __init__(self, folder: Path, store: Store, name: str = "127.0.0.1", collector_id: str = "acme") -> None:
        self.store = store
        self.now_at = datetime.now(UTC)  # TLS looks at the machine's clock
        self.authority = found_authority(folder, collector_id=collector_id, names=[name], now_at=self.now_at)
        self.context = server_context(folder / "server.pem", self.authority.roots)
        self.troubles: list[Trouble] = []
        self.enrolment = Enrolment(
            store, self.authority, limiter=trio.CapacityLimiter(2), clock=lambda: self.now_at,
            report=self.troubles.append,
        )  # fmt: skip
        self.port = 0
        self.server: Server | None = None
        self.stored: dict[tuple[str, int], bytes] = {}
        self.sent = 0
        self.hellos: list[Hello] = []
        self.check_ins: list[CheckInRequest] = []
        self.reports: list[HealthReport] = []
        self.updates: list[JobUpdate] = []
        self.settings: Settings | None = None
        self.at: Callable[[], float] = lambda: datetime.now(UTC).timestamp()
        self.take: Callable[[Batch], Awaitable[UploadReply]] = self.keep
        self.methods: dict[str, Handler] = {
            **self.enrolment.methods(),
            SESSION.path: self.session,
            CHECK_IN.path: one_each(self.check_in),
            UPLOAD.path: self.upload,
        }
        self.says = trio.open_memory_channel[JobOffer | JobCancel | Settings](16)

    def token(self, *, entity: str = "customer") -> str:
        token = new_token(self.authority.root)

        def write(connection: Connection) -> None:
            now = self.now_at.timestamp()
            place = ensure_entity(connection, entity, now=now)
            add_token(connection, token_digest(token), entity_id=place.id, now=now, expires_at=now + 3_600)

        self.store.write(write)
        return write_token(token)

    async def keep(self, batch: Batch) -> UploadReply:
        for record in batch.records:
            known = self.stored.setdefault((batch.epoch, record.sequence), record.body)
            assert known == record.body, f"two records are {batch.epoch}/{record.sequence}"
        self.sent += len(batch.records)
        return UploadReply(epoch=batch.epoch, upto=batch.records[-1].sequence)

    async def upload(self, call: Call, peer: Peer) -> None:
        await self.enrolment.admit(peer)
        async for octets in call:
            await call.send(encode(await self.take(decode(octets, Batch))))

    async def session(self, call: Call, peer: Peer) -> None:
        await self.enrolment.admit(peer)
        hello = AGENT_MESSAGES.decode(await call.receive() or b"")
        assert isinstance(hello, Hello)
        self.hellos.append(hello)
        await call.send(encode(self.welcome(hello)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._say, call)
            async for octets in call:
                match AGENT_MESSAGES.decode(octets):
                    case HealthReport() as report:
                        self.reports.append(report)
                    case JobUpdate() as update:
                        self.updates.append(update)
            nursery.cancel_scope.cancel()

    async def _say(self, call: Call) -> None:
        while True:
            await call.send(encode(await self.says[1].receive()))

    async def check_in(self, octets: bytes, peer: Peer) -> bytes:
        await self.enrolment.admit(peer)
        try:
            request = decode(octets, CheckInRequest)
        except WireError as error:
            raise CallError(Status.INVALID_ARGUMENT, str(error)) from error
        self.check_ins.append(request)
        self.updates += request.updates
        return encode(CheckInReply(welcome=self.welcome(request.hello)))

    def welcome(self, hello: Hello) -> Welcome:
        received = [
            Received(epoch=epoch, ranges=[Range(first=n, last=n) for e, n in sorted(self.stored) if e == epoch])
            for epoch in hello.epochs
        ]
        newer = self.settings if self.settings and self.settings.revision > hello.settings_revision else None
        return Welcome(at=write_instant(self.at()), version="1", received=received, settings=newer)

    @asynccontextmanager
    async def open(self, port: int = 0) -> AsyncIterator["Collector"]:
        async def serve(task_status: trio.TaskStatus[Server]) -> None:
            await run_server(
                listeners, self.methods, identify=self.enrolment.identify, report=self.troubles.append,
                for_strangers=FOR_STRANGERS, task_status=task_status,
            )  # fmt: skip

        async with trio.open_nursery() as nursery:
            listeners = await open_listeners("127.0.0.1", port, self.context)
            self.port = listeners[0].port
            self.server = await nursery.start(serve)
            nursery.start_soon(partial(self.enrolment.watch, self.server, every=0.1))
            yield self
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def collecting(folder: Path, name: str = "127.0.0.1", collector_id: str = "acme") -> AsyncIterator[Collector]:
    """A collector that runs, on a store of its own; ``name`` is the one in its certificate."""
    with open_store(f"sqlite:///{folder / 'collector.db'}") as store:
        async with Collector(folder / "ca", store, name, collector_id).open() as collector:
            yield collector


async def enrolled_context(collector: Collector, folder: Path) -> ssl.SSLContext:
    """The credentials of an agent that is enrolled in ``folder``."""
    place = Place("127.0.0.1", collector.port)
    await enrol(folder, place, collector.token(), name="pc", proxy=None, report=lambda _: None)
    identity = load_identity(folder / "identity")
    assert identity is not None
    return client_context(identity.roots, identity.path)


async def status_of(link: Link) -> Status:
    """What becomes of a call with a link's credentials: one that is let in asks for something malformed."""
    with pytest.raises(CallError) as caught:
        await link.unary(CHECK_IN.path, b"", within=WITHIN)
    return caught.value.status


async def fail(status: Status, _: Call, __: Peer) -> None:
    raise CallError(status, "a test wants it so")
