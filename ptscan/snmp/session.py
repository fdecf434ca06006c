"""One device and the operations on it. I/O through its client."""

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

import trio

from codec import Oid, PduType, UsmError, Varbind
from proto_schema import Problem
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.answer import Answer, Outcome
from ptscan.snmp.dialect import VERSION_NAMES
from ptscan.snmp.dialogue import Device, Dialogue
from ptscan.snmp.exchange import Exchange
from ptscan.snmp.get import GetPlan
from ptscan.snmp.plan import Ask, Plan
from ptscan.snmp.traffic import Traffic
from ptscan.snmp.walk import WalkPlan

if TYPE_CHECKING:
    from ptscan.snmp.meeting import Meeting

_GET: Final = PduType.GET  # not looked up in the Enum at each GET, which Python 3.11 does slowly
_RESPONSE: Final = int(PduType.RESPONSE)
_OK: Final = Outcome.OK
_OVERTIME: Final = Problem(code="deadline", text="the time for reading was over")


class Conductor(Protocol):
    """What a session needs of its client's driver."""

    async def conduct(self, exchange: Exchange) -> None:
        """Take an exchange, and what its ``then`` gives, to the end; a checkpoint, and cancelled it leaves nothing."""


class Session:
    """Operations on one device; made by ``Client.session``.

    Every operation is a coroutine that gives an ``Answer`` and raises nothing for what a device or a network does. It
    is a checkpoint, ends by itself after bounded time, and when it is cancelled nothing of it stays behind.
    ``deadline`` is an instant of ``trio.current_time()``: what was read until then is given. More OIDs or columns than
    ``limits`` allows raise InputError.
    """

    __slots__ = ("_conductor", "_device", "_failure", "_introduced", "_meeting", "_no_dialect", "traffic")

    def __init__(
        self, device: Device, conductor: Conductor, *, no_dialect: Problem | None, meeting: "Meeting | None" = None
    ) -> None:
        self._device = device
        self._conductor = conductor
        self._no_dialect = no_dialect
        self._meeting = meeting
        """Where SNMPv3 users may be tried."""
        self._introduced = 0  # how often it was tried to get to know the device, and what came of it last
        self._failure: tuple[Outcome, Problem] | None = None
        self.traffic: Traffic = device.traffic

    @property
    def address(self) -> str:
        """The address that is asked, as text."""
        return self._device.host.source[0]

    @property
    def port(self) -> int:
        """The port that is asked."""
        return self._device.host.source[1]

    @property
    def version(self) -> str | None:
        """``"1"``, ``"2c"`` or ``"3"``; None until the device has answered."""
        return VERSION_NAMES[self._device.dialects[0].version] if self._device.settled else None

    @property
    def credential_index(self) -> int | None:
        """Which of the session's credentials worked, counted from 0; None until the device has answered."""
        return self._device.dialects[0].credential if self._device.settled else None

    @property
    def engine_id(self) -> bytes | None:
        """The device's SNMPv3 engine ID, where it was asked for and has been learned."""
        introduction = self._device.introduction
        return None if introduction is None or introduction.engine is None else introduction.engine.engine_id

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time in seconds; None before the first measure."""
        return self._device.host.srtt if self._device.host.rto else None

    def in_jetdirect(self) -> "Session | None":
        """A session with the same device in SNMPv3's context "Jetdirect", in which HP's print servers keep their MIB.

        None for any other device, and where that is the context already. Its traffic counts as this one's.
        """
        device = self._device.in_jetdirect()
        return None if device is None else Session(device, self._conductor, no_dialect=None, meeting=self._meeting)

    async def get(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GET ``oids`` in as few PDUs as the device bears, in one where it can."""
        device = self._device
        names = tuple(oids)
        if (
            len(device.dialects) != 1
            or self._is_strange
            or not 0 < len(names) <= limits.REQUEST_VARBINDS
            or len(set(names)) < len(names)
        ):
            return await self._run(GetPlan(_checked(names), batch=limits.REQUEST_VARBINDS), deadline)
        # Nearly always one PDU that is answered as it was asked. A plan is made where it is not, and decides.
        exchange = device.question(Ask(_GET, names))
        if deadline == inf:
            in_time = True
            await self._conductor.conduct(exchange)
        else:
            with trio.CancelScope(deadline=deadline) as scope:
                await self._conductor.conduct(exchange)
            in_time = not scope.cancelled_caught
        message = exchange.message
        if in_time and exchange.outcome is _OK and message is not None and not message.error_status:
            varbinds = tuple(message.varbinds)
            # A Report may be in clear and anybody's: it is no answer, even where it carries what was asked for.
            if tuple([name for name, _, _ in varbinds]) == names and message.pdu_type == _RESPONSE:
                if not device.settled:
                    device.settle(device.dialects[0])
                return Answer(_OK, varbinds)
        plan = GetPlan(names, batch=limits.REQUEST_VARBINDS)
        if in_time:
            with trio.CancelScope(deadline=deadline) as scope:
                dialogue = Dialogue(device, plan)
                await self._go_on(dialogue, dialogue.take_over(exchange))
            in_time = not scope.cancelled_caught
        if not in_time:
            plan.fail(Outcome.ENDED_EARLY, _OVERTIME)
        return self._with_notices(plan.answer())

    async def get_many(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GET any number of ``oids`` in PDUs whose answers should fit into one frame each."""
        return await self._run(GetPlan(_checked(oids), batch=limits.GET_BATCH), deadline)

    async def get_next(self, oids: Sequence[Oid], *, deadline: float = inf) -> Answer:
        """GETNEXT of ``oids``: the varbind after each, or endOfMibView under the name that was asked."""
        plan = GetPlan(_checked(oids), batch=limits.REQUEST_VARBINDS, pdu_type=PduType.GET_NEXT)
        return await self._run(plan, deadline)

    async def walk(self, root: Oid, *, max_rows: int = limits.WALK_ROWS, deadline: float = inf) -> Answer:
        """Everything below ``root``, ascending; where there is nothing below it, ``root`` itself by a GET."""
        answer = await self._run(WalkPlan((root,), self._device.manners, max_rows=max_rows), deadline)
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
            self._device.manners,
            max_rows=max_rows,
            expected=expected,
            first=first,
            max_octets=limits.COLUMNS_OCTETS,
        )
        return await self._run(plan, deadline)

    @property
    def _is_strange(self) -> bool:
        """Whether the device may still have to be got to know in SNMPv3."""
        return self._device.introduction is not None and not self._device.settled

    async def _run(self, plan: Plan, deadline: float) -> Answer:
        if not await self._advance(plan, deadline):
            await trio.lowlevel.checkpoint()
        return self._with_notices(plan.answer())

    def _with_notices(self, answer: Answer) -> Answer:
        introduction = self._device.introduction
        if introduction is None or not introduction.notices:
            return answer
        notices, introduction.notices = introduction.notices, []
        return Answer(answer.outcome, answer.varbinds, (*answer.problems, *notices))

    async def _advance(self, plan: Plan, deadline: float, *, stepwise: bool = False) -> bool:
        """Carry the plan out to its end, or (``stepwise``) by one question; False where there is nothing to ask."""
        if deadline == inf:
            return await self._ask(plan, stepwise=stepwise)
        with trio.CancelScope(deadline=deadline) as scope:
            return await self._ask(plan, stepwise=stepwise)
        if scope.cancelled_caught:
            plan.fail(Outcome.ENDED_EARLY, _OVERTIME)
        return True

    async def _ask(self, plan: Plan, *, stepwise: bool) -> bool:
        if self._no_dialect is not None:
            if plan.next_ask() is None:
                return False
            await trio.lowlevel.checkpoint()
            plan.fail(Outcome.NO_CREDENTIAL, self._no_dialect)
            return True
        met = self._meeting is not None and self._is_strange and await self._meet(self._meeting, plan)
        if met and stepwise:
            return True
        return await self._carry_out(plan, stepwise=stepwise) or met

    async def _carry_out(self, plan: Plan, *, stepwise: bool) -> bool:
        """``_advance`` of a device that is known, or by the only task that gets to know it."""
        dialogue = Dialogue(self._device, plan, stepwise=stepwise)
        exchange = dialogue.begin()
        if exchange is None and dialogue.wanted is None:
            return False
        await self._go_on(dialogue, exchange)
        return True

    async def _meet(self, meeting: "Meeting", plan: Plan) -> bool:
        """Put the first question of the plan, unless somebody else got to know the device meanwhile, or failed to.

        So however many tasks wait for a device, its engine is asked for its ID once. False where nothing was done.
        """
        introduced = self._introduced
        async with meeting.lock:
            if not self._is_strange:
                return False
            if introduced != self._introduced and self._failure is not None:
                if plan.next_ask() is not None:
                    plan.fail(*self._failure)
                return True
            introduction = self._device.introduction
            if introduction is not None and self._device.is_for_users_alone:
                await meeting.keymaker.prepare(introduction.keyrings)
            if not await self._carry_out(plan, stepwise=True):
                return False
            self._introduced += 1
            answer = plan.answer()
            self._failure = (answer.outcome, answer.problems[0]) if self._is_strange and answer.problems else None
            return True

    async def _go_on(self, dialogue: Dialogue, exchange: Exchange | None) -> None:
        """Take a dialogue from ``exchange`` to its end, and derive the keys that it wants on the way."""
        while True:
            if exchange is not None:
                await self._conductor.conduct(exchange)
            if dialogue.wanted is None or self._meeting is None:
                return
            misfit = None
            try:
                await self._meeting.keymaker.derive(*dialogue.wanted)
            except UsmError as error:
                misfit = error
            exchange = dialogue.resume(misfit)


class Walk:
    """A walk under way: ``async for varbind in walk``; ``outcome`` and ``problems`` hold once it has ended."""

    def __init__(self, session: Session, root: Oid, *, max_rows: int, deadline: float) -> None:
        self._session = session
        self._root = root
        self._deadline = deadline
        self._plan = WalkPlan((root,), session._device.manners, max_rows=max_rows)
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
        if await self._session._advance(plan, self._deadline, stepwise=True):
            self._read += plan.take_varbinds()
            self._some = self._some or bool(self._read)
            return
        self._ended = True
        answer = plan.answer()
        if answer.outcome is Outcome.OK and not self._some:  # a leaf has nothing below it
            answer = await self._session.get((self._root,), deadline=self._deadline)
            self._read += answer.values.values()
        answer = self._session._with_notices(answer)
        self.outcome, self.problems = answer.outcome, answer.problems


def _checked(oids: Sequence[Oid]) -> Sequence[Oid]:
    if len(oids) > limits.GET_OIDS:
        raise InputError(f"{len(oids)} OIDs, at most {limits.GET_OIDS} are read at once")
    return oids
