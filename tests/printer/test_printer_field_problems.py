"""Problems that readers of printers met in the field, each played by the simulator and read over loopback."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from codec import format_oid
from ptscan.printer import DeviceReading, read_device
from ptscan.printer.plan import MAX_OCTETS
from ptscan.profiles import ProfileSet, denied
from ptscan.simulator import Fault, FaultKind
from ptscan.snmp import Outcome, Session

from .stage import AT, PRINTER, go_between, played, session_with

NOBODY = ("127.70.3.1", 9)
CANON = PRINTER.replace("99999.1", "1602.4.7").replace("Example", "Canon")


@asynccontextmanager
async def session_of(rows: str, *faults: Fault, retries: int = 1) -> AsyncIterator[Session]:
    """A session with one simulated device."""
    async with played(rows, faults=faults) as (client, [place]):
        yield session_with(client, place, timeout=0.3, retries=retries)


Read = Callable[..., Awaitable[DeviceReading]]


@pytest.fixture
def read(profiles: ProfileSet) -> Read:
    async def read(rows: str, *faults: Fault, retries: int = 1) -> DeviceReading:
        async with session_of(rows, *faults, retries=retries) as session:
            return await read_device(session, profiles, at=AT)

    return read


def codes(device: DeviceReading) -> set[str]:
    return {problem.code for problem in device.reading.problems}


async def test_a_plain_printer_is_read_whole(read: Read) -> None:
    device = await read(PRINTER)
    reading = device.reading
    assert device.is_printer
    assert reading.device_id.endswith(":EX100-00042")
    assert reading.time == "2026-11-21T06:00:00Z"
    assert reading.via == ["snmp-2c"]
    assert (reading.identity.model, reading.identity.serial, reading.identity.mac) == (
        "Example Laser 100",
        "EX100-00042",
        "00:1b:78:01:02:03",
    )
    assert reading.meters == {"total": 12345}
    assert [(row.kind, row.color, row.percent, row.state) for row in reading.supplies] == [
        ("toner", "black", 40.0, "ok")
    ]
    assert (reading.status.state, reading.status.conditions) == ("idle", [])
    assert "meters.color" in reading.missing
    assert reading.provenance["meters.total"].at == "1.3.6.1.2.1.43.10.2.1.4.1.1"
    assert not reading.problems


async def test_every_value_has_its_provenance_or_its_parents(read: Read) -> None:
    reading = (await read(PRINTER)).reading
    paths = [f"identity.{name}" for name in reading.identity.__struct_fields__ if getattr(reading.identity, name)]
    paths += [f"meters.{name}" for name in reading.meters]
    paths += [f"supplies.{row.index}" for row in reading.supplies]
    paths += ["status.state", "status.conditions"]
    assert {path for path in paths if path not in reading.provenance} == set()


async def test_problem_05_a_v1_printer_is_read_whole(read: Read) -> None:
    device = await read(PRINTER, Fault(FaultKind.V1_ONLY, 0))
    assert device.reading.via == ["snmp-1"]
    assert device.reading.meters == {"total": 12345}
    assert [row.percent for row in device.reading.supplies] == [40.0]


@pytest.mark.parametrize("fault", [FaultKind.NO_BULK, FaultKind.TOO_BIG])
async def test_problem_06_where_getbulk_fails_the_reading_is_the_same(read: Read, fault: FaultKind) -> None:
    device = await read(PRINTER, Fault(fault, 4))
    assert device.reading.meters == {"total": 12345}
    assert [row.percent for row in device.reading.supplies] == [40.0]


@pytest.mark.parametrize("fault", [FaultKind.ENDLESS, FaultKind.LOOP, FaultKind.STUCK])
async def test_problem_08_a_walk_without_end_costs_that_walk_alone(read: Read, fault: FaultKind) -> None:
    device = await read(PRINTER, Fault(fault, 0))
    assert device.is_printer
    assert device.reading.identity.serial == "EX100-00042"
    assert device.reading.supplies[0].percent == 40.0


async def test_problem_11_a_sleeping_printer_answers_the_second_try(read: Read) -> None:
    device = await read(PRINTER, Fault(FaultKind.SLEEPING, 1), retries=2)
    assert device.reading.meters == {"total": 12345}


async def test_problem_12_a_device_that_is_off_gives_one_clear_problem(read: Read) -> None:
    device = await read(PRINTER, Fault(FaultKind.MUTE, 0))
    assert device.outcome is Outcome.SILENT
    assert not device.is_printer
    assert [problem.code for problem in device.reading.problems] == ["no-answer"]
    assert device.reading.device_id == f"address:{device.reading.address}:{device.reading.port}"


async def test_problem_12_a_device_that_goes_silent_leaves_what_it_told(profiles: ProfileSet) -> None:
    async with played(CANON) as (client, [place]):
        answers = iter([place, place])
        async with go_between(lambda _: next(answers, NOBODY)) as dying:
            device = await read_device(session_with(client, dying, timeout=0.1, retries=0), profiles, at=AT)
    identity = device.reading.identity
    assert (identity.manufacturer, identity.serial, device.reading.meters) == ("Canon", "EX100-00042", {"total": 12345})
    assert "no-answer" in codes(device)
    assert "supplies" in device.reading.missing


async def test_problem_13_a_fragile_model_is_asked_for_no_vendor_object(profiles: ProfileSet) -> None:
    rows = PRINTER.replace("Example Laser 100", "Brother MFC-8860DN").replace("99999.1", "2435.2.3.9.1")
    async with session_of(rows) as session:
        device = await read_device(session, profiles, at=AT)
    assert device.reading.meters == {"total": 12345}
    asked = {format_oid(oid) for oid in session.traffic.asked}
    assert {oid for oid in asked if oid.startswith("1.3.6.1.4.1.2435.2.3.9.4")} == set()


async def test_problem_14_nothing_but_snmp_datagrams_goes_to_a_printer(
    profiles: ProfileSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = []
    made = socket.socket.__init__

    def watched(self: socket.socket, family: int = -1, kind: int = -1, *rest: Any, **more: Any) -> None:
        kinds.append(kind)
        made(self, family, kind, *rest, **more)

    monkeypatch.setattr(socket.socket, "__init__", watched)
    async with session_of(PRINTER) as session:
        await read_device(session, profiles, at=AT)
    assert kinds
    assert set(kinds) == {socket.SOCK_DGRAM}


async def test_problem_15_no_object_is_asked_whose_reading_acts_or_tells_of_people(profiles: ProfileSet) -> None:
    for vendor in ("11.2.3.9.1", "1248.1.1.2.1.3.5", "367.1.1", "1602.4.7"):
        async with session_of(PRINTER.replace("99999.1", vendor)) as session:
            await read_device(session, profiles, at=AT)
        assert session.traffic.asked
        assert [format_oid(oid) for oid in session.traffic.asked if denied(oid)] == []


async def test_problem_18_coarse_levels_are_marked(read: Read) -> None:
    rows = PRINTER.replace("Example Laser 100", "Canon LBP6670 /P").replace("99999.1", "1602.4.2")
    rows = rows.replace(".9.1.1|2|40", ".9.1.1|2|100")
    assert "coarse-levels" in codes(await read(rows))


async def test_a_supply_that_only_the_vendor_tells_has_a_name_and_its_provenance(read: Read) -> None:
    rows = PRINTER.replace("99999.1", "2435.2.3.9.1")
    blob = "6a010400001d4c" + "ff"  # fuser, 75.00 percent
    reading = (await read(rows + f"1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.8.0|4x|{blob}\n")).reading
    assert [(row.index, row.kind, row.percent, row.state) for row in reading.supplies[1:]] == [
        ("fuser", "fuser", 75.0, "ok")
    ]
    assert reading.provenance["supplies.fuser"].at == "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.8.0"


async def test_problem_21_a_reading_bears_what_a_fall_of_its_counters_is_judged_by(read: Read) -> None:
    reading = (await read(PRINTER.replace("65|12345", "65|0"))).reading
    assert reading.meters == {"total": 0}  # a zero is a reading; only a history can tell that it is a wrong one
    assert (reading.time, reading.identity.serial) == ("2026-11-21T06:00:00Z", "EX100-00042")
    assert reading.provenance["meters.total"].at == "1.3.6.1.2.1.43.10.2.1.4.1.1"


async def test_problem_22_a_vendors_total_that_differs_is_said_and_the_standard_one_kept(read: Read) -> None:
    rows = PRINTER.replace("99999.1", "11.2.3.9.1") + "1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.5.0|2|12400\n"
    device = await read(rows)
    assert device.reading.meters["total"] == 12345
    assert "meters-disagree" in codes(device)


CANON_COUNTERS = "1.3.6.1.4.1.1602.1.11.2.1.1"


def canon(*counters: tuple[str, int]) -> str:
    rows = CANON
    for row, (label, count) in enumerate(counters, 31):
        rows += f"{CANON_COUNTERS}.2.{row}|4|{label}\n{CANON_COUNTERS}.3.{row}|65|{count}\n"
    return rows


async def test_problem_23_labels_tell_what_a_counter_counts_wherever_its_row_stands(read: Read) -> None:
    meters = (await read(canon(("Copy (Total 1)", 45), ("Total 1", 12345), ("Print (Total 1)", 12300)))).reading.meters
    assert (meters["total"], meters["copy"], meters["print"]) == (12345, 45, 12300)


async def test_problem_24_large_sheets_are_counted_apart_and_not_weighted(read: Read) -> None:
    rows = canon(("Total 1", 12345), ("Total (Black/Large)", 7), ("Total (Black/Small)", 12338))
    meters = (await read(rows)).reading.meters
    assert (meters["total"], meters["mono_large"], meters["mono_small"]) == (12345, 7, 12338)


async def test_problem_25_a_placeholder_serial_gives_way_to_the_vendors(read: Read) -> None:
    rows = PRINTER.replace("EX100-00042", "0000000000").replace("99999.1", "11.2.3.9.1")
    rows += "1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0|4x|0115564e42335231323334350000\n"
    device = await read(rows)
    assert device.reading.identity.serial == "VNB3R12345"
    assert "placeholder-serial" in codes(device)


async def test_problem_26_the_device_id_does_not_depend_on_the_address(profiles: ProfileSet) -> None:
    async with played(PRINTER, PRINTER) as (client, places):
        found = [await read_device(session_with(client, place), profiles, at=AT) for place in places]
    assert len({device.reading.device_id for device in found}) == 1


async def test_a_host_with_print_queues_is_no_printer(read: Read) -> None:
    device = await read(
        """\
