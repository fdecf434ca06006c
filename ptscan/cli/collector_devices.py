"""``ptscan collector devices`` and ``readings``: what the agents found, as it stands and as it was."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection

from proto_schema import Reading, decode
from ptscan.cli.collector_place import EntityName, Folder, NoSuchThingError, entity_ids, give_out, paths_of
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit
from ptscan.cli.flat import READINGS_AS_ASKED, Cell, Grid, Shape, short_readings
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Option, Showing, whole
from ptscan.cli.times import before, instant, moment
from ptscan.cli.words import Words, counted
from ptscan.collector import Device, StoredSupply, find_devices, history, list_devices, list_supplies

MOST_LISTED: Final = 100_000
"""Rows in one answer of the store."""
LATEST: Final = 1_000

_WORST_FIRST: Final = ("empty", "full", "low")


class DeviceRow(msgspec.Struct, frozen=True):
    """A device as its last reading says. ``worst_supply`` is the one that needs somebody first."""

    entity: str
    device_id: str
    address: str
    port: int
    manufacturer: str | None
    model: str | None
    serial: str | None
    mac: str | None
    name: str | None
    location: str | None
    firmware: str | None
    total: int | None
    color: int | None
    mono: int | None
    worst_supply: str | None
    worst_percent: float | None
    state: str
    conditions: list[str]
    first_at: str | None
    read_at: str | None
    received_at: str | None
    agent: str
    supplies: list[StoredSupply]


def devices(*, entity: EntityName = None, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """List the devices as their last readings say."""

    def read(connection: Connection) -> list[DeviceRow]:
        numbers, paths = entity_ids(connection, entity), paths_of(connection)
        supplies = list_supplies(connection, numbers)
        return [_row(device, paths, supplies.get(device.id, [])) for device in list_devices(connection, numbers)]

    words = Words(quiet=showing.quiet)
    rows = give_out(DEVICES, showing, folder, read)
    if len(rows) == MOST_LISTED:
        words.complain(f"these are the first {MOST_LISTED:,} devices, there may be more: name an entity by --entity")
        return Exit.DONE_IN_PART
    words.say(counted(len(rows), "device"))
    return Exit.DONE


def readings(
    device: Annotated[str, Option(name="DEVICE_ID", help="As devices shows it.")],
    /,
    *,
    entity: EntityName = None,
    since: Annotated[datetime | float | None, Option(moment, metavar="TIME")] = None,
    most: Annotated[int, Option(whole("number of readings", 1, MOST_LISTED), metavar="N")] = LATEST,
    showing: Showing = DEFAULT_SHOWING,
    folder: Folder = None,
) -> int:
    """Show the readings of a device, the oldest first; as JSON each is whole, as it was read.

    Parameters
    ----------
    since
        Not before: 2026-11-21, 2026-11-21T06:00:00Z, or 7d for seven days ago.
    most
        The latest so many.
    """

    def read(connection: Connection) -> list[Reading]:
        found = find_devices(connection, device, entity_ids(connection, entity))
        if not found:
            raise NoSuchThingError(f"there is no device {device[:80]!r}: ptscan collector devices names them")
        if len(found) > 1:
            paths = paths_of(connection)
            places = ", ".join(repr(paths[one.entity_id]) for one in found[:5])
            raise NoSuchThingError(f"{device!r} is known in {len(found)} entities: say which by --entity ({places})")
        start = None if since is None else before(since, time.time())
        return [decode(one.body, Reading) for one in history(connection, found[0].id, since=start, most=most)]

    found = give_out(HISTORY, showing, folder, read)
    more = f", the latest {most:,}: see --most" if len(found) == most else ""
    Words(quiet=showing.quiet).say(counted(len(found), "reading") + more)
    return Exit.DONE


def worst_of(supplies: Sequence[StoredSupply]) -> StoredSupply | None:
    """The supply that needs somebody first: by its state, then by what is left; None where no one says either."""

    def rank(supply: StoredSupply) -> tuple[int, float]:
        urgent = _WORST_FIRST.index(supply.state) if supply.state in _WORST_FIRST else len(_WORST_FIRST)
        return urgent, 101.0 if supply.percent is None else supply.percent

    telling = [one for one in supplies if one.percent is not None or one.state in _WORST_FIRST]
    return min(telling, key=rank, default=None)


def _row(device: Device, paths: dict[int, str], supplies: list[StoredSupply]) -> DeviceRow:
    worst = worst_of(supplies)
    return DeviceRow(
        entity=paths[device.entity_id],
        device_id=device.device_id,
        address=device.address,
        port=device.port,
        manufacturer=device.manufacturer,
        model=device.model,
        serial=device.serial,
        mac=device.mac,
        name=device.name,
        location=device.location,
        firmware=device.firmware,
        total=device.total,
        color=device.color,
        mono=device.mono,
        worst_supply=None if worst is None else _named(worst),
        worst_percent=None if worst is None else worst.percent,
        state=device.state,
        conditions=device.conditions,
        first_at=instant(device.first_at),
        read_at=instant(device.read_at),
        received_at=instant(device.received_at),
        agent=device.agent_id,
        supplies=supplies,
    )


def _named(supply: StoredSupply) -> str:
    name = " ".join(filter(None, (supply.color, supply.kind))) or supply.description or supply.row_index
    return name if supply.state == "ok" else f"{name} {supply.state}"


def _short(rows: Sequence[DeviceRow]) -> Grid:
    header = ("entity", "address", "device", "model", "total", "color", "mono", "worst supply", "state", "read")
    return Grid(header, [_short_row(row) for row in rows])


def _short_row(row: DeviceRow) -> tuple[Cell, ...]:
    maker, model = row.manufacturer or "", row.model or ""
    named = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    left = "" if row.worst_percent is None else f" {row.worst_percent:g}%"
    return (
        *(row.entity, shown(row.address, row.port), row.device_id, named.strip() or None),
        *(row.total, row.color, row.mono, None if row.worst_supply is None else row.worst_supply + left),
        *(row.state, row.read_at),
    )


def _short_history(readings: Sequence[Reading]) -> Grid:
    """As of a scan, with the time first."""
    grid = short_readings(readings)
    return Grid(
        ("time", *grid.header), [(reading.time, *row) for reading, row in zip(readings, grid.rows, strict=True)]
    )


DEVICES: Final = Shape[DeviceRow](listed(DeviceRow).wide, _short)
HISTORY: Final = Shape[Reading](READINGS_AS_ASKED.wide, _short_history, sheets=READINGS_AS_ASKED.sheets)
