"""The checker cries at whatever is wrong, by its name, and at nothing else."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from checking import Verdict, compare, read_store
from ledger import Ledger, Told, read_ledger
from sqlalchemy import text
from stores import AT, NOW, an_agent

from proto_schema import READING, Batch, Identity, Reading, Record, encode
from ptscan.collector import get_agent, ingest, open_store

EPOCH = "e1"
RECORDS = 40


def body(name: str, number: int) -> bytes:
    return encode(
        Reading(
            device_id=f"device-{number % 5}", address="127.0.0.1", port=161, time=AT,
            identity=Identity(asset=name), meters={"total": number},
        )
    )  # fmt: skip


def told_of(path: Path, numbers: range) -> Told:
    """A ledger of readings of which each was spooled."""
    pen = Ledger(path)
    pen.intend((f"1-{number}", body(f"1-{number}", number)) for number in numbers)
    pen.spooled((f"1-{number}", number) for number in numbers)
    return read_ledger(path)


def keep(url: str, numbers: range, agent_id: str = "a1", *, name: str = "1-{}") -> None:
    """Store readings as an agent's."""
    records = [
        Record(sequence=number, kind=READING, at=AT, body=body(name.format(number), number)) for number in numbers
    ]
    with open_store(url) as store:
        if store.read(get_agent, agent_id) is None:
            an_agent(store, agent_id)
        store.write(ingest, Batch(epoch=EPOCH, records=records), agent_id=agent_id, now=NOW)


@pytest.fixture
def url(store_url: str) -> str:
    """A store of forty readings."""
    keep(store_url, range(1, RECORDS + 1))
    return store_url


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """The ledger of the same forty."""
    return told_of(tmp_path / "ledger", range(1, RECORDS + 1))


@contextmanager
def changed(url: str) -> Iterator[Callable[[str], None]]:
    """Change a store behind everybody's back."""
    with open_store(url) as store:

        def change(words: str) -> None:
            store.write(lambda connection: connection.execute(text(words)))

        yield change


def verdict_of(told: Told, url: str) -> Verdict:
    return compare(told, read_store(url), "a1")


def test_where_all_is_well_it_is_quiet(told: Told, url: str) -> None:
    verdict = verdict_of(told, url)
    assert verdict.good
    assert (verdict.spooled, verdict.stored) == (RECORDS, RECORDS)


def test_what_was_not_acknowledged_may_be_stored_or_not(told: Told, url: str) -> None:
    del told.spooled["1-7"]
    told.intended["2-1"] = "of a life that ended"
    assert verdict_of(told, url).good


def test_a_reading_that_is_gone_is_lost(told: Told, url: str) -> None:
    with changed(url) as change:
        change("DELETE FROM readings WHERE sequence IN (7, 8)")
    verdict = verdict_of(told, url)
    assert verdict.counts["lost"] == 2
    assert "lost: 1-7 (number 7)" in verdict.examples


def test_all_gone_is_all_lost(told: Told, url: str) -> None:
    with changed(url) as change:
        change("DELETE FROM readings")
        change("DELETE FROM received")
    assert verdict_of(told, url).counts == {"lost": RECORDS}


def test_a_reading_that_is_there_twice_is_doubled(told: Told, url: str) -> None:
    columns = "device_id, spool_id, read_at, received_at, state, total, color, mono, body"
    with changed(url) as change:
        change(f"INSERT INTO readings ({columns}, sequence) SELECT {columns}, 1000 FROM readings WHERE sequence = 9")
        change("DELETE FROM readings WHERE sequence = 3")
    verdict = verdict_of(told, url)
    # Nor is one balanced by the other, as it is in a count of both.
    assert (verdict.counts["doubled"], verdict.counts["lost"], verdict.stored) == (1, 1, RECORDS)


def test_a_batch_that_comes_again_under_another_epoch_is_doubled(told: Told, url: str) -> None:
    with open_store(url) as store:
        records = [
            Record(sequence=number, kind=READING, at=AT, body=body(f"1-{number}", number)) for number in range(1, 6)
        ]
        store.write(ingest, Batch(epoch="e2", records=records), agent_id="a1", now=NOW)
    assert verdict_of(told, url).counts == {"doubled": 5}


