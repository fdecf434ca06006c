"""Xerox, Fujifilm and Lexmark: usage counters by number and text, page counts by type, supplies by code.

All answers here are made up from what is known of the vendors' MIBs.
"""

import pytest

from codec import parse_oid
from ptscan.profiles import ProfileSet

from .telling import Answers, Reader, column, named

XEROX = "1.3.6.1.4.1.253.8.53.13.2.1"
LEXMARK = "1.3.6.1.4.1.641.6.4"
MARKER = {
    "1.20.1": 1000, "1.20.7": 500, "1.20.29": 300, "1.20.33": 380, "1.20.34": 620, "1.20.38": 700, "1.20.39": 300,
    "1.20.43": 30, "1.20.44": 20, "1.20.71": 10,
}  # fmt: skip
ENGLISH = {
    "1.20.7": "Black Printed Impressions", "1.20.29": "Color Printed Impressions", "1.20.33": "Color Impressions",
    "1.20.34": "Black Impressions ",
}  # fmt: skip
SPANISH = {
    "1.20.7": "Impresiones impresas en negro", "1.20.29": "Impresiones impresas en color",
    "1.20.33": "Impresiones en color", "1.20.34": "Impresiones en negro",
}  # fmt: skip
UNHEARD_OF = dict.fromkeys(ENGLISH, "Számláló")


@pytest.mark.parametrize("texts", [ENGLISH, SPANISH, UNHEARD_OF, {}], ids=["english", "spanish", "unknown", "none"])
@pytest.mark.parametrize(("copier", "scanner"), [(103, 102), (11, 10)])
def test_xerox_counts_by_number_in_any_language_and_from_either_unit(
    texts: dict[str, str], copier: int, scanner: int, read: Reader
) -> None:
    units = {f"{copier}.20.3": 110, f"{copier}.20.25": 80, f"{scanner}.20.11": 40, f"{scanner}.20.12": 2}
    told = read("xerox", {**column(f"{XEROX}.6", {**MARKER, **units}), **column(f"{XEROX}.8", texts)})
    assert told.meters == {
        "total": 1000, "mono": 620, "color": 380, "print_mono": 500, "print_color": 300, "sheets": 700,
        "duplex_sheets": 300, "color_large": 30, "mono_large": 20, "fax": 10, "copy_mono": 110, "copy_color": 80,
        "print": 800, "copy": 190, "large": 50, "scan": 42,
    }  # fmt: skip
    assert told.disagreements == []


def test_xerox_keeps_the_text_of_the_device_and_the_name_of_the_number(read: Reader) -> None:
    told = read("xerox", {**column(f"{XEROX}.6", MARKER), **column(f"{XEROX}.8", UNHEARD_OF)})
    assert told.raw == {
        "Számláló": 620, "Total Impressions": 1000, "Sheets": 700, "2 Sided Sheets": 300,
        "Color Large Impressions": 30, "Black Large Impressions": 20, "Fax Impressions": 10,
    }  # fmt: skip


def test_xerox_does_not_take_a_tier_of_colour_for_black_or_colour(read: Reader) -> None:
    tiers = {
        "1.20.34": "Black + Color Level 1 Impressions", "1.20.33": "Color Level 2 Impressions",
        "1.20.7": "Black + Color Level 1 Printed Impressions", "1.20.29": "Color Level 2 Printed Impressions",
    }  # fmt: skip
    told = read("xerox", {**column(f"{XEROX}.6", MARKER), **column(f"{XEROX}.8", tiers)})
    assert not {"mono", "color", "print_mono", "print_color", "print"} & told.meters.keys()
    assert told.raw["Color Level 2 Impressions"] == 380


def test_xerox_does_not_take_a_tier_for_black_or_colour_in_a_language_that_nobody_listed(read: Reader) -> None:
    tiers = {"1.20.34": "Schwarz + Farbe Stufe 1", "1.20.33": "Farbe Stufe 2", "1.20.7": "Számláló", "1.20.29": "20"}
    told = read("xerox", {**column(f"{XEROX}.6", MARKER), **column(f"{XEROX}.8", tiers)})
    assert not {"mono", "color"} & told.meters.keys()
    assert {"print_mono", "print_color"} <= told.meters.keys()
    assert told.raw["Farbe Stufe 2"] == 380


