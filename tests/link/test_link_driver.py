"""A connection under Trio, two ends in memory: what is promised of calls, waiting, time and ends."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
import trio
import trio.testing

from ptscan.link import Call, CallError, Status, limits
from ptscan.link.connection import Connection, Side
from ptscan.link.driver import Driver

from . import wire

PATH = "/tests.v1.Tests/Call"
GREETING = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A server's SETTINGS, empty."""
Serve = Callable[[Call], Awaitable[None]]


@dataclass
class Ends:
    """Both drivers of one connection, and how the serving tasks came out."""

    client: Driver
    server: Driver
    over: list[str] = field(default_factory=list)


@asynccontextmanager
async def connected(
    serve: Serve, streams: tuple[trio.abc.Stream, trio.abc.Stream] | None = None
) -> AsyncIterator[Ends]:
    """A client and a server that serves every call by ``serve``, in the call's scope, as the server does."""
    near, far = streams or trio.testing.memory_stream_pair()
    now = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def run(call: Call) -> None:
            with call.scope as scope:
                try:
                    await serve(call)
                    call.finish(Status.OK)
                    ends.over.append("ok")
                except CallError as error:
                    call.finish(error.status, error.message)
                    ends.over.append(error.status.name)
            if scope.cancelled_caught:
                ends.over.append("cancelled")

        ends = Ends(
            Driver(near, Connection(Side.CLIENT, now=now, authority="tests")),
            Driver(far, Connection(Side.SERVER, now=now), serve=lambda call: nursery.start_soon(run, call)),
        )
        nursery.start_soon(ends.client.run)
        nursery.start_soon(ends.server.run)
        yield ends
        nursery.cancel_scope.cancel()


async def echo(call: Call) -> None:
    async for message in call:
        await call.send(message)


async def never(call: Call) -> None:
    await trio.sleep_forever()


