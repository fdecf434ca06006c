"""An agent that was enrolled again has each reading stored once, whatever of it came under the ids it had before."""

from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, select, update

from proto_schema import Range, Received, UploadReply
from ptscan.collector.storage import (
    BatchError,
    Parcel,
    Store,
    get_agent,
    ingest,
    ingest_all,
    limits,
    list_spools,
    received_of,
    revoke,
    suspend,
)
from ptscan.collector.storage.formers import lines_of
from ptscan.collector.storage.tables import agents, received, spools

from .stores import NOW, an_agent, batch, record, what_is_stored


def enrolled(store: Store, agent_id: str, former: str | None = None) -> None:
    an_agent(store, agent_id)
    store.write(lambda connection: connection.execute(
        update(agents).where(agents.c.id == agent_id).values(former_id=former)
    ))  # fmt: skip


def send(store: Store, agent_id: str, sequences: Iterable[int], epoch: str = "e1") -> UploadReply:
    return store.write(ingest, batch(map(record, sequences), epoch=epoch), agent_id=agent_id, now=NOW)


def stored(store: Store) -> list[tuple[str, str, int]]:
    return [(agent_id, epoch, sequence) for agent_id, epoch, sequence, _ in what_is_stored(store)]


def told(store: Store, agent_id: str, *epochs: str) -> dict[str, list[tuple[int, int]]]:
    known = store.read(received_of, agent_id=agent_id, epochs=epochs)
    return {one.epoch: [(within.first, within.last) for within in one.ranges] for one in known}


def test_what_the_former_one_stored_is_passed_over_and_the_rest_is_stored(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1, 2, 3, 7))
    store.write(revoke, "a1", "sold", now=NOW)
    enrolled(store, "a2", "a1")
    assert send(store, "a2", range(1, 10)) == UploadReply(epoch="e1", upto=9)
    assert stored(store) == [*(("a1", "e1", n) for n in (1, 2, 3, 7)), *(("a2", "e1", n) for n in (4, 5, 6, 8, 9))]
    [spool] = store.read(list_spools, "a2")
    assert (spool.stored, spool.redelivered) == (5, 4)
    assert told(store, "a2", "e1") == {"e1": [(1, 9)]}
    assert told(store, "a1", "e1") == {"e1": [(1, 3), (7, 7)]}


def test_two_agents_without_such_a_claim_stay_apart(store: Store) -> None:
    enrolled(store, "a1")
    enrolled(store, "a2")
    enrolled(store, "a3", "never heard of")
    send(store, "a1", (1, 2))
    for agent_id in ("a2", "a3"):
        assert told(store, agent_id, "e1") == {"e1": []}
        send(store, agent_id, (1, 2))
    assert len(stored(store)) == 6


def test_a_false_claim_makes_the_claimer_s_own_records_be_passed_over_and_no_other_s(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1, 2))
    enrolled(store, "thief", "a1")
    send(store, "thief", (2, 3, 4))
    send(store, "a1", (3, 4, 5))
    assert stored(store) == [*(("a1", "e1", n) for n in range(1, 6)), ("thief", "e1", 3), ("thief", "e1", 4)]
    assert told(store, "a1", "e1") == {"e1": [(1, 5)]}


def test_another_epoch_is_another_spool(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1, 2))
    enrolled(store, "a2", "a1")
    send(store, "a2", (1, 2), "e2")
    assert stored(store) == [("a1", "e1", 1), ("a1", "e1", 2), ("a2", "e2", 1), ("a2", "e2", 2)]
    assert told(store, "a2", "e2", "e1", "e3") == {"e2": [(1, 2)], "e1": [(1, 2)], "e3": []}


def test_what_several_had_before_is_joined(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1, 2, 5, 9, limits.INTEGER))
    enrolled(store, "a2", "a1")
    # As two of a line have it where one sent what was on its way after the other had begun.
    row = {
        "agent_id": "a2",
        "epoch": "e1",
        "first_at": NOW,
        "last_at": NOW,
        "stored": 0,
        "redelivered": 0,
        "refused": 0,
    }

    def write(connection: Connection) -> None:
        connection.execute(spools.insert(), row)
        number = connection.scalar(select(spools.c.id).where(spools.c.agent_id == "a2"))
        rows = [{"spool_id": number, "first": first, "last": last} for first, last in ((1, 1), (3, 5), (7, 8))]
        connection.execute(received.insert(), rows)

    store.write(write)
    enrolled(store, "a3", "a2")
    assert told(store, "a3", "e1") == {"e1": [(1, 1), (3, 5), (7, 8)]}
    send(store, "a3", (6,))
    assert told(store, "a3", "e1") == {"e1": [(1, 9), (limits.INTEGER, limits.INTEGER)]}
    assert stored(store)[-1] == ("a3", "e1", 6)


