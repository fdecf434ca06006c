"""Entities and agents are put elsewhere, and take with them what is theirs: devices, with all of their history."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from proto_schema import Alert
from ptscan.collector.storage import (
    Device,
    EntityError,
    Store,
    counts,
    device_alerts,
    device_supplies,
    ensure_entity,
    find_entity,
    get_agent,
    history,
    ingest,
    limits,
    list_devices,
    list_entities,
    move_agent,
    move_entity,
)

from .stores import NOW, a_reading, an_agent, batch, record, toner, what_is_stored


def paths(store: Store) -> list[str]:
    return [entity.path for entity in store.read(list_entities) if entity.path]


def at(store: Store, path: str) -> int:
    return store.read(find_entity, path).id


def send(store: Store, agent_id: str, sequence: int, device: str, *, now: float = NOW, **fields: object) -> None:
    reading = a_reading(device, total=sequence, **fields)
    store.write(ingest, batch([record(sequence, reading)]), agent_id=agent_id, now=now)


def devices(store: Store) -> list[tuple[int, str, str]]:
    return [(device.entity_id, device.device_id, device.agent_id) for device in store.read(list_devices)]


def the_device(store: Store) -> Device:
    (device,) = store.read(list_devices)
    return device


def test_an_entity_is_renamed_and_moved_with_all_below_it(store: Store) -> None:
    site = store.write(ensure_entity, "dealer/customer/site", now=NOW).id
    store.write(ensure_entity, "region", now=NOW)
    moved = store.write(move_entity, at(store, "dealer/customer"), "region/client", now=NOW)
    assert moved.path == "region/client"
    assert paths(store) == ["dealer", "region", "region/client", "region/client/site"]
    assert at(store, "region/client/site") == site
    store.write(move_entity, moved.id, "region/client", now=NOW)
    store.write(move_entity, moved.id, "client", now=NOW)
    assert paths(store) == ["client", "dealer", "region", "client/site"]


DEEPEST = "/".join(["d"] * (limits.ENTITY_DEPTH - 1))


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a/b/a", "below"),
        ("a/a", "below"),
        ("c", "there already"),
        ("nowhere/a", "make it first"),
        ("", "root"),
        ("c//a", "no entity's name"),
        ("c/x\ny", "no entity's name"),
        (f"{DEEPEST}/d", "names in"),
        (f"{DEEPEST[:-2]}/a", "too deep"),
    ],
)
def test_an_entity_is_not_moved_where_the_tree_would_be_none(store: Store, path: str, why: str) -> None:
    for made in ("a/b", "c", DEEPEST):
        store.write(ensure_entity, made, now=NOW)
    before = store.read(list_entities)
    with pytest.raises(EntityError, match=why):
        store.write(move_entity, at(store, "a"), path, now=NOW)
    assert store.read(list_entities) == before


def test_neither_the_root_nor_what_is_not_there_is_moved(store: Store) -> None:
    for number, why in ((at(store, ""), "root"), (10_000, "no entity")):
        with pytest.raises(EntityError, match=why):
            store.write(move_entity, number, "a", now=NOW)


def test_an_agent_takes_the_devices_that_it_read_last_and_their_history(store: Store) -> None:
    old, new = an_agent(store), store.write(ensure_entity, "other", now=NOW).id
    an_agent(store, "a2")
    send(store, "a1", 1, "shared")
    for sequence in (2, 3):
        send(store, "a1", sequence, "mine")
    send(store, "a2", 1, "shared")
    before = what_is_stored(store)
    assert store.write(move_agent, "a1", new, now=NOW)
    assert devices(store) == [(old, "shared", "a2"), (new, "mine", "a1")]
    mine = store.read(list_devices, [new])[0]
    assert [row.sequence for row in store.read(history, mine.id)] == [2, 3]
    assert (store.read(device_supplies, mine.id), what_is_stored(store)) != ([], before[:0])
    assert what_is_stored(store) == before
    send(store, "a1", 4, "mine")
    assert devices(store) == [(old, "shared", "a2"), (new, "mine", "a1")]
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert agent.entity_id == new


@pytest.mark.parametrize("heard_last", ["a1", "a2"])
def test_a_device_that_both_entities_have_becomes_one(store: Store, heard_last: str) -> None:
    low, jam = Alert(code=1, description="low"), Alert(code=2, description="jam")
    an_agent(store, "a1", entity="one")
    there = an_agent(store, "a2", entity="two")
    for agent, alerts, level in (("a1", [low], 10), ("a2", [low, jam], 90)):
        send(store, agent, 1, "both", now=NOW + (agent == heard_last), alerts=alerts, supplies=[toner(level)])
    assert store.write(move_agent, "a1", there, now=NOW + 5)
    device = the_device(store)
    assert (device.entity_id, device.agent_id, device.first_at) == (there, heard_last, NOW)
    assert len(store.read(history, device.id)) == 2
    assert [row.percent for row in store.read(device_supplies, device.id)] == [10 if heard_last == "a1" else 90]
    said = [1] if heard_last == "a1" else [1, 2]
    assert [alert.code for alert in store.read(device_alerts, device.id)] == said
    assert len(store.read(device_alerts, device.id, cleared=True)) == 3
    # What is said next is held against what was said last.
    send(store, "a1", 2, "both", now=NOW + 6, alerts=[jam])
    assert [alert.code for alert in store.read(device_alerts, device.id)] == [2]
    assert store.read(counts).doubled == 0
    assert store.check() == []


def test_an_agent_that_is_there_or_is_none_is_not_moved(store: Store) -> None:
    place = an_agent(store)
    assert not store.write(move_agent, "a1", place, now=NOW)
    assert not store.write(move_agent, "nobody", place, now=NOW)
    with pytest.raises(EntityError, match="no entity"):
        store.write(move_agent, "a1", 10_000, now=NOW)


def test_an_agent_that_is_moved_while_it_sends_has_its_devices_in_one_entity(store: Store) -> None:
    places = [an_agent(store), store.write(ensure_entity, "other", now=NOW).id]
    names = [f"d{number}" for number in range(20)]

    def feed(turn: int) -> None:
        records = [record(turn * 20 + place + 1, a_reading(name)) for place, name in enumerate(names)]
        store.write(ingest, batch(records), agent_id="a1", now=NOW)

    def move(turn: int) -> None:
        store.write(move_agent, "a1", places[turn % 2], now=NOW)

    with ThreadPoolExecutor(2) as threads:
        work: list[tuple[Callable[[int], None], int]] = [(step, turn) for turn in range(20) for step in (feed, move)]
        for call in [threads.submit(step, turn) for step, turn in work]:
            call.result()
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert {(entity_id, name) for entity_id, name, _ in devices(store)} == {(agent.entity_id, name) for name in names}
    assert len(what_is_stored(store)) == 400
