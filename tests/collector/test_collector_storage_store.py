"""A store is opened, brought up to date and refused as it should be; a transaction is kept whole or not at all."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, select, text

from proto_schema import Settings
from ptscan.collector.storage import (
    SchemaError,
    Store,
    StoreBusyError,
    StoreDamagedError,
    StoreFailedError,
    StoreFullError,
    StoreUrlError,
    counts,
    ensure_entity,
    ingest,
    list_agents,
    list_devices,
    list_entities,
    open_store,
    schema,
    settings_of,
)
from ptscan.collector.storage.limits import READERS
from ptscan.collector.storage.locks import FileLock
from ptscan.collector.storage.schema import versions
from ptscan.collector.storage.tables import entities, metadata, readings

from .stores import NOW, a_reading, an_agent, batch, record, what_is_stored

FEEDER = Path(__file__).with_name("feeder.py")
FIRST = Path(__file__).with_name("store_0001.sql")
"""A store as version 1 wrote it, by ``sqlite3 FILE .dump``; never changed again."""


AS_VERSION_2 = (
    "INSERT INTO agents (id, entity_id, name, generation, enrolled_at, shown) VALUES ('a1', 1, 'x', 1, 1, true)",
    "INSERT INTO spools (agent_id, epoch, first_at, last_at, stored, redelivered, refused)"
    " VALUES ('a1', 'e1', 1, 1, 2, 0, 0)",
    "INSERT INTO received (spool_id, first, last) SELECT id, 1, 2 FROM spools",
)
"""As the second version of the code wrote them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collector.db"


@pytest.fixture
def sqlite_store(path: Path) -> Iterator[Store]:
    with open_store(str(path)) as store:
        yield store


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert store.read(differences) == []


def test_a_store_is_opened_again_as_it_was_left(store_url: str) -> None:
    with open_store(store_url) as store:
        an_agent(store)
        store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
        before = what_is_stored(store)
    with open_store(store_url, create=False) as store:
        assert what_is_stored(store) == before
        assert store.read(lambda connection: versions(connection)) == ("0003", "0003")
        assert store.check() == []


def test_a_store_of_the_first_version_is_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST.read_text())
    with open_store(str(path), create=False) as store:
        assert store.read(counts).readings == 2
        assert [row[:3] for row in what_is_stored(store)] == [("a1", "e1", 1), ("a1", "e1", 2)]
        reply = store.write(ingest, batch([record(2), record(3)]), agent_id="a1", now=NOW)
        assert reply.upto == 3
        assert store.read(counts).redelivered == 1
        assert store.read(versions) == ("0003", "0003")
        assert {agent.former_id for agent in store.read(list_agents)} == {None}


def as_version_1(connection: Connection) -> None:
    """Make the tables of version 1, and agents with keys as two enrolments at one moment could leave them."""
    config = schema._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    rows = [
        ("used", b"k1", True, NOW, None),
        ("orphan", b"k1", False, None, None),
        ("revoked", b"k2", True, NOW + 9, NOW),
        ("successor", b"k2", False, None, None),
        ("without", None, False, None, None),
        ("alone", b"k3", False, None, None),
        ("never", b"k4", False, None, None),
        ("never, too", b"k4", False, None, None),
    ]
    for name, key, shown, seen_at, revoked_at in rows:
        # As the first version of the code wrote it.
        connection.execute(
            text(
                "INSERT INTO agents (id, entity_id, name, generation, enrolled_at, key_digest, shown, seen_at,"
                " revoked_at) VALUES (:id, 1, 'x', 1, 1, :key, :shown, :seen_at, :revoked_at)"
            ),
            {"id": name, "key": key, "shown": shown, "seen_at": seen_at, "revoked_at": revoked_at},
        )


