"""Ricoh and Canon: counts by type and by label, in the languages of their panels, wherever their rows stand.

All answers here are made up from what is known of the vendors' MIBs.
"""

import pytest

from ptscan.profiles import ProfileSet

from .telling import Answers, Reader, column, named

RICOH = "1.3.6.1.4.1.367.3.2.1.2"


def ricoh_counters(rows: list[tuple[int, int]]) -> Answers:
    """Rows of ricohEngCounterTable: type and value."""
    answers: Answers = {}
    for row, (kind, count) in enumerate(rows, 1):
        answers |= {f"{RICOH}.19.5.1.2.{row}": kind, f"{RICOH}.19.5.1.9.{row}": count}
    return answers


def test_problem_23_ricoh_counts_by_type_whatever_the_row(read: Reader) -> None:
    rows = [
        (10, 1000), (200, 300), (201, 200), (202, 20), (203, 80), (300, 50), (301, 50), (400, 650), (401, 500),
        (402, 0), (403, 150), (608, 250), (609, 750), (700, 40), (701, 400), (873, 11), (874, 22),
    ]  # fmt: skip
    told, turned = read("ricoh", ricoh_counters(rows)), read("ricoh", ricoh_counters(rows[::-1]))
    assert told.meters == turned.meters
    assert told.meters == {
        "total": 1000, "copy": 300, "copy_mono": 200, "copy_color": 100, "fax": 50, "fax_mono": 50, "print": 650,
        "print_mono": 500, "print_color": 150, "color": 250, "mono": 750, "large": 40, "duplex": 400, "scan": 33,
        "scan_color": 11, "scan_mono": 22,
    }  # fmt: skip
    assert told.disagreements == []


def test_ricoh_does_not_take_what_was_sent_for_scans(read: Reader) -> None:
    told = read("ricoh", ricoh_counters([(10, 9), (870, 500), (871, 400), (872, 100), (850, 7), (999, 3)]))
    assert told.meters == {"total": 9}
    assert told.raw == {
        "Counter: Machine Total": 9, "Transmission: Total": 500, "Transmission: Black & White": 400,
        "Transmission: FAX": 100, "Coverage: Color (percent)": 7, "999": 3,
    }  # fmt: skip


def test_ricoh_says_where_the_simple_totals_disagree_with_the_table(read: Reader) -> None:
    told = read("ricoh", {**ricoh_counters([(400, 650)]), f"{RICOH}.19.2.0": 20})
    assert told.meters["print"] == 650
    assert len(told.disagreements) == 1


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["Yellow Toner", "Black Toner", "Cyan Toner", "Magenta Toner"], []),
        (["Toner Gelb", "Toner Schwarz", "Toner Cyan", "Toner Magenta"], [12, 13, 10, 11]),
        ([], [12, 3, 10, 11]),
    ],
    ids=["by name", "by code where the name is in another language", "by code alone"],
)
def test_ricoh_knows_a_toner_by_its_name_or_its_code(read: Reader, names: list[str], codes: list[int]) -> None:
    told = read(
        "ricoh",
        {
            **column(f"{RICOH}.24.1.1.3", {str(row): name for row, name in enumerate(names, 1)}),
            **column(f"{RICOH}.24.1.1.4", {str(row): code for row, code in enumerate(codes, 1)}),
            **column(f"{RICOH}.24.1.1.5", {"1": 90, "2": -100, "3": -3, "4": 40}),
        },
    )
    assert told.supplies == {
        "toner:yellow.percent": 90.0, "toner:black.state": "low", "toner:cyan.state": "some",
        "toner:magenta.percent": 40.0,
    }  # fmt: skip


def test_problem_17_ricoh_says_nearly_empty_by_a_code(profiles: ProfileSet, read: Reader) -> None:
    told = read("ricoh", {f"{RICOH}.24.1.1.3.1": "Black Toner", f"{RICOH}.24.1.1.5.1": -100})
    assert told.supplies == {"toner:black.state": "low"}
    assert named(profiles, "ricoh").level_codes[-100] == "low"  # the same in the standard table


def test_ricoh_has_no_name_until_somebody_gave_it_one(read: Reader) -> None:
    name = "1.3.6.1.4.1.367.3.2.1.6.1.1.7.1"
    assert "name" not in read("ricoh", {name: "RICOH MP C3003"}).identity
    assert read("ricoh", {name: "copier-2nd-floor"}).identity["name"] == "copier-2nd-floor"


CANON = "1.3.6.1.4.1.1602.1.11"


