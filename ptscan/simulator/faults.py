"""Ways in which a device misbehaves, for tests: a small vocabulary and what each word does; pure.

A fault changes what the device holds (endless, loop, stuck, huge), what it understands (v1-only, no-bulk, too-big,
sleeping, mute, reboot) or what becomes of its answer (the others). Several may be combined.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from random import Random
from typing import Final, NamedTuple

from codec import (
    OCTET_STRING,
    TIMETICKS,
    V1,
    ErrorStatus,
    Oid,
    PduType,
    oid_arcs,
    oid_from_arcs,
    parse_oid,
)
from ptscan.simulator.encoding import content_of, parent, signed, varbind
from ptscan.simulator.engine import Engine
from ptscan.simulator.errors import PlanError
from ptscan.simulator.operations import Asked
from ptscan.simulator.responder import Responder
from ptscan.simulator.table import Device, View

_DATAGRAM = 65_507
_SYS_UP_TIME: Final = parse_oid("1.3.6.1.2.1.1.3.0")


class FaultKind(StrEnum):
    """The words of ``--fault``; what stands behind ``=`` has the default of ``DEFAULTS``."""

    LOSS = "loss"
    DELAY = "delay"
    MUTE = "mute"
    SLEEPING = "sleeping"
    REBOOT = "reboot"
    V1_ONLY = "v1-only"
    NO_BULK = "no-bulk"
    TOO_BIG = "too-big"
    ENDLESS = "endless"
    LOOP = "loop"
    STUCK = "stuck"
    HUGE = "huge"
    WRONG_ID = "wrong-id"
    OTHER_ADDRESS = "other-address"
    FLOOD = "flood"
    GARBAGE = "garbage"
    MANGLED = "mangled"
    TRUNCATED = "truncated"


MEANINGS: Final = {
    FaultKind.LOSS: "this share of the answers is lost",
    FaultKind.DELAY: "each answer comes this many seconds late",
    FaultKind.MUTE: "never answers",
    FaultKind.SLEEPING: "does not answer the first N requests",
    FaultKind.REBOOT: "reboots after every N requests: sysUpTime and engine time begin anew, engine boots go up",
    FaultKind.V1_ONLY: "does not answer v2c and v3",
    FaultKind.NO_BULK: "does not answer GETBULK",
    FaultKind.TOO_BIG: "answers tooBig to more than N varbinds asked for or, by GETBULK, to be given",
    FaultKind.ENDLESS: "every column goes on for ever, with growing indexes",
    FaultKind.LOOP: "after the last row of a column comes its first again",
    FaultKind.STUCK: "after a row comes the same row again",
    FaultKind.HUGE: "every text has N octets, in messages of up to 65,507",
    FaultKind.WRONG_ID: "answers carry the request-id plus one",
    FaultKind.OTHER_ADDRESS: "answers leave from this address",
    FaultKind.FLOOD: "each answer is followed by N copies",
    FaultKind.GARBAGE: "N random octets instead of each answer",
    FaultKind.MANGLED: "N octets of each answer are changed at random",
    FaultKind.TRUNCATED: "only the first N octets of each answer, half of it for 0",
}

DEFAULTS: Final[dict[FaultKind, float]] = {
    FaultKind.LOSS: 0.3,
    FaultKind.DELAY: 1.0,
    FaultKind.SLEEPING: 2,
    FaultKind.REBOOT: 10,
    FaultKind.TOO_BIG: 0,
    FaultKind.HUGE: 65_000,
    FaultKind.FLOOD: 1_000,
    FaultKind.GARBAGE: 200,
    FaultKind.MANGLED: 3,
    FaultKind.TRUNCATED: 0,
}

_LEAST: Final[dict[FaultKind, float]] = {FaultKind.REBOOT: 1}
_MOST: Final[dict[FaultKind, float]] = {
    FaultKind.LOSS: 1,
    FaultKind.DELAY: 3_600,
    FaultKind.HUGE: 65_400,
    FaultKind.FLOOD: 100_000,
    FaultKind.GARBAGE: _DATAGRAM,
    FaultKind.TRUNCATED: _DATAGRAM,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave. ``amount`` is a share, seconds or a number, ``address`` only for other-address."""

    kind: FaultKind
    amount: float = 0
    address: str = "127.0.0.1"