def test_of_agents_with_one_key_the_one_that_is_used_keeps_it(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        engine = create_engine(store_url)
    else:
        engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        as_version_1(connection)
    engine.dispose()
    with open_store(store_url) as store:
        keys = {agent.id: agent.key_digest for agent in store.read(list_agents)}
        assert keys == {
            "used": b"k1", "orphan": None, "revoked": None, "successor": b"k2", "without": None, "alone": b"k3",
            "never": b"k4", "never, too": None,
        }  # fmt: skip
        assert store.read(versions) == ("0003", "0003")
        differences = store.read(lambda each: compare_metadata(MigrationContext.configure(each), metadata))
        assert differences == []
        assert store.read(settings_of, "used") == Settings(revision=0)


def test_a_store_of_the_second_version_is_read(store_url: str) -> None:
    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in AS_VERSION_2:
            connection.execute(text(statement))
    engine.dispose()
    with open_store(store_url) as store:
        assert store.read(versions) == ("0003", "0003")
        assert [(agent.id, agent.former_id) for agent in store.read(list_agents)] == [("a1", None)]
        an_agent(store, "a2")
        for agent_id in ("a1", "a2"):
            assert store.write(ingest, batch([record(1), record(3)]), agent_id=agent_id, now=NOW).upto == 3
        assert [row[:3] for row in what_is_stored(store)] == [("a1", "e1", 3), ("a2", "e1", 1), ("a2", "e1", 3)]


def test_a_store_of_a_later_version_is_refused_and_left_as_it_is(store_url: str) -> None:
    with open_store(store_url) as store:
        store.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaError, match="9999"), open_store(store_url):
        pass


def test_those_who_start_at_once_make_one_store_and_write_it_in_turn(store_url: str) -> None:
    words = [sys.executable, str(FEEDER), store_url]
    children = [subprocess.Popen([*words, f"a{n}", "1", "100", "5"], stdout=subprocess.DEVNULL) for n in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    with open_store(store_url) as store:
        assert sorted(row[:3] for row in what_is_stored(store)) == [
            (f"a{agent}", "e1", number) for agent in range(3) for number in range(1, 101)
        ]
        assert len(store.read(list_devices)) == 50
        assert store.check() == []


def test_what_fails_leaves_nothing(store: Store) -> None:
    def fail(connection: Connection) -> None:
        ensure_entity(connection, "customer", now=NOW)
        raise KeyError

    with pytest.raises(KeyError):
        store.write(fail)
    assert [entity.name for entity in store.read(list_entities)] == [""]
    store.write(ensure_entity, "customer", now=NOW)


def test_a_reader_can_t_write(store: Store) -> None:
    with pytest.raises(StoreFailedError, match="read-only"):
        store.read(ensure_entity, "customer", now=NOW)
    assert [entity.name for entity in store.read(list_entities)] == [""]


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    def look(connection: Connection) -> list[int]:
        many = select(func.count()).select_from(entities)
        first = connection.scalar(many)
        store.write(ensure_entity, f"customer-{first}", now=NOW)
        return [int(first or 0), int(connection.scalar(many) or 0)]

    assert store.read(look) == [1, 1]
    assert store.read(look) == [2, 2]


async def test_calls_go_into_threads_of_trio(store: Store) -> None:
    limiter = trio.CapacityLimiter(READERS)
    an_agent(store)
    done = []

    async def send(first: int) -> None:
        sent = batch(map(record, range(first, first + 10)))
        work = lambda: store.write(ingest, sent, agent_id="a1", now=NOW)  # noqa: E731
        done.append(await trio.to_thread.run_sync(work, limiter=limiter))

    async with trio.open_nursery() as nursery:
        for first in range(1, 101, 10):
            nursery.start_soon(send, first)
    assert len(done) == 10
    assert [row[2] for row in what_is_stored(store)] == list(range(1, 101))


@pytest.mark.parametrize(
    "url", ["mysql://root:geheim@db/x", "sqlite://", "sqlite:///:memory:", "a://b:geheim@[", ":memory:"]
)
def test_what_is_no_store_s_url_is_refused(url: str) -> None:
    with pytest.raises(StoreUrlError) as refused, open_store(url):
        pass
    assert "geheim" not in str(refused.value)


def test_a_store_that_is_not_there_is_made_only_when_asked(path: Path) -> None:
    with pytest.raises(StoreUrlError, match="init"), open_store(str(path), create=False):
        pass
    assert not path.exists()
    with pytest.raises(StoreUrlError, match="no folder"), open_store(str(path / "deeper.db")):
        pass


def test_a_file_that_lost_all_it_held_is_not_begun_anew_without_a_word(path: Path) -> None:
    with open_store(str(path)):
        pass
    path.write_bytes(b"")
    with pytest.raises(StoreDamagedError, match="empty"), open_store(str(path), create=False):
        pass
    assert path.read_bytes() == b""
    with open_store(str(path)):
        pass
    with open_store(str(path), create=False) as store:
        assert store.check() == []


def test_what_is_no_file_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(StoreDamagedError, match="no file"), open_store(str(path), create=False):
        pass


def test_a_store_s_file_is_its_owner_s_and_safe_at_each_commit(sqlite_store: Store, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(f"{path}-wal").stat().st_mode) == 0o600

    def pragmas(connection: Connection) -> list[object]:
        names = "journal_mode", "synchronous", "foreign_keys", "mmap_size"
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert sqlite_store.write(pragmas) == ["wal", 2, 1, 0]
    assert "synchronous=FULL" in sqlite_store.guard()


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"my diary" * 100)
    with pytest.raises(StoreDamagedError), open_store(str(path)):
        pass
    assert path.read_bytes() == b"my diary" * 100
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE diary (day)").connection.commit()
    with pytest.raises(StoreUrlError, match="none of ptscan's"), open_store(str(path)):
        pass


