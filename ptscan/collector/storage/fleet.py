"""Devices as their last readings say: their rows, supplies and alerts, kept as readings come in."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from ptscan.collector.storage.bulk import add_many, change_many, find_many, remove_many
from ptscan.collector.storage.judging import NOTHING, SAID, Judged, digest
from ptscan.collector.storage.sources import Source
from ptscan.collector.storage.tables import alerts, devices, supplies

Heard = tuple[Source, Judged]
"""What came, and from where."""
Key = tuple[int, str]
"""A device: its entity's number, and its ``device_id``."""
Change = tuple[Any, Judged]
"""A device's row as it was, and what it says now."""

_KEY: Final = ("entity_id", "device_id")
_KNOWN: Final = ("id", *_KEY, "spool_id", "sequence", "supplies_digest", "alerts_digest")
_NEW: Final = (
    *_KEY, "agent_id", "sequence", "address", "port", "state", "conditions", "first_at", "read_at", "received_at",
    "supplies_digest", "alerts_digest",
)  # fmt: skip
_CHANGED: Final = ("id", "agent_id", "spool_id", "sequence", "received_at", *SAID)
_SUPPLY: Final = (
    "device_id", "position", "row_index", "kind", "color", "description", "part_number", "serial", "level", "capacity",
    "unit", "percent", "state",
)  # fmt: skip
_ALERT: Final = (
    "device_id", "digest", "severity", "group_name", "code", "description", "location", "raised_at",
)  # fmt: skip


def keep_devices(connection: Connection, group: Sequence[Heard], *, now: float) -> dict[Key, int]:
    """Bring the devices of ``group`` up to date, in its order, which is that of a spool's sequences; their numbers."""
    newest: dict[Key, Heard] = {(source.entity_id, one.device_id): (source, one) for source, one in group}
    # In one order everywhere, so that two transactions that meet at the same devices never wait for each other.
    keys = sorted(newest)
    before = _rows(connection, keys)
    if missing := [key for key in keys if key not in before]:
        # Another agent of this entity may have just seen it, too.
        add_many(connection, devices, _NEW, [_new(key, *newest[key], now) for key in missing], conflict="DO NOTHING")
        before |= _rows(connection, missing)
    # What comes late from a spool that has said something newer is history, and no more.
    current: list[tuple[Any, Source, Judged]] = []
    for key in keys:
        row, (source, one) = before[key], newest[key]
        if row.spool_id != source.spool_id or row.sequence < one.sequence:
            current.append((row, source, one))
    rows = [(row.id, source.agent_id, source.spool_id, one.sequence, now, *one.said) for row, source, one in current]
    change_many(connection, devices, _CHANGED, rows)
    changes = [(row, one) for row, _, one in current]
    _keep_supplies(connection, [each for each in changes if each[0].supplies_digest != each[1].supplies_digest])
    _keep_alerts(connection, [each for each in changes if each[0].alerts_digest != each[1].alerts_digest])
    return {key: before[key].id for key in keys}


def _rows(connection: Connection, keys: list[Key]) -> dict[Key, Row[Any]]:
    found = find_many(connection, devices, _KEY, _KNOWN, keys, lock="UPDATE")
    return {(row.entity_id, row.device_id): row for row in found}


def _new(key: Key, source: Source, one: Judged, now: float) -> tuple[Any, ...]:
    """What a device's row holds before its first reading is written into it."""
    address, port = one.said[:2]
    return (*key, source.agent_id, 0, address, port, "unknown", "[]", now, one.read_at, now, NOTHING, NOTHING)


def _keep_supplies(connection: Connection, changes: list[Change]) -> None:
    gone = [(before.id,) for before, _ in changes if before.supplies_digest != NOTHING]
    remove_many(connection, supplies, ("device_id",), gone)
    rows = [
        (
            before.id, position, supply.index, supply.kind, supply.color, supply.description, supply.part_number,
            supply.serial, supply.level, supply.capacity, supply.unit, supply.percent, supply.state,
        )
        for before, one in changes
        for position, supply in enumerate(one.supplies)
    ]  # fmt: skip
    add_many(connection, supplies, _SUPPLY, rows)


def _keep_alerts(connection: Connection, changes: list[Change]) -> None:
    """Raise what is new, clear what is gone, let be what is said still."""
    raised: dict[int, dict[bytes, int]] = {before.id: {} for before, _ in changes}
    before_now = [(before.id,) for before, _ in changes if before.alerts_digest != NOTHING]
    columns = "id", "device_id", "digest"
    for row in find_many(connection, alerts, ("device_id",), columns, before_now, also="alerts.cleared_at IS NULL"):
        raised[row.device_id][row.digest] = row.id
    rows: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    for before, one in changes:
        said = {digest([alert]): alert for alert in one.alerts}
        there = raised[before.id]
        gone += [(there[key], one.read_at) for key in there if key not in said]
        rows += [
            (before.id, key, alert.severity, alert.group, alert.code, alert.description, alert.location, one.read_at)
            for key, alert in said.items()
            if key not in there
        ]
    change_many(connection, alerts, ("id", "cleared_at"), gone)
    add_many(connection, alerts, _ALERT, rows)
