"""A SQLite store copied while it is used, and put back: each time a whole file under its name, or none.

A backup is one file, checked before it has its name. It holds the digests of tokens and all that customers' devices
said: it is readable by its owner only. PostgreSQL has tools of its own for this (pg_dump, pg_basebackup).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from ptscan.collector.storage import engines, limits, schema
from ptscan.collector.storage.errors import BackupError
from ptscan.collector.storage.locks import FileLock
from ptscan.tls import sync_folder


def back_up(url: str, destination: Path) -> int:
    """Copy the store at ``url`` to ``destination``, a new file, while others use it; its octets.

    Raises:
        BackupError: the store is none of SQLite's, the copy could not be made, or ``destination`` is there.
    """
    source = _file_of(url)
    if not source.exists():
        raise BackupError(f"there is no {source} to back up")
    return _copy(source, destination)


def restore(backup: Path, url: str) -> Path | None:
    """Put ``backup`` in the place of the store at ``url``, which nobody may have open.

    What agents sent since the backup was made they send again, as far as their spools keep it.

    Returns:
        Where the store went that was there before, None where none was.

    Raises:
        BackupError: no backup of a store of ours, damaged, of a later version, or it could not be put there.
        StoreBusyError: somebody has the store open.
    """
    destination = _file_of(url)
    if not backup.is_file():
        raise BackupError(f"there is no backup {backup}")
    if not destination.parent.is_dir():
        raise BackupError(f"there is no folder {destination.parent}: make it")
    try:
        lock = FileLock(destination)
    except OSError as error:
        raise BackupError(f"{destination}.lock can't be opened ({error.strerror})") from error
    try:
        lock.take()
        with lock.writing():
            fresh = destination.with_name(destination.name + ".restoring")
            fresh.unlink(missing_ok=True)
            _copy(backup, fresh)
            before = _set_aside(destination)
            fresh.rename(destination)
            sync_folder(destination.parent)
            return before
    except OSError as error:
        raise BackupError(f"{destination} could not be replaced ({error.strerror}): look at its disk") from error
    finally:
        lock.close()


def _copy(source: Path, destination: Path) -> int:
    """Copy a store by SQLite's own means to a file that did not exist, check it, sync it, name it."""
    if destination.exists() or destination.is_symlink():
        raise BackupError(f"{destination} is there already: name a new file")
    partial = destination.with_name(f".{destination.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(_connect(source, "ro")) as reading, closing(_connect(partial, "rw")) as copy:
            reading.backup(copy)
            # A file in WAL mode is whole only together with its WAL.
            copy.execute("PRAGMA journal_mode=DELETE").close()
            _check(copy, source)
        _check_version(partial, source)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
            octets = os.fstat(file.fileno()).st_size
        # Linking refuses what renaming would overwrite.
        os.link(partial, destination)
        sync_folder(destination.parent)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise BackupError(f"{source} could not be copied to {destination}: {str(error).splitlines()[0]}") from error
    finally:
        partial.unlink(missing_ok=True)
    return octets


def _check(copy: sqlite3.Connection, source: Path) -> None:
    ours = copy.execute("PRAGMA application_id").fetchone()[0] == engines.APPLICATION_ID
    if not ours:
        raise BackupError(f"{source} is no store of ptscan's")
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise BackupError(f"{source} is damaged ({found}): take an earlier backup")


def _check_version(copy: Path, source: Path) -> None:
    engine = create_engine("sqlite://", creator=lambda: _connect(copy, "ro"))
    try:
        with engine.connect() as connection:
            before, _ = schema.versions(connection)
    finally:
        engine.dispose()
    if before not in schema.known_versions():
        raise BackupError(f"{source} is of a later version of ptscan ({before}): upgrade ptscan first")


def _set_aside(destination: Path) -> Path | None:
    """Give the old store, with what belongs to it, another name."""
    if not destination.exists():
        return None
    number = 1
    while (aside := destination.with_name(f"{destination.name}.before-restore-{number}")).exists():
        number += 1
    for tail in ("-wal", "-shm", ""):
        part = destination.with_name(destination.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return aside


def _file_of(url: str) -> Path:
    parsed = engines.read_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise BackupError(f"{engines.name_of(parsed)} is PostgreSQL's: back it up by pg_dump, restore it by pg_restore")
    return Path(parsed.database)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=limits.WAIT_SECONDS)