def test_a_line_is_gone_along_to_its_limit_and_never_in_a_circle(store: Store) -> None:
    for number in range(limits.FORMERS + 3):
        enrolled(store, f"a{number}", f"a{number - 1}" if number else None)
    send(store, "a1", (1,))
    last = f"a{limits.FORMERS + 1}"
    assert store.read(lines_of, [last, "a2", "a0", "nobody"]) == {
        last: [f"a{number}" for number in range(limits.FORMERS, 0, -1)],
        "a2": ["a1", "a0"],
    }
    assert told(store, last, "e1") == {"e1": [(1, 1)]}
    assert told(store, f"a{limits.FORMERS + 2}", "e1") == {"e1": []}
    for one, other in (("c1", "c2"), ("c2", "c3"), ("c3", "c1"), ("d1", "d1")):
        enrolled(store, one, other)
    assert store.read(lines_of, ["c1", "c3", "d1"]) == {"c1": ["c2", "c3"], "c3": ["c1", "c2"]}
    for one in ("c1", "c2", "c3", "d1"):
        send(store, one, (1,))
    assert stored(store) == [("a1", "e1", 1), ("c1", "e1", 1), ("d1", "e1", 1)]


@pytest.mark.parametrize("order", [("a1", "a2", "a3"), ("a3", "a2", "a1"), ("a2", "a3", "a1", "a2")])
def test_what_is_stored_together_is_stored_once_the_former_one_s_first(store: Store, order: tuple[str, ...]) -> None:
    enrolled(store, "a1")
    enrolled(store, "a2", "a1")
    enrolled(store, "a3", "a2")
    parcels = [Parcel(agent_id, batch(map(record, range(1, 2 + int(agent_id[1]))))) for agent_id in order]
    replies = store.write(ingest_all, [*parcels, Parcel("nobody", batch([record(1)]))], now=NOW)
    assert [getattr(reply, "upto", reply) for reply in replies[:-1]] == [1 + int(agent_id[1]) for agent_id in order]
    assert isinstance(replies[-1], BatchError)
    assert stored(store) == [("a1", "e1", 1), ("a1", "e1", 2), ("a2", "e1", 3), ("a3", "e1", 4)]


def test_what_comes_together_in_a_circle_is_stored_once(store: Store) -> None:
    for one, other in (("c1", "c2"), ("c2", "c3"), ("c3", "c1")):
        enrolled(store, one, other)
    parcels = [Parcel(agent_id, batch([record(1)])) for agent_id in ("c1", "c2", "c3")]
    replies = store.write(ingest_all, parcels, now=NOW)
    assert replies == [UploadReply(epoch="e1", upto=1)] * 3
    assert len(stored(store)) == 1


def test_who_may_not_speak_any_more_holds_nobody_up(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1,))
    store.write(suspend, "a1", "copied", now=NOW)
    enrolled(store, "a2", "a1")
    parcels = [Parcel("a2", batch(map(record, (1, 2)))), Parcel("a1", batch(map(record, (1, 2))))]
    replies = store.write(ingest_all, parcels, now=NOW)
    assert replies[0] == UploadReply(epoch="e1", upto=2)
    assert isinstance(replies[1], BatchError)
    assert stored(store) == [("a1", "e1", 1), ("a2", "e1", 2)]


def test_what_fails_takes_nothing_over(store: Store) -> None:
    enrolled(store, "a1")
    send(store, "a1", (1,))
    enrolled(store, "a2", "a1")

    def fail(connection: Connection) -> None:
        ingest(connection, batch(map(record, (1, 2))), agent_id="a2", now=NOW)
        raise KeyError

    with pytest.raises(KeyError):
        store.write(fail)
    assert store.read(list_spools, "a2") == []
    assert store.read(received_of, agent_id="a2", epochs=["e1"]) == [
        Received(epoch="e1", ranges=[Range(first=1, last=1)])
    ]
    agent = store.read(get_agent, "a2")
    assert agent is not None
    assert agent.former_id == "a1"
