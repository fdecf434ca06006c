"""All the hosts of a network behind one socket, which answer as they are told to, and misbehave by order."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from engines import report

from codec import OBJECT_IDENTIFIER, OCTET_STRING, V3, Message, Varbind, decode_message, encode_response, parse_oid
from ptscan.simulator import SimulatedUser, make_fleet
from ptscan.simulator.engine import Engine
from ptscan.simulator.responder import Responder

Answer: TypeAlias = tuple[bytes, int]
"""A datagram, and the address that it leaves from."""

Behaviour: TypeAlias = Callable[[int, bytes], Iterable[Answer]]
"""What the host at an address sends back for a datagram."""

PORT: Final = 161

_IP_PKTINFO: Final = 8  # linux/in.h; not in the socket module before 3.13
_SO_RCVBUFFORCE: Final = 33
_PKTINFO: Final = struct.Struct("=iII")
_BUFFER: Final = 64 << 20
_ID_PLACE: Final = b"\x02\x04"  # how a request-id of four octets begins, in requests of ours
_VALUES: Final[dict[bytes, tuple[int, bytes]]] = {
    parse_oid("1.3.6.1.2.1.1.2.0"): (OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
    parse_oid("1.3.6.1.2.1.1.1.0"): (OCTET_STRING, b"HP ETHERNET MULTI-ENVIRONMENT"),
    parse_oid("1.3.6.1.2.1.1.5.0"): (OCTET_STRING, b"a printer"),
}


def scrambled(number: int, seed: int) -> float:
    """Give a number from 0 up to 1 that looks like chance and is the same in every run."""
    mixed = (number * 0x9E37_79B1 ^ seed * 0x85EB_CA77) & 0xFFFF_FFFF
    mixed = (mixed ^ mixed >> 15) * 0x2C1B_3C6D & 0xFFFF_FFFF
    mixed = (mixed ^ mixed >> 12) * 0x297A_2D39 & 0xFFFF_FFFF
    return (mixed ^ mixed >> 15) / 2**32


class Healthy:
    """Answers any probe of a sweep; made once for each shape of it, so that it is fast."""

    def __init__(self) -> None:
        self._answers: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}

    def answer(self, request: bytes) -> bytes:
        """Give the answer to ``request``."""
        place = request.index(_ID_PLACE) + len(_ID_PLACE)
        shape = request[:place], request[place + 4 :]
        if shape not in self._answers:
            whole = self._answer(request, int.from_bytes(request[place : place + 4], "big"))
            before, _, after = whole.partition(request[place : place + 4])
            self._answers[shape] = before, after
        before, after = self._answers[shape]
        return before + request[place : place + 4] + after

    def _answer(self, request: bytes, request_id: int) -> bytes:
        if request[4] == V3:
            return report(request_id)
        message = decode_message(request)
        assert isinstance(message, Message)
        varbinds: list[Varbind] = [(oid, *_VALUES[oid]) for oid, _, _ in message.varbinds]
        return encode_response(message.version, message.community, request_id, varbinds)

    def __call__(self, host: int, request: bytes) -> Iterable[Answer]:
        return ((self.answer(request), host),)


class Fleet:
    """Printers of the simulator's fleet, one model after another, wherever somebody asks."""

    def __init__(self, size: int) -> None:
        self.devices: Final = make_fleet(size, others=False).devices
        self._responder = Responder(b"public")

    def __call__(self, host: int, request: bytes) -> Iterable[Answer]:
        answer = self._responder.answer(self.devices[host % len(self.devices)], request, 0.0)
        return () if answer is None else ((answer, host),)


class SecureFleet:
    """The same printers with SNMPv1 and v2c switched off, each an engine of its own that knows the ``users``."""

    def __init__(self, size: int, users: Sequence[SimulatedUser]) -> None:
        self.devices: Final = make_fleet(size, others=False).devices
        self._responder = Responder(None, users=users)
        self._engines: dict[int, Engine] = {}

    def __call__(self, host: int, request: bytes) -> Iterable[Answer]:
        engine = self._engines.setdefault(host, Engine(b"\x80\0\0\x0b\x04" + host.to_bytes(4, "big"), boots=3))
        answer = self._responder.answer(self.devices[host % len(self.devices)], request, 0.0, engine)
        return () if answer is None else ((answer, host),)


def sparse(behave: Behaviour, density: float, seed: int = 1) -> Behaviour:
    """Let only a share of the hosts be there, those for which ``is_there`` says so."""

    def answer(host: int, request: bytes) -> Iterable[Answer]:
        return behave(host, request) if is_there(host, density, seed) else ()

    return answer


def is_there(host: int, density: float, seed: int = 1) -> bool:
    """Whether somebody is at this address of a sparse network."""
    return scrambled(host, seed) < density


def lossy(behave: Behaviour, loss: float, seed: int = 1) -> Behaviour:
    """Lose a share of the requests on the way: the same ones of all that come, by their number."""
    number = 0

    def answer(host: int, request: bytes) -> Iterable[Answer]:
        nonlocal number
        number += 1
        return () if scrambled(number, seed) < loss else behave(host, request)

    return answer


def silent(host: int, request: bytes) -> Iterable[Answer]:
    """Nobody is there."""
    return ()


class Hosts:
    """Serves the datagrams that come to ``sock``, for any address at all, in a thread until it is closed."""

    def __init__(self, sock: socket.socket, behave: Behaviour) -> None:
        self._socket = sock
        self._behave = behave
        self._over = False
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        sock.settimeout(0.1)
        sock.bind(("0.0.0.0", PORT))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        sock, behave = self._socket, self._behave
        while not self._over:
            try:
                request, ancillary, _, peer = sock.recvmsg(4096, 64)
            except TimeoutError:
                continue
            host = int.from_bytes(ancillary[0][2][8:12], "big")
            for answer, source in behave(host, request):
                info = _PKTINFO.pack(0, socket.htonl(source), 0)
                with suppress(OSError):  # there may be no way back just now
                    sock.sendmsg((answer,), ((socket.IPPROTO_IP, _IP_PKTINFO, info),), 0, peer)

    def close(self) -> None:
        self._over = True
        self._thread.join()
        self._socket.close()
