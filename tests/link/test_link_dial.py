"""The way to a server: each step that can fail is named, in one line with its mend; through a proxy as well."""

import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from ptscan.link import DialError, Peer, Proxy, Step, dial, limits, open_link, unary

from .certificates import Certificates
from .serving import PATH, serving

Talk = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """A port where each connection is talked to by ``talk`` and then closed."""

    async def serve(stream: trio.SocketStream) -> None:
        try:
            await talk(stream)
        except trio.BrokenResourceError:
            pass

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, serve, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def hang(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def hang_up(stream: trio.SocketStream) -> None:
    await trio.lowlevel.checkpoint()


def says(octets: bytes) -> Talk:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)
        await stream.send_all(octets)
        await stream.send_eof()
        await stream.receive_some(4096)

    return talk


async def failure(host: str, port: int, context: ssl.SSLContext, *, proxy: Proxy | None = None) -> DialError:
    """What comes of dialling, which has to fail."""
    with trio.fail_after(30), pytest.raises(DialError) as found:
        await dial(host, port, ssl_context=context, proxy=proxy)
    assert "\n" not in str(found.value)
    return found.value


async def test_no_such_host(certificates: Certificates) -> None:
    error = await failure("nobody.invalid", 7443, certificates.client_context())
    assert error.step is Step.NAME
    assert "nobody.invalid:7443" in str(error)


async def test_nobody_listens(certificates: Certificates) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    error = await failure("127.0.0.1", port, certificates.client_context())
    assert error.step is Step.CONNECT
    assert "Connection refused" in str(error)


@pytest.mark.parametrize("talk", [hang_up, says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), says(b"220 mail\r\n")])
async def test_no_tls_there(talk: Talk, certificates: Certificates) -> None:
    async with listening(talk) as port:
        assert (await failure("127.0.0.1", port, certificates.client_context())).step is Step.TLS


async def test_a_server_of_another_authority(certificates: Certificates) -> None:
    async with serving(certificates, {}) as served:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["h2"])
        error = await failure("127.0.0.1", served.port, context)
        assert (error.step, error.code) == (Step.TLS, "unknown-authority")


async def test_a_server_without_http2(certificates: Certificates) -> None:
    async def talk(raw: trio.SocketStream) -> None:
        context = certificates.server_context(alpn="http/1.1")
        await trio.SSLStream(raw, context, server_side=True).receive_some(1)

    async with listening(talk) as port:
        assert (await failure("127.0.0.1", port, certificates.client_context())).step is Step.HTTP2


@pytest.mark.parametrize("proxied", [False, True])
async def test_who_does_not_answer_is_given_up_in_time(
    proxied: bool, certificates: Certificates, mock_clock: trio.testing.MockClock
) -> None:
    async with listening(hang) as port, trio.open_nursery() as nursery:
        found: list[DialError] = []
        to = ("127.0.0.1", port) if not proxied else ("host.example", 7443)
        proxy = Proxy(host="127.0.0.1", port=port) if proxied else None

        async def attempt() -> None:
            try:
                await dial(*to, ssl_context=certificates.client_context(), proxy=proxy)
            except DialError as error:
                found.append(error)

        nursery.start_soon(attempt)
        await trio.testing.wait_all_tasks_blocked(0.05)
        mock_clock.jump(limits.CONNECT_SECONDS - 0.1)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert found == []
        mock_clock.jump(0.2)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert [error.step for error in found] == [Step.PROXY if proxied else Step.TLS]


async def test_an_attempt_that_is_cancelled_leaves_nothing_open(certificates: Certificates) -> None:
    closed = trio.Event()

    async def talk(stream: trio.SocketStream) -> None:
        while await stream.receive_some(4096):
            pass
        closed.set()

    async with listening(talk) as port:
        with trio.move_on_after(0.1):
            await dial("127.0.0.1", port, ssl_context=certificates.client_context())
        with trio.fail_after(5):
            await closed.wait()


# Proxies.


