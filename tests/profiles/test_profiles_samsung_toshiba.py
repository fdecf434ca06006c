"""Samsung and Toshiba: counts by kind of job, and by kind and colour, where no text stands beside them.

All answers here are made up from what is known of the vendors' MIBs.
"""

import pytest

from codec import parse_oid
from ptscan.profiles import ProfileSet

from .telling import Reader, column, named

SAMSUNG = "1.3.6.1.4.1.236.11.5.11.53.11"
TOSHIBA = "1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1"
BARCODE = "1.3.6.1.4.1.1129.1.2.1.1.1"

# Kind of job and sides, row by row: two sizes of prints, copies, reports, received and sent faxes, scans.
JOBS = [(1, 59_286), (1, 35), (2, 535), (6, 33), (3, 12), (4, 900), (5, 760), (11, 40), (21, 3)]


@pytest.mark.parametrize("rows", [JOBS, JOBS[::-1]], ids=["in order", "moved"])
def test_samsung_adds_up_the_rows_of_a_kind_of_job(rows: list[tuple[int, int]], read: Reader) -> None:
    told = read(
        "samsung",
        {
            **column(f"{SAMSUNG}.2.1.2", {f"1.{row}": kind for row, (kind, _) in enumerate(rows, 1)}),
            **column(f"{SAMSUNG}.2.1.7", {f"1.{row}": sides for row, (_, sides) in enumerate(rows, 1)}),
        },
    )
    assert told.meters == {"print": 59_321, "copy": 535, "fax": 12, "scan": 800}
    assert told.raw["faxOut"] == 900
    assert told.raw["localStorage"] == 3
    assert {fact.confidence for fact in told.extraction.facts} == {"medium"}


def test_samsung_tells_black_from_colour(read: Reader) -> None:
    assert read("samsung", {f"{SAMSUNG}.1.1.0": 16_000, f"{SAMSUNG}.1.2.0": 33_000}).meters == {
        "color": 16_000, "mono": 33_000,
    }  # fmt: skip


def test_hp_laser_by_samsung_is_read_by_both(profiles: ProfileSet) -> None:
    matched = profiles.match("1.3.6.1.4.1.11.1", ["HP Laser MFP 432fdn; V4.00.02.08"])
    assert {"hp", "samsung"} <= {profile.name for profile in matched}


def test_samsung_serial_in_the_tree_of_one_source_is_not_asked_for(profiles: ProfileSet) -> None:
    samsung = named(profiles, "samsung")
    assert parse_oid("1.3.6.1.4.1.236.11.5.11.53.1.1.1.0") not in samsung.ask.scalars


COLOR_COPIER = {
    "2.1.1": 300, "2.1.2": 10, "2.1.3": 690, "2.1.4": 1000,
    "3.1.1": 200, "3.1.2": 10, "3.1.3": 490, "3.1.4": 700,
    "4.1.1": 100, "4.1.2": 0, "4.1.3": 150, "4.1.4": 250,
    "7.1.1": 0, "7.1.2": 0, "7.1.3": 40, "7.1.4": 40,
    "8.1.1": 30, "8.1.3": 60, "9.1.1": 5, "9.1.3": 1,
    "11.1.3": 10, "11.1.4": 10,
    "207.1.1": 60, "207.1.3": 90, "207.1.4": 150, "208.1.1": 240, "208.1.3": 600, "208.1.4": 840,
    "209.1.3": 80, "210.1.3": 410,
}  # fmt: skip


def test_toshiba_counts_by_kind_and_colour(read: Reader) -> None:
    told = read("toshiba", column(TOSHIBA, COLOR_COPIER))
    assert told.meters == {
        "total": 1000, "color": 300, "two_color": 10, "mono": 690, "print": 700, "print_mono": 490, "print_color": 210,
        "copy": 250, "copy_mono": 150, "copy_color": 100, "fax": 40, "fax_mono": 40, "scan": 96, "scan_color": 35,
        "scan_mono": 61, "large": 150, "color_large": 60, "mono_large": 90, "color_small": 240, "mono_small": 600,
    }  # fmt: skip
    assert told.disagreements == []


def test_a_black_toshiba_has_its_functions_all_the_same(read: Reader) -> None:
    black = {index: sides for index, sides in COLOR_COPIER.items() if index.endswith(".3")}
    told = read("toshiba", column(TOSHIBA, black))
    assert told.meters == {
        "mono": 690, "print": 490, "print_mono": 490, "copy": 150, "copy_mono": 150, "fax": 40, "fax_mono": 40,
        "scan": 61, "scan_mono": 61, "mono_large": 90, "mono_small": 600,
    }  # fmt: skip
    assert told.disagreements == []


def test_a_toshiba_that_counts_a_large_side_twice_is_found_out(read: Reader) -> None:
    told = read("toshiba", column(TOSHIBA, {**COLOR_COPIER, "207.1.3": 180, "207.1.1": 120}))
    assert told.disagreements == [
        "mono large + mono small is 780, but mono is 690",
        "color large + color small is 360, but color is 300",
    ]


@pytest.mark.parametrize(
    ("text", "copier"),
    [("TOSHIBA e-STUDIO2505AC", True), ("TOSHIBA TEC B-EV4", False), ("TOSHIBA BA410T", False), ("OKI ES9476", True)],
)
def test_toshiba_is_asked_for_counters_as_a_copier_and_for_its_objects_as_a_barcode_printer(
    text: str, copier: bool, profiles: ProfileSet
) -> None:
    toshiba = named(profiles, "toshiba")
    asked = toshiba.for_model([text]).ask.scalars
    assert (parse_oid(f"{TOSHIBA}.2.1.3") in asked) is copier
    assert (parse_oid(f"{BARCODE}.2.1.0") in asked) is not copier


def test_a_barcode_printer_names_itself_fully(read: Reader) -> None:
    told = read(
        "toshiba",
        {
            "1.3.6.1.2.1.1.1.0": "TOSHIBA TEC B-EX6T4", f"{BARCODE}.2.1.0": "B-EX6T4-GS12-QM-R",
            f"{BARCODE}.1.1.0": "2303A000045", f"{BARCODE}.1.2.0": "V2.4",
        },
    )  # fmt: skip
    assert told.identity == {
        "manufacturer": "Toshiba", "model": "B-EX6T4-GS12-QM-R", "serial": "2303A000045", "firmware": "V2.4",
    }  # fmt: skip
