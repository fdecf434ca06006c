"""The names that a profile may fill: every canonical meter with its definition, the fields of identity and supply."""

from typing import Final

from ptscan.profiles.guessing import instead
from ptscan.profiles.schema import Prefer

METERS: Final[dict[str, str]] = {
    "total": "Sides that the engine has marked in its life, whatever the function.",
    "mono": "Sides of `total` in black only.",
    "color": (
        "Sides of `total` in colour; sides that the device counts apart as single- or two-colour are in those meters."
    ),
    "single_color": "Sides of `total` in one colour other than black, where the device counts them apart.",
    "two_color": "Sides of `total` in two colours, where the device counts them apart.",
    "sheets": "Sheets of paper that went through the engine, whether printed on one side or both.",
    "duplex_sheets": "Sheets of `sheets` that were printed on both sides.",
    "large": "Sides of `total` on large sheets (A3, Ledger; larger than A4 and Legal, as the device draws the line).",
    "mono_large": "Sides of `mono` on large sheets.",
    "mono_small": "Sides of `mono` on sheets that are not large.",
    "color_large": "Sides of `color` on large sheets.",
    "color_small": "Sides of `color` on sheets that are not large.",
    "a3": "Sides of `total` on A3.",
    "a3_mono": "Sides of `a3` in black only.",
    "a3_color": "Sides of `a3` in colour.",
    "a4": "Sides of `total` on A4.",
    "a4_mono": "Sides of `a4` in black only.",
    "a4_color": "Sides of `a4` in colour.",
    "letter": "Sides of `total` on Letter.",
    "legal": "Sides of `total` on Legal.",
    "ledger": "Sides of `total` on Ledger (Tabloid, 11 by 17 inches).",
    "duplex": "Sheets that went through the duplex unit, or their sides, as the device counts them.",
    "print": "Sides printed for computers.",
    "print_mono": "Sides of `print` in black only.",
    "print_color": "Sides of `print` in colour.",
    "copy": "Sides of copies.",
    "copy_mono": "Sides of `copy` in black only.",
    "copy_color": "Sides of `copy` in colour.",
    "fax": "Sides of received faxes and fax reports.",
    "fax_mono": "Sides of `fax` in black only.",
    "fax_color": "Sides of `fax` in colour.",
    "scan": "Sides scanned to be sent or stored, without those scanned for copies and faxes where the device tells.",
    "scan_mono": "Sides of `scan` in black or grey.",
    "scan_color": "Sides of `scan` in colour.",
    "length_inches": "Inches of media that a label printer or plotter has printed.",
    "length_feet": "The same in feet.",
    "length_meters": "The same in metres.",
}
"""Canonical meter -> its definition; all count sides unless the definition says otherwise."""

IDENTITY_FIELDS: Final = frozenset({"manufacturer", "model", "serial", "mac", "name", "firmware", "asset"})
SUPPLY_FIELDS: Final = frozenset({"percent", "state", "description", "serial", "part_number"})
SUPPLY_STATES: Final = frozenset({"ok", "low", "empty", "full", "some", "unknown"})
SUPPLY_KINDS: Final = frozenset(
    {
        "colorant",
        "toner",
        "waste-toner",
        "ink",
        "waste-ink",
        "opc",
        "developer",
        "fuser",
        "transfer-unit",
        "staples",
        "cleaner-unit",
        "other",
    }
)
"""Kinds as in prtMarkerSuppliesType; ``colorant`` is the toner or ink of a colour, where it is not said which."""
SUPPLY_COLORS: Final = frozenset(
    {"", "black", "cyan", "magenta", "yellow", "red", "green", "blue", "orange", "violet", "gray", "white", "clear",
     "light-cyan", "light-magenta", "light-black", "light-gray", "photo-black", "matte-black", "tri-color"}
)  # fmt: skip


def field_fault(field: str) -> str | None:
    """Say what is wrong with the name of a field that a profile fills, or None where it is right.

    Names: ``identity.serial``, ``meters.copy_mono`` (``meters._name``: a part for sums and checks only),
    ``supplies.KIND:COLOR.percent``, ``display.1``.
    """
    head, _, rest = field.partition(".")
    if head == "identity":
        return None if rest in IDENTITY_FIELDS else f"no identity field {rest!r}: {instead(rest, IDENTITY_FIELDS)}"
    if head == "meters":
        return meter_fault(rest)
    if head == "supplies":
        key, _, leaf = rest.rpartition(".")
        return supply_fault(key) or (
            None if leaf in SUPPLY_FIELDS else f"no supply field {leaf!r}: {instead(leaf, SUPPLY_FIELDS)}"
        )
    if head == "display":
        return None if rest.isascii() and rest.isdigit() else "a display line is display.1, display.2, ..."
    return f"unknown field {field!r}: begin with identity., meters., supplies. or display."


def preference(field: str) -> Prefer:
    """Whom to believe where the standard MIBs tell a field too, and no rule says otherwise.

    They know who a printer is, what it shows, and its total, the life count; of the rest the vendor knows more.
    """
    return "standard" if field.startswith(("identity.", "display.")) or field == "meters.total" else "own"


def spoken(name: str) -> str:
    """A meter, or a part that is none, as people say it: ``_print_full_color`` is print full color."""
    return name.strip("_").replace("_", " ")


def meter_fault(name: str) -> str | None:
    """Say what is wrong with the name of a meter, or None; a name that begins with ``_`` is a part for sums only."""
    if name.startswith("_"):
        return None if name[1:].replace("_", "a").isalnum() else f"bad part name {name!r}: letters, digits and _ alone"
    return None if name in METERS else f"no canonical meter {name!r}: {instead(name, METERS)}"


def supply_fault(key: str) -> str | None:
    """Say what is wrong with the key of a supply, ``toner:black`` or ``fuser:``, or None."""
    kind, colon, color = key.partition(":")
    if not colon:
        return f"a supply is KIND:COLOR, not {key!r}"
    if kind not in SUPPLY_KINDS:
        return f"no supply kind {kind!r}: {instead(kind, SUPPLY_KINDS)}"
    return None if color in SUPPLY_COLORS else f"no supply colour {color!r}: {instead(color, SUPPLY_COLORS)}"
