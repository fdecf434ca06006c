"""Datagrams by plain system calls, one a datagram: what serves everywhere; does I/O."""

import errno
import socket
from collections.abc import Sequence
from typing import ClassVar, Final

from ptscan.datagram.datagrams import Datagrams, Fault, Received, Sent, Stencil
from ptscan.datagram.limits import MAX_ANSWER, RECEIVE_BATCH

_LOW_128_BITS: Final = (1 << 128) - 1


class PlainDatagrams(Datagrams):
    """Sends by ``sendto`` and receives by ``recvfrom``."""

    batched: ClassVar[bool] = False

    def send_batch(self, stencil: Stencil, stamps: Sequence[int], addresses: Sequence[int], *, port: int) -> Sent:
        self._check_columns(stamps, addresses)
        self._descriptor()
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
            except OSError as error:
                code = self._send_again(
                    head + stamp.to_bytes(4, "big") + tail, (as_text(address), port), error.errno or 0
                )
                if not code:
                    continue
                if self._is_full(code):
                    return Sent(place, faults, True)
                faults.append(Fault(place, code))
        return Sent(place + 1, faults, False)

    def _send_again(self, payload: bytes, destination: tuple[str, int], code: int) -> int:
        def send() -> int:
            try:
                self._socket.sendto(payload, destination)
            except OSError as error:
                return error.errno or errno.EIO
            return 0

        return self._insist(send, code)

    def receive_batch(self, limit: int = RECEIVE_BATCH) -> Received:
        self._descriptor()
        receive = self._socket.recvfrom
        as_number = self._as_number
        batch = Received([], [], [])
        for _ in range(min(limit, RECEIVE_BATCH)):
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

    def _as_text(self, address: int) -> str:
        if self._is_ipv4:
            return socket.inet_ntoa((address & 0xFFFF_FFFF).to_bytes(4, "big"))
        return socket.inet_ntop(socket.AF_INET6, (address & _LOW_128_BITS).to_bytes(16, "big"))
