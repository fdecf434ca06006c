"""Meters: the standard total, and the names that every fleet is asked for."""

from typing import Final

from codec import Oid, Varbind
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.rows import Columns, number

COLUMNS: Final[tuple[Oid, ...]] = (standard.PRT_MARKER_COUNTER_UNIT, standard.PRT_MARKER_LIFE_COUNT)

COMMON: Final = ("total", "color", "mono", "print", "copy", "fax", "scan", "duplex")
"""The meters that every reader of a fleet asks for: each that a device does not tell stands in ``missing``."""

_PAGES: Final = frozenset({"impressions", "sheets"})


def standard_total(columns: Columns, ledger: Ledger) -> tuple[int, Varbind] | None:
    """Return prtMarkerLifeCount of the first marker, where it counts pages.

    A unit of sheets is reported and taken at its word as the total: makers that put it there count impressions all
    the same, and a person must be able to see it. A length or a time is no page count.
    """
    for _, row in columns.table(*COLUMNS):
        count = number(row, standard.PRT_MARKER_LIFE_COUNT)
        if count is None or count < 0:
            continue
        code = number(row, standard.PRT_MARKER_COUNTER_UNIT)
        unit = standard.COUNTER_UNITS.get(code, "impressions") if code is not None else "impressions"
        if unit not in _PAGES:
            ledger.problem("meter-unit", f"The life counter counts {unit.replace('-', ' ')}, not pages: {count}.")
            return None
        if unit == "sheets":
            ledger.problem("meter-unit", "The device says that its life counter counts sheets, not sides.")
        return count, row[standard.PRT_MARKER_LIFE_COUNT]
    return None
