"""The first contact and the next ones over true sockets: a token, a stranger's chain, a certificate, its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import trio

from ptscan.collector import Authority, found_authority, new_serial, new_token
from ptscan.link import Peer, SecureStream, Transport, Trouble, dial, open_link, open_listeners, run_server, unary
from ptscan.tls import (
    HandshakeError,
    Introduction,
    agent_of,
    begin_request,
    client_context,
    finish_request,
    read_request,
    root_of,
    server_context,
)

NOW = datetime.now(UTC)
PATH = "/tests.v1.Tests/Who"
SECONDS = 20.0  # no test waits for it; it ends one that hangs


def who(transport: Transport) -> str | None:
    """The agent that the certificate names, for the server."""
    octets = transport.getpeercert(binary_form=True) if isinstance(transport, SecureStream) else None
    return agent_of(octets, "acme").agent_id if octets else None


class Doorman:
    """A server of the link on loopback that says to each who it takes them for."""

    def __init__(self, folder: Path) -> None:
        self.authority = found_authority(folder, collector_id="acme", names=["127.0.0.1"], now_at=NOW)
        self.context = server_context(folder / "server.pem", self.authority.roots)

    async def _greet(self, _: bytes, peer: Peer) -> bytes:
        await trio.lowlevel.checkpoint()
        return str(peer or "nobody").encode()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        listeners = await open_listeners("127.0.0.1", 0, self.context)
        serve = partial(
            run_server, listeners, {PATH: unary(self._greet)}, identify=who, report=lambda _: None, for_strangers={PATH}
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield listeners[0].port
            nursery.cancel_scope.cancel()


async def greeted(port: int, roots: tuple[bytes, ...], identity: Path | None = None) -> str:
    """What the doorman says, or why nobody came that far."""
    troubles: list[Trouble] = []
    greeting: list[bytes] = []

    async def ask() -> None:
        greeting.append(await link.unary(PATH, b"", within=SECONDS))
        nursery.cancel_scope.cancel()

    async with (
        open_link("127.0.0.1", port, client_context(roots, identity), report=troubles.append) as link,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask)
        while not troubles:  # noqa: ASYNC110 (a test that looks on from outside)
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    return greeting[0].decode() if greeting else troubles[0].text


async def chain_at(port: int) -> tuple[bytes, ...]:
    introduction = Introduction()
    await trio.aclose_forcefully(await dial("127.0.0.1", port, ssl_context=introduction))
    return introduction.chain


def certify(authority: Authority, folder: Path, agent_id: str, *, at: datetime = NOW) -> Path:
    request = read_request(begin_request(folder))
    issued = authority.issue_agent(request, agent_id=agent_id, generation=1, serial=new_serial(), issued_at=at)
    return finish_request(folder, issued.chain, authority.roots).path


async def test_from_a_token_to_a_name(tmp_path: Path) -> None:
    doorman = Doorman(tmp_path / "ca")
    token = new_token(doorman.authority.root)
    with trio.fail_after(SECONDS):
        async with doorman.open() as port:
            root = root_of(await chain_at(port), token.fingerprint)
            assert await greeted(port, (root,)) == "nobody"
            path = certify(doorman.authority, tmp_path / "id", "a1")
            assert await greeted(port, (root,), path) == "a1"


async def test_a_token_of_another_collector_is_not_shown_to_this_one(tmp_path: Path) -> None:
    other = found_authority(tmp_path / "other", collector_id="acme", names=["127.0.0.1"], now_at=NOW)
    with trio.fail_after(SECONDS):
        async with Doorman(tmp_path / "ca").open() as port:
            chain = await chain_at(port)
            with pytest.raises(HandshakeError, match="was not shown"):
                root_of(chain, new_token(other.root).fingerprint)


async def test_who_must_not_pass_hears_why(tmp_path: Path) -> None:
    doorman = Doorman(tmp_path / "ca")
    other = found_authority(tmp_path / "other", collector_id="acme", names=["127.0.0.1"], now_at=NOW)
    roots = doorman.authority.roots
    old = certify(doorman.authority, tmp_path / "old", "a1", at=NOW - timedelta(days=30, seconds=2))
    early = certify(doorman.authority, tmp_path / "early", "a1", at=NOW + timedelta(hours=2))
    strange = certify(other, tmp_path / "strange", "a1")
    with trio.fail_after(SECONDS):
        async with doorman.open() as port:
            assert "our certificate has expired" in await greeted(port, roots, old)
            assert "refused our certificate" in await greeted(port, roots, early)
            assert "authority" in await greeted(port, roots, strange)
            assert "the other end is of another authority" in await greeted(port, other.roots)


async def test_a_clock_that_is_slow_by_ten_minutes_is_let_be(tmp_path: Path) -> None:
    doorman = Doorman(tmp_path / "ca")
    path = certify(doorman.authority, tmp_path / "id", "a1", at=NOW + timedelta(minutes=9))
    with trio.fail_after(SECONDS):
        async with doorman.open() as port:
            assert await greeted(port, doorman.authority.roots, path) == "a1"
