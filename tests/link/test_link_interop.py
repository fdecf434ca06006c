"""Held against grpcio, both ways over mTLS: all four kinds of call, errors, deadlines, cancellation, large messages.

grpcio knows nothing of our messages: generic stubs hand octets through.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from threading import Event
from typing import Any, TypeVar

import pytest
import trio
import trio.testing

from ptscan.link import Call, CallError, Handler, Link, Peer, Status, Trouble, limits, open_link

from .certificates import AGENT_URI, Certificates
from .serving import Served, serving

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
grpc = pytest.importorskip("grpc", reason="grpcio is not installed: nothing to hold the link against")

T = TypeVar("T")
LARGE = 4 << 20
OPTIONS = [("grpc.max_receive_message_length", 2 * LARGE), ("grpc.max_send_message_length", 2 * LARGE)]


def path(method: str) -> str:
    return f"/tests.v1.Interop/{method}"


# Our server, grpcio's client.


async def _echo(call: Call, peer: Peer) -> None:
    """All four kinds: each message comes back, gzipped where that is shorter."""
    async for message in call:
        await call.send(message, compress=True)


async def _count(call: Call, peer: Peer) -> None:
    octets = 0
    async for message in call:
        octets += len(message)
    await call.send(str(octets).encode())


async def _many(call: Call, peer: Peer) -> None:
    size = int(await call.receive() or b"0")
    for _ in range(100):
        await call.send(b"m" * size)


async def _fail(call: Call, peer: Peer) -> None:
    code = int(await call.receive() or b"0")
    await call.send(b"before")
    raise CallError(Status(code), "warum \u00f6 % \u2603")


async def _who(call: Call, peer: Peer) -> None:
    await call.send(f"{peer} {(call.request.metadata if call.request else {}).get('x-tests')}".encode())


class Sleeper:
    """A handler that never comes to its end by itself."""

    def __init__(self) -> None:
        self.began = trio.Event()
        self.cancelled = trio.Event()

    async def __call__(self, call: Call, peer: Peer) -> None:
        self.began.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()


@asynccontextmanager
async def ours(certificates: Certificates) -> AsyncIterator[tuple[Served, Sleeper]]:
    sleeper = Sleeper()
    methods: dict[str, Handler] = {
        path("Echo"): _echo, path("Count"): _count, path("Many"): _many, path("Fail"): _fail, path("Who"): _who,
        path("Sleep"): sleeper,
    }  # fmt: skip
    async with serving(certificates, methods) as served:
        yield served, sleeper


@contextmanager
def channel(served: Served) -> Iterator[Any]:
    own = served.certificates
    credentials = grpc.ssl_channel_credentials(own.root, own.agent.key, own.agent.certificate)
    with grpc.secure_channel(f"localhost:{served.port}", credentials, options=OPTIONS) as opened:
        yield opened


async def by_grpcio(served: Served, use: Callable[[Any], T]) -> T:
    """Use a channel of grpcio's in a thread, at most for a minute."""

    def run() -> T:
        with channel(served) as opened:
            return use(opened)

    with trio.fail_after(60):
        return await trio.to_thread.run_sync(run, abandon_on_cancel=True)


async def test_grpcio_calls_us_in_all_four_kinds(certificates: Certificates) -> None:
    async with ours(certificates) as (served, _):

        def use(channel: Any) -> None:
            assert channel.unary_unary(path("Echo"))(b"hello", timeout=20) == b"hello"
            assert channel.unary_unary(path("Echo"))(b"", timeout=20) == b""
            assert channel.stream_unary(path("Count"))(iter([b"x" * 70_000] * 30), timeout=20) == b"2100000"
            assert list(channel.unary_stream(path("Many"))(b"50000", timeout=20)) == [b"m" * 50_000] * 100
            sent = [bytes([n]) * n * 1000 for n in range(100)]
            assert list(channel.stream_stream(path("Echo"))(iter(sent), timeout=20)) == sent
            assert list(channel.stream_stream(path("Echo"))(iter([]), timeout=20)) == []

        await by_grpcio(served, use)
        assert served.troubles == []


async def test_grpcio_s_certificate_and_metadata_arrive(certificates: Certificates) -> None:
    async with ours(certificates) as (served, _):
        said = await by_grpcio(
            served, lambda channel: channel.unary_unary(path("Who"))(b"", timeout=20, metadata=[("x-tests", "told")])
        )
        assert said == f"{AGENT_URI} told".encode()


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
async def test_grpcio_sees_every_status_and_its_text(status: Status, certificates: Certificates) -> None:
    async with ours(certificates) as (served, _):

        def use(channel: Any) -> tuple[list[bytes], Any]:
            call = channel.unary_stream(path("Fail"))(str(int(status)).encode(), timeout=20)
            got = []
            with pytest.raises(grpc.RpcError) as found:
                got.extend(call)
            return got, found.value

        _, error = await by_grpcio(served, use)
        assert error.code().value[0] == status
        assert error.details() == "warum \u00f6 % \u2603"


