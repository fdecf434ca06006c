"""A store that is open: transactions that read and transactions that write, each one sync function in a thread.

    with open_store("sqlite:///collector.db") as store:
        reply = store.write(ingest, batch, agent_id=agent.id, now=now)
        rows = store.read(list_devices)

The functions take a connection first. All of a transaction is committed when ``write`` returns, and nothing of it is
where it raises, but for a commit that failed: then it may be either, and what is sent again is passed over where it was
stored. Calls block: under Trio they belong into ``trio.to_thread.run_sync`` with a limiter, never abandoned.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ptscan.collector.storage import engines, schema
from ptscan.collector.storage.errors import StoreDamagedError, StoreFailedError, StoreUrlError
from ptscan.collector.storage.faults import translated
from ptscan.collector.storage.locks import FileLock

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
SAFE_SQLITE = (3, 51, 3)
"""From here on several connections may write one WAL; before, the lock is needed."""


class Store:
    """See the module; made by ``open_store``. ``name`` is for people and holds no password."""

    def __init__(self, name: str, writer: Engine, readers: Engine, lock: FileLock | None) -> None:
        self.name = name
        self._writer = writer
        self._readers = readers
        self._lock = lock

    def write(
        self, function: Callable[Concatenate[Connection, P], ResultT], /, *args: P.args, **kwargs: P.kwargs
    ) -> ResultT:
        """Run ``function`` in a transaction of its own, and commit it.

        Raises:
            StoreError: see the tree of errors; what ``function`` raises comes through, and nothing was kept.
        """
        with self._writing(), _translating(self.name), self._writer.connect() as connection:
            try:
                with connection.begin():
                    return function(connection, *args, **kwargs)
            except SQLAlchemyError:
                # After a failed write or fsync nothing is known of what the driver holds: the next one starts anew.
                connection.invalidate()
                raise

    def read(
        self, function: Callable[Concatenate[Connection, P], ResultT], /, *args: P.args, **kwargs: P.kwargs
    ) -> ResultT:
        """Run ``function`` on one whole state of the store, in which it can't write.

        Raises:
            StoreError: see the tree of errors.
        """
        with _translating(self.name), self._readers.connect() as connection:
            if self._lock is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                return function(connection, *args, **kwargs)

    def check(self) -> list[str]:
        """What is wrong with the data, empty for nothing; it reads all of a SQLite file."""
        if self._lock is None:
            self.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
            return []
        found = self.read(lambda connection: connection.execute(text("PRAGMA integrity_check(20)")).scalars().all())
        return [] if found == ["ok"] else [str(line) for line in found]

    def guard(self) -> str:
        """How commits are kept safe here, in one line for people."""
        if self._lock is None:
            return f"{self._writer.dialect.name}, synchronous_commit=on"
        fit = sqlite3.sqlite_version_info >= SAFE_SQLITE
        why = "" if fit else ", which has the WAL-reset bug"
        return f"SQLite {sqlite3.sqlite_version}{why}; WAL, synchronous=FULL, one writer at a time by a lock"

    def close(self) -> None:
        """Close every connection; the last one of a SQLite file writes its WAL back."""
        self._readers.dispose()
        with self._writing():
            self._writer.dispose()

    def _writing(self) -> AbstractContextManager[None]:
        return nullcontext() if self._lock is None else self._lock.writing()


@contextmanager
def open_store(url: str, *, create: bool = True) -> Iterator[Store]:
    """Open a store by its URL, or a SQLite file by its path, and bring its tables to this version.

    Raises:
        StoreUrlError: none by that name, and ``create`` is False; or somebody else's.
        StoreDamagedError: nothing is in it, and ``create`` is False; or it is no store.
        SchemaError: it is of a later version.
        StoreError: see the tree of errors.
    """
    parsed = engines.read_url(url)
    name = engines.name_of(parsed)
    if parsed.database and parsed.get_backend_name() == "sqlite":
        with _open_file(Path(parsed.database), name, create) as store:
            yield store
        return
    engine = engines.postgresql_engine(parsed)
    store = Store(name, engine, engine, None)
    try:
        store.write(schema.upgrade, name)
        yield store
    finally:
        store.close()


@contextmanager
def _open_file(path: Path, name: str, create: bool) -> Iterator[Store]:
    if not create and not path.exists():
        raise StoreUrlError(f"there is no {path}: make it by ptscan collector init")
    if not create and engines.is_blank(path):
        raise StoreDamagedError(f"{path} is empty: restore a backup, or begin anew by ptscan collector init")
    if not path.parent.is_dir():
        raise StoreUrlError(f"there is no folder {path.parent}: make it")
    try:
        lock = FileLock(path)
    except OSError as error:
        raise StoreFailedError(f"{path}.lock can't be opened ({error.strerror}): look at its folder") from error
    try:
        lock.share()
        with lock.writing():
            engines.make_file(path)
        store = Store(name, engines.sqlite_writer(path), engines.sqlite_readers(path), lock)
        try:
            store.write(_prepare, name)
            yield store
        finally:
            store.close()
    finally:
        lock.close()


def _prepare(connection: Connection, name: str) -> None:
    before, _ = schema.upgrade(connection, name)
    if before is None:
        connection.exec_driver_sql(f"PRAGMA application_id={engines.APPLICATION_ID}")


@contextmanager
def _translating(name: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # SQLite ends a transaction by itself when a disk is full: then the savepoint's end fails because of that.
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, SQLAlchemyError) and (known := translated(cause, name)) is not None:
                raise known from error
            cause = cause.__context__
        raise
