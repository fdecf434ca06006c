"""Supplies of the standard table joined with what the vendor's profile tells of them.

A vendor names its supplies by kind and colour, not by the standard's index, and calls toner what the standard row calls
a toner cartridge: so they are joined by family and colour, or by the serial. What fits several rows fits none.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from proto_schema import Identity, Supply
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, book_fact, fact_text, facts_on
from ptscan.printer.kinds import family_of, is_receptacle, kind_of
from ptscan.printer.levels import state_of
from ptscan.printer.part_numbers import is_number, part_number_of
from ptscan.profiles import Fact, Profile

_OPEN: Final = (None, "unknown", "some")
"""What a vendor's word may replace."""
_BETTER: Final = frozenset({"part_number", "serial"})
"""What a vendor's own column knows better than the words of a description."""

Value = str | float


def merge_supplies(rows: list[Supply], facts: Facts, charset: int | None, ledger: Ledger) -> list[Supply]:
    """Fill what the standard table leaves open from a vendor's; a supply that only the vendor knows is added."""
    told: dict[str, dict[str, tuple[Value, Fact]]] = {}
    for path, fact in facts_on("supplies", facts):
        key, _, field = path.removeprefix("supplies.").rpartition(".")
        value = fact_text(fact, charset) if isinstance(fact.value, bytes) else fact.value
        if value is not None and (field not in _BETTER or is_number(str(value))):
            told.setdefault(key, {}).setdefault(field, (value, fact))
    known = {row.index: row for row in rows}
    families = {row.index: _family(row) for row in rows}
    for key, fields in told.items():
        family = family_of(key.partition(":")[0])
        related = [row for row in known.values() if families[row.index] == family]
        colors = {other.partition(":")[2] for other in told if family_of(other.partition(":")[0]) == family}
        fitting = _named_alike(known.values(), fields) or _fitting(related, key, fields, alone=len(colors) == 1)
        if len(fitting) > 1:
            rule = " and ".join(dict.fromkeys(f"{fact.rule} ({fact.profile})" for _, fact in fields.values()))
            ledger.problem("supply-ambiguous", f"{rule} fits {len(fitting)} supplies: not used.")
            continue
        row = fitting[0] if fitting else _named_supply(key)
        if not fitting:
            book_fact(ledger, f"supplies.{row.index}", None, next(iter(fields.values()))[1])
        known[row.index] = _filled(row, key, fields, ledger)
        families[row.index] = _family(known[row.index])
    return list(known.values())


def _named_alike(rows: Iterable[Supply], fields: Mapping[str, tuple[Value, Fact]]) -> Sequence[Supply]:
    """The one row whose description is the vendor's as well, whatever kind either calls it."""
    description, _ = fields.get("description", (None, None))
    alike = [row for row in rows if description is not None and row.description == description]
    return alike if len(alike) == 1 else []


def _fitting(
    related: Sequence[Supply], key: str, fields: Mapping[str, tuple[Value, Fact]], *, alone: bool
) -> Sequence[Supply]:
    """The rows of its family that a vendor's ``KIND:COLOR`` may mean; the best proof is the serial.

    ``alone``: the vendor has the family in one colour. A machine with one colour often has it without a name: then the
    only toner of the one table is the only toner of the other.
    """
    kind, _, color = key.partition(":")
    serial, _ = fields.get("serial", (None, None))
    if serial and (same := [row for row in related if row.serial == serial]):
        return same
    if fitting := [row for row in related if not color or row.color == color]:
        exact = [row for row in fitting if row.kind == kind]
        return exact if len(exact) == 1 else fitting
    return related if alone and len(related) == 1 and related[0].color is None else []


def _family(row: Supply) -> str | None:
    """What a row is joined by: its words where they say it, for some devices call every supply a toner."""
    said = kind_of(row.description)
    if said not in (None, "other"):
        return family_of(said)
    if row.kind in (None, "unknown"):
        return "colorant" if said is None else None
    return family_of(row.kind)


def _filled(row: Supply, key: str, fields: dict[str, tuple[Value, Fact]], ledger: Ledger) -> Supply:
    """The row with what the vendor knows of it, each value with its proof."""
    kind, _, color = key.partition(":")
    changes: dict[str, Value | None] = {}
    for field, (value, fact) in fields.items():
        if field in _BETTER or getattr(row, field) in _OPEN:
            changes[field] = value
            book_fact(ledger, f"supplies.{row.index}.{field}", value, fact)
    if "description" in changes and "part_number" not in changes:
        number = part_number_of(str(changes["description"]))
        if number is not None and row.part_number is None:
            changes["part_number"] = number
            book_fact(ledger, f"supplies.{row.index}.part_number", number, fields["description"][1])
    proof = next(iter(fields.values()))[1]
    for field, name in (("kind", "" if kind == "colorant" else kind), ("color", color)):
        if name and getattr(row, field) in (None, "unknown"):
            changes[field] = name
            book_fact(ledger, f"supplies.{row.index}.{field}", name, proof)
    percent = changes.get("percent")
    if isinstance(percent, int | float) and "state" not in changes and row.state in (*_OPEN, "ok"):
        changes["state"] = state_of(None, percent, receptacle=is_receptacle(row.kind))
    return msgspec.structs.replace(row, **changes)


def _named_supply(key: str) -> Supply:
    """A supply that the standard table does not have; its place is the vendor's name for it."""
    kind, _, color = key.partition(":")
    return Supply(index=key.rstrip(":"), kind=None if kind == "colorant" else kind, color=color or None)


def mark_coarse(rows: list[Supply], who: Identity, profiles: Sequence[Profile], ledger: Ledger) -> list[Supply]:
    """Mark the toners and inks of a model that is known to tell their levels in a few steps only.

    A level between the steps proves that this one tells more, whatever the model's name.
    """
    levels = ((row, row.percent if row.level is None else row.level) for row in rows)
    told = {row.index: level for row, level in levels if level is not None and _family(row) == "colorant"}
    text = " ".join(filter(None, (who.manufacturer, who.model, who.description)))
    for profile in profiles:
        for coarse in profile.coarse:
            if told and coarse.levels.issuperset(told.values()) and coarse.pattern.search(text):
                steps = ", ".join(map(str, sorted(coarse.levels)))
                ledger.problem("coarse-levels", f"This model tells its supply levels in steps only: {steps}.")
                rows = [msgspec.structs.replace(row, coarse=row.coarse or row.index in told) for row in rows]
    return rows
