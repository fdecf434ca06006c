"""Every known attack on HTTP/2, as octets: what costs its sender nothing ends its connection, what is
honest goes on. Limits are held at N and broken at N+1."""

import gzip
import sys
import tracemalloc
from collections.abc import Callable

import pytest
from hpack import Decoder

from ptscan.link import Status, limits
from ptscan.link.connection import Connection, Side
from ptscan.link.events import CallEnded, CallStarted, Closed, MessageReceived

from . import wire
from .wire import END_HEADERS, END_STREAM, HostileServer, Peer, drained, events

BURST = {"resets": limits.RESETS[0], "controls": limits.CONTROL_FRAMES[0], "empties": limits.EMPTY_FRAMES[0]}


def closes_after(peer: Peer, octets: Callable[[int], bytes], *, most: int = 20_000) -> int:
    """How many times ``octets`` were taken before the connection was closed for it."""
    for number in range(most):
        peer.write(octets(number))
        if peer.server.is_closed:
            assert peer.goodbye == wire.ENHANCE_YOUR_CALM
            assert isinstance(peer.events[-1], Closed)
            return number
    return most


# CVE-2023-44487: calls that are begun and reset at once.


def test_rapid_reset_is_closed_at_its_budget_and_no_call_is_left() -> None:
    peer = Peer()
    taken = closes_after(peer, lambda n: wire.frame(1, END_HEADERS, 2 * n + 1, peer.block()) + wire.reset(2 * n + 1))
    assert taken == BURST["resets"]
    begun = [event.stream for event in peer.events if isinstance(event, CallStarted)]
    assert [event.stream for event in peer.events if isinstance(event, CallEnded)] == begun
    assert peer.server.calls == 0


def test_resets_at_an_honest_pace_go_on_for_ever() -> None:
    peer = Peer()
    for number in range(2_000):
        peer.now = number / limits.RESETS[1]
        peer.write(wire.frame(1, END_HEADERS, 2 * number + 1, peer.block()) + wire.reset(2 * number + 1))
    assert peer.lives


def test_a_reset_flood_costs_no_memory() -> None:
    peer = Peer()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(3_000):
            peer.now = number / limits.RESETS[1]
            peer.write(wire.frame(1, END_HEADERS, 2 * number + 1, peer.block()) + wire.reset(2 * number + 1))
            peer.events.clear()
            peer.answers.clear()
        assert tracemalloc.get_traced_memory()[0] - before < 1 << 20
    finally:
        tracemalloc.stop()


# CVE-2025-8671: the server is made to reset.


@pytest.mark.parametrize("kind", ["window overflow", "data behind the end", "headers behind the end"])
def test_made_resets_count_like_resets(kind: str) -> None:
    peer = Peer()

    def one(number: int) -> bytes:
        stream = 2 * number + 1
        ended = 0 if kind == "window overflow" else END_STREAM
        call = wire.frame(1, END_HEADERS | ended, stream, peer.block())
        if kind == "window overflow":
            return call + wire.window_update(2**31 - 1, stream)
        if kind == "data behind the end":
            return call + wire.frame(0, 0, stream, b"x" * 100)
        return call + wire.frame(1, END_HEADERS | END_STREAM, stream, peer.block([("a", "b")]))

    for number in range(600):
        peer.write(one(number))
        if peer.server.is_closed:
            break
    assert number == BURST["resets"]
    assert peer.server.is_closed
    assert peer.server.calls == 0


def test_data_on_one_stream_that_is_long_over_is_closed_too() -> None:
    peer = Peer()
    peer.call(1)
    peer.write(wire.reset(1))
    assert closes_after(peer, lambda _: wire.frame(0, 0, 1, b"x" * 1000)) <= BURST["resets"]


