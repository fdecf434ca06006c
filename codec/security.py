"""One user at one engine: seals messages for it and opens those that come from it (RFC 3414 section 3).

Sans-I/O: the engine's time, the salt and every id are passed in. Whose message may be believed is judged here as far as
keys go; whether it came in time is for whoever keeps the engine's clock.
"""

import hashlib
from collections.abc import Callable
from hmac import compare_digest
from typing import Final, NamedTuple

from codec.ber import encode_number, encode_tlv
from codec.errors import Fault, SecurityError, UsmError
from codec.message_v3 import AUTH, LEVEL, PRIV, REPORTABLE, Envelope, SecureMessage, envelope
from codec.privacy import privacy_cipher
from codec.secure_frame import SecureDecoder
from codec.tags import OCTET_STRING
from codec.usm import AuthProtocol, PrivProtocol, check_engine_id

_ENVELOPES: Final = 8  # kept for the next message of the same second


class Opened(NamedTuple):
    """A message that was found genuine at ``level`` (of AUTH and PRIV), and its scoped PDU in the clear."""

    level: int
    message: SecureMessage
    scoped: bytes


class Security:
    """The localised keys of a user at an engine, ready for use; ``level`` says what of AUTH and PRIV it does.

    Not for several threads at once.
    """

    def __init__(
        self,
        user: bytes,
        engine_id: bytes,
        *,
        auth: tuple[AuthProtocol, bytes] | None = None,
        priv: tuple[PrivProtocol, bytes] | None = None,
    ) -> None:
        """``auth`` and ``priv`` are each a protocol and its key at this engine.

        Raises UsmError for an engine ID that is none, a key of a wrong length, and privacy without authentication.
        """
        check_engine_id(engine_id)
        if priv is not None and auth is None:
            raise UsmError("privacy without authentication: SNMPv3 has no such level")
        self.user: Final = user
        self.engine_id: Final = engine_id
        self.level: Final = (AUTH if auth else 0) | (PRIV if priv else 0)
        self._mac = _Mac(*auth) if auth else None
        self._cipher = privacy_cipher(*priv) if priv else None
        self._decoder = SecureDecoder()
        self._envelopes: dict[tuple[int, int, int, int, int], Envelope] = {}

    def __repr__(self) -> str:
        return f"Security(user={self.user!r}, engine_id={self.engine_id.hex()}, level={self.level})"

    def seal(
        self,
        msg_id: int,
        scoped: bytes,
        times: tuple[int, int],
        salt: bytes,
        *,
        reportable: bool,
        level: int | None = None,
    ) -> bytes:
        """The datagram that carries ``scoped`` at ``times``, the engine's boots and time, or at a lower ``level``.

        ``salt`` has 8 octets and has to be another one each time. Raises EncodeError for what fits into no datagram.
        """
        flags = self.level if level is None else level
        boots, time = times
        if flags & PRIV and self._cipher is not None:
            data = encode_tlv(OCTET_STRING, self._cipher.encrypt(scoped, boots, time, salt))
        else:
            data, salt = scoped, b""
        mac = self._mac if flags & AUTH else None
        if reportable:
            flags |= REPORTABLE
        number = encode_number(msg_id)
        key = (flags, len(data), boots, time, len(number))
        parts = self._envelopes.get(key)
        if parts is None:
            if len(self._envelopes) >= _ENVELOPES:
                self._envelopes.clear()
            parts = self._envelopes[key] = envelope(
                flags,
                self.engine_id,
                times,
                self.user,
                msg_id=len(number),
                mac=mac.octets if mac else 0,
                salt=len(salt),
                data=len(data),
            )
        front = parts.head + number + parts.to_mac
        back = parts.to_salt + salt + data
        return front + (mac.of(front, back) if mac else b"") + back

    def unseal(self, data: bytes) -> Opened:
        """Take a datagram apart, verify it and decipher it.

        Raises DecodeError for what is no v3 message, and SecurityError, a kind of it, for one that is not this user's
        at this engine or not genuine. The level is what the message has: who asked for more may not believe it.
        """
        return self.judge(data, self._decoder.decode(data))

    def judge(self, data: bytes, message: SecureMessage) -> Opened:
        """The same for a ``message`` that was taken apart before."""
        level = message.flags & LEVEL
        if message.engine_id != self.engine_id:
            raise SecurityError(Fault.UNKNOWN_ENGINE, f"the engine ID is {message.engine_id.hex() or 'empty'}")
        if message.user != self.user:
            raise SecurityError(Fault.UNKNOWN_USER, "it is in the name of another user")
        if level & ~self.level:
            raise SecurityError(Fault.UNSUPPORTED_LEVEL, "its security level is above that of the user")
        if level & AUTH and self._mac is not None:
            expected = self._mac.of(data[: message.mac_at], data[message.mac_at + len(message.mac) :])
            if not compare_digest(expected, message.mac):
                raise SecurityError(Fault.WRONG_DIGEST, "the digest does not match")
        scoped = data[message.begin : message.end]
        if level & PRIV and self._cipher is not None:
            try:
                scoped = self._cipher.decrypt(scoped, message.boots, message.time, message.salt)
            except UsmError as error:
                raise SecurityError(Fault.DECRYPTION, str(error)) from None
        return Opened(level, message, scoped)


class _Mac:
    """HMAC under one key (RFC 2104), with the key hashed once and for all: half the time of ``hmac.digest``."""

    def __init__(self, auth: AuthProtocol, key: bytes) -> None:
        if len(key) != auth.key_octets:
            raise UsmError(f"an authentication key of {len(key)} octets: {auth.name} has {auth.key_octets}")
        padded = int.from_bytes(key.ljust(auth.block_octets, b"\0"), "big")
        self.octets: Final = auth.mac_octets
        self._zeros = bytes(auth.mac_octets)
        self._inner = self._keyed(auth, padded, 0x36)
        self._outer = self._keyed(auth, padded, 0x5C)

    @staticmethod
    def _keyed(auth: AuthProtocol, padded: int, pad: int) -> "Callable[[], hashlib._Hash]":
        mask = int.from_bytes(bytes((pad,)) * auth.block_octets, "big")
        block = (padded ^ mask).to_bytes(auth.block_octets, "big")
        return hashlib.new(auth.name, block, usedforsecurity=False).copy

    def of(self, front: bytes, back: bytes) -> bytes:
        """The MAC of a message whose own stands between ``front`` and ``back``, where zeros count."""
        inner = self._inner()
        inner.update(front + self._zeros + back)
        outer = self._outer()
        outer.update(inner.digest())
        return outer.digest()[: self.octets]
