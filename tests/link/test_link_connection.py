"""Two ends in memory: calls of every kind, cut anywhere, in any order, and an end that is told once of each."""

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptscan.link import CallError, Status, limits
from ptscan.link.connection import Connection, Side
from ptscan.link.events import (
    CallEnded,
    CallStarted,
    Closed,
    Draining,
    Event,
    MessageReceived,
    PageAsked,
    PeerEnded,
    Writable,
)

from . import wire
from .wire import PATH, Peer, drained, events, frames_of, shuttle, two_ends


def told(end: Connection) -> list[Event]:
    return [event for event in events(end) if not isinstance(event, Writable)]


def started(client: Connection, server: Connection, **options: Any) -> int:
    stream = client.start_call(PATH, timeout=5.0, **options)
    shuttle(client, server)
    assert isinstance(events(server)[0], CallStarted)
    return stream


@pytest.mark.parametrize("piece", [0, 1, 7])
def test_a_unary_call_goes_there_and_back_however_it_is_cut(piece: int) -> None:
    client = Connection(Side.CLIENT, now=0.0, authority="a")
    server = Connection(Side.SERVER, now=0.0)
    stream = client.start_call(PATH, timeout=5.0, metadata={"x-try": "2"})
    client.send(stream, b"a reading", 0.0, compress=True)
    client.end(stream, 0.0)
    shuttle(client, server, piece=piece)
    start, message, end = told(server)
    assert isinstance(start, CallStarted)
    assert (start.request.path, start.request.timeout, start.request.metadata) == (PATH, 5.0, {"x-try": "2"})
    assert message == MessageReceived(stream, b"a reading", 14)
    assert end == PeerEnded(stream)
    server.send(stream, b"stored", 0.0)
    server.finish(stream, Status.OK, "", 0.0)
    shuttle(client, server, piece=piece)
    assert told(client) == [MessageReceived(stream, b"stored", 11), CallEnded(stream, Status.OK, "")]
    assert told(server) == [CallEnded(stream, Status.OK, "")]
    assert (client.calls, server.calls) == (0, 0)


def test_a_call_of_many_messages_each_way_keeps_their_order() -> None:
    client, server = two_ends()
    stream = started(client, server)
    sent = [bytes((number,)) * number for number in range(100)]
    for message in sent:
        client.send(stream, message, 0.0)
        server.send(stream, message, 0.0, compress=True)
    shuttle(client, server)
    for end in (client, server):
        assert [event.message for event in told(end) if isinstance(event, MessageReceived)] == sent
    server.finish(stream, Status.DATA_LOSS, "weg, ö\n%", 0.0)
    shuttle(client, server)
    assert told(client) == [CallEnded(stream, Status.DATA_LOSS, "weg, ö %")]


@pytest.mark.parametrize("size", [limits.MESSAGE_OCTETS, limits.MESSAGE_OCTETS + 1])
def test_a_message_may_be_as_long_as_the_limit_and_no_longer(size: int) -> None:
    client, server = two_ends()
    stream = started(client, server)
    client.send(stream, bytes(size), 0.0)
    client.end(stream, 0.0)
    shuttle(client, server)
    found = told(server)
    if size == limits.MESSAGE_OCTETS:
        assert [len(event.message) for event in found if isinstance(event, MessageReceived)] == [size]
    else:
        assert [event.status for event in found if isinstance(event, CallEnded)] == [Status.RESOURCE_EXHAUSTED]
        assert [event.status for event in told(client) if isinstance(event, CallEnded)] == [Status.RESOURCE_EXHAUSTED]
        assert (client.calls, server.calls) == (0, 0)
        started(client, server)  # and the connection goes on


def test_a_message_that_is_too_long_is_refused_by_its_prefix() -> None:
    peer = Peer()
    peer.call()
    peer.write(wire.frame(wire.DATA, 0, 1, b"\0\xff\xff\xff\xff"))
    assert [e.status for e in peer.events if isinstance(e, CallEnded)] == [Status.RESOURCE_EXHAUSTED]
    assert peer.resets == [(1, wire.NO_ERROR)]
    assert peer.lives