def parse_fault(text: str) -> Fault:
    """Read ``NAME`` or ``NAME=AMOUNT``, as in ``loss=0.2`` or ``endless``; raises PlanError that lists the names."""
    name, equals, given = text.partition("=")
    try:
        kind = FaultKind(name.strip())
    except ValueError:
        raise PlanError(f"fault {name!r} is unknown: choose from {', '.join(FaultKind)}") from None
    if kind is FaultKind.OTHER_ADDRESS:
        if not equals:
            return Fault(kind)
        try:
            if IPv4Address(given).is_loopback:
                return Fault(kind, address=given)
        except AddressValueError:
            pass
        raise PlanError(f"fault {text!r}: an address of 127.0.0.0/8 is due behind the =")
    if kind not in DEFAULTS:
        if equals:
            raise PlanError(f"fault {text!r}: {kind} takes no amount")
        return Fault(kind)
    amount = DEFAULTS[kind]
    if equals:
        whole = kind not in (FaultKind.LOSS, FaultKind.DELAY)
        least, most = _LEAST.get(kind, 0), _MOST.get(kind, 1_000_000)
        try:
            amount = int(given) if whole else float(given)
        except ValueError:
            amount = -1
        if not least <= amount <= most:
            raise PlanError(
                f"fault {text!r}: a {'whole ' if whole else ''}number from {least:g} to {most:g} is due behind the ="
            )
    return Fault(kind, amount)


class Outgoing(NamedTuple):
    """A datagram to send ``delay`` seconds from now; ``source`` is the address it leaves from, None for its own."""

    data: bytes
    delay: float = 0
    source: str | None = None


