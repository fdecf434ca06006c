"""Meters: the standard total joined by what the profiles know, and the sums that must hold."""

from collections.abc import Sequence
from typing import Final

from codec import CodecError, Oid, Varbind, format_oid
from proto_schema import RawMeter
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, book_fact, facts_on
from ptscan.printer.rows import MAX_NUMBER, Columns, Index, index_text, number
from ptscan.printer.text import clean_text
from ptscan.profiles import DRIFT, NO_COUNT, Counter, Profile, SumCheck

COLUMNS: Final[tuple[Oid, ...]] = (standard.PRT_MARKER_COUNTER_UNIT, standard.PRT_MARKER_LIFE_COUNT)

COMMON: Final = ("total", "color", "mono", "print", "copy", "fax", "scan", "duplex")
"""The meters that every reader of a fleet asks for: each that a device does not tell stands in ``missing``."""

MAX_NAMED: Final = 8
"""Other markers that a problem names."""
MAX_RAW: Final = 256
"""Counters of one reading that are kept as they stand."""

_LENGTHS: Final = frozenset({"feet", "meters"})
"""Units of the life count of plotters and label printers that have a meter of their own."""

_PAGES: Final = frozenset({"impressions", "sheets"})


def life_count(columns: Columns, ledger: Ledger) -> tuple[str, int, Varbind] | None:
    """Return prtMarkerLifeCount of the first marker that knows it, with the meter that it is by its unit.

    A unit of sheets is reported and taken at its word as the total: makers that put it there count impressions all
    the same, and a person must be able to see it. A length or a time is no page count.
    """
    for index, row in columns.table(*COLUMNS):
        count = number(row, standard.PRT_MARKER_LIFE_COUNT)
        if count is None or count < 0:
            continue
        if count in NO_COUNT:
            ledger.problem("meter-unknown", f"The life counter is {count}: so devices write that they do not count.")
            continue
        code = number(row, standard.PRT_MARKER_COUNTER_UNIT)
        unit = standard.COUNTER_UNITS.get(code, "impressions") if code is not None else "impressions"
        varbind = row[standard.PRT_MARKER_LIFE_COUNT]
        if unit not in _PAGES:
            ledger.problem("meter-unit", f"The life counter counts {unit.replace('-', ' ')}, not pages: {count}.")
            return (f"length_{unit}", count, varbind) if unit in _LENGTHS else None
        if unit == "sheets":
            ledger.problem("meter-unit", "The device says that its life counter counts sheets, not sides.")
        _say_others(columns, index, count, ledger)
        return "total", count, varbind
    return None


def _say_others(columns: Columns, first: Index, count: int, ledger: Ledger) -> None:
    """Say that there are other markers: whether they print other sides or the same once more, no MIB tells."""
    others = [
        str(value)
        for index, (_, _, value) in columns.column(standard.PRT_MARKER_LIFE_COUNT).items()
        if index != first and index[:-1] == first[:-1]
        if isinstance(value, int) and value > 0 and value not in NO_COUNT
    ]
    if others:
        said = f"The printer has several markers: total is that of the first, {count}; others count "
        ledger.problem("several-markers", f"{said}{', '.join(others[:MAX_NAMED])}.")


def read_meters(columns: Columns, facts: Facts, ledger: Ledger) -> dict[str, int]:
    """Return the meters, the common ones first; where two sources differ, the first is kept and the ledger says so."""
    counted: dict[str, int] = {}
    if (life := life_count(columns, ledger)) is not None:
        name, count, varbind = life
        counted[name] = count
        ledger.book(f"meters.{name}", count, varbind, rule="prtMarkerLifeCount of the first marker")
    for path, fact in facts_on("meters", facts):
        name = path.removeprefix("meters.")
        known = counted.get(name)
        if not isinstance(fact.value, int):
            continue
        # A life count of 0 beside a vendor's greater one is an object that is not kept, not a new machine.
        if known is None or (name == "total" and known == 0 < fact.value):
            counted[name] = fact.value
            book_fact(ledger, path, fact.value, fact)
        elif abs(known - fact.value) > DRIFT:
            kept = ledger[path]
            ledger.problem(
                "meters-disagree",
                f"{name} is {known} by {kept.rule} ({kept.profile}), but {fact.value} by {fact.rule} "
                f"({fact.profile}): the first is kept.",
            )
    return {name: counted[name] for name in sorted(counted, key=_meter_order)}


def raw_meters(columns: Columns, counters: Sequence[Counter], ledger: Ledger) -> list[RawMeter]:
    """Return every counter as the device tells it, the life counts of its markers first.

    What two rules read alike is there once; an object that packs several counts has one of each.
    """
    told = {item.varbind[0]: item.path for item in ledger if item.varbind and item.path.startswith("meters.")}
    raw: dict[tuple[Oid, str | None], RawMeter] = {}
    for index, (oid, _, value) in sorted(columns.column(standard.PRT_MARKER_LIFE_COUNT).items()):
        if isinstance(value, int) and 0 <= value < MAX_NUMBER and value not in NO_COUNT:
            meter = told.get(oid, "").removeprefix("meters.") or None
            label = "prtMarkerLifeCount" if not raw else f"prtMarkerLifeCount {index_text(index)}"
            raw[oid, meter] = RawMeter(label=label, value=value, oid=format_oid(oid), meter=meter)
    for counter in counters:
        label = clean_text(counter.label) or "-"
        key = counter.oid, counter.meter or label
        if key not in raw and (dotted := _dotted(counter.oid)) is not None:
            raw[key] = RawMeter(label=label, value=counter.value, oid=dotted, meter=counter.meter)
    return list(raw.values())[:MAX_RAW]


def _dotted(oid: Oid) -> str | None:
    try:
        return format_oid(oid)
    except CodecError:
        return None


def sums_to_hold(profiles: Sequence[Profile]) -> list[SumCheck]:
    """Return the sums to hold: for each total the most specific profile's, which knows what counts into it."""
    checks: dict[str, list[SumCheck]] = {}
    for profile in profiles:
        own: dict[str, list[SumCheck]] = {}
        for check in profile.checks:
            own.setdefault(check.total, []).append(check)
        checks = own | checks
    return [check for found in checks.values() for check in found]


def _meter_order(name: str) -> tuple[int, str]:
    return (COMMON.index(name) if name in COMMON else len(COMMON), name)
