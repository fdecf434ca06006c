"""Supplies by the rules of RFC 3805: how much is left, what they are, and that none is told twice or by mistake."""

from collections.abc import Callable, Mapping

import pytest

from proto_schema import Supply
from ptscan.printer import plan, supplies
from ptscan.printer.evidence import Ledger
from ptscan.printer.levels import percent_left, state_of
from ptscan.printer.rows import Columns

from .telling import Tell, Told

Read = Callable[..., list[Supply]]

COLUMN = {"marker": 2, "colorant": 3, "class": 4, "type": 5, "text": 6, "unit": 7, "max": 8, "level": 9}


@pytest.fixture
def read(told: Tell, ledger: Ledger) -> Read:
    """Read rows given as ``{"1.1": {"text": "Black Toner", "level": 40}}``, and what else the device tells."""

    def read(
        rows: Mapping[str, Mapping[str, int | str | bytes]],
        more: Told | None = None,
        level_codes: Mapping[int, str] | None = None,
    ) -> list[Supply]:
        cells = {f"43.11.1.1.{COLUMN[name]}.{at}": value for at, row in rows.items() for name, value in row.items()}
        columns = Columns(told({**cells, **(more or {})}).values(), plan.COLUMNS)
        return supplies.read_supplies(columns, None, level_codes or {}, ledger)

    return read


def codes(ledger: Ledger) -> list[str]:
    return [problem.code for problem in ledger.problems]


@pytest.mark.parametrize(
    ("level", "capacity", "unit", "percent", "state"),
    [
        (1350, 2700, 7, 50.0, "ok"),
        (1, 3, 7, 33.3, "ok"),
        (0, 100, 19, 0.0, "empty"),
        (1, 2700, 7, 0.0, "low"),
        (350, -2, 19, None, "ok"),
        (10, 100, 19, 10.0, "low"),
        (104, 100, 19, 100.0, "ok"),
        (55, -2, 19, 55.0, "ok"),
        (55, -1, 19, 55.0, "ok"),
        (55, -2, None, None, "ok"),
        (0, -2, None, None, "empty"),
        (-1, 100, 7, None, "ok"),
        (-2, 100, 7, None, "unknown"),
        (-3, 100, 7, None, "some"),
        (-3, -2, None, None, "some"),
        (-100, 100, 7, None, "unknown"),
        (5, 0, 7, None, "ok"),
        (None, 100, 7, None, "unknown"),
    ],
)
def test_problem_16_codes_never_become_percentages(
    level: int | None, capacity: int, unit: int | None, percent: float | None, state: str
) -> None:
    assert percent_left(level, capacity, unit) == percent
    assert state_of(level, percent, receptacle=False) == state


def test_problem_16_a_level_above_the_capacity_is_all_of_it_and_said(read: Read, ledger: Ledger) -> None:
    rows = read({"1.1": {"type": 3, "max": 100, "level": 104}, "1.2": {"type": 3, "max": 100, "level": 100}})
    assert [row.percent for row in rows] == [100.0, 100.0]
    assert [problem.text for problem in ledger.problems] == ["More than its capacity, taken for 100 %: 1.1."]


def test_a_receptacle_tells_the_space_left_and_that_some_devices_mean_the_reverse(read: Read, ledger: Ledger) -> None:
    waste = {"text": "Waste Toner Box", "type": 4, "max": 100, "level": 5}
    rows = read({"1.1": waste, "1.2": {**waste, "level": 0}, "1.3": {**waste, "level": 90}})
    assert [(row.percent, row.state) for row in rows] == [(5.0, "low"), (0.0, "full"), (90.0, "ok")]
    assert [problem.text.partition(": ")[2] for problem in ledger.problems] == [
        "1.1 'Waste Toner Box', 1.2 'Waste Toner Box'."
    ]
    assert "space left" in ledger["supplies.1.3.percent"].rule


@pytest.mark.parametrize(
    ("class_code", "kind_code", "state"), [(4, 3, "full"), (3, 4, "empty"), (1, 4, "full"), (1, 3, "empty")]
)
def test_a_class_of_neither_kind_leaves_the_word_to_the_type(
    read: Read, class_code: int, kind_code: int, state: str
) -> None:
    assert read({"1.1": {"class": class_code, "type": kind_code, "level": 0}})[0].state == state


