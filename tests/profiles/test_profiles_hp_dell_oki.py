"""HP, Dell and OKI: single objects, and the trees of those who make Dell's and OKI's machines.

All answers here are made up from what is known of the vendors' MIBs; recordings are held against them elsewhere.
"""

import pytest

from codec import parse_oid
from ptscan.profiles import ProfileSet

from .telling import Reader, named

HP = "1.3.6.1.4.1.11.2.3.9.4.2.1"
JETDIRECT = "1.3.6.1.4.1.11.2.4.3.1"
DELL = "1.3.6.1.4.1.674.10898.100"
OKI = "1.3.6.1.4.1.2001.1.1.1.1.11.1.10"


def test_problem_25_hp_serials_lose_their_header(read: Reader) -> None:
    assert read("hp", {f"{HP}.1.3.3.0": "\x01\x15CNB1234567 "}).identity["serial"] == "CNB1234567"


def test_hp_counts_bear_the_names_of_its_mib(read: Reader) -> None:
    told = read("hp", {f"{HP}.4.1.2.{n}.0": count for n, count in ((5, 1000), (6, 700), (7, 300), (22, 450))})
    assert told.meters == {"total": 1000, "mono": 700, "color": 300, "duplex": 450}
    assert told.raw == {
        "total-engine-page-count": 1000, "total-mono-page-count": 700, "total-color-page-count": 300,
        "duplex-page-count": 450,
    }  # fmt: skip
    assert {fact.rule for fact in told.extraction.facts if fact.field.startswith("meters.")} == told.raw.keys()
    assert told.disagreements == []


def test_hp_whose_black_and_colour_are_swapped_or_wrong_is_not_believed_silently(read: Reader) -> None:
    told = read("hp", {f"{HP}.4.1.2.5.0": 1000, f"{HP}.4.1.2.6.0": 100, f"{HP}.4.1.2.7.0": 300})
    assert told.disagreements == ["mono + color is 400, but total is 1000"]


def test_hp_without_a_feeder_does_not_tell_its_garbage(read: Reader) -> None:
    scans = {f"{HP}.2.2.1.44.0": 0, f"{HP}.2.2.1.45.0": 10_884_743, f"{HP}.2.2.1.73.0": 230, f"{HP}.2.2.1.74.0": 1190}
    assert read("hp", {**scans}).meters == {"scan": 1190}


def test_hp_strings_lose_their_symbol_set_and_the_print_server_tells_its_mac(read: Reader) -> None:
    told = read("hp", {f"{HP}.1.3.3.0": "\x01\x15CNB1234567", f"{JETDIRECT}.23.0": "0010830A0B0C"})
    assert told.identity["serial"] == "CNB1234567"
    assert told.identity["mac"] == "0010830A0B0C"


@pytest.mark.parametrize(
    ("text", "asked"),
    [("HP DesignJet 800PS", True), ("Officejet 9100 series", True), ("HP Business Inkjet 2800", True),
     ("HP LaserJet P3005", False)],
)  # fmt: skip
def test_hp_serial_of_the_print_server_is_asked_of_the_models_that_have_theirs_there(
    text: str, asked: bool, profiles: ProfileSet
) -> None:
    model = named(profiles, "hp").for_model([text])
    assert (parse_oid(f"{JETDIRECT}.25.0") in model.ask.scalars) is asked


def test_hp_counts_by_size_are_not_asked_for(profiles: ProfileSet) -> None:
    assert not [oid for oid in named(profiles, "hp").ask.scalars if oid.startswith(parse_oid(f"{HP}.1.16"))]


def test_dell_names_its_model_in_a_text_like_a_device_id(read: Reader) -> None:
    told = read(
        "dell",
        {
            f"{DELL}.2.1.2.1.3.1": "COMMAND SET:;MODEL:Dell S5830dn", f"{DELL}.2.1.2.1.6.1": "4PX735932",
            f"{DELL}.1.1.1.0": "NH63.GM.N652",
        },
    )  # fmt: skip
    assert told.identity == {
        "model": "Dell S5830dn", "serial": "4PX735932", "firmware": "NH63.GM.N652", "manufacturer": "Dell",
    }  # fmt: skip


@pytest.mark.parametrize("tree", ["1.3.6.1.4.1.641.6", "1.3.6.1.4.1.253.8.53", "1.3.6.1.4.1.236.11.5"])
def test_dell_is_asked_whose_machine_it_is(tree: str, profiles: ProfileSet) -> None:
    chosen = profiles.match("1.3.6.1.4.1.674.10898.10.52", ["Dell 2130cn Color Laser"])
    assert any(parse_oid(tree).startswith(oid) for oid in profiles.also_trees(chosen))


def test_oki_says_model_and_serial_and_its_unlabelled_table_is_left_alone(profiles: ProfileSet, read: Reader) -> None:
    told = read("oki", {f"{OKI}.25.0": "C844", f"{OKI}.45.0": "AL6G527180", f"{OKI}.170.1.8.1": 116_227})
    assert told.identity["model"] == "C844"
    assert told.identity["serial"] == "AL6G527180"
    assert told.meters == {}
    assert not [oid for oid in named(profiles, "oki").ask.scalars if oid.startswith(parse_oid(f"{OKI}.170"))]
