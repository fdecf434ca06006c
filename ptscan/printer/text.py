"""Octets from a printer to text for a person: the device's own charset, then UTF-8, then Latin-1; then cleaned.

Nothing is ever replaced by dots or question marks, and nothing raises: Latin-1 reads every octet.
"""

import codecs
import re
from typing import Final

# IANA's MIBenum of a charset (prtLocalizationCharacterSet, IANA-CHARSET-MIB) -> Python's codec; for the East Asian
# sets the vendors' supersets, which printers really send.
_CODECS: Final = {
    3: "ascii", 4: "latin-1", 5: "iso8859-2", 6: "iso8859-3", 7: "iso8859-4", 8: "iso8859-5", 9: "iso8859-6",
    10: "iso8859-7", 11: "iso8859-8", 12: "iso8859-9", 13: "iso8859-10", 17: "cp932", 18: "euc_jp",
    36: "cp949", 37: "iso2022_kr", 38: "cp949", 39: "iso2022_jp", 57: "gbk", 106: "utf-8",
    109: "iso8859-13", 110: "iso8859-14", 111: "iso8859-15", 112: "iso8859-16", 113: "gbk", 114: "gb18030",
    1000: "utf-16-be", 1013: "utf-16-be", 1014: "utf-16-le", 1015: "utf-16", 2004: "hp-roman8", 2009: "cp850",
    2010: "cp852", 2011: "cp437", 2024: "cp932", 2025: "gbk", 2026: "big5", 2027: "mac-roman", 2084: "koi8-r",
    2086: "cp866", 2088: "koi8-u", 2109: "cp874", **{2250 + n: f"cp125{n}" for n in range(9)},
}  # fmt: skip

MAX_TEXT: Final = 1024
"""Characters of one text that a reading keeps (DisplayString has at most 255; vendors go beyond)."""
MAX_OCTETS: Final = 4 * MAX_TEXT

# C0 and C1 controls, zero-width and bidirectional marks, surrogates, non-characters, the tag characters that nobody
# sees.
_UNWANTED: Final = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def decode_text(octets: bytes, charset: int | None = None) -> str | None:
    """Return the cleaned text of ``octets``, or None where nothing readable is left.

    ``charset`` is the MIBenum that the device names for its localised objects; None for the others.
    """
    cut = len(octets) > MAX_OCTETS
    octets = octets[:MAX_OCTETS]
    codec = _CODECS.get(charset or 0)
    wide = codec is not None and codec.startswith("utf-16")
    if not wide:
        octets = octets.partition(b"\0")[0]
    for name in (codec, "utf-8") if codec else ("utf-8",):
        try:
            # Where the cap cut the text, the last character may be incomplete: not final.
            return clean_text(codecs.getincrementaldecoder(name)().decode(octets, final=not cut))
        except ValueError:
            continue
    return clean_text(octets.decode("latin-1"))


def clean_text(text: str) -> str | None:
    """Cut at NUL, drop controls and direction marks, fold blanks; None where nothing is left."""
    text = _UNWANTED.sub("", text.partition("\0")[0])
    return " ".join(text.split())[:MAX_TEXT].rstrip() or None
