"""What can be saved of a damaged file: first as SQLite reads it, then by a search of its octets.

A record proves itself by its seal, so it is believed wherever it is found. What became of records is believed only
where SQLite can still read it: a record whose fate is lost is sent again, and the collector knows it by its epoch and
sequence.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.database import begin_mark, connect, told_apart
from ptscan.agent.spool.errors import Damage
from ptscan.agent.spool.files import Files, log_of, remove, replace, set_aside, sync_directory
from ptscan.agent.spool.frame import MOST_OCTETS, Framed, decode_frame, encode_frame, find_frames
from ptscan.agent.spool.tables import fate_seal, mark_seal

_HIGHEST: Final = (1 << 63) - 1
_AT_ONCE: Final = 2_000


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
            found, first = sound.execute("SELECT count(*), min(sequence) FROM record").fetchone()
            begin_mark(sound, key, upto if upto is not None else (first or 1) - 1)
        finally:
            sound.close()
    _sync(files.unfinished)
    os.replace(files.unfinished, files.salvaged)
    sync_directory(files.directory)
    replace(files)
    return quarantine, found


def search(path: Path, key: bytes) -> Iterator[Framed]:
    """Yield every whole record in the octets of ``path``, however it came there, with no regard to structure."""
    with path.open("rb") as file:
        kept = b""
        while more := file.read(limits.WINDOW_OCTETS):
            window = kept + more
            last = 0
            for record, end in find_frames(window, key):
                last = end
                yield record
            kept = window[max(last, len(window) - MOST_OCTETS) :]


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
            shutil.copyfile(log_of(quarantine), log_of(scratch))
        damaged = connect(scratch)
    except (OSError, sqlite3.Error):  # no room for a copy, or nothing that SQLite knows: the search finds what there is
        remove(scratch)
        return None
    try:
        sound.execute("BEGIN")
        for sequence, at, subject, frame in _rows(damaged, "record", "sequence, at, subject, frame"):
            with suppress(Damage, TypeError):
                if decode_frame(frame, key).sequence == sequence:
                    sound.execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)", (sequence, at, subject, frame))
        for row in _rows(damaged, "fate", "sequence, fate, at, reason, seal"):
            with suppress(TypeError, ValueError, OverflowError, AttributeError):
                if _is_sealed(row, key):
                    sound.execute("INSERT OR IGNORE INTO fate VALUES (?, ?, ?, ?, ?)", row)
        for upto, copy, seal in _rows(damaged, "mark", "upto, key, seal", by="id"):
            with suppress(TypeError, ValueError, OverflowError):
                if upto >= 0 and copy == key and seal == mark_seal(upto, key):
                    return int(upto)
    finally:
        sound.execute("COMMIT")
        damaged.close()
        remove(scratch)
    return None


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
        except sqlite3.Error:
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
