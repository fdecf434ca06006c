"""Devices that tell a part only, or tell it in another place: recordings of our own making, read over loopback."""

from collections.abc import Awaitable, Callable

import pytest

from codec import OBJECT_IDENTIFIER, OCTET_STRING, Oid, Varbind, parse_oid
from ptscan.printer import DeviceReading, plan, read_device
from ptscan.printer.assemble import Source, assemble
from ptscan.printer.evidence import MAX_PROBLEM_TEXT, Ledger
from ptscan.profiles import ProfileSet
from ptscan.simulator import Fault, FaultKind

from .stage import AT, played, session_with

V1_ONLY = Fault(FaultKind.V1_ONLY, 0)

Read = Callable[..., Awaitable[DeviceReading]]


@pytest.fixture
def read(profiles: ProfileSet) -> Read:
    async def read(rows: str, *faults: Fault) -> DeviceReading:
        async with played(rows, faults=faults) as (client, [place]):
            return await read_device(session_with(client, place, timeout=0.3), profiles, at=AT)

    return read


def system(descr: str, object_id: str) -> str:
    return f"1.3.6.1.2.1.1.1.0|4|{descr}\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.{object_id}\n"


@pytest.mark.parametrize("faults", [(), (V1_ONLY,)], ids=["v2c", "v1"])
async def test_of_rows_side_by_side_v1_gets_each_and_not_the_first_alone(read: Read, faults: tuple[Fault, ...]) -> None:
    canon = "1.3.6.1.4.1.1602.1.11.1.3.1.4"
    device = await read(
        system("Canon iR9 /P", "1602.4.2")
        + "".join(
            f"1.3.6.1.2.1.43.11.1.1.3.1.{row}|2|{row}\n1.3.6.1.2.1.43.11.1.1.9.1.{row}|2|5\n"
            f"1.3.6.1.2.1.43.12.1.1.4.1.{row}|4|{color}\n"
            for row, color in ((1, "black"), (2, "cyan"), (3, "magenta"))
        )
        + f"{canon}.101|65|500\n{canon}.108|65|400\n{canon}.114|65|20\n{canon}.301|65|300\n{canon}.501|65|7\n",
        *faults,
    )
    assert device.reading.meters == {"total": 500, "mono": 400, "print": 300, "scan": 7, "duplex": 20}
    assert [row.color for row in device.reading.supplies] == ["black", "cyan", "magenta"]


def test_what_stands_just_before_an_object() -> None:
    assert plan.before(parse_oid("1.3.6.1.2.1.1.1.0")) == parse_oid("1.3.6.1.2.1.1.1")
    assert plan.before(parse_oid("1.3.6.1.2.1.43.12.1.1.4.1.2")) == parse_oid("1.3.6.1.2.1.43.12.1.1.4.1.1")


async def test_trays_whose_level_is_not_told_are_listed(read: Read) -> None:
    device = await read(
        system("Brother HL-1", "2435.2.3.9.1")
        + "".join(f"1.3.6.1.2.1.43.8.2.1.9.1.{row}|2|{100 * row}\n" for row in range(1, 9))
        + "1.3.6.1.2.1.43.8.2.1.13.1.1|4|MP Tray\n"
    )
    assert [row.capacity for row in device.reading.trays] == [100 * row for row in range(1, 9)]
    assert (device.reading.trays[0].name, device.reading.trays[0].state) == ("MP Tray", "unknown")
    assert "trays.1.1.level" in device.reading.missing


async def test_supplies_of_which_the_last_have_no_level_are_listed(read: Read) -> None:
    device = await read(
        system("Xerox Phaser 1", "253.8.62.1.1")
        + "1.3.6.1.2.1.43.11.1.1.9.1.1|2|5\n"
        + "".join(f"1.3.6.1.2.1.43.11.1.1.6.1.{row}|4|Roll {row}\n" for row in range(1, 23))
    )
    assert [row.description for row in device.reading.supplies] == [f"Roll {row}" for row in range(1, 23)]


async def test_the_printer_stands_behind_others_and_has_no_row_in_hrprintertable(read: Read) -> None:
    others = "".join(
        f"1.3.6.1.2.1.25.3.2.1.2.{row}|6|1.3.6.1.2.1.25.3.1.4\n1.3.6.1.2.1.25.3.2.1.3.{row}|4|eth{row}\n"
        for row in range(1, 9)
    )
    device = await read(
        system("HP ETHERNET MULTI-ENVIRONMENT", "11.2.3.9.1")
        + others
        + "1.3.6.1.2.1.25.3.2.1.2.9|6|1.3.6.1.2.1.25.3.1.5\n1.3.6.1.2.1.25.3.2.1.3.9|4|HP LaserJet 9\n"
    )
    assert device.reading.identity.model == "LaserJet 9"


