"""TLS over a socket: many records a turn, each way. I/O.

Trio's own SSLStream gives one record of at most 16 KiB a call and goes through the scheduler for each, and says nothing
of how much of a piece has gone out; here whatever has come is taken at once, a long piece goes out by one call of the
system, and ``progress`` tells of each part of it that the system took.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import trio

_RECORD_OCTETS: Final = 16 << 10
_READ_OCTETS: Final = 128 << 10
"""What is taken of the socket, and given, at a time."""


class SecureStream(trio.abc.Stream):
    """One end of a TLS connection. What TLS finds wrong is BrokenResourceError, with the SSLError as its cause.

    The end of the socket is an end, with TLS's farewell or without: what runs above says by itself what is whole.
    """

    def __init__(self, transport_stream: trio.SocketStream, ssl_context: ssl.SSLContext, *, server_side: bool = False,
                 server_hostname: str | None = None) -> None:  # fmt: skip
        self.transport_stream = transport_stream
        self.progress: Callable[[int], None] | None = None
        """Told how many octets the system took, records' heads and all."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = ssl_context.wrap_bio(self._incoming, self._outgoing, server_side=server_side,
                                         server_hostname=server_hostname)  # fmt: skip
        self._sending = trio.Lock()  # records go out in the order in which they were made
        self._is_torn = False
        self._failed: ssl.SSLError | None = None

    async def do_handshake(self) -> None:
        """Shake hands; what was written is sent, but for the alert of a handshake that failed: see ``send_alert``."""
        is_done = False
        while not is_done:
            try:
                self._tls.do_handshake()
                is_done = True
            except ssl.SSLWantReadError:
                pass  # a socket that breaks from here on is no fault of TLS, and must not be told as its consequence
            except ssl.SSLError as error:
                raise trio.BrokenResourceError from error
            await self._flush()
            if not is_done:
                await self._refill()

    def selected_alpn_protocol(self) -> str | None:
        """What both ends agreed to speak."""
        return self._tls.selected_alpn_protocol()

    def version(self) -> str | None:
        """The version of TLS that was agreed on."""
        return self._tls.version()

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The peer's certificate, as ssl gives it."""
        return self._tls.getpeercert(binary_form)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has come, of as many records as it may be; nothing at the end."""
        most = max_bytes or _READ_OCTETS
        while True:
            data = self._read(most)
            if (
                self._outgoing.pending
            ):  # TLS answers by itself, say with a new key; whoever sends learns what came of it
                with suppress(trio.BrokenResourceError):
                    await self._flush()
            if data is not None:
                await trio.lowlevel.checkpoint()
                return data
            await self._refill()

    def _read(self, most: int) -> bytes | None:
        """Whatever is there, None for nothing yet."""
        if self._failed is not None:
            raise trio.BrokenResourceError from self._failed
        found: list[bytes] = []
        while most > 0:
            try:
                piece = self._tls.read(min(most, _RECORD_OCTETS))
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                if not (isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING"):
                    self._failed = error
                    if found:
                        break
                    raise trio.BrokenResourceError from error
                piece = b""
            if not piece:
                return b"".join(found)
            found.append(piece)
            most -= len(piece)
        return b"".join(found) if found else None

    async def _refill(self) -> None:
        if came := await self.transport_stream.receive_some(_READ_OCTETS):
            self._incoming.write(came)
        else:
            self._incoming.write_eof()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; cancelled, nothing can be sent any more, for half a record may be out."""
        async with self._sending:
            with memoryview(data) as view:
                sent = 0
                try:
                    while sent < len(view):
                        sent += self._tls.write(view[sent:])
                except ssl.SSLError as error:
                    raise trio.BrokenResourceError from error
            await self._drain()

    async def send_alert(self) -> None:
        """Send what says why a handshake failed."""
        await self._flush()

    async def _flush(self) -> None:
        async with self._sending:
            await self._drain()

    async def _drain(self) -> None:
        if self._is_torn:
            raise trio.BrokenResourceError("a record was cut short")
        self._is_torn = True
        with memoryview(self._outgoing.read()) as view:
            sent = 0
            while sent < len(view):
                try:
                    count = await self.transport_stream.socket.send(view[sent:])
                except OSError as error:
                    raise trio.BrokenResourceError(f"the connection is broken: {error}") from error
                sent += count
                if self.progress is not None:
                    self.progress(count)
        self._is_torn = False

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the system takes something."""
        await self.transport_stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the socket, without TLS's farewell."""
        await self.transport_stream.aclose()
