"""Problems of the field with what a printer says of its condition, and with those that say hardly anything."""

import itertools

import pytest

from codec import PduType
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import ProfileSet
from ptscan.simulator import Fault, FaultKind
from ptscan.snmp import Outcome

from .stage import AT, PRINTER, go_between, played, session_with, told

DEVICE_STATUS, PRINTER_STATUS = "1.3.6.1.2.1.25.3.2.1.5.1", "1.3.6.1.2.1.25.3.5.1.1.1"
ERRORS = "1.3.6.1.2.1.25.3.5.1.2.1"
ALERT = "1.3.6.1.2.1.43.18.1.1"


async def read(profiles: ProfileSet, rows: str) -> DeviceReading:
    async with played(rows) as (client, [place]):
        return await read_device(session_with(client, place), profiles, at=AT)


def alert(row: int, group: int, code: int, text: str, severity: int = 3) -> tuple[str, ...]:
    """A whole row of prtAlertTable about the first part of its group."""
    return (
        f"{ALERT}.2.1.{row}|2|{severity}",
        f"{ALERT}.4.1.{row}|2|{group}",
        f"{ALERT}.5.1.{row}|2|1",
        f"{ALERT}.7.1.{row}|2|{code}",
        f"{ALERT}.8.1.{row}|4|{text}",
    )


@pytest.mark.parametrize(
    ("octets", "conditions"),
    [
        ("", []),
        ("00", []),
        ("20", ["low-toner"]),
        ("08", ["door-open"]),
        ("0100", ["service-requested"]),
        ("0001", []),  # the sixteenth bit has no meaning
        ("28020000", ["low-toner", "door-open", "overdue-prevent-maint"]),
    ],
)
async def test_problem_27_error_bits_of_any_length_come_over_the_wire(
    octets: str, conditions: list[str], profiles: ProfileSet
) -> None:
    reading = (await read(profiles, told(PRINTER, f"{ERRORS}|4x|{octets}"))).reading
    assert reading.status.conditions == conditions
    assert "status.conditions" not in reading.missing
    assert reading.status.state == "idle"


async def test_problem_27_where_no_error_bits_are_told_that_is_missing_and_not_all_well(profiles: ProfileSet) -> None:
    rows = "".join(row for row in PRINTER.splitlines(keepends=True) if not row.startswith(ERRORS))
    reading = (await read(profiles, rows)).reading
    assert reading.status.conditions == []
    assert "status.conditions" in reading.missing


async def test_problem_27_status_bits_and_alert_codes_speak_together_and_foreign_words_are_for_display(
    profiles: ProfileSet,
) -> None:
    """A printer whose panel speaks Swedish: what is wrong stands in numbers, the words are only shown."""
    rows = told(
        PRINTER,
        f"{DEVICE_STATUS}|2|5",
        f"{PRINTER_STATUS}|2|1",
        f"{ERRORS}|4x|40",
        *alert(1, 8, 13, "Fyll på kassett 1"),
        *alert(2, 11, 1104, "Slut snart: svart", severity=4),
    )
    reading = (await read(profiles, rows)).reading
    assert (reading.status.state, reading.status.conditions) == ("down", ["no-paper"])
    assert [(row.severity, row.group, row.code, row.description, row.location) for row in reading.alerts] == [
        ("critical", "input", 13, "Fyll på kassett 1", "input 1"),
        ("warning", "marker-supplies", 1104, "Slut snart: svart", "Black Toner"),
    ]


