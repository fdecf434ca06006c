"""Counters: rows of labelled or coded tables, packed records and single objects -> meters, and each as it stands."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from codec import Oid, Varbind
from ptscan.profiles.fact import Counter, Fact, fact
from ptscan.profiles.labels import label_key
from ptscan.profiles.meters import preference
from ptscan.profiles.profile import Profile, RecordRule, Rule, ScalarRule, TableRule
from ptscan.profiles.values import MAX_METER, NO_COUNT, cells, count, index_text, label, records

MAX_COUNTERS: Final = 256
"""Counters of one device that are kept as they stand."""


class _Count(msgspec.Struct, frozen=True, kw_only=True):
    """One number that counts something: ``meter`` is what by the profile, ``name`` what by the device or the vendor."""

    varbind: Varbind
    number: int
    meter: str | None
    how: str
    name: str
    label: str | None = None


def count_all(profile: Profile, values: Mapping[Oid, Varbind]) -> tuple[list[Fact], list[Counter]]:
    """The meters that ``values`` tell by the tables, records and scalars of a profile, and all counters."""
    facts: list[Fact] = []
    counters: list[Counter] = []
    parts = {part: rule.meter for rule in profile.sums for part in rule.parts.names}
    found: list[tuple[Rule, list[_Count]]] = [
        *((table, list(_in_table(table, values))) for table in profile.tables),
        *((record, list(_in_record(record, values))) for record in profile.records),
        *((scalar, list(_in_scalar(scalar, values))) for scalar in profile.scalars),
    ]
    for rule, counts in found:
        for one in counts:
            canonical = parts.get(one.meter) if one.meter and one.meter.startswith("_") else one.meter
            counters.append(Counter(label=one.name, value=one.number, oid=one.varbind[0], meter=canonical))
        adds = isinstance(rule, TableRule) and rule.add
        for one in _added(counts) if adds else counts:
            if one.meter is not None:
                field = f"meters.{one.meter}"
                prefer = rule.prefer if isinstance(rule, ScalarRule) else preference(field)
                facts.append(
                    fact(profile, rule, field, one.number, one.varbind, how=one.how, prefer=prefer, label=one.label)
                )
    return facts, counters[:MAX_COUNTERS]


def _in_table(rule: TableRule, values: Mapping[Oid, Varbind]) -> Iterator[_Count]:
    for index, varbind in cells(values, rule.value):
        number = count(varbind)
        if number is None:
            continue
        text = None if rule.label is None else label(values.get(rule.label + index))
        key = None if text is None else label_key(text)
        by_label = None if key is None else rule.labels.get(key)
        meter = by_label or (None if _is_part(text) else rule.index.get(index))
        name = rule.names.get(key, text) if key else rule.index_names.get(index)
        if rule.unit is not None and _in_another_unit(rule, values.get(rule.unit + index)):
            meter = None
        if meter is None and not name:
            continue
        yield _Count(
            varbind=varbind, number=number, meter=meter, name=name or index_text(index), label=text,
            how=f"label {text!r}" if by_label else "code in the index",
        )  # fmt: skip


def _in_another_unit(rule: TableRule, cell: Varbind | None) -> bool:
    """Whether a row counts something else than the profile takes it for: sheets beside sides, say."""
    unit = label(cell)
    return unit is not None and label_key(unit) not in rule.units


def _is_part(text: str | None) -> bool:
    """Whether a label that no rule knows bears a number, as ``Stufe 1``: then its code may mean but a part of it.

    Where a contract has tiers of colour, Xerox counts black with the first of them under the code of black.
    """
    return text is not None and not text.isdigit() and any(map(str.isdigit, text))


def _in_record(rule: RecordRule, values: Mapping[Oid, Varbind]) -> Iterator[_Count]:
    for record, field, number, varbind in records(rule, values, "meters"):
        if number not in NO_COUNT:
            how = f"record {record}"
            meter = field.removeprefix("meters.") or None
            yield _Count(varbind=varbind, number=number, meter=meter, how=how, name=rule.names.get(record, how))


def _in_scalar(rule: ScalarRule, values: Mapping[Oid, Varbind]) -> Iterator[_Count]:
    varbind = values.get(rule.oid)
    if varbind is None or not rule.field.startswith("meters."):
        return
    number = count(varbind, rule.pattern)
    if number is not None:
        meter = rule.field.removeprefix("meters.")
        yield _Count(
            varbind=varbind, number=number, meter=meter, name=rule.label or meter.strip("_"), how=rule.label or "scalar"
        )


def _added(counts: Iterable[_Count]) -> list[_Count]:
    """The counts of each meter added up, as its first one."""
    by_meter: dict[str, list[_Count]] = {}
    for one in counts:
        if one.meter is not None:
            by_meter.setdefault(one.meter, []).append(one)
    return [
        msgspec.structs.replace(
            same[0],
            number=min(sum(one.number for one in same), MAX_METER),
            how=f"{same[0].how}, sum of {len(same)} rows" if len(same) > 1 else same[0].how,
        )
        for same in by_meter.values()
    ]
