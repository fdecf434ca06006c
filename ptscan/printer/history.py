"""Two readings of one printer held against each other: what cannot be, or be compared, is said and never repaired.

A counter only ever grows. One that falls was reset, came with another board, or was read wrong, and a bill that is made
of the difference is wrong: so the difference is not made, and a person is told.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeAlias

from proto_schema import Problem, RawMeter, Reading, Supply
from ptscan.printer.device_ids import serial_key
from ptscan.printer.evidence import problem_of
from ptscan.printer.placeholders import is_label, mac_fault, plain

MAX_FOUND: Final = 32
"""Problems that one comparison gives."""

PER_MINUTE: Final = 500
"""Sides that no printer of an office exceeds in a minute; cut-sheet presses come to about 300."""
_LENGTHS_PER_MINUTE: Final = {"length_inches": 2_000, "length_feet": 200, "length_meters": 60}

_WRAP: Final = 2**32
"""Where a Counter32 begins anew (RFC 2578 section 7.1.6)."""
NEAR_WRAP: Final = 2**28
"""So near to its end a counter must have been, and so near to 0 be, to be one that began anew: years of printing."""

Found: TypeAlias = Iterator[tuple[str, str]]
"""Codes and texts of problems."""


def compare(previous: Reading, current: Reading) -> tuple[Problem, ...]:
    """Return what a person should know who puts ``current`` beside the ``previous`` reading of the same printer.

    Nothing is concluded from an address: of two readings without an identity of their own nothing is said.
    """
    return tuple(problem_of(code, text) for code, text in islice(_all(previous, current), MAX_FOUND))


def _all(previous: Reading, current: Reading) -> Found:
    if not current.via or not previous.via:  # one of them is of a device that did not answer
        return
    elapsed = minutes_between(previous.time, current.time)
    if elapsed is not None and elapsed < 0:
        yield "history-order", f"The earlier reading is of {previous.time}, after this one: nothing was compared."
        return
    if not is_same_device(previous, current):
        yield from _replaced(previous, current)
        return
    yield from _changed(previous, current)
    yield from _meters(previous, current, elapsed)
    yield from _counters(previous, current)
    yield from _levels(previous, current)


def is_same_device(one: Reading, other: Reading) -> bool:
    """Whether two readings are of one device: by serial, else by a MAC that names one; never by its address."""
    if one.device_id == other.device_id:
        return _has_identity(one)
    told = [each.identity.serial for each in (one, other)]
    serials = [serial_key(serial) for serial in told if serial and not is_label(serial)]
    if len(serials) < 2:
        return _same_mac(one, other)
    # Two makers may give the same serial; one maker may be named by its number alone.
    models = [plain(each.identity.model) for each in (one, other) if each.identity.model]
    alike = _same_mac(one, other) or (len(models) == 2 and models[0] == models[1])
    return serials[0] == serials[1] and alike


def _has_identity(reading: Reading) -> bool:
    return not reading.device_id.startswith("address:")


def _same_mac(one: Reading, other: Reading) -> bool:
    mac = one.identity.mac
    return mac is not None and mac == other.identity.mac and mac_fault(mac) is None


def _replaced(previous: Reading, current: Reading) -> Found:
    """What stands where another device stood."""
    if _same_mac(previous, current):
        yield (
            "serial-changed",
            f"The device with the MAC {current.identity.mac} had the serial {previous.identity.serial} and has "
            f"{current.identity.serial}: the printer or its board was replaced, and no counters were compared.",
        )
    elif (
        (previous.address, previous.port) == (current.address, current.port)
        and _has_identity(previous)
        and _has_identity(current)
    ):
        yield (
            "device-replaced",
            f"At this address {previous.device_id} was read before: another device, and no counters were compared.",
        )


def _changed(previous: Reading, current: Reading) -> Found:
    """What a device should not change."""
    before, now = previous.identity, current.identity
    if previous.device_id != current.device_id:
        yield "device-id-changed", f"This device was known as {previous.device_id} before: its MAC is the same."
    if before.mac and now.mac and before.mac != now.mac and not (mac_fault(before.mac) or mac_fault(now.mac)):
        yield (
            "mac-changed",
            f"The MAC was {before.mac} and is {now.mac}: the network board or the interface in use is another one.",
        )
    if before.model and now.model and plain(before.model) != plain(now.model):
        yield "model-changed", f"The model was {before.model} and is {now.model}."


def _meters(previous: Reading, current: Reading, elapsed: float | None) -> Found:
    for name, now in current.meters.items():
        before = previous.meters.get(name)
        if before is None:
            continue
        sources = [_source(reading, name) for reading in (previous, current)]
        if None not in sources and sources[0] != sources[1]:
            yield (
                "meter-source-changed",
                f"{name} was read from {sources[0]} and now is from {sources[1]}: {before} and {now} do not compare.",
            )
            continue
        limit = None if elapsed is None else _LENGTHS_PER_MINUTE.get(name, PER_MINUTE) * (elapsed + 1)
        yield from _count("meter", name, before, now, since=previous.time, limit=limit)
    if lost := [name for name in previous.meters if name not in current.meters]:
        yield "meter-lost", f"The device no longer tells {', '.join(lost)}, which it told at {previous.time}."


def _counters(previous: Reading, current: Reading) -> Found:
    """The vendor's own counters, but for those that a meter was read from; what they count is not known."""
    meters = {_source(current, name) for name in current.meters}
    earlier = {_key(counter): counter.value for counter in previous.meters_raw}
    for counter in current.meters_raw:
        before = earlier.get(_key(counter))
        if before is not None and counter.oid not in meters:
            name = f"{counter.label} ({counter.oid})"
            yield from _count("counter", name, before, counter.value, since=previous.time, limit=None)


