"""A collector on loopback, whole, and an agent that was enrolled with it, for the tests of its serving."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio
from sqlalchemy import Connection

from proto_schema import ENROL, UPLOAD, Batch, EnrolReply, EnrolRequest, Health, Hello, UploadReply, decode, encode
from ptscan.collector import (
    Running,
    Store,
    add_token,
    ensure_entity,
    found_collector,
    new_token,
    open_store,
    run_collector,
    token_digest,
)
from ptscan.link import Link, Trouble, open_link
from ptscan.tls import Identity, begin_request, client_context, finish_request, write_token

WITHIN = 20.0  # seconds; no test waits for it
AT = "2026-11-21T06:00:00Z"
HEALTH = Health(at=AT, started_at=AT, version="1", platform="Linux")


def a_hello(*epochs: str, revision: int = 0) -> Hello:
    return Hello(epochs=list(epochs), generation=1, health=HEALTH, settings_revision=revision)


class Agent:
    """An agent that is enrolled: what it connects with."""

    def __init__(self, collector: "Collecting", agent_id: str, identity: Identity) -> None:
        self.id = agent_id
        self.identity = identity
        self._collector = collector

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """A connection of its own."""
        context = client_context(self.identity.roots, self.identity.path)
        async with open_link("127.0.0.1", self._collector.running.port, context) as link:
            yield link

    async def upload(self, *batches: Batch) -> list[UploadReply]:
        """Send batches over one stream, and wait for their replies."""
        async with self.link() as link, link.call(UPLOAD.path, within=WITHIN) as call:
            for batch in batches:
                await call.send(encode(batch))
            call.end()
            return [decode(octets, UploadReply) async for octets in call]


class Collecting:
    """A collector: its folder, its store, what it told."""

    def __init__(self, folder: Path, store_url: str = "", **settings: object) -> None:
        self.folder = folder / "collector"
        given = {"names": ["127.0.0.1"], "listen": "127.0.0.1:0", "pages": "127.0.0.1:0", "database": store_url}
        self.config, self.authority = found_collector(
            self.folder, now_at=datetime.now(UTC), **(given | settings)  # type: ignore[arg-type]
        )  # fmt: skip
        self.troubles: list[Trouble] = []
        self.shift: Callable[[datetime], datetime] = lambda now_at: now_at
        self.running = Running(port=0, pages_port=0, name="", guard="")
        self._agents = 0

    def clock(self) -> datetime:
        return self.shift(datetime.now(UTC))

    @property
    def kinds(self) -> list[str]:
        return [trouble.kind for trouble in self.troubles]

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Its store, as another process would open it."""
        with open_store(self.config.database) as store:
            yield store

    def token(self, entity: str = "customer") -> str:
        token = new_token(self.authority.root)

        def write(connection: Connection) -> None:
            now = self.clock().timestamp()
            place = ensure_entity(connection, entity, now=now)
            add_token(connection, token_digest(token), entity_id=place.id, now=now, expires_at=now + 3_600)

        with self.store() as store:
            store.write(write)
        return write_token(token)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Collecting"]:
        """Run it; behind the block it was ended in order."""
        with trio.fail_after(3 * WITHIN):
            async with trio.open_nursery() as nursery:
                run = partial(run_collector, self.config, report=self.troubles.append, clock=self.clock)
                self.running = await nursery.start(run)
                yield self
                nursery.cancel_scope.cancel()

    async def enrol(self, entity: str = "customer") -> Agent:
        """An agent more."""
        self._agents += 1
        folder = self.folder.parent / f"agent-{self._agents}"
        token = await trio.to_thread.run_sync(self.token, entity)
        message = EnrolRequest(token=token, csr=begin_request(folder), name="pc", version="1", platform="Linux")
        async with self.stranger() as link:
            reply = decode(await link.unary(ENROL.path, encode(message), within=WITHIN), EnrolReply)
        return Agent(self, reply.agent_id, finish_request(folder, reply.chain, reply.roots))

    @asynccontextmanager
    async def stranger(self) -> AsyncIterator[Link]:
        """A connection without a certificate."""
        async with open_link("127.0.0.1", self.running.port, client_context(self.authority.roots)) as link:
            yield link

    async def until(self, kind: str) -> Trouble:
        """The first trouble of a kind."""
        await until(lambda: kind in self.kinds)
        return next(trouble for trouble in self.troubles if trouble.kind == kind)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    with trio.fail_after(WITHIN):
        while not holds():  # noqa: ASYNC110 (a test that looks on from outside)
            await trio.sleep(0.02)
