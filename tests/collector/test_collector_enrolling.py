"""The service Enrolment over true sockets: from a token to a renewed certificate, and out again."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import trio
from sqlalchemy import Connection

from proto_schema import ENROL, RENEW, EnrolReply, EnrolRequest, RenewReply, RenewRequest, decode, encode
from ptscan.collector import (
    FOR_STRANGERS,
    Enrolment,
    Store,
    add_token,
    ensure_entity,
    found_authority,
    list_agents,
    new_token,
    open_store,
    revoke,
    token_digest,
)
from ptscan.link import CallError, Handler, Link, Peer, Server, Status, Trouble, open_link, open_listeners, run_server
from ptscan.link import unary as one_each
from ptscan.tls import (
    Identity,
    agent_of,
    begin_request,
    client_context,
    finish_request,
    make_request,
    new_key,
    server_context,
    write_token,
)

NOW = datetime.now(UTC)  # TLS looks at the machine's clock
WITHIN = 20.0  # seconds; no test waits for it
WHO = "/tests.v1.Tests/Who"


class Collector:
    """A collector that enrols and answers who somebody is, on a store and a port of its own."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store = store
        self.now_at = NOW
        self.authority = found_authority(folder, collector_id="acme", names=["127.0.0.1"], now_at=NOW)
        self.roots = self.authority.roots
        self.context = server_context(folder / "server.pem", self.roots)
        self.troubles: list[Trouble] = []
        self.enrolment = Enrolment(
            store, self.authority, limiter=trio.CapacityLimiter(2), clock=lambda: self.now_at,
            report=self.troubles.append,
        )  # fmt: skip
        self.port = 0

    def token(self) -> str:
        token = new_token(self.authority.root)

        def write(connection: Connection) -> None:
            now = NOW.timestamp()
            place = ensure_entity(connection, "customer", now=now)
            add_token(connection, token_digest(token), entity_id=place.id, now=now, expires_at=now + 3_600)

        self.store.write(write)
        return write_token(token)

    def told(self, kind: str) -> list[str]:
        return [trouble.text for trouble in self.troubles if trouble.kind == kind]

    async def _who(self, _: bytes, peer: Peer) -> bytes:
        return (await self.enrolment.admit(peer)).agent_id.encode()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Collector"]:
        async def serve(task_status: trio.TaskStatus[Server]) -> None:
            methods: dict[str, Handler] = {**self.enrolment.methods(), WHO: one_each(self._who)}
            await run_server(
                listeners, methods, identify=self.enrolment.identify, report=self.troubles.append,
                for_strangers=FOR_STRANGERS, task_status=task_status,
            )  # fmt: skip

        with trio.fail_after(3 * WITHIN):
            async with trio.open_nursery() as nursery:
                listeners = await open_listeners("127.0.0.1", 0, self.context)
                self.port = listeners[0].port
                nursery.start_soon(partial(self.enrolment.watch, await nursery.start(serve), every=0.1))
                yield self
                nursery.cancel_scope.cancel()

    def link(self, identity: Identity | None = None) -> AbstractAsyncContextManager[Link]:
        context = client_context(self.roots, identity.path if identity else None)
        return open_link("127.0.0.1", self.port, context)

    async def enrol(self, folder: Path, token: str) -> Identity:
        message = EnrolRequest(token=token, csr=begin_request(folder), name="pc", version="1", platform="Linux")
        async with self.link() as link:
            reply = decode(await link.unary(ENROL.path, encode(message), within=WITHIN), EnrolReply)
        return finish_request(folder, reply.chain, reply.roots)


async def renew(link: Link, folder: Path, generation: int = 1) -> Identity:
    message = RenewRequest(csr=begin_request(folder), generation=generation)
    reply = decode(await link.unary(RENEW.path, encode(message), within=WITHIN), RenewReply)
    return finish_request(folder, reply.chain, reply.roots)


async def status_of(link: Link, path: str, octets: bytes = b"") -> tuple[Status, str]:
    with pytest.raises(CallError) as caught:
        await link.unary(path, octets, within=WITHIN)
    return caught.value.status, caught.value.message


@asynccontextmanager
async def collecting(folder: Path) -> AsyncIterator[Collector]:
    with open_store(f"sqlite:///{folder / 'collector.db'}") as store:
        async with Collector(folder / "ca", store).open() as collector:
            yield collector


