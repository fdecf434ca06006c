"""Flat records as rows: every field in a file, a few of them in a person's table. Pure."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from ptscan.cli.flat import Cell, Grid, Shape

T = TypeVar("T", bound=msgspec.Struct)


def listed(kind: type[T], *short: str) -> Shape[T]:
    """How records of ``kind`` are laid out; ``short`` are the fields of the table for a person.

    Lists are joined by blanks, and fields that hold structures stand in JSON alone.
    """
    wide = tuple(field.name for field in msgspec.structs.fields(kind) if field.type in _FLAT or field.type == list[str])

    def grid(names: Sequence[str], records: Sequence[T]) -> Grid:
        header = tuple(name.removesuffix("_at") if names is short else name for name in names)
        return Grid(header, [tuple(_cell(getattr(record, name)) for name in names) for record in records])

    return Shape(lambda records: grid(wide, records), lambda records: grid(short, records))


_FLAT = (str, int, float, bool, str | None, int | None, float | None)


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value if isinstance(value, (str, int, float)) else None
