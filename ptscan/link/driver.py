"""A connection on a Trio stream: one task reads, one writes and keeps the time, each call waits for its own. I/O."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

import trio

from ptscan.link import limits
from ptscan.link.connection import Connection
from ptscan.link.events import CallEnded, CallStarted, Closed, Draining, MessageReceived, PeerEnded, Writable
from ptscan.link.headers import Request
from ptscan.link.status import CallError, Status

_READ_OCTETS: Final = 64 << 10


class Call:
    """One call, from either end. Every coroutine is a checkpoint; a call that is cancelled is given up at once."""

    def __init__(self, driver: "Driver", stream: int, request: Request | None = None) -> None:
        self._driver = driver
        self._stream = stream
        self._messages: deque[tuple[bytes, int]] = deque()
        self._changed = trio.Event()
        self._ended: tuple[Status, str] | None = None
        self._peer_ended = False
        self.request = request
        """What the client asked for (server side)."""

    async def send(self, message: bytes, *, compress: bool = False) -> None:
        """Send a message, once what was sent before has gone out but for UNSENT_STREAM_OCTETS.

        Raises CallError where the call is over.
        """
        await trio.lowlevel.checkpoint()
        while True:
            if self._ended is not None:
                raise CallError(*self._ended)
            if self._driver.core.unsent(self._stream) < limits.UNSENT_STREAM_OCTETS:
                break
            await self._change()
        self._driver.core.send(self._stream, message, trio.current_time(), compress=compress)
        self._driver.flush()

    async def receive(self) -> bytes | None:
        """The next message, or None where the peer sends no more.

        Raises CallError for a call that ended otherwise than OK, behind its last message.
        """
        await trio.lowlevel.checkpoint()
        while not self._messages:
            if self._ended is not None:
                if self._ended[0] is Status.OK:
                    return None
                raise CallError(*self._ended)
            if self._peer_ended:
                return None
            await self._change()
        message, octets = self._messages.popleft()
        self._driver.core.credit(self._stream, octets)
        self._driver.flush()
        return message

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._all()

    async def _all(self) -> AsyncIterator[bytes]:
        while (message := await self.receive()) is not None:
            yield message

    def end(self) -> None:
        """Say that nothing more will be sent (client side)."""
        self._driver.core.end(self._stream, trio.current_time())
        self._driver.flush()

    def finish(self, status: Status, message: str = "") -> None:
        """End the call by its status (server side)."""
        self._driver.core.finish(self._stream, status, message, trio.current_time())
        self._driver.flush()

    def cancel(self, status: Status = Status.CANCELLED, message: str = "given up") -> None:
        """Give the call up."""
        self._driver.core.cancel(self._stream, status, message, trio.current_time())
        self._driver.flush()

    async def _change(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


Handler = Callable[[Call], None]
"""What begins to serve a call."""


class Driver:
    """Runs one connection; ``serve`` is called with each call that the peer begins."""

    def __init__(self, stream: trio.abc.Stream, core: Connection, *, serve: Handler | None = None) -> None:
        self.core = core
        self._stream = stream
        self._serve = serve
        self._calls: dict[int, Call] = {}
        self._wake = trio.Event()
        self.draining = trio.Event()
        """Set when no new call can begin."""
        self.closed_because: str | None = None

    async def run(self) -> None:
        """Run until the connection is over; cancelled, it is closed at once. Raises nothing for what a peer does."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, nursery.cancel_scope)
                await self._write()
                nursery.cancel_scope.cancel()
        finally:
            self.core.close("")
            self._dispatch()
            with trio.move_on_after(limits.SEND_SECONDS if self.closed_because == "" else 0, shield=True):
                try:
                    await self._stream.aclose()
                except (trio.BrokenResourceError, OSError):
                    pass

    def begin(self, path: str, *, timeout: float | None, metadata: dict[str, str] | None = None) -> Call:
        """Begin a call (client side); raises CallError where there can be none now."""
        if not self.core.can_call():
            raise CallError(Status.UNAVAILABLE, "the connection takes no more calls")
        stream = self.core.start_call(path, timeout=timeout, metadata=metadata)
        call = self._calls[stream] = Call(self, stream)
        self.flush()
        return call

    def flush(self) -> None:
        """Have what is to be sent sent, and tell what happened."""
        self._dispatch()
        self._wake.set()

    def drain(self) -> None:
        """Take no new calls, and end with the last of those that are open."""
        self.core.drain(trio.current_time())
        self.flush()

    async def _read(self, scope: trio.CancelScope) -> None:
        while not self.core.is_closed:
            try:
                data = await self._stream.receive_some(_READ_OCTETS)
            except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
                data = b""
            if data:
                self.core.receive(bytes(data), trio.current_time())
            else:
                self.core.receive_end()
            self.flush()

    async def _write(self) -> None:
        while True:
            self._wake = trio.Event()
            data = self.core.data_to_send()
            self._dispatch()
            if data:
                with trio.move_on_after(limits.SEND_SECONDS) as scope:
                    try:
                        await self._stream.send_all(data)
                    except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
                        self.core.receive_end()
                if scope.cancelled_caught:
                    self.core.close("the peer takes nothing")
                    return
            elif self.core.is_closed:
                return
            else:
                with trio.move_on_at(self.core.next_deadline()) as timer:
                    await self._wake.wait()
                if timer.cancelled_caught:
                    self.core.tick(trio.current_time())

    def _dispatch(self) -> None:
        while (event := self.core.next_event()) is not None:
            match event:
                case CallStarted(stream=stream, request=request):
                    call = self._calls[stream] = Call(self, stream, request)
                    if self._serve is not None:
                        self._serve(call)
                case MessageReceived(stream=stream, message=message, octets=octets):
                    if (call_of := self._calls.get(stream)) is not None:
                        call_of._messages.append((message, octets))
                        call_of._notify()
                case PeerEnded(stream=stream):
                    if (call_of := self._calls.get(stream)) is not None:
                        call_of._peer_ended = True
                        call_of._notify()
                case CallEnded(stream=stream, status=status, message=said):
                    if (call_of := self._calls.pop(stream, None)) is not None:
                        call_of._ended = status, said
                        call_of._notify()
                case Writable(stream=stream):
                    if (call_of := self._calls.get(stream)) is not None:
                        call_of._notify()
                case Draining():
                    self.draining.set()
                case Closed(reason=reason):
                    self.closed_because = reason
                    self.draining.set()
