"""Requests, encoded once and patched: the only way a request leaves this house.

Only GET, GETNEXT and GETBULK have an octet here to begin with, so that no request that changes a device can be made.
"""

from collections.abc import Sequence

from codec.ber import encode_integer
from codec.errors import EncodeError
from codec.limits import REQUEST_ID_MAX, REQUEST_ID_MIN
from codec.message import encode_message
from codec.oid import Oid
from codec.tags import NULL, PduType
from codec.varbinds import encode_varbinds

_REQUEST_TAGS: dict[int, bytes] = {
    PduType.GET: b"\xa0",
    PduType.GET_NEXT: b"\xa1",
    PduType.GET_BULK: b"\xa5",
}


class RequestTemplate:
    """One request, encoded once; each ``encode`` puts another request-id into it."""

    __slots__ = ("_head", "_tail", "id_offset", "oids")

    def __init__(
        self,
        version: int,
        community: bytes,
        pdu_type: int,
        oids: Sequence[Oid],
        *,
        non_repeaters: int = 0,
        max_repetitions: int = 0,
    ) -> None:
        tag = _REQUEST_TAGS.get(pdu_type)
        if tag is None:
            raise EncodeError(f"PDU type {pdu_type:#04x} cannot be asked: only GET, GET_NEXT and GET_BULK exist here")
        self.oids = tuple(oids)
        varbinds = encode_varbinds((oid, NULL, None) for oid in self.oids)
        numbers = (REQUEST_ID_MAX, non_repeaters, max_repetitions)
        message = encode_message(version, community, tag, numbers, varbinds)
        rest = len(varbinds)
        for number in numbers[1:]:
            rest += len(encode_integer(number))
        self.id_offset = len(message) - rest - 4
        self._head = message[: self.id_offset]
        self._tail = message[self.id_offset + 4 :]

    def encode(self, request_id: int) -> bytes:
        """The datagram with ``request_id``, which lies in REQUEST_ID_MIN..REQUEST_ID_MAX (else EncodeError)."""
        if REQUEST_ID_MIN <= request_id <= REQUEST_ID_MAX:
            return self._head + request_id.to_bytes(4, "big") + self._tail
        raise EncodeError(f"request-id {request_id} is outside {REQUEST_ID_MIN}..{REQUEST_ID_MAX}")
