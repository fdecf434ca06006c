"""An agent is told what is stored of its spools, however much that is."""

from sqlalchemy import Connection, select

from proto_schema import EPOCHS, RANGES, Range, Received, Welcome, encode
from ptscan.collector.storage import Store, ingest, limits, received_of
from ptscan.collector.storage.tables import received, spools

from .stores import AT, NOW, an_agent, batch, record


def ranges(*pairs: tuple[int, int]) -> list[Range]:
    return [Range(first=first, last=last) for first, last in pairs]


def many_ranges(connection: Connection, epoch: str, many: int, *, start: int = 1) -> None:
    """As if every second record from ``start`` on had come."""
    row = {"agent_id": "a1", "epoch": epoch, "first_at": NOW, "last_at": NOW}
    connection.execute(spools.insert(), row | {"stored": 0, "redelivered": 0, "refused": 0})
    number = connection.scalar(select(spools.c.id).where(spools.c.epoch == epoch))
    rows = [{"spool_id": number, "first": first, "last": first} for first in range(start, start + 2 * many, 2)]
    connection.execute(received.insert(), rows)


def test_what_is_stored_of_each_epoch_that_is_asked_for(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    store.write(ingest, batch(map(record, (1, 2, 3, 7, 9, 10))), agent_id="a1", now=NOW)
    store.write(ingest, batch(map(record, (5,)), epoch="e2"), agent_id="a1", now=NOW)
    store.write(ingest, batch(map(record, (4,))), agent_id="a2", now=NOW)
    told = store.read(received_of, agent_id="a1", epochs=["e2", "never heard of", "e1"])
    assert told == [
        Received(epoch="e2", ranges=ranges((5, 5))),
        Received(epoch="never heard of", ranges=[]),
        Received(epoch="e1", ranges=ranges((1, 3), (7, 7), (9, 10))),
    ]
    assert (
        store.read(received_of, agent_id="a2", epochs=["e1", "e1"]) == [Received(epoch="e1", ranges=ranges((4, 4)))] * 2
    )
    assert store.read(received_of, agent_id="nobody", epochs=["e1", "a\0b"]) == [
        Received(epoch="e1", ranges=[]),
        Received(epoch="a\0b", ranges=[]),
    ]
    assert store.read(received_of, agent_id="a1", epochs=[]) == []


def test_of_very_many_ranges_the_last_are_told(store: Store) -> None:
    an_agent(store)
    store.write(many_ranges, "e1", RANGES + 1)
    (told,) = store.read(received_of, agent_id="a1", epochs=["e1"])
    assert told.ranges == ranges(*((first, first) for first in range(3, 2 * RANGES + 2, 2)))


def test_a_welcome_with_all_that_is_told_is_a_message(store: Store) -> None:
    an_agent(store)
    epochs = [f"epoch-{number}" for number in range(EPOCHS)]
    most = limits.RANGES_TOLD // RANGES
    for epoch in epochs[-most - 1 :]:
        store.write(many_ranges, epoch, RANGES, start=limits.INTEGER - 3 * RANGES)
    told = store.read(received_of, agent_id="a1", epochs=epochs)
    assert [one.epoch for one in told] == epochs
    assert [len(one.ranges) for one in told] == [0] * (EPOCHS - most) + [RANGES] * most
    encode(Welcome(at=AT, version="1", received=told))
