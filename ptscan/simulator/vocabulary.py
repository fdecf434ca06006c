"""The words that a model's file may use: meters, kinds of supplies, units, character sets; pure."""

from typing import Final, Literal, TypeAlias

PAGE_KINDS: Final = ("print_mono", "print_color", "copy_mono", "copy_color", "fax", "other")
"""What a side was printed for; ``other`` are reports and lists. A model's mix gives each its share."""

METERS: Final = (
    *("total", "mono", "color", "print", "copy", "fax", "scan", "duplex"),
    *("print_mono", "print_color", "copy_mono", "copy_color", "fax_mono"),
    *("copy_single", "copy_full", "print_single", "print_full", "single_color", "two_color", "full_color"),
    *("large", "mono_large", "color_large", "small", "mono_small", "color_small"),
    *(f"{size}{part}" for size in ("a3", "a4", "ledger", "legal", "letter") for part in ("", "_mono", "_color")),
    *(f"{work}_{ink}_{size}" for work in ("print", "copy") for ink in ("mono", "color") for size in ("large", "small")),
    *("sheets", "duplex_sheets", "picked", "scan_sent", "scan_mono", "scan_color", "fax_sent", "sent", "sent_mono"),
    *("length_inches", "length_feet", "length_meters", "length_centimeters"),
)
"""The meters that a device keeps; ``tells`` names those that its rows give away."""

Lack: TypeAlias = Literal["serial", "printer-mib"]
"""What a device does not have of the standard MIBs: prtGeneralSerialNumber, or HOST-RESOURCES- and Printer-MIB."""

CHARSETS: Final = {3: "ascii", 4: "latin-1", 106: "utf-8", 2004: "hp-roman8"}
"""IANA's numbers of the character sets (RFC 3805, prtLocalizationCharacterSet) that a model may speak."""

SupplyKind: TypeAlias = Literal[
    "toner",
    "waste-toner",
    "ink",
    "ink-cartridge",
    "waste-ink",
    "opc",
    "developer",
    "fuser",
    "cleaner-unit",
    "transfer-unit",
    "toner-cartridge",
    "staples",
]
SUPPLY_TYPES: Final[dict[str, int]] = {
    "toner": 3,
    "waste-toner": 4,
    "ink": 5,
    "ink-cartridge": 6,
    "waste-ink": 8,
    "opc": 9,
    "developer": 10,
    "fuser": 15,
    "cleaner-unit": 18,
    "transfer-unit": 20,
    "toner-cartridge": 21,
    "staples": 32,
}
"""prtMarkerSuppliesType (RFC 3805, PrtMarkerSuppliesTypeTC)."""

Unit: TypeAlias = Literal["impressions", "sheets", "tenths-of-grams", "tenths-of-milliliters", "items", "percent"]
SUPPLY_UNITS: Final[dict[str, int]] = {
    "impressions": 7,
    "sheets": 8,
    "tenths-of-grams": 13,
    "tenths-of-milliliters": 15,
    "items": 18,
    "percent": 19,
}
"""prtMarkerSuppliesSupplyUnit (RFC 3805, PrtMarkerSuppliesSupplyUnitTC)."""
