"""TLS over a socket: whatever the lengths, in order, to the end; cut short or tampered with, it says so."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing

from ptscan.link import Call, CallError, SecureStream, limits
from ptscan.link.connection import Connection, Side
from ptscan.link.driver import Driver

from .certificates import Certificates

LONG = bytes(range(256)) * 4_000


class Line:
    """A socket stream in memory, of which TLS sees no more than this: ``seconds`` a piece of ``most`` octets."""

    def __init__(self, stream: trio.abc.Stream, *, seconds: float = 0.0, most: int = 1 << 20) -> None:
        self.stream = stream
        self.seconds = seconds
        self.most = most
        self.socket = self
        self.flipped = False

    async def send(self, data: memoryview) -> int:
        piece = bytearray(data[: self.most])
        await trio.sleep(self.seconds)
        if self.flipped:
            piece[-1] ^= 1
        await self.stream.send_all(piece)
        return len(piece)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.stream.aclose()


@asynccontextmanager
async def secured(
    certificates: Certificates, *, seconds: float = 0.0, most: int = 1 << 20
) -> AsyncIterator[tuple[SecureStream, SecureStream, Line]]:
    """A client, a server, and the client's line, after the handshake."""
    near, far = trio.testing.memory_stream_pair()
    line = Line(near, most=most)
    client = SecureStream(line, certificates.client_context(), server_hostname="localhost")  # type: ignore[arg-type]
    server = SecureStream(Line(far), certificates.server_context(), server_side=True)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.do_handshake)
        nursery.start_soon(server.do_handshake)
    line.seconds = seconds
    yield client, server, line


async def all_of(stream: SecureStream, count: int) -> bytes:
    came = b""
    while len(came) < count:
        came += await stream.receive_some()
    return came


@pytest.mark.parametrize("most", [1 << 20, 1_000])
async def test_octets_come_as_they_were_sent_both_ways_at_once(
    certificates: Certificates, most: int, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates, most=most) as (client, server, _), trio.open_nursery() as nursery:
        for stream in (client, server):
            nursery.start_soon(stream.send_all, LONG)
            nursery.start_soon(stream.send_all, LONG[::-1])
        for stream in (client, server):
            assert await all_of(stream, 2 * len(LONG)) in (LONG + LONG[::-1], LONG[::-1] + LONG)


async def test_many_records_are_given_at_once_and_never_more_than_is_asked_for(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates) as (client, server, _):
        await client.send_all(LONG[:100_000])
        assert [len(await server.receive_some(most)) for most in (10, 60_000)] == [10, 60_000]
        assert await server.receive_some() == LONG[60_010:100_000]


async def test_the_end_of_the_socket_is_an_end_behind_what_came_before(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates) as (client, server, _):
        await client.send_all(b"last")
        await client.aclose()
        assert [await server.receive_some(), await server.receive_some(), await server.receive_some()] == [
            b"last",
            b"",
            b"",
        ]


async def test_what_was_tampered_with_is_an_error_behind_what_came_before(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates) as (client, server, line):
        await client.send_all(b"sound")
        line.flipped = True
        await client.send_all(b"false")
        assert await server.receive_some() == b"sound"
        for _ in range(2):
            with pytest.raises(trio.BrokenResourceError) as found:
                await server.receive_some()
            assert isinstance(found.value.__cause__, ssl.SSLError)


async def test_behind_a_send_that_was_cut_short_nothing_can_be_sent(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates, seconds=1.0, most=10_000) as (client, _, _):
        with trio.move_on_after(2.5) as scope:
            await client.send_all(LONG)
        assert scope.cancelled_caught
        with pytest.raises(trio.BrokenResourceError, match="cut short"):
            await client.send_all(b"more")


async def test_progress_tells_of_each_part_that_went_out(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    async with secured(certificates, most=30_000) as (client, server, _):
        told: list[int] = []
        client.progress = told.append
        await client.send_all(LONG[:90_000])
        assert told[:3] == [30_000] * 3
        assert 90_000 < sum(told) < 91_000
        assert await all_of(server, 90_000) == LONG[:90_000]


@pytest.mark.parametrize(("seconds", "lives"), [(15.0, True), (31.0, False)])
async def test_each_sixteen_kilooctets_have_half_a_minute_however_much_tls_is_given(
    certificates: Certificates, seconds: float, lives: bool, autojump_clock: trio.testing.MockClock
) -> None:
    """64 KiB are given to TLS at once; the line takes 16 of them each ``seconds``."""
    async with secured(certificates) as (near, far, line), trio.open_nursery() as nursery:
        now = trio.current_time()
        came: list[bytes] = []

        async def take(call: Call) -> None:
            came.extend([message async for message in call])

        client = Driver(near, Connection(Side.CLIENT, now=now, authority="tests"))
        server = Driver(far, Connection(Side.SERVER, now=now), serve=lambda call: nursery.start_soon(take, call))
        nursery.start_soon(client.run)
        nursery.start_soon(server.run)
        await client.heard.wait()
        await trio.testing.wait_all_tasks_blocked()
        line.seconds, line.most = seconds, 16 << 10
        call = client.begin("/tests.v1.Tests/Call", timeout=None)
        with suppress(CallError):
            await call.send(bytes(200_000))
            call.end()
        await trio.sleep(limits.SEND_SECONDS * 20)
        assert came == ([bytes(200_000)] if lives else [])
        assert client.core.is_closed is not lives
        nursery.cancel_scope.cancel()
