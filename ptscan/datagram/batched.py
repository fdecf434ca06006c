"""Datagrams in batches, hundreds with one system call (Linux); does I/O."""

import errno
import socket
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from ptscan.datagram.datagrams import Datagrams, Fault, Received, Sent, Stencil
from ptscan.datagram.limits import RECEIVE_BATCH, SEND_RINGS
from ptscan.datagram.rings import ReceiveRing, SendRing
from ptscan.datagram.system_calls import BatchedCalls


class BatchedDatagrams(Datagrams):
    """Sends by ``sendmmsg`` and receives by ``recvmmsg``; raises OSError where these are not to be had."""

    batched: ClassVar[bool] = True

    def __init__(self, sock: socket.socket) -> None:
        self._calls = BatchedCalls(sock.fileno())
        super().__init__(sock)
        self._send_rings: dict[tuple[Stencil, int], SendRing] = {}
        self._receive_ring = ReceiveRing(is_ipv4=self._is_ipv4)

    def send_batch(self, stencil: Stencil, stamps: Sequence[int], addresses: Sequence[int], *, port: int) -> Sent:
        self._check_columns(stamps, addresses)
        descriptor = self._descriptor()
        ring = self._send_ring(stencil, port)
        faults: list[Fault] = []
        for begin in range(0, len(stamps), ring.slots):
            end = min(begin + ring.slots, len(stamps))
            ring.load(stamps[begin:end], addresses[begin:end])
            sent = self._send_loaded(descriptor, ring, end - begin)
            faults += [Fault(begin + place, code) for place, code in sent.faults]
            if sent.full:
                return Sent(begin + sent.done, faults, True)
        return Sent(len(stamps), faults, False)

    def _send_loaded(self, descriptor: int, ring: SendRing, count: int) -> Sent:
        """Send what is in the first ``count`` slots.

        A call ends at the first datagram that is refused; the next call begins with that one and says why.
        """
        faults: list[Fault] = []
        place = 0
        while place < count:
            headers = ring.headers(place)
            sent = self._calls.send(descriptor, headers, count - place)
            if sent > 0:
                place += sent
                continue
            code = -sent
            if code != errno.EAGAIN:
                code = self._insist(partial(self._send_one, descriptor, headers), code)
            if self._is_full(code):
                return Sent(place, faults, True)
            if code:
                faults.append(Fault(place, code))
            place += 1
        return Sent(count, faults, False)

    def _send_one(self, descriptor: int, headers: int) -> int:
        return -min(0, self._calls.send(descriptor, headers, 1))

    def receive_batch(self, limit: int = RECEIVE_BATCH) -> Received:
        descriptor = self._descriptor()
        ring = self._receive_ring
        limit = min(limit, RECEIVE_BATCH)
        for _ in range(limit):
            received = self._calls.receive(descriptor, ring.headers, limit)
            if received > 0:
                return ring.take(received)
            if received == -errno.EAGAIN:
                break
            # else the news of a probe that did not arrive, told once: receive_errors tells which
        return Received([], [], [])

    def _send_ring(self, stencil: Stencil, port: int) -> SendRing:
        rings = self._send_rings
        ring = rings.get((stencil, port))
        if ring is None:
            if len(rings) >= SEND_RINGS:
                del rings[next(iter(rings))]
            ring = rings[stencil, port] = SendRing(stencil, port=port, is_ipv4=self._is_ipv4)
        return ring
