"""Connections to SQLite and PostgreSQL, set so that what was committed stays."""

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from ptscan.collector.storage import limits
from ptscan.collector.storage.arrays import KINDS, Array
from ptscan.collector.storage.errors import StoreDamagedError, StoreFailedError, StoreUrlError
from ptscan.tls import sync_folder

if TYPE_CHECKING:
    import psycopg

APPLICATION_ID: Final = 0x70747363
"""``ptsc``, in the header of our SQLite files."""
_HEADER: Final = b"SQLite format 3\0"


def read_url(text: str) -> URL:
    """A store's URL: ``sqlite:///FILE``, ``postgresql://…``, or a file's path.

    Raises:
        StoreUrlError: neither of the two.
    """
    try:
        url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
    except (ArgumentError, ValueError):
        # What was typed may hold a password.
        raise StoreUrlError(
            "the store's URL can't be read: write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreUrlError("a store is a file: write sqlite:///FILE")
        return URL.create("sqlite", database=url.database)
    if kind in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    raise StoreUrlError(f"a store is SQLite or PostgreSQL, not {kind[:40]}: write sqlite:///FILE or postgresql://…")


def name_of(url: URL) -> str:
    """What a person may see of a URL."""
    return url.render_as_string(hide_password=True)


def is_blank(path: Path) -> bool:
    """Whether a file is there, and no octet in it nor in its log: one that was truncated, say."""
    try:
        return path.is_file() and not path.stat().st_size and not _octets(path.with_name(f"{path.name}-wal"))
    except OSError:
        return False


def _octets(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def make_file(path: Path) -> bool:
    """Make ``path``, readable by its owner only and synced into its folder; False where it is there.

    Raises:
        StoreFailedError: it can't be made.
        StoreDamagedError: it is there and is no SQLite database.
    """
    try:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            if not path.is_file() and not path.is_dir():  # a pipe, say, that would be waited for
                raise StoreDamagedError(f"{path} is no file: move it away, or name another") from None
            with path.open("rb") as file:
                head = file.read(len(_HEADER))
            if head and head != _HEADER:
                raise StoreDamagedError(f"{path} is no SQLite database: name another, or restore a backup") from None
            return False
        os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreFailedError(f"{path} can't be opened ({error.strerror}): look at its folder") from error
    return True


def sqlite_writer(path: Path) -> Engine:
    """The one connection that writes, checkpoints and closes the file; use it under the lock only."""

    pace = f"cache_size=-{limits.CACHE_KIBIOCTETS}", f"wal_autocheckpoint={limits.CHECKPOINT_PAGES}"
    # What a failed sync left in the WAL is found there and taken for committed: it is brought to the disk first, or
    # nothing is written, before a redelivery of it is acknowledged.
    settings = "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *pace, "wal_checkpoint(PASSIVE)"

    def connect() -> sqlite3.Connection:
        return _connect(path, "rw", *settings)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def sqlite_readers(path: Path) -> Engine:
    """Connections that read only: they see whole transactions, and never checkpoint."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, "ro"),
        poolclass=QueuePool,
        pool_size=limits.READERS,
        max_overflow=0,
        pool_timeout=limits.WAIT_SECONDS,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def postgresql_engine(url: URL) -> Engine:
    """Connections to a server, which ends by itself what takes too long."""
    milliseconds = limits.STATEMENT_SECONDS * 1_000
    settings = {
        "synchronous_commit": "on",
        "statement_timeout": milliseconds,
        "lock_timeout": int(limits.WAIT_SECONDS * 1_000),
        "idle_in_transaction_session_timeout": milliseconds,
        "application_name": "ptscan-collector",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    engine = create_engine(
        url,
        connect_args={"options": options, "connect_timeout": limits.CONNECT_SECONDS},
        pool_size=limits.READERS,
        max_overflow=0,
        pool_timeout=limits.WAIT_SECONDS,
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "connect")
    def connect(connection: "psycopg.Connection", _: object) -> None:
        for kind in KINDS:
            connection.adapters.register_dumper(kind, _dumper(kind))

    return engine


def _dumper(kind: type[Array]) -> "type[psycopg.abc.Dumper]":
    """What psycopg asks how to send an array: it is encoded already."""
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class Encoded(Dumper):
        format = Format.BINARY
        oid = kind.oid

        def dump(self, obj: Array) -> Array:
            return obj

    return Encoded


def _connect(path: Path, mode: str, *settings: str) -> sqlite3.Connection:
    # SQLAlchemy says BEGIN by itself: the driver's own way would leave tables outside of a transaction.
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        check_same_thread=False,
        timeout=limits.WAIT_SECONDS,
        isolation_level=None,
    )
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", *settings):
            connection.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        connection.close()
        raise
    return connection
