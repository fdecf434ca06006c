"""One connection to a spool's file, opened and checked; and what it means when it fails: damage, or the disk."""

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.errors import Damage, SpoolError, SpoolFullError, SpoolUnwritableError
from ptscan.agent.spool.files import log_of, remove
from ptscan.agent.spool.frame import decode_frame
from ptscan.agent.spool.tables import BEFORE, NEW, TABLES, fate_seal, mark_seal

SQLITE_VERSION: Final = sqlite3.sqlite_version
_HIGHEST: Final = (1 << 63) - 1
_SHORT_READ: Final = 522  # SQLITE_IOERR_SHORT_READ: the file ends too early, the disk is fine
_DISK: Final = {
    sqlite3.SQLITE_IOERR: SpoolUnwritableError,
    sqlite3.SQLITE_FULL: SpoolFullError,
    sqlite3.SQLITE_CANTOPEN: SpoolUnwritableError,
    sqlite3.SQLITE_BUSY: SpoolUnwritableError,
    sqlite3.SQLITE_LOCKED: SpoolUnwritableError,
    sqlite3.SQLITE_NOMEM: SpoolUnwritableError,
    sqlite3.SQLITE_READONLY: SpoolUnwritableError,
}
_MENDS: Final = {
    SpoolFullError: "the disk is full: make room; what was spooled before is kept",
    SpoolUnwritableError: "the disk fails, or another program has the file open: look at the disk and its log",
}


def misfortune(error: sqlite3.Error, path: Path) -> Exception:
    """Return what ``error`` means: SpoolFullError, SpoolUnwritableError, or Damage where the file is at fault."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    kind = None if code == _SHORT_READ else _DISK.get(code & 0xFF)
    if kind is None:
        return Damage(str(error))
    return kind(path, f"{error}: {_MENDS[kind]}")


@contextmanager
def told_apart(path: Path) -> Iterator[None]:
    """Turn what SQLite raises within the block into SpoolFullError, SpoolUnwritableError or Damage."""
    try:
        yield
    except sqlite3.Error as error:
        raise misfortune(error, path) from error
    except UnicodeDecodeError as error:  # of a text in the file, and even of one in SQLite's own message
        raise Damage("a text in it is not Unicode") from error
    except OverflowError as error:
        raise Damage("a number in it is too large") from error


def connect(path: Path) -> sqlite3.Connection:
    """Open ``path``, new where it does not exist, for this connection alone; raises sqlite3.Error.

    Nothing is written into a file that has anything, nor into its log.
    """
    is_new = not path.exists() or not path.stat().st_size
    if is_new:
        with suppress(OSError):  # which SQLite has words for
            path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        for statement in (*NEW, *BEFORE) if is_new else BEFORE:
            connection.execute(statement).fetchall()
        connection.execute("BEGIN IMMEDIATE")  # the lock, and the first look at the file
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def make_tables(connection: sqlite3.Connection) -> bool:
    """Make the tables where there is nothing at all; say whether that was so."""
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return False
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES.values():
        connection.execute(statement)
    connection.execute("COMMIT")
    return True


def check(connection: sqlite3.Connection, path: Path, key: bytes) -> None:
    """See that the file is one of ours, sound in its structure and in every seal but the records'; raises Damage."""
    with told_apart(path):
        full = path.stat().st_size <= limits.FULL_CHECK_OCTETS
        (verdict,) = connection.execute(f"PRAGMA {'integrity' if full else 'quick'}_check(1)").fetchone()
        if verdict != "ok":
            raise Damage(str(verdict))
        if dict(connection.execute("SELECT name, sql FROM sqlite_schema")) != TABLES:
            raise Damage("its tables are not the spool's")
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            raise SpoolError(path, "SQLite can't keep a log beside it: name a directory on a local disk")
        try:
            _check_seals(connection, key)
        except (TypeError, ValueError, struct.error) as error:  # a value of another type than its column's
            raise Damage("a value in it is not what was written") from error


def _check_seals(connection: sqlite3.Connection, key: bytes) -> None:
    for sequence, fate, at, reason, seal in connection.execute("SELECT * FROM fate"):
        if not (0 <= at <= _HIGHEST and sequence >= 0) or fate_seal((sequence, fate, at, reason), key) != seal:
            raise Damage("what became of a record is not what was written")
    for upto, copy, seal in connection.execute("SELECT upto, key, seal FROM mark"):
        if upto < 0 or copy != key or mark_seal(upto, key) != seal:
            raise Damage("the mark is not what was written")
    # A number between two others can't be far from the truth; the last one says which are given next.
    for sequence, frame in connection.execute("SELECT sequence, frame FROM record ORDER BY sequence DESC LIMIT 1"):
        if decode_frame(frame, key).sequence != sequence:
            raise Damage("the last record has another's number")


def begin_mark(connection: sqlite3.Connection, key: bytes, upto: int = 0) -> None:
    """Write the mark where there is none yet."""
    row = (upto, key, mark_seal(upto, key))
    connection.execute("INSERT OR IGNORE INTO mark (id, upto, key, seal) VALUES (1, ?, ?, ?)", row)


def key_within(path: Path, scratch: Path) -> bytes | None:
    """Return the copy of the key that the file itself has, for when the key's own file is gone.

    Reads a copy, ``scratch``: whoever opens the file itself lets go of its log, which nobody has judged yet.
    """
    try:
        shutil.copyfile(path, scratch)
        if log_of(path).exists():
            shutil.copyfile(log_of(path), log_of(scratch))
        connection = connect(scratch)
    except (sqlite3.Error, UnicodeDecodeError):
        remove(scratch)
        return None
    try:
        for upto, key, seal in connection.execute("SELECT upto, key, seal FROM mark"):
            if isinstance(key, bytes) and upto >= 0 and mark_seal(upto, key) == seal:
                return key
    except (sqlite3.Error, TypeError, ValueError, OverflowError, struct.error):
        return None
    finally:
        connection.close()
        remove(scratch)
    return None
