"""Opening a spool's file, whatever became of it: checked, salvaged where it is damaged, and what is missing told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.database import begin_mark, check, connect, key_within, make_tables, told_apart
from ptscan.agent.spool.errors import Damage, SpoolError, SpoolFullError
from ptscan.agent.spool.files import (
    FULL,
    Files,
    drop_quarantines,
    finish_replacement,
    log_of,
    new_key,
    remove,
    set_aside,
    write_again,
    write_key,
    write_whole,
)
from ptscan.agent.spool.frame import Framed
from ptscan.agent.spool.log import is_cut, proven, records_in_log
from ptscan.agent.spool.report import Finding, ranges_of
from ptscan.agent.spool.room import note
from ptscan.agent.spool.salvage import put_framed, salvage
from ptscan.agent.spool.tables import Fate

_MOST_GAPS: Final = 1_000_000
_KNOWN: Final = "SELECT 1 FROM record WHERE sequence = ?1 UNION ALL SELECT 1 FROM fate WHERE sequence = ?1"
_THERE: Final = "SELECT sequence FROM record WHERE sequence > ?1 UNION SELECT sequence FROM fate WHERE sequence > ?1"
HIGH: Final = (
    "SELECT max(coalesce((SELECT max(sequence) FROM record), 0), coalesce((SELECT max(sequence) FROM fate), 0), upto) "
    "FROM mark"
)
"""Asks for the highest number that was given."""


def find_key(files: Files, file: int, key: bytes | None) -> bytes:
    """Return the spool's key: that of the key file, else the records' own copy, else a new one for a new spool."""
    if key is not None:
        return key
    finish_replacement(files)
    if files.records.exists() and (key := key_within(files.records, files.scratch)) is None:
        quarantine = set_aside(files)
        text = f"the spool's key is gone, and its records can't be told from others: they are in {quarantine.name}"
        note_finding(files, Finding(code="key-gone", text=text))
        remove(files.records)
    key = key or new_key()
    write_key(file, key)
    return key


def note_finding(files: Files, finding: Finding) -> None:
    """Write down what is wrong before it is mended: it is told, whoever comes to an end with it. Raises OSError."""
    lines = [*_noted(files), f"{finding.code} {finding.text}"][-limits.FINDINGS :]
    write_whole(files.note, "\n".join(lines).encode("utf-8", "replace"))


def noted_findings(files: Files) -> list[Finding]:
    """Return what earlier processes wrote down, and had nobody to tell."""
    return [Finding(code=code, text=text) for code, _, text in (line.partition(" ") for line in _noted(files))]


def _noted(files: Files) -> list[str]:
    return files.note.read_text("utf-8", "replace").splitlines() if files.note.exists() else []


def open_records(
    files: Files, key: bytes, at: int, *, damage: Damage | None = None
) -> tuple[sqlite3.Connection, list[Finding]]:
    """Return a connection to a sound file of the spool, and what was wrong; ``at`` is the time, in whole seconds.

    ``damage`` is what was seen in the file already, where a check would not see it. Raises SpoolFullError,
    SpoolUnwritableError, SpoolError; never for damage.
    """
    try:
        return _open_records(files, key, at, damage)
    except (SpoolFullError, OSError) as error:
        # A spool that mends itself is worth more than what was set aside of it before.
        if not (isinstance(error, SpoolFullError) or error.errno in FULL) or not drop_quarantines(files):
            raise
    return _open_records(files, key, at, damage)


def _open_records(files: Files, key: bytes, at: int, damage: Damage | None) -> tuple[sqlite3.Connection, list[Finding]]:
    finish_replacement(files)
    log = log_of(files.records)
    octets = log.read_bytes() if log.exists() else b""
    # Of an opening that did not come to its end, and told nobody what it saw.
    earlier = files.log_copy.read_bytes() if files.log_copy.exists() else b""
    from_log = records_in_log(files, octets, key)
    findings: list[Finding] = []
    was_cut = False
    try:
        if damage is not None:
            raise damage
        connection, taken = _open_sound(files, key, octets)
        was_cut = is_cut(octets, taken) or is_cut(earlier, proven(earlier))
        with _closed_on_error(connection), told_apart(files.records):
            if was_cut:
                raise Damage("its log is not what was written, or a kill cut a write to it in two")
            _tell_void(connection, key, at, from_log)
    except Damage as fault:
        code = "log-cut" if was_cut else "damaged"
        why = " ".join(str(fault).split())
        text = f"the spool was damaged ({why}), and what could be was salvaged"
        note_finding(files, Finding(code=code, text=text))
        try:
            quarantine, found = salvage(files, key, from_log.values())
            connection, _ = _open_sound(files, key)
            with _closed_on_error(connection), told_apart(files.records):
                _put_back(connection, key, from_log)
                lost = _tell_lost(connection, key, at)
        except Damage as again:
            raise SpoolError(files.directory, f"is damaged again ({again}): the disk fails: replace it") from again
        text = f"the spool was damaged ({why}): {found} records were salvaged, the file is kept as {quarantine.name}"
        findings += [Finding(code=code, text=text), *lost]
    files.log_copy.unlink(missing_ok=True)
    return connection, findings


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.close()
        raise


def _open_sound(files: Files, key: bytes, log: bytes = b"") -> tuple[sqlite3.Connection, int]:
    """Open and check the file; return the connection and how many frames of its ``log`` SQLite took."""
    with told_apart(files.records):
        connection = connect(files.records)
        with _closed_on_error(connection):
            was_empty = make_tables(connection)
            check(connection, files.records, key)
            taken = _begin_log_again(connection, files, b"" if was_empty else log)
            begin_mark(connection, key)
    return connection, 0 if was_empty else taken


def _begin_log_again(connection: sqlite3.Connection, files: Files, log: bytes) -> int:
    """Copy the log into the file and begin a new one: after a failed fsync nothing may be added to the old, whose pages
    the kernel calls clean though they never reached the disk. Return how many frames SQLite took of it.

    On a full disk, where the file can't grow, the old log is written again in its place, and goes on.
    """
    try:
        busy, taken, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.Error as error:
        if not log or error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        write_again(log_of(files.records), log)
        return proven(log)
    if busy:
        raise SpoolError(files.records, "is in use by another program: end that one")
    return max(int(taken), 0)


def _put_back(connection: sqlite3.Connection, key: bytes, log: dict[int, Framed]) -> None:
    """Put in what the log held and is nowhere: nobody was told that it was not taken."""
    (upto,) = connection.execute("SELECT upto FROM mark").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    for record in log.values():
        if record.sequence > upto and connection.execute(_KNOWN, (record.sequence,)).fetchone() is None:
            put_framed(connection, record, key)
    connection.execute("COMMIT")


def _gaps(connection: sqlite3.Connection) -> list[int]:
    """Return the numbers that were given and are nowhere."""
    (upto,) = connection.execute("SELECT upto FROM mark").fetchone()
    missing: list[int] = []
    expected = upto + 1
    for (sequence,) in connection.execute(f"{_THERE} ORDER BY 1", (upto,)):
        missing += range(expected, min(sequence, expected + _MOST_GAPS - len(missing)))
        expected = sequence + 1
    return missing


def _tell_void(connection: sqlite3.Connection, key: bytes, at: int, log: dict[int, Framed]) -> None:
    """Put back what stands in a sound log behind what SQLite took of it, and note the gaps there: nobody was told that
    those were taken. Raises Damage for any other gap.
    """
    (high,) = connection.execute(HIGH).fetchone()
    _put_back(connection, key, log)
    missing = _gaps(connection)
    if missing and missing[0] <= high:
        raise Damage("records are missing")
    _note_all(connection, key, missing, Fate.VOID, at)


def _tell_lost(connection: sqlite3.Connection, key: bytes, at: int) -> list[Finding]:
    """Note every record as lost that has a number and is nowhere, and tell of it, once."""
    missing = _gaps(connection)
    _note_all(connection, key, missing, Fate.LOST, at)
    if not missing:
        return []
    text = f"{len(missing)} records of the spool were damaged past saving: {ranges_of(missing)}"
    return [Finding(code="lost", text=text)]


def _note_all(connection: sqlite3.Connection, key: bytes, numbers: list[int], fate: Fate, at: int) -> None:
    if numbers:
        connection.execute("BEGIN IMMEDIATE")
        note(connection, key, ((number, fate, at, "") for number in numbers))
        connection.execute("COMMIT")
