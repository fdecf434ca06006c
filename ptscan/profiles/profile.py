"""A profile ready for use: OIDs as octets, rules resolved, patterns compiled when first needed."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec

from codec import Oid
from ptscan.profiles.labels import label_key
from ptscan.profiles.schema import Confidence, Prefer, ProfileFile

MAX_TEXT: Final = 1024
"""Patterns look at this many characters of a text, so that a hostile text costs little."""


class Patterns:
    """Regular expressions of which any may match, searched without regard to case."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{text})" for text in self.texts), re.IGNORECASE)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in the first MAX_TEXT characters of ``text``."""
        return self._compiled.search(text[:MAX_TEXT]) if self.texts else None


class Ask(msgspec.Struct, frozen=True):
    """What to read: ``scalars`` by GET, each entry of ``tables`` a set of columns to walk side by side.

    Each entry of ``rows`` is a table that must not be walked: its rows, each with its cells, for GET.
    """

    scalars: tuple[Oid, ...] = ()
    tables: tuple[tuple[Oid, ...], ...] = ()
    rows: tuple[tuple[tuple[Oid, ...], ...], ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How sure a rule is, why, and of which models it holds."""

    confidence: Confidence
    source: str
    only: Patterns | None = None
    unless: Patterns | None = None

    def holds(self, texts: Sequence[str]) -> bool:
        """Whether the rule holds for a model that ``texts`` name."""
        if self.only is not None and not any(map(self.only.search, texts)):
            return False
        return self.unless is None or not any(map(self.unless.search, texts))


class ScalarRule(Rule, frozen=True, kw_only=True):
    """One object -> one field."""

    oid: Oid
    field: str
    label: str | None
    format: Literal["plain", "pml", "ieee1284"]
    key: str | None
    pattern: Patterns | None
    skip: frozenset[str]
    prefer: Prefer


class TableRule(Rule, frozen=True, kw_only=True):
    """Rows -> meters, by the label beside the value or else by a code that stands in the index.

    ``names`` are the vendor's own for a label that is a code, or for an index. Where ``walk`` is not set, the rows of
    ``index`` are asked by GET. With ``add``, the rows of one meter are added up. A row of which ``unit`` says another
    code than ``units`` is no meter.
    """

    value: Oid
    label: Oid | None
    labels: Mapping[str, str]
    index: Mapping[Oid, str]
    names: Mapping[str, str]
    index_names: Mapping[Oid, str]
    unit: Oid | None
    units: frozenset[str]
    walk: bool
    add: bool


class RecordRule(Rule, frozen=True, kw_only=True):
    """Packed numbers -> fields, by the id of the record."""

    oid: Oid
    decoder: str
    fields: Mapping[str, str]
    names: Mapping[str, str]
    scale: float
    states: Mapping[int, str]


class SupplyRule(Rule, frozen=True, kw_only=True):
    """Rows -> supplies, by the name beside them or else by the codes of their kind and colour.

    ``name`` are columns of names, the first that says a known one counts: one of ``names``, or one that begins like one
    of ``fronts``, of which the longest come first. What is left is ``percent``, or ``level`` of
    ``capacity``; ``codes`` are numbers there that stand for a state. ``texts`` are columns whose text is kept: field of
    the supply -> column.
    """

    name: tuple[Oid, ...]
    names: Mapping[str, str]
    fronts: tuple[tuple[str, str], ...]
    type: Oid | None
    types: Mapping[str, str]
    color: Oid | None
    colors: Mapping[str, str]
    percent: Oid | None
    level: Oid | None
    capacity: Oid | None
    codes: Mapping[int, str]
    texts: Mapping[str, Oid]
    rows: tuple[Oid, ...] = ()
    """The indexes to ask for by GET, where the table must not be walked."""

    @property
    def columns(self) -> tuple[Oid, ...]:
        """Every column that the rule reads."""
        found = (*self.name, self.type, self.color, self.percent, self.level, self.capacity, *self.texts.values())
        return tuple(dict.fromkeys(column for column in found if column is not None))