@pytest.mark.parametrize(("level", "state"), [(-100, "low"), (-3, "some"), (-2, "unknown")])
def test_problem_17_a_vendors_own_level_code_is_a_state_and_no_number(read: Read, level: int, state: str) -> None:
    row = read({"1.1": {"type": 3, "max": 100, "level": level}}, level_codes={-100: "low"})[0]
    assert (row.level, row.percent, row.state) == (None, None, state)


def test_problem_18_a_capacity_of_few_steps_proves_a_coarse_level(read: Read) -> None:
    cells = {"1.1": (3, 4), "1.2": (10, 10), "1.3": (11, 11), "1.4": (-3, 4), "1.5": (3, -2)}
    rows = read({at: {"type": 3, "level": level, "max": capacity} for at, (level, capacity) in cells.items()})
    assert [row.coarse for row in rows] == [True, True, False, False, False]


def test_a_technician_is_told_how_each_level_was_understood(read: Read, ledger: Ledger) -> None:
    cells = {"1.1": (1060, 5300), "1.2": (-3, -2), "1.3": (-100, 100), "1.4": (7, -2)}
    rows = {at: {"level": level, "max": capacity} for at, (level, capacity) in cells.items()}
    read({**rows, "1.5": {"max": 100}}, level_codes={-100: "low"})
    assert [ledger[f"supplies.1.{n}"].rule for n in range(1, 6)] == [
        "RFC 3805: level 1060 of 5300",
        "RFC 3805: level code -3",
        "the vendor's level code -100",
        "RFC 3805: level 7 of unknown",
        "RFC 3805: no level",
    ]


def test_problem_19_rows_are_joined_by_their_full_index(read: Read) -> None:
    rows = read(
        {
            "0.1": {"text": "black ink", "max": 651, "level": 65},
            "1": {"level": 7},  # a single supply without a second number
            "2.13": {"level": 5, "max": 10},
        }
    )
    assert [(row.index, row.level, row.percent) for row in rows] == [
        ("0.1", 65, 10.0),
        ("1", 7, None),
        ("2.13", 5, 50.0),
    ]


def test_problem_19_the_same_row_under_device_0_and_1_is_one_supply(read: Read, ledger: Ledger) -> None:
    black = {"text": "black ink", "type": 5, "max": 100, "level": 40}
    cyan = {"text": "cyan ink", "type": 5, "max": 100, "level": 70}
    rows = read({"0.1": black, "0.2": cyan, "0.3": cyan, "1.1": black, "1.2": cyan, "1.3": black, "2.1": black})
    assert [row.index for row in rows] == ["0.3", "1.1", "1.2", "1.3", "2.1"]
    assert [problem.text for problem in ledger.problems] == [
        "Left out of the supplies, as told already: 0.1 is 1.1 (under device 0), 0.2 is 1.2 (under device 0)."
    ]
    assert "supplies.0.1" not in ledger.provenance()


def test_problem_20_kind_by_type_code_then_colour_by_colorant_then_by_words(read: Read) -> None:
    rows = read(
        {
            "1.1": {"colorant": 2, "type": 21, "text": "TK-895"},
            "1.2": {"colorant": 0, "type": 10, "text": "Cyan Developer"},
            "1.3": {"type": 32, "text": "Staples"},
            "1.4": {"type": 1, "text": "Maintenance Box"},
            "1.5": {"type": 99, "text": "???"},
            "1.6": {"type": 2, "text": "Fixiereinheit"},  # the device says itself that it does not know
            "1.7": {"text": "Gelbe Bildtrommel"},
            "1.8": {"type": 3, "text": "TK-895M"},
            "1.9": {"text": "DK-895"},
        },
        {"43.12.1.1.4.1.1": "black", "43.12.1.1.4.1.2": "yellow\0\0"},
    )
    assert [(row.kind, row.color) for row in rows] == [
        ("toner-cartridge", "yellow"),
        ("developer", "cyan"),
        ("staples", None),
        ("other", None),
        ("unknown", None),
        ("unknown", None),
        ("opc", "yellow"),
        ("toner", "magenta"),
        ("opc", None),
    ]