async def test_problem_28_alerts_that_wander_while_they_are_read_leave_half_rows_and_no_wrong_ones(
    profiles: ProfileSet,
) -> None:
    """Between two columns one alert goes, one gets its next index, and one is new."""
    before = told(PRINTER, *alert(41, 8, 13, "Tray 1 empty"), *alert(42, 6, 8, "Cover open"))
    after = told(
        PRINTER, *alert(42, 6, 8, "Cover open"), *alert(43, 8, 13, "Tray 1 empty"), *alert(44, 11, 1104, "Low")
    )
    async with played(before, after) as (client, [morning, noon]):
        bulks = itertools.count()
        async with go_between(
            lambda kind: morning if kind is not PduType.GET_BULK or next(bulks) == 0 else noon
        ) as place:
            session = session_with(client, place)
            reading = (await read_device(session, profiles, at=AT)).reading
    assert [(row.group, row.code, row.description) for row in reading.alerts] == [
        (None, 13, None),  # it had gone when its text was asked for
        ("cover", 8, "Cover open"),
        ("input", None, "Tray 1 empty"),  # its index was another when its code was asked for
        ("marker-supplies", None, "Low"),
    ]
    assert reading.meters == {"total": 12345}
    assert [row.percent for row in reading.supplies] == [40.0]


async def test_problem_28_rows_that_never_go_are_bounded_and_the_same_alert_is_said_once(profiles: ProfileSet) -> None:
    rows = told(PRINTER, *(cell for n in range(200) for cell in alert(7000 + n, 8, 13, "Tray 1 empty")))
    reading = (await read(profiles, rows)).reading
    assert [row.description for row in reading.alerts] == ["Tray 1 empty"]


SYSTEM_ONLY = """\
1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,SN:VNB1A00042,FN:X,SVCID:1,PID:HP LaserJet MFP M130nw
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
1.3.6.1.2.1.1.5.0|4|prn-2
"""


async def test_problem_30_a_printer_that_tells_hardly_anything_is_one_and_nothing_is_made_up(
    profiles: ProfileSet,
) -> None:
    device = await read(profiles, SYSTEM_ONLY)
    reading = device.reading
    assert device.is_printer
    assert reading.via == ["snmp-2c"]
    assert (reading.identity.manufacturer, reading.identity.model) == ("HP", "LaserJet MFP M130nw")
    assert reading.device_id == "hp:VNB1A00042"
    assert (reading.meters, reading.supplies, reading.trays, reading.alerts, reading.display) == ({}, [], [], [], [])
    assert (reading.status.state, reading.status.conditions) == ("unknown", [])
    # What other ways of asking may fill later is named, each by its path; and each value says where it came from.
    assert {"meters.total", "supplies", "trays", "display", "status.state", "status.conditions"} <= set(reading.missing)
    assert {item.source for item in reading.provenance.values()} == {"snmp"}


async def test_problem_30_a_printer_without_snmp_says_so_in_one_problem(profiles: ProfileSet) -> None:
    async with played(PRINTER, faults=[Fault(FaultKind.MUTE)]) as (client, [place]):
        device = await read_device(session_with(client, place, timeout=0.05, retries=0), profiles, at=AT)
    assert device.outcome is Outcome.SILENT
    assert [problem.code for problem in device.reading.problems] == ["no-answer"]
    assert device.reading.via == []
    assert not device.is_printer


async def test_problem_30_tables_of_unequal_columns_shift_no_value_into_another_row(profiles: ProfileSet) -> None:
    """Three names, two levels, one capacity: rows are joined by their index and never by their order."""
    supply = "1.3.6.1.2.1.43.11.1.1"
    rows = told(
        PRINTER,
        f"{supply}.6.1.2|4|Cyan Toner",
        f"{supply}.6.1.3|4|Drum",
        f"{supply}.9.1.3|2|-3",
        f"{supply}.5.1.3|2|9",
    )
    reading = (await read(profiles, rows)).reading
    assert [(row.index, row.description, row.percent, row.state) for row in reading.supplies] == [
        ("1.1", "Black Toner", 40.0, "ok"),
        ("1.2", "Cyan Toner", None, "unknown"),
        ("1.3", "Drum", None, "some"),
    ]
    assert {"supplies.1.2.percent", "supplies.1.3.percent"} <= set(reading.missing)
