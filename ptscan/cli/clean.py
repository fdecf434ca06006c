"""What a device or a file said, made harmless for one line of a terminal and for a cell of a spreadsheet."""

import unicodedata
from typing import Final

# A cell that begins with one of these is a formula for some spreadsheet: OWASP ASVS 1.2.10, whose TAB, NUL and CR no
# cell begins with once it is clean, and the full-width forms that Excel takes for the same signs.
FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")

# Bidirectional overrides and isolates, and the invisible characters that make two texts look like one.
_UNSEEN: Final = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def one_line(text: str) -> str:
    """Return ``text`` without anything that moves a cursor, turns the reading direction or is no character at all."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text))


def _harmless(char: str) -> str:
    if char in "\t\n\r\v\f":
        return " "
    if char in _UNSEEN or unicodedata.category(char) in ("Cc", "Cs") or _is_noncharacter(ord(char)):
        return ""
    return char


def _is_noncharacter(code: int) -> bool:
    """Return whether ``code`` can never be a character (Unicode 23.7), and so never stand in XML."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def cell(text: str) -> str:
    """Return ``text`` for a cell of a CSV file: one line, and a quote before whatever could be taken for a formula."""
    text = one_line(text)
    return "'" + text if text.lstrip()[:1] in FORMULA_STARTS else text
