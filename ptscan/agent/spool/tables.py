"""The tables of a spool's file, and what is said to SQLite before they are touched.

A record's frame is written once and never changed; what became of it is a row of its own, sealed like the frame. A
record without a fate waits.
"""

import hashlib
import struct
from enum import StrEnum
from typing import Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.frame import hasher

TABLES: Final = {
    "record": "CREATE TABLE record (sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, subject TEXT NOT NULL, "
    "frame BLOB NOT NULL) STRICT",
    "fate": "CREATE TABLE fate (sequence INTEGER PRIMARY KEY, fate TEXT NOT NULL, at INTEGER NOT NULL, "
    "reason TEXT NOT NULL, seal BLOB NOT NULL) STRICT",
    "refusal": "CREATE TABLE refusal (sequence INTEGER PRIMARY KEY, tries INTEGER NOT NULL) STRICT",
    "mark": "CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL, key BLOB NOT NULL, "
    "seal BLOB NOT NULL) STRICT",
}

NEW: Final = (f"PRAGMA page_size = {limits.PAGE_OCTETS}", "PRAGMA auto_vacuum = INCREMENTAL")
"""Said of a new file alone: of any other, the second writes a page, into the log that is not judged yet."""

BEFORE: Final = (
    # One connection alone writes and copies the log: no other can have the file open, not even to read. SQLite before
    # 3.51.3 can lose committed pages when two do (sqlite.org/wal.html, the WAL-reset bug).
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    # Each commit waits for the disk (fdatasync) before it is told.
    "PRAGMA synchronous = FULL",
    # What is deleted is overwritten: nobody's readings stay behind, and no search of a damaged file brings them back.
    "PRAGMA secure_delete = ON",
    f"PRAGMA wal_autocheckpoint = {limits.LOG_PAGES}",
    f"PRAGMA journal_size_limit = {limits.LOG_OCTETS}",
    "PRAGMA mmap_size = 0",
    # Records are read in order and once: 512 KiB serve as well as 4 MiB, and an agent has 60 MB in all.
    "PRAGMA cache_size = -512",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)


class Fate(StrEnum):
    """What became of a record that waits no longer."""

    STORED = "stored"
    """By the collector; kept for a while, for a resync."""
    SET_ASIDE = "set-aside"
    """The collector would not have it, as often as it was sent."""
    THINNED = "thinned"
    """The spool was full, and a later record of the same subject and day was kept."""
    LOST = "lost"
    """It was damaged, and could not be salvaged."""
    VOID = "void"
    """Its number was given when the disk failed: it was never acknowledged."""


_FATE: Final = struct.Struct(">QQ")


def fate_seal(row: tuple[int, str, int, str], key: bytes) -> bytes:
    """Return the seal of a row of ``fate``: sequence, fate, when, why."""
    sequence, fate, at, reason = row
    seal = hasher(key, 8).copy()
    seal.update(_FATE.pack(sequence, at) + fate.encode() + b"\0" + reason.encode())
    return seal.digest()


def fate_row(row: tuple[int, str, int, str], key: bytes) -> tuple[int, str, int, str, bytes]:
    """Return a row of ``fate`` with its seal."""
    return (*row, fate_seal(row, key))


def mark_seal(upto: int, key: bytes) -> bytes:
    """Return the seal of the mark: every record up to ``upto`` that is not there was settled and let go."""
    return hashlib.blake2b(b"mark" + _FATE.pack(upto, 0), digest_size=8, key=key).digest()
