"""A link that comes back: what becomes of calls while the server is away, slow, hostile or replaced."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random

import pytest
import trio
import trio.testing

from ptscan.link import CallError, DialError, Link, Peer, Status, Step, Trouble, frames, limits, unary
from ptscan.link.call import Call
from ptscan.link.client import open_link, open_link_by
from ptscan.link.connection import Connection, Side
from ptscan.link.driver import Driver
from ptscan.link.frames import Frame, FrameCutter
from ptscan.link.listener import open_listeners
from ptscan.link.server import run_server

from . import wire
from .certificates import Certificates
from .serving import PATH, serving

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Stands for credentials where the way to the server is in memory."""


class Server:
    """A server in memory: ``attempts`` says when it was dialled, ``misfortune`` what is to happen then."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.attempts: list[float] = []
        self.drivers: list[Driver] = []
        self.contexts: list[ssl.SSLContext] = []
        self.misfortune: Callable[[], Awaitable[trio.abc.Stream]] | None = None
        self.cut: tuple[str, int] | None = None

    async def dial(self, context: ssl.SSLContext) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.attempts.append(trio.current_time())
        self.contexts.append(context)
        if self.misfortune is not None:
            return await self.misfortune()
        near, far = self._pair()
        core = Connection(Side.SERVER, now=trio.current_time())
        driver = Driver(far, core, serve=lambda call: self._nursery.start_soon(self._serve, call))
        self.drivers.append(driver)
        self._nursery.start_soon(driver.run)
        return near

    def _pair(self) -> tuple[trio.abc.Stream, trio.abc.Stream]:
        near, far = trio.testing.memory_stream_pair()
        if self.cut is None:
            return near, far
        end, octets = self.cut
        self.cut = None
        return (Cut(near, octets), far) if end == "near" else (near, Cut(far, octets))  # type: ignore[return-value]

    async def _serve(self, call: Call) -> None:
        with call.scope:
            try:
                async for message in call:
                    if message == b"two":
                        await call.send(message)
                    if message not in (b"none", b"sleep"):
                        await call.send(message)
                    if message == b"sleep":
                        await trio.sleep_forever()
                call.finish(Status.OK)
            except CallError as error:
                call.finish(error.status, error.message)


@asynccontextmanager
async def linked(troubles: list[Trouble] | None = None, seed: int = 1) -> AsyncIterator[tuple[Link, Server]]:
    async with trio.open_nursery() as nursery:
        server = Server(nursery)
        told: list[Trouble] = [] if troubles is None else troubles
        async with open_link_by(server.dial, CONTEXT, authority="t:1", report=told.append, random=Random(seed)) as link:
            yield link, server
        nursery.cancel_scope.cancel()


async def refused() -> trio.abc.Stream:
    raise DialError(Step.CONNECT, "nobody listens")


async def test_a_call_answers(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, _):
        assert await link.unary(PATH, b"hello", within=5) == b"hello"
        assert link.is_connected
        assert link.trouble is None


@pytest.mark.parametrize("message", [b"none", b"two"])
async def test_an_answer_is_exactly_one_message(message: bytes, autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, _):
        with pytest.raises(CallError, match="exactly one message") as found:
            await link.unary(PATH, message, within=5)
        assert found.value.status is Status.INTERNAL


async def test_a_deadline_is_kept_to_the_moment_and_frees_the_call(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server):
        await link.connected()
        with pytest.raises(CallError) as found:
            await link.unary(PATH, b"sleep", within=2.5)
        assert found.value.status is Status.DEADLINE_EXCEEDED
        assert trio.current_time() == pytest.approx(2.5)
        await trio.testing.wait_all_tasks_blocked()
        assert server.drivers[0].calls == 0


async def test_a_call_that_is_left_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server):
        for _ in range(3 * limits.STREAMS):
            async with link.call(PATH) as call:
                await call.send(b"x")
                assert await call.receive() == b"x"
        await trio.testing.wait_all_tasks_blocked()
        assert (server.drivers[0].calls, server.drivers[0].core.calls) == (0, 0)
        assert len(server.drivers) == 1


async def test_what_is_raised_inside_comes_out_as_it_is(autojump_clock: trio.testing.MockClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with linked_alone() as link, link.call(PATH):
            raise ZeroDivisionError


@asynccontextmanager
async def linked_alone() -> AsyncIterator[Link]:
    """A link whose server accepts and says nothing but hello."""
    near, far = trio.testing.memory_stream_pair()
    await far.send_all(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))

    async def dial(context: ssl.SSLContext) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        return near

    async with open_link_by(dial, CONTEXT, authority="t:1") as link:
        yield link
    await far.aclose()


async def test_calls_wait_for_a_server_that_comes_later(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server), trio.open_nursery() as nursery:
        server.misfortune = refused
        answers: list[bytes] = []

        async def ask() -> None:
            answers.append(await link.unary(PATH, b"patient", within=10_000))

        nursery.start_soon(ask)
        await trio.sleep(1_000)
        assert answers == []
        assert link.trouble is not None
        server.misfortune = None
        await trio.sleep(limits.BACKOFF_MOST_SECONDS)
        assert answers == [b"patient"]
        assert link.trouble is None


async def test_a_server_that_stays_away_is_named_when_the_time_is_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    troubles: list[Trouble] = []
    async with linked(troubles) as (link, server):
        server.misfortune = refused
        with pytest.raises(CallError, match="nobody listens") as found:
            await link.unary(PATH, b"", within=30)
        assert found.value.status is Status.UNAVAILABLE
        assert {trouble.kind for trouble in troubles} == {"dial-connect"}


async def test_attempts_grow_rarer_up_to_the_limit_and_never_stop(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (_, server):
        server.misfortune = refused
        await trio.sleep(24 * 3_600)
        waits = [later - sooner for sooner, later in pairwise(server.attempts)]
        assert all(wait <= limits.BACKOFF_MOST_SECONDS for wait in waits)
        assert max(waits[:5]) < 10
        assert 0.4 < sum(waits[12:]) / len(waits[12:]) / limits.BACKOFF_MOST_SECONDS < 0.6
        assert len(waits) > 400


async def test_a_lost_connection_fails_its_calls_and_comes_back(autojump_clock: trio.testing.MockClock) -> None:
    troubles: list[Trouble] = []
    async with linked(troubles) as (link, server):
        for turn in range(5):
            async with link.call(PATH) as call:
                await call.send(b"x")
                assert await call.receive() == b"x"
                server.drivers[turn].close("killed")
                with pytest.raises(CallError) as found:
                    await call.receive()
                assert found.value.status is Status.UNAVAILABLE
            assert await link.unary(PATH, b"again", within=60) == b"again"
        assert len(server.drivers) == 6
        assert {trouble.kind for trouble in troubles} == {"connection-ended"}


async def test_a_server_that_drains_is_left_for_a_new_connection(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server), link.call(PATH) as call:
        await call.send(b"x")
        assert await call.receive() == b"x"
        server.drivers[0].drain()
        await trio.testing.wait_all_tasks_blocked()
        assert await link.unary(PATH, b"new", within=60) == b"new"
        await call.send(b"y")
        assert await call.receive() == b"y"
        assert len(server.drivers) == 2


async def test_a_server_that_always_hangs_up_is_not_hammered(autojump_clock: trio.testing.MockClock) -> None:
    troubles: list[Trouble] = []
    async with linked(troubles) as (_, server):

        async def hang_up() -> trio.abc.Stream:
            near, far = trio.testing.memory_stream_pair()
            await far.aclose()
            return near

        server.misfortune = hang_up
        await trio.sleep(3_600)
        assert 10 < len(server.attempts) < 100
        assert "before it said a word" in troubles[0].text


@pytest.mark.parametrize(("stood", "is_first"), [(0.0, True), (0.1, False)])
async def test_a_connection_that_stood_makes_the_next_attempt_a_first_one(
    stood: float, is_first: bool, autojump_clock: trio.testing.MockClock
) -> None:
    """At STEADY_SECONDS it did, a tenth of a second before it did not."""
    async with linked() as (link, server):
        server.misfortune = refused
        await trio.sleep(3_600)
        server.misfortune = None
        await link.connected()
        await trio.sleep(limits.STEADY_SECONDS - stood)
        server.drivers[0].close("restarted")
        lost = trio.current_time()
        await trio.testing.wait_all_tasks_blocked()
        await link.connected()
        assert (trio.current_time() - lost <= limits.BACKOFF_FIRST_SECONDS) == is_first


class Cut:
    """A transport that breaks after so many octets one way, one octet at a time until then."""

    def __init__(self, stream: trio.abc.Stream, octets: int) -> None:
        self._stream = stream
        self._left = octets

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        for octet in bytes(data):
            if not self._left:
                await self._stream.aclose()
                raise trio.BrokenResourceError
            self._left -= 1
            await self._stream.send_all(bytes([octet]))

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(1)

    async def aclose(self) -> None:
        await self._stream.aclose()


@pytest.mark.parametrize("cut_end", ["near", "far"])
async def test_a_cut_at_any_octet_is_an_error_or_an_answer_and_is_outlived(
    cut_end: str, autojump_clock: trio.testing.MockClock
) -> None:
    """One cut fails one call at most, by UNAVAILABLE, and never gives a wrong answer."""
    failures: list[int] = []
    async with trio.open_nursery() as nursery:
        for octets in range(0, 420, 7):
            server = Server(nursery)
            server.cut = (cut_end, octets)
            failed = 0
            async with open_link_by(server.dial, CONTEXT, authority="t:1", random=Random(octets)) as link:
                for turn in range(4):
                    failed += await _fails(link, b"%d" % turn)
            failures.append(failed)
        nursery.cancel_scope.cancel()
    assert set(failures) == {0, 1}


async def _fails(link: Link, message: bytes) -> bool:
    try:
        answer = await link.unary(PATH, message, within=600)
    except CallError as error:
        return error.status is Status.UNAVAILABLE or pytest.fail(str(error))
    assert answer == message
    return False


@pytest.mark.parametrize("octets", [b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 100, bytes(100)])
async def test_garbage_from_a_server_is_told_and_outlived(
    octets: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    troubles: list[Trouble] = []
    async with linked(troubles) as (link, server):

        async def speak() -> trio.abc.Stream:
            near, far = trio.testing.memory_stream_pair()
            await far.send_all(octets)
            server.misfortune = None
            return near

        server.misfortune = speak
        with pytest.raises(CallError) as found:
            await link.unary(PATH, b"", within=0)
        assert found.value.status is Status.UNAVAILABLE
        assert await link.unary(PATH, b"hello", within=60) == b"hello"


async def test_a_server_that_finds_itself_asked_too_often_is_asked_less(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """gRPC's proposal A8; of any other goodbye nothing is concluded."""
    goodbyes = [b"too_many_pings", b"too_many_pings", b"calm down", b"too_many_pings", b""]
    asked: list[float] = []
    async with linked() as (link, server), trio.open_nursery() as nursery:

        async def complain(far: trio.abc.Stream, said: bytes) -> None:
            await far.send_all(wire.settings())
            began = trio.current_time()
            cutter = FrameCutter(preface=True)
            while not any(
                isinstance(item, Frame) and item.kind == wire.PING for item in cutter.feed(await far.receive_some())
            ):
                pass
            asked.append(trio.current_time() - began)
            await far.send_all(frames.goaway(0, wire.ENHANCE_YOUR_CALM, said.decode()))

        async def accept() -> trio.abc.Stream:
            near, far = trio.testing.memory_stream_pair()
            nursery.start_soon(complain, far, goodbyes[len(asked)])
            if len(asked) == len(goodbyes) - 1:
                server.misfortune = None
            return near

        server.misfortune = accept
        while len(asked) < len(goodbyes):  # noqa: ASYNC110 (a test that looks on from outside)
            await trio.sleep(1)
        assert await link.unary(PATH, b"hello", within=60) == b"hello"
        assert asked == pytest.approx([20, 40, 80, 80, 160])
        nursery.cancel_scope.cancel()


