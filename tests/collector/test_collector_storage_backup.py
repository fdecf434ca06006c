"""A store is copied while it is written to, put back whole, and what came in between comes again."""

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ptscan.collector.storage import (
    BackupError,
    Store,
    StoreBusyError,
    back_up,
    high_water,
    ingest,
    open_store,
    restore,
)

from .stores import NOW, an_agent, batch, record, what_is_stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collector.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(str(path)) as opened:
        an_agent(opened)
        yield opened


def send(store: Store, first: int, last: int) -> None:
    store.write(ingest, batch(map(record, range(first, last + 1))), agent_id="a1", now=NOW)


def test_a_backup_is_one_file_of_its_owner_s(store: Store, path: Path, tmp_path: Path) -> None:
    send(store, 1, 5)
    kept = tmp_path / "kept.db"
    assert back_up(str(path), kept) == kept.stat().st_size
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir() if "kept" in file.name) == ["kept.db"]
    with open_store(str(kept), create=False) as copy:
        assert what_is_stored(copy) == what_is_stored(store)


def test_a_backup_made_while_batches_come_is_one_state(store: Store, path: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        feeding = threads.submit(lambda: [send(store, first, first + 9) for first in range(1, 1_000, 10)])
        copies = [tmp_path / f"kept-{number}.db" for number in range(5)]
        for copy in copies:
            back_up(str(path), copy)
        feeding.result()
    for copy in copies:
        with open_store(str(copy), create=False) as kept:
            numbers = [row[2] for row in what_is_stored(kept)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) % 10 == 0
            assert kept.read(high_water, agent_id="a1", epoch="e1") == len(numbers)


def test_what_came_after_the_backup_comes_again_and_is_stored_once(path: Path, tmp_path: Path) -> None:
    with open_store(str(path)) as store:
        an_agent(store)
        send(store, 1, 5)
        back_up(str(path), tmp_path / "kept.db")
        send(store, 6, 9)
    before = restore(tmp_path / "kept.db", str(path))
    assert before is not None
    assert before.exists()
    with open_store(str(path)) as store:
        assert store.read(high_water, agent_id="a1", epoch="e1") == 5
        send(store, 3, 9)
        assert [row[2] for row in what_is_stored(store)] == list(range(1, 10))
        assert store.check() == []


def test_a_store_is_restored_where_none_was(store: Store, path: Path, tmp_path: Path) -> None:
    send(store, 1, 5)
    back_up(str(path), tmp_path / "kept.db")
    assert restore(tmp_path / "kept.db", f"sqlite:///{tmp_path / 'new.db'}") is None
    with open_store(str(tmp_path / "new.db"), create=False) as copy:
        assert what_is_stored(copy) == what_is_stored(store)


def test_a_store_that_is_open_is_not_replaced(store: Store, path: Path, tmp_path: Path) -> None:
    back_up(str(path), tmp_path / "kept.db")
    with pytest.raises(StoreBusyError, match="stop the collector"):
        restore(tmp_path / "kept.db", str(path))
    send(store, 1, 2)


def test_no_file_is_overwritten_by_a_backup(store: Store, path: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_text("mine")
    with pytest.raises(BackupError, match="already"):
        back_up(str(path), tmp_path / "kept.db")
    assert (tmp_path / "kept.db").read_text() == "mine"
    with pytest.raises(BackupError):
        back_up(str(path), tmp_path / "no folder" / "kept.db")


def test_what_is_no_backup_is_not_restored(path: Path, tmp_path: Path) -> None:
    with open_store(str(path)) as store:
        an_agent(store)
        send(store, 1, 5)
    kept = path.read_bytes()
    diary, other, cut, later = (tmp_path / name for name in ("diary.db", "other.db", "cut.db", "later.db"))
    diary.write_bytes(b"my diary" * 1_000)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE diary (day)").connection.commit()
    back_up(str(path), later)
    cut.write_bytes(later.read_bytes()[:-8_192])
    with closing(sqlite3.connect(later)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'").connection.commit()
    for backup in (diary, other, cut, later, tmp_path / "none.db"):
        with pytest.raises(BackupError):
            restore(backup, str(path))
        assert path.read_bytes() == kept
    assert not [file for file in tmp_path.iterdir() if "restoring" in file.name or "partial" in file.name]


def test_postgresql_has_tools_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="pg_dump") as refused:
        back_up("postgresql://ptscan:geheim@127.0.0.1/x", tmp_path / "kept.db")
    assert "geheim" not in str(refused.value)