def test_data_that_crosses_an_early_end_is_no_flood_as_long_as_it_fits_a_window() -> None:
    peer = Peer()
    peer.call(1)
    peer.server.finish(1, Status.UNAUTHENTICATED, "who are you?", 0.0)
    for _ in range(limits.STREAM_WINDOW // 400):
        peer.write(wire.frame(0, 0, 1, bytes(400)))
    assert peer.lives


def test_how_many_late_calls_are_remembered_has_a_limit() -> None:
    for more, budget in ((0, "empties"), (1, "resets")):
        peer = Peer()
        for number in range(limits.LATE_STREAMS + more):
            peer.call(2 * number + 1)
            peer.server.finish(2 * number + 1, Status.UNAUTHENTICATED, "", 0.0)
        assert closes_after(peer, lambda _: wire.frame(0, 0, 1, b"late")) == BURST[budget]


def test_calls_that_are_refused_early_one_after_the_other_are_no_flood() -> None:
    peer = Peer()
    for number in range(1_000):
        stream = 2 * number + 1
        peer.call(stream, headers=[*wire.CALL, ("grpc-encoding", "snappy")])
        peer.write(wire.reset(stream))  # as gRPC's clients do when trailers come before they have ended
        assert not peer.server.is_closed


def test_calls_that_we_have_to_refuse_for_what_is_sent_on_them_have_a_budget() -> None:
    """Each costs a task; an honest peer that is wrong about a limit comes back more seldom."""
    peer = Peer()
    wrong = b"\0\xff\xff\xff\xff"
    taken = closes_after(
        peer, lambda n: wire.frame(1, END_HEADERS, 2 * n + 1, peer.block()) + wire.frame(0, 0, 2 * n + 1, wrong)
    )
    assert taken == BURST["resets"]
    slow = Peer()
    for number in range(1_000):
        slow.now = number / limits.RESETS[1]
        slow.call(2 * number + 1)
        slow.write(wire.frame(0, 0, 2 * number + 1, wrong))
    assert slow.lives


# CVE-2024-27316 and header blocks without end.


def test_a_header_block_without_end_is_closed_by_its_size() -> None:
    peer = Peer()
    peer.write(wire.frame(1, 0, 1, peer.block()))
    for _ in range(200):
        peer.write(wire.frame(9, 0, 1, b"\0\1a\1b" * 100))
        if peer.server.is_closed:
            break
    assert peer.server.is_closed


@pytest.mark.parametrize("beyond", [False, True])
def test_a_header_list_may_be_as_long_as_the_limit_and_no_longer(beyond: bool) -> None:
    peer = Peer()
    used = sum(len(name) + len(value) + 32 for name, value in wire.CALL) + len("x-fill") + 32
    block = peer.block([*wire.CALL, ("x-fill", "x" * (limits.HEADER_LIST_OCTETS - used + beyond))])
    peer.write(wire.frame(1, 0, 1, block[:16_000]) + wire.frame(9, END_HEADERS, 1, block[16_000:]))
    assert peer.server.is_closed is beyond


@pytest.mark.parametrize("whole", [True, False])
def test_a_half_open_header_block_is_gone_in_its_time_whatever_else_dribbles(whole: bool) -> None:
    peer = Peer(now=5.0)
    octets = wire.frame(1, 0, 1, peer.block())
    peer.write(octets if whole else octets[:-3])
    due = 5.0 + limits.HEADER_SECONDS
    assert peer.server.next_deadline() == due
    peer.now = due - 1
    peer.write(wire.frame(9, 0, 1, b"") if whole else octets[-3:-2])
    peer.server.tick(due - 0.001)
    assert not peer.server.is_closed
    peer.server.tick(due)
    assert peer.server.is_closed


def test_frames_that_are_whole_in_the_end_have_no_time_limit_together() -> None:
    peer = Peer()
    stream = b"".join(wire.frame(6, 0, 0, b"12345678") for _ in range(100))
    for number, part in enumerate(wire.pieces(stream, 16)):  # a frame is always begun
        peer.now = number * 1.0
        peer.write(part)
        peer.server.tick(peer.now)
    assert peer.lives


def test_a_preface_has_its_time_and_settings_belong_to_it() -> None:
    for octets in (b"", wire.PREFACE[:-1], wire.PREFACE):
        server = Connection(Side.SERVER, now=0.0)
        server.receive(octets, 9.0)
        server.tick(limits.PREFACE_SECONDS - 0.001)
        assert not server.is_closed
        assert server.next_deadline() == limits.PREFACE_SECONDS
        server.tick(limits.PREFACE_SECONDS)
        assert server.is_closed


# CVE-2016-6581.


def test_an_hpack_bomb_ends_its_connection() -> None:
    peer = Peer()
    fill = b"\x40\x01a" + b"\x7f" + b"\xe1\x1d" + b"x" * 4_000  # one entry of 4,000 octets
    peer.write(wire.frame(1, END_HEADERS, 1, peer.block() + fill + b"\xbe" * 1_000))
    assert peer.goodbye == wire.ENHANCE_YOUR_CALM
    assert peer.server.is_closed


# CVE-2019-9512, 9515: PING and SETTINGS.


@pytest.mark.parametrize(
    "octets",
    [
        wire.frame(6, 0, 0, b"12345678"),
        wire.frame(6, 1, 0, b"12345678"),
        wire.settings(),
        wire.settings((4, 1000)),
        wire.goaway(),
    ],
    ids=["ping", "ping answers", "empty settings", "settings", "goaway"],
)
def test_control_frames_have_a_budget(octets: bytes) -> None:
    peer = Peer()
    assert BURST["controls"] - 3 <= closes_after(peer, lambda _: octets) <= BURST["controls"]
    slow = Peer()
    for number in range(1_000):
        slow.now = number / limits.CONTROL_FRAMES[1]
        slow.write(octets)
    assert not slow.server.is_closed


def test_answers_that_nobody_reads_do_not_pile_up() -> None:
    server = Connection(Side.SERVER, now=0.0)
    server.receive(wire.PREFACE + wire.settings(), 0.0)
    asked = 0
    while not server.is_closed and asked < 100_000:
        server.receive(wire.frame(6, 0, 0, b"12345678") * 50, asked / 50)
        asked += 50
    assert server.is_closed
    assert asked * 17 <= limits.READY_OCTETS + limits.UNSENT_CONTROL_OCTETS + 50 * 17
    assert drained(server) == b""


def test_settings_of_the_header_table_cost_no_memory_and_what_follows_is_understood() -> None:
    server = HostileServer()
    for number in range(150):
        server.write(wire.settings((1, 2**32 - 1)) + wire.settings((1, number)))
        server.now += 1.0
    server.write(wire.settings((1, 2**32 - 1)))
    decoder = Decoder()
    decoder.max_allowed_table_size = 2**32 - 1
    server.answers.clear()
    for number in range(200):
        stream = server.client.start_call(wire.PATH, timeout=1.0, metadata={"x-number": "7" * 100 + str(number)})
        server.write(wire.reset(stream, wire.REFUSED_STREAM))
    blocks = [answer.payload for answer in server.answers if answer.kind == wire.HEADERS]
    assert len(blocks) == 200
    assert len(blocks[0]) < 400  # of three hundred changes it tells two
    for number, block in enumerate(blocks):
        assert dict(decoder.decode(block))["x-number"].endswith(f"7{number}")
    assert decoder.header_table_size <= limits.HEADER_TABLE_OCTETS


# CVE-2019-9511, 9513, 9517, 9518: frames that move nothing.


@pytest.mark.parametrize(
    ("octets", "budget"),
    [
        (wire.frame(0, 0, 1), "empties"),
        (wire.frame(0, 8, 1, b"\3\0\0\0"), "empties"),
        (wire.frame(0, 0, 1, b"\0"), "empties"),
        (wire.frame(2, 0, 1, b"\0\0\0\3\1"), "empties"),
        (wire.frame(2, 0, 99, b"\0\0\0\3\1"), "empties"),
        (wire.frame(0x20, 0, 1, b"grease"), "empties"),
        (wire.frame(10, 0, 1, b"\0\0"), "empties"),
        (wire.window_update(1), "empties"),
        (wire.window_update(1, 1), "empties"),
    ],
    ids=["data", "padding", "crumbs", "priority", "priority of none", "unknown", "altsvc", "window", "stream's window"],
)
def test_frames_that_move_nothing_have_a_budget(octets: bytes, budget: str) -> None:
    peer = Peer()
    peer.call()
    if octets[9:] == b"\0":  # a message of 16 MiB - 1 KiB would come, an octet at a time
        peer.write(wire.frame(0, 0, 1, b"\0\0\x3f\0\0"))
        assert closes_after(peer, lambda _: octets) == BURST[budget] - 1
    else:
        assert closes_after(peer, lambda _: octets) == BURST[budget]


def test_whoever_receives_may_open_its_window_and_measure_its_path_as_grpc_does() -> None:
    peer = Peer()
    peer.call()
    for number in range(3_000):
        peer.server.send(1, bytes(200), 0.0)
        drained(peer.server)
        peer.write(wire.window_update(205) + wire.window_update(205, 1))
        if number % 2:
            peer.write(wire.frame(6, 0, 0, b"measure!"))
        assert not peer.server.is_closed
    assert peer.lives


@pytest.mark.parametrize("beyond", [False, True])
def test_each_data_frame_earns_so_many_updates_and_no_more(beyond: bool) -> None:
    peer = Peer()
    peer.call()
    for _ in range(BURST["empties"] + 100):
        peer.server.send(1, b"", 0.0)
        peer.write(wire.window_update(1) * (limits.UPDATES_PER_DATA_FRAME + beyond))
    assert peer.server.is_closed is beyond


@pytest.mark.parametrize("beyond", [False, True])
def test_crumbs_are_told_from_pieces_by_their_size(beyond: bool) -> None:
    peer = Peer()
    peer.call()
    peer.write(wire.frame(0, 0, 1, b"\0\0\x3f\0\0"))
    for _ in range(2 * BURST["empties"]):
        peer.write(wire.frame(0, 0, 1, bytes(limits.DATA_CRUMB_OCTETS - beyond)))
    assert peer.server.is_closed is beyond


def test_short_messages_and_ends_without_data_are_work() -> None:
    peer = Peer()
    for number in range(3_000):
        stream = 2 * number + 1
        peer.call(stream)
        peer.write(wire.frame(0, 0, stream, wire.message(b"")) + wire.frame(0, END_STREAM, stream))
        peer.server.finish(stream, Status.OK, "", 0.0)
        assert not peer.server.is_closed
    assert peer.lives


# Slow readers.


def test_a_shut_window_is_given_up_in_its_time_and_the_rest_lives() -> None:
    peer = Peer()
    peer.write(wire.settings((4, 0)))
    peer.call()
    peer.server.send(1, bytes(60_000), 0.0)
    assert peer.server.next_deadline() == limits.PING_SECONDS
    peer.now = 25.0
    assert peer.lives
    assert peer.server.next_deadline() == limits.SEND_SECONDS
    peer.server.tick(limits.SEND_SECONDS - 0.001)
    assert peer.server.calls == 1
    peer.server.tick(limits.SEND_SECONDS)
    assert peer.server.calls == 0
    assert [e.status for e in events(peer.server) if isinstance(e, CallEnded)] == [Status.UNAVAILABLE]
    assert peer.lives


def test_a_window_that_opens_an_octet_at_a_time_is_as_good_as_shut() -> None:
    peer = Peer()
    peer.write(wire.settings((4, 0)))
    peer.call()
    peer.server.send(1, bytes(60_000), 0.0)
    for now in range(1, 60):
        peer.now = float(now)
        peer.write(wire.window_update(1, 1))
        peer.server.tick(peer.now)
        if not peer.server.calls:
            break
    assert now == limits.SEND_SECONDS


def test_a_slow_but_honest_reader_is_let_be() -> None:
    peer = Peer()
    peer.write(wire.settings((4, 0)))
    peer.call()
    peer.server.send(1, bytes(60_000), 0.0)
    for now in range(1, 200):
        peer.now = float(now)
        peer.write(wire.window_update(limits.SEND_LEAST_OCTETS // 25, 1))
        peer.server.tick(peer.now)
    assert peer.server.unsent(1) == 0
    assert peer.lives


# gRPC's own layer.


def test_inflated_messages_that_wait_are_bounded() -> None:
    peer = Peer()
    bomb = wire.message(gzip.compress(bytes(limits.MESSAGE_OCTETS), 9), flag=1)
    peer.call(1, headers=[*wire.CALL, ("grpc-encoding", "gzip")])
    for _ in range(20):
        peer.write(wire.frame(0, 0, 1, bomb))
    waiting = [event for event in peer.events if isinstance(event, MessageReceived)]
    assert sum(len(event.message) for event in waiting) == limits.HELD_OCTETS
    assert [e.status for e in peer.events if isinstance(e, CallEnded)] == [Status.RESOURCE_EXHAUSTED]


def test_messages_without_end_are_bounded_over_all_calls() -> None:
    peer = Peer()
    most = limits.MESSAGE_OCTETS
    octets = b"\0" + most.to_bytes(4, "big") + bytes(most - 1)  # its last octet never comes
    for number in range(limits.STREAMS):
        peer.call(2 * number + 1)
        for part in wire.pieces(octets, 16_384):
            peer.write(wire.frame(0, 0, 2 * number + 1, part))
    ended = [event.status for event in peer.events if isinstance(event, CallEnded)]
    assert set(ended) == {Status.RESOURCE_EXHAUSTED}
    assert len(ended) == limits.STREAMS - limits.HELD_OCTETS // len(octets)
    assert peer.lives


def test_a_server_may_take_less_of_a_stranger() -> None:
    peer = Peer(most=100)
    peer.call()
    peer.write(wire.frame(0, 0, 1, b"\0\0\0\0\x65"))
    assert [e.status for e in peer.events if isinstance(e, CallEnded)] == [Status.RESOURCE_EXHAUSTED]


# The client's end: a hostile collector.


@pytest.mark.parametrize(
    "octets",
    [
        wire.frame(6, 0, 0, b"12345678"),
        wire.settings(),
        wire.frame(0, 0, 1),
        wire.frame(2, 0, 1, b"\0\0\0\3\1"),
        wire.window_update(1),
        wire.frame(0x20),
        wire.reset(1),
        wire.goaway(1),
    ],
)
def test_a_client_ends_the_same_floods(octets: bytes) -> None:
    server = HostileServer()
    server.client.start_call(wire.PATH, timeout=None)
    server.write(
        wire.frame(1, END_HEADERS, 1, server.block([(":status", "200"), ("content-type", "application/grpc")]))
    )
    for _ in range(1_200):
        server.write(octets)
        if server.client.is_closed:
            break
    assert server.goodbye == wire.ENHANCE_YOUR_CALM
    assert server.client.is_closed


def test_a_client_ends_early_hints_without_end_and_takes_no_push() -> None:
    server = HostileServer()
    server.client.start_call(wire.PATH, timeout=None)
    for _ in range(1_200):
        server.write(wire.frame(1, END_HEADERS, 1, server.block([(":status", "103")])))
    assert server.goodbye == wire.ENHANCE_YOUR_CALM
    server = HostileServer()
    server.client.start_call(wire.PATH, timeout=None)
    server.write(wire.frame(5, END_HEADERS, 1, b"\0\0\0\2" + server.block(wire.CALL)))
    assert server.goodbye == wire.PROTOCOL_ERROR


def test_a_client_whose_calls_are_all_refused_is_not_flooded_by_it() -> None:
    server = HostileServer()
    for _ in range(1_000):
        stream = server.client.start_call(wire.PATH, timeout=None)
        server.write(wire.reset(stream, wire.REFUSED_STREAM))
        assert [e.status for e in events(server.client) if isinstance(e, CallEnded)] == [Status.UNAVAILABLE]
    assert not server.client.is_closed


def test_a_hostile_goodbye_is_bounded_and_one_line() -> None:
    server = HostileServer()
    server.client.start_call(wire.PATH, timeout=None)
    server.write(wire.frame(7, 0, 0, bytes(4) + (11).to_bytes(4) + b"\n\x1b[31m" * 2_000))
    found = events(server.client)
    assert isinstance(found[-1], Closed)
    assert found[-1].reason == "the peer ended the connection (ENHANCE_YOUR_CALM)"
    assert sys.getsizeof(found[-1].reason) < 200