class HttpProxy:
    """A small HTTP proxy that knows CONNECT, and one log-in where it wants any."""

    def __init__(self, login: str = "") -> None:
        self.login = login
        self.asked: list[str] = []

    async def __call__(self, near: trio.SocketStream) -> None:
        octets = b""
        while b"\r\n\r\n" not in octets:
            octets += await near.receive_some(100)
        lines = octets.decode().split("\r\n")
        told = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.asked.append(lines[0])
        given = b64decode(told.get("Proxy-Authorization", "Basic ").partition(" ")[2]).decode()
        if given != self.login:
            answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n<html>\xff"
            await near.send_all(answer)
            return
        host, _, port = lines[0].split()[1].rpartition(":")
        far = await trio.open_tcp_stream(host, int(port))
        for octet in b"HTTP/1.1 200 Connection established\r\nVia: tests\r\n\r\n":
            await near.send_all(bytes([octet]))  # as slowly as may be
        async with far, trio.open_nursery() as nursery:
            for source, sink in ((near, far), (far, near)):
                nursery.start_soon(self._copy, source, sink, nursery)

    async def _copy(self, source: trio.SocketStream, sink: trio.SocketStream, nursery: trio.Nursery) -> None:
        try:
            while data := await source.receive_some(65536):
                await sink.send_all(data)
        except trio.BrokenResourceError:
            pass
        nursery.cancel_scope.cancel()


async def _echo(message: bytes, peer: Peer) -> bytes:
    return message


@pytest.mark.parametrize("login", ["", "ann:p@ss:word"])
async def test_a_link_goes_through_a_proxy(login: str, certificates: Certificates) -> None:
    through = HttpProxy(login)
    user, _, password = login.partition(":")
    async with serving(certificates, {PATH: unary(_echo)}) as served, listening(through) as port:
        proxy = Proxy(host="127.0.0.1", port=port, user=user, password=password)
        async with open_link("localhost", served.port, certificates.client_context(), proxy=proxy) as link:
            whole = bytes(range(256)) * 4096
            assert await link.unary(PATH, whole, within=20) == whole
        assert through.asked == [f"CONNECT localhost:{served.port} HTTP/1.1"]


@pytest.mark.parametrize(("user", "mend"), [("", "give a user name"), ("ann", "is wrong")])
async def test_a_proxy_that_wants_another_log_in(user: str, mend: str, certificates: Certificates) -> None:
    async with listening(HttpProxy("ann:right")) as port:
        proxy = Proxy(host="127.0.0.1", port=port, user=user, password="s3cret")
        error = await failure("localhost", 7443, certificates.client_context(), proxy=proxy)
        assert error.step is Step.PROXY
        assert mend in str(error)
        assert "s3cret" not in repr(error)


@pytest.mark.parametrize(
    ("talk", "text"),
    [
        (says(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "403 Forbidden"),
        (says(b"HTTP/1.1 502 \x1b[2J\r\n\r\n"), "502 [2J"),
        (says(b"HTTP/1.1 200 OK\r\n\r\n\x15\x03\x01"), "of its own"),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000), "longer than"),
        (says(b"SSH-2.0-x\r\n"), "HTTP proxy"),
        (says(b"HTTP/1.1 200 OK\r\n"), "closed the connection"),
        (hang_up, "HTTP proxy"),
    ],
)
async def test_a_proxy_that_opens_no_way(talk: Talk, text: str, certificates: Certificates) -> None:
    async with listening(talk) as port:
        proxy = Proxy(host="127.0.0.1", port=port)
        error = await failure("localhost", 7443, certificates.client_context(), proxy=proxy)
        assert error.step is Step.PROXY
        assert text in str(error)


async def test_a_proxy_that_is_not_there(certificates: Certificates) -> None:
    error = await failure("localhost", 7443, certificates.client_context(), proxy=Proxy(host="nobody.invalid", port=1))
    assert error.step is Step.NAME
    assert "nobody.invalid:1" in str(error)
