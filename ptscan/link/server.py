"""The serving end: connections that are accepted, and a task for each call. I/O.

One connection can never end another: what its peer does, and what a handler of ours gets wrong, ends that connection or
that call, is told to ``report``, and goes no further. Only cancellation passes.
"""

import ssl
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from functools import cached_property, partial
from typing import TypeAlias

import trio

from ptscan.link import limits
from ptscan.link.admission import Admission, Place
from ptscan.link.call import Call
from ptscan.link.connection import Connection, Side
from ptscan.link.driver import Driver, Page
from ptscan.link.files import room_for_files
from ptscan.link.listener import Listener, Transport, address_of, hello_came, tell_why
from ptscan.link.secure import SecureStream
from ptscan.link.status import CallError, Status
from ptscan.link.trouble import Report, Trouble
from ptscan.link.unshaken import client_fault

Peer: TypeAlias = object
"""Who is at the other end, as ``identify`` says: what a handler is told and nothing else."""
Handler: TypeAlias = Callable[[Call, Peer], Awaitable[None]]
"""Serves one call: returns for OK, raises CallError for any other status; cancelled when the client gives up."""
Identify: TypeAlias = Callable[[Transport], Peer]
NameOf: TypeAlias = Callable[[Peer], str]


def unary(answer: Callable[[bytes, Peer], Awaitable[bytes]]) -> Handler:
    """A handler of calls that are one message each way."""

    async def serve(call: Call, peer: Peer) -> None:
        message = await call.alone()
        if message is None:
            raise CallError(Status.INVALID_ARGUMENT, "this method takes exactly one message")
        await call.send(await answer(message, peer), compress=True)

    return serve


