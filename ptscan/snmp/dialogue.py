"""One operation on one device, question by question: what is asked next, and in which dialect. No I/O.

A plan knows what it wants to know; a dialogue puts its questions to the device and finds out, at the first of them, how
the device has to be spoken to. Nothing here waits: the client asks ``begin`` for the first exchange, and each exchange
that has ended gives the next one by its ``then``, so that an operation of a hundred questions costs its task one wait.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from codec import V1, V2C, V3, UsmError
from proto_schema import Problem
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.dialect import DISCOVERY, Dialect
from ptscan.snmp.exchange import Exchange, Host, Variant
from ptscan.snmp.moves import Move
from ptscan.snmp.plan import Ask, Manners, Plan
from ptscan.snmp.table import REFUSALS
from ptscan.snmp.traffic import Traffic

if TYPE_CHECKING:
    from ptscan.snmp.introduction import Introduction
    from ptscan.snmp.keyring import Keyring
    from ptscan.snmp.speaker import Speaker

Dialects: TypeAlias = tuple[Dialect, ...]
Compose: TypeAlias = Callable[[Dialects, Ask], tuple[Variant, ...]]
"""Gives the requests of an ask, one in each dialect."""


class Device:
    """How one device is spoken to, and what it has cost."""

    __slots__ = (
        "accept_other_source",
        "compose",
        "dialects",
        "host",
        "introduction",
        "manners",
        "retries",
        "settled",
        "timeout",
        "traffic",
    )

    def __init__(
        self,
        host: Host,
        dialects: Dialects,
        compose: Compose,
        *,
        timeout: float,
        retries: int,
        accept_other_source: bool,
        introduction: "Introduction | None" = None,
    ) -> None:
        self.host = host
        self.dialects = dialects
        self.compose = compose
        self.timeout = timeout
        self.retries = retries
        self.accept_other_source = accept_other_source
        self.introduction = introduction
        """Where SNMPv3 users may be tried."""
        self.settled = False
        """Whether it has answered, and ``dialects`` is the one that it answered in."""
        self.manners = Manners()
        self.traffic = Traffic()

    def question(self, ask: Ask) -> Exchange:
        """An exchange that asks in all dialects side by side."""
        introduction = self.introduction
        if introduction is None:
            return self._exchange(self.dialects, ask, None)
        return self._exchange(self.dialects, ask, introduction.speaker if self.settled else introduction.stranger())

    @property
    def is_for_users_alone(self) -> bool:
        """Whether it has still to be got to know, and in SNMPv3 only."""
        return not self.settled and self.dialects == (DISCOVERY,)

    def question_by(self, speaker: "Speaker | None", ask: Ask) -> Exchange:
        """An exchange that asks in v3, by ``speaker``."""
        return self._exchange((DISCOVERY,), ask, speaker)

    def _exchange(self, dialects: Dialects, ask: Ask, speaker: "Speaker | None") -> Exchange:
        self.traffic.questions.append(ask.oids)
        retries = self.retries
        if ask.retries is not None and ask.retries < retries:
            retries = ask.retries
        return Exchange(
            self.host,
            self.compose(dialects, ask),
            self.traffic,
            timeout=self.timeout,
            retries=retries,
            accept_other_source=self.accept_other_source,
            speaker=speaker,
        )

    def one_try(self, ask: Ask, dialect: Dialect, *, patience: float) -> Exchange:
        """An exchange that asks once in ``dialect``, for ``patience`` seconds."""
        exchange = self._exchange((dialect,), ask, None)
        exchange.timeout, exchange.retries = patience, 0
        return exchange

    def in_jetdirect(self) -> "Device | None":
        """The same device in the context in which HP's print servers keep their MIB, as ``Introduction`` says."""
        introduction = self.introduction.in_jetdirect() if self.introduction is not None else None
        if introduction is None:
            return None
        device = Device(
            self.host,
            self.dialects,
            self.compose,
            timeout=self.timeout,
            retries=self.retries,
            accept_other_source=self.accept_other_source,
            introduction=introduction,
        )
        device.settled = True
        device.manners, device.traffic = self.manners, self.traffic
        return device

    def settle(self, dialect: Dialect) -> None:
        """Remember what it answered in, for good: nothing that happens later erases what worked."""
        self.settled = True
        if self.dialects != (dialect,):
            self.dialects = (dialect,)
        self.manners.version = dialect.version


