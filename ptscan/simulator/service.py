"""The running simulator. This module does I/O: UDP sockets on loopback and Trio's clock.

Theory of operation: on Linux every address of 127.0.0.0/8 is local, so that one socket bound to the wildcard address
hears them all. IP_PKTINFO tells with each datagram which address was asked, and makes the answer leave from there. The
socket is tied to the loopback interface, and what arrives for an address without a station is not answered, as on a
real network. A single address is bound directly, which works on every system and for ::1.
"""

import errno
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

import trio

from ptscan.simulator.engine_ids import make_engines
from ptscan.simulator.errors import BindError
from ptscan.simulator.faults import Misbehaviour, Outgoing
from ptscan.simulator.limits import BATCH, MAX_LATE, RECEIVE_BUFFER
from ptscan.simulator.plan import SimulatorPlan, Station
from ptscan.simulator.responder import Responder

_IP_PKTINFO = 8  # <linux/in.h>; the socket module names it only from Python 3.14 on
_PKTINFO = struct.Struct("=i4s4s")  # interface, local address, address of the header
_ANCILLARY_SPACE = socket.CMSG_SPACE(_PKTINFO.size)
_SO_BINDTODEVICE = 25
_SO_RCVBUFFORCE = 33
_SO_SNDBUFFORCE = 32


@dataclass(slots=True)
class Playing:
    """A simulation that runs: where, since when, and what came and went so far."""

    port: int
    began: float
    speed: float
    received: int = 0
    answered: int = 0
    lost: int = 0

    def now(self) -> float:
        """Simulated seconds since the simulation began."""
        return (trio.current_time() - self.began) * self.speed


async def run_simulator(
    plan: SimulatorPlan, *, task_status: trio.TaskStatus[Playing] = trio.TASK_STATUS_IGNORED
) -> None:
    """Play a plan until cancelled; ``task_status`` is given the Playing once the port answers.

    Raises BindError where the port can't be had. Cancellation closes the socket and drops the answers that are held
    back by a delay.
    """
    first = plan.stations[0].address
    single = first if plan.alone or ":" in first else None  # ::1 is all that IPv6 has of loopback
    with bound_socket(single, plan.port) as sock:
        playing = Playing(sock.getsockname()[1], trio.current_time(), plan.speed)
        async with trio.open_nursery() as nursery:
            server = _Server(plan, sock, playing, nursery)
            task_status.started(playing)
            await server.serve()


def bound_socket(single: str | None, port: int) -> socket.socket:
    """Bind ``single``, or all of loopback, at ``port``, with large buffers; raises BindError."""
    address = single or "0.0.0.0"  # noqa: S104 - tied to the loopback interface, and unknown addresses are not answered
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
            try:
                sock.setsockopt(socket.SOL_SOCKET, forced, RECEIVE_BUFFER)
            except OSError:  # only root may pass the system's limit
                sock.setsockopt(socket.SOL_SOCKET, plain, RECEIVE_BUFFER)
        if family == socket.AF_INET:
            with suppress(OSError):  # older systems keep this for root
                sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, b"lo\0")
            try:
                sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            except OSError as error:
                if single is None:
                    raise BindError(address, port, "a whole network can only be played on Linux") from error
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise BindError(address, port, _reason(error)) from error
    except BindError:
        sock.close()
        raise
    return sock


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use, choose another one or end what uses it"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "no permission, ports below 1024 are for root: choose a higher one"
    return (error.strerror or str(error)).lower()


class _Server:
    def __init__(self, plan: SimulatorPlan, sock: socket.socket, playing: Playing, nursery: trio.Nursery) -> None:
        self._sock = sock
        self._playing = playing
        self._nursery = nursery
        community = None if plan.community is None else plan.community.encode("utf-8", "surrogateescape")
        self._responder = Responder(community, users=plan.users, max_message=plan.max_message)
        self._engines = make_engines(plan.stations) if plan.users else {}
        self._stations = {socket.inet_pton(sock.family, station.address): station for station in plan.stations}
        self._first = plan.stations[0]
        self._misbehaviours = {
            station.address: Misbehaviour(station.faults, seed=number)
            for number, station in enumerate(plan.stations)
            if station.faults
        }
        self._late = 0

    async def serve(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            self._answer_batch()

    def _answer_batch(self) -> None:
        receive = self._sock.recvmsg
        playing = self._playing
        now = playing.now()
        for _ in range(BATCH):
            try:
                data, ancillary, _, peer = receive(65_535, _ANCILLARY_SPACE)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error about an earlier answer
                continue
            playing.received += 1
            station: Station | None = self._first
            asked = b""  # not told where only one address is bound
            if ancillary:
                asked = _PKTINFO.unpack(ancillary[0][2][: _PKTINFO.size])[2]
                station = self._stations.get(asked)
            if station is None:
                continue
            if station.faults:
                self._misbehave(station, asked, data, peer, now)
                continue
            answer = self._responder.answer(station.device, data, now, self._engines.get(station.address))
            if answer is not None:
                self._send(answer, asked, peer)

    def _send(self, data: bytes, source: bytes, peer: tuple[str, int]) -> None:
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, source, source))] if source else []
        try:
            self._sock.sendmsg((data,), ancillary, 0, peer)
        except OSError:  # a full buffer or a peer that can't be answered, a port 0: lost, as on a real path
            self._playing.lost += 1
        else:
            self._playing.answered += 1

    def _misbehave(self, station: Station, asked: bytes, data: bytes, peer: tuple[str, int], now: float) -> None:
        misbehaviour = self._misbehaviours[station.address]
        engine = self._engines.get(station.address)
        for outgoing in misbehaviour.answers(self._responder, station.device, data, now, engine):
            source = socket.inet_aton(outgoing.source) if outgoing.source and asked else asked
            if not outgoing.delay:
                self._send(outgoing.data, source, peer)
            elif self._late < MAX_LATE:
                self._late += 1
                self._nursery.start_soon(self._send_late, outgoing, source, peer)
            else:
                self._playing.lost += 1

    async def _send_late(self, outgoing: Outgoing, source: bytes, peer: tuple[str, int]) -> None:
        await trio.sleep(outgoing.delay)
        self._late -= 1
        self._send(outgoing.data, source, peer)
