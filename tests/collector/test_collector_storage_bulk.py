"""Rows in bulk are the rows that one by one would be, on both databases, whatever values they hold."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Row, delete, insert, select

from ptscan.collector.storage import Store, get_agent, ingest, limits, list_devices
from ptscan.collector.storage.bulk import add_many, change_many, find_many, remove_many
from ptscan.collector.storage.tables import alerts, devices, spools, supplies

from .stores import NOW, an_agent, batch, record

TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
NUMBER = st.integers(-limits.INTEGER - 1, limits.INTEGER)
# At a place in a device's list: an integer, two texts, numbers or nothing.
ROW = st.tuples(TEXT, st.none() | TEXT, st.none() | NUMBER, st.none() | st.floats(allow_nan=False), TEXT)
NAMES = ("device_id", "position", "row_index", "kind", "level", "percent", "state")


def a_device(store: Store) -> int:
    if store.read(get_agent, "a1") is None:
        an_agent(store)
        store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
    return store.read(list_devices)[0].id


def rows_of(connection: Connection, *columns: str) -> list[Row[Any]]:
    query = select(*[supplies.c[name] for name in columns]).order_by(supplies.c.position)
    return list(connection.execute(query).all())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=st.lists(ROW, max_size=5))
def test_what_is_added_is_there_as_it_was_given(store: Store, values: list[tuple[Any, ...]]) -> None:
    device = a_device(store)
    rows = [(device, place, *value) for place, value in enumerate(values)]

    def both_ways(connection: Connection) -> list[list[Row[Any]]]:
        found = []
        for way in ("bulk", "one by one"):
            connection.execute(delete(supplies))
            if way == "bulk":
                add_many(connection, supplies, NAMES, rows)
            else:
                for row in rows:
                    connection.execute(insert(supplies), dict(zip(NAMES, row, strict=True)))
            found.append(rows_of(connection, *NAMES))
        return found

    bulk, one_by_one = store.write(both_ways)
    assert bulk == one_by_one
    assert [tuple(row) for row in bulk] == rows


def test_octets_and_nothing_but_nothing(store: Store) -> None:
    device = a_device(store)

    def write(connection: Connection) -> list[tuple[Any, ...]]:
        connection.execute(delete(alerts))
        names = ("device_id", "digest", "severity", "code", "raised_at")
        rows = [(device, bytes(range(256)), None, None, 1e-300), (device, b"", None, None, -1.5)]
        add_many(connection, alerts, names, rows)
        return [tuple(row) for row in connection.execute(select(*[alerts.c[name] for name in names]))]

    assert store.write(write) == [(device, bytes(range(256)), None, None, 1e-300), (device, b"", None, None, -1.5)]


def test_what_conflicts_is_passed_over_or_changed(store: Store) -> None:
    device = a_device(store)

    def write(connection: Connection) -> list[tuple[Any, ...]]:
        connection.execute(delete(supplies))
        change = "(device_id, position) DO UPDATE SET state = excluded.state"
        for conflict, places, state in (("", (0, 1), "ok"), ("DO NOTHING", (1, 2), "low"), (change, (2, 3), "empty")):
            rows = [(device, place, "1", None, None, None, state) for place in places]
            add_many(connection, supplies, NAMES, rows, conflict=conflict)
        return [tuple(row) for row in rows_of(connection, "position", "state")]

    assert store.write(write) == [(0, "ok"), (1, "ok"), (2, "empty"), (3, "empty")]


def test_only_the_rows_that_are_named_are_changed_counted_and_removed(store: Store) -> None:
    an_agent(store)

    def write(connection: Connection) -> list[list[tuple[Any, ...]]]:
        names = ("agent_id", "epoch", "first_at", "last_at", "stored", "redelivered", "refused")
        add_many(connection, spools, names, [("a1", f"e{number}", NOW, NOW, 10, 20, 30) for number in range(4)])
        look = select(spools.c.epoch, spools.c.last_at, spools.c.stored, spools.c.refused).order_by(spools.c.epoch)
        numbers = connection.scalars(select(spools.c.id).order_by(spools.c.epoch)).all()
        rows = [(numbers[2], 1.0, 1, 2), (numbers[0], 2.0, 3, 4)]
        change_many(connection, spools, ("id", "last_at", "stored", "refused"), rows, adding=("stored", "refused"))
        changed = [tuple(row) for row in connection.execute(look)]
        remove_many(connection, spools, ("agent_id", "epoch"), [("a1", "e1"), ("a2", "e2"), ("a1", "e3")])
        return [changed, [tuple(row) for row in connection.execute(look)]]

    changed, left = store.write(write)
    assert changed == [("e0", 2.0, 13, 34), ("e1", NOW, 10, 30), ("e2", 1.0, 11, 32), ("e3", NOW, 10, 30)]
    assert left == [changed[0], changed[2]]


@pytest.mark.parametrize("many", [0, 1, limits.KEYS_AT_ONCE // 2, limits.KEYS_AT_ONCE + 1])
def test_what_is_looked_for_is_found_however_much_it_is(store: Store, many: int) -> None:
    place = an_agent(store)

    def look(connection: Connection) -> list[tuple[Any, ...]]:
        names = (
            "entity_id", "device_id", "agent_id", "sequence", "address", "port", "state", "conditions", "first_at",
            "read_at", "received_at", "supplies_digest", "alerts_digest",
        )  # fmt: skip
        same = ("a1", 1, "127.0.0.1", 161, "idle", "[]", NOW, NOW, NOW, b"", b"")
        add_many(connection, devices, names, [(place, f"ä{number}", *same) for number in range(many)])
        wanted = [(place, f"ä{number}") for number in range(many)] + [(place + 1, "ä0"), (place, "nothing")]
        found = find_many(connection, devices, names[:2], ("device_id", "port"), wanted, lock="UPDATE")
        return [tuple(row) for row in found]

    found = store.write(look)
    assert sorted(found) == sorted((f"ä{number}", 161) for number in range(many))
