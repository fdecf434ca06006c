"""SNMPv3 messages to test with: a builder of octets that owes nothing to the codec, and users with ready keys."""

from codec import AUTH_PROTOCOLS, PRIV_PROTOCOLS, Security

from .messages import integer, message, tlv

ENGINE = bytes.fromhex("80000009030000aa112233")
USER = b"auditor"
TIMES = (7, 4_711)
SALT = bytes.fromhex("0123456789abcdef")
PAIRS: list[tuple[str | None, str | None]] = [
    (None, None),
    *((auth, None) for auth in AUTH_PROTOCOLS),
    *((auth, priv) for auth in AUTH_PROTOCOLS for priv in PRIV_PROTOCOLS),
]
LEVELS: list[tuple[str | None, str | None]] = [(None, None), ("sha1", None), ("md5", "des"), ("sha256", "aes128")]


def scoped(*varbinds: bytes, engine_id: bytes = ENGINE, name: bytes = b"", pdu_tag: int = 0xA2) -> bytes:
    """A scoped PDU around whole varbinds."""
    whole = message(*varbinds, community=b"", pdu_tag=pdu_tag)
    pdu = whole[whole.index(b"\x02\x01\x01\x04\x00") + 5 :]
    return tlv(0x30, tlv(4, engine_id) + tlv(4, name) + pdu)


def secure(
    *,
    version: bytes = integer(3),
    msg_id: bytes = integer(1 << 24),
    max_size: bytes = integer(65_507),
    flags: bytes = tlv(4, b"\x00"),
    model: bytes = integer(3),
    engine_id: bytes = tlv(4, ENGINE),
    boots: bytes = integer(TIMES[0]),
    time: bytes = integer(TIMES[1]),
    user: bytes = tlv(4, USER),
    mac: bytes = tlv(4, b""),
    salt: bytes = tlv(4, b""),
    data: bytes | None = None,
    behind: dict[str, bytes] | None = None,
) -> bytes:
    """A v3 message of fields that are whole (their tag and length included), with octets ``behind`` those in a part."""
    left = {"global": b"", "parameters": b"", "secured": b"", "message": b""} | (behind or {})
    parameters = tlv(0x30, engine_id + boots + time + user + mac + salt + left["parameters"])
    return tlv(
        0x30,
        version
        + tlv(0x30, msg_id + max_size + flags + model + left["global"])
        + tlv(4, parameters + left["secured"])
        + (scoped() if data is None else data)
        + left["message"],
    )


def security(
    auth: str | None = "sha1",
    priv: str | None = "aes128",
    *,
    user: bytes = USER,
    engine_id: bytes = ENGINE,
    key: int = 1,
) -> Security:
    """A user with keys that begin with ``key`` and count up."""

    def octets(size: int) -> bytes:
        return bytes((key + place) & 0xFF for place in range(size))

    by, how = AUTH_PROTOCOLS[auth] if auth else None, PRIV_PROTOCOLS[priv] if priv else None
    return Security(
        user,
        engine_id,
        auth=(by, octets(by.key_octets)) if by else None,
        priv=(how, octets(how.key_octets)) if how else None,
    )
