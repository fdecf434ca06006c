"""Supplies by RFC 3805's rules: what is left, as a percentage where the device tells one, as a state otherwise.

prtMarkerSuppliesLevel and ...MaxCapacity hold three codes beside numbers: -1 no restriction, -2 unknown, -3 something
is left (a container) or there is still space (a receptacle). None of them is ever turned into a percentage.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from codec import Oid
from proto_schema import Identity, Supply
from ptscan.printer import standard
from ptscan.printer.colors import color_of
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, book_fact, fact_text, facts_on
from ptscan.printer.rows import Columns, Index, Row, index_text, number, text
from ptscan.printer.text import decode_text
from ptscan.profiles import Profile

COLUMNS: Final[tuple[Oid, ...]] = (
    standard.PRT_SUPPLIES_COLORANT_INDEX,
    standard.PRT_SUPPLIES_CLASS,
    standard.PRT_SUPPLIES_TYPE,
    standard.PRT_SUPPLIES_DESCRIPTION,
    standard.PRT_SUPPLIES_UNIT,
    standard.PRT_SUPPLIES_MAX_CAPACITY,
    standard.PRT_SUPPLIES_LEVEL,
)

LOW_PERCENT: Final = 10.0
"""At or below this a supply is ``low``; RFC 3805 leaves the threshold to the reader."""

NO_RESTRICTION, UNKNOWN, SOME = -1, -2, -3

# "Black Toner, PN 006R01509;SN48178080E0000481", "Waste Cartridge, P/N 108R00865": where a description says which is
# which, and says it once, it is no guess.
_PART_NUMBER: Final = re.compile(r"\bP/?N:? ?([0-9A-Z][0-9A-Z-]{4,})")
_SERIAL: Final = re.compile(r"\bS/?N:? ?([0-9A-Z]{6,})")

_COLORANTS: Final = frozenset({"toner", "toner-cartridge", "ink", "ink-cartridge", None})
"""The kinds that a vendor may mean who names a supply by its colour alone."""

_RECEPTACLES: Final = frozenset({"waste-toner", "waste-ink", "waste-wax", "waste-water", "waste-paper"})


def read_supplies(
    columns: Columns, charset: int | None, level_codes: Mapping[int, str], ledger: Ledger
) -> list[Supply]:
    """Return a Supply for each row of prtMarkerSuppliesTable, whatever columns it lacks.

    ``level_codes`` are a vendor's own, beside RFC 3805's: level -> state.
    """
    return [_supply(columns, index, row, charset, level_codes, ledger) for index, row in columns.table(*COLUMNS)]


def _supply(
    columns: Columns,
    index: Index,
    row: Row,
    charset: int | None,
    level_codes: Mapping[int, str],
    ledger: Ledger,
) -> Supply:
    path = f"supplies.{index_text(index)}"
    ledger.book(path, None, row.get(standard.PRT_SUPPLIES_LEVEL) or next(iter(row.values())), rule="RFC 3805")

    description = text(row, standard.PRT_SUPPLIES_DESCRIPTION, charset)
    type_code = number(row, standard.PRT_SUPPLIES_TYPE)
    kind = standard.SUPPLY_KINDS.get(type_code, "unknown") if type_code is not None else None
    unit_code = number(row, standard.PRT_SUPPLIES_UNIT)
    level = number(row, standard.PRT_SUPPLIES_LEVEL)
    capacity = number(row, standard.PRT_SUPPLIES_MAX_CAPACITY)
    class_code = number(row, standard.PRT_SUPPLIES_CLASS)
    receptacle = (
        class_code == standard.SUPPLY_CLASS_RECEPTACLE
        if class_code in (standard.SUPPLY_CLASS_CONSUMED, standard.SUPPLY_CLASS_RECEPTACLE)
        else is_receptacle(kind)
    )

    color = None
    # prtMarkerColorantTable has the supply's hrDeviceIndex; colorant 0 means that the supply has no colour.
    colorant = (*index[:-1], number(row, standard.PRT_SUPPLIES_COLORANT_INDEX) or 0)
    if (value := columns.column(standard.PRT_COLORANT_VALUE).get(colorant)) and isinstance(value[2], bytes):
        color = color_of(decode_text(value[2], charset))
        if color:
            ledger.book(f"{path}.color", color, value, rule="prtMarkerColorantValue")
    if color is None and (color := color_of(description)):
        ledger.book(f"{path}.color", color, row[standard.PRT_SUPPLIES_DESCRIPTION], rule="named in the description")

    percent = percent_left(level, capacity, unit_code)
    return Supply(
        index=index_text(index),
        kind=kind,
        color=color,
        description=description,
        part_number=_said_once(_PART_NUMBER, description),
        serial=_said_once(_SERIAL, description),
        level=level if level is not None and level >= 0 else None,
        capacity=capacity if capacity is not None and capacity > 0 else None,
        unit=standard.SUPPLY_UNITS.get(unit_code) if unit_code is not None else None,
        percent=percent,
        state=level_codes.get(level or 0) or state_of(level, percent, receptacle=receptacle),
    )


def _said_once(pattern: re.Pattern[str], description: str | None) -> str | None:
    found = pattern.findall(description or "")
    return found[0] if len(found) == 1 else None


def is_receptacle(kind: str | None) -> bool:
    """Whether a supply of this kind is a container that fills up, where the device does not tell its class."""
    return kind in _RECEPTACLES


def percent_left(level: int | None, capacity: int | None, unit_code: int | None) -> float | None:
    """Return what is left, 0..100 with one decimal, or None where the device tells no number."""
    if level is None or level < 0:
        return None
    if unit_code == standard.SUPPLY_UNIT_PERCENT and level <= 100 and (capacity is None or capacity <= 0):
        capacity = 100
    if capacity is None or capacity <= 0:
        return None
    return round(min(100.0, 100.0 * level / capacity), 1)


def state_of(level: int | None, percent: float | None, *, receptacle: bool) -> str:
    """Return the state that the level code or the percentage stands for."""
    if percent is not None:
        if percent == 0 and not level:  # the last of 2,700 sides is 0.0 % and not yet nothing
            return "full" if receptacle else "empty"
        return "low" if percent <= LOW_PERCENT else "ok"
    if level is None or level == UNKNOWN:
        return "unknown"
    if level == SOME:
        return "some"
    if level == 0:
        return "full" if receptacle else "empty"
    return "ok" if level > 0 or level == NO_RESTRICTION else "unknown"


def merge_supplies(rows: list[Supply], facts: Facts, charset: int | None, ledger: Ledger) -> list[Supply]:
    """Fill what the standard table leaves open from a vendor's; a supply that only the vendor knows is added.

    A vendor names its supplies by kind and colour, not by the standard's index: what fits several rows fits none.
    """
    known = {row.index: row for row in rows}
    changes: dict[str, dict[str, str | float | None]] = {}
    for path, fact in facts_on("supplies", facts):
        key, _, field = path.removeprefix("supplies.").rpartition(".")
        fitting = [row.index for row in rows if _fits(row, key)]
        if len(fitting) > 1:
            ledger.problem("supply-ambiguous", f"{fact.rule} ({fact.profile}) fits {len(fitting)} supplies: not used.")
            continue
        index = fitting[0] if fitting else key.rstrip(":")
        if index in known and getattr(known[index], field) not in (None, "unknown", "some"):
            continue
        if field in changes.setdefault(index, {}):
            continue
        if index not in known and not changes[index]:
            book_fact(ledger, f"supplies.{index}", None, fact)
        value = changes[index][field] = fact_text(fact, charset) if isinstance(fact.value, bytes) else fact.value
        book_fact(ledger, f"supplies.{index}.{field}", value, fact)
    for index, fields in changes.items():
        row = known.get(index) or _named_supply(index)
        percent = fields.get("percent")
        if isinstance(percent, int | float) and "state" not in fields:
            fields["state"] = state_of(None, percent, receptacle=is_receptacle(row.kind))
        known[index] = msgspec.structs.replace(row, **fields)
    return list(known.values())


def mark_coarse(rows: list[Supply], who: Identity, profiles: Sequence[Profile], ledger: Ledger) -> None:
    """Say where a model is known to tell its levels in a few steps only."""
    levels = {row.level for row in rows if row.level is not None}
    text = " ".join(filter(None, (who.manufacturer, who.model, who.description)))
    for profile in profiles:
        for coarse in profile.coarse:
            if levels and levels <= coarse.levels and coarse.pattern.search(text):
                steps = ", ".join(map(str, sorted(coarse.levels)))
                ledger.problem("coarse-levels", f"This model tells its supply levels in steps only: {steps}.")


def _fits(row: Supply, key: str) -> bool:
    kind, _, color = key.partition(":")
    if kind == "colorant":
        return row.kind in _COLORANTS and row.color == color
    return row.kind in (kind, f"{kind}-cartridge") and (not color or row.color == color)


def _named_supply(key: str) -> Supply:
    kind, _, color = key.partition(":")
    return Supply(index=key, kind=None if kind == "colorant" else kind, color=color or None)