class Misbehaviour:
    """The faults of one device, with what they have to remember between requests."""

    def __init__(self, faults: Iterable[Fault], *, seed: int = 0) -> None:
        self._faults = {fault.kind: fault for fault in faults}
        self._random = Random(seed)
        self._requests = 0
        self._rebooted_at: float | None = None

    def answers(
        self, responder: Responder, device: Device, data: bytes, now: float, engine: Engine | None = None
    ) -> list[Outgoing]:
        """What leaves in answer to one datagram."""
        faults = self._faults
        self._requests += 1
        sleeping = faults.get(FaultKind.SLEEPING)
        if FaultKind.MUTE in faults or (sleeping and self._requests <= sleeping.amount):
            return []
        self._reboot(now, engine)
        asked = responder.receive(data, now, None if FaultKind.V1_ONLY in faults else engine)
        answer = self._answered(asked, responder, device, now) if isinstance(asked, Asked) else asked
        if not answer:
            return []
        loss = faults.get(FaultKind.LOSS)
        if loss and self._random.random() < loss.amount:
            return []
        delay = faults.get(FaultKind.DELAY)
        source = faults.get(FaultKind.OTHER_ADDRESS)
        flood = faults.get(FaultKind.FLOOD)
        outgoing = Outgoing(self._spoilt(answer), delay.amount if delay else 0, source.address if source else None)
        return [outgoing] * (1 + int(flood.amount) if flood else 1)

    def _reboot(self, now: float, engine: Engine | None) -> None:
        fault = self._faults.get(FaultKind.REBOOT)
        if fault and self._requests > 1 and (self._requests - 1) % int(fault.amount) == 0:
            self._rebooted_at = now
            if engine is not None:
                engine.reboot(now)

    def _answered(self, asked: Asked, responder: Responder, device: Device, now: float) -> bytes | None:
        """The answer to a request, as far as the device understands it."""
        faults = self._faults
        message = asked.message
        bulk = message.pdu_type == PduType.GET_BULK
        if (FaultKind.V1_ONLY in faults and message.version != V1) or (FaultKind.NO_BULK in faults and bulk):
            return None
        if FaultKind.WRONG_ID in faults:
            message.request_id = message.request_id + 1 & 0x7FFF_FFFF
        if FaultKind.HUGE in faults:
            asked.room += _DATAGRAM - responder.max_message
        too_big = faults.get(FaultKind.TOO_BIG)
        if too_big:
            given = len(message.varbinds)
            if bulk:
                once = min(max(0, message.error_status), given)
                given = once + (given - once) * max(0, message.error_index)
            if given > too_big.amount:
                return asked.refuse(ErrorStatus.TOO_BIG)
        view = _faulty(device.at(now), faults)
        if self._rebooted_at is not None:
            view = _Rebooted(view, now - self._rebooted_at)
        return asked.answer(view)

    def _spoilt(self, answer: bytes) -> bytes:
        faults = self._faults
        if fault := faults.get(FaultKind.MANGLED):
            octets = bytearray(answer)
            for _ in range(int(fault.amount)):
                octets[self._random.randrange(len(octets))] = self._random.randrange(256)
            answer = bytes(octets)
        if fault := faults.get(FaultKind.GARBAGE):
            answer = self._random.randbytes(int(fault.amount))
        if fault := faults.get(FaultKind.TRUNCATED):
            answer = answer[: int(fault.amount) or len(answer) // 2]
        return answer


def _faulty(view: View, faults: dict[FaultKind, Fault]) -> View:
    """What the faults make of a device's rows."""
    if FaultKind.ENDLESS in faults:
        view = _Endless(view)
    if FaultKind.LOOP in faults:
        view = _Loop(view)
    if FaultKind.STUCK in faults:
        view = _Stuck(view)
    huge = faults.get(FaultKind.HUGE)
    return _Huge(view, int(huge.amount)) if huge else view


class _Wrapped:
    def __init__(self, view: View) -> None:
        self._view = view

    def get(self, oid: Oid) -> bytes | None:
        return self._view.get(oid)

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        return self._view.step(oid)

    def knows(self, prefix: Oid) -> bool:
        return self._view.knows(prefix)

    def _column_left(self, oid: Oid) -> tuple[Oid, bytes] | None:
        """The first row of the column in which ``oid`` lies, where the next row is in another; else None."""
        column = parent(oid)
        row = self._view.step(oid)
        if len(column) < 2 or (row is not None and row[0].startswith(column)):
            return None
        first = self._view.step(column)
        return first if first is not None and first[0].startswith(column) else None


class _Endless(_Wrapped):
    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        first = self._column_left(oid)
        if first is None:
            return super().step(oid)
        *column, last = oid_arcs(oid)
        if last == 0xFFFF_FFFF:
            return super().step(oid)
        following = oid_from_arcs((*column, last + 1))
        return following, varbind(following, *content_of(first[1], first[0]))


class _Loop(_Wrapped):
    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        return self._column_left(oid) or super().step(oid)


class _Stuck(_Wrapped):
    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        same = self._view.get(oid)
        return super().step(oid) if same is None else (oid, same)


class _Huge(_Wrapped):
    def __init__(self, view: View, size: int) -> None:
        super().__init__(view)
        self._size = size

    def get(self, oid: Oid) -> bytes | None:
        cell = self._view.get(oid)
        return None if cell is None else self._grown(oid, cell)

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        row = self._view.step(oid)
        return None if row is None else (row[0], self._grown(*row))

    def _grown(self, oid: Oid, cell: bytes) -> bytes:
        tag, content = content_of(cell, oid)
        if tag != OCTET_STRING:
            return cell
        content = content or b"x"
        return varbind(oid, tag, (content * (self._size // len(content) + 1))[: self._size])


class _Rebooted(_Wrapped):
    def __init__(self, view: View, seconds: float) -> None:
        super().__init__(view)
        self._up_time = varbind(_SYS_UP_TIME, TIMETICKS, signed(int(seconds * 100) & 0xFFFF_FFFF))

    def get(self, oid: Oid) -> bytes | None:
        cell = self._view.get(oid)
        return self._up_time if oid == _SYS_UP_TIME and cell is not None else cell

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        row = self._view.step(oid)
        return (row[0], self._up_time) if row is not None and row[0] == _SYS_UP_TIME else row
