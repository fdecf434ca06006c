"""The attacks on HTTP/2 over TLS, by several at once: each is closed, memory stays, and an agent hardly notices.

What ends each of them to the frame stands in test_link_floods; here it is the whole server, in a process of its own.
"""

from collections.abc import Iterator

import pytest
import trio
import trio.lowlevel
from hpack import Encoder

from ptscan.link import open_link

from . import wire
from .certificates import Certificates
from .crowding import resident_kib, server_apart
from .serving import PATH
from .wire import END_HEADERS, END_STREAM, frame

ATTACKERS = 4
OCTETS = 64 << 20
"""What each would send if it were let; the system takes some of it before the server has read any."""
WORST_SECONDS = 5.0
"""For an agent's call meanwhile: several times what it takes, for machines with other things to do."""
MOST_KIB = 32 << 10
CALL = bytes(Encoder().encode([(":path", PATH) if name == ":path" else (name, value) for name, value in wire.CALL]))


def rapid_reset() -> Iterator[bytes]:
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS, stream, CALL) + wire.reset(stream)


def made_you_reset() -> Iterator[bytes]:
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS, stream, CALL) + wire.window_update(2**31 - 1, stream)


def data_behind_the_end() -> Iterator[bytes]:
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS | END_STREAM, stream, CALL) + frame(0, 0, stream, b"x" * 100)


def continuations() -> Iterator[bytes]:
    yield frame(1, 0, 1, CALL)
    while True:
        yield frame(9, 0, 1, b"")


def headers_without_end() -> Iterator[bytes]:
    yield frame(1, 0, 1, CALL)
    while True:
        yield frame(9, 0, 1, b"\0\1a\1b" * 1_000)


def hpack_bomb() -> Iterator[bytes]:
    fill = b"\x40\x01a" + b"\x7f" + b"\xe1\x1d" + b"x" * 4_000
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS, stream, CALL + fill + b"\xbe" * 1_000)


def long_messages() -> Iterator[bytes]:
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS, stream, CALL) + frame(0, 0, stream, b"\0\xff\xff\xff\xff")


def too_many_calls() -> Iterator[bytes]:
    for stream in range(1, 2**31, 2):
        yield frame(1, END_HEADERS, stream, CALL)


def the_same(octets: bytes, *, within_a_call: bool = False) -> Iterator[bytes]:
    if within_a_call:
        yield frame(1, END_HEADERS, 1, CALL)
    while True:
        yield octets


ATTACKS = {
    "rapid reset": rapid_reset,
    "made you reset": made_you_reset,
    "data behind the end": data_behind_the_end,
    "empty continuations": continuations,
    "headers without end": headers_without_end,
    "hpack bomb": hpack_bomb,
    "long messages": long_messages,
    "too many calls": too_many_calls,
    "pings": lambda: the_same(frame(6, 0, 0, b"12345678")),
    "settings": lambda: the_same(wire.settings((4, 1_000))),
    "priorities": lambda: the_same(frame(2, 0, 1, b"\0\0\0\3\1")),
    "unknown frames": lambda: the_same(frame(0x20, 0, 0, b"grease")),
    "window updates": lambda: the_same(wire.window_update(1)),
    "empty data": lambda: the_same(frame(0, 0, 1), within_a_call=True),
    "padding": lambda: the_same(frame(0, 8, 1, b"\3\0\0\0"), within_a_call=True),
    "garbage": lambda: the_same(b"\xff" * 1_000),
}


@pytest.mark.parametrize("what", ATTACKS)
async def test_an_attack_is_closed_and_costs_nothing_that_stays(what: str, certificates: Certificates) -> None:
    worst, closed = 0.0, 0

    async def attack(port: int) -> None:
        nonlocal closed
        raw = await trio.open_tcp_stream("127.0.0.1", port)
        context = certificates.anonymous_context()
        stream = trio.SSLStream(raw, context, server_hostname="localhost", https_compatible=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_swallow, stream, nursery.cancel_scope)
            try:
                octets = wire.PREFACE + wire.settings() + frame(4, 1)
                sent = 0
                for piece in ATTACKS[what]():
                    octets += piece
                    if len(octets) >= 4_000:
                        await stream.send_all(octets)
                        sent += len(octets)
                        octets = b""
                        assert sent < OCTETS, "it goes on and on"
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await trio.lowlevel.checkpoint()
        closed += 1
        await trio.aclose_forcefully(stream)

    async with (
        server_apart(certificates) as (pid, port),
        open_link("127.0.0.1", port, certificates.client_context()) as agent,
    ):
        await agent.unary(PATH, b"first", within=30)
        before = resident_kib(pid)
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for _ in range(ATTACKERS):
                    nursery.start_soon(attack, port)
                while closed < ATTACKERS:
                    began = trio.current_time()
                    assert await agent.unary(PATH, b"meanwhile", within=30) == b"meanwhile"
                    worst = max(worst, trio.current_time() - began)
        grown = resident_kib(pid) - before
    print(f"{what}: an agent's call took {worst:.3f} s at worst; {grown} KiB")
    assert worst < WORST_SECONDS
    assert grown < MOST_KIB


async def _swallow(stream: trio.abc.Stream, scope: trio.CancelScope) -> None:
    """Read until the server ends it."""
    try:
        while await stream.receive_some(65_536):
            pass
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    scope.cancel()
