"""Every model of the simulator's fleet: read right, within the octets and round trips that were promised."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
import trio

from codec import format_oid
from proto_schema import Supply
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import allowed, denied, load_profiles
from ptscan.simulator import FleetDevice, SupplyTruth, Truth, make_fleet, make_plan, parse_fault, run_simulator
from ptscan.simulator.model_files import load_models
from ptscan.snmp import Community, Secret, Traffic, open_client

MAX_OCTETS = 8 * 1024
MAX_ROUND_TRIPS = 12
DEVICES = 84
"""Two decks: of every model one at least."""

MODELS = [model.name for model in load_models()]
PRINTERS = [model.name for model in load_models() if model.kind == "printer"]

AT = datetime(2026, 11, 21, tzinfo=UTC)


class Read(NamedTuple):
    model: str
    truth: Truth
    device: DeviceReading
    traffic: Traffic


def read_all(devices: Sequence[FleetDevice], *faults: str, at_once: int = 1) -> list[Read]:
    """Each device read once, at a moment that stands still; one by one, so that no retry is counted."""
    reads: dict[int, Read] = {}

    async def read_each() -> None:
        plan = make_plan(devices, network="127.70.4.0/22", port=0, speed=0, faults=map(parse_fault, faults))
        profiles = load_profiles()
        limiter = trio.CapacityLimiter(at_once)

        async def read(place: int) -> None:
            address, device = plan.stations[place].address, devices[place]
            session = client.session(address, playing.port, credentials=[Community(name=Secret("public"))], timeout=5)
            async with limiter:
                found = await read_device(session, profiles, at=AT)
            reads[place] = Read(device.model, device.truth(playing.now()), found, session.traffic)

        async with trio.open_nursery() as nursery:
            playing = await nursery.start(run_simulator, plan)
            async with open_client() as client, trio.open_nursery() as readers:
                for place in range(len(devices)):
                    readers.start_soon(read, place)
            nursery.cancel_scope.cancel()

    trio.run(read_each)
    return [reads[place] for place in range(len(devices))]


@pytest.fixture(scope="module")
def fleet() -> list[Read]:
    """Two decks of the fleet, by v2c."""
    return read_all(make_fleet(DEVICES, seed=11).devices)


def of(model: str, fleet: list[Read]) -> list[Read]:
    reads = [read for read in fleet if read.model == model]
    assert reads, f"{model} is not among the first {DEVICES}"
    return reads


def same(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()


def test_the_fleet_has_every_model(fleet: list[Read]) -> None:
    assert {read.model for read in fleet} == set(MODELS)


def test_printers_and_nothing_else_are_printers(fleet: list[Read]) -> None:
    assert [read.model for read in fleet if read.device.is_printer != read.truth.is_printer] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_whole_reading_stays_within_8_kib_and_12_round_trips(model: str, fleet: list[Read]) -> None:
    for read in of(model, fleet):
        assert read.traffic.sent_octets + read.traffic.received_octets <= MAX_OCTETS
        assert read.traffic.round_trips <= MAX_ROUND_TRIPS


def test_nothing_that_is_denied_is_ever_asked_for(fleet: list[Read]) -> None:
    assert [format_oid(oid) for read in fleet for oid in read.traffic.asked if denied(oid)] == []


def test_nothing_outside_the_allow_lists_is_ever_asked_for(fleet: list[Read]) -> None:
    """What any profile allows is the most there can be, and the heads of the trees, for what comes after them."""
    profiles = load_profiles().profiles
    allow = [subtree for profile in profiles for subtree in profile.allow]
    heads = {tree for profile in profiles for tree in profile.trees}
    asked = {(read.model, oid) for read in fleet for oid in read.traffic.asked}
    assert [(model, format_oid(oid)) for model, oid in asked if not allowed(oid, allow) and oid not in heads] == []


@pytest.mark.parametrize("model", PRINTERS)
def test_who_it_is_is_right(model: str, fleet: list[Read]) -> None:
    for _, truth, device, _ in of(model, fleet):
        who = device.reading.identity
        wrong = [
            (name, getattr(truth, name), getattr(who, name))
            for name in ("serial", "asset", "mac", "name", "location", "contact", "sys_object_id")
            if getattr(truth, name) != getattr(who, name)
        ]
        if model != "generic-mono" and not same(truth.manufacturer, who.manufacturer):
            wrong.append(("manufacturer", truth.manufacturer, who.manufacturer))
        if not truth.model.casefold().endswith((who.model or "?").casefold()):
            wrong.append(("model", truth.model, who.model))
        if truth.firmware and not same(truth.firmware, who.firmware):
            wrong.append(("firmware", truth.firmware, who.firmware))
        assert wrong == []


@pytest.mark.parametrize("model", PRINTERS)
def test_every_meter_that_its_rows_tell_is_right_and_no_other_is_reported(model: str, fleet: list[Read]) -> None:
    for _, truth, device, _ in of(model, fleet):
        assert device.reading.meters == truth.meters


@pytest.mark.parametrize("model", PRINTERS)
def test_supplies_are_right_and_none_is_there_twice(model: str, fleet: list[Read]) -> None:
    for _, truth, device, _ in of(model, fleet):
        rows = device.reading.supplies
        wrong = [(part, row) for part, row in pairs(truth.supplies, rows) if row is None or differs(part, row)]
        assert wrong == []
        assert len(rows) == len(truth.supplies)


def pairs(parts: tuple[SupplyTruth, ...], rows: list[Supply]) -> Iterator[tuple[SupplyTruth, Supply | None]]:
    """Each supply with its row: by index, and by kind and colour where the standard table has none."""
    standing = {part.index for part in parts}
    for part in parts:
        if part.index is not None:
            yield part, next((row for row in rows if row.index == part.index), None)
        else:
            own = [
                row for row in rows if row.index not in standing and (row.kind, row.color) == (part.kind, part.color)
            ]
            yield part, own[0] if len(own) == 1 else None


def differs(part: SupplyTruth, row: Supply) -> bool:
    return (
        (row.kind, row.color, row.percent) != (part.kind, part.color, part.percent)
        or (part.state is not None and row.state != part.state)
        or (part.index is not None and (row.description or "") != part.description)
        or (part.serial is not None and row.serial != part.serial)
        or (part.part_number is not None and row.part_number != part.part_number)
    )


@pytest.mark.parametrize("model", PRINTERS)
def test_trays_are_right(model: str, fleet: list[Read]) -> None:
    for _, truth, device, _ in of(model, fleet):
        rows = {tray.index: tray for tray in device.reading.trays}
        assert len(rows) == len(truth.trays)
        for tray in truth.trays:
            row = rows[tray.index]
            assert (row.name, row.capacity, row.level) == (tray.name, tray.capacity, tray.level)
            assert row.state == (tray.state or row.state)


@pytest.mark.parametrize("model", PRINTERS)
def test_status_alerts_and_display_are_right(model: str, fleet: list[Read]) -> None:
    for _, truth, device, _ in of(model, fleet):
        reading = device.reading
        assert reading.status.state in (truth.states or {"unknown"})
        assert sorted(reading.status.conditions) == sorted(truth.conditions)
        alerts = [(alert.code, alert.severity, alert.description) for alert in reading.alerts]
        assert alerts == [(alert.code, alert.severity, alert.description) for alert in truth.alerts]
        assert reading.display == list(truth.display) or not truth.display


def test_what_speaks_snmpv1_alone_is_read_as_right() -> None:
    """No GETBULK, and every GET of an object that is not there comes back without any value."""
    first = {device.model: device for device in reversed(make_fleet(DEVICES, seed=11, others=False).devices)}
    wrong = set()
    for model, truth, device, _ in read_all(list(first.values()), "v1-only", at_once=18):
        reading = device.reading
        supplies = [row is not None and not differs(part, row) for part, row in pairs(truth.supplies, reading.supplies)]
        if not all(supplies) or len(reading.supplies) != len(supplies):
            wrong.add((model, "supplies"))
        if (reading.meters, reading.identity.serial) != (truth.meters, truth.serial):
            wrong.add((model, "meters or serial"))
    assert wrong == set()


def test_device_ids_are_stable_and_differ(fleet: list[Read]) -> None:
    ids = [device.reading.device_id for _, _, device, _ in printers(fleet)]
    assert len(set(ids)) == len(ids)
    assert [identifier for identifier in ids if identifier.startswith("address:")] == []


def printers(fleet: list[Read]) -> list[Read]:
    return [read for read in fleet if read.truth.is_printer]
