"""Walks: one subtree, or several columns of a table side by side. No I/O.

Theory of operation. Every column goes on from the last OID that it itself was given, so that holes in a table and rows
that wander between two requests do no harm, and ends by itself: when an answer leaves its subtree, at endOfMibView,
when it does not increase, or at a cap. One GETBULK asks all open columns for as many repetitions as should fit into
ANSWER_OCTETS; the first ones are few, because nothing is known of the device yet.

Every answer and every failure makes the work smaller: a column goes on or ends, the repetitions are halved, GETBULK
gives way to GETNEXT, or fewer columns are asked at once. So the walk ends whatever the device says.
"""

from collections.abc import Sequence
from copy import copy
from operator import lt

from codec import (
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    V1,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    Varbind,
    format_oid,
    oid_key,
    oid_precedes,
)
from proto_schema import Problem
from ptscan.snmp import limits
from ptscan.snmp.answer import Answer, Outcome
from ptscan.snmp.get import error_name, not_increasing
from ptscan.snmp.plan import Ask, Manners, conclude

_ENDS = frozenset({END_OF_MIB_VIEW, NO_SUCH_OBJECT, NO_SUCH_INSTANCE})


class _Column:
    __slots__ = ("last", "open", "root", "rows", "varbinds")

    def __init__(self, root: Oid) -> None:
        self.root = root
        self.last = root
        self.open = True
        self.rows = 0
        self.varbinds: list[Varbind] = []


