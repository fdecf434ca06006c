"""One UDP socket that probes thousands of hosts, by plain system calls, one a datagram; does I/O."""

import errno
import socket
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import trio

from ptscan.datagram.errors import SocketError
from ptscan.datagram.limits import BUFFERS_PAUSE, MAX_ANSWER, RECEIVE_BATCH, RECEIVE_BUFFER, SEND_BUFFER

_LINUX: Final = sys.platform == "linux"
_SO_SNDBUFFORCE: Final = 32  # asm-generic/socket.h; the socket module does not name these three
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
_MEMINFO_DROPS: Final = 8  # SK_MEMINFO_DROPS, linux/sock_diag.h

_IP_RECVERR: Final = 11  # linux/in.h, linux/in6.h
_IPV6_RECVERR: Final = 25
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h

_NO_BUFFERS: Final = frozenset({errno.ENOBUFS, errno.ENOMEM})
_STALE_ERRORS: Final = 8  # errors of earlier datagrams that one call may report before its own outcome
_LOW_128_BITS: Final = (1 << 128) - 1


@dataclass(frozen=True, slots=True)
class Stencil:
    """A datagram that goes to many hosts and differs in four octets at ``offset`` only: each host's stamp."""

    octets: bytes
    offset: int


class Received(NamedTuple):
    """Datagrams that came in, as columns of one length: the octets and whence, an address as the family's number."""

    payloads: list[bytes]
    sources: list[int]
    ports: list[int]


class Fault(NamedTuple):
    """A datagram that the system refused to send: its place in the batch and the errno."""

    place: int
    code: int


class Unreachable(NamedTuple):
    """The network's word (ICMP) that a datagram did not arrive: how it began, whither it went, and the errno."""

    payload: bytes
    destination: int
    code: int


class Sent(NamedTuple):
    """What became of a batch: the first ``done`` datagrams left, but for ``faults``; ``full``: the rest has to wait."""

    done: int
    faults: Sequence[Fault]
    full: bool


