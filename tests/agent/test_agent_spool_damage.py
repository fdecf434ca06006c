"""Whatever became of the spool's files: it starts, hands out no altered record, and tells what is lost."""

import os
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from spooling import Collector, bodies, killed, lease, opened, put, reply_to

from ptscan.agent import SpoolError
from ptscan.agent.spool import files, limits

KEPT = {b"%d " % number + bytes([number]) * (number * 211) for number in range(20)} | {b"big" * 20_000}


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """A spool whose process was killed: part of it in the file, part in the log, part of it stored."""
    original = tmp_path / "original"
    waiting = sorted(KEPT)
    with opened(original) as store:
        put(store, "stored before")
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        for body in waiting[:10]:
            put(store, body)
    with opened(original) as store:
        for body in waiting[10:]:
            put(store, body)
        put(store, "stored later")
        for _ in range(2):
            batch = lease(store)
        assert batch
        store.settle(reply_to(batch, *(record.sequence for record in batch.records[:-1])), 0.0)
        return killed(original, tmp_path / "dead")


def held_against(directory: Path) -> tuple[int, list[str]]:
    """Open what is there, and return how many of the kept records are missing and what is told of it."""
    collector = Collector()
    with opened(directory) as store:
        collector.drain(store)
        state = store.state()
    found = set(collector.stored.values())
    assert found <= KEPT | {b"stored before", b"stored later"}, "something was altered"
    told = [finding.code for finding in state.findings]
    missing = len(KEPT - found)
    if missing:
        assert {"lost", "log-cut", "key-gone", "damaged"} & set(told), "something was lost, and nothing is told"
    with opened(directory) as store:  # and all is well from now on
        assert not store.state().findings
        assert lease(store) is None
        (number,) = put(store, "new")
        assert bodies(lease(store)) == [b"new"]
        assert number > max(sequence for _, sequence in collector.stored) if collector.stored else True
    return missing, told


def test_what_is_sound_is_all_there(dead: Path) -> None:
    assert held_against(dead) == (0, [])


def _places(octets: bytes, step: int) -> Iterator[int]:
    """Every place of each page's head, where the structure stands, and every so many of the rest."""
    size = len(octets)
    heads = range(0, size, limits.PAGE_OCTETS)
    yield from sorted(
        {place for head in heads for place in range(head, min(head + 48, size), 9)} | {*range(0, size, step)}
    )


@pytest.mark.parametrize("name", ["spool.db", "spool.db-wal", "spool.key"])
def test_one_octet_that_is_not_what_it_was(name: str, dead: Path, tmp_path: Path) -> None:
    whole = (dead / name).read_bytes()
    step = 7_919 if name != "spool.key" else 23
    missing = []
    for place in _places(whole, step):
        copy = killed(dead, tmp_path / "copy")
        octets = bytearray(whole)
        octets[place] ^= 0xFF if place % 2 else 1 << place % 8
        (copy / name).write_bytes(octets)
        missing.append(held_against(copy)[0])
    assert max(missing) <= 1, "one octet costs no more than the record that it stands in"


def test_a_bit_of_the_logs_own_words_costs_nothing(tmp_path: Path) -> None:
    """SQLite forgets all that stands behind it; we do not."""
    with opened(tmp_path / "s") as store:
        put(store, "a" * 900)
    with opened(tmp_path / "s") as store:
        put(store, "b" * 900)
        left = killed(tmp_path / "s", tmp_path / "left")
    whole = (left / "spool.db-wal").read_bytes()
    frames = range(32, len(whole), limits.PAGE_OCTETS + 24)
    for place in [*range(32), *(frame + word for frame in frames for word in range(24))]:
        copy = killed(left, tmp_path / "copy")
        octets = bytearray(whole)
        octets[place] ^= 1 << place * 5 % 8
        (copy / "spool.db-wal").write_bytes(octets)
        collector = Collector()
        with opened(copy) as store:
            collector.drain(store)
        assert set(collector.stored.values()) == {b"a" * 900, b"b" * 900}


def test_a_page_of_the_file_that_is_nothing_but_noise(dead: Path, tmp_path: Path) -> None:
    whole = (dead / "spool.db").read_bytes()
    noise = random.Random(1)
    for page in range(0, len(whole), limits.PAGE_OCTETS):
        copy = killed(dead, tmp_path / "copy")
        (copy / "spool.db").write_bytes(
            whole[:page] + noise.randbytes(limits.PAGE_OCTETS) + whole[page + limits.PAGE_OCTETS :]
        )
        assert held_against(copy)[0] <= 11


