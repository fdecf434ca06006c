"""What can be saved of a damaged file: first as SQLite reads it, then by a search of its octets.

A record proves itself by its seal, so it is believed wherever it is found. What became of records is believed only
where SQLite can still read it: a record whose fate is lost is sent again, and the collector knows it by its epoch and
sequence.
"""

import os
import shutil
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.database import begin_mark, connect, make_tables, told_apart
from ptscan.agent.spool.errors import Damage
from ptscan.agent.spool.files import Files, log_of, remove, replace, set_aside
from ptscan.agent.spool.frame import Framed, decode_frame, encode_frame
from ptscan.agent.spool.log import lay_over
from ptscan.agent.spool.search import search
from ptscan.agent.spool.tables import TABLES, fate_seal, mark_seal
from ptscan.tls import sync_folder

_HIGHEST: Final = (1 << 63) - 1
_AT_ONCE: Final = 2_000
_UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError, OverflowError)
_PAGES_AND_FREE: Final = slice(28, 40)  # of the header: the file's size, its first free page, how many are free


def salvage(files: Files, key: bytes, log: Iterable[Framed]) -> tuple[Path, int]:
    """Set the damaged file aside and put a sound one with all that could be saved in its place.

    ``log`` is what a search of the log found before SQLite had it. Return where the damaged file is, and how many
    records the sound one has. Whenever the process ends on the way, the next one begins again or finishes it. Raises
    SpoolFullError and SpoolUnwritableError.
    """
    quarantine = set_aside(files)
    remove(files.unfinished)
    with told_apart(files.unfinished):
        sound = connect(files.unfinished)
        try:
            make_tables(sound)
            sound.execute("PRAGMA synchronous = OFF")  # it counts for nothing before it is whole, synced and renamed
            upto = _read_through(quarantine, files.scratch, sound, key)
            for number, record in enumerate(chain(search(quarantine, key), log)):
                if record.sequence > (upto or 0):
                    put_framed(sound, record, key)
                if number % _AT_ONCE == 0 and sound.in_transaction:
                    sound.execute("COMMIT")
                if not sound.in_transaction:
                    sound.execute("BEGIN")
            if sound.in_transaction:
                sound.execute("COMMIT")
            # Told to be lost by an opening that did not find it: it waits again.
            sound.execute("DELETE FROM fate WHERE fate = 'lost' AND sequence IN (SELECT sequence FROM record)")
            found, first = sound.execute("SELECT count(*), min(sequence) FROM record").fetchone()
            begin_mark(sound, key, upto if upto is not None else (first or 1) - 1)
            # Closing it does the same, and says nothing where there is no room: without its log it would be a stump.
            sound.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            sound.close()
    _sync(files.unfinished)
    os.replace(files.unfinished, files.salvaged)
    sync_folder(files.directory)
    replace(files)
    return quarantine, found


def put_framed(connection: sqlite3.Connection, record: Framed, key: bytes) -> bool:
    """Put ``record`` in where its number is free; say whether it was."""
    row = (record.sequence, record.at, record.subject, encode_frame(record, key))
    return connection.execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)", row).rowcount > 0


def _read_through(quarantine: Path, scratch: Path, sound: sqlite3.Connection, key: bytes) -> int | None:
    """Copy what SQLite can read of the damaged file, from a copy that it may change; return the mark, if it has one."""
    try:
        remove(scratch)
        shutil.copyfile(quarantine, scratch)
        if log_of(quarantine).exists():
            with scratch.open("r+b") as file:
                lay_over(file, log_of(quarantine).read_bytes())
        damaged = _open_copy(scratch)
    except (OSError, *_UNREADABLE):  # no room for a copy, or nothing that SQLite knows: the search finds what there is
        remove(scratch)
        return None
    try:
        sound.execute("BEGIN")
        for sequence, frame in _rows(damaged, "record", "sequence, frame"):
            with suppress(Damage, TypeError):
                record = decode_frame(frame, key)
                if record.sequence == sequence:
                    row = (sequence, record.at, record.subject, frame)  # what stands beside the frame has no seal
                    sound.execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)", row)
        for row in _rows(damaged, "fate", "sequence, fate, at, reason, seal"):
            with suppress(TypeError, ValueError, OverflowError, AttributeError):
                if _is_sealed(row, key):
                    sound.execute("INSERT OR IGNORE INTO fate VALUES (?, ?, ?, ?, ?)", row)
        for upto, copy, seal in _rows(damaged, "mark", "upto, key, seal", by="id"):
            with suppress(TypeError, ValueError, OverflowError):
                if upto >= 0 and copy == key and seal == mark_seal(upto, key):
                    return int(upto)
    finally:
        if sound.in_transaction:  # not where the disk is full: SQLite has taken it back
            sound.execute("COMMIT")
        damaged.close()
        remove(scratch)
    return None


def _open_copy(scratch: Path) -> sqlite3.Connection:
    """Open a copy of a damaged file; where its first page makes no sense, with a new file's, which says the same."""
    with suppress(*_UNREADABLE):
        damaged = connect(scratch)
        with suppress(*_UNREADABLE):
            if dict(damaged.execute("SELECT name, sql FROM sqlite_schema")) == TABLES:
                return damaged
        damaged.close()
    new = scratch.with_name(scratch.name + "-new")
    remove(new)
    empty = connect(new)
    make_tables(empty)
    empty.close()
    first = bytearray(new.read_bytes()[: limits.PAGE_OCTETS])
    remove(new)
    pages = scratch.stat().st_size // limits.PAGE_OCTETS
    first[_PAGES_AND_FREE] = struct.pack(">III", pages, 0, 0)
    with scratch.open("r+b") as file:
        file.write(first)
    return connect(scratch)


def _is_sealed(row: tuple[Any, ...], key: bytes) -> bool:
    sequence, fate, at, reason, seal = row
    if not (isinstance(sequence, int) and isinstance(fate, str) and isinstance(at, int) and isinstance(reason, str)):
        return False
    return sequence > 0 and at >= 0 and fate_seal((sequence, fate, at, reason), key) == seal


def _rows(damaged: sqlite3.Connection, table: str, columns: str, *, by: str = "sequence") -> Iterator[tuple[Any, ...]]:
    """Yield what can be read of ``table``, going round every place that cannot."""
    query = f"SELECT {by}, {columns} FROM {table} WHERE {by} BETWEEN ? AND ? ORDER BY {by}"  # noqa: S608  our own names
    ranges = [(0, _HIGHEST)]
    faults = 0
    while ranges and faults < limits.SALVAGE_FAULTS:
        low, high = ranges.pop()
        try:
            for number, *row in damaged.execute(query, (low, high)):
                yield tuple(row)
                low = max(low, number + 1)
        except _UNREADABLE:
            faults += 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