def _count(noun: str, name: str, before: int, now: int, *, since: str, limit: float | None) -> Found:
    """What is wrong with a count that was ``before`` and is ``now``; ``limit`` is what it can have grown by."""
    if now >= before:
        if limit is not None and now - before > limit:
            text = f"{name} rose from {before} to {now} since {since}, by more than a printer can do in that time."
            yield f"{noun}-jumped", text
        return
    wrapped = _WRAP - before + now
    is_near = _WRAP - NEAR_WRAP <= before < _WRAP and now < NEAR_WRAP
    if is_near and (limit is None or wrapped <= limit):
        text = f"{name} went from {before} to {now}: a 32-bit counter that began anew would have grown by {wrapped}."
        yield f"{noun}-wrapped", text
    elif now == 0:
        text = f"{name} is 0 and was {before} at {since}: a wrong reading, or the counter was cleared."
        yield f"{noun}-zero", text
    else:
        text = f"{name} fell from {before} to {now} since {since}: it was reset, or its board was changed."
        yield f"{noun}-fell", text


def _levels(previous: Reading, current: Reading) -> Found:
    """Levels that were known and are not: the earlier ones are the better knowledge, at their time."""
    known = {row.index: row for row in previous.supplies if row.percent is not None}
    if known and not current.supplies:
        yield "level-lost", f"The device tells no supplies; it told {len(known)} levels at {previous.time}."
        return
    for row in current.supplies:
        before = known.get(row.index)
        if before is not None and row.percent is None and row.state == "unknown":
            yield "level-lost", f"The level of {_name(row)} is unknown; it was {before.percent:g} % at {previous.time}."


def _name(supply: Supply) -> str:
    return supply.description or f"supply {supply.index}"


def _source(reading: Reading, meter: str) -> str | None:
    """The object that a meter was read from."""
    provenance = reading.provenance.get(f"meters.{meter}")
    return provenance.at if provenance else None


def _key(counter: RawMeter) -> tuple[str, str]:
    """A counter by its object and its label: rows move, and the row of another counter is not this one."""
    return counter.oid, plain(counter.label)


def minutes_between(before: str, now: str) -> float | None:
    """Minutes from one time of RFC 3339 to another, or None where one is none."""
    try:
        first, second = (datetime.fromisoformat(text) for text in (before, now))
    except ValueError:
        return None
    first, second = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in (first, second))
    return (second - first).total_seconds() / 60
