"""A connection on a Trio stream: one task reads, one writes, one keeps the time; each call waits for its own. I/O."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Final, TypeAlias

import trio

from ptscan.link import limits
from ptscan.link.call import Call
from ptscan.link.connection import Connection
from ptscan.link.events import CallEnded, CallStarted, Closed, Draining, MessageReceived, PageAsked, PeerEnded, Writable
from ptscan.link.secure import SecureStream
from ptscan.link.status import CallError, Status

_READ_OCTETS: Final = 128 << 10
_PIECE_OCTETS: Final = 16 << 10
"""What has SEND_SECONDS to go out, whatever is handed to the transport at once: a slow line is no dead one."""
_LOST: Final = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


Serve: TypeAlias = Callable[[Call], None]
"""What begins to serve a call; it does not wait."""
Page: TypeAlias = Callable[[], tuple[int, bytes]]
"""The HTTP status and text of a page, as they are now; it does not wait."""


class Driver:
    """Runs one connection; ``serve`` is called with each call that the peer begins, ``pages`` with what it looks at."""

    def __init__(self, stream: trio.abc.Stream, core: Connection, *, serve: Serve | None = None,
                 pages: Mapping[str, Page] | None = None,
                 packers: trio.CapacityLimiter | None = None) -> None:  # fmt: skip
        """``packers`` are the threads that pack long messages, shared with other connections."""
        self.core = core
        self.packers = packers or trio.CapacityLimiter(limits.PACKERS)
        self._stream = stream
        self._serve = serve
        self._pages = pages or {}
        self._tells = isinstance(stream, SecureStream)
        if isinstance(stream, SecureStream):
            stream.progress = self._progressed
        self._calls: dict[int, Call] = {}
        self._wake = trio.Event()
        self._sooner = trio.Event()
        self._due = inf
        self._room = trio.lowlevel.ParkingLot()
        self._writing = trio.CancelScope()
        self._piece = trio.CancelScope()
        self._gone = 0
        self._is_sending = False
        self.heard = trio.Event()
        """Set when the peer has said something."""
        self.draining = trio.Event()
        """Set when no new call can begin."""
        self.closed_because: str | None = None
        """Why the connection is over; empty where it was meant, None while it stands."""
        self.broken_by: Exception | None = None
        """What the transport raised, where that ended the connection."""

    @property
    def calls(self) -> int:
        """How many calls are known here; those that end by themselves are not."""
        return len(self._calls)

    async def run(self) -> None:
        """Run until the connection is over; cancelled, it is closed at once. Raises nothing for what a peer does.

        When it returns every call is over and the transport is closed.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read)
                nursery.start_soon(self._keep_time)
                with self._writing:
                    await self._write()
                self.core.close("the peer takes nothing")  # unless it is closed already
                nursery.cancel_scope.cancel()
        finally:
            self.core.close("")
            self._dispatch()
            await self._part()

    def begin(self, path: str, *, timeout: float | None = None, metadata: dict[str, str] | None = None) -> Call:
        """Begin a call (client side); raises CallError where there can be none now."""
        if not self.core.can_call():
            raise CallError(Status.UNAVAILABLE, "the connection takes no more calls")
        stream = self.core.start_call(path, timeout=timeout, metadata=metadata)
        call = self._calls[stream] = Call(self, stream)
        self.flush()
        return call

    async def room(self) -> bool:
        """Wait until a call can begin (client side); False where none ever will."""
        await trio.lowlevel.checkpoint()
        while not self.core.can_call():
            if self.core.is_draining:
                return False
            await self._room.park()
        return True

    def finish(self, stream: int, status: Status, message: str) -> None:
        """End a call by its status and forget it (server side): what becomes of it is the core's."""
        self._calls.pop(stream, None)
        self.core.finish(stream, status, message, trio.current_time())
        self.flush()

    def flush(self) -> None:
        """Have what is to be sent sent, tell what happened, and see to the time.

        The writer is not woken for nothing: most of what is read asks for no answer.
        """
        self._dispatch()
        if self.core.has_data() or self.core.is_closed:
            self._wake.set()
        if self.core.next_deadline() < self._due:
            self._sooner.set()

    def drain(self) -> None:
        """Take no new calls, and end with the last of those that are open, or after DRAIN_SECONDS."""
        self.core.drain(trio.current_time())
        self.draining.set()
        self.flush()

    def close(self, reason: str) -> None:
        """End the connection and every call on it."""
        self.core.close(reason)
        self.flush()

    async def _read(self) -> None:
        while not self.core.is_closed:
            try:
                data = await self._stream.receive_some(_READ_OCTETS)
            except _LOST as error:
                self.broken_by = error
                data = b""
            if data:
                self.core.receive(data if isinstance(data, bytes) else bytes(data), trio.current_time())
                self.heard.set()
            else:
                self.core.receive_end()
            self.flush()

    async def _keep_time(self) -> None:
        while not self.core.is_closed:
            self._sooner = trio.Event()
            self._due = self.core.next_deadline()
            with trio.move_on_at(self._due) as timer:
                await self._sooner.wait()
            if timer.cancelled_caught:
                self.core.tick(trio.current_time())
                self.flush()

    async def _write(self) -> None:
        while True:
            self._wake = trio.Event()
            data = self.core.data_to_send()
            self._dispatch()
            if data:
                if not await self._sent(memoryview(data)):
                    return
            elif self.core.is_closed:
                return
            else:
                await self._wake.wait()

    async def _sent(self, data: memoryview) -> bool:
        """Whether the transport took all of it, each piece in time.

        TLS is given all at once, for one call of the system costs as much as sixteen kilooctets do, and tells of each
        piece that is gone.
        """
        at_once = len(data) if self._tells else _PIECE_OCTETS
        with trio.move_on_after(limits.SEND_SECONDS) as self._piece:
            try:
                for start in range(0, len(data), at_once):
                    self._is_sending = True
                    await self._stream.send_all(data[start : start + at_once])
                    self._is_sending = False
                    self._went_out()
            except _LOST as error:
                self.broken_by = self.broken_by or error
                self.core.receive_end()
                self._dispatch()
                return False
        return not self._piece.cancelled_caught

    def _progressed(self, octets: int) -> None:
        self._gone += octets
        if self._gone >= _PIECE_OCTETS:
            self._went_out()

    def _went_out(self) -> None:
        """A piece is gone: the next one has its own time."""
        now = trio.current_time()
        self._gone = 0
        self._piece.deadline = now + limits.SEND_SECONDS
        self.core.went_out(now)

    async def _part(self) -> None:
        """Say goodbye where the transport still takes it, and close it whatever happens."""
        try:
            with trio.move_on_after(limits.GOODBYE_SECONDS, shield=True):
                if not self._is_sending:  # else half a record is out, and nothing can follow it
                    if data := self.core.data_to_send():
                        await self._stream.send_all(data)
                    await self._stream.aclose()
        except _LOST:
            pass
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self._stream)

    def _dispatch(self) -> None:
        while (event := self.core.next_event()) is not None:
            match event:
                case CallStarted(stream=stream, request=request):
                    call = self._calls[stream] = Call(self, stream, request)
                    if self._serve is not None:
                        self._serve(call)
                case MessageReceived(stream=stream, message=message, octets=octets):
                    if known := self._calls.get(stream):
                        known.arrived(message, octets)
                case PeerEnded(stream=stream):
                    if known := self._calls.get(stream):
                        known.peer_ended()
                case CallEnded(stream=stream, status=status, message=said):
                    if known := self._calls.pop(stream, None):
                        known.over(status, said)
                    self._room.unpark_all()
                case Writable(stream=stream):
                    if known := self._calls.get(stream):
                        known.writable()
                case PageAsked(stream=stream, path=path):
                    code, body = self._pages[path]()
                    self.core.answer(stream, code, body, trio.current_time())
                case Draining():
                    self.draining.set()
                    self._room.unpark_all()
                case Closed(reason=reason):
                    self.closed_because = reason
                    self._writing.deadline = min(self._writing.deadline, trio.current_time() + limits.GOODBYE_SECONDS)
                    self.draining.set()
                    self._room.unpark_all()