async def test_from_a_token_to_a_renewed_certificate_without_a_break(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        identity = await collector.enrol(tmp_path / "id", collector.token())
        [agent] = collector.store.read(list_agents)
        async with collector.link(identity) as link:
            assert await link.unary(WHO, b"", within=WITHIN) == agent.id.encode()
            renewed = await renew(link, tmp_path / "id")
            assert agent_of(renewed.chain[0], "acme").generation == 2
            assert await link.unary(WHO, b"", within=WITHIN) == agent.id.encode(), "the old one is good till then"
        async with collector.link(renewed) as link:
            assert await link.unary(WHO, b"", within=WITHIN) == agent.id.encode()
        assert len(collector.told("enrolled")) == 1


async def test_without_a_certificate_every_method_but_enrol_is_closed(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        message = RenewRequest(csr=make_request(new_key()), generation=1)
        async with collector.link() as link:
            for path, octets in ((RENEW.path, encode(message)), (WHO, b"")):
                assert (await status_of(link, path, octets))[0] is Status.UNAUTHENTICATED


async def test_every_fault_of_a_token_is_the_same_to_the_peer_and_told_in_the_report(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        used, expired = collector.token(), collector.token()
        await collector.enrol(tmp_path / "id", used)
        strange = write_token(new_token(collector.authority.root))
        heard = set()
        async with collector.link() as link:
            for token in ("", used[:-4], strange, used, expired):
                if token == expired:
                    collector.now_at = NOW + timedelta(hours=2)
                csr = make_request(new_key())
                message = EnrolRequest(token=token, csr=csr, name="pc", version="1", platform="Linux")
                heard.add(await status_of(link, ENROL.path, encode(message)))
        assert {status for status, _ in heard} == {Status.PERMISSION_DENIED}
        assert len(heard) == 1
        codes = [text.rpartition(" ")[2] for text in collector.told("enrolment-refused")]
        assert codes == ["no-token", "no-token", "unknown", "used-up", "expired"]
        assert not [trouble for trouble in collector.troubles if used in repr(trouble) or strange in repr(trouble)]
        assert len(collector.store.read(list_agents)) == 1


async def test_garbage_and_hostile_requests_are_refused_and_cost_no_token(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
        hostile = EnrolRequest(
            token=token, csr=make_request(new_key()) + b"\0", name="pc", version="1", platform="Linux"
        )
        async with collector.link() as link:
            for octets in (b"", b"\xc1", b"\xdd\xff\xff\xff\xff", encode(hostile)):
                assert (await status_of(link, ENROL.path, octets))[0] is Status.INVALID_ARGUMENT
        assert (await collector.enrol(tmp_path / "id", token)).chain


async def test_a_copied_key_is_noticed_and_both_machines_are_out(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        identity = await collector.enrol(tmp_path / "id", collector.token())
        [agent] = collector.store.read(list_agents)
        thief = tmp_path / "thief"
        thief.mkdir(mode=0o700)
        for name in ("identity.pem", "roots.pem"):
            (thief / name).touch(mode=0o600)
            (thief / name).write_bytes((tmp_path / "id" / name).read_bytes())
        async with collector.link(identity) as owner, collector.link(identity) as other:
            await renew(owner, tmp_path / "id")
            message = RenewRequest(csr=begin_request(thief), generation=1)
            status, _ = await status_of(other, RENEW.path, encode(message))
            assert status in {Status.PERMISSION_DENIED, Status.UNAVAILABLE}, (
                "its connection may be gone before the answer"
            )
            while (status := (await status_of(owner, WHO))[0]) is Status.UNAVAILABLE:  # noqa: ASYNC110
                await trio.sleep(0.05)  # a call that was on its way when its connection was ended
            assert status is Status.PERMISSION_DENIED
        assert [text for text in collector.told("copied-key") if agent.id in text]


async def test_who_is_revoked_is_turned_out_within_seconds(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        identity = await collector.enrol(tmp_path / "id", collector.token())
        [agent] = collector.store.read(list_agents)
        async with collector.link(identity) as link:
            assert await link.unary(WHO, b"", within=WITHIN)
            collector.store.write(revoke, agent.id, "sold", now=NOW.timestamp())
            status, _ = await status_of(link, WHO)
            assert status in {Status.PERMISSION_DENIED, Status.UNAVAILABLE}, "at once for what is asked anew"
            with trio.fail_after(WITHIN):
                while not [text for text in collector.told("connection-ended") if "may not speak" in text]:  # noqa: ASYNC110
                    await trio.sleep(0.05)


async def test_a_certificate_that_ends_while_connected_is_good_no_more(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        identity = await collector.enrol(tmp_path / "id", collector.token())
        async with collector.link(identity) as link:
            assert await link.unary(WHO, b"", within=WITHIN)
            collector.now_at = NOW + timedelta(days=30)
            assert (await status_of(link, WHO))[0] in {Status.UNAUTHENTICATED, Status.UNAVAILABLE}


async def test_of_twenty_that_show_one_token_at_once_exactly_one_becomes_an_agent(tmp_path: Path) -> None:
    async with collecting(tmp_path) as collector:
        token = collector.token()
        outcomes: list[str] = []

        async def show(link: Link) -> None:
            message = EnrolRequest(token=token, csr=make_request(new_key()), name="pc", version="1", platform="Linux")
            try:
                await link.unary(ENROL.path, encode(message), within=WITHIN)
                outcomes.append("enrolled")
            except CallError as error:
                outcomes.append(error.status.name)

        async with collector.link() as one, collector.link() as other, trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(show, (one, other)[number % 2])
        assert sorted(outcomes) == ["PERMISSION_DENIED"] * 19 + ["enrolled"]
        assert len(collector.store.read(list_agents)) == 1
