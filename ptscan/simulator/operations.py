"""What a device answers to one PDU of any version, in so many octets; pure.

RFC 3416 section 4.2 for v2c and v3, RFC 1157 section 4.1 and RFC 3584 section 4.2.2 for v1. Nothing can be set: a SET
is refused. How a PDU came, and what is wrapped round the answer, is for the responders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from codec import COUNTER64, V1, ErrorStatus, Message, Oid, PduType
from ptscan.simulator.encoding import (
    element,
    end_of_mib_view,
    header,
    no_such_instance,
    no_such_object,
    parent,
    signed,
    value_at,
    varbind,
)
from ptscan.simulator.table import View

_Find: TypeAlias = Callable[[View, Oid, bool], bytes | None]

_RESPONSE: Final = int(PduType.RESPONSE)  # members of an Enum make slow octets
_NO_ERROR: Final = b"\x02\x01\x00\x02\x01\x00"
# what a PDU holds beside its varbinds at most: two headers, request-id, error-status and error-index
_OVERHEAD: Final = 2 * 4 + 7 + len(_NO_ERROR)


@dataclass(slots=True)
class Asked:
    """A request that is to be answered: its PDU, how large the answer's may be, and what makes a datagram of that."""

    message: Message
    room: int
    seal: Callable[[bytes], bytes]

    def answer(self, view: View) -> bytes | None:
        """The whole answer; None where this is no request."""
        pdu = answer_pdu(self.message, view, self.room)
        return None if pdu is None else self.seal(pdu)

    def refuse(self, status: int) -> bytes:
        """The whole answer that only says what is wrong, with no varbind in particular."""
        return self.seal(refused_pdu(self.message, status, 0, self.room))


def answer_pdu(message: Message, view: View, room: int) -> bytes | None:
    """The Response PDU to ``message`` in at most ``room`` octets; None where that is no request of its version."""
    kind = message.pdu_type
    if kind == PduType.GET:
        return _one_each(message, view, _get, room)
    if kind == PduType.GET_NEXT:
        return _one_each(message, view, _get_next, room)
    if kind == PduType.GET_BULK and message.version != V1:
        return _get_bulk(message, view, room)
    if kind == PduType.SET:
        status = ErrorStatus.READ_ONLY if message.version == V1 else ErrorStatus.NOT_WRITABLE
        return refused_pdu(message, status, 1 if message.varbinds else 0, room)
    return None


def refused_pdu(message: Message, status: int, index: int, room: int) -> bytes:
    """A Response PDU with an error and the request's own varbinds; with none where that is too big, but in v1."""
    if message.version != V1 and status == ErrorStatus.TOO_BIG:
        return _response(message, [], status, 0)
    pdu = _response(message, [_echo(*one) for one in message.varbinds], status, index)
    if message.version != V1 and len(pdu) > room:
        return _response(message, [], ErrorStatus.TOO_BIG, 0)
    return pdu


def response_pdu(tag: int, request_id: int, cells: Sequence[bytes], errors: bytes = _NO_ERROR) -> bytes:
    """A PDU of any ``cells``, which are whole varbinds; ``errors`` are error-status and error-index, encoded."""
    varbinds = b"".join(cells)
    pdu = b"".join((element(0x02, signed(request_id)), errors, header(0x30, len(varbinds)), varbinds))
    return header(tag, len(pdu)) + pdu


def _response(message: Message, cells: Sequence[bytes], status: int, index: int) -> bytes:
    errors = element(0x02, signed(status)) + element(0x02, signed(index))
    return response_pdu(_RESPONSE, message.request_id, cells, errors)


def _echo(oid: Oid, tag: int, value: int | bytes | None) -> bytes:
    return varbind(oid, tag, signed(value) if isinstance(value, int) else value or b"")


def _one_each(message: Message, view: View, find: _Find, room: int) -> bytes:
    cells = []
    v1 = message.version == V1
    for index, (oid, _, _) in enumerate(message.varbinds, 1):
        cell = find(view, oid, v1)
        if cell is None:
            return refused_pdu(message, ErrorStatus.NO_SUCH_NAME, index, room)
        cells.append(cell)
    pdu = response_pdu(_RESPONSE, message.request_id, cells)
    return pdu if len(pdu) <= room else refused_pdu(message, ErrorStatus.TOO_BIG, 0, room)


def _get(view: View, oid: Oid, v1: bool) -> bytes | None:
    cell = view.get(oid)
    if v1:
        return None if cell is None or cell[value_at(cell, oid)] == COUNTER64 else cell
    if cell is None:
        return no_such_instance(oid) if view.knows(parent(oid)) else no_such_object(oid)
    return cell


def _get_next(view: View, oid: Oid, v1: bool) -> bytes | None:
    row = view.step(oid)
    if v1:  # RFC 3584 section 4.2.2.1: v1 passes over what it has no type for
        while row is not None and row[1][value_at(row[1], row[0])] == COUNTER64:
            row = view.step(row[0])
        return None if row is None else row[1]
    return end_of_mib_view(oid) if row is None else row[1]


def _get_bulk(message: Message, view: View, room: int) -> bytes:
    names = [oid for oid, _, _ in message.varbinds]
    once = max(0, message.error_status)
    rows = max(0, message.error_index)
    left = room - _OVERHEAD
    cells = []
    for name in names[:once]:
        row = view.step(name)
        cells.append(end_of_mib_view(name) if row is None else row[1])
        left -= len(cells[-1])
    names = names[once:]
    while rows and names and left >= 0:
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
            left -= len(cells[-1])
            if left < 0:
                break
        if ended:  # RFC 3416 section 4.2.3: a whole row of endOfMibView may be the last
            break
    while left < 0 and cells:  # the same section: as many varbinds as fit, tooBig where not even one does
        left += len(cells.pop())
        if not cells:
            return refused_pdu(message, ErrorStatus.TOO_BIG, 0, room)
    return response_pdu(_RESPONSE, message.request_id, cells)
