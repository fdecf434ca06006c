"""Part numbers and serials that a supply's description bears, and the colour that a part number ends in.

Only what a maker writes in one known form is taken, and only where the text has it once: a text with two part numbers
does not say which of them is in the machine. The description itself is kept as it is.
"""

import re
from typing import Final

# "Black Toner, PN 006R01509;SN48178080E0000481", "Waste Cartridge, P/N 108R00865" (Xerox)
_NAMED: Final = re.compile(r"\bP/?N:? ?(?=[0-9A-Z-]*\d)([0-9A-Z][0-9A-Z-]{4,})")
# The same, and "Black Toner Cartridge S/N:CRUM-17101402200" (Samsung, and HP's printers of that make)
_SERIAL: Final = re.compile(r"\bS/?N:? ?(?=[0-9A-Z-]*\d)((?:CRUM-)?[0-9A-Z]{6,})")
_NUMBERS: Final = (
    # HP: "Black Cartridge HP CF217A", "black ink HP 3YM61AE"; five characters and the letters of size and region
    r"(?<=\bHP )(?=[0-9A-Z]*\d)(?=[0-9A-Z]*[A-Z])[0-9A-Z]{5}(?:[AXYJ]C?|MC|A[ELN])(?![\w-])",
    # HP, where it is all there is: "CE310A" (CUPS issue 3751)
    r"(?<!\S)(?:C[A-Z]\d{3}|[CQW]\d{4})[AXYJ]$",
    # Kyocera, UTAX and Triumph-Adler: "TK-3130", "TK-895C", "PK-3010S", "CK8513Y"
    r"\b(?:[TPCMDF]K|DV|WT)-?\d{3,4}[A-Z]{0,3}\b",
    # Konica Minolta and Develop: "TN-328K"; Brother: "TN-243BK", "DR-3400", "LC3219XLC"
    r"\b(?:TNP?|DR|IUP?|LC)-?\d{2,4}[A-Z]{0,4}\b",
    # Samsung: "CLT-K404S", "MLT-D111S"
    r"\b(?:CLT-[KCMYPRWT]|MLT-[DRKP])\w{3,5}\b",
    # Sharp: "MX-61GTBA"; Toshiba: "T-FC505E-K"
    r"\bMX-?C?\d{2,3}[A-Z]T(?:[BCMY]?[AB])?\b",
    r"\bT-FC\d{2,3}[A-Z]?(?:-[KCMY])?\b",
    # Canon: "Canon Cartridge 054 H", "Canon T03", "NPG-67", "GPR-55", "C-EXV 49"; not "Cartridge 719/719H"
    r"(?<=\bCanon )(?:Cartridge \d{3}(?: ?H)?|T\d{2})(?![\w/])",
    r"\b(?:NPG|GPR)-? ?\d{2,3}\b",
    r"\bC-EXV ?\d{2,3}\b",
    # Epson: "Black Ink T9441"
    r"\bT\d{2}[0-9A-Z]\d\b",
)
_NUMBER: Final = re.compile("|".join(f"(?:{number})" for number in _NUMBERS))

_COLORS: Final = {
    **dict.fromkeys(("K", "BK", "B"), "black"), **{"C": "cyan", "M": "magenta", "Y": "yellow"}
}  # fmt: skip
_COLORED: Final = (
    # Kyocera: TK-895K, -C, -M, -Y (fusioninventory-agent issue 520); UTAX: CK8513Y (Tylan issue 20); "S" is a region
    re.compile(r"(?:[TPC]K|DV)-?\d{3,4}([KCMY])S?"),
    # Konica Minolta: TN-324K, -C, -M, -Y (supplies of the bizhub C258)
    re.compile(r"(?:TNP?|DR|DV|IUP?)-?\d{2,4}([KCMY])"),
    # Brother: BK, C, M, Y behind number and size (its labels)
    re.compile(r"(?:TN|LC)-?\d{2,4}(?:XX?L)?(BK|C|M|Y)"),
    # Samsung: the letter in front of the number
    re.compile(r"CLT-([KCMY])\w+"),
    # Sharp: MX-61GTBA, GTCA, GTMA, GTYA
    re.compile(r"MX-?C?\d{2,3}[A-Z]T([BCMY])[AB]"),
    # Toshiba: T-FC505E-K, -C, -M, -Y; without the dash the letter may be a region's
    re.compile(r"T-FC\d{2,3}[A-Z]?-([KCMY])"),
)


def part_number_of(description: str | None) -> str | None:
    """Return the one part number in ``description``."""
    found = _NAMED.findall(description or "") or _NUMBER.findall(description or "")
    return found[0] if len(found) == 1 else None


def serial_of(description: str | None) -> str | None:
    """Return the one serial in ``description``."""
    found = [serial for serial in _SERIAL.findall(description or "") if is_number(serial)]
    return found[0] if len(found) == 1 else None


def is_number(text: str) -> bool:
    """Whether a serial or part number is one: no word such as ``unknown``, no single character as in unset memory."""
    return bool(re.search(r"\d", text)) and len(set(text.removeprefix("CRUM-"))) > 1


def color_of_part(part_number: str | None) -> str | None:
    """Return the colour that the letter of a part number stands for, by the rule of its maker."""
    for pattern in _COLORED:
        if match := pattern.fullmatch(part_number or ""):
            return _COLORS[match[1]]
    return None