@pytest.mark.parametrize("told", ["EPSON WF-3520 Series", "MFG:EPSON;CMD:ESCPL2;MDL:WF-3520 Series;CLS:PRINTER;"])
async def test_a_device_of_no_told_type_names_the_printer_in_whatever_form(read: Read, told: str) -> None:
    device = await read(
        system("EPSON Built-in 11b/g/n Print Server", "1248.1.1.2.1.3.1.65") + f"1.3.6.1.2.1.25.3.2.1.3.1|4|{told}\n"
    )
    assert (device.reading.identity.manufacturer, device.reading.identity.model) == ("Epson", "WF-3520 Series")


async def test_a_first_marker_that_does_not_know_leaves_the_word_to_the_next(read: Read) -> None:
    device = await read(
        system("Example", "99999.1") + "1.3.6.1.2.1.43.10.2.1.4.1.1|2|-2\n1.3.6.1.2.1.43.10.2.1.4.1.2|65|44\n"
    )
    assert device.reading.meters == {"total": 44}


async def test_the_brand_is_known_from_the_vendors_model_object_too(read: Read) -> None:
    device = await read(
        "1.3.6.1.4.1.367.3.2.1.1.1.1.0|4|SAVIN 4051\n1.3.6.1.4.1.367.3.2.1.2.1.4.0|4|Q1234\n"
        "1.3.6.1.4.1.367.3.2.1.2.19.5.1.2.1|2|10\n1.3.6.1.4.1.367.3.2.1.2.19.5.1.9.1|2|5\n"
    )
    assert (device.reading.identity.manufacturer, device.reading.identity.model) == ("Savin", "4051")
    assert device.reading.device_id == "savin:Q1234"


async def test_a_sysobjectid_of_the_wrong_type_is_no_sysobjectid(read: Read) -> None:
    device = await read("1.3.6.1.2.1.1.1.0|4|RICOH MP 1 1.0\n1.3.6.1.2.1.1.2.0|4x|808080\n")
    assert device.is_printer
    assert device.reading.identity.sys_object_id is None
    assert "identity.sys_object_id" in device.reading.missing


@pytest.mark.parametrize("value", [b"", b"\x80", b"\xff" * 300, 2**70, None])
def test_no_sysobjectid_makes_a_reading_raise(value: bytes | int | None) -> None:
    oid = parse_oid("1.3.6.1.2.1.1.2.0")
    values: dict[Oid, Varbind] = {oid: (oid, OBJECT_IDENTIFIER, value)}
    source = Source(address="127.71.1.1", port=161, time="2026-11-21T06:00:00Z", via=None)
    assert assemble(values, (), source, Ledger()).reading.identity.sys_object_id is None


def test_a_number_beyond_64_bits_with_a_sign_is_none() -> None:
    oid = parse_oid("1.3.6.1.2.1.43.10.2.1.4.1.1")
    source = Source(address="127.71.1.1", port=161, time="2026-11-21T06:00:00Z", via=None)
    assert assemble({oid: (oid, 0x46, 2**64 - 1)}, (), source, Ledger()).reading.meters == {}


def test_a_problem_that_quotes_a_device_is_short_and_clean() -> None:
    ledger = Ledger()
    ledger.problem("quoted", "said \u202e\x1b[31m\U000e0041" + "A" * 5000)
    assert ledger.problems[0].text.startswith("said [31mAA")
    assert len(ledger.problems[0].text) == MAX_PROBLEM_TEXT


def test_a_hostile_reading_of_ten_thousand_values_stays_small_and_clean(profiles: ProfileSet) -> None:
    label, value = "1.3.6.1.4.1.2385.1.1.19.2.1.4", "1.3.6.1.4.1.2385.1.1.19.2.1.3"
    values: dict[Oid, Varbind] = {}
    for row in range(1, 5001):
        for oid, tag, told in (
            (parse_oid(f"{label}.{row}"), OCTET_STRING, b"Prints\xe2\x80\xae" + b" " * (row % 900)),
            (parse_oid(f"{value}.{row}"), 0x41, row * 1000),
        ):
            values[oid] = (oid, tag, told)
    source = Source(address="127.71.1.1", port=161, time="2026-11-21T06:00:00Z", via=None)
    matched = profiles.match("1.3.6.1.4.1.2385.3.1", ["SHARP MX-1"])
    reading = assemble(values, matched, source, Ledger()).reading
    assert reading.meters == {"print": 1000}
    assert all(len(problem.text) <= MAX_PROBLEM_TEXT and problem.text.isprintable() for problem in reading.problems)