def test_the_standard_total_wins_over_xerox_own_which_is_some_sides_short_on_a_c315(read: Reader) -> None:
    facts = {fact.field: fact for fact in read("xerox", column(f"{XEROX}.6", MARKER)).extraction.facts}
    assert facts["meters.total"].prefer == "standard"
    assert facts["meters.mono"].prefer == "own"


def test_a_black_xerox_has_no_colour_and_its_sums_hold(read: Reader) -> None:
    told = read("xerox", column(f"{XEROX}.6", {"1.20.1": 900, "1.20.7": 700, "1.20.34": 900, "14.20.3": 200}))
    assert told.meters == {"total": 900, "print_mono": 700, "mono": 900, "copy_mono": 200, "print": 700, "copy": 200}
    assert told.disagreements == []


def test_a_xerox_whose_colours_do_not_add_up_says_so(read: Reader) -> None:
    told = read("xerox", column(f"{XEROX}.6", {**MARKER, "1.20.34": 520}))
    assert told.disagreements == ["mono + color is 900, but total is 1000"]


def test_xerox_reads_no_other_type_of_its_table(read: Reader) -> None:
    assert read("xerox", column(f"{XEROX}.6", {"1.1.1": 5, "1.2.1": 1200, "1.20.2": 77, "5.20.1": 9})).raw == {}


@pytest.mark.parametrize(
    ("text", "number", "tree", "profiles_wanted"),
    [
        ("FUJIFILM ApeosPro C810;System 1.2", "1.3.6.1.4.1.297.1.11.93.1.48", XEROX, ["fujifilm", "xerox"]),
        ("FUJIFILM ApeosPro C810;System 1.2", "1.3.6.1.4.1.297.1.11.93.1.48", None, ["fujifilm"]),
        ("Xerox Phaser 3600", "1.3.6.1.4.1.253.8.62.1.35", "1.3.6.1.4.1.236.11.5.1.1.1.1.0", ["xerox", "samsung"]),
        ("Xerox C315 Color MFP", "1.3.6.1.4.1.253.8.62.1.50", LEXMARK, ["xerox", "lexmark"]),
        ("Dell 3130cn Color Laser", "1.3.6.1.4.1.674.10898.10.52", XEROX, ["dell", "xerox"]),
        ("OKI OkiLAN 8500e Attached to ES9476 Rev", "1.3.6.1.4.1.2001.1.1.1.1", "1.3.6.1.4.1.1129.2.3.50.1.3.21.6.1.2",
         ["oki", "toshiba"]),
    ],
)  # fmt: skip
def test_machines_of_another_make_are_known_by_whose_trees_they_answer(
    text: str, number: str, tree: str | None, profiles_wanted: list[str], profiles: ProfileSet
) -> None:
    answered = [parse_oid(f"{tree}.1")] if tree else []
    matched = profiles.match(number, [text], answered=answered)
    assert [profile.name for profile in matched[:-1]] == profiles_wanted
    if tree:
        chosen = profiles.match(number, [text])
        assert any(parse_oid(tree).startswith(oid) for oid in profiles.also_trees(chosen))


def test_fujifilm_is_read_by_xerox_table_and_its_own_is_left_alone(profiles: ProfileSet, read: Reader) -> None:
    fujifilm = named(profiles, "fujifilm")
    assert not any(oid.startswith(parse_oid("1.3.6.1.4.1.297.1.111.1.41")) for oid in fujifilm.ask.scalars)
    told = read("fujifilm", {"1.3.6.1.4.1.297.1.111.1.31.10.0": "System 109.3.2; ESS 1.9"})
    assert told.identity["firmware"] == "109.3.2"


COUNTS = {
    1: 1010,
    2: 1000,
    3: 700,
    4: 300,
    16: 800,
    17: 560,
    18: 240,
    32: 150,
    33: 100,
    34: 50,
    48: 40,
    49: 40,
    80: 1002,
}


def lexmark_counts(order: list[int]) -> Answers:
    """paperGeneralCountTable with its rows in this order."""
    types = {f"1.{row}": kind for row, kind in enumerate(order, 1)}
    counts = {f"1.{row}": COUNTS[kind] for row, kind in enumerate(order, 1)}
    return {**column(f"{LEXMARK}.2.1.1.2", types), **column(f"{LEXMARK}.2.1.1.4", counts)}


