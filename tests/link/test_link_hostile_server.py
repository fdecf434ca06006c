"""The attacks on HTTP/2 again, by a server against our client: it ends the connection, holds little, and goes on."""

import gc
import gzip
import tracemalloc

import pytest

from ptscan.link import Status, limits
from ptscan.link.connection import Connection, Side
from ptscan.link.events import CallEnded, Closed, MessageReceived

from . import wire
from .wire import END_HEADERS, END_STREAM, HostileServer, drained, events

ANSWER = [(":status", "200"), ("content-type", "application/grpc")]
GZIPPED = [*ANSWER, ("grpc-encoding", "gzip")]


def asked(*, answers: list[tuple[str, str]] | None = None, now: float = 0.0) -> HostileServer:
    """A server that was called, on stream 1, and has begun to answer."""
    server = HostileServer(now=now)
    server.client.start_call(wire.PATH, timeout=None)
    if answers is not None:
        server.write(wire.frame(1, END_HEADERS, 1, server.block(answers)))
    server.answers.clear()
    return server


def outcome(server: HostileServer) -> list[Status]:
    return [event.status for event in events(server.client) if isinstance(event, CallEnded)]


# Resets, made by it and made of us.


@pytest.mark.parametrize("kind", ["resets", "window overflow", "data behind the end", "zero increment"])
def test_calls_that_are_all_broken_cost_their_number_and_no_memory(kind: str) -> None:
    """How many there are is for us to say: nothing that a server does to them may pile up."""

    def one(server: HostileServer) -> None:
        if server.client.is_closed:
            server.__init__()  # type: ignore[misc]
        stream = server.client.start_call(wire.PATH, timeout=None)
        head = wire.frame(1, END_HEADERS, stream, server.block(ANSWER))
        if kind == "resets":
            server.write(wire.reset(stream))
        elif kind == "window overflow":
            server.write(head + wire.window_update(2**31 - 1, stream) * 2)
        elif kind == "zero increment":
            server.write(head + wire.window_update(0, stream))
        else:
            trailers = server.block([("grpc-status", "0")])
            server.write(head + wire.frame(1, END_HEADERS | END_STREAM, stream, trailers))
            server.write(wire.frame(0, 0, stream, b"x" * 100))
        assert len(outcome(server)) == 1
        server.answers.clear()

    server = HostileServer()
    for _ in range(100):
        one(server)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(500):
            one(server)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 256 << 10
    finally:
        tracemalloc.stop()


# Header blocks.


@pytest.mark.parametrize("beyond", [False, True])
def test_a_header_list_may_be_as_long_as_the_limit_and_no_longer(beyond: bool) -> None:
    server = asked()
    used = sum(len(name) + len(value) + 32 for name, value in ANSWER) + len("x-fill") + 32
    block = server.block([*ANSWER, ("x-fill", "x" * (limits.HEADER_LIST_OCTETS - used + beyond))])
    server.write(wire.frame(1, 0, 1, block[:16_000]) + wire.frame(9, END_HEADERS, 1, block[16_000:]))
    assert server.client.is_closed is beyond


@pytest.mark.parametrize("piece", [b"\0\1a\1b" * 100, b""], ids=["full", "empty"])
def test_a_header_block_without_end_is_closed(piece: bytes) -> None:
    server = asked()
    server.write(wire.frame(1, 0, 1, server.block(ANSWER)))
    for _ in range(1_200):
        server.write(wire.frame(9, 0, 1, piece))
    assert server.client.is_closed
    assert outcome(server) == [Status.UNAVAILABLE]


@pytest.mark.parametrize("whole", [True, False])
def test_a_half_open_header_block_is_gone_in_its_time(whole: bool) -> None:
    server = asked(now=5.0)
    octets = wire.frame(1, 0, 1, server.block(ANSWER))
    server.write(octets if whole else octets[:-3])
    server.now = 5.0 + limits.HEADER_SECONDS - 1
    server.write(wire.frame(9, 0, 1, b"") if whole else octets[-3:-2])
    server.client.tick(5.0 + limits.HEADER_SECONDS - 0.001)
    assert not server.client.is_closed
    server.client.tick(5.0 + limits.HEADER_SECONDS)
    assert server.client.is_closed


def test_an_hpack_bomb_ends_its_connection() -> None:
    server = asked()
    fill = b"\x40\x01a" + b"\x7f" + b"\xe1\x1d" + b"x" * 4_000  # one entry of 4,000 octets
    server.write(wire.frame(1, END_HEADERS, 1, server.block(ANSWER) + fill + b"\xbe" * 1_000))
    assert server.goodbye == wire.ENHANCE_YOUR_CALM
    assert server.client.is_closed


# Control frames and frames that move nothing: that they are ended stands in test_link_floods; here at N and N + 1.


@pytest.mark.parametrize(
    ("octets", "most"),
    [
        (wire.frame(6, 0, 0, b"12345678"), limits.CONTROL_FRAMES[0]),
        (wire.frame(6, 1, 0, b"12345678"), limits.CONTROL_FRAMES[0]),
        (wire.settings((4, 1000)), limits.CONTROL_FRAMES[0]),
        (wire.goaway(1), limits.CONTROL_FRAMES[0]),
        (wire.frame(0, 0, 1), limits.EMPTY_FRAMES[0]),
        (wire.frame(0, 8, 1, b"\3\0\0\0"), limits.EMPTY_FRAMES[0]),
        (wire.frame(2, 0, 1, b"\0\0\0\3\1"), limits.EMPTY_FRAMES[0]),
        (wire.frame(0x20, 0, 1, b"grease"), limits.EMPTY_FRAMES[0]),
        (wire.window_update(1), limits.EMPTY_FRAMES[0]),
        (wire.window_update(1, 1), limits.EMPTY_FRAMES[0]),
    ],
    ids=["ping", "ping answers", "settings", "goaway", "data", "padding", "priority", "unknown", "window", "stream's"],
)
def test_what_costs_a_server_nothing_has_a_budget(octets: bytes, most: int) -> None:
    server = asked(answers=ANSWER)
    taken = 0
    while not server.client.is_closed and taken < 2 * most:
        server.write(octets)
        taken += 1
    assert server.goodbye == wire.ENHANCE_YOUR_CALM
    assert most - 3 <= taken - 1 <= most  # the greeting has taken two of the control frames


