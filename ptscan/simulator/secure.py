"""The responder side of SNMPv3: whose request it is, whether it is genuine and timely, and Reports; pure.

RFC 3414 section 3.2 and RFC 3412 section 7.2, step by step and in their order. Two liberties, which real devices take:
a user with a password who is asked without is an unsupported level (net-snmp leaves that to its access control), and
what was deciphered to something that is no scoped PDU, because the privacy password differs, is a decryption error.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from codec import (
    AUTH,
    COUNTER32,
    PRIV,
    REPORTABLE,
    DecodeError,
    Fault,
    PduType,
    Report,
    SecureMessage,
    Security,
    SecurityError,
    decode_scoped,
    decode_secure,
)
from ptscan.simulator.encoding import element, header, signed, varbind
from ptscan.simulator.engine import MOST, Engine, timely
from ptscan.simulator.limits import MAX_KNOWN_SECURITIES, MIN_MESSAGE
from ptscan.simulator.operations import Asked, response_pdu
from ptscan.simulator.users import SimulatedUser

_HANDLED: Final = frozenset({PduType.GET, PduType.GET_NEXT, PduType.GET_BULK, PduType.SET})
_CONFIRMED: Final = _HANDLED | {PduType.INFORM}
_BLOCK: Final = 8
# what a sealed block does not show: lengths of more octets, the padding of a cipher, the header of the scoped PDU
_GROWTH: Final = 2 + 2 + 7 + 4


class _Known(NamedTuple):
    """A user at an engine: the head of the scoped PDUs, and what a message has at most beside the PDU."""

    security: Security
    head: bytes
    overhead: int


class SecureResponder:
    """Answers to ``users`` for any engine, in messages of at most ``max_message`` octets."""

    def __init__(self, users: Iterable[SimulatedUser], max_message: int) -> None:
        self._users = {user.name: user for user in users}
        self._max_message = max_message
        self._known: dict[tuple[bytes, bytes], _Known] = {}

    def receive(self, engine: Engine, data: bytes, now: float) -> Asked | bytes | None:
        """What is asked of ``engine`` by one datagram; octets where the answer is a Report; None for silence."""
        try:
            message = decode_secure(data)
        except DecodeError:
            return None
        if message.max_size < MIN_MESSAGE:
            return None
        level = message.level
        scoped = b"" if level & PRIV else data[message.begin : message.end]
        if message.engine_id != engine.engine_id:
            return _report(engine, now, Report.UNKNOWN_ENGINE, message, scoped)
        user = self._users.get(message.user)
        if user is None:
            return _report(engine, now, Report.UNKNOWN_USER, message, scoped)
        known = self._known_at(user, engine.engine_id)
        security = known.security
        if level & ~security.level or security.level & ~level & AUTH:
            return _report(engine, now, Report.UNSUPPORTED_LEVEL, message, scoped)
        try:
            scoped = security.judge(data, message).scoped
        except SecurityError as error:
            if error.fault is not Fault.DECRYPTION:
                return _report(engine, now, Report.WRONG_DIGEST, message, scoped)
        times = engine.times(now)
        if level and not timely(message.boots, message.time, times):
            return _report(engine, now, Report.NOT_IN_TIME_WINDOW, message, scoped, (security, AUTH))
        try:
            context_engine_id, context_name, asked = decode_scoped(scoped)
        except DecodeError:  # also of what was not deciphered, which is left empty
            return _report(engine, now, Report.DECRYPTION_ERROR, message, b"") if level & PRIV else None
        if asked.pdu_type not in _CONFIRMED:
            return None
        if asked.pdu_type not in _HANDLED or context_engine_id != engine.engine_id:
            return _report(engine, now, Report.UNKNOWN_HANDLER, message, scoped, (security, level))
        if context_name != user.context:
            return _report(engine, now, Report.UNKNOWN_CONTEXT, message, scoped, (security, level))

        def seal(pdu: bytes) -> bytes:
            size = len(known.head) + len(pdu)
            return security.seal(
                message.msg_id,
                b"".join((header(0x30, size), known.head, pdu)),
                times,
                engine.next_salt(),
                reportable=False,
                level=level,
            )

        return Asked(asked, min(self._max_message, message.max_size) - known.overhead, seal)

    def _known_at(self, user: SimulatedUser, engine_id: bytes) -> _Known:
        key = user.name, engine_id
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MAX_KNOWN_SECURITIES:
                del self._known[next(iter(self._known))]
            security = user.security_at(engine_id)
            head = element(0x04, engine_id) + element(0x04, user.context)
            sealed = security.seal(MOST, bytes(_BLOCK), (MOST, MOST), bytes(8), reportable=False)
            overhead = len(sealed) - _BLOCK + _GROWTH + len(head)
            known = self._known[key] = _Known(security, head, overhead)
        return known


def _report(
    engine: Engine,
    now: float,
    report: Report,
    message: SecureMessage,
    scoped: bytes,
    secured: tuple[Security, int] | None = None,
) -> bytes | None:
    """The Report that answers ``message``, None where it wants none; counted either way.

    ``scoped`` is what is known of its scoped PDU in the clear; ``secured`` what seals the Report, and at which level:
    without, it is not authenticated.
    """
    count = engine.count(report)
    if not message.flags & REPORTABLE:
        return None
    try:
        request_id = decode_scoped(scoped).message.request_id
    except DecodeError:  # RFC 3412 section 7.1, 3c: 0 where it can't be told
        request_id = 0
    pdu = response_pdu(PduType.REPORT, request_id, [varbind(report.instance, COUNTER32, signed(count))])
    content = element(0x04, engine.engine_id) + b"\x04\x00" + pdu
    security, level = secured or (Security(message.user, engine.engine_id), 0)
    return security.seal(
        message.msg_id,
        element(0x30, content),
        engine.times(now),
        engine.next_salt(),
        reportable=False,
        level=level,
    )
