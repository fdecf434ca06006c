"""SNMPv3 engines that answer a discovery, as they should or not."""

from codec import COUNTER32, PduType, Report, encode_scoped
from codec.message_v3 import envelope

ENGINE_ID = bytes.fromhex("8000000b0300110a2b3c4d")
"""HP's, from a MAC address."""

_COUNTER = (Report.UNKNOWN_ENGINE.instance, COUNTER32, 7)


def report(
    msg_id: int,
    engine_id: bytes = ENGINE_ID,
    *,
    boots: int = 5,
    flags: int = 0,
    pdu_type: PduType = PduType.REPORT,
) -> bytes:
    """What an engine says to whoever does not know it (RFC 3414 section 3.2, step 3): an unauthenticated Report."""
    scoped = encode_scoped(engine_id, b"", pdu_type, (0, 0, 0), [_COUNTER])
    parts = envelope(flags, engine_id, (boots, 77), b"", msg_id=4, mac=0, salt=0, data=len(scoped))
    return parts.head + msg_id.to_bytes(4, "big") + parts.to_mac + parts.to_salt + scoped
