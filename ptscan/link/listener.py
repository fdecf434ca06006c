"""A port that is listened at: a place first, a handshake then, and a reason for who fails it. I/O."""

import select
import socket
import ssl
from typing import Final, TypeAlias

import trio

from ptscan.link import limits
from ptscan.link.secure import SecureStream

_RECORD_HEAD_OCTETS: Final = 5
_HANDSHAKE: Final = 22
"""The first octet of a record (RFC 8446 section 5.1)."""

Transport: TypeAlias = trio.SocketStream | SecureStream


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


async def hello_came(stream: trio.SocketStream) -> bool:
    """Wait until the first record of a TLS handshake is there in whole, or what can't be one; False for the end.

    Until then a connection costs a socket and a task; what TLS keeps of one is many times that. Nothing is taken out of
    the socket, and where it can't be told to wait for so many octets (SO_RCVLOWAT) TLS waits for the rest.
    """
    raw = stream.socket
    wanted = _RECORD_HEAD_OCTETS
    while True:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
        await trio.lowlevel.wait_readable(raw)
        there = await raw.recv(wanted, socket.MSG_PEEK)
        if len(there) < wanted and _has_ended(raw):
            return False
        if len(there) < wanted or wanted > _RECORD_HEAD_OCTETS or there[0] != _HANDSHAKE:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return True
        wanted += min(int.from_bytes(there[3:5]), limits.RECORD_OCTETS) or 1


def _has_ended(raw: trio.socket.SocketType) -> bool:
    """Whether the peer sends no more, though not all that it sent may have been read."""
    ends = select.POLLRDHUP | select.POLLHUP | select.POLLERR
    poll = select.poll()
    poll.register(raw, ends)
    return bool(poll.poll(0))


def address_of(stream: trio.SocketStream) -> str:
    """The peer's address; empty where it is gone already."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""


async def tell_why(transport: SecureStream) -> None:
    """Send the alert of a handshake that failed, and see it taken."""
    raw = transport.transport_stream
    with trio.move_on_after(limits.GOODBYE_SECONDS):
        try:
            await transport.send_alert()
            await raw.send_eof()
            while await raw.receive_some(
                4096
            ):  # what is closed unread resets the connection, and takes the alert along
                pass
        except (trio.BrokenResourceError, OSError):
            return