def canon_labels(labels: list[str]) -> dict[str, str | int]:
    """Rows of Canon's table of counters, row n counting n."""
    answers: dict[str, str | int] = {}
    for row, label in enumerate(labels, 1):
        answers |= {f"{CANON}.2.1.1.2.{row}": label, f"{CANON}.2.1.1.3.{row}": row}
    return answers


@pytest.mark.parametrize(
    "labels",
    [
        ["Total 1", "Total (Black/Small)", "Copy (Total 1)", "Print (Total 1)", "Scan (Total 1)"],
        ["Gesamt 1", "Gesamt (Schwarz/Klein)", "Kopie (Gesamt 1)", "Druck (Gesamt 1)", "Scan (Gesamt 1)"],
        ["Total 1", "Total (Noir/Petit)", "Copie (Total 1)", "Impression (Total 1)", "Numérisation (Total 1)"],
        ["Total 1", "Total (Negro/Pequeño)", "Copia (Total 1)", "Impresión (Total 1)", "Lectura (Total 1)"],
        ["Totale 1", "Totale (Nero/Piccolo)", "Copia (Totale 1)", "Stampa (Totale 1)", "Scansione (Totale 1)"],
        ["Totaal 1", "Totaal (Zwart/Klein)", "Kopie (Totaal 1)", "Afdruk (Totaal 1)", "Scan (Totaal 1)"],
        ["Totalt 1", "Totalt (Svart/Liten)", "Kopia (Totalt 1)", "Utskrift (Totalt 1)", "Skanning (Totalt 1)"],
        [
            "Yhteensä 1",
            "Yhteensä (Musta/Pieni)",
            "Kopio (Yhteensä 1)",
            "Tulostus (Yhteensä 1)",
            "Skannaus (Yhteensä 1)",
        ],
        ["Razem 1", "Razem (Czarny/Mały)", "Kopia (Razem 1)", "Druk (Razem 1)", "Skanowanie (Razem 1)"],
        ["Всего 1", "Всего (Черный/Малый)", "Копирование (Всего 1)", "Печать (Всего 1)", "Сканирование (Всего 1)"],
        ["Toplam 1", "Toplam (Siyah/Küçük)", "Kopya (Toplam 1)", "Baskı (Toplam 1)", "Tarama (Toplam 1)"],
        [
            "トータル１",
            "トータル（白黒／小）",
            "コピー（トータル１）",
            "プリント（トータル１）",
            "スキャン（トータル１）",
        ],
        ["总数1", "总数(黑白/小)", "复印(总数1)", "打印(总数1)", "扫描(总数1)"],
    ],
    ids=["en", "de", "fr", "es", "it", "nl", "sv", "fi", "pl", "ru", "tr", "ja", "zh"],
)
def test_canon_is_read_in_the_language_of_its_panel(read: Reader, labels: list[str]) -> None:
    told = read("canon", canon_labels(labels))
    assert told.meters == {"total": 1, "mono_small": 2, "mono": 2, "copy": 3, "print": 4, "scan": 5}


def test_canon_counts_that_only_its_label_explains(read: Reader) -> None:
    told = read(
        "canon",
        canon_labels(
            [
                "Copy (Black/Small)", "Copy (Black/Large)", "Print (Full Color + Single Color/Small)", "Total 2",
                "Copy (Black 2)", "Receive Print (Total 1)",
            ]
        ),
    )  # fmt: skip
    assert told.meters == {"copy_mono": 3, "print_color": 3, "fax": 6}
    assert (told.raw["Total 2"], told.raw["Copy (Black 2)"]) == (4, 5)  # large sheets twice: told, and no total


@pytest.mark.parametrize("table", ["1.3", "1.4"])
def test_problem_23_canon_without_labels_is_known_by_its_counter_numbers(read: Reader, table: str) -> None:
    numbers = {"101": 100, "102": 130, "108": 60, "122": 10, "123": 30, "201": 20, "202": 25, "222": 9, "301": 80}
    told = read("canon", column(f"{CANON}.{table}.1.4", numbers))
    assert told.meters == {
        "total": 100, "mono": 60, "color_large": 10, "color_small": 30, "color": 40, "copy": 20, "print": 80,
    }  # fmt: skip
    assert told.raw["101: Total 1"] == 100
    assert told.disagreements == []


def test_problem_18_coarse_models_of_canon_are_named(profiles: ProfileSet) -> None:
    lbp, mf = named(profiles, "canon").coarse
    assert lbp.pattern.search("Canon LBP3360")
    assert lbp.levels == {0, 100}
    assert mf.pattern.search("Canon MF4780w")
    assert mf.levels == {1, 10, 100}
