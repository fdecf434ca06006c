"""Readings and sightings as rows: wide ones for CSV and XLSX, short ones for a person's table. Pure.

A shape says how records of one type become columns. The columns of a wide grid are the fixed ones, then whatever else
the records at hand have (a vendor's meter, a sixth ink), so every file has the same first columns.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, Generic, TypeAlias, TypeVar

from proto_schema import Reading, Supply
from ptscan.cli.endpoints import shown

T = TypeVar("T")
Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True)
class Grid:
    """A header and rows of as many cells."""

    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


@dataclass(frozen=True)
class Shape(Generic[T]):
    """How records of one type are laid out.

    ``order`` is the key of the finished file's order, None: as they came. ``draw`` makes the text for a person, on a
    terminal or not, where that is not a table of the ``short`` rows. ``sheets`` are more sheets of a workbook, by name,
    for what has many rows in each record. ``revise`` adds what only all records together
    tell, where they are written as a whole.
    """

    wide: Callable[[Sequence[T]], Grid]
    short: Callable[[Sequence[T]], Grid]
    order: Callable[[T], tuple[int, int, int]] | None = None
    draw: Callable[[Sequence[T], bool], str] | None = None
    sheets: Callable[[Sequence[T]], dict[str, Grid]] | None = None
    revise: Callable[[Sequence[T]], list[T]] | None = None


def by_address(address: str, port: int) -> tuple[int, int, int]:
    """Return the key that sorts addresses as numbers, IPv4 before IPv6."""
    parsed = ip_address(address)
    return parsed.version, int(parsed), port


IDENTITY: Final = (
    "manufacturer",
    "model",
    "serial",
    "mac",
    "name",
    "location",
    "contact",
    "description",
    "firmware",
    "asset",
    "sys_object_id",
)
METERS: Final = (
    "total",
    "color",
    "mono",
    "print",
    "copy",
    "fax",
    "scan",
    "duplex",
    "print_color",
    "print_mono",
    "copy_color",
    "copy_mono",
)
COLORS: Final = ("black", "cyan", "magenta", "yellow")

# What holds the colour itself, so that its column needs no other name than the colour's.
_COLORANTS: Final = frozenset(
    {"toner", "toner-cartridge", "ink", "ink-cartridge", "ink-ribbon", "solid-wax", "ribbon-wax"}
)
_WORRYING: Final = frozenset({"low", "empty", "full"})


def wide_readings(readings: Sequence[Reading]) -> Grid:
    """Return one row per printer: identity, status, meters, what is left of each supply, and what went wrong."""
    levels = [_levels(reading.supplies) for reading in readings]
    meters = _columns(METERS, (reading.meters for reading in readings))
    supplies = _columns(COLORS, levels)
    header = (
        *("address", "port", "time", "device_id", "via"),
        *IDENTITY,
        *("state", "conditions"),
        *(f"meter_{name}" for name in meters),
        *(f"{name.replace('-', '_')}_percent" for name in supplies),
        *("supplies", "alerts", "display", "problems"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *(reading.address, reading.port, reading.time, reading.device_id, " ".join(reading.via)),
            *(getattr(reading.identity, name) for name in IDENTITY),
            *(reading.status.state, " ".join(reading.status.conditions)),
            *(reading.meters.get(name) for name in meters),
            *(level.get(name) for name in supplies),
            "; ".join(map(supply_text, reading.supplies)),
            "; ".join(alert.description or str(alert.code) for alert in reading.alerts),
            " / ".join(reading.display),
            len(reading.problems),
        )
        for reading, level in zip(readings, levels, strict=True)
    ]
    return Grid(header, rows)


def _columns(fixed: tuple[str, ...], found: Iterable[Iterable[str]]) -> tuple[str, ...]:
    others = {name for names in found for name in names}.difference(fixed)
    return (*fixed, *sorted(others))


def _levels(supplies: Iterable[Supply]) -> dict[str, float | None]:
    """Return the percentages by column: ``black`` for a colorant, ``waste-toner`` or ``black-opc`` for other things.

    A second supply of one name is ``black-2``, in the order of the device.
    """
    levels: dict[str, float | None] = {}
    for supply in supplies:
        kind = supply.kind or "other"
        name = supply.color if supply.color and _is_colorant(supply) else "-".join(filter(None, (supply.color, kind)))
        number, key = 1, name
        while key in levels:
            number += 1
            key = f"{name}-{number}"
        levels[key] = supply.percent
    return levels


def supply_text(supply: Supply) -> str:
    """Return a supply and what is left of it in words."""
    name = supply.description or " ".join(filter(None, (supply.color, supply.kind))) or supply.index
    return f"{name}: {_left(supply)}"


def _left(supply: Supply) -> str:
    if supply.percent is None:
        return supply.state
    return f"{supply.percent:g} %" + (" (in a few steps)" if supply.coarse else "")


def counters(readings: Sequence[Reading]) -> dict[str, Grid]:
    """Return the sheet of all counters as the devices tell them, under their vendors' names."""
    header = ("address", "device_id", "label", "value", "oid", "meter")
    rows: list[tuple[Cell, ...]] = [
        (reading.address, reading.device_id, raw.label, raw.value, raw.oid, raw.meter)
        for reading in readings
        for raw in reading.meters_raw
    ]
    return {"counters": Grid(header, rows)} if rows else {}


def short_readings(readings: Sequence[Reading]) -> Grid:
    """Return what a person wants to see of each printer at a glance."""
    header = ("address", "model", "serial", "pages", "supplies", "state", "trouble")
    return Grid(header, [_short_reading(reading) for reading in readings])


def _short_reading(reading: Reading) -> tuple[Cell, ...]:
    identity = reading.identity
    maker, model = identity.manufacturer or "", identity.model or ""
    named = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    trouble = [*reading.status.conditions, *(problem.code for problem in reading.problems)]
    return (
        shown(reading.address, reading.port),
        named.strip(),
        identity.serial,
        reading.meters.get("total"),
        " ".join(filter(None, map(_glance, sorted(reading.supplies, key=_glance_order)))),
        reading.status.state,
        " ".join(trouble),
    )


def _glance(supply: Supply) -> str:
    """Return ``K 50%`` for a colorant, ``K ~50%`` where its level comes in a few steps.

    Other supplies are worth a word only when they worry.
    """
    if _is_colorant(supply):
        name = _INITIALS.get(supply.color or "", supply.color or supply.kind)
        about = "~" if supply.coarse else ""
        return f"{name} {supply.state}" if supply.percent is None else f"{name} {about}{round(supply.percent)}%"
    if supply.state in _WORRYING:
        return f"{supply.kind or 'supply'} {supply.state}"
    return ""


def _glance_order(supply: Supply) -> int:
    """Black, cyan, magenta and yellow first, whatever the device's order is; the rest stays in that order."""
    initials = tuple(_INITIALS)
    return initials.index(supply.color) if _is_colorant(supply) and supply.color in _INITIALS else len(initials)


def _is_colorant(supply: Supply) -> bool:
    """Whether a supply is toner or ink; a vendor's own table names some by their colour alone."""
    return supply.kind in _COLORANTS or (supply.kind is None and supply.color is not None)


_INITIALS: Final = {"black": "K", "cyan": "C", "magenta": "M", "yellow": "Y"}

READINGS_AS_ASKED: Final = Shape[Reading](wide_readings, short_readings, sheets=counters)
READINGS: Final = replace(READINGS_AS_ASKED, order=lambda reading: by_address(reading.address, reading.port))
