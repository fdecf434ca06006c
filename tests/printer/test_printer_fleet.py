"""Every model of the simulator's fleet: read right, within the octets and round trips that were promised."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest
import trio

from codec import format_oid
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import denied, load_profiles
from ptscan.simulator import Truth, make_fleet, make_plan, run_simulator
from ptscan.snmp import Community, Secret, Traffic, open_client

MAX_OCTETS = 8 * 1024
MAX_ROUND_TRIPS = 12

# Makers whose meters a profile of ours knows; of the others the standard MIBs are held against the truth.
KNOWN_METERS = ("brother", "canon", "generic", "hp", "konica", "ricoh", "sharp")

AT = datetime(2026, 11, 21, tzinfo=UTC)


class Read(NamedTuple):
    model: str
    truth: Truth
    device: DeviceReading
    traffic: Traffic


@pytest.fixture(scope="module")
def fleet() -> list[Read]:
    """Two devices of each model and more of the common ones, each read once at a moment that stands still."""

    async def read_all() -> list[Read]:
        devices = make_fleet(60, seed=11).devices
        plan = make_plan(devices, network="127.70.4.0/22", port=0, speed=0)
        profiles = load_profiles()
        reads = []
        async with trio.open_nursery() as nursery:
            playing = await nursery.start(run_simulator, plan)
            async with open_client() as client:
                for station, device in zip(plan.stations, devices, strict=True):
                    session = client.session(
                        station.address, playing.port, credentials=[Community(name=Secret("public"))], timeout=5
                    )
                    read = await read_device(session, profiles, at=AT)
                    reads.append(Read(device.model, device.truth(playing.now()), read, session.traffic))
            nursery.cancel_scope.cancel()
        return reads

    return trio.run(read_all)


def same(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()


def test_the_fleet_has_every_model(fleet: list[Read]) -> None:
    assert len({read.model for read in fleet}) >= 17


def test_printers_and_nothing_else_are_printers(fleet: list[Read]) -> None:
    assert [read.model for read in fleet if read.device.is_printer != read.truth.is_printer] == []


def test_a_whole_reading_stays_within_8_kib_and_12_round_trips(fleet: list[Read]) -> None:
    costs = {
        read.model: (read.traffic.sent_octets + read.traffic.received_octets, read.traffic.round_trips)
        for read in fleet
    }
    assert {model: cost for model, cost in costs.items() if cost[0] > MAX_OCTETS or cost[1] > MAX_ROUND_TRIPS} == {}


def test_nothing_that_is_denied_is_ever_asked_for(fleet: list[Read]) -> None:
    assert [format_oid(oid) for read in fleet for oid in read.traffic.asked if denied(oid)] == []


def test_identities_are_right(fleet: list[Read]) -> None:
    wrong = []
    for model, truth, device, _ in printers(fleet):
        who = device.reading.identity
        wrong += [
            (model, name, getattr(truth, name), getattr(who, name))
            for name in ("serial", "mac", "name", "location", "contact", "sys_object_id")
            if getattr(truth, name) != getattr(who, name)
        ]
        maker = truth.manufacturer
        if not same(maker, who.manufacturer) and who.manufacturer is not None:
            wrong.append((model, "manufacturer", maker, who.manufacturer))
        if not truth.model.casefold().endswith((who.model or "?").casefold()):
            wrong.append((model, "model", truth.model, who.model))
        if model.startswith(KNOWN_METERS) and truth.firmware and not same(truth.firmware, who.firmware):
            wrong.append((model, "firmware", truth.firmware, who.firmware))
    assert wrong == []


def test_meters_are_right(fleet: list[Read]) -> None:
    wrong = []
    for model, truth, device, _ in printers(fleet):
        told = truth.meters if model.startswith(KNOWN_METERS) else {"total": truth.meters["total"]}
        meters = device.reading.meters
        wrong += [(model, name, count, meters.get(name)) for name, count in told.items() if meters.get(name) != count]
    assert wrong == []


def test_supplies_and_trays_are_right(fleet: list[Read]) -> None:
    wrong: list[object] = []
    for model, truth, device, _ in printers(fleet):
        rows = {row.index: row for row in device.reading.supplies}
        for part in truth.supplies:
            row = rows.get(part.index)
            if (
                row is None
                or (row.kind, row.color, row.percent) != (part.kind, part.color, part.percent)
                or (part.state and row.state != part.state)
                or (row.description or "") != part.description
            ):
                wrong.append((model, part, row))
        holders = {tray.index: tray for tray in device.reading.trays}
        for holder in truth.trays:
            tray = holders.get(holder.index)
            if (
                tray is None
                or (tray.name, tray.capacity, tray.level) != (holder.name, holder.capacity, holder.level)
                or (holder.state and tray.state != holder.state)
            ):
                wrong.append((model, holder, tray))
    assert wrong == []


def test_status_alerts_and_display_are_right(fleet: list[Read]) -> None:
    wrong: list[object] = []
    for model, truth, device, _ in printers(fleet):
        reading = device.reading
        if reading.status.state not in truth.states:
            wrong.append((model, "state", truth.states, reading.status.state))
        if sorted(reading.status.conditions) != sorted(truth.conditions):
            wrong.append((model, "conditions", truth.conditions, reading.status.conditions))
        alerts = [(alert.code, alert.severity, alert.description) for alert in reading.alerts]
        if alerts != [(alert.code, alert.severity, alert.description) for alert in truth.alerts]:
            wrong.append((model, "alerts", truth.alerts, alerts))
        if truth.display and reading.display != list(truth.display):
            wrong.append((model, "display", truth.display, reading.display))
    assert wrong == []


def test_device_ids_are_stable_and_differ(fleet: list[Read]) -> None:
    ids = [device.reading.device_id for _, _, device, _ in printers(fleet)]
    assert len(set(ids)) == len(ids)
    assert [identifier for identifier in ids if identifier.startswith("address:")] == []


def printers(fleet: list[Read]) -> list[Read]:
    return [read for read in fleet if read.truth.is_printer]