async def test_messages_go_both_ways_in_order(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends:
        call = ends.client.begin(PATH, timeout=None)
        for number in range(50):
            await call.send(b"%d" % number * 100)
            assert await call.receive() == b"%d" % number * 100
        call.end()
        assert await call.receive() is None
        assert call.is_over
        assert await call.receive() is None


async def test_a_message_may_be_as_long_as_its_limit_and_no_longer(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends:
        call = ends.client.begin(PATH, timeout=None)
        most = b"x" * limits.MESSAGE_OCTETS
        await call.send(most)
        assert await call.receive() == most
        with pytest.raises(CallError, match="at most 4194304") as found:
            await call.send(most + b"x")
        assert found.value.status is Status.RESOURCE_EXHAUSTED
        assert not call.is_over


async def test_neither_end_keeps_a_call_that_is_over(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends:
        for turn in range(200):
            call = ends.client.begin(PATH, timeout=None)
            await call.send(b"x")
            assert await call.receive() == b"x"
            if turn % 2:
                call.end()
                assert await call.receive() is None
            else:
                call.cancel()
            await trio.testing.wait_all_tasks_blocked()
        assert (ends.client.calls, ends.server.calls) == (0, 0)
        assert (ends.client.core.calls, ends.server.core.calls) == (0, 0)
        assert sorted(set(ends.over)) == ["cancelled", "ok"]
        assert len(ends.over) == 200


async def test_who_serves_is_cancelled_when_the_client_gives_up(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(never) as ends:
        call = ends.client.begin(PATH, timeout=None)
        await trio.testing.wait_all_tasks_blocked()
        call.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert ends.over == ["cancelled"]
        with pytest.raises(CallError) as found:
            await call.receive()
        assert found.value.status is Status.CANCELLED


async def test_the_status_comes_behind_the_last_message(autojump_clock: trio.testing.MockClock) -> None:
    async def serve(call: Call) -> None:
        await call.send(b"one")
        await call.send(b"two")
        raise CallError(Status.DATA_LOSS, "the rest is gone: \u00f6 %")

    async with connected(serve) as ends:
        call = ends.client.begin(PATH, timeout=None)
        call.end()
        await trio.testing.wait_all_tasks_blocked()
        assert [await call.receive(), await call.receive()] == [b"one", b"two"]
        for _ in range(2):
            with pytest.raises(CallError, match="the rest is gone: \u00f6 %") as found:
                await call.receive()
            assert found.value.status is Status.DATA_LOSS


async def test_an_early_ok_is_no_error_for_who_still_sends(autojump_clock: trio.testing.MockClock) -> None:
    async def serve(call: Call) -> None:
        await call.send(b"enough")

    async with connected(serve) as ends:
        call = ends.client.begin(PATH, timeout=None)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(20):
            await call.send(b"x" * 50_000)
        call.end()
        assert await call.receive() == b"enough"
        assert await call.receive() is None


async def test_an_early_refusal_stops_who_still_sends(autojump_clock: trio.testing.MockClock) -> None:
    async def serve(call: Call) -> None:
        await call.receive()
        raise CallError(Status.RESOURCE_EXHAUSTED, "full")

    async with connected(serve) as ends:
        call = ends.client.begin(PATH, timeout=None)
        with pytest.raises(CallError, match="full"):
            await send_for_ever(call)


async def send_for_ever(call: Call) -> None:
    while True:
        await call.send(b"x" * 50_000)


async def test_who_sends_waits_for_who_takes(autojump_clock: trio.testing.MockClock) -> None:
    """From the store to the sensor: what is not taken is not sent, and nothing piles up on the way."""
    take = trio.Event()
    sent = taken = 0

    async def serve(call: Call) -> None:
        nonlocal taken
        await take.wait()
        async for _ in call:
            taken += 1

    async with connected(serve) as ends, trio.open_nursery() as nursery:

        async def send_all() -> None:
            nonlocal sent
            for _ in range(1000):
                await call.send(b"x" * 10_000)
                sent += 1
            call.end()

        call = ends.client.begin(PATH, timeout=None)
        nursery.start_soon(send_all)
        await trio.testing.wait_all_tasks_blocked()
        assert sent * 10_000 <= limits.STREAM_WINDOW + 2 * limits.UNSENT_STREAM_OCTETS
        other = ends.client.begin(PATH, timeout=None)  # one call that is stuck does not hold up another
        await other.send(b"x")
        take.set()
        assert await call.receive() is None
        assert (sent, taken) == (1000, 1001)


async def test_a_call_that_nobody_reads_is_given_up_and_the_rest_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def serve(call: Call) -> None:
        if await call.receive() == b"much":
            for _ in range(100):
                await call.send(b"x" * 10_000)
        await call.send(b"done")

    async with connected(serve) as ends:
        stuck = ends.client.begin(PATH, timeout=None)
        await stuck.send(b"much")
        await trio.sleep(limits.SEND_SECONDS - 1)
        assert ends.over == []
        await trio.sleep(2)
        assert ends.over == ["cancelled"]
        assert ends.server.core.calls == 0
        call = ends.client.begin(PATH, timeout=None)
        await call.send(b"little")
        assert await call.receive() == b"done"


@asynccontextmanager
async def stuck() -> AsyncIterator[Driver]:
    """A client whose server takes no octet of a call."""
    near, far = trio.testing.memory_stream_pair()
    client = Driver(near, Connection(Side.CLIENT, now=trio.current_time(), authority="tests"))
    async with trio.open_nursery() as nursery:

        async def swallow() -> None:
            await far.send_all(wire.settings((4, 0)))
            while await far.receive_some():
                pass

        nursery.start_soon(swallow)
        nursery.start_soon(client.run)
        await client.heard.wait()
        yield client
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("more", [0, 1])
async def test_what_nobody_waits_for_any_more_is_bounded_over_all_calls(
    more: int, autojump_clock: trio.testing.MockClock
) -> None:
    """The last message that does not have to wait, and one octet more, on as many calls as there may be."""
    gone = 0
    async with stuck() as client, trio.open_nursery() as nursery:

        async def send(call: Call) -> None:
            nonlocal gone
            await call.send(bytes(limits.UNSENT_STREAM_OCTETS - limits.PREFIX_OCTETS - 1 + more))
            gone += 1
            await call.send(b"no more than that")
            gone += 1

        calls = [client.begin(PATH, timeout=None) for _ in range(limits.STREAMS)]
        for call in calls:
            nursery.start_soon(send, call)
        await trio.testing.wait_all_tasks_blocked()
        assert gone == (0 if more else limits.STREAMS)
        assert not more or sum(client.core.unsent(2 * n + 1) for n in range(limits.STREAMS)) == limits.UNSENT_OCTETS
        nursery.cancel_scope.cancel()


async def test_a_send_that_is_cancelled_leaves_no_half_message(autojump_clock: trio.testing.MockClock) -> None:
    take = trio.Event()

    async def serve(call: Call) -> None:
        await take.wait()
        await echo(call)

    long = bytes(limits.STREAM_WINDOW)
    async with connected(serve) as ends:
        call = ends.client.begin(PATH, timeout=None)
        with trio.move_on_after(1) as scope:
            for _ in range(2):  # the second is cut short by the window
                await call.send(long)
            await call.send(b"never begun")
        assert scope.cancelled_caught
        take.set()
        await call.send(b"last")
        call.end()
        assert [message async for message in call] == [long, long, b"last"]


async def test_who_sends_at_once_takes_turns_and_no_message_is_torn(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends, trio.open_nursery() as nursery:
        call = ends.client.begin(PATH, timeout=None)

        async def send(number: int) -> None:
            await call.send(bytes([number]) * 100_000)

        for number in range(20):
            nursery.start_soon(send, number)
        came = [await call.receive() for _ in range(20)]
        assert sorted(came) == [bytes([number]) * 100_000 for number in range(20)]


async def test_a_long_message_is_packed_by_a_thread_and_other_calls_go_on() -> None:
    """All packers are taken: a long message waits for one, and what stands behind it in its call does, too."""
    long = bytes(range(256)) * 1_000
    async with connected(echo) as ends:
        call, other = (ends.client.begin(PATH, timeout=None) for _ in range(2))
        taken = [object() for _ in range(limits.PACKERS)]
        for holder in taken:
            ends.client.packers.acquire_on_behalf_of_nowait(holder)
        async with trio.open_nursery() as nursery:
            for message in (long, b"behind it"):
                nursery.start_soon(partial(call.send, message, compress=True))
                await trio.testing.wait_all_tasks_blocked()
            await other.send(b"now", compress=True)
            assert await other.receive() == b"now"
            assert ends.client.packers.statistics().tasks_waiting == 1
            ends.client.packers.release_on_behalf_of(taken[0])
            assert [await call.receive() for _ in range(2)] == [long, b"behind it"]


async def test_a_send_that_is_cancelled_before_it_is_packed_sends_nothing() -> None:
    long = bytes(range(256)) * 1_000
    async with connected(echo) as ends:
        call = ends.client.begin(PATH, timeout=None)
        taken = [object() for _ in range(limits.PACKERS)]
        for holder in taken:
            ends.client.packers.acquire_on_behalf_of_nowait(holder)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(call.send, long, compress=True))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await call.send(b"next")
        assert await call.receive() == b"next"


class Valve:
    """A transport whose sending waits so long a piece; closed at last it counts."""

    def __init__(self, stream: trio.abc.Stream, seconds: float) -> None:
        self.stream = stream
        self.seconds = seconds
        self.closed = 0

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.sleep(self.seconds)
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        self.closed += 1
        await self.stream.aclose()


trio.abc.Stream.register(Valve)


async def test_a_slow_line_is_no_dead_one(autojump_clock: trio.testing.MockClock) -> None:
    """Two kilobytes a second, one way: a message comes through in its minute, though all of it takes long."""
    near, far = trio.testing.memory_stream_pair()
    async with connected(echo, (Valve(near, 9.0), far)) as ends:  # type: ignore[arg-type]
        call = ends.client.begin(PATH, timeout=None)
        await call.send(b"x" * 100_000)
        assert await call.receive() == b"x" * 100_000
        assert trio.current_time() > 2 * limits.SEND_SECONDS


async def test_a_transport_that_takes_nothing_ends_its_connection(autojump_clock: trio.testing.MockClock) -> None:
    near, far = trio.testing.memory_stream_pair()
    valve = Valve(near, 0.0)
    driver = Driver(valve, Connection(Side.CLIENT, now=trio.current_time(), authority="tests"))  # type: ignore[arg-type]
    await far.send_all(GREETING)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        await trio.testing.wait_all_tasks_blocked()
        valve.seconds = math.inf
        call = driver.begin(PATH, timeout=None)
        with pytest.raises(CallError) as found:
            await call.receive()
    assert found.value.status is Status.UNAVAILABLE
    assert trio.current_time() <= limits.SEND_SECONDS + limits.GOODBYE_SECONDS
    assert valve.closed
    await far.aclose()


async def test_a_peer_that_went_silent_is_gone_after_two_pings_time(autojump_clock: trio.testing.MockClock) -> None:
    near, far = trio.testing.memory_stream_pair()
    await far.send_all(GREETING)
    driver = Driver(near, Connection(Side.CLIENT, now=trio.current_time(), authority="tests"))
    await driver.run()
    assert 2 * limits.PING_SECONDS <= trio.current_time() <= 2 * limits.PING_SECONDS + limits.GOODBYE_SECONDS
    assert driver.closed_because == "the peer no longer answers"
    await far.aclose()


async def test_two_idle_ends_stay_together(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends:
        await trio.sleep(3_600)
        call = ends.client.begin(PATH, timeout=None)
        await call.send(b"still here")
        assert await call.receive() == b"still here"


@pytest.mark.parametrize("ends_at", ["near", "far"])
async def test_a_cut_ends_every_call_with_unavailable(ends_at: str, autojump_clock: trio.testing.MockClock) -> None:
    near, far = trio.testing.memory_stream_pair()
    async with connected(never, (near, far)) as ends:
        calls = [ends.client.begin(PATH, timeout=None) for _ in range(3)]
        await trio.testing.wait_all_tasks_blocked()
        await trio.aclose_forcefully(near if ends_at == "near" else far)
        for call in calls:
            with pytest.raises(CallError) as found:
                await call.receive()
            assert found.value.status is Status.UNAVAILABLE
        await trio.testing.wait_all_tasks_blocked()
        assert ends.over == ["cancelled"] * 3
        with pytest.raises(CallError):
            ends.client.begin(PATH, timeout=None)
        assert not await ends.client.room()


async def test_a_transport_that_fails_is_told_as_it_failed(autojump_clock: trio.testing.MockClock) -> None:
    near, far = trio.testing.memory_stream_pair()
    driver = Driver(Failing(near), Connection(Side.CLIENT, now=0.0))  # type: ignore[arg-type]
    await driver.run()
    assert isinstance(driver.broken_by, OSError)
    await far.aclose()


class Failing(Valve):
    """A transport that fails when it is read."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        super().__init__(stream, 0.0)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        await trio.lowlevel.checkpoint()
        raise OSError("the cable is out")


async def test_a_connection_that_is_cancelled_says_goodbye_and_is_closed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    near, far = trio.testing.memory_stream_pair()
    driver = Driver(near, Connection(Side.CLIENT, now=trio.current_time(), authority="tests"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        call = driver.begin(PATH, timeout=None)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == 0
    octets = bytes(await far.receive_some(1 << 16)) + bytes(await far.receive_some(1 << 16))
    assert bytes((0, 0, 8, 7, 0)) in octets  # GOAWAY, NO_ERROR
    assert await far.receive_some(1) == b""
    assert call.is_over


async def test_a_goodbye_that_nobody_takes_is_cut_short(autojump_clock: trio.testing.MockClock) -> None:
    near, far = trio.testing.memory_stream_pair()
    valve = Valve(near, 0.0)
    driver = Driver(valve, Connection(Side.CLIENT, now=trio.current_time(), authority="tests"))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        await trio.testing.wait_all_tasks_blocked()
        valve.seconds = math.inf
        nursery.cancel_scope.cancel()
    assert trio.current_time() == limits.GOODBYE_SECONDS
    assert valve.closed
    await far.aclose()


async def test_a_server_that_drains_ends_with_its_last_call(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(echo) as ends:
        call = ends.client.begin(PATH, timeout=None)
        await call.send(b"before")
        assert await call.receive() == b"before"
        ends.server.drain()
        await ends.client.draining.wait()
        with pytest.raises(CallError):
            ends.client.begin(PATH, timeout=None)
        assert not await ends.client.room()
        assert call.draining.is_set()
        await call.send(b"after")
        assert await call.receive() == b"after"
        call.end()
        assert await call.receive() is None
        await trio.sleep(0.1)
        assert ends.server.closed_because == ""
        assert ends.client.closed_because == ""


async def test_a_call_that_does_not_end_is_cut_when_the_drain_is_over(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(never) as ends:
        call = ends.client.begin(PATH, timeout=None)
        await trio.testing.wait_all_tasks_blocked()
        ends.server.drain()
        with pytest.raises(CallError) as found:
            await call.receive()
        assert found.value.status is Status.UNAVAILABLE
        assert trio.current_time() == pytest.approx(limits.DRAIN_SECONDS)


async def test_one_call_more_than_there_may_be_waits_for_room(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(never) as ends, trio.open_nursery() as nursery:
        calls = [ends.client.begin(PATH, timeout=None) for _ in range(limits.STREAMS)]
        with pytest.raises(CallError, match="no more calls"):
            ends.client.begin(PATH, timeout=None)
        with trio.move_on_after(1) as scope:
            await ends.client.room()
        assert scope.cancelled_caught
        rooms: list[bool] = []

        async def wait() -> None:
            rooms.append(await ends.client.room())

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        calls[7].cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert rooms == [True]
        ends.client.begin(PATH, timeout=None)
        await trio.testing.wait_all_tasks_blocked()
        assert ends.server.closed_because is None
