"""Engine discovery (RFC 3414 section 4): one unauthenticated question that every SNMPv3 engine answers by a Report."""

from typing import Final, NamedTuple

from codec.errors import DecodeError, UsmError
from codec.limits import REQUEST_ID_MAX, REQUEST_ID_MIN
from codec.message import decode_scoped
from codec.message_v3 import REPORTABLE, decode_secure, encode_scoped, envelope
from codec.tags import PduType
from codec.usm import check_engine_id

_ID_OCTETS: Final = 4
# The request-id within is of no account: an answer is known by its msgID.
_SCOPED: Final = encode_scoped(b"", b"", PduType.GET, (0, 0, 0), [])
_PARTS: Final = envelope(REPORTABLE, b"", (0, 0), b"", msg_id=_ID_OCTETS, mac=0, salt=0, data=len(_SCOPED))
_BEHIND_ID: Final = _PARTS.to_mac + _PARTS.to_salt + _SCOPED

DISCOVERY_ID_OFFSET: Final = len(_PARTS.head)
"""Where the msgID's four octets stand in a discovery request."""


class EngineReport(NamedTuple):
    """What an engine says of itself to anybody: nothing of it is proven."""

    msg_id: int
    engine_id: bytes
    boots: int
    time: int


def discovery_request(msg_id: int) -> bytes:
    """The discovery message; raises ValueError for a ``msg_id`` outside REQUEST_ID_MIN..REQUEST_ID_MAX."""
    if not REQUEST_ID_MIN <= msg_id <= REQUEST_ID_MAX:
        raise ValueError(f"msgID {msg_id} is outside {REQUEST_ID_MIN}..{REQUEST_ID_MAX}")
    return _PARTS.head + msg_id.to_bytes(_ID_OCTETS, "big") + _BEHIND_ID


def decode_discovery(data: bytes) -> EngineReport:
    """Read the answer to a discovery request; raises DecodeError for anything else, and for a malformed engine ID."""
    message = decode_secure(data)
    if message.level:
        raise DecodeError(0, "an answer to a discovery request claims to be secured")
    try:
        check_engine_id(message.engine_id)
    except UsmError as error:
        raise DecodeError(0, str(error)) from None
    if decode_scoped(data[message.begin : message.end]).message.pdu_type != PduType.REPORT:
        raise DecodeError(message.begin, "the answer to a discovery request is no Report")
    return EngineReport(message.msg_id, message.engine_id, message.boots, message.time)
