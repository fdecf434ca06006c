"""UDP sockets of the client, their addresses, and what Linux tells of ICMP. I/O."""

import errno
import socket
import struct
import sys
from typing import Final, Protocol

from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.exchange import SocketAddress

NOTHING_THERE: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ENOPROTOOPT}
)
"""Errors that mean: nothing answers there, whoever found out."""

NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
"""Those of them that an interface which is down for a moment gives."""

WRITABLE_AGAIN: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})
TRY_LATER: Final = WRITABLE_AGAIN | {errno.ENOBUFS, errno.ENOMEM}
"""Errors of sending that pass by themselves; only the first two end when the socket is writable again."""

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>: not in the socket module of every version
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_ORIGINS_ICMP: Final = frozenset({2, 3})
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
_ANCILLARY_OCTETS: Final = 512
_QUOTED_OCTETS: Final = 512  # the request-id lies within: behind a community of at most 255
_SO_RCVBUFFORCE: Final = 33  # <asm-generic/socket.h>


class DatagramSocket(Protocol):
    """What the client needs of a socket: a real one, or one in a test that fails as it is told."""

    def fileno(self) -> int: ...
    def sendto(self, data: bytes, address: SocketAddress, /) -> int: ...
    def recvfrom(self, octets: int, /) -> tuple[bytes, SocketAddress]: ...
    def recvmsg(
        self, octets: int, ancillary_octets: int, flags: int, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, SocketAddress]: ...
    def close(self) -> None: ...


class AddressError(InputError):
    """What was given is no numeric address, or no port."""


def open_socket(family: socket.AddressFamily, source: str) -> socket.socket:
    """A non-blocking UDP socket at ``source`` that is told of ICMP errors where the system can; raises OSError."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _enlarge(sock, limits.RECEIVE_BUFFER_OCTETS)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "linux":
            if family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        sock.bind((source, 0))
    except OSError:
        sock.close()
        raise
    return sock


def _enlarge(sock: socket.socket, octets: int) -> None:
    """Ask for a receive buffer beyond the system's limit, which takes a privilege on Linux, else up to that limit."""
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF) if sys.platform == "linux" else (socket.SO_RCVBUF,):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, octets)
        except OSError:
            continue
        return


def read_errors(sock: DatagramSocket) -> tuple[bool, list[tuple[tuple[str, int], bytes]]]:
    """Empty the socket's error queue: whether it held anything, and what ICMP says did not arrive.

    Of each such datagram: the host it was for, and how it began, as far as the ICMP error quotes it.
    """
    unreachable: list[tuple[tuple[str, int], bytes]] = []
    said = False
    if sys.platform != "linux":
        return said, unreachable
    for _ in range(limits.RECEIVE_BATCH):
        try:
            quoted, ancillary, _, destination = sock.recvmsg(_QUOTED_OCTETS, _ANCILLARY_OCTETS, socket.MSG_ERRQUEUE)
        except OSError:
            break
        said = True
        for _level, kind, data in ancillary:
            if kind not in (_IP_RECVERR, _IPV6_RECVERR) or len(data) < _EXTENDED_ERROR.size:
                continue
            number, origin, *_ = _EXTENDED_ERROR.unpack_from(data)
            if origin in _ORIGINS_ICMP and number in NOTHING_THERE:
                unreachable.append((host_key(destination), quoted))
    return said, unreachable


def host_key(address: SocketAddress) -> tuple[str, int]:
    """The key of a host: a link-local address is one only together with its interface."""
    if len(address) == 2 or not address[3]:
        return address[:2]
    return f"{address[0]}%{address[3]}", address[1]


def socket_address(address: str, port: int) -> tuple[tuple[str, int], SocketAddress]:
    """The key of the host at a numeric address, and what ``sendto`` takes; raises AddressError."""
    if not 0 < port < 65_536:
        raise AddressError(f"port {port} is out of range: 1 to 65535")
    try:
        socket.inet_pton(socket.AF_INET, address)  # takes the one canonical spelling only
        return (address, port), (address, port)
    except (OSError, ValueError):
        pass
    host, _, zone = address.partition("%")
    try:
        packed = socket.inet_pton(socket.AF_INET6, host)
        scope = 0
        if zone:
            scope = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    except (OSError, ValueError):
        raise AddressError(f"{address!r} is no numeric IPv4 or IPv6 address") from None
    if packed[:12] == b"\0" * 10 + b"\xff\xff":
        return socket_address(socket.inet_ntop(socket.AF_INET, packed[12:]), port)
    sockaddr = (socket.inet_ntop(socket.AF_INET6, packed), port, 0, scope)
    return host_key(sockaddr), sockaddr
