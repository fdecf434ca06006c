"""SQLite's log after a kill, damaged in any place: what it held is handed out, or something is told."""

import errno
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spooling import Collector, killed, lease, opened, put, reply_to

from ptscan.agent import SpoolError
from ptscan.agent.spool import limits
from ptscan.agent.spool.database import connect
from ptscan.agent.spool.frame import MAGIC
from ptscan.agent.spool.log import proven

FRAME = 24 + limits.PAGE_OCTETS
ROOT = Path(__file__).resolve().parents[2]
Shape = Callable[[Path], tuple[Path, set[bytes]]]


def one_commit(place: Path) -> tuple[Path, set[bytes]]:
    """One commit of one page at the log's beginning, with frames of earlier laps behind it."""
    with opened(place / "first") as store:
        put(store, "x" * 6_710)
        left = killed(place / "first", place / "left")
    with opened(left) as store:
        put(store, "a" * 1_352, "b" * 145)
        return killed(left, place / "dead"), {b"x" * 6_710, b"a" * 1_352, b"b" * 145}


def new_spool(place: Path) -> tuple[Path, set[bytes]]:
    """All that there is stands in the log, the tables as well."""
    with opened(place / "s") as store:
        put(store, "a" * 935)
        put(store, "b" * 700)
        return killed(place / "s", place / "dead"), {b"a" * 935, b"b" * 700}


def many_commits(place: Path) -> tuple[Path, set[bytes]]:
    """Commits of one page and of many, puts and settlements, the last of them a put of one page."""
    kept = {b"%d " % number + bytes([number]) * (number * 301) for number in range(12)}
    with opened(place / "s") as store:
        put(store, "old" * 3_000)
    with opened(place / "s") as store:
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        put(store, b"big" * 12_000)
        for body in sorted(kept):
            put(store, body)
        return killed(place / "s", place / "dead"), kept | {b"big" * 12_000}


SHAPES = [one_commit, new_spool, many_commits]


def places_of(octets: bytes, step: int) -> Iterator[int]:
    """Every octet of the log's own words, of each page's and record's head every few, of the rest every so many."""
    yield from range(32)
    for frame in range(32, len(octets), FRAME):
        yield from range(frame, frame + 24)
        yield from range(frame + 24, frame + 24 + 130, 7)
    place = octets.find(MAGIC)
    while place >= 0:
        yield from range(place - 12, place + 60, 5)
        place = octets.find(MAGIC, place + 1)
    yield from range(0, len(octets), step)


def held_against(directory: Path, kept: set[bytes]) -> bool:
    """Whether all is there; fails where something is missing or altered and nothing is told."""
    collector = Collector()
    with opened(directory) as store:
        collector.drain(store)
        told = {finding.code for finding in store.state().findings}
    found = set(collector.stored.values())
    assert found <= kept | {b"old" * 3_000}, "something was altered"
    assert found >= kept or {"lost", "log-cut", "damaged"} & told, "something was lost, and nothing is told"
    return found >= kept


@pytest.mark.parametrize("shape", SHAPES)
def test_one_octet_of_the_log_is_mended_or_told(shape: Shape, tmp_path: Path) -> None:
    dead, kept = shape(tmp_path)
    whole = (dead / "spool.db-wal").read_bytes()
    last = whole.rindex(MAGIC)
    lots = random.Random(7)
    for place in [last, last + 40, *lots.sample(sorted({*places_of(whole, 101)}), 80)]:
        copy = killed(dead, tmp_path / "copy")
        octets = bytearray(whole)
        octets[min(place, len(whole) - 1)] ^= 1 << place * 5 % 8
        (copy / "spool.db-wal").write_bytes(octets)
        held_against(copy, kept)