def test_what_the_application_has_not_taken_holds_the_sender_back() -> None:
    client, server = two_ends()
    stream = started(client, server)
    for _ in range(40):
        client.send(stream, bytes(20_000), 0.0)
    shuttle(client, server)
    came = [event for event in events(server) if isinstance(event, MessageReceived)]
    assert sum(event.octets for event in came) <= limits.STREAM_WINDOW
    waiting = client.unsent(stream)
    assert waiting >= 40 * 20_000 - limits.STREAM_WINDOW
    shuttle(client, server)
    assert client.unsent(stream) == waiting
    taken = len(came)
    while came:
        for event in came:
            server.credit(stream, event.octets)
        shuttle(client, server)
        came = [event for event in events(server) if isinstance(event, MessageReceived)]
        taken += len(came)
    assert taken == 40
    assert client.unsent(stream) == 0


@pytest.mark.parametrize("size", [1, 10_000, 1_000_000])
def test_no_size_of_messages_makes_a_slow_application_hold_more_than_a_window_and_a_message(size: int) -> None:
    client, server = two_ends()
    stream = started(client, server)
    sent = 0
    while sent < 6_000_000 and client.unsent(stream) < limits.UNSENT_STREAM_OCTETS and sent < 3000 * size:
        client.send(stream, bytes(size), 0.0)
        sent += size
        shuttle(client, server)
    held = sum(len(event.message) for event in events(server) if isinstance(event, MessageReceived))
    assert held <= limits.STREAM_WINDOW + size
    assert not server.is_closed


def test_calls_whose_application_sleeps_hold_no_other_back() -> None:
    client, server = two_ends()
    for _ in range(limits.STREAMS - 1):
        stream = started(client, server)
        for _ in range(3):
            client.send(stream, bytes(100_000), 0.0)
        shuttle(client, server)
        events(server)
    quick = started(client, server)
    client.send(quick, bytes(200_000), 0.0)
    shuttle(client, server)
    assert client.unsent(quick) == 0


def test_a_call_that_is_held_back_holds_no_other_back() -> None:
    client, server = two_ends()
    slow = started(client, server)
    for _ in range(20):
        client.send(slow, bytes(20_000), 0.0)
    shuttle(client, server)
    events(server)
    quick = started(client, server)
    client.send(quick, b"now", 0.0)
    shuttle(client, server)
    assert [e.message for e in events(server) if isinstance(e, MessageReceived) and e.stream == quick] == [b"now"]


def test_calls_that_send_much_take_turns() -> None:
    client, server = two_ends()
    streams = [started(client, server) for _ in range(8)]
    for stream in streams:
        client.send(stream, bytes(64_000), 0.0)
    first = [found.stream for found in frames_of(drained(client)) if found.kind == wire.DATA]
    assert set(first[:14]) == set(streams)


def test_as_many_calls_as_there_may_be_send_as_much_as_waits_at_once() -> None:
    client, server = two_ends()
    streams = [started(client, server) for _ in range(limits.STREAMS)]
    for end in (client, server):
        for stream in streams:
            end.send(stream, bytes(limits.UNSENT_STREAM_OCTETS), 0.0)
        most = 0
        while data := end.data_to_send():
            most = max(most, len(data))
            (server if end is client else client).receive(data, 0.0)
        assert most <= limits.READY_OCTETS + 2 * 16_384
    shuttle(client, server)
    for end in (client, server):
        assert sum(isinstance(event, MessageReceived) for event in events(end)) == limits.STREAMS


def test_an_answer_that_waits_behind_another_comes_before_its_status() -> None:
    client, server = two_ends()
    first, second = started(client, server), started(client, server)
    server.send(first, bytes(200_000), 0.0)  # all that stands ready is of the first
    server.send(second, b"short", 0.0)
    server.finish(second, Status.OK, "", 0.0)
    shuttle(client, server)
    found = [event for event in told(client) if not isinstance(event, Draining) and event.stream == second]  # type: ignore[union-attr]
    assert found == [MessageReceived(second, b"short", 10), CallEnded(second, Status.OK, "")]