async def test_a_vendors_table_longer_than_most_is_read_to_its_end(read: Read) -> None:
    label, value = "1.3.6.1.4.1.1602.1.11.2.1.1.2", "1.3.6.1.4.1.1602.1.11.2.1.1.3"
    names = [*(f"Other {row}" for row in range(1, 100)), "Total 1", "Cópia (Total 1)", "Impressão (Total 1)"]
    device = await read(
        system("Canon iR9 /P", "1602.4.7")
        + "".join(f"{label}.{row}|4|{name}\n{value}.{row}|65|{row}\n" for row, name in enumerate(names, 1))
    )
    assert device.reading.meters == {"total": 100, "copy": 101, "print": 102}


async def test_a_dash_or_a_placeholder_leaves_the_word_to_the_next_source(read: Read) -> None:
    device = await read(
        system("HP ETHERNET MULTI-ENVIRONMENT,SN:CNB8H1234X,PID:HP LaserJet M507", "11.2.3.9.1")
        + "1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.2.0|4|--\n1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0|4|XXXXXXXXXX\n"
        + "1.3.6.1.2.1.43.5.1.1.17.1|4|-\n1.3.6.1.2.1.1.6.0|4|-\n"
    )
    who = device.reading.identity
    assert (who.model, who.serial, who.location) == ("LaserJet M507", "CNB8H1234X", "-")


async def test_what_an_alert_does_not_tell_is_listed_as_missing(read: Read) -> None:
    device = await read(system("HP LaserJet 1", "11.2.3.9.1") + "1.3.6.1.2.1.43.18.1.1.7.1.1|2|1104\n")
    assert {path for path in device.reading.missing if path.startswith("alerts.")} == {
        f"alerts.0.{field}" for field in ("severity", "group", "description", "location")
    }


async def test_a_trade_mark_sign_belongs_to_the_maker(read: Read) -> None:
    device = await read(system("Xerox(R) AltaLink(R) C8045; SS 1", "253.8.62.1.1"))
    assert (device.reading.identity.manufacturer, device.reading.identity.model) == ("Xerox", "AltaLink(R) C8045")


async def test_a_mac_told_in_text_and_a_status_without_a_type_are_read(read: Read) -> None:
    device = await read(
        system("TOSHIBA e-STUDIO385P version X kernel 3.0 All-N-1", "641.2.71")
        + "1.3.6.1.2.1.2.2.1.3.1|2|6\n1.3.6.1.2.1.2.2.1.6.1|4|00:80:77:31:01:0A\n1.3.6.1.2.1.25.3.2.1.5.1|2|3\n"
    )
    reading = device.reading
    assert (reading.identity.manufacturer, reading.identity.mac) == ("Toshiba", "00:80:77:31:01:0a")
    assert reading.status.state == "warning"


async def test_a_localisation_that_no_index_can_hold_leads_nowhere(read: Read) -> None:
    """RFC 3805's prtLocalizationIndex ends at 65535; one sends a Counter64 there."""
    device = await read(
        system("Brother HL-1", "2435.2.3.9.1")
        + "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n"
        + "1.3.6.1.2.1.43.5.1.1.2.1|70|99999999999\n1.3.6.1.2.1.43.5.1.1.10.1|70|18446744073709551615\n"
        + "1.3.6.1.2.1.43.7.1.1.4.1.1|2|106\n1.3.6.1.2.1.43.10.2.1.4.1.1|65|12345\n"
    )
    assert device.reading.meters == {"total": 12345}


async def test_of_a_table_that_was_not_read_to_its_end_nothing_is_added_up(read: Read) -> None:
    """A part of a count would be a wrong count; each row is told as it stands."""
    samsung = "1.3.6.1.4.1.236.11.5.11.53.11.2.1"

    def rows(number: int) -> str:
        return system("Samsung CLX-9201", "236.11.5.1") + "".join(
            f"{samsung}.2.1.{row}|2|2\n{samsung}.7.1.{row}|65|10\n" for row in range(1, number + 1)
        )

    whole, cut = await read(rows(20)), await read(rows(plan.MAX_VENDOR_ROWS + 1))
    assert whole.reading.meters == {"copy": 200}
    assert "copy" not in cut.reading.meters
    assert {(counter.label, counter.value) for counter in cut.reading.meters_raw} == {("copy", 10)}
    assert "row-cap" in [problem.code for problem in cut.reading.problems]


def test_a_sum_whose_part_may_be_lost_is_none(profiles: ProfileSet) -> None:
    canon = next(profile for profile in profiles.profiles if profile.name == "canon")
    assert canon.as_far_as_read(()) is canon
    assert canon.as_far_as_read([parse_oid("1.3.6.1.2.1.43.11.1.1.9")]) is canon
    cut = canon.as_far_as_read([canon.tables[0].value])
    known = {"mono_small": 5}
    assert [sums.parts.add(known) for sums in (canon.sums[0], cut.sums[0])] == [5, None]
    assert cut.sums[0].parts.add({**known, "mono_large": 2}) == 7
