"""What is old goes, a little at a time, and takes nothing with it that is still true."""

from ptscan.collector.storage import (
    Device,
    Pruned,
    Store,
    add_token,
    device_alerts,
    device_supplies,
    history,
    ingest,
    list_devices,
    list_refusals,
    list_tokens,
    prune,
)

from .stores import NOW, a_reading, an_agent, batch, record

DAY = 86_400.0


def test_old_readings_go_but_the_last_of_a_device(store: Store) -> None:
    an_agent(store)
    for day in range(4):
        sent = [record(day * 2 + 1, a_reading("quiet" if day < 2 else "busy")), record(day * 2 + 2, a_reading("busy"))]
        store.write(ingest, batch(sent), agent_id="a1", now=NOW + day * DAY)
    pruned = store.write(prune, before=NOW + 3 * DAY)
    assert (pruned.readings, pruned.more) == (5, False)
    left = {device.device_id: [row.sequence for row in store.read(history, device.id)] for device in devices(store)}
    assert left == {"quiet": [3], "busy": [7, 8]}
    assert store.write(prune, before=NOW + 3 * DAY) == Pruned()


def devices(store: Store) -> list[Device]:
    return store.read(list_devices)


def test_what_was_deleted_and_comes_again_stays_deleted(store: Store) -> None:
    an_agent(store)
    sent = batch(map(record, range(1, 6)))
    store.write(ingest, sent, agent_id="a1", now=NOW)
    assert store.write(prune, before=NOW + DAY).readings == 4
    assert store.write(ingest, sent, agent_id="a1", now=NOW + DAY).upto == 5
    assert [row.sequence for row in store.read(history, devices(store)[0].id)] == [5]


def test_age_is_when_a_reading_came_and_not_what_an_agent_s_clock_said(store: Store) -> None:
    an_agent(store)
    sent = [record(number, a_reading(at=f"1970-01-0{number}T00:00:00Z")) for number in range(1, 4)]
    store.write(ingest, batch(sent), agent_id="a1", now=NOW)
    assert store.write(prune, before=NOW) == Pruned()


def test_a_little_at_a_time(store: Store) -> None:
    an_agent(store)
    store.write(ingest, batch(map(record, range(1, 12))), agent_id="a1", now=NOW)
    calls = [store.write(prune, before=NOW + DAY, most=4) for _ in range(3)]
    assert [(pruned.readings, pruned.more) for pruned in calls] == [(4, True), (4, True), (2, False)]


def test_alerts_that_are_over_refusals_and_tokens_go_too(store: Store) -> None:
    place = an_agent(store)
    store.write(add_token, b"later", entity_id=place, now=NOW, expires_at=NOW + 9 * DAY)
    for sequence, alerts in ((1, None), (2, [])):
        said = a_reading() if alerts is None else a_reading(alerts=alerts)
        store.write(ingest, batch([record(sequence, said)]), agent_id="a1", now=NOW)
    store.write(ingest, batch([record(3, a_reading()), record(4, b"")]), agent_id="a1", now=NOW)
    pruned = store.write(prune, before=NOW + DAY)
    assert (pruned.alerts, pruned.refusals, pruned.tokens) == (1, 1, 1)
    device = devices(store)[0].id
    assert len(store.read(device_alerts, device, cleared=True)) == 1
    assert len(store.read(device_supplies, device)) == 1
    assert [token.expires_at for token in store.read(list_tokens)] == [NOW + 9 * DAY]
    assert store.read(list_refusals) == []
