"""Grids as the sheets of an XLSX workbook; texts are written as texts, whatever they look like."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ptscan.cli.clean import one_line
from ptscan.cli.flat import Cell, Grid
from ptscan.errors import PtscanError

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

MAX_ROWS: Final = 1_048_576  # of a sheet, the header included
MAX_TEXT: Final = 32_767  # characters in a cell
_MAX_EXACT: Final = 2**53  # a number in a sheet is a double


class SheetError(PtscanError):
    """The rows do not fit into one sheet."""


def workbook(grid: Grid, more: Mapping[str, Grid], *, max_rows: int = MAX_ROWS) -> bytes:
    """Return ``grid`` and ``more``, by name, as the octets of an .xlsx file.

    A sheet has ``max_rows``, its header included. Raises SheetError where ``grid`` has more; another tells how many.
    """
    import xlsxwriter  # 40 ms that no other format has to pay

    if len(grid.rows) >= max_rows:
        raise SheetError(f"{len(grid.rows)} rows are more than a sheet holds ({max_rows - 1}): use --format csv")
    octets = io.BytesIO()
    book = xlsxwriter.Workbook(octets, {"in_memory": True})
    _add_sheet(book, "ptscan", grid)
    for name, other in more.items():
        _add_sheet(book, name, _cut(other, max_rows - 1))
    book.close()
    return octets.getvalue()


def _cut(grid: Grid, room: int) -> Grid:
    if len(grid.rows) <= room:
        return grid
    rest = f"{len(grid.rows) - room + 1} more: see --format json"
    return Grid(grid.header, [*grid.rows[: room - 1], (rest, *(None for _ in grid.header[1:]))])


def _add_sheet(book: "Workbook", name: str, grid: Grid) -> None:
    sheet = book.add_worksheet(name)
    heading = book.add_format({"bold": True})
    for column, name in enumerate(grid.header):
        sheet.write_string(0, column, one_line(name), heading)
        sheet.set_column(column, column, min(40, max(8, len(name) + 2)))
    for number, row in enumerate(grid.rows, 1):
        for column, value in enumerate(row):
            _write(sheet, (number, column), value)
    sheet.freeze_panes(1, 1)
    if grid.rows:
        sheet.autofilter(0, 0, len(grid.rows), len(grid.header) - 1)


def _write(sheet: "Worksheet", place: tuple[int, int], value: Cell) -> None:
    if isinstance(value, str):
        sheet.write_string(*place, one_line(value)[:MAX_TEXT])
    elif isinstance(value, int) and abs(value) > _MAX_EXACT:
        sheet.write_string(*place, str(value))
    elif value is not None:
        sheet.write_number(*place, value)