@pytest.mark.parametrize("name", ["spool.db", "spool.db-wal"])
def test_a_file_that_ends_too_early(name: str, dead: Path, tmp_path: Path) -> None:
    whole = (dead / name).read_bytes()
    for size in (0, 1, 31, 100, 512, 4_096, len(whole) // 2, len(whole) - limits.PAGE_OCTETS, len(whole) - 1):
        copy = killed(dead, tmp_path / "copy")
        (copy / name).write_bytes(whole[:size])
        collector = Collector()
        with opened(copy) as store:
            collector.drain(store)
            findings = store.state().findings
        assert set(collector.stored.values()) <= KEPT | {b"stored before", b"stored later"}
        if name == "spool.db":
            assert findings or set(collector.stored.values()) >= KEPT


def test_a_key_file_that_is_gone_is_written_anew(dead: Path) -> None:
    (dead / "spool.key").unlink()
    assert held_against(dead) == (0, [])


def test_with_no_key_at_all_the_records_are_set_aside(dead: Path) -> None:
    (dead / "spool.key").unlink()
    (dead / "spool.db").write_bytes(b"no file of ours")
    (dead / "spool.db-wal").unlink()
    missing, told = held_against(dead)
    assert missing == len(KEPT)
    assert told == ["key-gone"]
    assert (dead / "damaged-1").read_bytes() == b"no file of ours"


def test_a_later_version_is_left_alone(dead: Path) -> None:
    line = b"ptscan-spool 2 " + bytes(32).hex().encode()
    (dead / "spool.key").write_bytes(line + b" " + files._proof(line) + b"\n")
    with pytest.raises(SpoolError, match="later version"), opened(dead):
        pass


def test_the_damaged_file_is_kept_and_three_at_most(dead: Path) -> None:
    with opened(dead):
        pass
    for number in range(1, limits.QUARANTINES + 2):
        octets = b"damage no. %d   " % number + (dead / "spool.db").read_bytes()[15:]
        (dead / "spool.db").write_bytes(octets)
        with opened(dead) as store:
            assert f"damaged-{number}" in store.state().findings[0].text
        assert (dead / f"damaged-{number}").read_bytes() == octets
    kept = sorted(path.name for path in dead.glob("damaged-*") if "-wal" not in path.name)
    assert kept == [f"damaged-{number}" for number in range(2, limits.QUARANTINES + 2)]
    assert held_against(dead) == (0, [])


def test_a_salvage_that_was_cut_off_is_begun_or_finished(dead: Path, tmp_path: Path) -> None:
    whole = (dead / "spool.db").read_bytes()
    (dead / "spool.db").write_bytes(b"x" * 100 + whole[100:])
    (dead / "spool.part").write_bytes(b"half")
    (dead / "spool.copy").write_bytes(b"half")
    assert held_against(dead)[0] == 0
    # Whole, and not in its place yet: the damaged one is still there with its log.
    other = tmp_path / "other"
    with opened(other) as store:
        put(store, "a")
    os.replace(other / "spool.db", other / "spool.new")
    (other / "spool.db").write_bytes(whole)
    (other / "spool.db-wal").write_bytes(b"a foreign log")
    with opened(other) as store:
        assert bodies(lease(store)) == [b"a"]


def test_a_number_of_the_last_record_that_is_damaged_gives_no_number_away(tmp_path: Path) -> None:
    """SQLite finds it in order, whatever it is: the next numbers would follow it, and all between be called lost."""
    directory = tmp_path / "s"
    with opened(directory) as store:
        put(store, "a", "b")
    with sqlite3.connect(directory / "spool.db") as connection:
        connection.execute("UPDATE record SET sequence = ? WHERE sequence = 2", ((1 << 63) - 1,))
    connection.close()
    with opened(directory) as store:
        assert [finding.code for finding in store.state().findings] == ["damaged"]
        assert store.state().lost == 0
        assert put(store, "c") == [3]
        assert bodies(lease(store)) == [b"a", b"b"]


def test_a_gap_is_searched_before_it_is_called_lost(tmp_path: Path) -> None:
    directory = tmp_path / "s"
    with opened(directory) as store:
        put(store, *"abcd")
    with sqlite3.connect(directory / "spool.db") as connection:
        connection.execute("DELETE FROM record WHERE sequence = 3")
        connection.execute("UPDATE record SET sequence = 3 WHERE sequence = 2")
    connection.close()
    with opened(directory) as store:
        assert [finding.code for finding in store.state().findings] == ["damaged", "lost"]
        assert bodies(lease(store)) == [b"a", b"b", b"d"], "the second is found by its own number"
        assert store.state().lost == 1


def test_what_was_found_wrong_is_told_until_somebody_asks(dead: Path) -> None:
    (dead / "spool.db").write_bytes(b"x" * 100 + (dead / "spool.db").read_bytes()[100:])
    (dead / "spool.db-wal").unlink()
    with opened(dead):
        pass  # and nobody asked
    with opened(dead) as store:
        findings = store.state().findings
        assert findings[0].code == "damaged"
        assert not any("\n" in finding.text for finding in findings)
    with opened(dead) as store:
        assert not store.state().findings


def test_a_record_that_is_damaged_while_it_runs_is_told_when_it_is_handed_out(tmp_path: Path) -> None:
    directory = tmp_path / "s"
    with opened(directory) as store:
        put(store, "a" * 5_000, "b" * 5_000, "c" * 5_000)
    octets = bytearray((directory / "spool.db").read_bytes())
    octets[octets.index(b"b" * 100)] ^= 1
    (directory / "spool.db").write_bytes(octets)
    with opened(directory) as store:
        assert not store.state().findings, "SQLite sees nothing wrong with it"
        assert bodies(lease(store)) == [b"a" * 5_000, b"c" * 5_000]
        assert [finding.code for finding in store.state().findings] == ["damaged", "lost"]
        assert "records of the spool were damaged past saving: 2" in store.state().findings[1].text
        assert store.state().lost == 1
