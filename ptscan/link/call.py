"""One call, from either end: messages that come, messages that go, and how it ends. I/O."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import trio

from ptscan.link import limits
from ptscan.link.framing import frame
from ptscan.link.headers import Request
from ptscan.link.status import CallError, Status

if TYPE_CHECKING:
    from ptscan.link.driver import Driver


Translate: TypeAlias = Callable[[bytes], bytes]


def _as_it_is(message: bytes) -> bytes:
    return message


class Call:
    """One call, from either end. Every coroutine is a checkpoint, and what it raises for a peer is CallError."""

    def __init__(self, driver: "Driver", stream: int, request: Request | None = None) -> None:
        self._driver = driver
        self._stream = stream
        self._messages: deque[tuple[bytes, int]] = deque()
        self._changed = trio.Event()
        self._sending = trio.StrictFIFOLock()
        self._hear: Translate = _as_it_is
        self._say: Translate = _as_it_is
        self._ended: tuple[Status, str] | None = None
        self._peer_ended = False
        self.scope = trio.CancelScope()
        """What serves the call runs in it: it is cancelled when the client gives the call up (server side)."""
        self.request = request
        """What the client asked for (server side)."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be sent; messages that came before may still be there to be received."""
        return self._ended is not None

    @property
    def outcome(self) -> tuple[Status, str] | None:
        """How it ended, None while it goes on; by the link itself, where what the peer sent can't be taken."""
        return self._ended

    @property
    def draining(self) -> trio.Event:
        """Set when the connection takes no new calls: a call that could go on for ever should end soon."""
        return self._driver.draining

    def translate(self, hear: Translate, say: Translate) -> None:
        """Have each message that comes and that goes translated; a CallError of theirs is raised where it was asked."""
        self._hear, self._say = hear, say

    async def send(self, message: bytes, *, compress: bool = False) -> None:
        """Send a message, and wait until it and all before it have gone out but for UNSENT_STREAM_OCTETS.

        Raises CallError where the call is over; behind an early OK a message goes nowhere, and ``receive`` tells so.
        Cancelled, the message goes out whole or not at all, as long as the call goes on.
        """
        message = self._say(message)
        if len(message) > limits.MESSAGE_OCTETS:
            text = f"a message of {len(message)} octets; at most {limits.MESSAGE_OCTETS} are sent"
            raise CallError(Status.RESOURCE_EXHAUSTED, text)
        async with self._sending:
            await self._room()
            framed = await self._framed(message, compress=compress)
            if self._ended is None:
                self._driver.core.send_framed(self._stream, framed, trio.current_time())
                self._driver.flush()
                await self._room()
        if self._ended is not None and self._ended[0] is not Status.OK:
            raise CallError(*self._ended)

    async def _framed(self, message: bytes, *, compress: bool) -> tuple[bytes, bytes]:
        """What goes out for a message; cancelled, a thread that packs comes to its end first."""
        work = partial(frame, message, compress=compress and self._driver.core.sends_gzip(self._stream))
        if compress and len(message) > limits.PACKED_AT_ONCE_OCTETS:
            return await trio.to_thread.run_sync(work, limiter=self._driver.packers)
        return work()

    async def _room(self) -> None:
        while self._ended is None and self._driver.core.unsent(self._stream) >= limits.UNSENT_STREAM_OCTETS:
            await self._changed.wait()

    async def ready(self) -> None:
        """Wait until ``receive`` would wait no more; nothing is taken, and the peer's window stays shut."""
        await trio.lowlevel.checkpoint()
        while not (self._messages or self._ended or self._peer_ended):
            await self._changed.wait()

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
            await self._changed.wait()
        message, octets = self._messages.popleft()
        self._driver.core.credit(self._stream, octets)
        self._driver.flush()
        return self._hear(message)

    async def alone(self) -> bytes | None:
        """The one message that the peer sends, taken once it sends no more; None where it sends none or several.

        Until then it counts as held, and its peer can make us hold no more than that. Raises CallError as ``receive``.
        """
        await trio.lowlevel.checkpoint()
        while not (self._peer_ended or self._ended or len(self._messages) > 1):
            await self._changed.wait()
        message = await self.receive() if len(self._messages) < 2 else None
        return message if message is None or await self.receive() is None else None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if (message := await self.receive()) is None:
            raise StopAsyncIteration
        return message

    def end(self) -> None:
        """Say that nothing more will be sent (client side)."""
        self._driver.core.end(self._stream, trio.current_time())
        self._driver.flush()

    def finish(self, status: Status, message: str = "") -> None:
        """End the call by its status, behind what is still to be sent (server side); once it is over, do nothing."""
        if self._ended is None:
            self._ended = status, message
            self._driver.finish(self._stream, status, message)
            self._notify()

    def cancel(self, status: Status = Status.CANCELLED, message: str = "given up") -> None:
        """Give the call up at once; once it is over, do nothing."""
        self._driver.core.cancel(self._stream, status, message, trio.current_time())
        self._driver.flush()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    # What the driver tells.

    def arrived(self, message: bytes, octets: int) -> None:
        """A message came."""
        self._messages.append((message, octets))
        self._notify()

    def peer_ended(self) -> None:
        """The peer sends no more."""
        self._peer_ended = True
        self._notify()

    def writable(self) -> None:
        """Of what waited enough has gone out."""
        self._notify()

    def over(self, status: Status, message: str) -> None:
        """The call was ended by the peer, or with the connection."""
        self._ended = status, message
        if self.request is not None:
            self._messages.clear()  # who served it is cancelled, and takes none of them
        self.scope.cancel()
        self._notify()