@pytest.mark.parametrize("order", [sorted(COUNTS), sorted(COUNTS, reverse=True)])
def test_lexmark_counts_by_type_wherever_the_row_stands(order: list[int], read: Reader) -> None:
    told = read("lexmark", lexmark_counts(order))
    assert told.meters == {
        "mono": 700, "color": 300, "print": 800, "print_mono": 560, "print_color": 240, "copy": 150, "copy_mono": 100,
        "copy_color": 50, "fax": 40, "fax_mono": 40,
    }  # fmt: skip
    assert told.raw["totalSafe"] == 1000
    assert told.raw["printerPageCount"] == 1002
    assert told.disagreements == []


def test_lexmark_counts_sides_where_it_tells_sheets_as_well(read: Reader) -> None:
    """Each type has a row in sheets (5) before the one in sides (4); what runs on without end is in feet (20)."""
    types = {"1.1": 2, "1.2": 2, "1.3": 3, "1.4": 3, "1.5": 16, "1.6": 7}
    units = {"1.1": 5, "1.2": 4, "1.3": 5, "1.4": 4, "1.5": 5, "1.6": 20}
    counts = {"1.1": 600, "1.2": 1000, "1.3": 420, "1.4": 700, "1.5": 500, "1.6": 90}
    told = read("lexmark", {f"{LEXMARK}.2.1.1.{n}.{row}": value for n, rows in ((2, types), (3, units), (4, counts))
                            for row, value in rows.items()})  # fmt: skip
    assert told.meters == {"mono": 700}
    assert told.extraction.parts["_safe"] == 1000
    assert told.extraction.problems == ()
    assert [(raw.label, raw.value, raw.meter) for raw in told.extraction.counters] == [
        ("totalSafe", 600, None), ("totalSafe", 1000, None), ("totalMonoSafe", 420, None),
        ("totalMonoSafe", 700, "mono"), ("printTotal", 500, None), ("continuousPrint", 90, None),
    ]  # fmt: skip


def test_lexmark_bills_what_came_out_whole_and_says_where_that_does_not_add_up(read: Reader) -> None:
    told = read("lexmark", {**lexmark_counts([2, 3, 4]), f"{LEXMARK}.2.1.1.4.1.2": 600})
    assert told.disagreements == ["mono + color is 900, but safe is 1000"]


def test_lexmark_adds_up_scans_over_sizes_and_leaves_out_copies_and_faxes(read: Reader) -> None:
    types = {"1.1": 1, "1.2": 4, "1.3": 4, "1.4": 259, "1.5": 770, "1.6": 775}
    sides = {"1.1": 500, "1.2": 30, "1.3": 7, "1.4": 5, "1.5": 90, "1.6": 2}
    told = read("lexmark", {**column(f"{LEXMARK}.3.1.1.2", types), **column(f"{LEXMARK}.3.1.1.4", sides)})
    assert told.meters == {"scan": 44}
    assert told.raw["copyAdf"] == 500


def test_lexmark_supplies_have_level_serial_and_part_number(read: Reader) -> None:
    rows: Answers = {
        **column(f"{LEXMARK}.4.1.1.3", {"1.1": 6, "1.2": 6, "1.3": 7, "1.4": 9, "1.5": 12, "1.6": 10}),
        **column(f"{LEXMARK}.4.1.1.4", {"1.1": "Black", "1.2": "cyan", "1.3": "none"}),
        **column(f"{LEXMARK}.4.1.1.16", {"1.1": 1250, "1.2": 9000, "1.3": 300, "1.4": 0, "1.5": 1, "1.6": 4}),
        **column(f"{LEXMARK}.4.1.1.14", {"1.1": 5000, "1.2": 9000, "1.3": 900, "1.4": 8, "1.5": 2, "1.6": 5}),
        **column(f"{LEXMARK}.4.1.1.6", {"1.1": "CAS1", "1.2": "CAS2", "1.3": ""}),
        **column(f"{LEXMARK}.4.1.1.7", {"1.1": "71B00K0", "1.2": "71B00C0"}),
    }
    told = read("lexmark", rows)
    assert told.supplies == {
        "toner:black.percent": 25.0, "toner:black.serial": "CAS1", "toner:black.part_number": "71B00K0",
        "toner:cyan.percent": 100.0, "toner:cyan.serial": "CAS2", "toner:cyan.part_number": "71B00C0",
        "opc:.percent": 33.3, "fuser:.percent": 0.0,
    }  # fmt: skip
