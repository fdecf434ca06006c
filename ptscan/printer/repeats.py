"""Rows of a table of supplies that tell of the same cartridge twice.

Two black cartridges of one kind and level may well be in one machine; so only what cannot be two is taken for one.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from proto_schema import Supply
from ptscan.printer.kinds import family_of


def repeated_rows(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(index of the repetition, index of the row that is kept, why)``, each repetition once."""
    gone: set[str] = set()
    for again, first, why in (*_other_device(rows), *_second_half(rows), *_same_serial(rows)):
        if again not in gone and first not in gone:
            gone.add(again)
            yield again, first, why


def _other_device(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """The same row under two hrDeviceIndexes; the one under 0, which no device may have, goes."""
    groups: dict[tuple[str, Supply], list[str]] = {}
    for row in rows:
        _, _, own = row.index.partition(".")
        if own and row.description:
            groups.setdefault((own, _told(row)), []).append(row.index)
    for indexes in groups.values():
        first, *more = sorted(indexes, key=lambda index: (index.startswith("0."), _arcs(index)))
        for again in more:
            yield again, first, "the same row of another device"


def _arcs(index: str) -> tuple[int, ...]:
    """The index as numbers, to be ordered by."""
    return tuple(map(int, index.split(".")))


def _second_half(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """A whole table told twice, as for two markers: the halves agree, down to two levels that are no full or empty."""
    half = len(rows) // 2
    first, second = rows[:half], rows[half:]
    if half < 2 or [_told(row) for row in first] != [_told(row) for row in second]:
        return
    used = {(row.level, row.capacity) for row in first if row.percent is not None and 0 < row.percent < 100}
    if len(used) > 1 and len({_told(row) for row in first}) == half:
        for row, again in zip(first, second, strict=True):
            yield again.index, row.index, "the whole table is told twice"


def _same_serial(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """One serial under one kind and colour. A cartridge with its own drum shows as two kinds, and stays two rows."""
    for row, again in combinations((row for row in rows if row.serial), 2):
        if (row.serial, family_of(row.kind), row.color) == (again.serial, family_of(again.kind), again.color):
            yield again.index, row.index, f"the serial {row.serial}"


def _told(row: Supply) -> Supply:
    """The row without its place in the table."""
    return msgspec.structs.replace(row, index="")