class Parts(msgspec.Struct, frozen=True):
    """Meters to add up: those that must be there, and those that may."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.needed + self.optional

    def there(self, meters: Mapping[str, int]) -> list[str]:
        """The parts that ``meters`` has."""
        return [name for name in self.names if name in meters]

    def add(self, meters: Mapping[str, int]) -> int | None:
        """The sum, or None where a needed part is absent or nothing is there at all."""
        there = self.there(meters)
        if not there or any(name not in meters for name in self.needed):
            return None
        return sum(meters[name] for name in there)

    def all_needed(self) -> "Parts":
        """The same parts, of which none may be absent."""
        return Parts(needed=self.needed + self.optional, optional=())


class SumRule(msgspec.Struct, frozen=True):
    """A meter that is a sum."""

    meter: str
    parts: Parts


class SumCheck(msgspec.Struct, frozen=True):
    """Meters that must add up to ``total``, within ``tolerance`` of it (a share, 0 for exactly)."""

    total: str
    parts: Parts
    tolerance: float


class CoarseLevels(msgspec.Struct, frozen=True):
    """Models, known by a text, whose supply levels take only these values."""

    pattern: Patterns
    levels: frozenset[int]


class Profile(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What is known of one vendor's printers, ready for use; ``form`` is the file that it was made from."""

    name: str
    vendor: str
    source: str
    file: str
    printers: tuple[Oid, ...]
    family: tuple[Oid, ...]
    texts: Patterns
    models: Patterns
    boards: Patterns
    mfg: tuple[str, ...]
    trees: tuple[Oid, ...]
    also: tuple[str, ...]
    allow: tuple[Oid, ...]
    never_ask: tuple[Oid, ...]
    others: tuple[Oid, ...]
    other_texts: Patterns
    brands: tuple[tuple[Patterns, str], ...]
    identify: tuple[Oid, ...]
    scalars: tuple[ScalarRule, ...]
    tables: tuple[TableRule, ...]
    records: tuple[RecordRule, ...]
    supplies: tuple[SupplyRule, ...]
    sums: tuple[SumRule, ...]
    checks: tuple[SumCheck, ...]
    level_codes: Mapping[int, str]
    fragile: Patterns
    coarse: tuple[CoarseLevels, ...]
    form: ProfileFile

    @cached_property
    def ask(self) -> Ask:
        """What to ask a printer for by this profile, each object once."""
        scalars = [*(rule.oid for rule in self.scalars), *(rule.oid for rule in self.records)]
        walks: dict[Oid, list[Oid]] = {}
        for table in self.tables:
            if table.label is not None and table.walk:
                side_by_side = [table.value] if table.unit is None else [table.unit, table.value]
                walks.setdefault(table.label, [table.label]).extend(side_by_side)
            else:
                beside = [table.value] if table.label is None else [table.label, table.value]
                scalars += [column + index for index in table.index for column in beside]
        return Ask(
            scalars=tuple(dict.fromkeys(scalars)),
            tables=(
                *(tuple(dict.fromkeys(columns)) for columns in walks.values()),
                *(rule.columns for rule in self.supplies if not rule.rows),
            ),
            rows=tuple(
                tuple(tuple(column + index for column in rule.columns) for index in rule.rows)
                for rule in self.supplies
                if rule.rows
            ),
        )

    @cached_property
    def counted(self) -> tuple[Oid, ...]:
        """The objects and columns that hold its meters."""
        scalars = (rule.oid for rule in self.scalars if rule.field.startswith("meters."))
        return (*scalars, *(rule.value for rule in self.tables), *(rule.oid for rule in self.records))

    def for_model(self, texts: Sequence[str]) -> "Profile":
        """The profile without the rules that do not hold for the model that ``texts`` name; itself where all do."""
        if not self.has_exceptions:
            return self
        return msgspec.structs.replace(
            self,
            scalars=tuple(rule for rule in self.scalars if rule.holds(texts)),
            tables=tuple(rule for rule in self.tables if rule.holds(texts)),
            records=tuple(rule for rule in self.records if rule.holds(texts)),
            supplies=tuple(rule for rule in self.supplies if rule.holds(texts)),
        )

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule that reads something."""
        return (*self.scalars, *self.tables, *self.records, *self.supplies)

    def as_far_as_read(self, cut: Collection[Oid]) -> "Profile":
        """The profile for a device that did not answer ``cut`` to its end: only what is whole is added up."""
        if not any(oid.startswith(self.counted) for oid in cut):
            return self
        return msgspec.structs.replace(
            self,
            tables=tuple(
                msgspec.structs.replace(rule, labels={}, index={})
                if rule.add and any(oid.startswith(rule.value) for oid in cut)
                else rule
                for rule in self.tables
            ),
            sums=tuple(msgspec.structs.replace(rule, parts=rule.parts.all_needed()) for rule in self.sums),
            checks=tuple(msgspec.structs.replace(rule, parts=rule.parts.all_needed()) for rule in self.checks),
        )

    @cached_property
    def has_exceptions(self) -> bool:
        """Whether any rule is only for some models."""
        return any(rule.only is not None or rule.unless is not None for rule in self.rules)

    def makes(self, maker: str) -> bool:
        """Whether the MFG of an IEEE 1284 id means this vendor: ``HP Inc.`` is HP."""
        said = label_key(maker[:MAX_TEXT]) + " "
        return any(said.startswith(f"{name} ") for name in self.mfg)
