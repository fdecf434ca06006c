"""What is read of the store: devices, their history, supplies and alerts, spools, refusals, counts."""

import msgspec
from sqlalchemy import Connection, Select, func, select

from ptscan.collector.storage import limits
from ptscan.collector.storage.rows import Counts, Device, Refused, Spool, StoredAlert, StoredReading, StoredSupply
from ptscan.collector.storage.tables import agents, alerts, devices, entities, readings, refusals, spools, supplies


def list_devices(
    connection: Connection, entity_ids: list[int] | None = None, *, most: int = limits.ROWS_LISTED
) -> list[Device]:
    """The devices of these entities (None: of all), ordered by entity and ``device_id``."""
    query = _device_columns().order_by(devices.c.entity_id, devices.c.device_id).limit(_most(most))
    if entity_ids is not None:
        query = query.where(devices.c.entity_id.in_(entity_ids))
    return [_device(row) for row in connection.execute(query).mappings()]


def find_devices(connection: Connection, device_id: str, entity_ids: list[int] | None = None) -> list[Device]:
    """The devices of that ``device_id``: one in each entity that reads it."""
    query = _device_columns().where(devices.c.device_id == device_id).order_by(devices.c.entity_id)
    if entity_ids is not None:
        query = query.where(devices.c.entity_id.in_(entity_ids))
    return [_device(row) for row in connection.execute(query.limit(limits.ROWS_LISTED)).mappings()]


def history(
    connection: Connection,
    device: int,
    *,
    since: float | None = None,
    until: float | None = None,
    most: int = 1_000,
) -> list[StoredReading]:
    """The latest ``most`` readings of a device (by its number) with ``since <= read_at < until``, the oldest first."""
    columns = [column for name in StoredReading.__struct_fields__ if (column := readings.c.get(name)) is not None]
    query = (
        select(*columns, spools.c.agent_id, spools.c.epoch)
        .join(spools, spools.c.id == readings.c.spool_id)
        .where(readings.c.device_id == device)
        .order_by(readings.c.read_at.desc(), readings.c.id.desc())
        .limit(_most(most))
    )
    if since is not None:
        query = query.where(readings.c.read_at >= since)
    if until is not None:
        query = query.where(readings.c.read_at < until)
    rows = [StoredReading(**row) for row in connection.execute(query).mappings()]
    return rows[::-1]


def device_supplies(connection: Connection, device: int) -> list[StoredSupply]:
    """The supplies of a device's last reading, in its order."""
    columns = [supplies.c[name] for name in StoredSupply.__struct_fields__]
    query = select(*columns).where(supplies.c.device_id == device).order_by(supplies.c.position)
    return [StoredSupply(**row) for row in connection.execute(query).mappings()]


def list_supplies(connection: Connection, entity_ids: list[int] | None = None) -> dict[int, list[StoredSupply]]:
    """The supplies of all devices of these entities (None: of all), by the devices' numbers."""
    columns = [supplies.c[name] for name in StoredSupply.__struct_fields__]
    query = select(supplies.c.device_id, *columns).order_by(supplies.c.device_id, supplies.c.position)
    if entity_ids is not None:
        query = query.join(devices, devices.c.id == supplies.c.device_id).where(devices.c.entity_id.in_(entity_ids))
    found: dict[int, list[StoredSupply]] = {}
    for number, *values in connection.execute(query):
        found.setdefault(number, []).append(
            StoredSupply(**dict(zip(StoredSupply.__struct_fields__, values, strict=True)))
        )
    return found


def device_alerts(connection: Connection, device: int, *, cleared: bool = False) -> list[StoredAlert]:
    """What a device says of itself, and with ``cleared`` what it said before, the oldest first."""
    columns = [alerts.c[name] for name in StoredAlert.__struct_fields__]
    query = select(*columns).where(alerts.c.device_id == device).order_by(alerts.c.id).limit(limits.ROWS_LISTED)
    if not cleared:
        query = query.where(alerts.c.cleared_at.is_(None))
    return [StoredAlert(**row) for row in connection.execute(query).mappings()]


def devices_by_agent(connection: Connection) -> dict[str, int]:
    """How many devices each agent was the last to read, by its id."""
    rows = connection.execute(select(devices.c.agent_id, func.count().label("number")).group_by(devices.c.agent_id))
    return {row.agent_id: int(row.number) for row in rows}


def list_spools(connection: Connection, agent_id: str) -> list[Spool]:
    """The spools that an agent ever had, the newest last."""
    columns = [spools.c[name] for name in Spool.__struct_fields__]
    query = select(*columns).where(spools.c.agent_id == agent_id).order_by(spools.c.id)
    return [Spool(**row) for row in connection.execute(query).mappings()]


def list_refusals(connection: Connection, agent_id: str | None = None) -> list[Refused]:
    """What was refused when it came last (of one agent, or of all), the latest first."""
    columns = [refusals.c[name] for name in ("sequence", "code", "text", "tries", "refused_at")]
    query = (
        select(spools.c.agent_id, spools.c.epoch, *columns)
        .join(spools, spools.c.id == refusals.c.spool_id)
        .order_by(refusals.c.refused_at.desc(), refusals.c.spool_id, refusals.c.sequence)
        .limit(limits.ROWS_LISTED)
    )
    if agent_id is not None:
        query = query.where(spools.c.agent_id == agent_id)
    return [Refused(**row) for row in connection.execute(query).mappings()]


def counts(connection: Connection) -> Counts:
    """How much there is of everything; it looks at every reading."""
    numbers = {
        table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
        for table in (entities, agents, devices, readings)
    }
    once = select(readings.c.spool_id, readings.c.sequence).distinct().subquery()
    different = int(connection.scalar(select(func.count()).select_from(once)) or 0)
    sums = connection.execute(select(func.sum(spools.c.redelivered), func.sum(spools.c.refused))).one()
    return Counts(
        **numbers,
        doubled=numbers["readings"] - different,
        redelivered=int(sums[0] or 0),
        refused=int(sums[1] or 0),
    )


def _device_columns() -> Select[tuple[object, ...]]:
    return select(*[devices.c[name] for name in Device.__struct_fields__])


def _device(row: object) -> Device:
    fields = dict(row)  # type: ignore[call-overload]
    return Device(**fields | {"conditions": msgspec.json.decode(fields["conditions"], type=list[str])})


def _most(wanted: int) -> int:
    return max(0, min(wanted, limits.ROWS_LISTED))
