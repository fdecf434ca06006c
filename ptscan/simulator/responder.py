"""One datagram in, at most one answer out: the responder side of SNMP, with what v1 and v2c have of their own; pure.

A datagram that can't be decoded, that carries another community, or that is no request gets no answer. SNMPv3 is
``secure``'s, what is answered to a request of any version is ``operations``'.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from codec import V1, V2C, DecodeError, Message, decode_message
from ptscan.simulator.encoding import element, header
from ptscan.simulator.engine import Engine
from ptscan.simulator.limits import MAX_KNOWN_REQUEST_OCTETS, MAX_KNOWN_REQUESTS, MAX_MESSAGE
from ptscan.simulator.operations import Asked
from ptscan.simulator.secure import SecureResponder
from ptscan.simulator.table import Device
from ptscan.simulator.users import SimulatedUser

_V3: Final = b"\x02\x01\x03"


class Responder:
    """Answers for any device, in messages of at most ``max_message`` octets.

    Without a ``community`` v1 and v2c are switched off, without ``users`` v3 is.
    """

    def __init__(
        self, community: bytes | None, *, users: Iterable[SimulatedUser] = (), max_message: int = MAX_MESSAGE
    ) -> None:
        self.max_message: Final = max_message
        self._community = community
        self._heads = tuple(element(0x02, bytes((one,))) + element(0x04, community or b"") for one in (V1, V2C))
        self._room = max_message - 4 - len(self._heads[0])
        self._known_requests: dict[bytes, Message] = {}
        self._secure = SecureResponder(users, max_message)

    def answer(self, device: Device, data: bytes, now: float, engine: Engine | None = None) -> bytes | None:
        """The answer of ``device`` at ``now`` (simulated seconds) to one datagram, None where there is none."""
        asked = self.receive(data, now, engine)
        return asked.answer(device.at(now)) if isinstance(asked, Asked) else asked

    def receive(self, data: bytes, now: float, engine: Engine | None = None) -> Asked | bytes | None:
        """What is asked by one datagram; octets where the answer is a Report of ``engine``; None where it is silence.

        Without an engine a datagram of SNMPv3 is met with silence.
        """
        if data[1:2] and data.startswith(_V3, 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)):
            return self._secure.receive(engine, data, now) if engine is not None else None
        if self._community is None:
            return None
        place = self._request_id_place(data)
        shape = data[:place] + data[place + 4 :] if place else b""
        message = self._known_requests.get(shape)
        if message is None:
            message = self._decode(data)
            if message is None:
                return None
            if shape and len(shape) <= MAX_KNOWN_REQUEST_OCTETS:
                if len(self._known_requests) >= MAX_KNOWN_REQUESTS:
                    self._known_requests.clear()
                self._known_requests[shape] = message
        else:
            message.request_id = int.from_bytes(data[place : place + 4], "big", signed=True)
        return Asked(message, self._room, partial(_framed, self._heads[message.version]))

    def _decode(self, data: bytes) -> Message | None:
        try:
            message = decode_message(data)
        except DecodeError:
            return None
        return message if isinstance(message, Message) and message.community == self._community else None

    def _request_id_place(self, data: bytes) -> int:
        """Where the request-id's octets stand in a request of the usual layout; 0 where it is laid out otherwise.

        Two datagrams that differ in these four octets alone decode to the same but for the request-id.
        """
        try:
            start = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
            if data.startswith(self._heads, start):
                start += len(self._heads[0])
                start += 2 if data[start + 1] < 0x80 else 2 + (data[start + 1] & 0x7F)
                if data[start] == 0x02 and data[start + 1] == 4 and len(data) > start + 6:
                    return start + 2
        except IndexError:
            pass
        return 0


def _framed(head: bytes, pdu: bytes) -> bytes:
    return b"".join((header(0x30, len(head) + len(pdu)), head, pdu))