async def test_grpcio_sees_what_is_not_there(certificates: Certificates) -> None:
    async with ours(certificates) as (served, _):

        def use(channel: Any) -> Any:
            with pytest.raises(grpc.RpcError) as found:
                channel.unary_unary(path("Nope"))(b"", timeout=20)
            return found.value.code()

        assert await by_grpcio(served, use) == grpc.StatusCode.UNIMPLEMENTED


async def test_grpcio_s_deadline_ends_our_handler(certificates: Certificates) -> None:
    async with ours(certificates) as (served, sleeper):

        def use(channel: Any) -> Any:
            with pytest.raises(grpc.RpcError) as found:
                channel.unary_unary(path("Sleep"))(b"", timeout=0.3)
            return found.value.code()

        assert await by_grpcio(served, use) == grpc.StatusCode.DEADLINE_EXCEEDED
        with trio.fail_after(10):
            await sleeper.cancelled.wait()


async def test_grpcio_s_cancellation_ends_our_handler(certificates: Certificates) -> None:
    async with ours(certificates) as (served, sleeper), trio.open_nursery() as nursery:
        cancel, asked = Event(), []

        def use(channel: Any) -> None:
            call = channel.stream_stream(path("Sleep"))(iter([b""]))
            asked.append(cancel.wait(30))
            call.cancel()
            with pytest.raises(grpc.RpcError) as found:
                next(call)
            assert found.value.code() == grpc.StatusCode.CANCELLED
            assert channel.unary_unary(path("Echo"))(b"still", timeout=20) == b"still"

        nursery.start_soon(by_grpcio, served, use)
        with trio.fail_after(30):
            await sleeper.began.wait()
            cancel.set()
            await sleeper.cancelled.wait()


async def test_grpcio_s_message_may_be_as_long_as_the_limit(certificates: Certificates) -> None:
    async with ours(certificates) as (served, _):

        def use(channel: Any) -> None:
            whole = os.urandom(LARGE)
            assert channel.unary_unary(path("Echo"))(whole, timeout=30) == whole
            gzip = grpc.Compression.Gzip
            assert channel.unary_unary(path("Count"))(whole, timeout=30, compression=gzip) == str(LARGE).encode()
            for message, compression in ((b"x" * (LARGE + 1), None), (b"x" * (LARGE + 1), gzip)):
                with pytest.raises(grpc.RpcError) as found:
                    channel.unary_unary(path("Count"))(message, timeout=30, compression=compression)
                assert found.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert channel.unary_unary(path("Echo"))(b"still", timeout=20) == b"still"

        await by_grpcio(served, use)


async def test_an_honest_grpcio_is_no_flood(certificates: Certificates) -> None:
    """Two thousand small calls as fast as they go, and a hundred that are cancelled one after another."""
    async with ours(certificates) as (served, _):

        def use(channel: Any) -> None:
            echo = channel.unary_unary(path("Echo"))
            for turn in range(100):
                calls = [echo.future(b"%d" % number, timeout=30) for number in range(20)]
                assert [call.result() for call in calls] == [b"%d" % number for number in range(20)], turn

        await by_grpcio(served, use)
        assert served.troubles == []


# Our client, grpcio's server.


class _Methods:
    """The same methods, by grpcio."""

    def __init__(self) -> None:
        self.cancelled = Event()

    def service(self, details: Any) -> Any:
        """The handler of a path."""
        found: Any = {
            path("Unary"): lambda: grpc.unary_unary_rpc_method_handler(lambda request, context: request),
            path("Echo"): lambda: grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
            path("Count"): lambda: grpc.stream_unary_rpc_method_handler(
                lambda requests, context: str(sum(map(len, requests))).encode()
            ),
            path("Many"): lambda: grpc.unary_stream_rpc_method_handler(
                lambda request, context: iter([b"m" * int(request)] * 100)
            ),
            path("Fail"): lambda: grpc.unary_unary_rpc_method_handler(self._fail),
            path("Sleep"): lambda: grpc.unary_unary_rpc_method_handler(self._sleep),
            path("Who"): lambda: grpc.unary_unary_rpc_method_handler(self._who),
        }.get(details.method)
        return found() if found else None

    def _fail(self, request: bytes, context: Any) -> bytes:
        code = next(code for code in grpc.StatusCode if code.value[0] == int(request))
        context.abort(code, "warum \u00f6 % \u2603")
        return b""

    def _sleep(self, request: bytes, context: Any) -> bytes:
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(30)
        return b""

    def _who(self, request: bytes, context: Any) -> bytes:
        metadata = dict(context.invocation_metadata())
        return f"{context.auth_context()['x509_subject_alternative_name']} {metadata.get('x-tests')}".encode()