def test_an_octet_that_changed_is_an_alteration(told: Told, url: str) -> None:
    other = body("1-7", 7).replace(b"127.0.0.1", b"127.0.0.2").hex()
    literal = f"x'{other}'" if url.startswith("sqlite") else f"decode('{other}', 'hex')"
    with changed(url) as change:
        change(f"UPDATE readings SET body = {literal} WHERE sequence = 7")
    assert verdict_of(told, url).counts == {"altered": 1}


def test_octets_that_are_no_reading_are_invented_and_the_true_one_is_lost(told: Told, url: str) -> None:
    literal = "x'00ff'" if url.startswith("sqlite") else "decode('00ff', 'hex')"
    with changed(url) as change:
        change(f"UPDATE readings SET body = {literal} WHERE sequence = 7")
    assert verdict_of(told, url).counts == {"invented": 1, "lost": 1}


@pytest.mark.parametrize("column", ["total = 1234567", "device_id = (SELECT max(id) FROM devices)"])
def test_columns_that_say_something_else_are_alterations(told: Told, url: str, column: str) -> None:
    with changed(url) as change:
        change(f"UPDATE readings SET {column} WHERE sequence = 1")
    assert verdict_of(told, url).counts == {"altered": 1}


def test_another_number_than_was_acknowledged_is_an_alteration(told: Told, url: str) -> None:
    told.spooled["1-7"] = 8
    assert verdict_of(told, url).counts == {"altered": 1}


def test_a_reading_that_nobody_meant_is_invented(told: Told, url: str) -> None:
    keep(url, range(1_000, 1_003), "a1", name="9-{}")
    assert verdict_of(told, url).counts == {"invented": 3}


def test_a_reading_under_another_agents_name_is_invented(told: Told, url: str) -> None:
    keep(url, range(7, 8), "a2")
    assert verdict_of(told, url).counts == {"invented": 1, "doubled": 1}


def test_a_reading_whose_put_was_refused_is_told(told: Told, url: str) -> None:
    told.refused["1-7"] = "SpoolFullError"
    del told.spooled["1-7"]
    assert verdict_of(told, url).counts == {"taken": 1}


def test_a_refused_reading_of_a_life_that_was_killed_is_counted_apart(told: Told, url: str) -> None:
    told.refused["1-7"] = "SpoolFullError"
    del told.spooled["1-7"]
    verdict = compare(told, read_store(url), "a1", killed={"1"})
    assert verdict.good
    assert verdict.taken_after_a_kill == 1
    assert compare(told, read_store(url), "a1", killed={"2"}).counts == {"taken": 1}


def test_intervals_that_say_more_or_less_than_the_readings_are_told(told: Told, url: str) -> None:
    with changed(url) as change:
        change("UPDATE received SET last = last + 1")
    # One interval is only in the table, the other only in the readings.
    assert verdict_of(told, url).counts == {"unmarked": 2}


def test_a_file_that_is_damaged_is_told(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "collector.db"
    keep(f"sqlite:///{path}", range(1, RECORDS + 1))
    octets = bytearray(path.read_bytes())
    octets[4096:8192] = bytes(4096)
    path.write_bytes(octets)
    assert verdict_of(told, f"sqlite:///{path}").counts["damaged"] > 0


def test_readings_of_no_device_are_damage(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "collector.db"
    keep(f"sqlite:///{path}", range(1, RECORDS + 1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM devices WHERE id = 1")
    assert verdict_of(told, f"sqlite:///{path}").counts["damaged"] > 0


def test_half_a_line_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    told_of(path, range(1, 4))
    with path.open("ab") as file:
        file.write(b"spooled 1-9 99")
    pen = Ledger(path)
    pen.refused(["2-1"], "SpoolFullError")
    told = read_ledger(path)
    assert told.spooled == {"1-1": 1, "1-2": 2, "1-3": 3}
    assert told.refused == {"2-1": "SpoolFullError"}