def test_padding_is_given_back_too() -> None:
    peer = Peer()
    peer.call()
    for _ in range(2 * limits.STREAM_WINDOW // 200):
        peer.write(wire.frame(wire.DATA, wire.PADDED, 1, b"\xc8" + wire.message(b"x") + bytes(200)))
        peer.server.credit(1, 6)
    assert peer.lives


def test_what_nobody_takes_is_given_back() -> None:
    client, server = two_ends()
    for _ in range(2 * limits.CONNECTION_WINDOW // 300_000):  # each leaves most of a window behind
        stream = started(client, server)
        for _ in range(30):
            client.send(stream, bytes(10_000), 0.0)
        shuttle(client, server)
        client.cancel(stream, Status.CANCELLED, "given up", 0.0)
        shuttle(client, server)
        assert [e.status for e in events(server) if isinstance(e, CallEnded)] == [Status.CANCELLED]
    stream = started(client, server)
    client.send(stream, bytes(200_000), 0.0)
    shuttle(client, server)
    assert client.unsent(stream) == 0


@pytest.mark.parametrize(("told", "most"), [(16_384, 16_384), (40_000, 40_000), (2**24 - 1, limits.FRAME_OCTETS)])
def test_a_peer_is_given_frames_of_no_more_than_it_takes_and_no_very_long_ones(told: int, most: int) -> None:
    peer = Peer()
    peer.write(wire.settings((4, 2**31 - 1), (5, told)) + wire.window_update(2**31 - 1 - 65_535))
    peer.call()
    peer.server.send(1, bytes(limits.MESSAGE_OCTETS), 0.0)
    sent = frames_of(drained(peer.server))
    assert sum(len(found.payload) for found in sent if found.kind == wire.DATA) == limits.MESSAGE_OCTETS + 5
    assert max(len(found.payload) for found in sent) == most
    assert peer.lives


@pytest.mark.parametrize("more", [0, 1])
def test_a_frame_of_data_may_be_as_long_as_we_said_and_any_other_as_long_as_at_first(more: int) -> None:
    peer = Peer()
    peer.call()
    peer.write(wire.frame(wire.DATA, 0, 1, wire.message(bytes(limits.FRAME_OCTETS))[: limits.FRAME_OCTETS + more]))
    assert (peer.lives, peer.goodbye) == ((False, wire.FRAME_SIZE_ERROR) if more else (True, None))
    peer = Peer()
    peer.write(wire.frame(99, 0, 0, bytes(limits.FRAME_LEAST_OCTETS + more)))
    assert (peer.lives, peer.goodbye) == ((False, wire.FRAME_SIZE_ERROR) if more else (True, None))


@pytest.mark.parametrize("most", [limits.FRAME_LEAST_OCTETS, limits.FRAME_OCTETS])
def test_a_client_sends_frames_as_long_as_the_server_says(most: int) -> None:
    client = Connection(Side.CLIENT, now=0.0, authority="tests")
    server = Connection(Side.SERVER, now=0.0, frame_octets=most)
    shuttle(client, server)
    stream = started(client, server)
    client.send(stream, bytes(200_000), 0.0)
    assert max(len(found.payload) for found in frames_of(drained(client))) == most


def test_a_server_that_ends_early_stops_its_client_and_what_comes_late_is_no_fault() -> None:
    client, server = two_ends()
    stream = started(client, server)
    client.send(stream, bytes(100_000), 0.0)
    on_its_way = drained(client)
    server.finish(stream, Status.PERMISSION_DENIED, "no", 0.0)
    server.receive(on_its_way, 0.0)
    assert told(server) == [CallEnded(stream, Status.PERMISSION_DENIED, "no")]
    shuttle(client, server)
    assert told(client) == [CallEnded(stream, Status.PERMISSION_DENIED, "no")]
    client.send(stream, b"too late", 0.0)
    client.end(stream, 0.0)
    shuttle(client, server)
    started(client, server)


def test_early_ends_leave_no_stream_open_in_any_number() -> None:
    client, server = two_ends()
    for _ in range(3 * limits.STREAMS):
        stream = started(client, server)
        server.finish(stream, Status.UNAVAILABLE, "", 0.0)
        shuttle(client, server)
        assert [e.status for e in told(client) if isinstance(e, CallEnded)] == [Status.UNAVAILABLE]
        events(server)
    assert not client.is_closed
    assert not server.is_closed
    assert client.can_call()


def test_the_first_end_of_a_call_holds() -> None:
    client, server = two_ends()
    stream = started(client, server)
    server.send(stream, bytes(300_000), 0.0)
    server.finish(stream, Status.OK, "", 0.0)
    server.finish(stream, Status.INTERNAL, "again", 0.0)
    server.send(stream, b"behind the end", 0.0)
    shuttle(client, server)
    client.credit(stream, 300_005)
    shuttle(client, server)
    found = told(client)
    assert [type(event) for event in found] == [MessageReceived, CallEnded]
    assert found[-1] == CallEnded(stream, Status.OK, "")


def test_a_client_opens_no_more_calls_than_the_server_takes() -> None:
    client, server = two_ends()
    for _ in range(limits.STREAMS):
        started(client, server)
    assert not client.can_call()
    with pytest.raises(CallError) as caught:
        client.start_call(PATH, timeout=None)
    assert caught.value.status is Status.UNAVAILABLE
    assert not server.is_closed


@pytest.mark.parametrize(("told", "most"), [(0, 0), (2, 2), (1_000, limits.STREAMS)])
def test_a_client_keeps_to_the_lower_of_both_limits(told: int, most: int) -> None:
    server = wire.HostileServer()
    server.write(wire.settings((3, told)))
    begun = 0
    while server.client.can_call():
        server.client.start_call(PATH, timeout=None)
        begun += 1
    assert begun == most


def test_what_comes_for_a_call_that_is_finished_goes_to_nobody() -> None:
    peer = Peer()
    peer.write(wire.settings((4, 0)))
    peer.call()
    peer.server.send(1, b"waits for the window", 0.0)
    peer.server.finish(1, Status.OK, "", 0.0)
    peer.write(
        wire.frame(wire.DATA, 0, 1, wire.message(b"late")) + wire.frame(wire.DATA, wire.END_STREAM, 1, b"\2broken")
    )
    assert [event for event in peer.events if isinstance(event, MessageReceived | PeerEnded | CallEnded)] == []
    peer.write(wire.window_update(100, 1))
    assert peer.events[-1] == CallEnded(1, Status.OK, "")
    assert peer.lives


def test_one_stream_beyond_the_limit_ends_the_connection() -> None:
    peer = Peer()
    for number in range(limits.STREAMS):
        peer.call(2 * number + 1)
    assert not peer.server.is_closed
    peer.call(2 * limits.STREAMS + 1)
    assert peer.goodbye is not None
    assert peer.server.is_closed


@pytest.mark.parametrize("beyond", [False, True])
def test_who_has_not_read_the_limit_yet_may_open_some_more(beyond: bool) -> None:
    peer = Peer(greets=False)
    peer.write(wire.PREFACE + wire.settings())
    for number in range(limits.STREAMS_AT_FIRST + beyond):
        peer.call(2 * number + 1)
    assert peer.server.is_closed is beyond
    if not beyond:
        peer.write(wire.frame(wire.SETTINGS, wire.ACK))
        assert peer.lives
        peer.call(2 * limits.STREAMS_AT_FIRST + 1)
        assert peer.server.is_closed


def test_a_graceful_end_lets_open_calls_finish_and_refuses_new_ones() -> None:
    client, server = two_ends()
    stream = started(client, server)
    crossing = client.start_call(PATH, timeout=5.0)
    server.drain(1.0)
    assert server.is_draining
    shuttle(client, server, now=1.0)
    assert told(client) == [Draining(), CallEnded(crossing, Status.UNAVAILABLE, "the server takes no new calls")]
    assert told(server) == []
    assert not client.can_call()
    client.send(stream, b"the rest", 1.0)
    client.end(stream, 1.0)
    shuttle(client, server, now=1.0)
    assert [type(event) for event in told(server)] == [MessageReceived, PeerEnded]
    server.finish(stream, Status.OK, "", 1.0)
    shuttle(client, server, now=1.0)
    assert told(client) == [CallEnded(stream, Status.OK, "")]
    assert client.next_deadline() <= 1.0
    assert server.next_deadline() <= 1.0
    for end in (server, client):
        end.tick(1.0)
        assert end.is_closed
    assert told(client)[-1] == Closed("")


def test_an_idle_client_that_is_sent_away_goes_at_once() -> None:
    client, server = two_ends()
    server.drain(1.0)
    shuttle(client, server, now=1.0)
    assert client.next_deadline() <= 1.0
    client.tick(1.0)
    assert told(client) == [Draining(), Closed("")]


def test_a_goodbye_inside_a_header_block_is_a_fault() -> None:
    peer = Peer()
    peer.write(wire.frame(wire.HEADERS, 0, 1, peer.block()) + wire.goaway())
    assert peer.goodbye == wire.PROTOCOL_ERROR


def test_a_graceful_end_has_an_end() -> None:
    client, server = two_ends()
    started(client, server)
    server.drain(1.0)
    assert server.next_deadline() == 1.0 + limits.DRAIN_SECONDS
    server.tick(1.0 + limits.DRAIN_SECONDS)
    assert server.is_closed
    shuttle(client, server, now=12.0)
    client.receive_end()
    assert [e.status for e in told(client) if isinstance(e, CallEnded)] == [Status.UNAVAILABLE]


def test_a_silent_peer_is_asked_and_given_up_when_it_stays_silent() -> None:
    client, server = two_ends()
    started(client, server)
    assert server.next_deadline() == limits.PING_SECONDS
    server.tick(limits.PING_SECONDS)
    assert [found.kind for found in frames_of(drained(server))] == [wire.PING]
    server.tick(2 * limits.PING_SECONDS - 0.001)
    assert not server.is_closed
    assert server.next_deadline() == 2 * limits.PING_SECONDS
    server.tick(2 * limits.PING_SECONDS)
    assert server.is_closed
    assert [type(event) for event in told(server)] == [CallEnded, Closed]


def test_a_peer_that_answers_lives() -> None:
    client, server = two_ends()
    for now in range(0, 400, 20):
        server.tick(float(now))
        shuttle(client, server, now=float(now))
    assert not server.is_closed


def test_a_cut_connection_ends_every_call_once() -> None:
    client, server = two_ends()
    streams = [started(client, server) for _ in range(3)]
    for end in (client, server):
        end.receive_end()
        end.receive_end()
        end.close("again")
        found = told(end)
        assert [e.stream for e in found if isinstance(e, CallEnded)] == streams
        assert found[-1] == Closed("the connection was cut")
        assert sum(isinstance(e, Closed) for e in found) == 1


def test_a_client_that_says_goodbye_before_it_closes_was_not_cut() -> None:
    client, server = two_ends()
    stream = started(client, server)
    client.close("")
    server.receive(drained(client), 0.0)
    assert not server.is_closed
    server.receive_end()
    ended = CallEnded(stream, Status.UNAVAILABLE, "the connection was closed")
    assert told(server)[-2:] == [ended, Closed("")]


def test_a_server_that_closes_over_open_calls_cuts_them_whatever_it_says() -> None:
    client, server = two_ends()
    started(client, server)
    server.close("")
    client.receive(drained(server), 0.0)
    client.receive_end()
    assert told(client)[-1] == Closed("the connection was cut")


def test_nothing_that_the_application_does_on_a_dead_call_or_connection_raises() -> None:
    client, server = two_ends()
    stream = started(client, server)
    client.close("")
    for end in (client, server):
        for number in (stream, 99, 0, 2):
            end.send(number, b"x", 1.0)
            end.end(number, 1.0)
            end.credit(number, 10)
            end.finish(number, Status.OK, "", 1.0)
            end.answer(number, 200, b"", 1.0)
            end.cancel(number, Status.CANCELLED, "", 1.0)
            assert end.unsent(number) == 0
        end.drain(1.0)
        end.tick(1e9)
        end.receive(b"anything", 1.0)


def test_a_page_is_asked_and_answered_beside_the_calls() -> None:
    peer = Peer(pages=frozenset({"/healthz"}))
    get = [(":method", "GET"), (":scheme", "https"), (":path", "/healthz"), (":authority", "a")]
    peer.call(1, flags=wire.END_STREAM, headers=get)
    assert peer.events == [PageAsked(1, "/healthz")]
    peer.server.answer(1, 200, b"ok\n", 0.0)
    found = frames_of(drained(peer.server))
    assert [(f.kind, f.flags & wire.END_STREAM) for f in found] == [(wire.HEADERS, 0), (wire.DATA, 0), (wire.DATA, 1)]
    assert found[1].payload == b"ok\n"
    head = {**dict(get), ":method": "HEAD", ":path": "/healthz?from=a-balancer"}
    peer.call(5, flags=wire.END_STREAM, headers=list(head.items()))
    assert peer.events[-1] == PageAsked(5, "/healthz")
    peer.server.answer(5, 200, b"ok\n", 0.0)
    found = frames_of(drained(peer.server))
    assert [(f.kind, f.flags & wire.END_STREAM, f.payload) for f in found[1:]] == [(wire.DATA, wire.END_STREAM, b"")]
    peer.call(7, flags=wire.END_STREAM, headers=[(n, v.replace("healthz", "else")) for n, v in get])
    assert peer.answers[-1].kind == wire.HEADERS
    assert peer.answers[-1].flags & wire.END_STREAM
    assert peer.lives
    assert peer.server.calls == 0


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ([(":status", "503")], Status.UNAVAILABLE, "503"),
        ([(":status", "200"), ("content-type", "text/html")], Status.UNKNOWN, "text/html"),
        (
            [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "7")],
            Status.PERMISSION_DENIED,
            "",
        ),
        ([(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "99")], Status.UNKNOWN, "99"),
    ],
)
def test_an_answer_without_trailers_is_understood_and_leaves_nothing_open(
    headers: list[tuple[str, str]], status: Status, word: str
) -> None:
    server = wire.HostileServer()
    server.write(wire.settings((3, 2)))
    for number in range(10):  # more than may be open at once
        stream = server.client.start_call(PATH, timeout=1.0)
        flags = wire.END_HEADERS | (wire.END_STREAM if number % 2 else 0)
        server.write(wire.frame(wire.HEADERS, flags, stream, server.block(headers)))
        ended = [e for e in events(server.client) if isinstance(e, CallEnded)]
        assert [e.status for e in ended] == [status]
        assert word in ended[0].message
    assert server.client.can_call()


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", Status.INTERNAL), (b"\0\0\0\0\5ab", Status.INTERNAL), (b"\2\0\0\0\0", Status.INTERNAL)],
)
def test_an_answer_that_breaks_off_is_an_error(body: bytes, status: Status) -> None:
    server = wire.HostileServer()
    stream = server.client.start_call(PATH, timeout=1.0)
    block = server.block([(":status", "200"), ("content-type", "application/grpc")])
    server.write(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, block))
    server.write(wire.frame(wire.DATA, wire.END_STREAM, stream, body))
    assert [e.status for e in events(server.client) if isinstance(e, CallEnded)] == [status]


