"""A batch is stored exactly once, whatever of it was sent before, and what can't be stored holds up nothing else."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from proto_schema import (
    BATCH_RECORDS,
    Alert,
    Identity,
    Provenance,
    Reading,
    Refusal,
    Status,
    Supply,
    UploadReply,
    decode,
    encode,
)
from ptscan.collector.storage import (
    BatchError,
    Parcel,
    Store,
    counts,
    device_alerts,
    device_supplies,
    find_devices,
    get_agent,
    high_water,
    history,
    ingest,
    ingest_all,
    limits,
    list_devices,
    list_refusals,
    list_spools,
    open_store,
    reinstate,
    revoke,
    suspend,
)
from ptscan.collector.storage.judging import Judged, judge
from ptscan.collector.storage.tables import received, spools

from .stores import NOW, a_reading, an_agent, batch, record, toner, what_is_stored


def received_of(store: Store) -> list[tuple[int, int]]:
    return sorted(
        store.read(lambda connection: [(row.first, row.last) for row in connection.execute(received.select())])
    )


def test_a_batch_is_stored_and_said_to_be(store: Store) -> None:
    an_agent(store)
    reply = store.write(ingest, batch([record(1), record(2)]), agent_id="a1", now=NOW)
    assert reply == UploadReply(epoch="e1", upto=2)
    bodies = [encode(a_reading(total=1)), encode(a_reading(total=2))]
    assert what_is_stored(store) == [("a1", "e1", 1, bodies[0]), ("a1", "e1", 2, bodies[1])]


def test_a_redelivery_is_invisible(store: Store) -> None:
    an_agent(store)
    sent = batch([record(sequence) for sequence in range(1, 6)])
    first = store.write(ingest, sent, agent_id="a1", now=NOW)
    before = what_is_stored(store), store.read(list_devices)
    assert store.write(ingest, sent, agent_id="a1", now=NOW + 60) == first
    assert (what_is_stored(store), store.read(list_devices)) == before
    assert [(spool.stored, spool.redelivered) for spool in store.read(list_spools, "a1")] == [(5, 5)]


def test_what_overlaps_is_stored_where_it_is_new(store: Store) -> None:
    an_agent(store)
    for sequences in ((4, 5), (1, 2), (2, 3, 4), (9,), (5, 6, 7, 8, 9, 10)):
        store.write(ingest, batch(map(record, sequences)), agent_id="a1", now=NOW)
    assert [row[2] for row in what_is_stored(store)] == list(range(1, 11))
    assert received_of(store) == [(1, 10)]


def test_two_records_of_one_number_are_one(store: Store) -> None:
    an_agent(store)
    twice = batch([record(1, a_reading(total=1)), record(1, a_reading(total=2))])
    store.write(ingest, twice, agent_id="a1", now=NOW)
    assert [row[3] for row in what_is_stored(store)] == [encode(a_reading(total=1))]


def test_one_number_in_another_epoch_or_of_another_agent_is_another_record(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
    store.write(ingest, batch([record(1)], epoch="e2"), agent_id="a1", now=NOW)
    store.write(ingest, batch([record(1)]), agent_id="a2", now=NOW)
    assert [row[:3] for row in what_is_stored(store)] == [("a1", "e1", 1), ("a1", "e2", 1), ("a2", "e1", 1)]


def test_numbers_may_be_missing_and_come_late(store: Store) -> None:
    an_agent(store)
    store.write(ingest, batch(map(record, (10, 20))), agent_id="a1", now=NOW)
    assert store.read(high_water, agent_id="a1", epoch="e1") == 20
    store.write(ingest, batch(map(record, (15,))), agent_id="a1", now=NOW)
    assert received_of(store) == [(10, 10), (15, 15), (20, 20)]


def test_the_largest_number_there_is(store: Store) -> None:
    an_agent(store)
    reply = store.write(ingest, batch([record(limits.INTEGER, a_reading())]), agent_id="a1", now=NOW)
    assert reply.upto == limits.INTEGER
    assert store.read(high_water, agent_id="a1", epoch="e1") == limits.INTEGER


def test_an_empty_batch_says_nothing(store: Store) -> None:
    an_agent(store)
    assert store.write(ingest, batch([]), agent_id="a1", now=NOW) == UploadReply(epoch="e1", upto=0)
    assert store.read(high_water, agent_id="a1", epoch="e1") == 0


def deep(levels: int) -> object:
    return [] if levels == 1 else [deep(levels - 1)]


POISON = {
    "too-deep": msgspec.msgpack.encode(msgspec.to_builtins(a_reading()) | {"of_a_later_version": deep(40)}),
    "malformed": b"\xc1",
    "mistyped": msgspec.msgpack.encode({"device_id": 7}),
    "unknown-schema": encode(a_reading(schema="ptscan.reading/2")),
    "bad-time": encode(a_reading(at="yesterday")),
    "bad-device-id": encode(a_reading(device="x" * (limits.DEVICE_ID + 1))),
    "bad-address": encode(a_reading(port=65_536)),
    "bad-text": encode(a_reading(identity=Identity(model="One\0Two"))),
    "out-of-range": encode(a_reading(meters={"total": limits.INTEGER + 1})),
    "too-many-rows": encode(a_reading(supplies=[toner()] * (limits.SUPPLIES + 1))),
}


@pytest.mark.parametrize("code", POISON)
def test_a_poison_record_is_refused_and_holds_up_nothing_else(store: Store, code: str) -> None:
    an_agent(store)
    sent = batch([record(1), record(2, POISON[code]), record(3)])
    reply = store.write(ingest, sent, agent_id="a1", now=NOW)
    assert (reply.upto, [(refusal.sequence, refusal.code) for refusal in reply.refused]) == (3, [(2, code)])
    assert [row[2] for row in what_is_stored(store)] == [1, 3]


def test_a_refused_record_is_no_received_one_and_may_come_again(store: Store) -> None:
    an_agent(store)
    for _ in range(2):
        reply = store.write(ingest, batch([record(1, kind="weather")]), agent_id="a1", now=NOW)
        assert [refusal.code for refusal in reply.refused] == ["unknown-kind"]
    assert [(one.sequence, one.code, one.tries) for one in store.read(list_refusals, "a1")] == [(1, "unknown-kind", 2)]
    store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
    assert [row[2] for row in what_is_stored(store)] == [1]
    assert store.read(list_refusals) == []


def test_refusals_that_are_kept_have_a_limit(store: Store) -> None:
    an_agent(store)
    for start in (1, limits.REFUSALS + 1):
        sent = batch([record(sequence, b"") for sequence in range(start, start + limits.REFUSALS)])
        assert len(store.write(ingest, sent, agent_id="a1", now=NOW).refused) == limits.REFUSALS
    kept = [one.sequence for one in store.read(list_refusals)]
    assert sorted(kept) == list(range(limits.REFUSALS + 1, 2 * limits.REFUSALS + 1))


def forbid_7(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE readings ADD CONSTRAINT no_7 CHECK (total <> 7)"))
    else:
        trigger = "BEFORE INSERT ON readings WHEN new.total = 7 BEGIN SELECT raise(ABORT, 'no 7'); END"
        connection.execute(text(f"CREATE TRIGGER no_7 {trigger}"))


def test_what_the_database_itself_refuses_is_found_and_named(store: Store) -> None:
    an_agent(store)
    store.write(forbid_7)
    sent = batch([record(sequence) for sequence in range(1, 12)])
    reply = store.write(ingest, sent, agent_id="a1", now=NOW)
    assert [(refusal.sequence, refusal.code) for refusal in reply.refused] == [(7, "store-refused")]
    assert [row[2] for row in what_is_stored(store)] == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    assert store.read(list_devices)[0].total == 11


@pytest.mark.parametrize("epoch", ["", "a\0b"])
def test_an_epoch_that_is_none_is_refused(store: Store, epoch: str) -> None:
    an_agent(store)
    with pytest.raises(BatchError) as refused:
        store.write(ingest, batch([record(1)], epoch=epoch), agent_id="a1", now=NOW)
    assert refused.value.code == "bad-epoch"


def test_nothing_is_let_in_of_who_may_not_speak(store: Store) -> None:
    an_agent(store)

    def refusal() -> str:
        with pytest.raises(BatchError) as refused:
            store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
        return refused.value.code

    store.write(suspend, "a1", "two of them", now=NOW)
    assert refusal() == "suspended"
    store.write(reinstate, "a1")
    store.write(revoke, "a1", "sold", now=NOW)
    assert refusal() == "revoked"
    with pytest.raises(BatchError) as refused:
        store.write(ingest, batch([record(1)]), agent_id="nobody", now=NOW)
    assert refused.value.code == "unknown-agent"
    assert what_is_stored(store) == []


def test_an_agent_begins_so_many_spools_in_a_day_and_no_more(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    empty = {"agent_id": "a1", "first_at": NOW, "last_at": NOW, "stored": 0, "redelivered": 0, "refused": 0}
    rows = [empty | {"epoch": f"e{number}"} for number in range(limits.SPOOLS_A_DAY - 1)]
    store.write(lambda connection: connection.execute(spools.insert(), rows))

    def send(epoch: str, *, agent: str = "a1", now: float = NOW) -> int:
        return store.write(ingest, batch([record(1)], epoch=epoch), agent_id=agent, now=now).upto

    assert send("the last") == 1
    with pytest.raises(BatchError, match="in a day") as refused:
        send("one more")
    assert refused.value.code == "too-many-spools"
    # What was begun before goes on, another agent is none of this, and the next day is another one.
    assert (send("e0"), send("one more", agent="a2"), send("one more", now=NOW + limits.DAY)) == (1, 1, 1)


def test_one_batch_sent_over_many_connections_at_once_is_stored_once(store: Store) -> None:
    an_agent(store)
    sent = batch([record(sequence) for sequence in range(1, 51)])
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(store.write, ingest, sent, agent_id="a1", now=NOW) for _ in range(8)]
        assert {call.result().upto for call in calls} == {50}
    assert [row[2] for row in what_is_stored(store)] == list(range(1, 51))


def codes(replies: list[UploadReply | BatchError]) -> list[int | str]:
    return [reply.code if isinstance(reply, BatchError) else reply.upto for reply in replies]


def test_parcels_of_many_agents_are_stored_together_and_none_harms_another(store: Store) -> None:
    for agent in ("a1", "a2", "a3"):
        an_agent(store, agent)
    store.write(revoke, "a3", "sold", now=NOW)
    parcels = [
        Parcel("a2", batch(map(record, (1, 2)))),
        Parcel("nobody", batch(map(record, (1,)))),
        Parcel("a1", batch(map(record, (3, 4)))),
        Parcel("a3", batch(map(record, (1,)))),
        Parcel("a1", batch([])),
        Parcel("a1", batch([record(1)], epoch="")),
        Parcel("a1", batch([record(4), record(5, b""), record(6)])),
        Parcel("a1", batch([record(1)], epoch="e2")),
    ]
    replies = store.write(ingest_all, parcels, now=NOW)
    assert codes(replies) == [2, "unknown-agent", 4, "revoked", 0, "bad-epoch", 6, 1]
    assert [refusal.sequence for refusal in replies[6].refused] == [5]  # type: ignore[union-attr]
    assert [row[:3] for row in what_is_stored(store)] == [
        ("a1", "e1", 3), ("a1", "e1", 4), ("a1", "e1", 6), ("a1", "e2", 1), ("a2", "e1", 1), ("a2", "e1", 2),
    ]  # fmt: skip
    told = [(spool.stored, spool.redelivered, spool.refused) for spool in store.read(list_spools, "a1")]
    assert told == [(3, 1, 1), (1, 0, 0)]
    assert store.write(ingest_all, [], now=NOW) == []


def test_of_parcels_of_many_the_one_record_that_the_database_refuses_is_named(store: Store) -> None:
    for agent in ("a1", "a2", "a3"):
        an_agent(store, agent, entity=agent)
    store.write(forbid_7)
    parcels = [Parcel(agent, batch(map(record, range(5, 9)))) for agent in ("a1", "a3")]
    parcels.append(Parcel("a2", batch(map(record, range(1, 6)))))
    replies = store.write(ingest_all, parcels, now=NOW)
    refused = [[one.sequence for one in reply.refused] for reply in replies if isinstance(reply, UploadReply)]
    assert refused == [[7], [7], []]
    assert [row[2] for row in what_is_stored(store)] == [5, 6, 8, 1, 2, 3, 4, 5, 5, 6, 8]
    assert {device.total for device in store.read(list_devices)} == {8, 5}


def test_the_reply_to_a_batch_of_nothing_but_poison_is_a_message(store: Store) -> None:
    an_agent(store)
    poison = encode(a_reading(schema="\U0001f5a8" * 64))
    sent = batch([record(sequence, poison) for sequence in range(1, BATCH_RECORDS + 1)])
    reply = store.write(ingest, sent, agent_id="a1", now=NOW)
    assert len(reply.refused) == BATCH_RECORDS
    assert decode(encode(reply), UploadReply) == reply


TURNS = count()
SENT = st.tuples(st.sampled_from(["a1", "a2"]), st.sampled_from(["e1", "e2"]), st.sets(st.integers(1, 12), max_size=8))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions=st.lists(st.lists(SENT, max_size=4), max_size=6))
def test_whatever_comes_together_and_again_is_stored_once(
    store: Store, transactions: list[list[tuple[str, str, set[int]]]]
) -> None:
    """Each example has epochs of its own in one store; what a set of numbers would hold is what is stored."""
    turn = f"turn {next(TURNS)}."
    if store.read(get_agent, "a1") is None:
        an_agent(store)
        an_agent(store, "a2")
    expected: set[tuple[str, str, int]] = set()
    for sent in transactions:
        parcels = [
            Parcel(agent, batch(map(record, sorted(numbers)), epoch=f"{epoch} {turn}"))
            for agent, epoch, numbers in sent
        ]
        replies = store.write(ingest_all, parcels, now=NOW)
        assert codes(replies) == [max(numbers, default=0) for _, _, numbers in sent]
        expected |= {(agent, f"{epoch} {turn}", number) for agent, epoch, numbers in sent for number in numbers}
        assert {row[:3] for row in what_is_stored(store) if turn in row[1]} == expected
    told = store.read(list_spools, "a1") + store.read(list_spools, "a2")
    here = [spool for spool in told if turn in spool.epoch]
    came = sum(len(numbers) for sent in transactions for _, _, numbers in sent)
    assert sum(spool.stored for spool in here) == len(expected)
    assert sum(spool.stored + spool.redelivered for spool in here) == came


def test_agents_that_meet_at_the_same_devices_do_not_wait_for_each_other_for_ever(store: Store) -> None:
    names = [f"device-{number}" for number in range(20)]
    for agent in ("a1", "a2", "a3", "a4"):
        an_agent(store, agent)

    def send(agent: str, number: int) -> UploadReply:
        ordered = names if number % 2 else names[::-1]
        records = [record(number * 20 + place + 1, a_reading(name)) for place, name in enumerate(ordered)]
        return store.write(ingest, batch(records), agent_id=agent, now=NOW)

    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(send, agent, number) for number in range(4) for agent in ("a1", "a2", "a3", "a4")]
        assert all(call.result().refused == [] for call in calls)
    assert len(store.read(list_devices)) == 20
    assert store.read(counts).readings == 4 * 4 * 20


def test_transactions_that_meet_at_the_same_agents_spools_and_devices_wait_in_turn(store: Store) -> None:
    """As two collectors on one database may: each brings batches of all agents, in an order of its own."""
    agents = [f"a{number}" for number in range(6)]
    for agent in agents:
        an_agent(store, agent, entity=f"customer-{agent[-1] in '024'}")

    def send(turn: int) -> list[UploadReply | BatchError]:
        order = agents[turn % 6 :] + agents[: turn % 6]
        records = [record(number, a_reading(f"device-{number % 12}")) for number in range(turn + 1, turn + 9)]
        parcels = [Parcel(agent, batch(records[:: turn % 2 * 2 - 1])) for agent in order]
        return store.write(ingest_all, parcels, now=NOW)

    with ThreadPoolExecutor(4) as threads:
        for replies in threads.map(send, range(24)):
            assert [reply for reply in replies if isinstance(reply, BatchError) or reply.refused] == []
    stored = [row[:3] for row in what_is_stored(store)]
    assert stored == [(agent, "e1", number) for agent in agents for number in range(1, 32)]
    assert len(store.read(list_devices)) == 24


def test_a_device_says_what_its_last_reading_says(store: Store) -> None:
    place = an_agent(store)
    status = Status(state="down", conditions=["jammed", "door-open"])
    store.write(ingest, batch([record(1), record(2, a_reading(total=9, status=status))]), agent_id="a1", now=NOW)
    device = store.read(list_devices)[0]
    assert (device.entity_id, device.agent_id, device.device_id) == (place, "a1", "acme-1")
    assert (device.total, device.color, device.mono) == (9, 1, None)
    assert (device.state, device.conditions) == ("down", ["jammed", "door-open"])
    assert (device.manufacturer, device.model, device.read_at, device.received_at) == ("Acme", "One", NOW, NOW)


def test_a_clock_that_was_set_back_freezes_no_device(store: Store) -> None:
    an_agent(store)
    sent = [record(1, a_reading(total=1)), record(2, a_reading(total=2, at="1970-01-01T00:00:00Z"))]
    store.write(ingest, batch(sent), agent_id="a1", now=NOW)
    assert store.read(list_devices)[0].total == 2


def test_what_comes_late_of_a_spool_is_history(store: Store) -> None:
    an_agent(store)
    for sequence in (5, 3):
        store.write(ingest, batch([record(sequence)]), agent_id="a1", now=NOW)
    device = store.read(list_devices)[0]
    assert device.total == 5
    assert sorted(row.sequence for row in store.read(history, device.id)) == [3, 5]


def test_a_device_belongs_to_the_entity_of_the_agent_that_reads_it(store: Store) -> None:
    ours, theirs = an_agent(store, entity="dealer/one"), an_agent(store, "a2", entity="dealer/two")
    for agent in ("a1", "a2"):
        store.write(ingest, batch([record(1)]), agent_id=agent, now=NOW)
    assert [device.entity_id for device in store.read(find_devices, "acme-1")] == [ours, theirs]
    assert [device.agent_id for device in store.read(list_devices, [theirs])] == ["a2"]


def test_supplies_are_those_of_the_last_reading(store: Store) -> None:
    an_agent(store)
    for sequence, supplies in enumerate(([toner(50), toner(20, "1.2")], [toner(49)], [toner(49)], []), start=1):
        sent = batch([record(sequence, a_reading(supplies=supplies))])
        store.write(ingest, sent, agent_id="a1", now=NOW)
        device = store.read(list_devices)[0].id
        rows = [(row.row_index, row.percent) for row in store.read(device_supplies, device)]
        assert rows == [(supply.index, supply.percent) for supply in supplies]


def test_an_alert_lasts_from_the_reading_that_says_it_to_the_one_that_does_not(store: Store) -> None:
    an_agent(store)
    jam, low = Alert(severity="critical", code=8, description="Jam"), Alert(severity="warning", code=1104)
    steps = [[low], [low, jam, jam], [jam], [jam], []]
    for sequence, alerts in enumerate(steps, start=1):
        sent = batch([record(sequence, a_reading(alerts=alerts, at=f"2026-11-21T06:00:0{sequence}Z"))])
        store.write(ingest, sent, agent_id="a1", now=NOW)
        device = store.read(list_devices)[0].id
        assert {row.code for row in store.read(device_alerts, device)} == {alert.code for alert in alerts}
    told = [(row.code, row.raised_at, row.cleared_at) for row in store.read(device_alerts, device, cleared=True)]
    assert told == [(1104, NOW + 1, NOW + 3), (8, NOW + 2, NOW + 5)]


def test_what_has_no_column_is_kept_as_it_came(store: Store) -> None:
    an_agent(store)
    sent = a_reading(display=["Ready"], provenance={"meters.total": Provenance(source="snmp", at="1.3.6")})
    later = msgspec.msgpack.encode(msgspec.to_builtins(sent) | {"of_a_later_version": [1, {"a": b"\0"}]})
    store.write(ingest, batch([record(1, later)]), agent_id="a1", now=NOW)
    row = store.read(history, store.read(list_devices)[0].id)[0]
    assert row.body == later
    assert (row.agent_id, row.epoch, row.sequence, row.total) == ("a1", "e1", 1, 7)


def test_history_is_the_latest_of_a_span_the_oldest_first(store: Store) -> None:
    an_agent(store)
    sent = [record(number, a_reading(at=f"2026-11-21T06:00:0{number}Z")) for number in range(1, 8)]
    store.write(ingest, batch(sent), agent_id="a1", now=NOW)
    device = store.read(list_devices)[0].id
    assert [row.sequence for row in store.read(history, device, most=3)] == [5, 6, 7]
    assert [row.sequence for row in store.read(history, device, since=NOW + 2, until=NOW + 4)] == [2, 3]


def test_more_devices_than_one_query_asks_for(store: Store) -> None:
    an_agent(store)
    sent = batch([record(n, a_reading(f"device-{n}", total=n)) for n in range(1, 2 * limits.KEYS_AT_ONCE + 2)])
    for _ in range(2):
        assert store.write(ingest, sent, agent_id="a1", now=NOW).refused == []
    assert store.read(counts).devices == 2 * limits.KEYS_AT_ONCE + 1
    assert store.read(counts).doubled == 0


def test_values_of_all_kinds_stand_side_by_side(store: Store) -> None:
    an_agent(store)
    odd = [
        Supply(index="1.1", level=-3, capacity=limits.INTEGER, percent=0.1, description="Schwarz «Ü» \U0001f5a8"),
        Supply(index="1.2", level=None, capacity=1 << 40, percent=None, description='a "quoted", {text}\\'),
        Supply(index="1.3", level=1, capacity=None, percent=100.0, description="", color="NULL"),
    ]
    alerts = [Alert(code=None, description="%s %(x)s :y ?"), Alert(code=-1), Alert(code=limits.INTEGER, group="g")]
    bare = a_reading("bare", identity=Identity(), meters={}, supplies=[], alerts=[], status=Status())
    full = a_reading("full", meters={"total": 0, "mono": limits.INTEGER}, supplies=odd, alerts=alerts)
    for first in (1, 3):
        store.write(ingest, batch([record(first, bare), record(first + 1, full)]), agent_id="a1", now=NOW)
    one, other = store.read(list_devices)
    assert (one.model, one.total, one.mono, one.state, one.conditions) == (None, None, None, "unknown", [])
    assert (other.model, other.total, other.color, other.mono) == ("One", 0, None, limits.INTEGER)
    rows = store.read(device_supplies, other.id)
    assert [(row.level, row.capacity, row.percent, row.description, row.color) for row in rows] == [
        (supply.level, supply.capacity, supply.percent, supply.description, supply.color) for supply in odd
    ]
    told = store.read(device_alerts, other.id)
    assert [(row.code, row.description, row.group_name) for row in told] == [
        (alert.code, alert.description, alert.group) for alert in alerts
    ]
    assert store.read(device_supplies, one.id) == []


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"device": "x" * limits.DEVICE_ID}, {"device": "x" * (limits.DEVICE_ID + 1)}),
        ({"address": "x" * limits.ADDRESS}, {"address": "x" * (limits.ADDRESS + 1)}),
        ({"port": 65_535}, {"port": 65_536}),
        ({"supplies": [toner()] * limits.SUPPLIES}, {"supplies": [toner()] * (limits.SUPPLIES + 1)}),
        ({"alerts": [Alert()] * limits.ALERTS}, {"alerts": [Alert()] * (limits.ALERTS + 1)}),
        (
            {"meters": {str(number): 1 for number in range(limits.METERS)}},
            {"meters": {str(number): 1 for number in range(limits.METERS + 1)}},
        ),
        ({"meters": {"total": limits.INTEGER}}, {"meters": {"total": limits.INTEGER + 1}}),
        ({"alerts": [Alert(code=limits.INTEGER)]}, {"alerts": [Alert(code=limits.INTEGER + 1)]}),
        ({"supplies": [Supply(index="1", level=-(1 << 63))]}, {"supplies": [Supply(index="1", level=1 << 63)]}),
    ],
)
def test_a_reading_at_its_limits_is_taken_and_beyond_is_not(
    within: dict[str, Any], beyond: dict[str, Any], tmp_path: Path
) -> None:
    with open_store(str(tmp_path / "collector.db")) as store:
        an_agent(store)
        sent = batch([record(1, a_reading(**within)), record(2, a_reading(**beyond))])
        reply = store.write(ingest, sent, agent_id="a1", now=NOW)
        assert [refusal.sequence for refusal in reply.refused] == [2]
        assert [row[2] for row in what_is_stored(store)] == [1]


@given(garbage=st.binary(max_size=200))
def test_no_octets_raise(garbage: bytes) -> None:
    for octets in (garbage, encode(a_reading())[: len(garbage)], encode(a_reading()) + garbage[:1]):
        assert isinstance(judge(record(1, octets)), Judged | Refusal)


@given(
    cut=st.integers(0, 200),
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    field=st.sampled_from(Reading.__struct_fields__),
)
def test_no_value_of_a_field_raises(field: str, value: object, cut: int) -> None:
    whole = msgspec.msgpack.encode(msgspec.to_builtins(a_reading()) | {field: value})
    for octets in (whole, whole[:-cut] if cut else whole):
        assert isinstance(judge(record(1, octets)), Judged | Refusal)
