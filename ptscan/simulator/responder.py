"""One datagram in, at most one answer out: the responder side of SNMPv1 and v2c; pure.

RFC 3416 section 4.2 for v2c, RFC 1157 section 4.1 and RFC 3584 section 4.2.2 for v1. A datagram that can't be decoded,
that carries another community, or that is no request gets no answer. Nothing can be set: a SET is refused.
"""

from collections.abc import Callable
from typing import TypeAlias

from codec import (
    COUNTER64,
    V1,
    V2C,
    DecodeError,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    decode_message,
    encode_response,
)
from ptscan.simulator.encoding import (
    element,
    end_of_mib_view,
    header,
    no_such_instance,
    no_such_object,
    parent,
    signed,
    value_at,
)
from ptscan.simulator.limits import MAX_KNOWN_REQUEST_OCTETS, MAX_KNOWN_REQUESTS, MAX_MESSAGE
from ptscan.simulator.table import Device, View

_Find: TypeAlias = Callable[[View, Oid, bool], bytes | None]

_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"


class Responder:
    """Answers for any device under one community, in messages of at most ``max_message`` octets."""

    def __init__(self, community: bytes, *, max_message: int = MAX_MESSAGE) -> None:
        self.community = community
        self.max_message = max_message
        self._heads = tuple(element(0x02, bytes((version,))) + element(0x04, community) for version in (V1, V2C))
        # what an answer holds beside its varbinds: three headers, request-id, error-status and error-index
        self._overhead = len(self._heads[0]) + 3 * 4 + 7 + len(_NO_ERROR)
        self._known_requests: dict[bytes, Message] = {}

    def answer(self, device: Device, data: bytes, now: float) -> bytes | None:
        """The answer of ``device`` at ``now`` (simulated seconds) to one datagram, None where there is none."""
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
        kind = message.pdu_type
        if kind == PduType.GET:
            return self._one_each(message, device.at(now), self._get)
        if kind == PduType.GET_NEXT:
            return self._one_each(message, device.at(now), self._get_next)
        if kind == PduType.GET_BULK and message.version == V2C:
            return self._get_bulk(message, device.at(now))
        if kind == PduType.SET:
            status = ErrorStatus.READ_ONLY if message.version == V1 else ErrorStatus.NOT_WRITABLE
            return self.refuse(message, status, 1 if message.varbinds else 0)
        return None

    def _decode(self, data: bytes) -> Message | None:
        try:
            message = decode_message(data)
        except DecodeError:
            return None
        return message if isinstance(message, Message) and message.community == self.community else None

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

    def refuse(self, message: Message, status: int, index: int) -> bytes:
        """An answer with an error: the request's own varbinds, none where the request was too big for v2c."""
        varbinds = [] if status == ErrorStatus.TOO_BIG and message.version == V2C else message.varbinds
        return encode_response(
            message.version, self.community, message.request_id, varbinds, error_status=status, error_index=index
        )

    def _one_each(self, message: Message, view: View, find: _Find) -> bytes:
        cells = []
        v1 = message.version == V1
        for index, (oid, _, _) in enumerate(message.varbinds, 1):
            cell = find(view, oid, v1)
            if cell is None:
                return self.refuse(message, ErrorStatus.NO_SUCH_NAME, index)
            cells.append(cell)
        answer = self._assemble(message, cells)
        return answer if len(answer) <= self.max_message else self.refuse(message, ErrorStatus.TOO_BIG, 0)

    @staticmethod
    def _get(view: View, oid: Oid, v1: bool) -> bytes | None:
        cell = view.get(oid)
        if v1:
            return None if cell is None or cell[value_at(cell, oid)] == COUNTER64 else cell
        if cell is None:
            return no_such_instance(oid) if view.knows(parent(oid)) else no_such_object(oid)
        return cell

    @staticmethod
    def _get_next(view: View, oid: Oid, v1: bool) -> bytes | None:
        row = view.step(oid)
        if v1:  # RFC 3584 section 4.2.2.1: v1 passes over what it has no type for
            while row is not None and row[1][value_at(row[1], row[0])] == COUNTER64:
                row = view.step(row[0])
            return None if row is None else row[1]
        return end_of_mib_view(oid) if row is None else row[1]

    def _get_bulk(self, message: Message, view: View) -> bytes:
        names = [oid for oid, _, _ in message.varbinds]
        once = max(0, message.error_status)
        rows = max(0, message.error_index)
        room = self.max_message - self._overhead
        cells = []
        for name in names[:once]:
            row = view.step(name)
            cells.append(end_of_mib_view(name) if row is None else row[1])
            room -= len(cells[-1])
        names = names[once:]
        while rows and names and room >= 0:
            rows -= 1
            ended = True
            for column, name in enumerate(names):
                row = view.step(name)
                if row is None:
                    cells.append(end_of_mib_view(name))
                else:
                    names[column] = row[0]
                    cells.append(row[1])
                    ended = False
                room -= len(cells[-1])
                if room < 0:
                    break
            if ended:  # RFC 3416 section 4.2.3: a whole row of endOfMibView may be the last
                break
        while room < 0:  # the same section: as many varbinds as fit, tooBig where not even one does
            room += len(cells.pop())
            if not cells:
                return self.refuse(message, ErrorStatus.TOO_BIG, 0)
        return self._assemble(message, cells)

    def _assemble(self, message: Message, cells: list[bytes]) -> bytes:
        varbinds = b"".join(cells)
        pdu = b"".join((element(0x02, signed(message.request_id)), _NO_ERROR, header(0x30, len(varbinds)), varbinds))
        head = self._heads[message.version]
        return b"".join(
            (header(0x30, len(head) + len(header(0xA2, len(pdu))) + len(pdu)), head, header(0xA2, len(pdu)), pdu)
        )
