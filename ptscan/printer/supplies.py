"""Supplies by RFC 3805's prtMarkerSuppliesTable: what each row is, by its type code, its colorant and its words.

A code that says something stands, also where the words say otherwise: both are told. Where there is none, or
``unknown``, the words count, then the part number.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from codec import Oid, Varbind
from proto_schema import Supply
from ptscan.printer import standard
from ptscan.printer.colors import color_of
from ptscan.printer.evidence import FieldValue, Ledger
from ptscan.printer.furniture import is_furniture
from ptscan.printer.kinds import COLORED, family_of, is_receptacle, kind_of, kind_of_part
from ptscan.printer.levels import is_coarse, percent_left, state_of
from ptscan.printer.part_numbers import color_of_part, part_number_of, serial_of
from ptscan.printer.repeated_rows import repeated_rows
from ptscan.printer.rows import Columns, Index, Row, index_text, number, text
from ptscan.printer.text import decode_text

COLUMNS: Final[tuple[Oid, ...]] = (
    standard.PRT_SUPPLIES_COLORANT_INDEX,
    standard.PRT_SUPPLIES_CLASS,
    standard.PRT_SUPPLIES_TYPE,
    standard.PRT_SUPPLIES_DESCRIPTION,
    standard.PRT_SUPPLIES_UNIT,
    standard.PRT_SUPPLIES_MAX_CAPACITY,
    standard.PRT_SUPPLIES_LEVEL,
)
_TELLS_NOTHING: Final = frozenset({None, "other", "unknown"})
_PAPER: Final = frozenset({"inserts", "covers", "paper-wrap", "waste-paper"})
"""Kinds of supplies that may well be called like a tray or a cover."""

_DOUBTS: Final = {
    "level-over-capacity": "More than its capacity, taken for 100 %",
    "kind-doubtful": "The type code stands, though the name says otherwise",
    "receptacle-level": "Low or full by RFC 3805, which has the space left; some devices tell what is in it",
}


class _Booking(NamedTuple):
    field: str
    value: FieldValue
    varbind: Varbind
    rule: str
    confidence: str = "high"


def read_supplies(
    columns: Columns, charset: int | None, level_codes: Mapping[int, str], ledger: Ledger
) -> list[Supply]:
    """Return a Supply for each row of prtMarkerSuppliesTable, whatever columns it lacks.

    ``level_codes`` are a vendor's own, beside RFC 3805's: level -> state. Rows that are parts of the machine or say
    again what another says are left out, and a problem names them.
    """
    rows: dict[str, tuple[Supply, list[_Booking]]] = {}
    trays = _tray_names(columns, charset)
    furniture = []
    for index, row in columns.table(*COLUMNS):
        supply, bookings = _supply(columns, index, row, charset, level_codes)
        if _is_furniture(supply, trays):
            furniture.append(f"{supply.index} {supply.description!r}")
        else:
            rows[supply.index] = supply, bookings
    if furniture:
        ledger.problem("not-a-supply", f"Left out of the supplies, as parts of the machine: {', '.join(furniture)}.")
    repeated = []
    for again, first, why in repeated_rows([supply for supply, _ in rows.values()]):
        del rows[again]
        repeated.append(f"{again} is {first} ({why})")
    if repeated:
        ledger.problem("supply-twice", f"Left out of the supplies, as told already: {', '.join(repeated)}.")
    for supply, bookings in rows.values():
        for booking in bookings:
            path = ".".join(filter(None, ("supplies", supply.index, booking.field)))
            ledger.book(path, booking.value, booking.varbind, rule=booking.rule, confidence=booking.confidence)
    supplies = [supply for supply, _ in rows.values()]
    _say_doubts(supplies, ledger)
    return supplies


def _supply(
    columns: Columns, index: Index, row: Row, charset: int | None, level_codes: Mapping[int, str]
) -> tuple[Supply, list[_Booking]]:
    level_cell = row.get(standard.PRT_SUPPLIES_LEVEL) or next(iter(row.values()))
    level = number(row, standard.PRT_SUPPLIES_LEVEL)
    capacity = number(row, standard.PRT_SUPPLIES_MAX_CAPACITY)
    bookings = [_Booking("", None, level_cell, _level_rule(level, capacity, level_codes))]
    description = text(row, standard.PRT_SUPPLIES_DESCRIPTION, charset)
    part_number, serial = part_number_of(description), serial_of(description)

    def named(
        field: str, value: str | None, rule: str = "named in the description", confidence: str = "high"
    ) -> str | None:
        if value is not None:
            bookings.append(_Booking(field, value, row[standard.PRT_SUPPLIES_DESCRIPTION], rule, confidence))
        return value

    type_code = number(row, standard.PRT_SUPPLIES_TYPE)
    kind = standard.SUPPLY_KINDS.get(type_code, "unknown") if type_code is not None else None
    if type_code not in standard.SUPPLY_KINDS:  # none, or none that RFC 3805 knows; other(1) and unknown(2) stand
        kind = (
            named("kind", kind_of(description))
            or named("kind", kind_of_part(part_number), "first letters of the part number", "medium")
            or kind
        )

    color = None
    # prtMarkerColorantTable has the supply's hrDeviceIndex; colorant 0 means that the supply has no colour.
    colorant = (*index[:-1], number(row, standard.PRT_SUPPLIES_COLORANT_INDEX) or 0)
    if (cell := columns.column(standard.PRT_COLORANT_VALUE).get(colorant)) and isinstance(cell[2], bytes):
        color = color_of(decode_text(cell[2], charset))
        if color:
            bookings.append(_Booking("color", color, cell, "prtMarkerColorantValue"))
    if color is None:
        color = named("color", color_of(description))
    if color is None and (kind in _TELLS_NOTHING or kind in COLORED):
        color = named("color", color_of_part(part_number), "letter of the part number", "medium")

    unit_code = number(row, standard.PRT_SUPPLIES_UNIT)
    percent = percent_left(level, capacity, unit_code)
    receptacle = _is_receptacle(number(row, standard.PRT_SUPPLIES_CLASS), kind)
    if receptacle and percent is not None:
        rule = "the space left by RFC 3805, though some devices tell what is in it"
        bookings.append(_Booking("percent", percent, level_cell, rule))
    supply = Supply(
        index=index_text(index),
        kind=kind,
        color=color,
        description=description,
        part_number=named("part_number", part_number),
        serial=named("serial", serial),
        level=level if level is not None and level >= 0 else None,
        capacity=capacity if capacity is not None and capacity > 0 else None,
        unit=standard.SUPPLY_UNITS.get(unit_code) if unit_code is not None else None,
        percent=percent,
        state=(None if level is None else level_codes.get(level)) or state_of(level, percent, receptacle=receptacle),
        coarse=is_coarse(level, capacity),
    )
    return supply, bookings


def _level_rule(level: int | None, capacity: int | None, level_codes: Mapping[int, str]) -> str:
    """How the level was understood, for a person."""
    if level is None:
        return "RFC 3805: no level"
    if level in level_codes:
        return f"the vendor's level code {level}"
    if level < 0:
        return f"RFC 3805: level code {level}"
    return f"RFC 3805: level {level} of " + ("unknown" if capacity is None or capacity <= 0 else str(capacity))


def _is_receptacle(class_code: int | None, kind: str | None) -> bool:
    if class_code in (standard.SUPPLY_CLASS_CONSUMED, standard.SUPPLY_CLASS_RECEPTACLE):
        return class_code == standard.SUPPLY_CLASS_RECEPTACLE
    return is_receptacle(kind)


def _tray_names(columns: Columns, charset: int | None) -> frozenset[str]:
    names = (standard.PRT_INPUT_NAME, standard.PRT_INPUT_DESCRIPTION)
    cells = [value for column in names for _, _, value in columns.column(column).values() if isinstance(value, bytes)]
    return frozenset(name.casefold() for cell in cells if (name := decode_text(cell, charset)))


def _is_furniture(supply: Supply, trays: frozenset[str]) -> bool:
    """Whether a row is a tray or a cover: by its words where its type says nothing, else by words and the trays."""
    if supply.description is None or supply.kind in _PAPER:
        return False
    is_tray = supply.description.casefold() in trays and kind_of(supply.description) is None
    by_words = is_furniture(supply.description)
    return is_tray or by_words if supply.kind in _TELLS_NOTHING else is_tray and by_words


def _say_doubts(supplies: list[Supply], ledger: Ledger) -> None:
    """Say what was read by the rules and may be otherwise all the same."""
    said: dict[str, list[str]] = {code: [] for code in _DOUBTS}
    for row in supplies:
        name = f"{row.index} {row.description!r}" if row.description else row.index
        if row.level and row.capacity and row.level > row.capacity:
            said["level-over-capacity"].append(name)
        families = {family_of(kind_of(row.description)), family_of(row.kind)}
        # Some devices call every row a toner. That the cleaner of a belt goes with the belt's kind is no such fault.
        if len(families) > 1 and "colorant" in families and not families & _TELLS_NOTHING:
            said["kind-doubtful"].append(name)
        if is_receptacle(row.kind) and row.percent is not None and row.state in ("low", "full"):
            said["receptacle-level"].append(name)
    for code, names in said.items():
        if names:
            ledger.problem(code, f"{_DOUBTS[code]}: {', '.join(names)}.")
