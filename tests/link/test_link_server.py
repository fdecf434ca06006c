"""The serving end over TLS on loopback: whatever one connection does, the others and the server go on."""

import socket
import ssl

import h2.config
import h2.connection
import h2.events
import pytest
import trio
import trio.testing

from ptscan.link import (
    Call,
    CallError,
    Peer,
    Status,
    Transport,
    limits,
    open_link,
    unary,
)
from ptscan.link.connection import Connection, Side

from . import wire
from .certificates import AGENT_URI, Certificates
from .serving import PATH, serving


async def _echo(message: bytes, peer: Peer) -> bytes:
    if message == b"boom":
        raise ValueError("a bug")
    if message == b"who":
        return str(peer).encode()
    if message == b"sleep":
        await trio.sleep_forever()
    return message


echo = unary(_echo)


async def test_a_method_answers_and_knows_who_asks(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        assert await served.ask(b"hello") == b"hello"
        assert await served.ask(b"who") == AGENT_URI.encode()
        assert served.troubles == []


async def test_a_method_that_is_not_there_is_unimplemented(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        with pytest.raises(CallError) as found:
            await served.ask(b"", path="/tests.v1.Tests/Nope")
        assert found.value.status is Status.UNIMPLEMENTED


async def test_a_bug_in_a_handler_ends_its_call_alone(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        async with open_link("127.0.0.1", served.port, certificates.client_context()) as link:
            with pytest.raises(CallError) as found:
                await link.unary(PATH, b"boom", within=10)
            assert found.value.status is Status.INTERNAL
            assert "a bug" not in str(found.value)
            assert await link.unary(PATH, b"hello", within=10) == b"hello"
        assert served.kinds == ["call-failed"]
        assert isinstance(served.troubles[0].error, ValueError)


async def test_a_bug_in_a_handler_s_own_tasks_ends_its_call_alone(certificates: Certificates) -> None:
    async def serve(call: Call, peer: Peer) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await call.receive()
            raise ValueError("a bug")

    async with serving(certificates, {PATH: serve}) as served:
        with pytest.raises(CallError) as found:
            await served.ask(b"")
        assert found.value.status is Status.INTERNAL
        assert served.kinds == ["call-failed"]


async def test_a_bug_in_identify_ends_the_connection_alone(certificates: Certificates) -> None:
    turns = iter([ValueError("a bug"), None])

    def identify(transport: Transport) -> Peer:
        if (error := next(turns)) is not None:
            raise error
        return "somebody"

    async with serving(certificates, {PATH: echo}, identify=identify) as served:
        assert await served.ask(b"hello") == b"hello"  # by the connection that is made anew
        assert served.kinds[0] == "connection-failed"


async def test_a_peer_that_is_refused_gets_the_reason_on_every_call(certificates: Certificates) -> None:
    def identify(transport: Transport) -> Peer:
        raise CallError(Status.UNAUTHENTICATED, "revoked")

    async with (
        serving(certificates, {PATH: echo}, identify=identify) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as link,
    ):
        for _ in range(3):
            with pytest.raises(CallError, match="revoked") as found:
                await link.unary(PATH, b"", within=10)
            assert found.value.status is Status.UNAUTHENTICATED


async def test_a_deadline_cancels_the_handler(certificates: Certificates) -> None:
    came_out = trio.Event()

    async def serve(call: Call, peer: Peer) -> None:
        try:
            await trio.sleep_forever()
        finally:
            came_out.set()

    async with serving(certificates, {PATH: serve}) as served:
        with pytest.raises(CallError) as found:
            await served.ask(b"", within=0.2)
        assert found.value.status is Status.DEADLINE_EXCEEDED
        with trio.fail_after(5):
            await came_out.wait()
        assert "call-failed" not in served.kinds


async def test_a_call_without_a_deadline_has_none(certificates: Certificates) -> None:
    async def serve(call: Call, peer: Peer) -> None:
        await call.send(str(trio.current_effective_deadline()).encode())

    async with (
        serving(certificates, {PATH: serve}) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as link,
        link.call(PATH) as call,
    ):
        assert await call.receive() == b"inf"


@pytest.mark.parametrize("octets", [b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, b""])
async def test_garbage_ends_its_connection_and_nothing_else(octets: bytes, certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        async with stream:
            await stream.send_all(octets)
            await stream.send_eof()
            with trio.move_on_after(10) as scope:
                try:
                    while await stream.receive_some(4096):
                        pass
                except trio.BrokenResourceError:
                    pass
            assert not scope.cancelled_caught
        assert (await served.until("handshake-failed")).address == "127.0.0.1"
        assert await served.ask(b"hello") == b"hello"


async def test_what_is_no_http2_ends_its_connection_and_nothing_else(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        raw = await trio.open_tcp_stream("127.0.0.1", served.port)
        stream = trio.SSLStream(raw, certificates.client_context(), server_hostname="localhost", https_compatible=True)
        await stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
        while await _received(stream):
            pass
        await trio.aclose_forcefully(stream)
        assert (await served.until("connection-ended")).text
        assert await served.ask(b"hello") == b"hello"


async def _received(stream: trio.abc.ReceiveStream) -> bytes:
    try:
        return bytes(await stream.receive_some(4096))
    except trio.BrokenResourceError:
        return b""


async def test_who_does_not_offer_http2_is_sent_away(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        raw = await trio.open_tcp_stream("127.0.0.1", served.port)
        context = certificates.client_context(alpn="http/1.1")
        stream = trio.SSLStream(raw, context, server_hostname="localhost", https_compatible=True)
        await _received(stream)
        await trio.aclose_forcefully(stream)
        await served.until("no-http2")


async def test_who_shows_no_certificate_may_call_what_is_for_strangers_and_nothing_else(
    certificates: Certificates,
) -> None:
    enrol, other = "/tests.v1.Tests/Enrol", "/tests.v1.Tests/Nope"
    methods = {PATH: echo, enrol: echo}
    async with serving(certificates, methods, asks=False, for_strangers=(enrol,)) as served:
        async with open_link("127.0.0.1", served.port, certificates.anonymous_context()) as link:
            assert await link.unary(enrol, b"who", within=10) == b"None"
            for path in (PATH, other):
                with pytest.raises(CallError) as found:
                    await link.unary(path, b"", within=10)
                assert found.value.status is Status.UNAUTHENTICATED
        assert await served.ask(b"who", path=enrol) == AGENT_URI.encode()


async def test_of_a_stranger_short_messages_are_taken_alone(certificates: Certificates) -> None:
    most = limits.STRANGER_MESSAGE_OCTETS
    async with serving(certificates, {PATH: echo}, asks=False, for_strangers=(PATH,)) as served:
        async with open_link("127.0.0.1", served.port, certificates.anonymous_context()) as link:
            assert len(await link.unary(PATH, bytes(most), within=10, compress=False)) == most
            for compress in (False, True):
                with pytest.raises(CallError) as found:
                    await link.unary(PATH, bytes(most + 1), within=10, compress=compress)
                assert found.value.status is Status.RESOURCE_EXHAUSTED
        assert len(await served.ask(bytes(most + 1))) == most + 1


async def test_strangers_make_a_server_hold_little(certificates: Certificates) -> None:
    async def never(call: Call, peer: Peer) -> None:
        await trio.sleep_forever()

    piece = bytes(limits.STRANGER_HELD_OCTETS // 4)
    async with (
        serving(certificates, {PATH: never}, asks=False, for_strangers=(PATH,)) as served,
        open_link("127.0.0.1", served.port, certificates.anonymous_context()) as link,
        link.call(PATH) as one,
        link.call(PATH) as two,
    ):
        for _ in range(2):
            await one.send(piece)
        await two.send(piece)
        await two.send(piece)
        await two.send(b"one more")
        with pytest.raises(CallError) as found, trio.fail_after(10):
            await two.receive()
        assert found.value.status is Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("kind", ["nobody", "refused", "somebody"])
async def test_who_does_not_say_who_it_is_leaves_its_place_in_time(
    kind: str, certificates: Certificates, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = 0.2  # what goes over loopback takes its time

    def identify(transport: Transport) -> Peer:
        if kind == "refused":
            raise CallError(Status.UNAUTHENTICATED, "revoked")
        return None if kind == "nobody" else kind

    async with serving(certificates, {PATH: echo}, identify=identify, for_strangers=(PATH,)) as served:
        raw = await trio.open_tcp_stream("127.0.0.1", served.port)
        stream = trio.SSLStream(raw, certificates.client_context(), server_hostname="localhost", https_compatible=True)
        client = Connection(Side.CLIENT, now=trio.current_time(), authority="localhost")
        with trio.move_on_after(2 * limits.STRANGER_SECONDS) as scope:
            await stream.send_all(client.data_to_send())
            while data := await _received(stream):
                client.receive(data, trio.current_time())
                await stream.send_all(client.data_to_send())
        await trio.aclose_forcefully(stream)
        assert scope.cancelled_caught is (kind == "somebody")
        assert served.troubles == []


TOLD_OF_A_CLIENT = {
    "stranger": "its certificate is not of our authority: it belongs to another collector",
    "none": "TLS failed: peer did not return a certificate",
}


@pytest.mark.parametrize("kind", ["stranger", "none"])
async def test_who_shows_no_certificate_of_ours_does_not_get_in(kind: str, certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        context = certificates.client_context(certificates.stranger)
        if kind == "none":
            context = certificates.anonymous_context()
        async with open_link("127.0.0.1", served.port, context) as link:
            with pytest.raises(CallError) as found:
                await link.unary(PATH, b"", within=3)
            assert found.value.status is Status.UNAVAILABLE
            assert "enrol" in found.value.message
            assert not link.is_connected
        assert (await served.until("handshake-failed")).text == TOLD_OF_A_CLIENT[kind]


@pytest.mark.parametrize("size", [1, 5, 100, 516])
async def test_a_hello_may_come_in_pieces(size: int, certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = certificates.client_context().wrap_bio(into, out, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        async with await trio.open_tcp_stream("127.0.0.1", served.port) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in wire.pieces(out.read(), size):
                await stream.send_all(piece)
                await trio.sleep(0.001)
            with trio.fail_after(10):
                into.write(await stream.receive_some())
            client.do_handshake()
            assert client.version() == "TLSv1.3"


@pytest.mark.parametrize("octets", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET"])
async def test_who_leaves_within_its_hello_is_told_of_and_gone(octets: bytes, certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        async with await trio.open_tcp_stream("127.0.0.1", served.port) as stream:
            await stream.send_all(octets)
        assert (await served.until("handshake-failed")).text == "the peer left before it began a TLS handshake"
        assert await served.ask(b"hello") == b"hello"


async def test_older_tls_is_refused(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates.root_file)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        raw = await trio.open_tcp_stream("127.0.0.1", served.port)
        stream = trio.SSLStream(raw, context, server_hostname="localhost")
        with pytest.raises(trio.BrokenResourceError):
            await stream.do_handshake()
        await trio.aclose_forcefully(stream)
        assert (await served.until("handshake-failed")).text == "it speaks no TLS 1.3"


@pytest.mark.parametrize("octets", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
async def test_half_open_connections_are_limited_an_address_and_end_in_their_time(
    octets: bytes, certificates: Certificates, mock_clock: trio.testing.MockClock
) -> None:
    """64 that say nothing: one more is closed at once, an agent goes on, and in 10 s they are gone."""
    async with serving(certificates, {PATH: echo}) as served:
        async with open_link("127.0.0.1", served.port, certificates.client_context()) as link:
            assert await link.unary(PATH, b"first", within=10) == b"first"
            silent = [
                await trio.open_tcp_stream("127.0.0.1", served.port) for _ in range(limits.CONNECTIONS_PER_ADDRESS)
            ]
            for stream in silent:
                await stream.send_all(octets)
            one_more = await trio.open_tcp_stream("127.0.0.1", served.port)
            assert await _received(one_more) == b""
            assert served.kinds == ["too-many-connections"]
            assert await link.unary(PATH, b"meanwhile", within=10) == b"meanwhile"
            mock_clock.jump(limits.HANDSHAKE_SECONDS + 0.1)
            for stream in silent:
                assert await _received(stream) == b""
            assert served.kinds.count("handshake-timeout") == len(silent)
            for stream in [*silent, one_more]:
                await stream.aclose()
        assert await served.ask(b"later") == b"later"


async def test_those_that_sit_lock_nobody_out(certificates: Certificates, mock_clock: trio.testing.MockClock) -> None:
    async with serving(certificates, {PATH: echo}) as served:
        sitting = [await trio.open_tcp_stream("127.0.0.1", served.port) for _ in range(limits.CONNECTIONS_PER_ADDRESS)]
        one_more = await trio.open_tcp_stream("127.0.0.1", served.port)
        assert await _received(one_more) == b""  # all of them have their places
        mock_clock.jump(limits.SITTING_SECONDS)
        assert await served.ask(b"hello") == b"hello"
        assert served.kinds == ["too-many-connections", "gave-way"]
        assert await _received(sitting[0]) == b""
        for stream in [*sitting, one_more]:
            await stream.aclose()


async def test_agents_behind_one_address_are_as_many_as_they_are(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}) as served, trio.open_nursery() as nursery:
        connected = 0

        async def stay() -> None:
            nonlocal connected
            async with open_link("127.0.0.1", served.port, certificates.client_context()) as link:
                assert await link.unary(PATH, b"here", within=60) == b"here"
                connected += 1
                await trio.sleep_forever()

        for _ in range(limits.CONNECTIONS_PER_ADDRESS + 6):
            nursery.start_soon(stay)
            await trio.sleep(0.005)
        with trio.fail_after(60):
            while connected < limits.CONNECTIONS_PER_ADDRESS + 6:  # noqa: ASYNC110
                await trio.sleep(0.01)
        assert len(served.server.peers) == limits.CONNECTIONS_PER_ADDRESS + 6
        nursery.cancel_scope.cancel()


async def test_tasks_that_outlive_their_calls_are_limited(certificates: Certificates) -> None:
    """A call that is reset may have begun what cannot be cut short; so many of these and no more."""
    running = most = 0
    go_on = trio.Event()

    async def serve(call: Call, peer: Peer) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        with trio.CancelScope(shield=True):
            await go_on.wait()
        running -= 1

    async with (
        serving(certificates, {PATH: serve}) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as link,
    ):
        for number in range(limits.HANDLERS):
            async with link.call(PATH, within=10):
                with trio.fail_after(10):
                    while running <= number:  # noqa: ASYNC110
                        await trio.sleep(0.001)
        with pytest.raises(CallError) as found:
            await link.unary(PATH, b"", within=10)
        assert found.value.status is Status.RESOURCE_EXHAUSTED
        assert most == running == limits.HANDLERS
        go_on.set()


async def test_a_revoked_peer_is_gone_at_once_and_the_others_stay(certificates: Certificates) -> None:
    async def serve(call: Call, peer: Peer) -> None:
        async for message in call:
            await call.send(message)

    names = iter(["one", "two"])
    async with (
        serving(certificates, {PATH: serve}, identify=lambda _: next(names, None)) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as first,
        first.call(PATH) as revoked,
        open_link("127.0.0.1", served.port, certificates.client_context()) as second,
        second.call(PATH) as stays,
    ):
        await revoked.send(b"x")
        assert await revoked.receive() == b"x"
        await stays.send(b"x")
        assert await stays.receive() == b"x"
        assert sorted(map(str, served.server.peers)) == ["one", "two"]
        assert served.server.end(lambda peer: peer == "one", "revoked") == 1
        with trio.fail_after(5), pytest.raises(CallError) as found:
            await revoked.receive()
        assert found.value.status is Status.UNAVAILABLE
        await stays.send(b"y")
        assert await stays.receive() == b"y"


async def test_a_drain_lets_open_calls_end_and_takes_no_new_connection(certificates: Certificates) -> None:
    async def serve(call: Call, peer: Peer) -> None:
        await call.send(b"begun")
        await call.draining.wait()
        await call.send(b"ended")

    async with trio.open_nursery() as nursery, serving(certificates, {PATH: serve}) as served:
        ended: list[bytes | None] = []

        async def ask() -> None:
            async with (
                open_link("127.0.0.1", served.port, certificates.client_context()) as link,
                link.call(PATH, within=10) as call,
            ):
                call.end()
                ended.append(await call.receive())
                served.server.drain()
                ended.extend([await call.receive(), await call.receive()])

        nursery.start_soon(ask)
        with trio.fail_after(5):
            while len(ended) < 3:  # noqa: ASYNC110
                await trio.sleep(0.01)
        assert ended == [b"begun", b"ended", None]
        with pytest.raises(OSError, match=r"."):
            await trio.open_tcp_stream("127.0.0.1", served.port)
        with trio.fail_after(5):
            await served.stopped.wait()
        assert served.troubles == []


async def test_a_drain_ends_though_calls_and_silent_peers_do_not(
    certificates: Certificates, mock_clock: trio.testing.MockClock
) -> None:
    """What holds a server up longest is a call that goes on, or a handshake that does not come: ten seconds each."""

    async def serve(call: Call, peer: Peer) -> None:
        await call.send(b"begun")
        await trio.sleep_forever()

    async with (
        serving(certificates, {PATH: serve}) as served,
        open_link("127.0.0.1", served.port, certificates.client_context()) as link,
        link.call(PATH) as call,
        await trio.open_tcp_stream("127.0.0.1", served.port),
    ):
        assert await call.receive() == b"begun"
        served.server.drain()
        mock_clock.jump(max(limits.DRAIN_SECONDS, limits.HANDSHAKE_SECONDS) + 0.1)
        await served.stopped.wait()
        with pytest.raises(CallError) as found:
            await call.receive()
        assert found.value.status is Status.UNAVAILABLE


async def test_a_page_is_shown_to_whoever_asks(certificates: Certificates) -> None:
    async with serving(certificates, {PATH: echo}, asks=False, pages={"/healthz": b"ok\n"}) as served:
        raw = await trio.open_tcp_stream("127.0.0.1", served.port)
        context = certificates.anonymous_context()
        stream = trio.SSLStream(raw, context, server_hostname="localhost", https_compatible=True)
        peer = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        peer.initiate_connection()
        paths = ["/healthz", "/nope"]
        for number, path in enumerate(paths):
            request = [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "localhost")]
            peer.send_headers(2 * number + 1, request, end_stream=True)
        told: dict[int, str] = {}
        body = b""
        with trio.fail_after(5):
            while len(told) < len(paths) or not body:
                await stream.send_all(peer.data_to_send())
                for event in peer.receive_data(await _received(stream)):
                    if isinstance(event, h2.events.ResponseReceived):
                        told[event.stream_id] = dict(event.headers)[":status"]  # type: ignore[index, assignment]
                    elif isinstance(event, h2.events.DataReceived):
                        body += event.data
        await trio.aclose_forcefully(stream)
        assert told == {1: "200", 3: "404"}
        assert body == b"ok\n"
