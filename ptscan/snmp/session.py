"""One device: how it is spoken to, what was asked of it, and the operations on it. I/O through its client."""

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Protocol

import trio

from codec import V1, V2C, Oid, PduType, Varbind
from proto_schema import Problem
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.answer import Answer, Outcome
from ptscan.snmp.dialect import VERSION_NAMES, Dialect
from ptscan.snmp.get import GetPlan
from ptscan.snmp.plan import Ask, Manners, Plan
from ptscan.snmp.table import REFUSALS, Exchange, Host, Variant
from ptscan.snmp.traffic import Traffic
from ptscan.snmp.walk import WalkPlan


class Conductor(Protocol):
    """What a session needs of its client."""

    def compose(self, dialect: Dialect, ask: Ask) -> Variant:
        """The request for ``ask`` in ``dialect``."""

    async def conduct(self, exchange: Exchange) -> None:
        """Take an exchange to its end; a checkpoint, and cancelled it leaves nothing behind."""


class Session:
    """Operations on one device; made by ``Client.session``.

    Every operation is a coroutine that gives an ``Answer`` and raises nothing for what a device or a network does. It
    is a checkpoint, ends by itself after bounded time, and when it is cancelled nothing of it stays behind.
    ``deadline`` is an instant of ``trio.current_time()``: what was read until then is given. More OIDs or columns than
    ``limits`` allows raise InputError.
    """

    __slots__ = (
        "_accept_other_source",
        "_conductor",
        "_dialects",
        "_host",
        "_manners",
        "_no_dialect",
        "_retries",
        "_settled",
        "_timeout",
        "traffic",
    )

    def __init__(
        self,
        host: Host,
        dialects: tuple[Dialect, ...],
        *,
        no_dialect: Problem | None,
        timeout: float,
        retries: int,
        accept_other_source: bool,
        conductor: Conductor,
    ) -> None:
        self._host = host
        self._dialects = dialects
        self._no_dialect = no_dialect
        self._timeout = timeout
        self._retries = retries
        self._accept_other_source = accept_other_source
        self._conductor = conductor
        self._settled = False
        self._manners = Manners()
        self.traffic = Traffic()

    @property
    def address(self) -> str:
        """The address that is asked, as text."""
        return self._host.source[0]

    @property
    def port(self) -> int:
        """The port that is asked."""
        return self._host.source[1]

    @property
    def version(self) -> str | None:
        """``"1"`` or ``"2c"``; None until the device has answered."""
        return VERSION_NAMES[self._dialects[0].version] if self._settled else None

    @property
    def community_index(self) -> int | None:
        """Which of the session's credentials worked, counted from 0; None until the device has answered."""
        return self._dialects[0].credential if self._settled else None

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time in seconds; None before the first measure."""
        return self._host.srtt if self._host.rto else None

    async def get(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GET ``oids`` in as few PDUs as the device bears, in one where it can."""
        return await self._run(GetPlan(_checked(oids), batch=limits.REQUEST_VARBINDS), deadline)

    async def get_many(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GET any number of ``oids`` in PDUs whose answers should fit into one frame each."""
        return await self._run(GetPlan(_checked(oids), batch=limits.GET_BATCH), deadline)

    async def get_next(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GETNEXT of ``oids``: the varbind after each, or endOfMibView under the name that was asked."""
        plan = GetPlan(_checked(oids), batch=limits.REQUEST_VARBINDS, pdu_type=PduType.GET_NEXT)
        return await self._run(plan, deadline)

    async def walk(self, root: Oid, *, max_rows: int = limits.WALK_ROWS, deadline: float = inf) -> Answer:
        """Everything below ``root``, ascending; where there is nothing below it, ``root`` itself by a GET."""
        answer = await self._run(WalkPlan((root,), self._manners, max_rows=max_rows), deadline)
        if answer.outcome is Outcome.OK and not answer.varbinds:
            answer = await self.get((root,), deadline=deadline)
            answer = Answer(answer.outcome, tuple(answer.values.values()), answer.problems)
        return answer

    def iter_walk(self, root: Oid, *, max_rows: int = limits.WALK_ROWS, deadline: float = inf) -> "Walk":
        """``walk`` varbind by varbind: iterate over what this gives; its outcome is known afterwards."""
        return Walk(self, root, max_rows=max_rows, deadline=deadline)

    async def columns(
        self,
        columns: Sequence[Oid],
        *,
        max_rows: int = limits.COLUMN_ROWS,
        expected: int | None = None,
        first: int = limits.FIRST_REPETITIONS,
        deadline: float = inf,
    ) -> Answer:
        """Walk several columns side by side, each to its own end and to at most ``max_rows`` rows.

        What is asked in vain costs octets. ``expected``: how many rows there should be; ``first``: how many to ask for
        at first where that is not known.
        """
        if len(columns) > limits.COLUMNS:
            raise InputError(f"{len(columns)} columns, at most {limits.COLUMNS} are walked side by side")
        plan = WalkPlan(
            columns,
            self._manners,
            max_rows=max_rows,
            expected=expected,
            first=first,
            max_octets=limits.COLUMNS_OCTETS,
        )
        return await self._run(plan, deadline)

    async def _run(self, plan: Plan, deadline: float) -> Answer:
        asked = False
        while (ask := plan.next_ask()) is not None:
            asked = True
            await self._advance(plan, ask, deadline)
        if not asked:
            await trio.lowlevel.checkpoint()
        return plan.answer()

    async def _advance(self, plan: Plan, ask: Ask, deadline: float) -> None:
        """Ask once and hand the plan what came of it."""
        if self._no_dialect is not None:
            await trio.lowlevel.checkpoint()
            plan.fail(Outcome.NO_CREDENTIAL, self._no_dialect)
            return
        if deadline == inf:
            exchange = await self._exchange(ask)
        else:
            with trio.CancelScope(deadline=deadline) as scope:
                exchange = await self._exchange(ask)
            if scope.cancelled_caught:
                plan.fail(Outcome.ENDED_EARLY, Problem(code="deadline", text="the time for reading was over"))
                return
        if exchange.outcome is Outcome.OK and exchange.message is not None:
            plan.receive(exchange.message, exchange.received_octets)
        else:
            plan.fail(exchange.outcome, _explain(exchange))

    async def _exchange(self, ask: Ask) -> Exchange:
        exchange = self._prepare(ask, self._dialects)
        await self._conductor.conduct(exchange)
        if self._settled or exchange.outcome is not Outcome.OK:
            return exchange
        return await self._settle(ask, exchange)

    async def _settle(self, ask: Ask, exchange: Exchange) -> Exchange:
        """The device has answered for the first time: remember how it has to be spoken to."""
        if exchange.message is not None and exchange.message.error_status in REFUSALS:
            exchange.outcome = Outcome.REFUSED
            return exchange
        dialect = exchange.variants[exchange.variant].dialect
        if dialect.version == V1 and (better := dialect._replace(version=V2C)) in self._dialects:
            # Its one v2c datagram may have been lost, and GETBULK is worth a moment's wait.
            patience = min(max(limits.CONFIRM_SECONDS, 4 * exchange.rtt), self._timeout)
            again = self._prepare(ask, (better,), patience=patience)
            await self._conductor.conduct(again)
            if again.outcome is Outcome.OK:
                exchange, dialect = again, better
        self._settled = True
        self._dialects = (dialect,)
        self._manners.version = dialect.version
        return exchange

    def _prepare(self, ask: Ask, dialects: tuple[Dialect, ...], *, patience: float | None = None) -> Exchange:
        """An exchange that asks in all ``dialects`` side by side; with ``patience`` one try of that many seconds."""
        self.traffic.asked += ask.oids
        conductor = self._conductor
        retries = self._retries if ask.retries is None else min(self._retries, ask.retries)
        return Exchange(
            self._host,
            [conductor.compose(dialect, ask) for dialect in dialects],
            self.traffic,
            timeout=self._timeout if patience is None else patience,
            retries=retries if patience is None else 0,
            accept_other_source=self._accept_other_source,
        )


class Walk:
    """A walk under way: ``async for varbind in walk``; ``outcome`` and ``problems`` hold once it has ended."""

    def __init__(self, session: Session, root: Oid, *, max_rows: int, deadline: float) -> None:
        self._session = session
        self._root = root
        self._deadline = deadline
        self._plan = WalkPlan((root,), session._manners, max_rows=max_rows)
        self._read: deque[Varbind] = deque()
        self._some = False
        self._ended = False
        self.outcome = Outcome.OK
        self.problems: tuple[Problem, ...] = ()

    def __aiter__(self) -> "Walk":
        return self

    async def __anext__(self) -> Varbind:
        while not self._read:
            if self._ended:
                raise StopAsyncIteration
            await self._go_on()
        return self._read.popleft()

    async def _go_on(self) -> None:
        plan = self._plan
        ask = plan.next_ask()
        if ask is not None:
            await self._session._advance(plan, ask, self._deadline)
            self._read += plan.take_varbinds()
            self._some = self._some or bool(self._read)
            return
        self._ended = True
        answer = plan.answer()
        if answer.outcome is Outcome.OK and not self._some:  # a leaf has nothing below it
            answer = await self._session.get((self._root,), deadline=self._deadline)
            self._read += answer.values.values()
        self.outcome, self.problems = answer.outcome, answer.problems


def _checked(oids: Sequence[Oid]) -> Sequence[Oid]:
    if len(oids) > limits.GET_OIDS:
        raise InputError(f"{len(oids)} OIDs, at most {limits.GET_OIDS} are read at once")
    return oids


def _explain(exchange: Exchange) -> Problem:
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
