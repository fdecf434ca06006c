"""A port that is listened at: a place first, a handshake then, and a reason for who fails it. I/O."""

import ssl
from typing import TypeAlias

import trio

from ptscan.link import limits

Transport: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class Listener:
    """A port that is listened at; TLS begins when a connection has found its place, so that a crowd costs little."""

    def __init__(self, transport: trio.SocketListener, ssl_context: ssl.SSLContext | None = None) -> None:
        """``ssl_context`` may be replaced at any time, for what comes then; without one there is no TLS."""
        self.transport = transport
        self.ssl_context = ssl_context

    @property
    def port(self) -> int:
        """Its number."""
        return int(self.transport.socket.getsockname()[1])

    async def aclose(self) -> None:
        """Stop listening."""
        await self.transport.aclose()


async def open_listeners(host: str, port: int, ssl_context: ssl.SSLContext) -> list[Listener]:
    """Listen for TLS on every address of ``host``; raises OSError where that can't be."""
    return [Listener(opened, ssl_context) for opened in await trio.open_tcp_listeners(port, host=host)]


def secured(stream: trio.SocketStream, ssl_context: ssl.SSLContext | None) -> Transport:
    """What is to shake hands, where there is TLS; no octet goes yet."""
    return trio.SSLStream(stream, ssl_context, server_side=True, https_compatible=True) if ssl_context else stream


def address_of(stream: trio.SocketStream) -> str:
    """The peer's address; empty where it is gone already."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""


async def tell_why(transport: trio.SSLStream[trio.SocketStream]) -> None:
    """Send the alert of a handshake that failed, which Trio 0.35 leaves where OpenSSL wrote it, and see it taken."""
    alert = getattr(transport, "_outgoing", None)
    raw = transport.transport_stream
    with trio.move_on_after(limits.GOODBYE_SECONDS):
        try:
            await raw.send_all(alert.read() if isinstance(alert, ssl.MemoryBIO) else b"")
            await raw.send_eof()
            while await raw.receive_some(
                4096
            ):  # what is closed unread resets the connection, and takes the alert along
                pass
        except (trio.BrokenResourceError, OSError):
            return
