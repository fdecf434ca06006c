"""The form of a profile file: what may stand in it, key by key. FORMAT.md is this module for people."""

from typing import Literal

import msgspec

Confidence = Literal["high", "medium", "low"]
Prefer = Literal["own", "standard"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Match(_Section, frozen=True):
    """How to know a printer of this vendor; all texts are regular expressions, searched without regard to case."""

    sys_object_id: list[str] = []
    family: list[str] = []
    texts: list[str] = []
    models: list[str] = []
    boards: list[str] = []
    mfg: list[str] = []
    trees: list[str] = []
    also: list[str] = []


class Other(_Section, frozen=True):
    """What is known to be no printer."""

    sys_object_id: list[str] = []
    texts: list[str] = []


class Brand(_Section, frozen=True):
    """A name on the case that differs from the vendor of the objects."""

    pattern: str
    name: str


class Rule(_Section, frozen=True, kw_only=True):
    """What every rule may say: how sure it is, why, and which models it is for (``only``) or not for (``unless``)."""

    confidence: Confidence = "high"
    source: str | None = None
    only: str | None = None
    unless: str | None = None


class Scalar(Rule, frozen=True, kw_only=True):
    """One object -> one field."""

    oid: str
    field: str
    label: str | None = None
    format: Literal["plain", "pml", "ieee1284"] = "plain"
    key: str | None = None
    pattern: str | None = None
    skip: list[str] = []
    prefer: Prefer | None = None


class Table(Rule, frozen=True, kw_only=True):
    """A counter table of which each row says itself what it counts."""

    value: str
    label: str | None = None
    labels: dict[str, str] = {}
    index: dict[str, str] = {}
    names: dict[str, str] = {}
    unit: str | None = None
    units: list[str] = []
    walk: bool = True
    add: bool = False


class Record(Rule, frozen=True, kw_only=True):
    """Numbers packed into one string."""

    oid: str
    decoder: str
    fields: dict[str, str]
    names: dict[str, str] = {}
    scale: float = 1.0
    states: dict[str, str] = {}


class SupplyTable(Rule, frozen=True, kw_only=True):
    """A vendor's table of supplies, whose rows say by a name or by codes which supply they are."""

    name: list[str] = []
    names: dict[str, str] = {}
    type: str | None = None
    types: dict[str, str] = {}
    color: str | None = None
    colors: dict[str, str] = {}
    percent: str | None = None
    level: str | None = None
    capacity: str | None = None
    codes: dict[str, str] = {}
    rows: list[str] = []
    description: str | None = None
    serial: str | None = None
    part_number: str | None = None


class Sum(_Section, frozen=True):
    """A meter that is the sum of others of this profile; a part with ``?`` may be absent."""

    meter: str
    of: list[str]


class Check(_Section, frozen=True):
    """Meters that must add up; a part with ``?`` may be absent, ``tolerance`` is a share of the total."""

    total: str
    of: list[str]
    tolerance: float = 0.0


class Fragile(_Section, frozen=True):
    """A model that gets no vendor objects and one object per request."""

    pattern: str
    source: str


class Coarse(_Section, frozen=True):
    """Models whose supply levels know a few steps only."""

    pattern: str
    levels: list[int]
    source: str


class ProfileFile(_Section, frozen=True):
    """One file of ``data/``."""

    format: Literal[1]
    name: str
    vendor: str
    source: str
    match: Match = Match()
    other: Other = Other()
    brands: list[Brand] = []
    identify: list[str] = []
    allow: list[str] = []
    scalars: list[Scalar] = []
    tables: list[Table] = []
    records: list[Record] = []
    supplies: list[SupplyTable] = []
    sums: list[Sum] = []
    checks: list[Check] = []
    level_codes: dict[str, str] = {}
    never_ask: list[str] = []
    fragile: list[Fragile] = []
    coarse: list[Coarse] = []
