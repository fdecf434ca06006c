"""Devices as their last readings say: their rows, supplies and alerts, kept as readings come in."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from ptscan.collector.storage import limits
from ptscan.collector.storage.bulk import add_many, change_many
from ptscan.collector.storage.judging import NOTHING, Judged, digest
from ptscan.collector.storage.tables import alerts, devices, supplies

ItemT = TypeVar("ItemT")
Row = dict[str, Any]


def keep_devices(
    connection: Connection, group: Sequence[Judged], *, entity_id: int, agent_id: str, spool_id: int, now: float
) -> dict[str, int]:
    """Bring the devices of ``group`` up to date, in the order of its sequences; their numbers by ``device_id``."""
    newest: dict[str, Judged] = {one.reading.device_id: one for one in group}
    # In one order everywhere, so that two transactions that meet at the same devices never wait for each other.
    names = sorted(newest)
    before = _rows(connection, entity_id, names)
    if missing := [name for name in names if name not in before]:
        common = {"entity_id": entity_id, "agent_id": agent_id}
        rows = [{**common, **_new(newest[name], now), "device_id": name} for name in missing]
        # Another agent of this entity may have just seen it, too.
        if connection.dialect.name == "postgresql":
            connection.execute(postgresql.insert(devices).on_conflict_do_nothing(), rows)
        else:
            connection.execute(sqlite.insert(devices).on_conflict_do_nothing(), rows)
        before |= _rows(connection, entity_id, missing)
    # What comes late from a spool that has said something newer is history, and no more.
    current = {
        name: one
        for name, one in newest.items()
        if before[name].spool_id != spool_id or before[name].sequence < one.sequence
    }
    _update(
        connection, [(before[name].id, current[name]) for name in names if name in current], agent_id, spool_id, now
    )
    _keep_supplies(connection, [(before[name], current[name]) for name in names if name in current])
    _keep_alerts(connection, [(before[name], current[name]) for name in names if name in current])
    return {name: before[name].id for name in names}


def _rows(connection: Connection, entity_id: int, names: list[str]) -> dict[str, Any]:
    """The rows of these devices by name, locked in the order of their names (as Python sorts: by code points)."""
    name = devices.c.device_id
    order = name.collate("C") if connection.dialect.name == "postgresql" else name
    columns = devices.c.id, devices.c.device_id, devices.c.spool_id, devices.c.sequence
    query = (
        select(*columns, devices.c.supplies_digest, devices.c.alerts_digest)
        .where(devices.c.entity_id == entity_id, devices.c.device_id.in_(bindparam("names", expanding=True)))
        .order_by(order)
        .with_for_update()
    )
    found: dict[str, Any] = {}
    for some in _pieces(names):
        found |= {row.device_id: row for row in connection.execute(query, {"names": some})}
    return found


def _new(one: Judged, now: float) -> Row:
    """What a device's row holds before its first reading is written into it."""
    return {
        "spool_id": None,
        "sequence": 0,
        "address": one.reading.address,
        "port": one.reading.port,
        "state": "unknown",
        "conditions": "[]",
        "first_at": now,
        "read_at": one.read_at,
        "received_at": now,
        "supplies_digest": NOTHING,
        "alerts_digest": NOTHING,
    }


def _update(
    connection: Connection, current: list[tuple[int, Judged]], agent_id: str, spool_id: int, now: float
) -> None:
    rows: list[Row] = []
    for number, one in current:
        reading, identity = one.reading, one.reading.identity
        rows.append(
            {
                "number": number,
                "agent_id": agent_id,
                "spool_id": spool_id,
                "sequence": one.sequence,
                "address": reading.address,
                "port": reading.port,
                "manufacturer": identity.manufacturer,
                "model": identity.model,
                "serial": identity.serial,
                "mac": identity.mac,
                "name": identity.name,
                "location": identity.location,
                "firmware": identity.firmware,
                "state": reading.status.state,
                "conditions": msgspec.json.encode(reading.status.conditions).decode(),
                "total": reading.meters.get("total"),
                "color": reading.meters.get("color"),
                "mono": reading.meters.get("mono"),
                "read_at": one.read_at,
                "received_at": now,
                "supplies_digest": one.supplies_digest,
                "alerts_digest": one.alerts_digest,
            }
        )
    change_many(connection, devices, rows)


def _keep_supplies(connection: Connection, current: list[tuple[Any, Judged]]) -> None:
    changed = [(before, one) for before, one in current if before.supplies_digest != one.supplies_digest]
    doomed = delete(supplies).where(supplies.c.device_id.in_(bindparam("numbers", expanding=True)))
    for some in _pieces([before.id for before, _ in changed if before.supplies_digest != NOTHING]):
        connection.execute(doomed, {"numbers": some})
    rows = [
        {
            "device_id": before.id,
            "position": position,
            "row_index": supply.index,
            "kind": supply.kind,
            "color": supply.color,
            "description": supply.description,
            "part_number": supply.part_number,
            "serial": supply.serial,
            "level": supply.level,
            "capacity": supply.capacity,
            "unit": supply.unit,
            "percent": supply.percent,
            "state": supply.state,
        }
        for before, one in changed
        for position, supply in enumerate(one.reading.supplies)
    ]
    add_many(connection, supplies, rows)


def _keep_alerts(connection: Connection, current: list[tuple[Any, Judged]]) -> None:
    """Raise what is new, clear what is gone, let be what is said still."""
    changed = [(before, one) for before, one in current if before.alerts_digest != one.alerts_digest]
    if not changed:
        return
    raised: dict[int, dict[bytes, int]] = {before.id: {} for before, _ in changed}
    query = select(alerts.c.id, alerts.c.device_id, alerts.c.digest).where(
        alerts.c.device_id.in_(bindparam("numbers", expanding=True)), alerts.c.cleared_at.is_(None)
    )
    for some in _pieces(list(raised)):
        for row in connection.execute(query, {"numbers": some}):
            raised[row.device_id][row.digest] = row.id
    rows: list[Row] = []
    gone: list[Row] = []
    for before, one in changed:
        said = {digest([alert]): alert for alert in one.reading.alerts}
        there = raised[before.id]
        gone += [{"number": there[key], "cleared_at": one.read_at} for key in there if key not in said]
        rows += [
            {
                "device_id": before.id,
                "digest": key,
                "severity": alert.severity,
                "group_name": alert.group,
                "code": alert.code,
                "description": alert.description,
                "location": alert.location,
                "raised_at": one.read_at,
            }
            for key, alert in said.items()
            if key not in there
        ]
    change_many(connection, alerts, gone)
    add_many(connection, alerts, rows)


def _pieces(items: list[ItemT]) -> Iterator[Iterable[ItemT]]:
    for start in range(0, len(items), limits.KEYS_AT_ONCE):
        yield items[start : start + limits.KEYS_AT_ONCE]