1.3.6.1.2.1.1.1.0|4|Hardware: Intel64 Family 6 - Software: Windows Version 10.0
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.311.1.1.3.1.2
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|HP LaserJet 4250 PCL 6
1.3.6.1.2.1.25.3.5.1.1.1|2|3
"""
    )
    assert not device.is_printer
    assert codes(device) == {"not-a-printer"}


async def test_the_printers_row_may_stand_anywhere(read: Read) -> None:
    rows = PRINTER.replace("25.3.2.1.2.1|", "25.3.2.1.2.7|").replace("25.3.2.1.3.1|", "25.3.2.1.3.7|")
    rows = rows.replace("25.3.2.1.5.1|", "25.3.2.1.5.7|").replace("25.3.5.1.1.1|", "25.3.5.1.1.7|")
    rows += "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.4\n1.3.6.1.2.1.25.3.2.1.3.1|4|eth0\n"
    device = await read(rows)
    assert device.reading.identity.model == "Example Laser 100"
    assert device.reading.status.state == "idle"


async def test_localised_text_is_decoded_by_the_charset_of_the_current_localisation(read: Read) -> None:
    rows = PRINTER.replace("6.1.1|4|Black Toner", "6.1.1|4x|" + "Чёрный тонер".encode("iso8859-5").hex())
    rows += """\
