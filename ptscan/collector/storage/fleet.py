"""Devices as their last readings say: their rows, supplies and alerts, kept as readings come in."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ptscan.collector.storage.bulk import add_many, change_many, find_many, remove_many
from ptscan.collector.storage.judging import NOTHING, SAID, Judged, digest
from ptscan.collector.storage.sources import Source
from ptscan.collector.storage.tables import alerts, devices, supplies

Heard = tuple[Source, Judged]
"""What came, and from where."""
Key = tuple[int, str]
"""A device: its entity's number, and its ``device_id``."""
Before = Sequence[Any]
"""A device's number, and of its last reading the spool, the sequence and the digests of supplies and alerts."""
Change = tuple[int, bytes, bytes, Judged]
"""A device's number, the digests of its supplies and alerts as they were, and what it says now."""

_KEY: Final = ("entity_id", "device_id")
_KNOWN: Final = (*_KEY, "id", "spool_id", "sequence", "supplies_digest", "alerts_digest")
_NEW: Final = (
    *_KEY, "agent_id", "sequence", "address", "port", "state", "conditions", "first_at", "read_at", "received_at",
    "supplies_digest", "alerts_digest",
)  # fmt: skip
_CHANGED: Final = ("id", "sequence", "received_at", *SAID)
_MOVED: Final = ("id", "agent_id", "spool_id", "sequence", "received_at", *SAID)
_SUPPLY: Final = (
    "device_id", "position", "row_index", "kind", "color", "description", "part_number", "serial", "level", "capacity",
    "unit", "percent", "state",
)  # fmt: skip
_ALERT: Final = (
    "device_id", "digest", "severity", "group_name", "code", "description", "location", "raised_at",
)  # fmt: skip


def keep_devices(connection: Connection, group: Sequence[Heard], *, now: float) -> dict[Key, int]:
    """Bring the devices of ``group`` up to date, in its order, which is that of a spool's sequences; their numbers."""
    newest: dict[Key, Heard] = {(heard[0].entity_id, heard[1].device_id): heard for heard in group}
    # In one order everywhere, so that two transactions that meet at the same devices never wait for each other.
    keys = sorted(newest)
    before = _before(connection, keys)
    if missing := [key for key in keys if key not in before]:
        # Another agent of this entity may have just seen it, too.
        add_many(connection, devices, _NEW, [_new(key, *newest[key], now) for key in missing], conflict="DO NOTHING")
        before |= _before(connection, missing)
    changes, same, others = [], [], []
    for key in keys:
        source, one = newest[key]
        number, spool_id, sequence, supplies_digest, alerts_digest = before[key]
        if spool_id != source.spool_id:
            others.append((number, source.agent_id, source.spool_id, one.sequence, now, *one.said))
        elif sequence < one.sequence:
            same.append((number, one.sequence, now, *one.said))
        else:
            # What comes late from a spool that has said something newer is history, and no more.
            continue
        if supplies_digest != one.supplies_digest or alerts_digest != one.alerts_digest:
            changes.append((number, supplies_digest, alerts_digest, one))
    # What points at other rows is written only where it changes: SQLite would look there again, and sort it in again.
    change_many(connection, devices, _CHANGED, same)
    change_many(connection, devices, _MOVED, others)
    _keep_supplies(connection, changes)
    _keep_alerts(connection, changes)
    return {key: row[0] for key, row in before.items()}


def _before(connection: Connection, keys: list[Key]) -> dict[Key, Before]:
    """The rows of devices, locked until the transaction ends."""
    found = find_many(connection, devices, _KEY, _KNOWN, keys, lock="UPDATE")
    return {(row[0], row[1]): row[2:] for row in found}


def _new(key: Key, source: Source, one: Judged, now: float) -> tuple[Any, ...]:
    """What a device's row holds before its first reading is written into it."""
    address, port = one.said[:2]
    return (*key, source.agent_id, 0, address, port, "unknown", "[]", now, one.read_at, now, NOTHING, NOTHING)


def _keep_supplies(connection: Connection, changes: list[Change]) -> None:
    changed = [(number, before, one) for number, before, _, one in changes if before != one.supplies_digest]
    remove_many(connection, supplies, ("device_id",), [(number,) for number, before, _ in changed if before != NOTHING])
    rows = [
        (
            number, position, supply.index, supply.kind, supply.color, supply.description, supply.part_number,
            supply.serial, supply.level, supply.capacity, supply.unit, supply.percent, supply.state,
        )
        for number, _, one in changed
        for position, supply in enumerate(one.supplies)
    ]  # fmt: skip
    add_many(connection, supplies, _SUPPLY, rows)


def _keep_alerts(connection: Connection, changes: list[Change]) -> None:
    """Raise what is new, clear what is gone, let be what is said still."""
    changed = [(number, before, one) for number, _, before, one in changes if before != one.alerts_digest]
    raised: dict[int, dict[bytes, int]] = {number: {} for number, _, _ in changed}
    had = [(number,) for number, before, _ in changed if before != NOTHING]
    columns = "id", "device_id", "digest"
    for row in find_many(connection, alerts, ("device_id",), columns, had, also="alerts.cleared_at IS NULL"):
        raised[row.device_id][row.digest] = row.id
    rows: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    for number, _, one in changed:
        said = {digest([alert]): alert for alert in one.alerts}
        there = raised[number]
        gone += [(there[key], one.read_at) for key in there if key not in said]
        rows += [
            (number, key, alert.severity, alert.group, alert.code, alert.description, alert.location, one.read_at)
            for key, alert in said.items()
            if key not in there
        ]
    change_many(connection, alerts, ("id", "cleared_at"), gone)
    add_many(connection, alerts, _ALERT, rows)
