"""What goes when, and what never: the policy of a spool that grows old or full.

- A record that waits is never dropped to take in another. A put that finds no room is refused, and says so.
- A stored record is kept for a day, for a resync; when room is needed it goes earlier, oldest first.
- A full spool is thinned: of what is older than thirty days, each subject keeps the last record of a day. Meters only
  count up, so what remains still tells the sum; every number that went is noted and counted. Age alone drops nothing,
  so a clock that jumps costs nothing.
- What the collector would not have is kept aside, a thousand of them.
"""

import sqlite3
from collections.abc import Container, Iterable
from typing import Final

from proto_schema import write_instant
from ptscan.agent.spool import limits
from ptscan.agent.spool.tables import Fate, fate_row, mark_seal

_ALL: Final = (1 << 63) - 1


def drop_stored(connection: sqlite3.Connection, key: bytes, *, below: int, stored_before: int, told_before: int) -> int:
    """Let go of settled records below the number ``below``: stored ones of before ``stored_before``, and the notes of
    thinned and lost ones of before ``told_before``, both in seconds since 1970; return the octets that are free.
    """
    rows = connection.execute(
        "SELECT fate.sequence, coalesce(length(frame) + ?, 0) FROM fate LEFT JOIN record USING (sequence) "
        "WHERE fate.sequence < ? AND ((fate IN ('stored', 'void') AND fate.at < ?) "
        "OR (fate IN ('thinned', 'lost') AND fate.at < ?)) ORDER BY fate.sequence LIMIT ?",
        (limits.RECORD_OVERHEAD, below, stored_before, told_before, limits.PRUNED_RECORDS),
    ).fetchall()
    return _let_go(connection, key, rows)


def drop_stored_early(connection: sqlite3.Connection, key: bytes, *, below: int) -> int:
    """Let go of the oldest stored records, however young; return the octets that are free."""
    return drop_stored(connection, key, below=below, stored_before=_ALL, told_before=0)


def drop_set_aside(connection: sqlite3.Connection, key: bytes, *, below: int) -> int:
    """Let go of the oldest records that the collector would not have, beyond the limit and below the number ``below``;
    return the octets.
    """
    rows = connection.execute(
        "SELECT fate.sequence, coalesce(length(frame) + ?, 0) FROM fate LEFT JOIN record USING (sequence) "
        "WHERE fate = 'set-aside' ORDER BY fate.sequence DESC LIMIT ? OFFSET ?",
        (limits.RECORD_OVERHEAD, limits.PRUNED_RECORDS, limits.SET_ASIDE_RECORDS),
    ).fetchall()
    return _let_go(connection, key, [row for row in rows if row[0] < below])


def _let_go(connection: sqlite3.Connection, key: bytes, rows: list[tuple[int, int]]) -> int:
    if not rows:
        return 0
    numbers = [(sequence,) for sequence, _ in rows]
    for table in ("record", "fate", "refusal"):
        connection.executemany(f"DELETE FROM {table} WHERE sequence = ?", numbers)  # noqa: S608  our own names
    (upto,) = connection.execute("SELECT upto FROM mark").fetchone()
    upto = max(upto, *(sequence for sequence, _ in rows), 0)
    connection.execute("UPDATE mark SET upto = ?, seal = ?", (upto, mark_seal(upto, key)))
    return sum(octets for _, octets in rows)


def thin(
    connection: sqlite3.Connection, key: bytes, *, above: int, before: float, at: int, spared: Container[int]
) -> tuple[int | None, list[int], int]:
    """Thin one window of records that wait, above the number ``above`` and from before ``before`` (seconds since 1970).

    ``spared`` are on their way. Return the window's last number, None where it was the last window; the numbers that
    went; the octets that are free.
    """
    rows = connection.execute(
        "SELECT sequence, at, subject, length(frame) FROM record WHERE sequence > ? AND at < ? AND subject <> '' "
        "AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.sequence = record.sequence) ORDER BY sequence LIMIT ?",
        (above, write_instant(before), limits.THINNED_WINDOW),
    ).fetchall()
    last = {(subject, when[:10]): sequence for sequence, when, subject, _ in rows}
    kept = set(last.values())
    gone = [(sequence, octets) for sequence, _, _, octets in rows if sequence not in kept and sequence not in spared]
    note(connection, key, ((sequence, Fate.THINNED, at, "") for sequence, _ in gone))
    connection.executemany("DELETE FROM record WHERE sequence = ?", ((sequence,) for sequence, _ in gone))
    next_above = rows[-1][0] if len(rows) == limits.THINNED_WINDOW else None
    return next_above, [sequence for sequence, _ in gone], sum(octets for _, octets in gone)


def note(connection: sqlite3.Connection, key: bytes, rows: Iterable[tuple[int, str, int, str]]) -> None:
    """Note what became of records: sequence, fate, when, why."""
    sealed = (fate_row(row, key) for row in rows)
    connection.executemany("INSERT OR IGNORE INTO fate VALUES (?, ?, ?, ?, ?)", sealed)
