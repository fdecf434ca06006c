"""The proxy does to a connection what its weather says, and nothing else."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from weather import FAIR, Proxy, Weather, any_weather, run_proxy

WITHIN = 20.0  # seconds; no test waits for it
SAID = bytes(range(256)) * 400


async def answer(stream: trio.SocketStream) -> None:
    """Say again what is said."""
    try:
        async for data in stream:
            await stream.send_all(data)
    except trio.BrokenResourceError:
        pass


@asynccontextmanager
async def proxy_to_an_echo(weather: Weather = FAIR) -> AsyncIterator[Proxy]:
    with trio.fail_after(WITHIN):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
            port = listeners[0].socket.getsockname()[1]
            proxy: Proxy = await nursery.start(run_proxy, "127.0.0.1", port, random.Random(1))
            proxy.weather = weather
            yield proxy
            nursery.cancel_scope.cancel()


async def echoed(stream: trio.SocketStream, said: bytes = SAID) -> bytes:
    """What comes back of what is said, as far as it does."""
    heard = bytearray()

    async def listen() -> None:
        while len(heard) < len(said):
            data = await stream.receive_some(1 << 16)
            if not data:
                return
            heard.extend(data)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.send_all, said)
        nursery.start_soon(listen)
    return bytes(heard)


@pytest.mark.parametrize(
    "weather",
    [FAIR, Weather(delay=0.002), Weather(portion=100), Weather(octets_per_second=1e6), Weather(portion=1)],
    ids=["fair", "delay", "portions", "throttle", "dribble"],
)
async def test_what_only_slows_alters_nothing(weather: Weather) -> None:
    said = SAID[: 20 * weather.portion if weather.portion == 1 else None]
    async with proxy_to_an_echo(weather) as proxy, await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
        assert await echoed(stream, said) == said
        assert proxy.counts["octets"] == 2 * len(said)
        assert proxy.counts["cuts"] == proxy.counts["flips"] == 0


async def test_a_throttle_takes_its_time() -> None:
    async with (
        proxy_to_an_echo(Weather(octets_per_second=100_000)) as proxy,
        await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream,
    ):
        began = trio.current_time()
        await echoed(stream, SAID[:20_000])
        assert trio.current_time() - began >= 0.2


async def test_a_cut_resets_what_is_open_and_not_what_comes() -> None:
    async with proxy_to_an_echo() as proxy:
        async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
            await echoed(stream, b"hello")
            proxy.cut()
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some(1)
        async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
            assert await echoed(stream) == SAID


async def test_cuts_now_and_then_come_by_themselves() -> None:
    async with (
        proxy_to_an_echo(Weather(cut_every=0.05)) as proxy,
        await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream,
    ):
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some(1)


async def test_one_that_fell_silent_stays_dead_and_neither_end_is_told() -> None:
    async with proxy_to_an_echo() as proxy, await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
        await echoed(stream, b"hello")
        proxy.weather = Weather(silent=True)
        await stream.send_all(b"hello?")
        proxy.weather = FAIR
        with trio.move_on_after(0.2) as waited:
            await stream.receive_some(1)
        assert waited.cancelled_caught
        async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as other:
            assert await echoed(other) == SAID


async def test_one_that_comes_while_all_is_silent_is_dead_too() -> None:
    async with (
        proxy_to_an_echo(Weather(silent=True)) as proxy,
        await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream,
    ):
        with trio.move_on_after(0.2) as waited:
            await echoed(stream, b"hello?")
        assert waited.cancelled_caught


async def test_bits_are_flipped_and_nothing_is_lost() -> None:
    async with (
        proxy_to_an_echo(Weather(flip_every=4_000, portion=1_000)) as proxy,
        await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream,
    ):
        heard = await echoed(stream)
        assert len(heard) == len(SAID)
        assert 0 < sum(one != other for one, other in zip(heard, SAID, strict=True)) <= proxy.counts["flips"]


async def test_answers_are_lost_while_what_was_said_arrived() -> None:
    heard = bytearray()

    async def keep(stream: trio.SocketStream) -> None:
        try:
            async for data in stream:
                heard.extend(data)
                await stream.send_all(bytes(1_000))
        except trio.BrokenResourceError:
            pass

    with trio.fail_after(WITHIN):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, keep, 0, host="127.0.0.1"))
            port = listeners[0].socket.getsockname()[1]
            proxy: Proxy = await nursery.start(run_proxy, "127.0.0.1", port, random.Random(1))
            proxy.weather = Weather(cut_after=500)
            async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
                await stream.send_all(b"keep this")
                with pytest.raises(trio.BrokenResourceError):  # the answer is longer than what is let through
                    await stream.receive_some(1_000)
            nursery.cancel_scope.cancel()
    assert heard == b"keep this"


async def test_where_nobody_listens_a_connection_is_refused() -> None:
    with trio.fail_after(WITHIN):
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listener.socket.getsockname()[1]
            await listener.aclose()
            proxy: Proxy = await nursery.start(run_proxy, "127.0.0.1", port, random.Random(1))
            async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
                with pytest.raises(trio.BrokenResourceError):
                    await stream.receive_some(1)
            nursery.cancel_scope.cancel()


def test_the_same_seed_draws_the_same_weather() -> None:
    one, other = ([any_weather(random.Random(seed)) for seed in range(50)] for _ in range(2))
    assert one == other
    assert FAIR not in one
    assert len(set(one)) > 30
