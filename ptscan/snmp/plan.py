"""What the operations have in common: an ask, a plan, and what a plan learns about its device. No I/O."""

from typing import Protocol

import msgspec

from codec import Message, Oid, PduType, Varbind
from proto_schema import Problem
from ptscan.snmp import limits
from ptscan.snmp.answer import Answer, Outcome


class Ask(msgspec.Struct, frozen=True, gc=False):
    """One request of a plan. ``retries`` None: as many as the session has."""

    pdu_type: PduType
    oids: tuple[Oid, ...]
    repetitions: int = 0
    retries: int | None = None


class Manners(msgspec.Struct, gc=False):
    """How a device has to be spoken to, as far as its session has learned it."""

    version: int | None = None
    """codec.V1, V2C or V3; None until it has answered."""
    bulk: bool = True
    """False once GETBULK has failed down to one repetition."""
    repetitions: int = limits.FIRST_REPETITIONS
    ceiling: int = limits.MAX_REPETITIONS
    """Repetitions never grow past this: half of the most that failed."""
    proven: int = 0
    """Most repetitions that were answered."""


class Plan(Protocol):
    """An operation: gives asks one after the other, takes in what came of each, and ends with an answer."""

    def next_ask(self) -> Ask | None:
        """The next request, or None where the operation has ended."""

    def receive(self, message: Message, octets: int) -> None:
        """The device's answer to the last ask, of ``octets`` octets; its error-status may be any."""

    def fail(self, outcome: Outcome, problem: Problem) -> None:
        """The last ask was not answered."""

    def answer(self) -> Answer:
        """What has been read so far and how it ended."""


def conclude(varbinds: tuple[Varbind, ...], failure: Outcome | None, problems: list[Problem], *, read: bool) -> Answer:
    """The answer of a plan that ended with ``failure`` (None: as it should): what was ``read`` is never lost."""
    if failure is None:
        outcome = Outcome.OK
    elif read:
        outcome = Outcome.ENDED_EARLY
    else:
        outcome = failure
    return Answer(outcome, varbinds, tuple(problems))
