"""A profile ready for use: OIDs as octets, rules resolved, patterns compiled when first needed."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec

from codec import Oid
from ptscan.profiles.labels import label_key
from ptscan.profiles.schema import Confidence, Prefer

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
    """What to read: ``scalars`` by GET, each entry of ``tables`` a set of columns to walk side by side."""

    scalars: tuple[Oid, ...] = ()
    tables: tuple[tuple[Oid, ...], ...] = ()


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    confidence: Confidence
    source: str


class ScalarRule(_Rule, frozen=True, kw_only=True):
    """One object -> one field."""

    oid: Oid
    field: str
    format: Literal["plain", "pml", "ieee1284"]
    key: str | None
    pattern: Patterns | None
    skip: frozenset[str]
    prefer: Prefer


class TableRule(_Rule, frozen=True, kw_only=True):
    """Rows -> meters, by the label beside the value or else by a code that stands in the index."""

    value: Oid
    label: Oid | None
    labels: Mapping[str, str]
    index: Mapping[Oid, str]


class RecordRule(_Rule, frozen=True, kw_only=True):
    """Packed numbers -> fields, by the id of the record."""

    oid: Oid
    decoder: str
    fields: Mapping[str, str]
    scale: float
    states: Mapping[int, str]


class SupplyRule(_Rule, frozen=True, kw_only=True):
    """Rows -> percent of supplies, by the name beside it; ``codes`` are numbers that stand for a state.

    ``name`` are columns of names, the first that says a known one counts.
    """

    name: tuple[Oid, ...]
    percent: Oid
    names: Mapping[str, str]
    codes: Mapping[int, str]


class Parts(msgspec.Struct, frozen=True):
    """Meters to add up: those that must be there, and those that may."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]

    def there(self, meters: Mapping[str, int]) -> list[str]:
        """The parts that ``meters`` has."""
        return [name for name in self.needed + self.optional if name in meters]

    def add(self, meters: Mapping[str, int]) -> int | None:
        """The sum, or None where a needed part is absent or nothing is there at all."""
        there = self.there(meters)
        if not there or any(name not in meters for name in self.needed):
            return None
        return sum(meters[name] for name in there)


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
    source: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one vendor's printers, ready for use."""

    name: str
    vendor: str
    source: str
    file: str
    ask: Ask
    printers: tuple[Oid, ...]
    family: tuple[Oid, ...]
    texts: Patterns
    models: Patterns
    boards: Patterns
    mfg: tuple[str, ...]
    trees: tuple[Oid, ...]
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

    def makes(self, maker: str) -> bool:
        """Whether the MFG of an IEEE 1284 id means this vendor: ``HP Inc.`` is HP."""
        said = label_key(maker[:MAX_TEXT]) + " "
        return any(said.startswith(f"{name} ") for name in self.mfg)