def test_answers_that_nobody_reads_do_not_pile_up() -> None:
    client = Connection(Side.CLIENT, now=0.0, authority="collector")
    client.receive(wire.settings(), 0.0)
    asked = 0
    while not client.is_closed and asked < 100_000:
        client.receive(wire.frame(6, 0, 0, b"12345678") * 50, asked / 50)
        asked += 50
    assert client.is_closed
    assert asked * 17 <= limits.READY_OCTETS + limits.UNSENT_CONTROL_OCTETS + 50 * 17
    assert drained(client) == b""


# What it makes us keep: pushes, shut windows, messages.


@pytest.mark.parametrize("kind", ["promise", "request"])
def test_a_server_may_begin_nothing(kind: str) -> None:
    server = asked(answers=ANSWER)
    block = server.block(wire.CALL)
    promise, request = wire.frame(5, END_HEADERS, 1, b"\0\0\0\2" + block), wire.frame(1, END_HEADERS, 2, block)
    server.write(promise if kind == "promise" else request)
    assert server.goodbye == wire.PROTOCOL_ERROR
    assert server.client.is_closed


@pytest.mark.parametrize("dribble", [0, 1])
def test_a_window_that_stays_shut_or_nearly_is_given_up_in_its_time(dribble: int) -> None:
    server = HostileServer()
    server.write(wire.settings((4, 0)))
    stream = server.client.start_call(wire.PATH, timeout=None)
    server.client.send(stream, bytes(60_000), 0.0)
    for now in range(1, 60):
        server.now = float(now)
        server.write(wire.window_update(dribble, stream) if dribble else wire.frame(6, 0, 0, b"12345678"))
        server.client.tick(server.now)
        if not server.client.calls:
            break
    assert now == limits.SEND_SECONDS
    assert outcome(server) == [Status.UNAVAILABLE]
    assert not server.client.is_closed


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"\0\xff\xff\xff\xff", Status.RESOURCE_EXHAUSTED),
        (b"\0" + (limits.MESSAGE_OCTETS + 1).to_bytes(4), Status.RESOURCE_EXHAUSTED),
        (wire.message(gzip.compress(bytes(limits.MESSAGE_OCTETS + 1), 9), flag=1), Status.RESOURCE_EXHAUSTED),
        (wire.message(b"no gzip", flag=1), Status.INTERNAL),
        (wire.message(b"", flag=2), Status.INTERNAL),
    ],
    ids=["4 GiB", "one octet more", "inflated", "no gzip", "no flag"],
)
def test_a_message_that_is_too_long_or_wrong_ends_its_call_at_once(octets: bytes, status: Status) -> None:
    server = asked(answers=GZIPPED)
    server.write(wire.frame(0, 0, 1, octets))
    assert outcome(server) == [status]
    assert not server.client.is_closed
    assert server.client.start_call(wire.PATH, timeout=None) == 3


@pytest.mark.parametrize("encoding", ["deflate", "snappy", "gzip, gzip", ""])
def test_what_is_compressed_in_ways_that_nobody_offered_ends_its_call(encoding: str) -> None:
    server = asked(answers=[*ANSWER, ("grpc-encoding", encoding)])
    server.write(wire.frame(0, 0, 1, wire.message(b"x", flag=1)))
    assert outcome(server) == [Status.INTERNAL]


def test_messages_that_nobody_takes_are_bounded() -> None:
    server = HostileServer()
    bomb = wire.message(gzip.compress(bytes(limits.MESSAGE_OCTETS), 9), flag=1)
    for _ in range(limits.STREAMS):
        stream = server.client.start_call(wire.PATH, timeout=None)
        server.write(wire.frame(1, END_HEADERS, stream, server.block(GZIPPED)) + wire.frame(0, 0, stream, bomb))
    found = events(server.client)
    waiting = sum(len(event.message) for event in found if isinstance(event, MessageReceived))
    ended = [event.status for event in found if isinstance(event, CallEnded)]
    assert waiting == limits.HELD_OCTETS
    assert set(ended) == {Status.RESOURCE_EXHAUSTED}
    assert not server.client.is_closed


# Time.


@pytest.mark.parametrize("octets", [b"", wire.settings()[:-1]])
def test_settings_have_to_come_in_their_time(octets: bytes) -> None:
    client = Connection(Side.CLIENT, now=0.0, authority="collector")
    client.receive(octets, 1.0)
    client.tick(limits.PREFACE_SECONDS - 0.001)
    assert not client.is_closed
    client.tick(limits.PREFACE_SECONDS)
    assert client.is_closed


def test_a_server_that_is_half_open_is_left_in_twice_a_ping_s_time() -> None:
    server = asked()
    server.client.tick(limits.PING_SECONDS)
    assert drained(server.client)
    server.client.tick(2 * limits.PING_SECONDS - 0.001)
    assert not server.client.is_closed
    server.client.tick(2 * limits.PING_SECONDS)
    found = events(server.client)
    assert [event.status for event in found if isinstance(event, CallEnded)] == [Status.UNAVAILABLE]
    assert isinstance(found[-1], Closed)