def test_a_message_cut_short_by_trailers_that_say_ok_is_an_error() -> None:
    server = wire.HostileServer()
    stream = server.client.start_call(PATH, timeout=1.0)
    block = server.block([(":status", "200"), ("content-type", "application/grpc")])
    server.write(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, block))
    server.write(wire.frame(wire.DATA, 0, stream, b"\0\0\0\0\5ab"))
    trailer = server.block([("grpc-status", "0")])
    server.write(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, stream, trailer))
    assert [e.status for e in events(server.client) if isinstance(e, CallEnded)] == [Status.INTERNAL]


def test_a_request_that_breaks_off_is_an_error() -> None:
    peer = Peer()
    peer.call()
    peer.write(wire.frame(wire.DATA, wire.END_STREAM, 1, b"\0\0\0\0\5ab"))
    assert [e.status for e in peer.events if isinstance(e, CallEnded)] == [Status.INTERNAL]
    assert peer.lives


def test_a_peer_that_speaks_http_1_is_told_from_one_that_breaks_http_2() -> None:
    client = Connection(Side.CLIENT, now=0.0, authority="a")
    client.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n", 0.0)
    assert events(client)[-1] == Closed("the peer speaks HTTP/1")


def test_every_prefix_of_a_conversation_is_survived_by_both_ends() -> None:
    client, _ = two_ends()
    stream = client.start_call(PATH, timeout=5.0)
    client.send(stream, b"x" * 100, 0.0)
    client.end(stream, 0.0)
    octets = drained(client)
    for end in range(len(octets)):
        other = Connection(Side.SERVER, now=0.0)
        other.receive(wire.PREFACE + wire.settings() + octets[:end], 0.0)
        other.receive_end()
        assert isinstance(events(other)[-1], Closed)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_random_octets_end_a_connection_at_most(octets: bytes, size: int) -> None:
    for end in (Peer().server, wire.HostileServer().client, Connection(Side.SERVER, now=0.0)):
        if end.can_call():
            end.start_call(PATH, timeout=1.0)
        for part in wire.pieces(octets, size):
            end.receive(part, 0.0)
        end.receive_end()
        assert isinstance(events(end)[-1], Closed)


