"""The serving end: connections that are accepted, and a task for each call. I/O.

One connection can never end another: what its peer does, and what a handler of ours gets wrong, ends that connection or
that call, is counted and told to ``report``, and goes no further. Only cancellation passes.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
import trio

from ptscan.link import limits
from ptscan.link.connection import Connection, Side
from ptscan.link.driver import Call, Driver
from ptscan.link.status import CallError, Status

Peer: TypeAlias = object
"""Who is at the other end, as ``identify`` says: what a handler is told and nothing else."""
Handler: TypeAlias = Callable[[Call, Peer], Awaitable[None]]
Listener: TypeAlias = trio.SocketListener | trio.SSLListener[trio.SocketStream]
Transport: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong on one connection, for a log: ``kind`` is stable, ``text`` for people."""

    kind: str
    address: str
    text: str
    error: BaseException | None = None


Identify: TypeAlias = Callable[[Transport], Peer]
Report: TypeAlias = Callable[[Trouble], None]


async def run_server(
    listeners: Sequence[Listener],
    methods: Mapping[str, Handler],
    *,
    identify: Identify,
    report: Report,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``methods`` (path -> handler) until cancelled, which ends every call at once.

    ``identify`` looks at a connection after its handshake; a CallError that it raises is what every call on it gets.
    """
    server = _Server(methods, identify, report)
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(server.accept, listener)
        task_status.started()


class _Server:
    def __init__(self, methods: Mapping[str, Handler], identify: Identify, report: Report) -> None:
        self._methods = methods
        self._identify = identify
        self._report = report
        self._per_address: Counter[str] = Counter()

    async def accept(self, listener: Listener) -> None:
        async with trio.open_nursery() as nursery:
            await trio.serve_listeners(self._connected, [listener], handler_nursery=nursery)

    async def _connected(self, transport: Transport) -> None:
        address = _address_of(transport)
        if self._per_address.total() >= limits.CONNECTIONS or (
            self._per_address[address] >= limits.CONNECTIONS_PER_ADDRESS
        ):
            self._report(Trouble("too-many-connections", address, "one more connection than are taken"))
            await trio.aclose_forcefully(transport)
            return
        self._per_address[address] += 1
        try:
            await self._serve(transport, address)
        except* Exception as group:
            self._report(Trouble("connection-failed", address, "an error ended the connection", group))
        finally:
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]

    async def _serve(self, transport: Transport, address: str) -> None:
        with trio.move_on_after(limits.HANDSHAKE_SECONDS) as handshake:
            try:
                if isinstance(transport, trio.SSLStream):
                    await transport.do_handshake()
            except (trio.BrokenResourceError, OSError) as error:
                self._report(Trouble("handshake-failed", address, str(error.__cause__ or error)))
                await trio.aclose_forcefully(transport)
                return
        if handshake.cancelled_caught:
            self._report(Trouble("handshake-timeout", address, "no TLS handshake came"))
            await trio.aclose_forcefully(transport)
            return
        try:
            peer: Peer | CallError = self._identify(transport)
        except CallError as error:
            peer = error
        async with trio.open_nursery() as nursery:
            core = Connection(Side.SERVER, now=trio.current_time())
            driver = Driver(transport, core, serve=lambda call: nursery.start_soon(self._call, call, peer, address))
            await driver.run()
            if driver.closed_because:
                self._report(Trouble("connection-ended", address, driver.closed_because))
            nursery.cancel_scope.cancel()

    async def _call(self, call: Call, peer: Peer | CallError, address: str) -> None:
        request = call.request
        if request is None:
            return
        handler = self._methods.get(request.path)
        status, message = Status.OK, ""
        try:
            if handler is None:
                raise CallError(Status.UNIMPLEMENTED, f"no method {request.path}")
            if isinstance(peer, CallError):
                raise peer
            with trio.fail_after(request.timeout):
                await handler(call, peer)
        except CallError as error:
            status, message = error.status, error.message
        except trio.TooSlowError:
            status, message = Status.DEADLINE_EXCEEDED, "the deadline is over"
        except Exception as error:
            status, message = Status.INTERNAL, "the server failed; its log says how"
            self._report(Trouble("call-failed", address, request.path, error))
        call.finish(status, message)


def _address_of(transport: Transport) -> str:
    socket = transport.transport_stream.socket if isinstance(transport, trio.SSLStream) else transport.socket
    try:
        return str(socket.getpeername()[0])
    except OSError:
        return ""