class Dialogue:
    """Carries a plan out, or one question of it at a time."""

    __slots__ = ("_answered_in_v1", "_ask", "_device", "_plan", "_stepwise", "wanted")

    def __init__(self, device: Device, plan: Plan, *, stepwise: bool = False) -> None:
        self._device = device
        self._plan = plan
        self._stepwise = stepwise
        self._ask: Ask
        self._answered_in_v1: Exchange | None = None
        self.wanted: tuple[Keyring, bytes] | None = None
        """The keys, of a user at an engine, that have to be derived before it can ``resume``."""

    def begin(self) -> Exchange | None:
        """The next question of the plan, or None where the plan has ended."""
        ask = self._plan.next_ask()
        if ask is None:
            return None
        self._ask = ask
        device = self._device
        if device.introduction is not None:
            device.introduction.begin()
            if device.is_for_users_alone:
                return self._move(device.introduction, device.introduction.go_on())
        exchange = device.question(ask)
        exchange.then = self.go_on
        return exchange

    def resume(self, misfit: UsmError | None = None) -> Exchange | None:
        """The next question, now that the keys ``wanted`` are derived, or are none because of a ``misfit``."""
        introduction = self._device.introduction
        return None if introduction is None else self._move(introduction, introduction.go_on(misfit))

    def take_over(self, exchange: Exchange) -> Exchange | None:
        """Go on from an exchange that has put the plan's first question and ended."""
        ask = self._plan.next_ask()
        if ask is None:
            return None
        self._ask = ask
        if self._device.introduction is not None:
            self._device.introduction.begin()
        return self.go_on(exchange)

    def go_on(self, exchange: Exchange) -> Exchange | None:
        """Take in what came of the last question, and give the next one; None where it was the last."""
        introduction = self._device.introduction
        if introduction is not None and exchange.variants[exchange.variant].dialect.version == V3:
            move = introduction.judge(exchange)
            if move is not Move.TAKE:
                return self._move(introduction, move, exchange)
            if not self._device.settled:
                self._device.settle(Dialect(V3, b"", introduction.credential))
        elif not self._device.settled:
            again = self._settle(exchange)
            if again is not None:
                return again
            if self._answered_in_v1 is not None and exchange.outcome is not Outcome.OK:
                exchange = self._answered_in_v1
        plan = self._plan
        message = exchange.message
        if exchange.outcome is Outcome.OK and message is not None:
            plan.receive(message, exchange.received_octets)
        else:
            plan.fail(exchange.outcome, explain(exchange))
        return None if self._stepwise else self.begin()

    def _move(self, introduction: "Introduction", move: Move, exchange: Exchange | None = None) -> Exchange | None:
        """Do what the introduction says; ``exchange`` is the one that failed where that is all."""
        device = self._device
        self.wanted = None
        if move is Move.DERIVE:
            self.wanted = introduction.wanted
            return None
        if move is Move.FAIL:
            if introduction.refusal is not None:
                outcome, text = introduction.refusal
                address, port = device.host.source
                self._plan.fail(outcome, Problem(code=outcome.value, text=f"{address} port {port}: {text}"))
            elif exchange is not None:
                self._plan.fail(exchange.outcome, explain(exchange))
            return None if self._stepwise else self.begin()
        speaker = introduction.stranger() if move is Move.DISCOVER else introduction.speaker
        following = device.question_by(speaker, self._ask)
        following.then = self.go_on
        return following

    def _settle(self, exchange: Exchange) -> Exchange | None:
        """It answers for the first time: learn in which dialect; gives the question where that takes another one."""
        device = self._device
        before = self._answered_in_v1
        message = exchange.message
        if exchange.outcome is Outcome.OK and message is not None:
            if before is None and message.error_status in REFUSALS:
                exchange.outcome = Outcome.REFUSED
                return None
            dialect = exchange.variants[exchange.variant].dialect
            better = dialect._replace(version=V2C)
            if dialect.version == V1 and better in device.dialects:
                # Its one v2c datagram may have been lost, and GETBULK is worth a moment's wait.
                self._answered_in_v1 = exchange
                patience = min(max(limits.CONFIRM_SECONDS, 4 * exchange.rtt), device.timeout)
                again = device.one_try(self._ask, better, patience=patience)
                again.then = self.go_on
                return again
            device.settle(dialect)
        elif before is not None:
            device.settle(before.variants[before.variant].dialect)
        return None


def explain(exchange: Exchange) -> Problem:
    """One sentence for a person on why there is no answer."""
    outcome = exchange.outcome
    address, port = exchange.host.source
    times = "1 request" if exchange.sent_datagrams == 1 else f"{exchange.sent_datagrams} requests"
    text = f"{address} port {port}: "
    if outcome is Outcome.SILENT:
        text += f"no answer to {times}"
    elif outcome is Outcome.REFUSED:
        text += "the device answers that this community may not read"
    elif outcome is Outcome.UNREACHABLE:
        text += exchange.reason or "nothing listens there, says an ICMP message"
    elif outcome is Outcome.MALFORMED:
        text += f"the answer is no SNMP message ({exchange.reason})"
    else:
        text += exchange.reason
    if exchange.elsewhere is not None:
        other, other_port = exchange.elsewhere
        text += f"; {other} port {other_port} answered in its place and was not accepted"
    elif exchange.strays:
        text += f"; {exchange.strays} datagrams came with a request-id that was not asked"
    return Problem(code=outcome.value, text=text)