async def run_server(
    listeners: Sequence[Listener],
    methods: Mapping[str, Handler],
    *,
    identify: Identify,
    report: Report,
    for_strangers: Container[str] = (),
    name_of: NameOf | None = None,
    pages: Mapping[str, Page] | None = None,
    task_status: trio.TaskStatus["Server"] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``methods`` (path -> handler) until the Server that it starts is drained; cancelled, end all calls at once.

    ``identify`` looks at a connection after its handshake and says who the peer is: None for nobody in particular, whom
    the narrow limits are for, and who gets UNAUTHENTICATED for every path but those ``for_strangers``. A CallError that
    it raises is what every call on the connection gets. ``name_of`` says of such a peer what all its connections have
    in common: of one that opens ever more the newest stay, for those that were cut look alive for a while. ``pages``
    (path -> page) are shown to all, by a plain GET.
    """
    server = Server(methods, identify, report, for_strangers=for_strangers, name_of=name_of, pages=pages or {})
    async with trio.open_nursery() as connections:
        with server.accepting:
            async with trio.open_nursery() as nursery:
                for listener in listeners:
                    serve = partial(trio.serve_listeners, handler_nursery=connections)
                    connected = partial(server.arrived, listener)
                    nursery.start_soon(serve, connected, [listener.transport])
                task_status.started(server)


class Server:
    """A server that runs: what it holds open, and how to end it or a part of it."""

    def __init__(self, methods: Mapping[str, Handler], identify: Identify, report: Report, *,
                 for_strangers: Container[str], name_of: NameOf | None, pages: Mapping[str, Page]) -> None:  # fmt: skip
        self._methods = methods
        self._identify = identify
        self._name_of = name_of
        self._of_name: dict[str, list[Driver]] = {}
        """Of who has a name, by it: the connections, the oldest first."""
        self._report = report
        self._pages = pages
        self._for_strangers = for_strangers
        self._admission = self._admit(room_for_files(limits.OPEN_FILES))
        self._peers: dict[Driver, Peer] = {}
        self._draining = False
        self.accepting = trio.CancelScope()

    @cached_property
    def _packers(self) -> trio.CapacityLimiter:
        return trio.CapacityLimiter(limits.PACKERS)

    def _admit(self, files: int) -> Admission:
        admission = Admission(files=files)
        if files < limits.OPEN_FILES:
            text = (
                f"this process may open {files} files: {admission.most_identified} agents may connect and "
                f"{admission.most_strangers} that have not said who they are; for more allow {limits.OPEN_FILES} "
                "(LimitNOFILE= of systemd, or ulimit -Hn)"
            )
            self._tell("few-files", "", text)
        return admission

    @property
    def peers(self) -> list[Peer]:
        """Who is connected: one entry a connection."""
        return list(self._peers.values())

    def drain(self) -> None:
        """Accept nothing more; each connection ends with its last call, or after DRAIN_SECONDS."""
        self._draining = True
        self.accepting.cancel()
        for driver in list(self._peers):
            driver.drain()

    def end(self, which: Callable[[Peer], bool], reason: str) -> int:
        """End the connections of some peers at once, say of one whose certificate was revoked; returns how many."""
        ended = [driver for driver, peer in self._peers.items() if which(peer)]
        for driver in ended:
            driver.close(reason)
        return len(ended)

    async def arrived(self, listener: Listener, stream: trio.SocketStream) -> None:
        """Serve a connection by what its listener shows and trusts now."""
        await self.connected(stream, ssl_context=listener.ssl_context)

    async def connected(self, stream: trio.SocketStream, *, ssl_context: ssl.SSLContext | None) -> None:
        """Serve one connection. The barrier: nothing but cancellation leaves it."""
        address = address_of(stream)
        scope = trio.CancelScope()
        place = self._admission.enter(address, now=trio.current_time(), give_way=scope.cancel)
        try:
            if place is None:
                self._tell("too-many-connections", address, "one connection more than is taken of peers without a name")
            else:
                with scope:
                    await self._serve(stream, ssl_context, address, place)
                if scope.cancelled_caught:
                    text = "a peer that sat there without a name gave way to another: all places were taken"
                    self._tell("gave-way", address, text)
        except* Exception as group:
            self._tell("connection-failed", address, "an error ended the connection", group)
        finally:
            if place is not None:
                place.leave()
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)

    async def _serve(self, stream: trio.SocketStream, ssl_context: ssl.SSLContext | None, address: str,
                     place: Place) -> None:  # fmt: skip
        transport = await self._shake_hands(stream, ssl_context, address) if ssl_context else stream
        if transport is None:
            return
        try:
            peer = self._identify(transport)
        except CallError as error:
            peer = error
        if peer is not None and not isinstance(peer, CallError) and not place.identify():
            self._tell("too-many-connections", address, "one connection more than is taken of peers with a name")
            return
        is_stranger = peer is None or isinstance(peer, CallError)
        if is_stranger:
            place.shook_hands(now=trio.current_time())
        most, held, frame_octets = (
            (limits.STRANGER_MESSAGE_OCTETS, limits.STRANGER_HELD_OCTETS, limits.FRAME_LEAST_OCTETS)
            if is_stranger
            else (limits.MESSAGE_OCTETS, limits.HELD_OCTETS, limits.FRAME_OCTETS)
        )
        async with trio.open_nursery() as nursery:
            core = Connection(Side.SERVER, now=trio.current_time(), most=most, held=held, frame_octets=frame_octets,
                              pages=self._pages)  # fmt: skip
            failed = partial(self._tell, "call-failed", address)
            calls = _Calls(self._methods, peer, self._for_strangers, failed)
            driver = Driver(transport, core, serve=lambda call: calls.begin(call, nursery), pages=self._pages,
                            packers=self._packers)  # fmt: skip
            self._peers[driver] = peer
            name = None if is_stranger else self._enter(driver, peer)
            if is_stranger:
                nursery.start_soon(_show_out, driver)
            try:
                if self._draining:
                    driver.drain()
                await driver.run()
            finally:
                del self._peers[driver]
                if name is not None:
                    self._leave(driver, name)
            if driver.closed_because:
                self._tell("connection-ended", address, driver.closed_because, driver.broken_by)
            nursery.cancel_scope.cancel()

    def _enter(self, driver: Driver, peer: Peer) -> str | None:
        """Count one connection more of a peer, and end its oldest one where it has too many."""
        if self._name_of is None:
            return None
        name = self._name_of(peer)
        drivers = self._of_name.setdefault(name, [])
        drivers.append(driver)
        for oldest in drivers[: -limits.CONNECTIONS_PER_PEER]:
            oldest.close("newer connections of this peer took its place")
        return name

    def _leave(self, driver: Driver, name: str) -> None:
        self._of_name[name].remove(driver)
        if not self._of_name[name]:
            del self._of_name[name]

    async def _shake_hands(self, stream: trio.SocketStream, ssl_context: ssl.SSLContext,
                           address: str) -> Transport | None:  # fmt: skip
        """TLS over the stream; None where it does not come to that, which is told."""
        with trio.move_on_after(limits.HANDSHAKE_SECONDS):
            transport: SecureStream | None = None
            try:
                if not await hello_came(stream):
                    self._tell("handshake-failed", address, "the peer left before it began a TLS handshake")
                    return None
                transport = SecureStream(stream, ssl_context, server_side=True)
                await transport.do_handshake()
            except (trio.BrokenResourceError, OSError) as error:
                self._tell("handshake-failed", address, client_fault(error), error)
                if transport is not None:
                    await tell_why(transport)
                return None
            if transport.selected_alpn_protocol() == "h2":
                return transport
            self._tell("no-http2", address, "the peer does not offer HTTP/2 in the handshake (ALPN h2)")
            return None
        self._tell("handshake-timeout", address, f"no TLS handshake in {limits.HANDSHAKE_SECONDS:g} s")
        return None

    def _tell(self, kind: str, address: str, text: str, error: BaseException | None = None) -> None:
        self._report(Trouble(kind, address, text, error))


async def _show_out(driver: Driver) -> None:
    """Have a peer that did not show who it is leave its place to others."""
    await trio.sleep(limits.STRANGER_SECONDS)
    driver.drain()


class _Calls:
    """The calls of one connection: a task each, HANDLERS at most."""

    def __init__(self, methods: Mapping[str, Handler], peer: Peer, for_strangers: Container[str],
                 failed: Callable[[str, Exception], None]) -> None:  # fmt: skip
        self._methods = methods
        self._peer = peer
        self._for_strangers = for_strangers
        self._failed = failed
        self._running = 0

    def begin(self, call: Call, nursery: trio.Nursery) -> None:
        if self._running >= limits.HANDLERS:
            call.finish(Status.RESOURCE_EXHAUSTED, "too many calls that were given up have not come to their end")
            return
        self._running += 1
        nursery.start_soon(self._run, call)

    async def _run(self, call: Call) -> None:
        path, seconds = (call.request.path, call.request.timeout) if call.request else ("", 0.0)
        status, message = Status.OK, ""
        try:
            handler = self._handler(path)
            with call.scope as scope:
                scope.deadline = trio.current_time() + seconds
                await handler(call, self._peer)
            if scope.cancelled_caught:
                status, message = Status.DEADLINE_EXCEEDED, "the deadline is over"
        except CallError as error:
            status, message = error.status, error.message
        except Exception as error:
            status, message = Status.INTERNAL, "the server failed; its log says how"
            self._failed(path, error)
        finally:
            self._running -= 1
        call.finish(status, message)

    def _handler(self, path: str) -> Handler:
        if isinstance(self._peer, CallError):
            raise CallError(self._peer.status, self._peer.message)
        if self._peer is None and path not in self._for_strangers:
            raise CallError(Status.UNAUTHENTICATED, "show a certificate: enrol first")
        if (handler := self._methods.get(path)) is None:
            raise CallError(Status.UNIMPLEMENTED, "no such method")
        return handler
