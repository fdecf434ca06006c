"""Epson, Sharp and Brother: supplies by how their names begin, counters by label, by code and by type.

All answers here are made up from what is known of the vendors' MIBs, but for those of the recording.
"""

from collections.abc import Callable

import pytest

from .telling import Answers, Reader, Recording, as_answers, column

EPSON = "1.3.6.1.4.1.1248.1.2.2"
SHARP = "1.3.6.1.4.1.2385.1.1.19.2.1"
BROTHER = "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5"


def test_epson_supplies_of_a_recording_with_the_maintenance_box(
    recording: Callable[[str], Recording], read: Reader
) -> None:
    told = read("epson", as_answers(recording("thread_partials/epson_vendor_supply_table_glpi989.snmprec")))
    assert told.supplies == {
        "ink:black.percent": 28.0,
        "waste-ink:.percent": 100.0, "waste-ink:.description": "Maintenance Cartridge T6716",
    }  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        ["Maintenance Box T6714", "Black Ink Supply Unit T11A1", "Light Cyan Ink Cartridge", "Magenta Ink"],
        ["Wartungsbox T6714", "Black Ink", "Light Cyan Ink T1", "Magenta Ink Cartridge 25M"],
        ["メンテナンスボックス", "BLACK INK", "Light cyan ink", "Magenta Ink Bottle"],
    ],
)
def test_epson_knows_an_ink_by_how_its_name_begins(names: list[str], read: Reader) -> None:
    table = f"{EPSON}.28.1.1"
    told = read(
        "epson",
        {
            **column(f"{table}.5.1", {str(row): name for row, name in enumerate(names, 1)}),
            **column(f"{table}.2.1", {"1": 50, "2": 40, "3": 30, "4": 20, "5": 10}),
            **column(f"{table}.3.1", dict.fromkeys("12345", 5)),
        },
    )
    assert told.supplies == {
        "waste-ink:.percent": 50.0, "ink:black.percent": 40.0, "ink:light-cyan.percent": 30.0,
        "ink:magenta.percent": 20.0,
    }  # fmt: skip


def test_epson_pages_and_firmware(read: Reader) -> None:
    told = read(
        "epson",
        {
            f"{EPSON}.27.1.1.3.1.1": 600, f"{EPSON}.27.1.1.4.1.1": 400, f"{EPSON}.27.1.1.30.1.1": 1000,
            f"{EPSON}.2.1.1.2.1.1": "05.61.FN05K2", f"{EPSON}.2.1.1.2.1.2": "X3BC004711",
        },
    )  # fmt: skip
    assert told.meters == {"mono": 600, "color": 400}
    assert told.identity["firmware"] == "05.61.FN05K2"


def test_sharp_adds_up_by_mode_with_what_is_neither_print_nor_copy(read: Reader) -> None:
    cells = {"1.4.60": 80, "4.4.60": 15, "5.5.61": 20, "5.5.63": 5, "8.4.60": 30, "5.4.61": 100, "5.4.63": 50}
    told = read("sharp", {**column(f"{SHARP}.3", cells), **column(f"{SHARP}.4", dict.fromkeys(cells, "Zähler"))})
    assert told.meters == {"print": 80, "copy": 15, "mono": 100, "color": 50}
    assert told.raw["Zähler"] == 50
    assert told.disagreements == []


def test_sharp_of_a_british_panel(read: Reader) -> None:
    labels = {"9.9.1": "Full Colour Total Count", "9.9.2": "Black & White Total Count"}
    told = read("sharp", {**column(f"{SHARP}.3", {"9.9.1": 5, "9.9.2": 7}), **column(f"{SHARP}.4", labels)})
    assert told.meters == {"color": 5, "mono": 7}


def test_problem_23_brother_pages_by_function_wherever_their_rows_stand(read: Reader) -> None:
    kinds = [9, 1, 7, 3, 5, 2, 4]
    answers: Answers = {}
    for row, kind in enumerate(kinds, 1):
        answers |= {f"{BROTHER}.52.21.1.2.{row}": kind, f"{BROTHER}.52.21.1.3.{row}": 10 * kind}
    for row, (kind, scans) in enumerate(((2, 7), (1, 5), (3, 1)), 1):
        answers |= {f"{BROTHER}.54.2.2.1.2.{row}": kind, f"{BROTHER}.54.2.2.1.3.{row}": scans}
    told = read("brother", answers)
    assert told.meters == {
        "copy_mono": 90, "print": 10, "print_mono": 70, "copy": 30, "print_color": 50, "fax": 20, "copy_color": 40,
        "scan": 13,
    }  # fmt: skip
    assert told.raw["Copy, color"] == 40
    assert len(told.disagreements) == 2  # copies and prints do not add up, and that is said


def test_brother_counters_that_are_no_meter_are_kept_by_name(read: Reader) -> None:
    """Record ids 00 (pages) and 12 (black) of brInfoCounter, and 7f, which nobody knows."""
    packed = "".join(
        f"{name}\x01\x04\0\0\0{count}" for name, count in (("\0", "\x64"), ("\x12", "\x50"), ("\x7f", "\x07"))
    )
    told = read("brother", {f"{BROTHER}.10.0": packed})
    assert told.meters == {"total": 100}
    assert told.raw == {"Page counter": 100, "Black counter": 80}
