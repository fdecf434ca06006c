"""Epson, Sharp, Brother, Pantum, Zebra and Panasonic: counters, supplies and what is not sure enough to be read.

All answers here are made up from what is known of the vendors' MIBs, but for those of the recordings.
"""

from collections.abc import Callable

import pytest

from codec import Oid, Varbind, format_oid, parse_oid
from ptscan.profiles import ProfileSet

from .telling import Answers, Reader, column

EPSON = "1.3.6.1.4.1.1248.1.2.2"
SHARP = "1.3.6.1.4.1.2385.1.1.19.2.1"
PANTUM = "1.3.6.1.4.1.40093"
ZEBRA = "1.3.6.1.4.1.10642"
BROTHER = "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5"

Recording = dict[Oid, Varbind]


def as_answers(recording: Recording) -> Answers:
    """What a recording holds, by dotted OID."""
    answers: Answers = {}
    for oid, (_, _, value) in recording.items():
        if isinstance(value, bytes):
            answers[format_oid(oid)] = value.decode("latin-1")
        elif value is not None:
            answers[format_oid(oid)] = value
    return answers


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


def test_brother_pages_by_function_wherever_their_rows_stand(read: Reader) -> None:
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


@pytest.mark.parametrize("serial", ["1.1.1.5", "6.1.2", "10.1.1.4"])
def test_pantum_keeps_its_serial_in_one_of_three_places(serial: str, read: Reader) -> None:
    assert read("pantum", {f"{PANTUM}.{serial}": "CK7A001234"}).identity["serial"] == "CK7A001234"


def test_pantum_copies_are_asked_for_of_what_copies_alone(profiles: ProfileSet) -> None:
    (pantum,) = (profile for profile in profiles.profiles if profile.name == "pantum")
    copies = parse_oid(f"{PANTUM}.1.1.3.9")
    copiers = {
        "Pantum M7100DW Series": True,
        "Pantum BM5100FDW": True,
        "CM1100": True,
        "P3300DW": False,
        "CP1100": False,
    }
    for model, copier in copiers.items():
        assert (copies in pantum.for_model([model]).ask.scalars) is copier, model


@pytest.mark.parametrize(
    ("odometer", "inches"),
    [
        ("555719 INCHES, 1411527 CENTIMETERS", 555719),
        ("1411527 CENTIMETERS, 555719 INCHES", 555719),
        ("1,234 IN", 1234),
        ("98765", 98765),
        (98765, 98765),
        ("1411527 CENTIMETERS", None),
        ("", None),
    ],
)
def test_zebra_odometer_with_and_without_its_unit(odometer: str | int, inches: int | None, read: Reader) -> None:
    told = read("zebra", {f"{ZEBRA}.200.17.3.0": odometer, f"{ZEBRA}.200.17.2.0": "302318"})
    assert told.meters == ({} if inches is None else {"length_inches": inches})
    assert told.raw["zql-odometer-total-label-count"] == 302318


def test_zebra_serial_of_the_printer_goes_before_that_of_its_print_server(read: Reader) -> None:
    both: Answers = {"1.3.6.1.4.1.683.1.5.0": "7654321", f"{ZEBRA}.200.19.5.0": "99J201300000"}
    assert read("zebra", both).identity["serial"] == "99J201300000"


def test_what_one_project_alone_knows_of_two_models_is_not_asked_for(profiles: ProfileSet) -> None:
    (panasonic,) = (profile for profile in profiles.profiles if profile.name == "panasonic")
    assert panasonic.allow == ()
    assert panasonic.ask.tables == ()


def test_kyocera_labels_of_a_recording(recording: Callable[[str], Recording], read: Reader) -> None:
    labels = as_answers(recording("thread_partials/kyocera_papersize_labels_fi638.snmprec"))
    values: Answers = {}
    for oid in labels:
        for table, columns in (("42.2.1.1.1", (6, 7, 8)), ("42.2.2.1.1", (3,))):
            front, _, row = oid.partition(f".{table}.2.1.")
            values |= {f"{front}.{table}.{column}.1.{row}": 10 * int(row) + column for column in columns if row}
    told = read("kyocera", {**labels, **values})
    assert told.meters == {
        "mono": 13, "single_color": 23, "color": 33, "a3": 16, "a3_mono": 17, "a3_color": 18, "a4": 36, "a4_mono": 37,
        "a4_color": 38, "ledger": 76, "legal": 86, "letter": 96,
    }  # fmt: skip
