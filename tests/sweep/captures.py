"""Every frame that passes an interface, kept by the kernel in a ring with the time at which it passed; Linux, root."""

import mmap
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_ALL_PROTOCOLS: Final = 3  # ETH_P_ALL
_SOL_PACKET: Final = 263  # linux/socket.h, linux/if_packet.h
_PACKET_RX_RING: Final = 5
_PACKET_STATISTICS: Final = 6
_PACKET_VERSION: Final = 10
_BLOCK: Final = 1 << 18
_HEAD: Final = struct.Struct("=4x2IH2x2I18xB")  # struct tpacket2_hdr behind its status, struct sockaddr_ll to the type
_FRAME_AT: Final = 66  # where in a slot a frame begins: so that its IP header stands on a multiple of 16
_OUTGOING: Final = 4  # PACKET_OUTGOING

_INTERNET: Final = struct.Struct("!12xH9xB2xIIHHH2x")  # Ethernet, IPv4 without options, UDP
_ARP: Final = 0x0806
_IPV4: Final = 0x0800


class Packet(NamedTuple):
    """A frame that passed at the instant ``at`` (wall clock), towards the far end or ``back``: the beginning of it."""

    at: float
    back: bool
    length: int
    frame: bytes


class Datagram(NamedTuple):
    """A UDP datagram: the far host that it went to, or came from, its octets in all and the first of them."""

    at: float
    host: int
    octets: int
    payload: bytes


class Traffic:
    """What passed, sorted out: ``asked`` went to ``port`` of far hosts, ``answered`` came from it.

    ``unreachable`` are the hosts that ICMP told of, with the instants; ``sought`` the addresses that ARP asked for;
    ``strays`` all else that came from the near end, but for its kernel's word that a port is closed by now.
    """

    def __init__(self, packets: Iterable[Packet], port: int) -> None:
        self.asked: list[Datagram] = []
        self.answered: list[Datagram] = []
        self.unreachable: list[tuple[float, int]] = []
        self.sought: set[int] = set()
        self.strays: list[Packet] = []
        shortest = _INTERNET.size
        for packet in packets:
            at, back, _, frame = packet
            fields = _INTERNET.unpack_from(frame if len(frame) >= shortest else frame.ljust(shortest, b"\0"))
            ethertype, protocol, source, destination, source_port, destination_port, octets = fields
            if (
                ethertype == _IPV4
                and protocol == socket.IPPROTO_UDP
                and (source_port if back else destination_port) == port
            ):
                kept = frame[shortest : shortest + octets - 8]
                (self.answered if back else self.asked).append(
                    Datagram(at, source if back else destination, octets - 8, kept)
                )
            elif ethertype == _IPV4 and protocol == socket.IPPROTO_ICMP:
                if back:
                    self.unreachable.append((at, int.from_bytes(frame[58:62], "big")))  # the destination that it quotes
                elif frame[34:36] != b"\x03\x03":
                    self.strays.append(packet)
            elif ethertype == _ARP and not back:
                self.sought.add(int.from_bytes(frame[38:42], "big"))
            elif not back:
                self.strays.append(packet)

    def within(self, first: int, last: int) -> list[Datagram]:
        """Give what was ``asked`` of the hosts from ``first`` to ``last``."""
        return [each for each in self.asked if first <= each.host <= last]


class Capture:
    """Up to ``slots`` frames that pass the interface that ``sock`` is bound to here, ``octets`` of each."""

    def __init__(self, sock: socket.socket, interface: str, *, slots: int, octets: int) -> None:
        self._socket = sock
        self._slots = slots
        self._slot = 1 << (_FRAME_AT + octets - 1).bit_length()
        sock.setsockopt(_SOL_PACKET, _PACKET_VERSION, 1)  # TPACKET_V2
        ring = struct.pack("=4I", _BLOCK, slots * self._slot // _BLOCK, self._slot, slots)
        sock.setsockopt(_SOL_PACKET, _PACKET_RX_RING, ring)
        self._ring = mmap.mmap(sock.fileno(), slots * self._slot)
        sock.bind((interface, _ALL_PROTOCOLS))

    def wait_for(self, count: int, *, seconds: float = 30.0) -> None:
        """Wait until so many frames have passed."""
        deadline = time.monotonic() + seconds
        while not self._ring[(count - 1) * self._slot]:
            assert time.monotonic() < deadline, f"{count} frames have not passed within {seconds} s"
            time.sleep(0.001)

    def packets(self) -> list[Packet]:
        """Give the frames that passed so far, having made sure that none was missed."""
        _, missed = struct.unpack("=2I", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        assert not missed, f"the capture missed {missed} frames: give it more slots"
        packets: list[Packet] = []
        ring, unpack = self._ring, _HEAD.unpack_from
        for begin in range(0, self._slots * self._slot, self._slot):
            if not ring[begin]:
                break
            length, kept, start, seconds, nanoseconds, kind = unpack(ring, begin)
            frame = ring[begin + start : begin + start + kept]
            packets.append(Packet(seconds + nanoseconds / 1e9, kind == _OUTGOING, length, frame))
        return packets

    def close(self) -> None:
        """Keep no more."""
        self._ring.close()
        self._socket.close()


def per_host(asked: Iterable[Datagram]) -> dict[int, list[float]]:
    """When each host was asked, in order."""
    hosts: dict[int, list[float]] = {}
    for each in asked:
        hosts.setdefault(each.host, []).append(each.at)
    return hosts


def most_in_a_second(instants: Sequence[float]) -> int:
    """The most of ``instants``, in order, that lie in any window of one second."""
    most = first = 0
    for last, instant in enumerate(instants):
        while instants[first] <= instant - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def shortest_wait(traffic: Traffic) -> float:
    """The least time from a request to the next one to the same host that its answer had not left before."""
    answers = per_host(traffic.answered)
    shortest = float("inf")
    for host, instants in per_host(traffic.asked).items():
        answered = iter([*answers.get(host, ()), float("inf")])
        answer = next(answered)
        for asked, again in pairwise(instants):
            while answer < asked:
                answer = next(answered)
            if answer > again:
                shortest = min(shortest, again - asked)
    return shortest
