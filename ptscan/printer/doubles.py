"""Readings of one run that bear the same device_id: one device at several addresses, or several that claim to be one.

One device is read at each of its addresses (a cable and Wi-Fi, IPv4 and IPv6): the readings keep their common
device_id and say so, for a person must count it once. Two devices never share an id: where a serial or an engine ID was
cloned, what sets them apart is put behind it, as ``hp:CNB1234567~001b78010203``.
"""

from collections.abc import Collection, Iterable, Sequence
from ipaddress import ip_address
from typing import Final, TypeAlias

import msgspec

from proto_schema import Reading
from ptscan.printer.evidence import problem_of
from ptscan.printer.history import PER_MINUTE, minutes_between
from ptscan.printer.placeholders import mac_fault, plain

Place: TypeAlias = tuple[str, int]
"""Address and port."""

APART: Final = "~"
"""What stands between an id that several devices claim and what sets them apart."""
MAX_NAMED: Final = 4
"""Other addresses that a problem names."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What of a reading tells whether another one is of the same device."""

    address: str
    port: int
    time: str
    model: str | None
    name: str | None
    mac: str | None
    total: int | None

    @classmethod
    def of(cls, reading: Reading) -> "Claim":
        """Take it from ``reading``; a MAC that many devices have is none."""
        who = reading.identity
        mac = who.mac if who.mac and not mac_fault(who.mac) else None
        total = reading.meters.get("total")
        return cls(reading.address, reading.port, reading.time, who.model, who.name, mac, total)

    @property
    def place(self) -> Place:
        """Where it was read."""
        return self.address, self.port


class _Device:
    """One device: what its first reading says, its id, and where it was read."""

    __slots__ = ("claim", "identifier", "places")

    def __init__(self, claim: Claim, identifier: str) -> None:
        self.claim = claim
        self.identifier = identifier
        self.places = [claim.place]


class Roll:
    """The devices of one run, as their readings come."""

    def __init__(self) -> None:
        self._claimed: dict[str, list[_Device]] = {}
        self.devices = 0
        """How many devices there are so far."""
        self.again = 0
        """How many readings were of a device that had been read at another address."""
        self.claimed_twice = 0
        """How many devices bore an id that another one had."""

    def take(self, reading: Reading) -> Reading:
        """Return ``reading`` with what is to be said of it beside those that came before, which stay as they are.

        The first to bear an id keeps it; another device that bears it gets one of its own.
        """
        claim = Claim.of(reading)
        found = self._claimed.setdefault(base_id(reading), [])
        for device in found:
            if not are_two(device.claim, claim):
                earlier = [place for place in device.places if place != claim.place]
                if claim.place not in device.places:
                    device.places.append(claim.place)
                    self.again += 1
                return _also_at(msgspec.structs.replace(reading, device_id=device.identifier), earlier)
        self.devices += 1
        identifier = reading.device_id
        if found:
            self.claimed_twice += 1
            taken = {device.identifier for device in found}
            if APART not in identifier or identifier in taken:
                identifier = _apart(reading, taken)
            reading = _set_apart(reading, identifier, [device.claim.place for device in found])
        found.append(_Device(claim, identifier))
        return reading


def tell_apart(readings: Sequence[Reading], *, doubles: Collection[str] = ()) -> list[Reading]:
    """Return all readings of a run, in their order, each with what is to be said of it beside all the others.

    The ids depend on the devices alone, not on the order in which they were read. ``doubles`` are ids of which it is
    known that several devices bear them, even where only one of these was read.
    """
    groups: dict[str, list[int]] = {}
    for number, reading in enumerate(readings):
        groups.setdefault(base_id(reading), []).append(number)
    told = list(readings)
    for numbers in groups.values():
        base = base_id(readings[numbers[0]])
        if len(numbers) > 1 or base in doubles:
            ordered = sorted(numbers, key=lambda number: _order(readings[number]))
            for number, reading in zip(
                ordered, _told([readings[number] for number in ordered], base in doubles), strict=True
            ):
                told[number] = reading
    return told


def _told(readings: Sequence[Reading], is_double: bool) -> list[Reading]:
    """Say of the readings that bear one id which devices they are of; they come in the order of their addresses."""
    claims = [Claim.of(reading) for reading in readings]
    devices: list[list[int]] = []
    for number, claim in enumerate(claims):
        device = next((each for each in devices if not are_two(claims[each[0]], claim)), None)
        if device is None:
            devices.append(device := [])
        device.append(number)
    told = list(readings)
    taken: set[str] = set()
    for device in devices:
        first = readings[device[0]]
        identifier = first.device_id if len(devices) == 1 and not is_double else _apart(first, taken)
        taken.add(identifier)
        others = [claims[each[0]].place for each in devices if each is not device]
        places = {claims[number].place for number in device}
        for number in device:
            said = _also_at(readings[number], places - {claims[number].place})
            if others:
                said = _set_apart(said, identifier, others)
            told[number] = msgspec.structs.replace(said, device_id=identifier) if is_double else said
    return told


def are_two(one: Claim, other: Claim) -> bool:
    """Whether what bears one id is clearly two devices.

    It is where the models differ; and where the names do and nothing else speaks for one device: no common MAC, and
    page counts that it could have had. Another MAC alone makes no other device: Wi-Fi and cable have two.
    """
    if _differ(one.model, other.model):
        return True
    if (one.mac is not None and one.mac == other.mac) or not _differ(one.name, other.name):
        return False
    if one.total is None or other.total is None:
        return one.mac is not None and other.mac is not None
    minutes = minutes_between(one.time, other.time) or 0.0
    return abs(one.total - other.total) > PER_MINUTE * (abs(minutes) + 1)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other) and plain(one or "") != plain(other or "")


def base_id(reading: Reading) -> str:
    """What the device calls itself, whatever was put behind it to set it apart."""
    return reading.device_id.partition(APART)[0]


def _apart(reading: Reading, taken: Collection[str]) -> str:
    """An id for one of several devices that claim one: behind that the MAC, else the model, the name or the address."""
    claim = Claim.of(reading)
    marks = ((claim.mac or "").replace(":", ""), plain(claim.model or ""), plain(claim.name or ""))
    for mark in filter(None, marks):
        if (identifier := f"{base_id(reading)}{APART}{mark}") not in taken:
            return identifier
    return f"{base_id(reading)}{APART}{claim.address}:{claim.port}"


def _set_apart(reading: Reading, identifier: str, others: Iterable[Place]) -> Reading:
    text = f"Another device, at {_named(others)}, is {base_id(reading)} as well: this one is known as {identifier}."
    return _with(msgspec.structs.replace(reading, device_id=identifier), "duplicate-identity", text)


def _also_at(reading: Reading, places: Collection[Place]) -> Reading:
    if not places:
        return reading
    return _with(reading, "several-addresses", f"The same device answers at {_named(places)}, too: count it once.")


def _with(reading: Reading, code: str, text: str) -> Reading:
    others = [each for each in reading.problems if each.code != code]  # an earlier run may have said it already
    return msgspec.structs.replace(reading, problems=[*others, problem_of(code, text)])


def _named(places: Iterable[Place]) -> str:
    ordered = sorted(set(places))
    names = [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in ordered[:MAX_NAMED]]
    return ", ".join(names) + (f" and {len(ordered) - MAX_NAMED} more" if len(ordered) > MAX_NAMED else "")


def _order(reading: Reading) -> tuple[int, int, int]:
    address = ip_address(reading.address)
    return address.version, int(address), reading.port
