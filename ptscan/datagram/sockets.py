"""Opens a UDP socket for sweeps, with the largest buffers it may have, and chooses how it is served; does I/O."""

import errno
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import trio

from ptscan.datagram.datagrams import Datagrams
from ptscan.datagram.errors import SocketError
from ptscan.datagram.limits import RECEIVE_BUFFER, SEND_BUFFER
from ptscan.datagram.plain import PlainDatagrams

_LINUX: Final = sys.platform == "linux"
_SO_SNDBUFFORCE: Final = 32  # asm-generic/socket.h; the socket module does not name these two
_SO_RCVBUFFORCE: Final = 33


@asynccontextmanager
async def open_datagrams(
    family: socket.AddressFamily,
    *,
    receive_buffer: int = RECEIVE_BUFFER,
    send_buffer: int = SEND_BUFFER,
    batched: bool | None = None,
) -> AsyncIterator[Datagrams]:
    """Open one UDP socket of ``family``, with kernel buffers of as many octets as the system grants.

    ``batched``: whether one system call shall move many datagrams; None: where the system can. Raises SocketError,
    also where ``batched`` is True and the system cannot. Leaving the block closes the socket.
    """
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise SocketError(_family_name(family), error) from error
    with sock:
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(("", 0))
            _enlarge(sock, _SO_RCVBUFFORCE, socket.SO_RCVBUF, receive_buffer)
            _enlarge(sock, _SO_SNDBUFFORCE, socket.SO_SNDBUF, send_buffer)
            datagrams = _serve(sock, batched)
        except OSError as error:
            raise SocketError(_family_name(family), error) from error
        try:
            yield datagrams
        finally:
            trio.lowlevel.notify_closing(sock)


def _serve(sock: socket.socket, batched: bool | None) -> Datagrams:
    """Choose the implementation; raises OSError where ``batched`` asks for what the system cannot do."""
    if batched is not False:
        datagrams = _in_batches(sock)
        if datagrams is not None:
            return datagrams
        if batched:
            raise OSError(errno.ENOSYS, "batched system calls are not to be had")
    return PlainDatagrams(sock)


def _in_batches(sock: socket.socket) -> Datagrams | None:
    if not _LINUX:  # others have no such calls, or other shapes of what they take
        return None
    try:
        from ptscan.datagram.batched import BatchedDatagrams  # brings ctypes, which plain sockets need not

        return BatchedDatagrams(sock)
    except (ImportError, OSError):
        return None


def _enlarge(sock: socket.socket, forced: int, polite: int, size: int) -> None:
    """Ask for a buffer beyond the system's limit, which takes a privilege on Linux, else up to the limit."""
    for option in (forced, polite) if _LINUX else (polite,):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, size)
        except OSError:
            continue
        return


def _family_name(family: socket.AddressFamily) -> str:
    return "IPv6" if family == socket.AF_INET6 else "IPv4"