class WalkPlan:
    """Walks each of ``roots`` to its end or its cap.

    ``first``: most rows of the first ask, so that a short table costs little; each further ask may have twice as many.
    ``expected``: how many rows there should be, so that at first no more than the one behind them is asked for.
    """

    def __init__(
        self,
        roots: Sequence[Oid],
        manners: Manners,
        *,
        max_rows: int,
        expected: int | None = None,
        first: int = limits.MAX_REPETITIONS,
        max_octets: int = limits.WALK_OCTETS,
    ) -> None:
        self._columns = [_Column(root) for root in roots]
        self._manners = manners
        self._max_rows = max_rows
        self._max_octets = max_octets
        self._expected = -1 if expected is None else expected
        self._step = first if expected is None else expected + 1
        self._width = limits.REQUEST_VARBINDS
        """Columns asked at once; only ever lowered."""
        self._asked: list[_Column] = []
        self._repetitions = 0
        """Of the last ask; 0 for a GETNEXT."""
        self._varbind_octets = limits.EXPECTED_VARBIND_OCTETS
        self._octets = 0
        self._useless = 0
        """Answers in a row that brought nothing."""
        self._silences = 0
        self._went_silent = False
        """Repetitions that had worked were not answered: GETNEXT, with a single try each, for the rest."""
        self._manners_before: Manners | None = None
        """As they were before errors made the repetitions smaller."""
        self._failure: Outcome | None = None
        self._cut: Outcome | None = None
        """How the worst of the columns ended that did not end as it should."""
        self._problems: list[Problem] = []

    def next_ask(self) -> Ask | None:
        if self._failure is not None:
            return None
        room = limits.ANSWER_OCTETS - limits.HEADER_OCTETS
        width = min(self._width, max(1, room // self._varbind_octets))
        self._asked = [column for column in self._columns if column.open][:width]
        if not self._asked:
            return None
        oids = tuple([column.last for column in self._asked])
        manners = self._manners
        if manners.version in (None, V1) or not manners.bulk or self._went_silent:
            self._repetitions = 0  # GETNEXT: also the first ask of all, which may go out in v1 and v2c side by side
            return Ask(PduType.GET_NEXT, oids, 0, 0 if self._went_silent else None)
        fitting = max(1, room // (len(oids) * self._varbind_octets))
        rows = min([column.rows for column in self._asked])
        most = self._max_rows if rows > self._expected else min(self._max_rows, self._expected)
        self._repetitions = min(manners.repetitions, self._step, fitting, most - rows + 1)
        unproven_retries = 0 if self._silences else 1  # what may be too much is not asked over and over
        return Ask(
            PduType.GET_BULK, oids, self._repetitions, None if self._repetitions <= manners.proven else unproven_retries
        )

    def receive(self, message: Message, octets: int) -> None:
        self._octets += octets
        if message.error_status != ErrorStatus.NO_ERROR:
            self._receive_error(message.error_status, message.error_index)
        elif not message.varbinds:
            self._ask_less(Outcome.MALFORMED, Problem(code="malformed", text="the answer holds no varbind"))
        else:
            self._take(message.varbinds, octets)
        if self._octets > self._max_octets:
            text = f"the device sent more than {self._max_octets} octets, these were read"
            self._end(Outcome.ENDED_EARLY, Problem(code="octet-cap", text=text))

    def fail(self, outcome: Outcome, problem: Problem) -> None:
        if outcome is Outcome.SILENT:
            self._fall_silent(problem)
        elif outcome is Outcome.MALFORMED:
            self._ask_less(outcome, problem)
        else:
            self._end(outcome, problem)

    def take_varbinds(self) -> list[Varbind]:
        """What was read since the last call, for a walk that is not kept in memory."""
        taken: list[Varbind] = []
        for column in self._columns:
            taken += column.varbinds
            column.varbinds = []
        return taken

    def answer(self) -> Answer:
        varbinds = tuple([varbind for column in self._columns for varbind in column.varbinds])
        read = any(column.rows for column in self._columns)
        return conclude(varbinds, self._failure or self._cut, self._problems, read=read)

    def _take(self, varbinds: list[Varbind], octets: int) -> None:
        asked = self._asked
        width = len(asked)
        end = width * (self._repetitions or 1)  # what is more was not asked for
        for place, column in enumerate(asked):
            self._extend(column, varbinds[place:end:width])
        self._varbind_octets = max(8, (octets - limits.HEADER_OCTETS // 2) // len(varbinds))
        self._manners_before = None
        self._useless = 0
        manners = self._manners
        if self._repetitions:
            self._step *= 2
            manners.proven = max(manners.proven, self._repetitions)
            if self._repetitions == manners.repetitions:
                manners.repetitions = min(2 * manners.repetitions, manners.ceiling)

    def _extend(self, column: _Column, varbinds: list[Varbind]) -> None:
        root, last, taken = column.root, column.last, column.varbinds
        before = len(taken)
        room = before + self._max_rows - column.rows
        if varbinds and before + len(varbinds) <= room and _go_on(root, last, varbinds):
            taken += varbinds
            column.rows += len(varbinds)
            column.last = varbinds[-1][0]
            return
        for varbind in varbinds:
            name = varbind[0]
            if varbind[1] in _ENDS or not name.startswith(root):
                column.open = False
                break
            if not oid_precedes(last, name):
                self._close(column, Outcome.ENDED_EARLY, not_increasing(last, name))
                break
            if len(taken) == room:
                text = f"{format_oid(root)} has more than {self._max_rows} rows, these were read"
                self._close(column, Outcome.ENDED_EARLY, Problem(code="row-cap", text=text))
                break
            taken.append(varbind)
            last = name
        column.rows += len(taken) - before
        column.last = last

    def _receive_error(self, status: int, index: int) -> None:
        asked = self._asked
        if status == ErrorStatus.NO_SUCH_NAME and (len(asked) == 1 or 1 <= index <= len(asked)):
            column = asked[index - 1 if 1 <= index <= len(asked) else 0]
            column.open = False  # v1: nothing comes after it (RFC 1157 section 4.1.3)
            return
        text = f"after {format_oid(asked[0].last)} the device answered {error_name(status)}"
        self._ask_less(Outcome.DEVICE_ERROR, Problem(code="device-error", text=text))

    def _fall_silent(self, problem: Problem) -> None:
        """Each step costs a wait: fall fast, and blame GETBULK only where it has not worked before."""
        self._silences += 1
        manners = self._manners
        if self._repetitions > manners.proven:
            less = manners.proven or self._repetitions // 4
            if less:
                manners.repetitions = manners.ceiling = less
            else:
                manners.bulk = False
        elif self._repetitions:
            self._went_silent = True
        else:
            self._end(Outcome.SILENT, problem)

    def _ask_less(self, outcome: Outcome, problem: Problem) -> None:
        """An answer that is no use costs little: halve, then GETNEXT, then fewer columns, then end."""
        manners = self._manners
        self._useless += 1
        if self._useless >= limits.USELESS_ANSWERS:
            self._end(outcome, problem)
        elif self._repetitions:
            if self._manners_before is None:
                self._manners_before = copy(manners)
            less = self._repetitions // 2
            if less:
                manners.repetitions = manners.ceiling = less
                manners.proven = min(manners.proven, less)
            else:
                manners.bulk = False
        elif len(self._asked) > 1:
            self._width = len(self._asked) // 2
        else:
            before = self._manners_before
            if before is not None:  # GETNEXT fares no better: it was not GETBULK's fault
                manners.bulk, manners.repetitions, manners.ceiling = before.bulk, before.repetitions, before.ceiling
            self._close(self._asked[0], outcome, problem)

    def _close(self, column: _Column, outcome: Outcome, problem: Problem) -> None:
        column.open = False
        self._cut = self._cut or outcome
        self._problems.append(problem)

    def _end(self, outcome: Outcome, problem: Problem) -> None:
        self._failure = outcome
        self._problems.append(problem)


def _go_on(root: Oid, last: Oid, varbinds: list[Varbind]) -> bool:
    """Whether all of ``varbinds`` come after ``last``, one after the other, below ``root``, and have a value.

    Says of most answers in one go what else takes a look at each varbind.
    """
    names, tags, _ = zip(*varbinds, strict=True)
    if not (names[-1].startswith(root) and _ENDS.isdisjoint(tags)):
        return False
    names = (last, *names)
    if not b"".join(names).isascii():  # else their octets are in the order of the numbers already
        names = tuple(map(oid_key, names))
    return all(map(lt, names, names[1:]))
