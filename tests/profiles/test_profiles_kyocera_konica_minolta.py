"""Kyocera and Konica Minolta: counts by function, colour and size, known by code and label, never by the row.

All answers here are made up from what is known of the vendors' MIBs, but for those of the recordings.
"""

from collections.abc import Callable

import pytest

from .telling import Answers, Reader, Recording, as_answers, column

KYOCERA = "1.3.6.1.4.1.1347"
KONICA = "1.3.6.1.4.1.18334.1.1.1.5.7.2"


def test_konica_adds_up_its_colours_and_its_functions(read: Reader) -> None:
    told = read(
        "konica-minolta",
        {
            f"{KONICA}.1.1.0": 1000,
            **column(f"{KONICA}.2.1.5", {"1.1": 100, "1.2": 400, "2.1": 90, "2.2": 300, "3.1": 9, "3.2": 60, "4.1": 1}),
            **column(f"{KONICA}.2.1.7", {"1.1": 10, "1.2": 20, "2.1": 3, "2.2": 4, "3.2": 5}),
        },
    )
    assert told.meters == {
        "total": 1000, "copy_mono": 100, "print_mono": 400, "copy_color": 100, "print_color": 360, "copy": 200,
        "print": 760, "mono_large": 30, "color_large": 12,
    }  # fmt: skip
    assert told.raw["Copy, 2 color"] == 1
    (copies,) = (fact for fact in told.extraction.facts if fact.field == "meters.copy")
    assert copies.rule.count(KONICA) == 4  # a sum of a sum names every object that it is made of
    assert told.disagreements == []


def test_konica_without_colour_has_totals_by_function_all_the_same(read: Reader) -> None:
    told = read("konica-minolta", column(f"{KONICA}.2.1.5", {"1.1": 7, "1.2": 20}))
    assert told.meters == {"copy_mono": 7, "print_mono": 20, "copy": 7, "print": 20}


def test_konica_says_which_scans_it_means_where_both_counters_are_there(read: Reader) -> None:
    told = read("konica-minolta", {f"{KONICA}.1.5.0": 900, f"{KONICA}.3.1.5.1": 500})
    assert told.raw == {"Scans": 500, "Scans and others": 900}
    assert len(told.disagreements) == 1


SIZES = f"{KYOCERA}.42.2.1.1.1"
CLASSES = f"{KYOCERA}.42.2.2.1.1"
LABELS = ["A3", "B4", "A4", "B5", "A5", "Folio", "Ledger", "Legal", "Letter"]


@pytest.mark.parametrize("order", [LABELS, LABELS[::-1], [*LABELS[4:], *LABELS[:4]]], ids=["metric", "back", "inch"])
def test_kyocera_knows_a_paper_by_its_label_wherever_its_row_stands(read: Reader, order: list[str]) -> None:
    answers: Answers = {}
    for row, size in enumerate(order, 1):
        answers[f"{SIZES}.2.1.{row}"] = size
        total = 100 * (LABELS.index(size) + 1)
        answers |= {f"{SIZES}.6.1.{row}": total, f"{SIZES}.7.1.{row}": total - 10, f"{SIZES}.8.1.{row}": 10}
    told = read("kyocera", answers)
    assert told.meters == {
        "a3": 100, "a3_mono": 90, "a3_color": 10, "a4": 300, "a4_mono": 290, "a4_color": 10, "ledger": 700,
        "legal": 800, "letter": 900,
    }  # fmt: skip
    assert told.disagreements == []


@pytest.mark.parametrize(
    ("labels", "meters"),
    [
        (["Monochrome", "Mono Color", "Full Color"], {"mono": 1, "single_color": 2, "color": 3}),
        (["Black & White", "Color"], {"mono": 1, "color": 2}),
        (["Vollfarbe", "Einfarbig", "Schwarzweiß"], {"color": 1, "single_color": 2, "mono": 3}),
        (["Noir et blanc", "Couleur unique", "Quadrichromie"], {"mono": 1, "single_color": 2, "color": 3}),
        (["Bianco e nero", "Monocolore", "A colori"], {"mono": 1, "single_color": 2, "color": 3}),
        (["Черно-белый", "Один цвет", "Полноцветный"], {"mono": 1, "single_color": 2, "color": 3}),
        (["モノクロ", "単色カラー", "フルカラー"], {"mono": 1, "single_color": 2, "color": 3}),
        (["?", "", "etwas"], {}),
    ],
)
def test_kyocera_knows_a_colour_class_by_its_label_only(
    read: Reader, labels: list[str], meters: dict[str, int]
) -> None:
    answers: Answers = {}
    for row, text in enumerate(labels, 1):
        answers |= {f"{CLASSES}.2.1.{row}": text, f"{CLASSES}.3.1.{row}": row}
    assert read("kyocera", answers).meters == meters


def test_kyocera_by_function_and_colour(read: Reader) -> None:
    functions = f"{KYOCERA}.42.3.1.2.1.1"
    told = read(
        "kyocera",
        {
            f"{KYOCERA}.43.10.1.1.12.1.1": 1010,
            **column(f"{KYOCERA}.42.3.1.1.1.1", {"1": 700, "2": 250, "4": 50}),
            **column(functions, {"1.1": 400, "1.2": 100, "1.3": 200, "2.1": 250, "2.2": 0, "2.3": 0, "4.1": 50}),
            f"{KYOCERA}.46.10.1.1.5.3": 77,
            f"{KYOCERA}.40.10.1.1.5.1": "KM1234",
        },
    )
    assert told.meters == {
        "total": 1010, "print": 700, "copy": 250, "fax": 50, "fax_mono": 50, "print_mono": 400, "print_color": 300,
        "copy_mono": 250, "copy_color": 0, "scan": 77,
    }  # fmt: skip
    assert told.identity["name"] == "KM1234"
    assert told.disagreements == []


def test_kyocera_sums_that_do_not_hold_are_told(read: Reader) -> None:
    told = read(
        "kyocera",
        {
            **column(f"{KYOCERA}.42.3.1.1.1.1", {"1": 700}),
            **column(f"{KYOCERA}.42.3.1.2.1.1", {"1.1": 400, "1.3": 200}),
        },
    )
    assert told.disagreements == ["print mono + print color is 600, but print is 700"]


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
