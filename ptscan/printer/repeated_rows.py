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
    """The same row under hrDeviceIndex 0, which no device may have, and under the printer's own.

    The colour does not count: only the printer's own index leads to prtMarkerColorantTable.
    """
    printers: dict[tuple[str, Supply], str] = {}
    for row in rows:
        device, _, own = row.index.partition(".")
        if device != "0" and own:
            printers.setdefault((own, _told(row, color=None)), row.index)
    for row in rows:
        device, _, own = row.index.partition(".")
        if device == "0" and (first := printers.get((own, _told(row, color=None)))):
            yield row.index, first, "under device 0"


def _second_half(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """A whole table told twice, as for two markers: the halves agree, down to two levels that are no full or empty."""
    half = len(rows) // 2
    first, second = rows[:half], rows[half:]
    if half < 2 or [_told(row) for row in first] != [_told(row) for row in second]:
        return
    used = {(row.level, row.capacity) for row in first if row.percent is not None and 0 < row.percent < 100}
    if len(used) > 1 and len({_told(row) for row in first}) == half:
        for row, again in zip(first, second, strict=True):
            yield again.index, row.index, "the table comes twice"


def _same_serial(rows: Sequence[Supply]) -> Iterator[tuple[str, str, str]]:
    """One serial under one kind and colour. A cartridge with its own drum shows as two kinds, and stays two rows."""
    for row, again in combinations((row for row in rows if row.serial), 2):
        if (row.serial, family_of(row.kind), row.color) == (again.serial, family_of(again.kind), again.color):
            yield again.index, row.index, f"serial {row.serial}"


def _told(row: Supply, **without: None) -> Supply:
    """The row without its place in the table."""
    return msgspec.structs.replace(row, index="", **without)
