"""Text: the device's own charset first, nothing lost, nothing that breaks a terminal or a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.printer.colors import color_of
from ptscan.printer.text import MAX_TEXT, clean_text, decode_text


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        ("Größe".encode(), None, "Größe"),
        ("Größe".encode("latin-1"), None, "Größe"),
        ("Größe".encode("latin-1"), 106, "Größe"),  # says UTF-8, is not
        ("Größe".encode("hp-roman8"), 2004, "Größe"),
        ("Лоток".encode("iso8859-5"), 8, "Лоток"),
        ("Żółty".encode("iso8859-2"), 5, "Żółty"),
        ("トナー".encode("shift_jis"), 17, "トナー"),
        ("トナー".encode("euc_jp"), 18, "トナー"),
        ("粉盒".encode("gb2312"), 2025, "粉盒"),
        ("Toner".encode("utf-16-be"), 1000, "Toner"),
        (b"plain", 999_999, "plain"),  # a charset that nobody knows
        (b"plain", -1, "plain"),
    ],
)
def test_problem_01_text_is_decoded_as_the_device_says_then_utf8_then_latin1(
    octets: bytes, charset: int | None, text: str
) -> None:
    assert decode_text(octets, charset) == text


def test_problem_02_east_asian_names_come_from_the_octets_and_stay_whole() -> None:
    assert decode_text("シアントナー (TK-895C)".encode()) == "シアントナー (TK-895C)"
    assert color_of("シアントナー (TK-895C)") == "cyan"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"HP\0garbage", "HP"),
        (b"  two   blanks \r\n", "two blanks"),
        (b"line one\r\nline two", "line one line two"),
        (b"\x1b[31mred\x07", "[31mred"),
        (b"", None),
        (b"\0\0\0", None),
        (b" \t ", None),
        ("a\u202eb\u200fc".encode(), "abc"),
        (b"\x9b31m", "31m"),
    ],
)
def test_problem_03_nul_blanks_and_controls_are_cut_and_empty_is_absent(octets: bytes, text: str | None) -> None:
    assert decode_text(octets) == text


@given(st.binary(max_size=300), st.sampled_from([None, 3, 4, 17, 39, 106, 1000, 1015, 2004, 7]))
def test_any_octets_give_printable_text_or_none(octets: bytes, charset: int | None) -> None:
    text = decode_text(octets, charset)
    assert text is None or (text == clean_text(text) and text.strip() == text and text)


def test_long_text_is_cut_at_a_whole_character() -> None:
    text = decode_text(b"a" + "ß".encode() * 40_000)
    assert text is not None
    assert len(text) == MAX_TEXT
    assert set(text[1:]) == {"ß"}


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("Black Cartridge HP CF287A", "black"),
        ("Cartouche de toner noir", "black"),
        ("Tonerkartusche Gelb", "yellow"),
        ("Light Cyan Ink", "light-cyan"),
        ("Magenta/Cyan drum", None),
        ("Reduced speed roller", None),
        ("Waste Toner", None),
        ("", None),
        (None, None),
    ],
)
def test_a_colour_is_read_from_words_and_only_where_there_is_one(text: str | None, color: str | None) -> None:
    assert color_of(text) == color
