"""Opening a spool's file, whatever became of it: checked, salvaged where it is damaged, and what is missing told."""

import sqlite3
from contextlib import suppress
from typing import Final

from ptscan.agent.spool.database import begin_mark, check, connect, key_within, told_apart
from ptscan.agent.spool.errors import Damage, SpoolError
from ptscan.agent.spool.files import Files, finish_replacement, log_of, new_key, remove, set_aside, write_key
from ptscan.agent.spool.frame import Framed
from ptscan.agent.spool.log import is_cut, records_in_log
from ptscan.agent.spool.report import Finding, ranges_of
from ptscan.agent.spool.room import note
from ptscan.agent.spool.salvage import put_framed, salvage
from ptscan.agent.spool.tables import Fate

_ALL: Final = (1 << 63) - 1
_MOST_GAPS: Final = 1_000_000
_KNOWN: Final = "SELECT 1 FROM record WHERE sequence = ?1 UNION ALL SELECT 1 FROM fate WHERE sequence = ?1"
_THERE: Final = "SELECT sequence FROM record WHERE sequence > ?1 UNION SELECT sequence FROM fate WHERE sequence > ?1"
HIGH: Final = (
    "SELECT max(coalesce((SELECT max(sequence) FROM record), 0), coalesce((SELECT max(sequence) FROM fate), 0), upto) "
    "FROM mark"
)
"""Asks for the highest number that was given."""


def find_key(files: Files, file: int, key: bytes | None) -> tuple[bytes, list[Finding]]:
    """Return the spool's key: that of the key file, else the records' own copy, else a new one for a new spool."""
    if key is not None:
        return key, []
    finish_replacement(files)
    findings = []
    if files.records.exists() and (key := key_within(files.records)) is None:
        quarantine = set_aside(files)
        remove(files.records)
        text = f"the spool's key is gone, and its records can't be told from others: they are in {quarantine.name}"
        findings = [Finding(code="key-gone", text=text)]
    key = key or new_key()
    write_key(file, key)
    return key, findings


def open_records(
    files: Files, key: bytes, at: int, *, damage: Damage | None = None
) -> tuple[sqlite3.Connection, list[Finding]]:
    """Return a connection to a sound file of the spool, and what was wrong; ``at`` is the time, in whole seconds.

    ``damage`` is what was seen in the file already, where a check would not see it. Raises SpoolFullError,
    SpoolUnwritableError, SpoolError; never for damage.
    """
    finish_replacement(files)
    log = log_of(files.records)
    octets = log.read_bytes() if log.exists() else b""
    from_log = records_in_log(files, key)
    findings = []
    was_cut = False
    try:
        if damage is not None:
            raise damage
        connection, taken = _open_sound(files, key)
        if was_cut := is_cut(octets, taken):
            connection.close()
            raise Damage(f"SQLite takes no more than {taken} pages of its log")
    except Damage as fault:
        quarantine, found = salvage(files, key, from_log.values())
        text = f"the spool was damaged ({fault}): {found} records were salvaged, the file is kept as {quarantine.name}"
        findings.append(Finding(code="log-cut" if was_cut else "damaged", text=text))
        try:
            connection, _ = _open_sound(files, key)
        except Damage as again:
            raise SpoolError(files.directory, f"is damaged again ({again}): the disk fails: replace it") from again
    try:
        with told_apart(files.records):
            (high,) = connection.execute(HIGH).fetchone()
            _put_back(connection, key, from_log)
            # Behind what SQLite took of a log that it took whole, stands what was never acknowledged.
            findings += _tell_gaps(connection, key, at, acknowledged=_ALL if findings else high)
    except BaseException:
        connection.close()
        raise
    files.log_copy.unlink(missing_ok=True)
    return connection, findings


def _open_sound(files: Files, key: bytes) -> tuple[sqlite3.Connection, int]:
    """Open and check the file; return the connection and how many frames of the log SQLite took."""
    with told_apart(files.records):
        connection = connect(files.records)
        try:
            check(connection, files.records, key)
            # Copies the log into the file and begins a new one: after a failed fsync nothing may be added to the old,
            # whose pages the kernel calls clean though they never reached the disk.
            busy, taken, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            if busy:
                raise SpoolError(files.records, "is in use by another program: end that one")
            begin_mark(connection, key)
        except BaseException:
            with suppress(sqlite3.Error):
                connection.close()
            raise
    return connection, max(taken, 0)


def _put_back(connection: sqlite3.Connection, key: bytes, log: dict[int, Framed]) -> None:
    """Put in what the log held and is nowhere: nobody was told that it was not taken."""
    (upto,) = connection.execute("SELECT upto FROM mark").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    for record in log.values():
        if record.sequence > upto and connection.execute(_KNOWN, (record.sequence,)).fetchone() is None:
            put_framed(connection, record, key)
    connection.execute("COMMIT")


def _tell_gaps(connection: sqlite3.Connection, key: bytes, at: int, *, acknowledged: int) -> list[Finding]:
    """Note every record as lost that has a number and is nowhere, and tell of it, once."""
    (upto,) = connection.execute("SELECT upto FROM mark").fetchone()
    missing: list[int] = []
    expected = upto + 1
    for (sequence,) in connection.execute(f"{_THERE} ORDER BY 1", (upto,)):
        missing += range(expected, min(sequence, expected + _MOST_GAPS - len(missing)))
        expected = sequence + 1
    lost = [sequence for sequence in missing if sequence <= acknowledged]
    if not missing:
        return []
    connection.execute("BEGIN IMMEDIATE")
    note(connection, key, ((number, Fate.LOST if number <= acknowledged else Fate.VOID, at, "") for number in missing))
    connection.execute("COMMIT")
    if not lost:
        return []
    text = f"{len(lost)} records of the spool were damaged past saving: {ranges_of(lost)}"
    return [Finding(code="lost", text=text)]
