"""Which epochs a spool's records have, and what the collector should have of them and has not.

A spool draws an epoch at each opening, so the records of one stand together: each epoch has a lowest and a highest
number. In a file that was salvaged two may overlap, so the bounds say where to look, and the frame says whose it is.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from proto_schema import Range, Received
from ptscan.agent.spool.frame import EPOCH_PLACE

Bounds = dict[str, tuple[int, int]]
"""Epoch -> the lowest and the highest number that a record of it has."""

_BOUNDS: Final = (
    f"SELECT lower(hex(substr(frame, {EPOCH_PLACE}, 8))), min(sequence), max(sequence) FROM record GROUP BY 1"  # noqa: S608
)
_ANY: Final = "SELECT 1 FROM record WHERE sequence BETWEEN ? AND ? LIMIT 1"
_STORED: Final = (
    "SELECT sequence FROM fate JOIN record USING (sequence) WHERE sequence BETWEEN ? AND ? AND fate = 'stored' "  # noqa: S608
    f"AND substr(frame, {EPOCH_PLACE}, 8) = ? ORDER BY sequence"
)


def bounds_of(connection: sqlite3.Connection) -> Bounds:
    """Return every epoch with records; reads all of the file."""
    return {epoch: (low, high) for epoch, low, high in connection.execute(_BOUNDS)}


def with_records(connection: sqlite3.Connection, bounds: Bounds) -> Bounds:
    """Return those of ``bounds`` that still have records, the earliest first."""
    still = {epoch: within for epoch, within in bounds.items() if connection.execute(_ANY, within).fetchone()}
    return dict(sorted(still.items(), key=lambda item: item[1][1]))


def missing_of(connection: sqlite3.Connection, bounds: Bounds, received: Sequence[Received]) -> "array[int]":
    """Return the numbers that were stored, as the collector said, and that it does not have now."""
    named: dict[str, list[Range]] = {}
    for each in received:
        named.setdefault(each.epoch, []).extend(each.ranges)
    missing = array("Q")
    for epoch, ranges in named.items():
        if epoch in bounds:
            for low, high in _between(ranges, *bounds[epoch]):
                rows = connection.execute(_STORED, (low, high, bytes.fromhex(epoch)))
                missing.extend(sequence for (sequence,) in rows)
    return missing


def _between(ranges: Iterable[Range], low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield what of ``low`` to ``high`` is in none of ``ranges``, in whatever order they come."""
    for known in sorted(ranges, key=lambda known: known.first):
        if known.first > low:
            yield low, min(known.first - 1, high)
        low = max(low, known.last + 1)
        if low > high:
            return
    yield low, high
