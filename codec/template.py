"""Requests, encoded once and patched: the only way in which a request is made.

Only the PDUs that read can be asked for, and the encoder has no octet for the others (``tags.WRITABLE``).
"""

from collections.abc import Sequence
from typing import Final

from codec.ber import encode_integer
from codec.errors import EncodeError
from codec.limits import MAX_REPETITIONS, REQUEST_ID_MAX, REQUEST_ID_MIN
from codec.message import encode_message
from codec.oid import Oid
from codec.pdu import encode_pdu
from codec.tags import NULL, V1, V3, PduType
from codec.varbinds import encode_varbinds

_REQUESTS: Final = frozenset({PduType.GET, PduType.GET_NEXT, PduType.GET_BULK})


class RequestTemplate:
    """One request, encoded once; ``encode`` puts a request-id into it, at ``id_offset``.

    Of v3 it is the PDU alone, without a community: what is around it is for ``Security``.
    """

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
        """Encode a GET, GET_NEXT or (v2c only, with its two numbers) GET_BULK; raises EncodeError for anything else."""
        if pdu_type not in _REQUESTS:
            raise EncodeError(f"PDU type {pdu_type:#04x} cannot be asked: only GET, GET_NEXT and GET_BULK can")
        if pdu_type == PduType.GET_BULK:
            if version == V1:
                raise EncodeError("SNMPv1 has no GET_BULK")
        elif non_repeaters or max_repetitions:
            raise EncodeError("only GET_BULK has non-repeaters and max-repetitions")
        for number in (non_repeaters, max_repetitions):
            if not 0 <= number <= MAX_REPETITIONS:
                raise EncodeError(f"{number} is outside 0..{MAX_REPETITIONS}")
        self.oids = tuple(oids)
        varbinds = encode_varbinds((oid, NULL, None) for oid in self.oids)
        numbers = (REQUEST_ID_MIN, non_repeaters, max_repetitions)
        message = encode_pdu(pdu_type, numbers, varbinds)
        if version != V3:
            message = encode_message(version, community, message)
        behind = len(varbinds) + len(encode_integer(non_repeaters)) + len(encode_integer(max_repetitions))
        self.id_offset = len(message) - behind - 4
        self._head = message[: self.id_offset]
        self._tail = message[self.id_offset + 4 :]

    def encode(self, request_id: int) -> bytes:
        """The datagram with ``request_id``, which has to lie in REQUEST_ID_MIN..REQUEST_ID_MAX (else EncodeError)."""
        if REQUEST_ID_MIN <= request_id <= REQUEST_ID_MAX:
            return self._head + request_id.to_bytes(4, "big") + self._tail
        raise EncodeError(f"request-id {request_id} is outside {REQUEST_ID_MIN}..{REQUEST_ID_MAX}")
