"""How a device is got to know in SNMPv3: its engine is found, and the user whom it lets in. No I/O.

One ``Introduction`` belongs to one device of a session. A dialogue shows it each exchange that went in v3, and it says
what is to be done next: it never asks anything itself. What it knows of the engine is shared with the other sessions of
the same address, by an ``Acquaintance``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from codec import PduType, Report, Security, UsmError, engine_enterprise, report_of
from proto_schema import Problem
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.engine import Engine
from ptscan.snmp.exchange import Exchange
from ptscan.snmp.keyring import Keyring
from ptscan.snmp.moves import Move
from ptscan.snmp.speaker import Stranger, UserSpeaker
from ptscan.snmp.table import REFUSALS

_HP: Final = 11  # its enterprise number
JETDIRECT: Final = "Jetdirect"
"""The context in which HP's print servers keep their MIB."""

_OUTCOMES: Final[Mapping[Report | None, Outcome]] = {
    Report.UNKNOWN_USER: Outcome.UNKNOWN_USER,
    Report.WRONG_DIGEST: Outcome.WRONG_DIGEST,
    Report.UNSUPPORTED_LEVEL: Outcome.UNSUPPORTED_LEVEL,
    Report.DECRYPTION_ERROR: Outcome.DECRYPTION_ERROR,
    Report.NOT_IN_TIME_WINDOW: Outcome.NOT_IN_TIME_WINDOW,
    Report.UNKNOWN_ENGINE: Outcome.UNKNOWN_ENGINE,
    Report.UNKNOWN_CONTEXT: Outcome.UNKNOWN_CONTEXT,
    Report.UNAVAILABLE_CONTEXT: Outcome.UNKNOWN_CONTEXT,
}
_BY_LEVEL: Final[Mapping[str, tuple[str, str]]] = {
    "authPriv": ("privacy password and protocol", ""),
    "authNoPriv": ("authentication password and protocol", ", and whether it wants priv"),
    "noAuthNoPriv": ("name", ", and whether it wants auth and priv"),
}
"""What to check where silence meets a user, and where he may not read: so net-snmp's agent refuses too low a level."""
_REPORT: Final = int(PduType.REPORT)
_ABSENT: Final = frozenset({Outcome.UNREACHABLE, Outcome.NOT_SENT})


class Acquaintance:
    """What the sessions of one ``address`` know of it together."""

    __slots__ = ("address", "engine", "known")

    def __init__(self, address: str) -> None:
        self.address = address
        self.engine: Engine | None = None
        self.known: Keyring | None = None
        """Of the user who was let in last."""