def test_problem_20_what_words_and_part_numbers_tell_has_its_proof(read: Read, ledger: Ledger) -> None:
    read({"1.1": {"text": "TK-895C", "level": 5}})
    for field, value in (("kind", "toner"), ("color", "cyan"), ("part_number", "TK-895C")):
        proof = ledger[f"supplies.1.1.{field}"]
        assert proof.value == value
        assert proof.varbind is not None
        assert proof.varbind[2] == b"TK-895C"
        assert proof.confidence == ("high" if field == "part_number" else "medium")


def test_a_type_code_stands_against_the_words_and_the_doubt_is_said(read: Read, ledger: Ledger) -> None:
    rows = read(
        {
            "1.1": {"type": 3, "text": "Fuser"},
            "1.2": {"type": 21, "text": "Black Toner"},
            "1.3": {"type": 20, "text": "Transfer Belt Cleaner"},
        }
    )
    assert [row.kind for row in rows] == ["toner", "toner-cartridge", "transfer-unit"]
    assert [problem.text for problem in ledger.problems] == [
        "The type code stands, though the name says otherwise: 1.1 'Fuser'."
    ]


def test_a_part_number_colours_what_comes_in_colours_only(read: Read) -> None:
    rows = read({"1.1": {"type": 15, "text": "TN-324K"}, "1.2": {"type": 3, "text": "TN-324K"}})
    assert [row.color for row in rows] == [None, "black"]


def test_trays_and_covers_among_the_supplies_are_left_out_and_named(read: Read, ledger: Ledger) -> None:
    rows = read(
        {
            "1.1": {"type": 3, "text": "Black Toner"},
            "1.2": {"type": 1, "text": "Tray 1", "unit": 8},
            "1.3": {"text": "Front Cover"},
            "1.4": {"type": 2, "text": "Universalschacht"},  # known by the device's own name for its tray
            "1.5": {"type": 3, "text": "Tray 2"},  # a tray, whatever its type
            "1.6": {"type": 3, "text": "Cassette"},  # no tray of this device: the type stands
            "1.7": {"type": 34, "text": "Covers"},
            "1.8": {"type": 33, "text": "Tray 2"},
            "1.9": {"type": 1, "text": "Tray 1 Roller"},
            "1.10": {"type": 1, "text": "???"},
        },
        {"43.8.2.1.13.1.1": "Universalschacht", "43.8.2.1.18.1.2": "tray 2"},
    )
    assert [row.index for row in rows] == ["1.1", "1.6", "1.7", "1.8", "1.9", "1.10"]
    assert [problem.text for problem in ledger.problems] == [
        "Left out of the supplies, as parts of the machine: 1.2 'Tray 1', 1.3 'Front Cover', 1.4 'Universalschacht', "
        "1.5 'Tray 2'."
    ]


def test_two_black_cartridges_stay_two(read: Read, ledger: Ledger) -> None:
    black = {"type": 3, "text": "Black Toner", "max": 100, "level": 100}
    assert len(read({"1.1": black, "1.2": black, "1.3": black, "1.4": black})) == 4
    drums = {f"1.{n}": {"text": f"Drum Cartridge (R{n})", "max": 100, "level": 93} for n in range(1, 5)}
    assert len(read(drums)) == 4
    assert not ledger.problems


def test_one_serial_is_one_cartridge_and_its_drum_another_supply(read: Read, ledger: Ledger) -> None:
    rows = read(
        {
            "1.1": {"type": 3, "text": "Black Toner SN12345678"},
            "1.2": {"type": 21, "text": "Toner Cartridge, Black SN12345678"},
            "1.3": {"type": 9, "text": "Black Drum SN12345678"},
        }
    )
    assert [row.index for row in rows] == ["1.1", "1.3"]
    assert codes(ledger) == ["supply-twice"]


def test_a_table_that_is_told_twice_from_end_to_end_is_one_table(read: Read, ledger: Ledger) -> None:
    levels = {"Black Toner": 40, "Cyan Toner": 71, "Magenta Toner": 100}
    once = [{"type": 3, "text": text, "max": 100, "level": level} for text, level in levels.items()]
    assert len(read({f"1.{n}": row for n, row in enumerate([*once, *once], 1)})) == 3
    assert codes(ledger) == ["supply-twice"]
    new = [{**row, "level": 100} for row in once]
    assert len(read({f"1.{n}": row for n, row in enumerate([*new, *new], 1)})) == 6
