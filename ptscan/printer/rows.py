"""Tables out of varbinds: columns joined by their full index, whatever rows a device leaves out."""

from collections.abc import Iterable
from typing import Final

from codec import OBJECT_IDENTIFIER, CodecError, Oid, Varbind, format_oid, oid_arcs
from ptscan.printer.text import decode_text

MAX_ROWS: Final = 128
"""Rows of one table that a reading keeps."""

MAX_NUMBER: Final = 2**63

Index = tuple[int, ...]
Row = dict[Oid, Varbind]
"""The varbinds of one row, by column."""


def index_text(index: Index) -> str:
    """The index as people write it: ``1.13``."""
    return ".".join(map(str, index))


class Columns:
    """What a device told of the given columns, each varbind taken apart once."""

    def __init__(self, varbinds: Iterable[Varbind], columns: Iterable[Oid]) -> None:
        self._columns: dict[Oid, dict[Index, Varbind]] = {column: {} for column in columns}
        self._lengths = sorted({len(column) for column in self._columns})
        self._indexes: dict[bytes, Index] = {}
        self.add(varbinds)

    def add(self, varbinds: Iterable[Varbind]) -> None:
        """Take more of what the device told; what was told of the same cell before is replaced."""
        indexes = self._indexes
        for varbind in varbinds:
            oid, _, value = varbind
            if value is None:  # noSuchObject, noSuchInstance, endOfMibView, NULL
                continue
            for length in self._lengths:
                column = self._columns.get(oid[:length])
                if column is not None and len(oid) > length:
                    suffix = oid[length:]
                    if (index := indexes.get(suffix)) is None:
                        # The prefix 1.3 stands in for the two arcs that BER folds into its first octet.
                        index = indexes[suffix] = oid_arcs(b"\x2b" + suffix)[2:]
                    column[index] = varbind
                    break

    def column(self, column: Oid) -> dict[Index, Varbind]:
        """The varbinds of one column by index, in the order in which they came."""
        return self._columns[column]

    def first(self, column: Oid) -> Varbind | None:
        """The varbind of the lowest index, or None where the column is empty."""
        rows = self._columns[column]
        return rows[min(rows)] if rows else None

    def table(self, *columns: Oid) -> list[tuple[Index, Row]]:
        """The rows that any of ``columns`` has, in the order of their index, MAX_ROWS at most."""
        rows: dict[Index, Row] = {}
        for column in columns:
            for index, varbind in self._columns[column].items():
                rows.setdefault(index, {})[column] = varbind
        return sorted(rows.items())[:MAX_ROWS]


def number(row: Row, column: Oid) -> int | None:
    """The integer in ``column``, or None where it is absent, no integer or beyond what 64 bits with a sign hold."""
    value = row[column][2] if column in row else None
    return value if isinstance(value, int) and abs(value) < MAX_NUMBER else None


def oid_text(varbind: Varbind) -> str | None:
    """The object identifier that a varbind holds, dotted, or None where it holds something else."""
    _, tag, value = varbind
    if tag != OBJECT_IDENTIFIER or not isinstance(value, bytes):
        return None
    try:
        return format_oid(value)
    except CodecError:
        return None


def octets(row: Row, column: Oid) -> bytes | None:
    """The octets in ``column``, or None where it is absent or no string."""
    value = row[column][2] if column in row else None
    return value if isinstance(value, bytes) else None


def text(row: Row, column: Oid, charset: int | None) -> str | None:
    """The text in ``column``, or None where it is absent, no string or nothing readable."""
    value = octets(row, column)
    return decode_text(value, charset) if value is not None else None