class Introduction:
    """Of one device, with the ``users`` that may be tried on it as keyrings, and their places among the credentials."""

    def __init__(
        self,
        users: Sequence[tuple[int, Keyring]],
        acquaintance: Acquaintance,
        make_speaker: Callable[[Engine, Security, str], UserSpeaker],
    ) -> None:
        known = acquaintance.known
        if known is not None and len(users) > 1:
            users = sorted(users, key=lambda entry: entry[1] is not known)  # who was let in before comes first
        self._users = users
        self._acquaintance = acquaintance
        self._make_speaker = make_speaker
        self._at = 0
        self._failures: list[tuple[Outcome, str]] = []
        self._resynchronised = self._discovered = 0
        self._is_fresh = False  # whether the engine has shown itself to this introduction
        self._before_jetdirect: tuple[Outcome, str] | None = None
        """Why the present user was not let in before HP's context was tried."""
        self.is_settled = False
        self.speaker: UserSpeaker | None = None
        self.refusal: tuple[Outcome, str] | None = None
        """Why no user was let in, where that is why it failed."""
        self.notices: list[Problem] = []
        """What the next answer has to say besides."""

    @property
    def engine(self) -> Engine | None:
        """The engine, once it is known."""
        return self._acquaintance.engine

    @property
    def credential(self) -> int:
        """The place of the user who is tried, or let in."""
        return self._users[self._at][0]

    @property
    def keyrings(self) -> list[Keyring]:
        """Of all who are tried."""
        return [keyring for _, keyring in self._users]

    @property
    def wanted(self) -> tuple[Keyring, bytes] | None:
        """Whose keys have to be derived, and for which engine."""
        engine = self.engine
        return None if engine is None else (self._users[self._at][1], engine.engine_id)

    @staticmethod
    def stranger() -> Stranger:
        """Who asks for the engine ID."""
        return Stranger()

    def begin(self) -> None:
        """A new question is put."""
        self._resynchronised = self._discovered = 0
        self.refusal = None
        if not self.is_settled:
            self._at = 0
            self._failures.clear()
            self._before_jetdirect = None

    def go_on(self, misfit: UsmError | None = None) -> Move:
        """Find the engine, or speak as the present user, whose keys may have been derived meanwhile, or do not fit."""
        engine = self.engine
        if engine is None:
            return Move.DISCOVER
        keyring, security = self._users[self._at][1], None
        if misfit is None:
            try:
                security = keyring.find(engine.engine_id)
            except UsmError as error:
                misfit = error
        if misfit is not None:
            return self._next_user(Outcome.NO_CREDENTIAL, f"has keys that do not fit: {misfit}")
        if security is None:
            return Move.DERIVE
        context = self.speaker.context if self.is_settled and self.speaker else keyring.user.context
        self.speaker = self._make_speaker(engine, security, context)
        return Move.ASK

    def in_jetdirect(self) -> "Introduction | None":
        """An introduction of the user who was let in, in HP's context; None where he is, or where nobody has one."""
        engine, speaker = self.engine, self.speaker
        if not self.is_settled or engine is None or speaker is None or speaker.context == JETDIRECT:
            return None
        if not _is_hps(engine):
            return None
        other = Introduction([self._users[self._at]], self._acquaintance, self._make_speaker)
        other.is_settled = other._is_fresh = True
        other.speaker = self._make_speaker(engine, speaker.security, JETDIRECT)
        return other

    def judge(self, exchange: Exchange) -> Move:
        """An exchange that went in v3 has ended."""
        if isinstance(exchange.speaker, Stranger):
            return self._met(exchange, exchange.speaker)
        message = exchange.message
        if exchange.outcome is not Outcome.OK or message is None:
            return self._unanswered(exchange)
        if message.pdu_type == _REPORT:
            return self._reported(report_of(message))
        if message.error_status in REFUSALS and not self.is_settled:
            return self._try_jetdirect(Outcome.REFUSED, self._advice(Outcome.REFUSED))
        if not self.is_settled:
            self.is_settled = True
            self._is_fresh = True
            self._before_jetdirect = None
            self._acquaintance.known = self._users[self._at][1]
        return Move.TAKE

    def _met(self, exchange: Exchange, stranger: Stranger) -> Move:
        engine, before = stranger.engine, self.engine
        if exchange.outcome is not Outcome.OK or engine is None:
            return Move.FAIL
        self._is_fresh = True
        if before is not None and before.engine_id == engine.engine_id:
            return self.go_on()  # it keeps its clock, which an unproven message does not set
        if before is not None:
            text = f"its SNMPv3 engine ID was {before.engine_id.hex()} and is {engine.engine_id.hex()} now"
            self._notice("engine-changed", text)
        self._acquaintance.engine = engine
        return self.go_on()

    def _reported(self, report: Report | None) -> Move:
        if report is Report.NOT_IN_TIME_WINDOW and self._resynchronised < limits.RESYNCHRONISATIONS:
            self._resynchronised += 1  # its clock has come with the Report
            if self.engine is not None and self.engine.has_gone_back:
                self.engine.has_gone_back = False
                text = "its SNMPv3 clock has gone back: it has forgotten how often it was started"
                self._notice("clock-went-back", text)
            return Move.ASK
        # What it said of itself a moment ago is not asked again; an engine that was known may have been replaced.
        if report is Report.UNKNOWN_ENGINE and (self.is_settled or not self._is_fresh) and self._may_discover():
            return Move.DISCOVER
        outcome = _OUTCOMES.get(report, Outcome.DEVICE_ERROR)
        if outcome is Outcome.UNKNOWN_CONTEXT and not self.is_settled:
            return self._try_jetdirect(outcome, self._advice(outcome))
        return self._next_user(outcome, self._advice(outcome))

    def _unanswered(self, exchange: Exchange) -> Move:
        if exchange.outcome is Outcome.SILENT and not self._is_fresh and self._may_discover():
            return Move.DISCOVER  # what is known of its engine is from earlier, and it may have another one by now
        if self.is_settled or exchange.outcome in _ABSENT:
            return Move.FAIL
        if exchange.outcome is Outcome.SILENT:
            return self._next_user(Outcome.SILENT, self._advice(Outcome.SILENT))
        return self._next_user(exchange.outcome, f"got an answer that is not to be believed: {exchange.reason}")

    def _notice(self, code: str, text: str) -> None:
        if len(self.notices) < limits.NOTICES:
            self.notices.append(Problem(code=code, text=f"{self._acquaintance.address}: {text}"))

    def _may_discover(self) -> bool:
        self._discovered += 1
        return self._discovered <= limits.DISCOVERIES

    def _try_jetdirect(self, outcome: Outcome, reason: str) -> Move:
        """The present user is not let in, for this ``reason``: he may be in HP's context."""
        engine, speaker = self.engine, self.speaker
        if engine is None or speaker is None or speaker.context or self._before_jetdirect:
            return self._next_user(outcome, reason)
        if outcome is Outcome.REFUSED and not _is_hps(engine):  # which may say nothing more
            return self._next_user(outcome, reason)
        self._before_jetdirect = outcome, reason
        self.speaker = self._make_speaker(engine, speaker.security, JETDIRECT)
        return Move.ASK

    def _next_user(self, outcome: Outcome, reason: str) -> Move:
        """The present user is not let in, for this ``reason``: try the next one, or say so of all."""
        keyring = self._users[self._at][1]
        name = keyring.user.name
        if self.engine is not None and not self.is_settled:
            keyring.forget(self.engine.engine_id)  # sixteen users in vain are not to take memory at each device
        outcome, reason = self._before_jetdirect or (outcome, reason)
        self._failures.append((outcome, f"SNMPv3 user {name!r} {reason}"))
        if not self.is_settled and self._at + 1 < len(self._users):
            self._at += 1
            self._before_jetdirect = None
            self._resynchronised = 0
            return self.go_on()
        self.refusal = self._failures[0][0], "; ".join(text for _, text in self._failures)
        self._failures.clear()
        return Move.FAIL

    def _advice(self, outcome: Outcome) -> str:
        user = self._users[self._at][1].user
        suspect, lacking = _BY_LEVEL[user.level]
        return {
            Outcome.SILENT: "got no answer, though the engine gave its ID: some devices say nothing to what is wrong, "
            f"check {suspect}{' and context' if user.context else ''}",
            Outcome.UNKNOWN_USER: "is not known to the device: check the name, and that the device has this user",
            Outcome.WRONG_DIGEST: f"has another authentication password or protocol there than {user.auth}: check both",
            Outcome.UNSUPPORTED_LEVEL: f"has another security level there than {user.level}: check auth and priv",
            Outcome.DECRYPTION_ERROR: f"has another privacy password or protocol there than {user.priv}: check both",
            Outcome.REFUSED: f"may not read what was asked: see the rights on the device{lacking}",
            Outcome.NOT_IN_TIME_WINDOW: "is refused for the time, again and again: set the device's SNMPv3 up anew",
            Outcome.UNKNOWN_ENGINE: "is refused for the engine ID that the device itself gave: restart the device",
            Outcome.UNKNOWN_CONTEXT: f"has no context {user.context!r} there: name the right one as context",
        }.get(outcome, "is refused by a Report that says nothing known")


def _is_hps(engine: Engine) -> bool:
    return engine_enterprise(engine.engine_id) == _HP