FRAME = st.builds(
    wire.frame,
    st.integers(0, 11),
    st.integers(0, 255) | st.sampled_from([0, 1, 4, 5]),
    st.sampled_from([0, 1, 1, 2, 3, 5, 2**31]),
    st.binary(max_size=40) | st.sampled_from([Peer().block(), bytes(4), bytes(5), bytes(6), bytes(8)]),
)


@given(st.lists(FRAME, max_size=12), st.booleans())
def test_random_frames_end_a_call_or_a_connection_at_most(found: list[bytes], is_server: bool) -> None:
    end = Peer().server if is_server else wire.HostileServer().client
    if not is_server:
        end.start_call(PATH, timeout=1.0)
    for octets in found:
        end.receive(octets, 0.0)
        drained(end)
        assert end.calls <= limits.STREAMS
    end.receive_end()
    found_events = events(end)
    assert isinstance(found_events[-1], Closed)
    begun = [e.stream for e in found_events if isinstance(e, CallStarted)] if is_server else [1]
    assert sorted(e.stream for e in found_events if isinstance(e, CallEnded)) == sorted(begun)


STEPS = st.tuples(
    st.sampled_from(
        ["start", "send", "answer", "end", "finish", "refuse", "cancel", "abort", "credit", "carry", "wait"]
    ),
    st.integers(0, 5),
    st.sampled_from([0, 1, 100, 70_000, 300_000]),
)


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=40), st.booleans())
def test_in_any_order_messages_arrive_whole_and_in_order_and_each_call_ends_once(
    steps: list[tuple[str, int, int]], drains: bool
) -> None:
    client, server = two_ends()
    streams: list[int] = []
    log: dict[Connection, list[Event]] = {client: [], server: []}
    sent: dict[tuple[Connection, int], list[bytes]] = {}
    owed: dict[Connection, list[MessageReceived]] = {client: [], server: []}
    now = 0.0

    def listen() -> None:
        for end, kept in log.items():
            for event in events(end):
                kept.append(event)
                if isinstance(event, MessageReceived):
                    owed[end].append(event)

    for verb, which, size in steps:
        stream = streams[which % len(streams)] if streams else 0
        body = bytes((len(sent) % 251,)) * size
        match verb:
            case "start" if client.can_call():
                streams.append(client.start_call(PATH, timeout=5.0))
            case "send" | "answer" if streams:
                end = client if verb == "send" else server
                sent.setdefault((end, stream), []).append(body)
                end.send(stream, body, now, compress=which > 3)
            case "end":
                client.end(stream, now)
            case "finish" | "refuse":
                server.finish(stream, Status.OK if verb == "finish" else Status.ABORTED, "said", now)
            case "cancel" | "abort":
                (client if verb == "cancel" else server).cancel(stream, Status.CANCELLED, "given up", now)
            case "credit":
                for end, waiting in owed.items():
                    for event in waiting:
                        end.credit(event.stream, event.octets)
                    waiting.clear()
            case "carry":
                shuttle(client, server, now=now, piece=size if size > 1 else 0)
            case "wait":
                now += which
        listen()
    if drains:
        server.drain(now)
    shuttle(client, server, now=now)
    client.close("")
    shuttle(client, server, now=now)
    server.receive_end()
    listen()
    assert sorted(e.stream for e in log[client] if isinstance(e, CallEnded)) == streams
    begun = [e.stream for e in log[server] if isinstance(e, CallStarted)]
    assert sorted(e.stream for e in log[server] if isinstance(e, CallEnded)) == sorted(begun)
    assert len(set(begun)) == len(begun)
    for kept in log.values():
        for stream in streams:
            order = [type(e) for e in kept if getattr(e, "stream", None) == stream]
            assert CallEnded not in order[:-1]  # nothing comes behind the end
            assert CallStarted not in order[1:]
            if PeerEnded in order:
                assert MessageReceived not in order[order.index(PeerEnded) :]
                assert order.count(PeerEnded) == 1
    for end, other in ((client, server), (server, client)):
        for stream in streams:
            came = [e.message for e in log[other] if isinstance(e, MessageReceived) and e.stream == stream]
            assert came == sent.get((end, stream), [])[: len(came)]


def test_a_compressed_answer_is_inflated_and_a_refused_encoding_is_told() -> None:
    peer = Peer()
    peer.call(1, headers=[*wire.CALL, ("grpc-encoding", "gzip")])
    peer.write(wire.frame(wire.DATA, 0, 1, wire.message(gzip.compress(b"x" * 500), flag=1)))
    assert [e.message for e in peer.events if isinstance(e, MessageReceived)] == [b"x" * 500]
    peer.call(3, headers=[*wire.CALL, ("grpc-encoding", "snappy")])
    assert peer.server.calls == 1
    assert not [e for e in peer.events if isinstance(e, CallStarted) and e.stream == 3]
    assert peer.lives
