"""Supplies that a vendor's tables and records tell, by kind and colour."""

from collections.abc import Iterator, Mapping
from typing import Final

from codec import Oid, Varbind
from proto_schema import Problem
from ptscan.profiles.fact import Fact, fact
from ptscan.profiles.labels import label_key
from ptscan.profiles.profile import Profile, RecordRule, SupplyRule
from ptscan.profiles.values import cells, count, label, octets, records

_FULL: Final = 100.0


def supply_facts(profile: Profile, values: Mapping[Oid, Varbind], problems: list[Problem]) -> Iterator[Fact]:
    """What the records and tables of a profile tell of supplies; rows that are the same by name are told, not used."""
    for record in profile.records:
        yield from _from_record(profile, record, values)
    for rule in profile.supplies:
        rows: dict[str, list[list[Fact]]] = {}
        for supply, facts in _rows(profile, rule, values):
            rows.setdefault(supply, []).append(facts)
        for supply, found in rows.items():
            if len(found) == 1:
                yield from found[0]
            else:
                text = f"{len(found)} rows of {profile.name}'s table of supplies are {supply.strip(':')}: not used."
                problems.append(Problem(code="supply-ambiguous", text=text))


def _from_record(profile: Profile, rule: RecordRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    for name, field, number, varbind in records(rule, values, "supplies"):
        value = _recorded(rule, field, number)
        if value is not None:
            yield fact(profile, rule, field, value, varbind, how=f"record {name}", prefer="own")


def _recorded(rule: RecordRule, field: str, number: int) -> str | float | None:
    if field.endswith(".state"):
        return rule.states.get(number)
    percent = round(number * rule.scale, 1)
    return percent if percent <= _FULL else None


def _rows(profile: Profile, rule: SupplyRule, values: Mapping[Oid, Varbind]) -> Iterator[tuple[str, list[Fact]]]:
    """Each row that says which supply it is, with what it tells."""
    left = rule.percent or rule.level
    if left is None:
        return
    for index, varbind in cells(values, left):
        supply, how, said = _which(rule, values, index)
        if supply is None:
            continue
        facts = [
            fact(profile, rule, f"supplies.{supply}.{field}", value, raw, how=how, prefer="own", label=said)
            for field, value, raw in _told(rule, values, index, varbind)
        ]
        if facts:
            yield supply, facts


def _told(
    rule: SupplyRule, values: Mapping[Oid, Varbind], index: Oid, varbind: Varbind
) -> Iterator[tuple[str, str | float | bytes, Varbind]]:
    """What a row tells: field, value and the cell; ``varbind`` is its cell of what is left."""
    level = varbind[2]
    if isinstance(level, int) and (state := rule.codes.get(level)) is not None:
        yield "state", state, varbind
    elif (percent := _percent(rule, values, index, varbind)) is not None:
        yield "percent", percent, varbind
    for field, column in rule.texts.items():
        cell = values.get(column + index)
        text = (octets(cell) or b"").strip(b" \0\t\r\n")
        if cell is not None and text:
            yield field, text, cell


def _which(rule: SupplyRule, values: Mapping[Oid, Varbind], index: Oid) -> tuple[str | None, str, str | None]:
    """Which supply a row is (``KIND:COLOR``), by what, and in which words of the device."""
    for column in rule.name:
        text = label(values.get(column + index))
        if text is not None and (supply := _named(rule, label_key(text))) is not None:
            return supply, f"name {text!r}", text
    kind_said = None if rule.type is None else label(values.get(rule.type + index))
    kind = None if kind_said is None else rule.types.get(label_key(kind_said))
    if kind is None:
        return None, "", None
    color_said = None if rule.color is None else label(values.get(rule.color + index))
    color = "" if color_said is None else rule.colors.get(label_key(color_said), "")
    return f"{kind}:{color}", f"type {kind_said}" + (f", colour {color_said!r}" if color else ""), color_said


def _named(rule: SupplyRule, name: str) -> str | None:
    if (supply := rule.names.get(name)) is not None:
        return supply
    return next((supply for front, supply in rule.fronts if f"{name} ".startswith(f"{front} ")), None)


def _percent(rule: SupplyRule, values: Mapping[Oid, Varbind], index: Oid, varbind: Varbind) -> float | None:
    level = count(varbind)
    if level is None:
        return None
    if rule.capacity is None:
        return float(level) if level <= _FULL else None
    capacity = values.get(rule.capacity + index)
    full = None if capacity is None else count(capacity)
    return round(min(_FULL, _FULL * level / full), 1) if full else None
