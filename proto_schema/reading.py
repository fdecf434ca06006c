"""The Reading: one printer, read once, exact and explained.

Absent is absent: what a device does not tell is None (or not there, for a meter) and its path stands in
``Reading.missing``. Fields are only ever added, each with a default, so that an old agent and a new collector agree.
"""

from typing import Final

import msgspec

READING_SCHEMA: Final = "ptscan.reading/1"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the printer is. ``mac`` is ``00:1b:78:01:02:03``; ``sys_object_id`` is dotted, without a leading dot."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    mac: str | None = None
    name: str | None = None
    location: str | None = None
    contact: str | None = None
    description: str | None = None
    firmware: str | None = None
    asset: str | None = None
    sys_object_id: str | None = None


class RawMeter(msgspec.Struct, frozen=True, kw_only=True):
    """A counter as the device tells it: ``label`` is its own, or where it gives none the object's name in the MIB.

    ``oid`` is dotted; ``meter`` is the canonical meter that it is or is a part of, None where it has none.
    """

    label: str
    value: int
    oid: str
    meter: str | None = None


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """A row of prtMarkerSuppliesTable (RFC 3805), or of the vendor's better table.

    ``percent`` is what is left, 0..100 with one decimal: of the material in a container, of the space in a receptacle.
    ``state``: ok, low, empty, full (a receptacle with no space left), some (RFC 3805's -3), unknown. ``coarse``: the
    device tells its level in a few steps only, so that between them nothing can be concluded.
    """

    index: str
    kind: str | None = None
    color: str | None = None
    description: str | None = None
    part_number: str | None = None
    serial: str | None = None
    level: int | None = None
    capacity: int | None = None
    unit: str | None = None
    percent: float | None = None
    state: str = "unknown"
    coarse: bool = False


class Tray(msgspec.Struct, frozen=True, kw_only=True):
    """A row of prtInputTable (RFC 3805). ``state``: ok, low, empty, some, unknown."""

    index: str
    name: str | None = None
    media: str | None = None
    level: int | None = None
    capacity: int | None = None
    state: str = "unknown"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: idle, printing, warmup, standby, warning, down, unknown; ``conditions``: the names of
    hrPrinterDetectedErrorState's bits (RFC 2790, RFC 3805) in kebab-case."""

    state: str = "unknown"
    conditions: list[str] = []


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A row of prtAlertTable (RFC 3805): what the device says, not what we raise."""

    severity: str | None = None
    group: str | None = None
    code: int | None = None
    description: str | None = None
    location: str | None = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where one value came from: ``at`` is the dotted OID for ``source`` snmp, ``profile`` the one that mapped it."""

    source: str
    at: str | None = None
    profile: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the reading that a person should know: ``code`` is kebab-case and stable, ``text`` a sentence."""

    code: str
    text: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One printer at one time. ``time`` is UTC, RFC 3339; ``meters`` are non-negative counts of sides (impressions)
    unless the name says otherwise; ``provenance`` is keyed by the path of the value (``meters.total``)."""

    schema: str = READING_SCHEMA
    device_id: str
    address: str
    port: int
    time: str
    via: list[str] = []
    identity: Identity = Identity()
    meters: dict[str, int] = {}
    supplies: list[Supply] = []
    trays: list[Tray] = []
    status: Status = Status()
    alerts: list[Alert] = []
    display: list[str] = []
    provenance: dict[str, Provenance] = {}
    missing: list[str] = []
    problems: list[Problem] = []
    meters_raw: list[RawMeter] = []
