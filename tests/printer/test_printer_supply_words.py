"""What the words of a supply tell: kind, colour and numbers, and that it is no supply but a tray or a cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.printer import standard
from ptscan.printer.colors import color_of
from ptscan.printer.furniture import is_furniture
from ptscan.printer.kinds import kind_of, kind_of_part
from ptscan.printer.part_numbers import color_of_part, part_number_of, serial_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Black Toner", "toner"),
        ("Cartouche de toner noir", "toner-cartridge"),
        ("Tonerkassette Schwarz", "toner-cartridge"),
        ("Тонер-картридж черный", "toner-cartridge"),
        ("ブラックトナー", "toner"),
        ("Resttonerbehälter", "waste-toner"),
        ("Bac de récupération de toner", "waste-toner"),
        ("Recipiente di recupero toner", "waste-toner"),
        ("Depósito de tóner residual", "waste-toner"),
        ("Waste Cartridge", "waste-toner"),
        ("Toner Collection Unit", "waste-toner"),
        ("Maintenance Box", "waste-ink"),
        ("Hole Punch Waste Box", "waste-paper"),
        ("Drum Cartridge (R1)", "opc"),
        ("Unité tambour", "opc"),
        ("Imaging Unit", "opc"),
        ("Photoconductor Unit", "opc"),
        ("ドラムユニット", "opc"),
        ("Entwicklereinheit", "developer"),
        ("Unità di sviluppo", "developer"),
        ("Fusing Unit", "fuser"),
        ("Unité de fusion", "fuser"),
        ("定着ユニット", "fuser"),
        ("Image Transfer Belt Unit", "transfer-unit"),
        ("ITB", "transfer-unit"),
        ("Übertragungseinheit", "transfer-unit"),
        ("Transfer Belt Cleaner", "cleaner-unit"),
        ("Heftklammern", "staples"),
        ("Grapas", "staples"),
        ("Tintenpatrone Cyan", "ink-cartridge"),
        ("Encre noire", "ink"),
        ("Black Ink Supply Unit", "ink"),
        ("Maintenance Kit", "other"),
        ("ADF Roller", "other"),
        ("Print Head", "other"),
        ("Ozone Filter", "other"),
        ("Toner Filter", "other"),
        ("Cleaning Unit for Intermediate Transfer Belt", "cleaner-unit"),
        ("PCU: Black", "opc"),
        ("トナー回収ボトル", "waste-toner"),
        ("Spildtonerbeholder", "waste-toner"),
        ("Thermal transfer ribbon", "ink-ribbon"),
        ("Fuser/Belt Cleaner Assembly", None),  # two things: none
        ("Black Cartridge", None),  # toner or ink is not said
        ("Controller", None),
        ("", None),
        (None, None),
    ],
)
def test_problem_20_words_of_many_languages_name_the_kind(text: str | None, kind: str | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "part_number", "serial"),
    [
        ("Black Toner, PN 006R01509;SN48178080E0000481", "006R01509", "48178080E0000481"),
        ("Waste Cartridge, Phaser 7500, P/N 108R00865", "108R00865", None),
        ("Fuser,P/N 115R00061(110V)/ P/N 115R00062(220V)", None, None),
        ("Fuser, PN unknown;SNunknown", None, None),
        ("Fuser, PN UNKNOWN;SN0000000000", None, None),
        ("Black Cartridge HP CF217A", "CF217A", None),
        ("Black Cartridge 827A HP CF300A", "CF300A", None),
        ("black ink cartridge HP 3YM61AE", "3YM61AE", None),
        ("tri-color ink cartridge HP unknown", None, None),
        ("Fuser Kit HP 110V-C1N54A, 220V-C1N58A", None, None),
        ("CE310A", "CE310A", None),
        ("TK-3130", "TK-3130", None),
        ("CK8513Y", "CK8513Y", None),
        ("TN-328K", "TN-328K", None),
        ("Canon Cartridge 054 H", "Cartridge 054 H", None),
        ("Canon Cartridge 719/719H", None, None),
        ("Canon NPG-67 Black Toner", "NPG-67", None),
        ("Canon T03", "T03", None),
        ("Black Ink T9441", "T9441", None),
        ("Black Ink Supply Unit T9441/T9451/T9461", None, None),
        ("Black Toner Cartridge S/N:CRUM-17101402200", None, "CRUM-17101402200"),
        ("Cyan Color Cartridge S/N:CRUM-00000000000", None, None),
        ("Fuser S/N:                ", None, None),
        ("Fuser;SNUNKNOWN", None, None),
        ("Black Toner Cartridge;SNCRUM1596824574", None, "CRUM1596824574"),
        ("Toner (Black)", None, None),
        ("Tray 1 Roller", None, None),
        (None, None, None),
    ],
)
def test_part_number_and_serial_come_from_a_description_that_names_them_once(
    text: str | None, part_number: str | None, serial: str | None
) -> None:
    assert (part_number_of(text), serial_of(text)) == (part_number, serial)


@pytest.mark.parametrize(
    ("part_number", "color"),
    [
        ("TK-895K", "black"),
        ("TK-895C", "cyan"),
        ("PK-5011Y", "yellow"),
        ("CK8513M", "magenta"),
        ("TN-324K", "black"),
        ("TN-243BK", "black"),
        ("LC3219XLC", "cyan"),
        ("CLT-M404S", "magenta"),
        ("MX-61GTBA", "black"),
        ("MX-61GTYA", "yellow"),
        ("T-FC505E-K", "black"),
        ("TK-3130", None),
        ("PK-3010S", None),
        ("T-FC505C", None),  # cyan, or China
        ("CF217A", None),
        (None, None),
    ],
)
def test_problem_20_the_last_letter_is_a_colour_by_the_makers_own_rule_only(
    part_number: str | None, color: str | None
) -> None:
    assert color_of_part(part_number) == color


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("Black Toner [K]", "black"),
        ("Drum Unit (C)", "cyan"),
        ("Toner Y", "yellow"),
        ("M Toner", "magenta"),
        ("BK", "black"),
        ("Gelbtoner", "yellow"),
        ("Schwarze Patrone HP CF280A", "black"),
        ("photoGray", "photo-gray"),
        ("Drum Cartridge (R1)", None),
        ("Staple Cartridge C", None),
        ("Type K", None),
        ("Reduced", None),
    ],
)
def test_a_colour_is_a_word_or_a_letter_in_a_colours_place(text: str, color: str | None) -> None:
    assert color_of(text) == color


words = st.sampled_from(
    ["Toner", "waste", "belt", "clean", "Tray", "PN ", "S/N:", "HP ", "TK-", "Noir", "(K)", "1", ";", " "]
)


@given(st.lists(words | st.text(max_size=3), max_size=200).map("".join))
def test_no_text_makes_a_reading_fail_or_names_what_nobody_knows(text: str) -> None:
    kinds = {*standard.SUPPLY_KINDS.values(), None}
    assert {kind_of(text), kind_of_part(part_number_of(text))} <= kinds
    assert isinstance(color_of(text), str | None)
    assert (part_number_of(text) or "") in text
    assert (serial_of(text) or "") in text
    assert is_furniture(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "furniture"),
    [
        ("Tray 1", True),
        ("Paper Cassette 2", True),
        ("MP Tray", True),
        ("Front Cover", True),
        ("Papierfach 3", True),
        ("Bac 1", True),
        ("Bandeja multiuso", True),
        ("Output Bin 1 A", True),
        ("給紙トレイ 2", True),
        ("Tray 1 Roller", False),
        ("Tray 1 Retard Roller Life", False),
        ("Bac de récupération", False),
        ("Document Feeder Kit", False),
        ("Staple Cartridge", False),
        ("Toner Cassette", False),
        ("Paper", False),
        ("1", False),
        (None, False),
    ],
)
def test_a_part_of_the_machine_is_named_by_nothing_but_its_words(text: str | None, furniture: bool) -> None:
    assert is_furniture(text) == furniture


def test_a_text_of_letters_that_stand_for_eighteen_each_is_no_more_work_than_another() -> None:
    """Whatever stands beyond RFC 3805's 255 characters tells no kind."""
    assert kind_of("\ufdfa" * 1024 + " toner") is None
    assert kind_of("x" * 250 + " toner") is None
    assert kind_of("x" * 240 + " toner") == "toner"
