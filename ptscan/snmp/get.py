"""GET and GETNEXT of any number of OIDs: split, drop what the device refuses, keep the rest. No I/O.

A batch is what one PDU asks. Every answer makes the work smaller (a batch answered, halved, or shorter by one OID), so
the plan ends whatever the device says.
"""

from collections.abc import Sequence
from typing import TypeAlias

from codec import (
    END_OF_MIB_VIEW,
    NO_SUCH_OBJECT,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    Varbind,
    format_oid,
    oid_precedes,
)
from proto_schema import Problem
from ptscan.snmp import limits
from ptscan.snmp.answer import Answer, Outcome
from ptscan.snmp.plan import Ask, conclude

_Batch: TypeAlias = tuple[tuple[Oid, ...], int]
"""What one PDU asks, and in how many rounds an OID was dropped from it."""


class GetPlan:
    """Reads each OID once; see ``Answer`` for what stands where there is no value."""

    def __init__(self, oids: Sequence[Oid], *, batch: int, pdu_type: PduType = PduType.GET) -> None:
        self._oids = tuple(oids)
        self._pdu_type = pdu_type
        distinct = tuple(dict.fromkeys(oids))
        self._batches: list[_Batch] = [(distinct[at : at + batch], 0) for at in range(0, len(distinct), batch)]
        self._batches.reverse()  # the next one is the last one
        self._read: dict[Oid, Varbind] = {}
        self._problems: list[Problem] = []
        self._failure: Outcome | None = None
        self._errors = 0
        self._octets = 0
        self._useless = 0
        """Answers in a row that brought nothing."""
        self._halved_for_silence = False

    def next_ask(self) -> Ask | None:
        if self._failure is not None or not self._batches:
            return None
        return Ask(self._pdu_type, self._batches[-1][0])

    def receive(self, message: Message, octets: int) -> None:
        batch = self._batches.pop()
        oids = batch[0]
        status = message.error_status
        known = len(self._read)
        if status == ErrorStatus.NO_ERROR:
            self._take(batch, message)
        elif status == ErrorStatus.TOO_BIG:
            if len(oids) > 1:
                self._halve(batch)
            else:
                self._give_up(oids, "too-big", "does not fit into an answer of the device")
        elif 1 <= message.error_index <= len(oids):
            self._drop(batch, message.error_index - 1, status)
        elif len(oids) > 1:  # the error-index names nothing that was asked: find the OID by halving
            self._halve(batch)
        else:
            self._drop(batch, 0, status)
        self._useless = self._useless + 1 if len(self._read) == known else 0
        if self._useless >= limits.USELESS_ANSWERS and self._batches:
            self._failure = Outcome.DEVICE_ERROR
            text = f"{self._useless} answers in a row brought nothing, so the rest was not asked"
            self._problems.append(Problem(code="device-error", text=text))
        self._octets += octets
        most = limits.GET_OCTETS + limits.GET_OCTETS_PER_OID * len(self._oids)
        if self._octets > most and self._batches and self._failure is None:
            self._failure = Outcome.ENDED_EARLY
            text = f"the device sent more than {most} octets, so the rest was not asked"
            self._problems.append(Problem(code="octet-cap", text=text))

    def fail(self, outcome: Outcome, problem: Problem) -> None:
        oids = self._batches[-1][0]
        # A smaller PDU is worth one more try, once, and only to a device that has answered before.
        smaller = bool(self._read) and len(oids) > 1 and not self._halved_for_silence
        if smaller and outcome in (Outcome.SILENT, Outcome.MALFORMED):
            self._halve(self._batches.pop())
            self._halved_for_silence = True
            return
        self._failure = outcome
        self._problems.append(problem)

    def answer(self) -> Answer:
        read = self._read
        failure = self._failure
        if failure is None and self._errors and not read:
            failure = Outcome.DEVICE_ERROR
        varbinds = tuple([read[oid] for oid in self._oids if oid in read])
        return conclude(varbinds, failure, self._problems, read=bool(read))

    def _take(self, batch: _Batch, message: Message) -> None:
        oids, rounds = batch
        answered = len(self._read)
        if self._pdu_type == PduType.GET_NEXT:
            for oid, varbind in zip(oids, message.varbinds, strict=False):
                if oid_precedes(oid, varbind[0]) or varbind[1] == END_OF_MIB_VIEW:
                    self._read[oid] = varbind
                else:
                    self._problems.append(not_increasing(oid, varbind[0]))
                    self._read[oid] = (oid, END_OF_MIB_VIEW, None)
        else:
            asked = frozenset(oids)
            for varbind in message.varbinds:
                if varbind[0] in asked:
                    self._read.setdefault(varbind[0], varbind)
        left = tuple([oid for oid in oids if oid not in self._read])
        if not left:
            return
        if len(self._read) > answered:  # a device may answer as much as fits and leave the rest out
            self._batches.append((left, rounds))
        elif len(left) > 1:
            self._halve((left, rounds))
        else:
            self._give_up(left, "unanswered", "was asked for and is not in the answer")

    def _halve(self, batch: _Batch) -> None:
        oids, rounds = batch
        middle = (len(oids) + 1) // 2
        self._batches += [(oids[middle:], rounds), (oids[:middle], rounds)]

    def _drop(self, batch: _Batch, place: int, status: int) -> None:
        oids, rounds = batch
        oid = oids[place]
        if status == ErrorStatus.NO_SUCH_NAME:
            missing = END_OF_MIB_VIEW if self._pdu_type == PduType.GET_NEXT else NO_SUCH_OBJECT
            self._read[oid] = (oid, missing, None)
        else:
            self._give_up((oid,), "device-error", f"was answered by {error_name(status)}")
        rest = oids[:place] + oids[place + 1 :]
        if not rest:
            return
        if rounds + 1 < limits.DROP_ROUNDS:
            self._batches.append((rest, rounds + 1))
        else:
            self._batches += [((each,), rounds) for each in reversed(rest)]

    def _give_up(self, oids: tuple[Oid, ...], code: str, fault: str) -> None:
        self._errors += 1
        self._problems += [Problem(code=code, text=f"{format_oid(oid)} {fault}") for oid in oids]


def error_name(status: int) -> str:
    """The name of an error-status for a person, as in ``genErr``."""
    try:
        words = ErrorStatus(status).name.lower().split("_")
    except ValueError:
        return f"error-status {status}"
    return words[0] + "".join(map(str.capitalize, words[1:]))


def not_increasing(asked: Oid, answered: Oid) -> Problem:
    """The device answered a GETNEXT or GETBULK by a name that does not come after the one asked."""
    return Problem(
        code="not-increasing",
        text=f"after {format_oid(asked)} the device answered {format_oid(answered)}, which does not increase",
    )