def test_a_damaged_store_is_said_to_be(path: Path) -> None:
    with open_store(str(path)) as store:
        an_agent(store)
        store.write(ingest, batch(map(record, range(1, 300))), agent_id="a1", now=NOW)
        roots = text("SELECT rootpage FROM sqlite_schema WHERE name = 'readings'")
        page = store.read(lambda connection: connection.scalar(roots))
    octets = bytearray(path.read_bytes())
    octets[(page - 1) * 4096 : (page - 1) * 4096 + 64] = b"\xff" * 64
    path.write_bytes(octets)
    with open_store(str(path)) as store:
        assert store.check() != []
        with pytest.raises(StoreDamagedError, match="restore a backup"):
            store.read(lambda connection: connection.execute(select(readings)).all())


def test_a_full_disk_refuses_and_is_whole_when_there_is_room(sqlite_store: Store) -> None:
    store = sqlite_store
    an_agent(store)

    def allow(connection: Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    store.write(allow, 1)
    stored = 0
    with pytest.raises(StoreFullError, match="no room") as refused:  # noqa: PT012
        for number in range(1, 30):
            fat = record(number, a_reading(display=["x" * 50_000]))
            stored = store.write(ingest, batch([fat]), agent_id="a1", now=NOW).upto
    assert refused.value.passing
    # The connection was given up, and its limit with it.
    again = batch([record(number) for number in range(1, 30)])
    assert store.write(ingest, again, agent_id="a1", now=NOW).refused == []
    assert [row[2] for row in what_is_stored(store)] == list(range(1, 30))
    assert stored < 29
    assert store.check() == []


def test_a_writer_that_waits_too_long_is_told(sqlite_store: Store, path: Path) -> None:
    other = FileLock(path)
    with other.writing(), pytest.raises(StoreBusyError, match="another process"):
        sqlite_store._lock.writing(wait=0.02).__enter__()  # type: ignore[union-attr]
    other.close()
    sqlite_store.write(ensure_entity, "customer", now=NOW)


def test_a_server_that_is_not_there_is_a_passing_fault(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with (
        pytest.raises(StoreBusyError, match="look whether it runs") as refused,
        open_store(f"postgresql://ptscan:geheim@/x?host={tmp_path}"),
    ):
        pass
    assert refused.value.passing
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_connection_that_the_server_ended_is_a_passing_fault(postgresql_url: str) -> None:
    with open_store(postgresql_url) as store:
        an_agent(store)

        def suicide(connection: Connection) -> None:
            ensure_entity(connection, "never", now=NOW)
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        with pytest.raises(StoreBusyError):
            store.write(suicide)
        store.write(ingest, batch([record(1)]), agent_id="a1", now=NOW)
        assert len(what_is_stored(store)) == 1
        assert "never" not in {entity.name for entity in store.read(list_entities)}