async def test_credentials_are_renewed_without_a_break(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server):
        await link.unary(PATH, b"x", within=5)
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with link.call(PATH) as call:
            await call.send(b"before")
            link.renew(other)
            assert await link.unary(PATH, b"new", within=1) == b"new"
            assert await call.receive() == b"before"
        await trio.sleep(limits.DRAIN_SECONDS)
        assert server.contexts == [CONTEXT, other]
        assert server.drivers[0].closed_because is not None
        assert server.drivers[1].closed_because is None


async def test_more_calls_than_there_may_be_wait_for_each_other(autojump_clock: trio.testing.MockClock) -> None:
    async with linked() as (link, server), trio.open_nursery() as nursery:
        answers: list[bytes] = []

        async def ask(number: int) -> None:
            answers.append(await link.unary(PATH, b"%d" % number, within=60))

        for number in range(5 * limits.STREAMS):
            nursery.start_soon(ask, number)
        with trio.fail_after(60):
            while len(answers) < 5 * limits.STREAMS:  # noqa: ASYNC110
                await trio.sleep(0.1)
        assert len(server.drivers) == 1


async def _echo(message: bytes, peer: Peer) -> bytes:
    return message


async def test_a_server_that_is_restarted_on_its_port_is_found_again(certificates: Certificates) -> None:
    async with trio.open_nursery() as nursery:
        listeners = await open_listeners("127.0.0.1", 0, certificates.server_context())
        port = listeners[0].port

        async def run(scope: trio.CancelScope, task_status: trio.TaskStatus[object]) -> None:
            with scope:
                await run_server(listeners, {PATH: unary(_echo)}, identify=lambda _: 1, report=lambda _: None,
                                 task_status=task_status)  # fmt: skip

        async with open_link("127.0.0.1", port, certificates.client_context(), random=Random(1)) as link:
            for _ in range(3):
                scope = trio.CancelScope()
                await nursery.start(run, scope)
                assert await link.unary(PATH, b"here", within=20) == b"here"
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                listeners = await open_listeners("127.0.0.1", port, certificates.server_context())
        for listener in listeners:
            await listener.aclose()


async def test_authority_is_what_the_certificate_is_held_against(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: unary(_echo)}) as served:
        context = certificates.client_context()
        async with open_link("127.0.0.1", served.port, context, authority="localhost") as link:
            assert await link.unary(PATH, b"x", within=10) == b"x"
        async with open_link("127.0.0.1", served.port, context, authority="other.example") as link:
            with pytest.raises(CallError, match="other name"):
                await link.unary(PATH, b"x", within=1)