1.3.6.1.2.1.43.5.1.1.2.1|2|3
1.3.6.1.2.1.43.7.1.1.4.1.1|2|4
1.3.6.1.2.1.43.7.1.1.4.1.2|2|106
1.3.6.1.2.1.43.7.1.1.4.1.3|2|8
"""
    supply = (await read(rows)).reading.supplies[0]
    assert (supply.description, supply.color) == ("Чёрный тонер", "black")


@pytest.mark.parametrize(
    "kind", [FaultKind.HUGE, FaultKind.FLOOD, FaultKind.MANGLED, FaultKind.TRUNCATED, FaultKind.GARBAGE]
)
async def test_a_hostile_device_costs_its_own_reading_in_bounded_octets(profiles: ProfileSet, kind: FaultKind) -> None:
    value = {FaultKind.HUGE: 60_000, FaultKind.FLOOD: 50, FaultKind.MANGLED: 3, FaultKind.TRUNCATED: 40}.get(kind, 200)
    async with session_of(PRINTER, Fault(kind, value), retries=0) as session:
        device = await read_device(session, profiles, at=AT)
    assert session.traffic.received_octets <= MAX_OCTETS + 2 * 16 * 65_507
    for text in (device.reading.identity.description, device.reading.identity.model):
        assert text is None or len(text) <= 1024
