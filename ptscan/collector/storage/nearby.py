"""Of what was received of spools, the intervals that meet a batch or touch it, whatever else there is of them.

Intervals neither overlap nor touch, so of all that begin before a run of numbers the last one alone can reach into it.
The key of the table leads to it and to those behind; an agent that leaves a gap behind each of a million records makes
nothing slower than its own batch.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ptscan.collector.storage import arrays, limits, sequences
from ptscan.collector.storage.tables import received

Span = tuple[int, int, int]
"""A spool, and of what touches a run of its numbers the lowest and the highest."""

_BEFORE: Final = (
    "SELECT max(b.first) FROM received AS b WHERE b.spool_id = said.spool_id AND b.first <= said.low"
)  # fmt: skip
_NAMES: Final = ("spool_id", "low", "high")
_KINDS: Final = (received.c.spool_id.type, received.c.first.type, received.c.first.type)
_UNNEST: Final = ", ".join(
    f"%({name})b::{arrays.name_of(kind)}[]" for name, kind in zip(_NAMES, _KINDS, strict=True)
)  # fmt: skip
_POSTGRESQL: Final = f"""
SELECT found.spool_id, found.first, found.last
FROM unnest({_UNNEST}) AS said (spool_id, low, high)
CROSS JOIN LATERAL (SELECT coalesce(({_BEFORE}), said.low) AS first) AS start
CROSS JOIN LATERAL (
    SELECT r.spool_id, r.first, r.last FROM received AS r
    WHERE r.spool_id = said.spool_id AND r.first >= start.first AND r.first <= said.high
) AS found
"""  # noqa: S608 (no word of it comes from outside)


def nearby(connection: Connection, spools: Iterable[tuple[int, Iterable[int]]]) -> dict[int, list[sequences.Interval]]:
    """Of each spool's number the intervals, in order, that meet or touch the sequences beside it, and few others."""
    spans = [
        (spool_id, first - 1, min(last + 1, limits.INTEGER))
        for spool_id, numbers in spools
        for first, last in sequences.runs(numbers)
    ]
    found: dict[int, set[sequences.Interval]] = {}
    for spool_id, first, last in _rows(connection, spans):
        found.setdefault(spool_id, set()).add((first, last))
    return {spool_id: sorted(intervals) for spool_id, intervals in found.items()}


def _rows(connection: Connection, spans: Sequence[Span]) -> Iterable[Sequence[Any]]:
    if not spans:
        return
    if connection.dialect.name == "postgresql":
        columns = zip(*spans, strict=True)
        values = {
            name: arrays.array_of(kind, column) for name, kind, column in zip(_NAMES, _KINDS, columns, strict=True)
        }
        yield from connection.exec_driver_sql(_POSTGRESQL, values).all()
        return
    for start in range(0, len(spans), limits.KEYS_AT_ONCE // len(_NAMES)):
        some = spans[start : start + limits.KEYS_AT_ONCE // len(_NAMES)]
        yield from connection.exec_driver_sql(_sqlite(len(some)), tuple([value for span in some for value in span]))


def _sqlite(many: int) -> str:
    values = ", ".join(["(?, ?, ?)"] * many)
    # CROSS: what is asked for is gone through, and looked up (sqlite.org/optoverview.html, 8.2).
    return (
        f"WITH said (spool_id, low, high) AS (VALUES {values}) "  # noqa: S608 (no word of it comes from outside)
        "SELECT r.spool_id, r.first, r.last FROM said CROSS JOIN received AS r ON r.spool_id = said.spool_id "
        f"AND r.first >= coalesce(({_BEFORE}), said.low) AND r.first <= said.high"
    )
