"""The context that a v3 request is put in (RFC 3411 section 3.3.1), ready to be put around its PDU."""

from typing import Final

from codec.ber import encode_tlv
from codec.tags import OCTET_STRING, SEQUENCE

_HEADS: Final = 32  # kept, one for each length of a PDU


class Context:
    """A context engine ID and a context name; ``wrap`` makes scoped PDUs of them."""

    __slots__ = ("_context", "_heads", "name")

    def __init__(self, engine_id: bytes, name: bytes) -> None:
        self.name: Final = name
        self._context = encode_tlv(OCTET_STRING, engine_id) + encode_tlv(OCTET_STRING, name)
        self._heads: dict[int, bytes] = {}

    def wrap(self, pdu: bytes) -> bytes:
        """The scoped PDU of an encoded PDU."""
        size = len(pdu)
        head = self._heads.get(size)
        if head is None:
            if len(self._heads) >= _HEADS:
                self._heads.clear()
            whole = encode_tlv(SEQUENCE, self._context + pdu)
            head = self._heads[size] = whole[: len(whole) - size]
        return head + pdu
