"""Mutated SNMPv3 messages at what takes them apart, verifies, deciphers and reads them: one part of ``fuzz_codec``.

Some are mutated as they lie on the wire, some before they were sealed, so that they are genuine and wrong. With and
without a memory the result has to be the same, and nothing but a DecodeError may come out.
"""

import random
import time

from mutations import BrokenPromiseError, mutate

import codec
from codec import (
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    DecodeError,
    Decoder,
    Message,
    Opened,
    PduType,
    SecureMessage,
    Security,
    decode_discovery,
    decode_scoped,
    decode_secure,
    discovery_request,
    encode_scoped,
)
from codec.secure_frame import SecureDecoder

ENGINE = bytes.fromhex("8000000903001122334455")
LEVELS = ((None, None), ("md5", None), ("sha1", "des"), ("sha256", "aes128"), ("sha512", "aes256"))


def user_at(auth: str | None, priv: str | None) -> Security:
    by, how = AUTH_PROTOCOLS[auth] if auth else None, PRIV_PROTOCOLS[priv] if priv else None
    return Security(
        b"auditor",
        ENGINE,
        auth=(by, bytes(range(by.key_octets))) if by else None,
        priv=(how, bytes(range(how.key_octets))) if how else None,
    )


class Users:
    """Users of every level at one engine, whose messages come and go, mutated or not."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._users = [user_at(*level) for level in LEVELS]
        self._decoder, self._secure = Decoder(), SecureDecoder()
        varbinds: list[codec.Varbind] = [
            (codec.parse_oid("1.3.6.1.2.1.43.11.1.1.6.1") + bytes((row,)), codec.OCTET_STRING, b"Black Toner " * row)
            for row in range(12)
        ]
        reports: list[codec.Varbind] = [(report.instance, codec.COUNTER32, 1) for report in codec.Report]
        self._scoped = [
            *(encode_scoped(ENGINE, b"", PduType.RESPONSE, (1, 0, 0), varbinds[:rows]) for rows in range(12)),
            *(encode_scoped(ENGINE, b"", PduType.REPORT, (0, 0, 0), [report]) for report in reports),
        ]

    def next(self) -> bytes:
        """A datagram that is genuine, genuine around mutated octets, or mutated itself."""
        chance = self._chance
        if chance.random() < 0.02:
            return mutate(discovery_request(chance.randint(codec.REQUEST_ID_MIN, codec.REQUEST_ID_MAX)), chance)
        scoped, draw = chance.choice(self._scoped), chance.random()
        if draw < 0.3:
            scoped = mutate(scoped, chance) or b"\0"
        times = chance.choice(((3, 4_711), (3, chance.randrange(1 << 31)), (chance.randrange(1 << 31), 0)))
        data = chance.choice(self._users).seal(
            chance.randint(0, codec.REQUEST_ID_MAX),
            scoped,
            times,
            chance.randbytes(8),
            reportable=chance.random() < 0.5,
        )
        return mutate(data, chance) if draw > 0.5 else data

    def seconds_of(self, data: bytes) -> float:
        """The CPU time of one datagram, through everything."""
        started = time.process_time()
        self.accept(data)
        return time.process_time() - started

    def accept(self, data: bytes) -> bool:
        """Whether it is a v3 message; raises BrokenPromiseError where anything is said of it that should not be."""
        try:
            return self._accept(data)
        except BrokenPromiseError:
            raise
        except BaseException as error:
            raise BrokenPromiseError(f"{type(error).__name__} came out: {error}", data) from error

    def _accept(self, data: bytes) -> bool:
        plain = self._apart(data, None)
        for _ in range(2):  # as it learns, and as it has learned
            if self._apart(data, self._secure) != plain:
                raise BrokenPromiseError("with a memory another message is taken apart", data)
        try:
            decode_discovery(data)
        except DecodeError:
            pass
        if not isinstance(plain, SecureMessage):
            return False
        for user in self._users:
            opened = self._opened(user, data, None)
            if self._opened(user, data, plain) != opened:
                raise BrokenPromiseError("with a memory another message is opened", data)
            if opened is not None:
                if opened.level & ~user.level:
                    raise BrokenPromiseError("a message is opened above the level of its user", data)
                self._read(opened.scoped, data)
        return True

    def _apart(self, data: bytes, decoder: SecureDecoder | None) -> SecureMessage | tuple[int, str]:
        try:
            return decode_secure(data) if decoder is None else decoder.decode(data)
        except DecodeError as error:
            if not 0 <= error.offset <= len(data) or not error.reason:
                raise BrokenPromiseError(f"a DecodeError at octet {error.offset} of {len(data)}", data) from error
            return error.offset, error.reason

    def _opened(self, user: Security, data: bytes, message: SecureMessage | None) -> Opened | None:
        try:
            return user.unseal(data) if message is None else user.judge(data, message)
        except DecodeError:  # SecurityError is one
            return None

    def _read(self, scoped: bytes, data: bytes) -> None:
        plain = self._message(scoped, None)
        for _ in range(2):
            if self._message(scoped, self._decoder) != plain:
                raise BrokenPromiseError("with a memory another scoped PDU is read", data)

    def _message(self, scoped: bytes, decoder: Decoder | None) -> Message | None:
        try:
            return decode_scoped(scoped).message if decoder is None else decoder.decode_scoped(scoped)
        except DecodeError:
            return None