@asynccontextmanager
async def theirs(
    certificates: Certificates, troubles: list[Trouble] | None = None
) -> AsyncIterator[tuple[Link, _Methods]]:
    methods = _Methods()
    server = grpc.server(ThreadPoolExecutor(8), options=OPTIONS, compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers([methods])
    pair = (certificates.server.key, certificates.server.certificate)
    credentials = grpc.ssl_server_credentials([pair], certificates.root, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        told = [] if troubles is None else troubles
        async with open_link("127.0.0.1", port, certificates.client_context(), report=told.append) as link:
            yield link, methods
    finally:
        methods.cancelled.set()
        await trio.to_thread.run_sync(server.stop(0).wait)


async def _all(link: Link, method: str, messages: list[bytes]) -> list[bytes]:
    async with link.call(path(method), within=30) as call, trio.open_nursery() as nursery:

        async def send() -> None:
            for message in messages:
                await call.send(message, compress=True)
            call.end()

        nursery.start_soon(send)
        return [message async for message in call]


async def test_we_call_grpcio_in_all_four_kinds(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, _):
        assert await link.unary(path("Unary"), b"hello", within=30) == b"hello"
        assert await link.unary(path("Unary"), b"", within=30) == b""
        assert await _all(link, "Count", [b"x" * 70_000] * 30) == [b"2100000"]
        assert await _all(link, "Many", [b"50000"]) == [b"m" * 50_000] * 100
        sent = [bytes([n]) * n * 1000 for n in range(100)]
        assert await _all(link, "Echo", sent) == sent
        assert await _all(link, "Echo", []) == []


async def test_our_certificate_and_metadata_arrive(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, _):
        said = await link.unary(path("Who"), b"", within=30, metadata={"x-tests": "told"})
        assert AGENT_URI.encode() in said
        assert said.endswith(b" told")


async def test_we_see_every_status_of_grpcio_and_its_text(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, _):
        for status in set(Status) - {Status.OK}:
            with pytest.raises(CallError, match="warum \u00f6 % \u2603") as found:
                await link.unary(path("Fail"), str(int(status)).encode(), within=30)
            assert found.value.status is status
        with pytest.raises(CallError) as found:
            await link.unary(path("Nope"), b"", within=30)
        assert found.value.status is Status.UNIMPLEMENTED


async def test_our_deadline_ends_grpcio_s_handler(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, methods):
        await link.connected()
        with pytest.raises(CallError) as found:
            await link.unary(path("Sleep"), b"", within=0.3)
        assert found.value.status is Status.DEADLINE_EXCEEDED
        assert await trio.to_thread.run_sync(methods.cancelled.wait, 10)
        assert await link.unary(path("Unary"), b"still", within=30) == b"still"


async def test_our_cancellation_ends_grpcio_s_handler(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, methods):
        await link.connected()
        with trio.move_on_after(0.3) as scope:
            await link.unary(path("Sleep"), b"", within=60)
        assert scope.cancelled_caught
        assert await trio.to_thread.run_sync(methods.cancelled.wait, 10)
        assert await link.unary(path("Unary"), b"still", within=30) == b"still"


async def test_our_message_may_be_as_long_as_the_limit(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, _):
        whole = os.urandom(LARGE)
        assert await link.unary(path("Unary"), whole, within=30) == whole
        with pytest.raises(CallError) as found:
            await link.unary(path("Many"), str(LARGE + 1).encode(), within=30)
        assert found.value.status is Status.RESOURCE_EXHAUSTED
        assert await link.unary(path("Unary"), b"still", within=30) == b"still"


async def test_many_calls_at_once_to_grpcio(certificates: Certificates) -> None:
    async with theirs(certificates) as (link, _), trio.open_nursery() as nursery:

        async def ask(number: int) -> None:
            for turn in range(10):
                message = b"%d %d" % (number, turn) * 1000
                assert await link.unary(path("Unary"), message, within=60) == message

        for number in range(100):
            nursery.start_soon(ask, number)


async def test_a_server_that_wants_few_signs_of_life_is_asked_for_fewer(
    certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    """grpcio's, as it is by default: it ends what is idle and asks more often than every two hours, thrice."""
    autojump_clock.autojump_threshold = 0.2  # what goes over loopback takes its time
    troubles: list[Trouble] = []
    async with theirs(certificates, troubles) as (link, _):
        assert await link.unary(path("Unary"), b"first", within=3600) == b"first"
        while not troubles:  # noqa: ASYNC110 (a test that looks on from outside)
            await trio.sleep(10)
        assert await link.unary(path("Unary"), b"then", within=3600) == b"then"
        assert {trouble.text for trouble in troubles} == {"the peer ended the connection (ENHANCE_YOUR_CALM)"}
        assert link._ping_seconds == 2 * limits.PING_SECONDS