class Datagrams:
    """A UDP socket for sweeps; made by :func:`open_datagrams`.

    An address is the family's number (32 or 128 bits; higher bits are ignored), so that a batch is two columns of
    integers, addresses and stamps, and no object per host. Broadcast stays off: the system itself refuses to send
    to an attached network's broadcast address.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._is_ipv4 = sock.family == socket.AF_INET
        self._no_buffers = False
        self._told_of_errors = _LINUX and _ask_for_errors(sock)

    def send_batch(self, stencil: Stencil, stamps: Sequence[int], addresses: Sequence[int], *, port: int) -> Sent:
        """Send ``stencil`` with each of ``stamps`` to the address beside it, at ``port``; never blocks.

        What the system refuses for one host alone is a fault of that datagram and the batch goes on; when its
        buffers are full the batch ends early, and :meth:`wait_writable` waits for room.
        """
        head, tail = stencil.octets[: stencil.offset], stencil.octets[stencil.offset + 4 :]
        send = self._socket.sendto
        as_text = self._as_text
        faults: list[Fault] = []
        place = -1
        for place, (stamp, address) in enumerate(zip(stamps, addresses, strict=True)):
            try:
                send(head + stamp.to_bytes(4, "big") + tail, (as_text(address), port))
            except BlockingIOError:
                return Sent(place, faults, True)
            except OSError as first_error:
                error = self._send_again(head + stamp.to_bytes(4, "big") + tail, (as_text(address), port), first_error)
                if error is None:
                    continue
                code = error.errno or 0
                if code == errno.EAGAIN or code in _NO_BUFFERS:
                    self._no_buffers = code != errno.EAGAIN
                    return Sent(place, faults, True)
                faults.append(Fault(place, code))
        return Sent(place + 1, faults, False)

    def _send_again(self, payload: bytes, destination: tuple[str, int], error: OSError) -> OSError | None:
        """Send what failed with ``error`` once more: on Linux that may have been the news of an earlier datagram."""
        for _ in range(_STALE_ERRORS if self._told_of_errors else 0):
            try:
                self._socket.sendto(payload, destination)
            except OSError as again:
                if again.errno == error.errno != errno.ECONNREFUSED:  # which is always another's: nothing is connected
                    return again
                error = again
            else:
                return None
        return error

    def receive_batch(self, limit: int = RECEIVE_BATCH) -> Received:
        """Take up to ``limit`` datagrams that wait in the kernel; empty columns when there are none."""
        receive = self._socket.recvfrom
        as_number = self._as_number
        batch = Received([], [], [])
        for _ in range(limit):
            try:
                payload, source = receive(MAX_ANSWER)
            except BlockingIOError:
                break
            except OSError:  # the news of a probe that did not arrive: receive_errors tells which
                continue
            batch.payloads.append(payload)
            batch.sources.append(as_number(source[0]))
            batch.ports.append(source[1])
        return batch

    def receive_errors(self, limit: int = RECEIVE_BATCH) -> list[Unreachable]:
        """Take up to ``limit`` words of the network that a datagram did not arrive; none where the system is silent."""
        batch: list[Unreachable] = []
        if not self._told_of_errors:
            return batch
        for _ in range(limit):
            try:
                payload, ancillary, _, source = self._socket.recvmsg(
                    MAX_ANSWER, socket.CMSG_SPACE(256), socket.MSG_ERRQUEUE
                )
            except OSError:
                break
            code = next((_EXTENDED_ERROR.unpack_from(data)[0] for _, _, data in ancillary if len(data) >= 16), 0)
            batch.append(Unreachable(payload, self._as_number(source[0]), code))
        return batch

    async def wait_readable(self) -> None:
        """Wait until a datagram, or news of one that did not arrive, is there. A checkpoint."""
        await trio.lowlevel.wait_readable(self._socket)

    async def wait_writable(self) -> None:
        """Wait until the system may have room for another datagram. A checkpoint."""
        if self._no_buffers:
            self._no_buffers = False
            await trio.sleep(BUFFERS_PAUSE)
        else:
            await trio.lowlevel.wait_writable(self._socket)

    def kernel_drops(self) -> int:
        """Count the datagrams that came but found the socket's buffer full; 0 where the system does not say."""
        if not _LINUX:
            return 0
        try:
            counts = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0
        return int(_MEMINFO.unpack(counts)[_MEMINFO_DROPS]) if len(counts) == _MEMINFO.size else 0

    def _as_text(self, address: int) -> str:
        if self._is_ipv4:
            return socket.inet_ntoa((address & 0xFFFF_FFFF).to_bytes(4, "big"))
        return socket.inet_ntop(socket.AF_INET6, (address & _LOW_128_BITS).to_bytes(16, "big"))

    def _as_number(self, text: str) -> int:
        if self._is_ipv4:
            return int.from_bytes(socket.inet_aton(text), "big")
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]), "big")


@asynccontextmanager
async def open_datagrams(
    family: socket.AddressFamily, *, receive_buffer: int = RECEIVE_BUFFER, send_buffer: int = SEND_BUFFER
) -> AsyncIterator[Datagrams]:
    """Open one UDP socket of ``family``, with kernel buffers of as many octets as the system grants.

    Raises SocketError. Leaving the block closes the socket.
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
        except OSError as error:
            raise SocketError(_family_name(family), error) from error
        _enlarge(sock, _SO_RCVBUFFORCE, socket.SO_RCVBUF, receive_buffer)
        _enlarge(sock, _SO_SNDBUFFORCE, socket.SO_SNDBUF, send_buffer)
        yield Datagrams(sock)


def _ask_for_errors(sock: socket.socket) -> bool:
    """Ask Linux to keep the network's words about datagrams that did not arrive (RFC 1122 section 4.1.3.3)."""
    is_ipv4 = sock.family == socket.AF_INET
    level, option = (socket.IPPROTO_IP, _IP_RECVERR) if is_ipv4 else (socket.IPPROTO_IPV6, _IPV6_RECVERR)
    try:
        sock.setsockopt(level, option, 1)
    except OSError:
        return False
    return True


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
