"""A TCP proxy that does to a connection what networks do: it cuts, delays, throttles, falls silent, flips bits.

Its weather is changed while it runs. What a connection has lived through stays with it: one that fell silent stays
dead when the weather clears, and neither end is told, as it is when a router forgets a flow.
"""

import random
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import trio
import trio.lowlevel

_AT_ONCE = 16 << 10
_RESET = struct.pack("ii", 1, 0)
_STREAM_ENDS = trio.BrokenResourceError, trio.ClosedResourceError, OSError


@dataclass(frozen=True)
class Weather:
    """What happens to what goes through; all of it at once, where several are set."""

    delay: float = 0.0
    """Seconds that each portion waits."""
    octets_per_second: float = 0.0
    """Each way, of one connection; 0 for no limit."""
    portion: int = _AT_ONCE
    """Octets of one write at most."""
    silent: bool = False
    """Nothing is forwarded, nothing is closed."""
    flip_every: int = 0
    """Octets between two flipped bits, on average; 0 for none."""
    cut_after: int = 0
    """Octets of answers after which the connection is cut, drawn evenly up to this; 0 for never."""
    cut_every: float = 0.0
    """Seconds between two cuts of everything, on average; 0 for none."""


FAIR = Weather()


def any_weather(lots: random.Random) -> Weather:
    """One that is drawn."""
    kinds = {
        "delay": lambda: Weather(delay=lots.uniform(0.001, 0.2)),
        "throttle": lambda: Weather(octets_per_second=10 ** lots.uniform(4, 6)),
        "dribble": lambda: Weather(portion=lots.choice((1, 2, 7, 100))),
        "flip": lambda: Weather(flip_every=int(10 ** lots.uniform(3.5, 5.5))),
        "acks": lambda: Weather(cut_after=int(10 ** lots.uniform(3.5, 5))),
        "cut": lambda: Weather(cut_every=10 ** lots.uniform(-1, 0.7)),
    }
    weather = FAIR
    for kind in lots.sample(list(kinds), lots.randint(1, 2)):
        drawn = kinds[kind]()
        weather = replace(weather, **{key: value for key, value in vars(drawn).items() if value != getattr(FAIR, key)})
    return weather


class _Passage:
    """One connection: both its ends."""

    def __init__(self, near: trio.SocketStream, far: trio.SocketStream) -> None:
        self.near = near
        self.far = far
        self.dead = False
        self.answers_left = float("inf")
        self.scope = trio.CancelScope()

    def cut(self) -> None:
        for stream in (self.near, self.far):
            try:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            except _STREAM_ENDS:
                pass
        self.scope.cancel()


class Proxy:
    """Made by ``nursery.start(run_proxy, …)``."""

    def __init__(self, port: int, lots: random.Random) -> None:
        self.port = port
        self.counts: Counter[str] = Counter()
        """What happened so far: connections, octets, flips, cuts."""
        self._lots = lots
        self._weather = FAIR
        self._passages: set[_Passage] = set()

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        for passage in self._passages:
            self._hit(passage)

    def cut(self) -> None:
        """Reset every connection that there is, the dead ones too."""
        for passage in list(self._passages):
            self.counts["cuts"] += 1
            passage.cut()

    async def _cut_now_and_then(self) -> None:
        while True:
            every = self._weather.cut_every
            await trio.sleep(min(self._lots.expovariate(1 / every), 5 * every) if every else 0.1)
            if self._weather.cut_every:
                self.cut()

    async def _serve(self, target: tuple[str, int], near: trio.SocketStream) -> None:
        self.counts["connections"] += 1
        async with near:
            try:
                far = await trio.open_tcp_stream(*target)
            except OSError:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            async with far:
                await self._let_through(_Passage(near, far))

    async def _let_through(self, passage: _Passage) -> None:
        self._hit(passage)
        self._passages.add(passage)
        try:
            with passage.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._pump, passage, passage.near, passage.far)
                    nursery.start_soon(self._pump, passage, passage.far, passage.near)
        finally:
            self._passages.remove(passage)

    def _hit(self, passage: _Passage) -> None:
        passage.dead = passage.dead or self._weather.silent
        most = self._weather.cut_after
        passage.answers_left = self._lots.randint(1, most) if most else float("inf")

    async def _pump(self, passage: _Passage, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        try:
            while data := await source.receive_some(_AT_ONCE):
                for portion in _portions(data, self._weather.portion):
                    if passage.dead:
                        break
                    await self._forward(passage, portion, sink)
            if not passage.dead:
                await sink.send_eof()
        except _STREAM_ENDS:
            if not passage.dead:
                passage.cut()
        # Of a dead one, neither end hears of the other; it is held until both gave up, or the proxy ends.

    async def _forward(self, passage: _Passage, portion: bytes, sink: trio.SocketStream) -> None:
        weather = self._weather
        if weather.delay:
            await trio.sleep(weather.delay)
        if weather.octets_per_second:
            await trio.sleep(len(portion) / weather.octets_per_second)
        if weather.flip_every:
            portion = self._flipped(portion, weather.flip_every)
        if sink is passage.near:
            if len(portion) > passage.answers_left:
                self.counts["cuts"] += 1
                passage.cut()
                await trio.lowlevel.checkpoint()
            passage.answers_left -= len(portion)
        if not passage.dead:
            self.counts["octets"] += len(portion)
            await sink.send_all(portion)

    def _flipped(self, portion: bytes, every: int) -> bytes:
        if self._lots.random() >= len(portion) / every:
            return portion
        self.counts["flips"] += 1
        octets = bytearray(portion)
        octets[self._lots.randrange(len(octets))] ^= 1 << self._lots.randrange(8)
        return bytes(octets)


def _portions(data: bytes | bytearray, size: int) -> Iterator[bytes]:
    return (bytes(data[start : start + size]) for start in range(0, len(data), size))


async def run_proxy(
    host: str,
    port: int,
    lots: random.Random,
    *,
    listen_port: int = 0,
    task_status: trio.TaskStatus[Proxy] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Forward what comes to a port of 127.0.0.1 to ``host`` and ``port`` until cancelled; starts with a Proxy."""
    (listener,) = await trio.open_tcp_listeners(listen_port, host="127.0.0.1")
    proxy = Proxy(listener.socket.getsockname()[1], lots)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(proxy._cut_now_and_then)
        nursery.start_soon(partial(trio.serve_listeners, partial(proxy._serve, (host, port)), [listener]))
        task_status.started(proxy)