def test_the_last_commit_of_one_page_is_missed(tmp_path: Path) -> None:
    """The opening wrote a page of its own first, and took it for the one that was damaged."""
    dead, kept = one_commit(tmp_path)
    octets = bytearray((dead / "spool.db-wal").read_bytes())
    octets[octets.index(b"a" * 100)] ^= 1
    (dead / "spool.db-wal").write_bytes(octets)
    with opened(dead) as store:
        assert [finding.code for finding in store.state().findings] == ["log-cut", "lost"]
        batch = lease(store)
        assert batch
        assert {record.body for record in batch.records} == {b"x" * 6_710}
        batch = lease(store)
        assert batch
        assert {record.body for record in batch.records} == {b"b" * 145}
    assert len(kept) == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_we_know_how_much_of_a_log_sqlite_takes(shape: Shape, tmp_path: Path) -> None:
    """And nothing is written into it before that is known."""
    dead, _ = shape(tmp_path)
    whole = (dead / "spool.db-wal").read_bytes()
    frames = range(32, len(whole), FRAME)
    words = [*range(0, 32, 3), *(frame + word for frame in frames for word in (0, 5, 9, 13, 18, 24, 9_000))]
    for place in [None, *random.Random(8).sample(words, 40)]:
        copy = killed(dead, tmp_path / "copy")
        octets = bytearray(whole)
        if place is not None:
            octets[place] ^= 4
        (copy / "spool.db-wal").write_bytes(octets)
        connection = connect(copy / "spool.db")
        assert (copy / "spool.db-wal").read_bytes() == octets
        taken = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        connection.close()
        assert proven(bytes(octets)) == taken, place


@pytest.mark.parametrize("size", [0, 1, 31, 32, 56, 32 + FRAME - 1, 32 + FRAME])
def test_a_log_of_any_length_is_judged(size: int, tmp_path: Path) -> None:
    dead, _ = one_commit(tmp_path)
    assert proven((dead / "spool.db-wal").read_bytes()[:size]) == (size == 32 + FRAME)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_damaged_log_that_cannot_be_copied_is_not_touched(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, kept = one_commit(tmp_path)
    octets = bytearray((dead / "spool.db-wal").read_bytes())
    octets[8] ^= 1

    def fails(path: Path, octets: bytes) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr("ptscan.agent.spool.log.write_whole", fails)
        if error == errno.ENOSPC:
            with opened(killed(dead, tmp_path / "sound")) as store:
                assert not store.state().findings, "a sound one needs no copy"
        (dead / "spool.db-wal").write_bytes(octets)
        with pytest.raises(SpoolError, match=r"make room|the disk fails"), opened(dead):
            pass
        assert (dead / "spool.db-wal").read_bytes() == octets
    assert held_against(dead, kept)


@pytest.fixture(scope="module")
def strace() -> str:
    """The path of a strace that may trace here."""
    found = shutil.which("strace")
    if not found or subprocess.run([found, "-qq", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is absent or may not trace: a process can't be killed at a call of its own")
    return found


OPEN = """
import sys
from pathlib import Path
from spooling import opened
with opened(Path(sys.argv[1])): pass
"""
CALLS = "pwrite64,fdatasync,fsync,unlink,rename,link,ftruncate"


@pytest.mark.parametrize("name", ["spool.db-wal", "spool.db"])
def test_an_opening_that_is_killed_at_any_step_hides_nothing(name: str, strace: str, tmp_path: Path) -> None:
    """The damage is told by the opening that comes to its end, whatever the one before it did to the file."""
    if name == "spool.db-wal":
        dead, kept = one_commit(tmp_path)
    else:
        dead, kept = tmp_path / "dead", {b"x" * 100, b"a" * 1_352}
        with opened(dead) as store:
            put(store, *sorted(kept, reverse=True))
    octets = bytearray((dead / name).read_bytes())
    octets[octets.index(b"a" * 100)] ^= 1
    (dead / name).write_bytes(octets)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    kills = 0
    for step in range(1, 200, 5):
        copy = killed(dead, tmp_path / "copy")
        inject = [strace, "-qq", "-f", "-o", os.devnull, "-e", f"trace={CALLS}"]
        inject += ["-e", f"inject={CALLS}:signal=KILL:when={step}"]
        done = subprocess.run(
            [*inject, sys.executable, "-B", "-c", OPEN, str(copy)], env=environment, check=False, timeout=60
        )
        if not done.returncode:
            break
        kills += 1
        held_against(copy, kept)
    assert kills > 5
    assert step < 196, "it came to its end"
