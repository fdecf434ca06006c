"""What every UDP socket for sweeps is, and what the two ways to send and receive share; does I/O."""

import errno
import socket
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import trio

from ptscan.datagram.limits import BUFFERS_PAUSE, MAX_ANSWER, RECEIVE_BATCH, STALE_ERRORS

_LINUX: Final = sys.platform == "linux"
_SO_MEMINFO: Final = 55  # asm-generic/socket.h; the socket module does not name it, nor the two below
_MEMINFO: Final = struct.Struct("=9I")
_MEMINFO_DROPS: Final = 8  # SK_MEMINFO_DROPS, linux/sock_diag.h

_IP_RECVERR: Final = 11  # linux/in.h, linux/in6.h
_IPV6_RECVERR: Final = 25
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h

_NO_BUFFERS: Final = frozenset({errno.ENOBUFS, errno.ENOMEM})


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


class Datagrams(ABC):
    """A UDP socket for sweeps; made by :func:`open_datagrams`.

    An address is the family's number (32 or 128 bits; higher bits are ignored), so that a batch is two columns of
    integers, addresses and stamps, and no object per host. Broadcast stays off: the system itself refuses to send
    to an attached network's broadcast address. All but the two waits raise trio.ClosedResourceError once the socket is
    closed, and so do these, also when it is closed meanwhile.
    """

    batched: ClassVar[bool]
    """Whether one system call moves many datagrams."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._is_ipv4 = sock.family == socket.AF_INET
        self._no_buffers = False
        self._told_of_errors = _LINUX and _ask_for_errors(sock)

    @abstractmethod
    def send_batch(self, stencil: Stencil, stamps: Sequence[int], addresses: Sequence[int], *, port: int) -> Sent:
        """Send ``stencil`` with each of ``stamps`` to the address beside it, at ``port``; never blocks.

        The two columns are of one length, whatever it is; ``array("I")`` is the fastest to take. What the system
        refuses for one host alone is a fault of that datagram and the batch goes on; when its buffers are full the
        batch ends early, and :meth:`wait_writable` waits for room.
        """

    @abstractmethod
    def receive_batch(self, limit: int = RECEIVE_BATCH) -> Received:
        """Take up to ``limit`` (RECEIVE_BATCH at most) datagrams that wait in the kernel; empty columns when none do.

        Of a datagram longer than MAX_ANSWER octets the beginning is given.
        """

    def receive_errors(self, limit: int = RECEIVE_BATCH) -> list[Unreachable]:
        """Take up to ``limit`` words of the network that a datagram did not arrive; none where the system is silent."""
        self._descriptor()
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
        self._descriptor()
        await trio.lowlevel.wait_readable(self._socket)

    async def wait_writable(self) -> None:
        """Wait until the system may have room for another datagram. A checkpoint."""
        self._descriptor()
        if self._no_buffers:
            self._no_buffers = False
            await trio.sleep(BUFFERS_PAUSE)
        else:
            await trio.lowlevel.wait_writable(self._socket)

    def kernel_drops(self) -> int:
        """Count the datagrams that came but found the socket's buffer full; 0 where the system does not say.

        SO_MEMINFO tells at any time, with one call. SO_RXQ_OVFL would add a control message to each datagram and tell
        of drops only when a later datagram is taken, thus never of those at the end of a burst.
        """
        self._descriptor()
        if not _LINUX:
            return 0
        try:
            counts = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0
        return int(_MEMINFO.unpack(counts)[_MEMINFO_DROPS]) if len(counts) == _MEMINFO.size else 0

    @staticmethod
    def _check_columns(stamps: Sequence[int], addresses: Sequence[int]) -> None:
        if len(stamps) != len(addresses):
            raise ValueError(f"{len(stamps)} stamps for {len(addresses)} addresses")

    def _descriptor(self) -> int:
        """The socket's number, asked anew for each use: a closed one's number may be another file's by now."""
        descriptor = self._socket.fileno()
        if descriptor < 0:
            raise trio.ClosedResourceError("this socket is closed")
        return descriptor

    def _insist(self, send: Callable[[], int], code: int) -> int:
        """Send with ``send`` once more what failed with ``code``; give the errno that stays, 0 when it left.

        On Linux a failure may have been the news of an earlier datagram, which the system tells once.
        """
        for _ in range(STALE_ERRORS if self._told_of_errors else 0):
            again = send()
            if again == code != errno.ECONNREFUSED or not again:  # refused is always another's: nothing is connected
                return again
            code = again
        return code

    def _is_full(self, code: int) -> bool:
        """Whether ``code`` means that the system has no room for any datagram just now."""
        self._no_buffers = code in _NO_BUFFERS
        return self._no_buffers or code == errno.EAGAIN

    def _as_number(self, text: str) -> int:
        if self._is_ipv4:
            return int.from_bytes(socket.inet_aton(text), "big")
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]), "big")


def _ask_for_errors(sock: socket.socket) -> bool:
    """Ask Linux to keep the network's words about datagrams that did not arrive (RFC 1122 section 4.1.3.3)."""
    is_ipv4 = sock.family == socket.AF_INET
    level, option = (socket.IPPROTO_IP, _IP_RECVERR) if is_ipv4 else (socket.IPPROTO_IPV6, _IPV6_RECVERR)
    try:
        sock.setsockopt(level, option, 1)
    except OSError:
        return False
    return True
