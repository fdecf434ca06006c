"""Pantum, Zebra and Panasonic: single objects, and what is not sure enough to be asked for.

All answers here are made up from what is known of the vendors' MIBs.
"""

import pytest

from codec import parse_oid
from ptscan.profiles import ProfileSet

from .telling import Answers, Reader, named

PANTUM = "1.3.6.1.4.1.40093"
ZEBRA = "1.3.6.1.4.1.10642"


@pytest.mark.parametrize("serial", ["1.1.1.5", "6.1.2", "10.1.1.4"])
def test_pantum_keeps_its_serial_in_one_of_three_places(serial: str, read: Reader) -> None:
    assert read("pantum", {f"{PANTUM}.{serial}": "CK7A001234"}).identity["serial"] == "CK7A001234"


def test_pantum_copies_are_asked_for_of_what_copies_alone(profiles: ProfileSet) -> None:
    pantum = named(profiles, "pantum")
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
    panasonic = named(profiles, "panasonic")
    assert panasonic.allow == ()
    assert panasonic.ask.tables == ()
