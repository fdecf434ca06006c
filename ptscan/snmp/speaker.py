"""Who speaks to an SNMPv3 engine: a stranger, who may ask for its ID alone, or a user. No I/O."""

import random
from typing import Final, Protocol

from codec import (
    AUTH,
    V3,
    Context,
    DecodeError,
    Decoder,
    Fault,
    Message,
    PduType,
    Report,
    Security,
    SecurityError,
    decode_discovery,
    decode_secure,
    discovery_request,
    report_of,
)
from ptscan.snmp.engine import Engine

_REPORT: Final = int(PduType.REPORT)
_ANSWERS: Final = frozenset({_REPORT, int(PduType.RESPONSE)})
_NOT_FOR_US: Final = frozenset({Fault.UNKNOWN_ENGINE, Fault.UNKNOWN_USER})


class Speaker(Protocol):
    """Puts PDUs into v3 messages, and takes messages apart that answer them."""

    def seal(self, pdu: bytes, msg_id: int, now: float) -> bytes:
        """The datagram that asks ``pdu``, whose request-id is ``msg_id`` as well."""
        ...

    def unseal(self, data: bytes, msg_id: int, now: float) -> Message:
        """The answer to the question ``msg_id``, a Report or what was asked for; raises DecodeError for any other.

        A message that is no answer by its PDU type is given as it is, and nothing of it was believed.
        """
        ...


class Salts:
    """A counter from a random beginning (RFC 3826 section 3.1.2.1), so that no salt comes twice under one key."""

    def __init__(self, randomness: random.Random) -> None:
        self._next = randomness.getrandbits(64)

    def take(self) -> bytes:
        """Eight octets that were not given before."""
        self._next = salt = self._next + 1 & 0xFFFF_FFFF_FFFF_FFFF
        return salt.to_bytes(8, "big")


class Stranger:
    """Asks an engine for its ID, whatever the PDU is; ``engine`` is there once it has answered."""

    __slots__ = ("engine",)

    def __init__(self) -> None:
        self.engine: Engine | None = None

    def seal(self, pdu: bytes, msg_id: int, now: float) -> bytes:
        return discovery_request(msg_id)

    def unseal(self, data: bytes, msg_id: int, now: float) -> Message:
        self.engine = Engine(decode_discovery(data), now)
        return Message(V3, b"", _REPORT, msg_id, 0, 0, [])


class UserSpeaker:
    """Speaks as one user, in one context, to one engine, whose clock it keeps."""

    __slots__ = ("_context", "_decoder", "_salts", "engine", "security")

    def __init__(self, engine: Engine, security: Security, context: str, *, salts: Salts, decoder: Decoder) -> None:
        self.engine = engine
        self.security = security
        self._context = Context(engine.engine_id, context.encode())
        self._salts = salts
        self._decoder = decoder

    @property
    def context(self) -> str:
        """The name of the context."""
        return self._context.name.decode()

    def seal(self, pdu: bytes, msg_id: int, now: float) -> bytes:
        return self.security.seal(
            msg_id, self._context.wrap(pdu), self.engine.times(now), self._salts.take(), reportable=True
        )

    def unseal(self, data: bytes, msg_id: int, now: float) -> Message:
        security, engine = self.security, self.engine
        try:
            level, secure, scoped = security.unseal(data)
        except SecurityError as error:
            if error.fault not in _NOT_FOR_US:
                raise
            return self._plain_report(data, error)
        message = self._decoder.decode_scoped(scoped)
        if message.pdu_type not in _ANSWERS:  # our own question, sent back, is authentic, too
            return message
        timely = engine.hear(secure.boots, secure.time, now) if level & AUTH else not security.level
        if message.pdu_type == _REPORT:
            if not timely and report_of(message) is Report.NOT_IN_TIME_WINDOW:
                # One that is not authenticated proves nothing, but it is worth another question.
                (engine.insist if level & AUTH else engine.suppose)(secure.boots, secure.time, now)
            return message
        if level != security.level:
            raise DecodeError(0, "the device answered below the security level that it was asked at")
        if not timely:
            raise DecodeError(0, "the answer is outside the time window of 150 seconds")
        if message.request_id != msg_id:
            raise DecodeError(0, "the request-id within is another one than the message's")
        return message

    def _plain_report(self, data: bytes, error: SecurityError) -> Message:
        """A Report in clear, from an engine or about a user of which these keys know nothing; else raise ``error``."""
        secure = decode_secure(data)
        if secure.level:
            raise error
        message = self._decoder.decode_scoped(data[secure.begin : secure.end])
        if message.pdu_type != _REPORT:
            raise error
        return message
