"""A grid as an XLSX workbook of one sheet; texts are written as texts, whatever they look like."""

import io
from typing import TYPE_CHECKING, Final

from ptscan.cli.clean import one_line
from ptscan.cli.flat import Cell, Grid
from ptscan.errors import PtscanError

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

MAX_ROWS: Final = 1_048_576  # of a sheet, the header included
MAX_TEXT: Final = 32_767  # characters in a cell
_MAX_EXACT: Final = 2**53  # a number in a sheet is a double


class SheetError(PtscanError):
    """The rows do not fit into one sheet."""


def workbook(grid: Grid) -> bytes:
    """Return ``grid`` as the octets of an .xlsx file; raises SheetError past MAX_ROWS."""
    import xlsxwriter  # type: ignore[import-untyped] # 40 ms that no other format has to pay

    if len(grid.rows) >= MAX_ROWS:
        raise SheetError(f"{len(grid.rows)} rows are more than a sheet holds ({MAX_ROWS - 1}): use --format csv")
    octets = io.BytesIO()
    book = xlsxwriter.Workbook(octets, {"in_memory": True})
    sheet = book.add_worksheet("ptscan")
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
    book.close()
    return octets.getvalue()


def _write(sheet: "Worksheet", place: tuple[int, int], value: Cell) -> None:
    if isinstance(value, str):
        sheet.write_string(*place, one_line(value)[:MAX_TEXT])
    elif isinstance(value, int) and abs(value) > _MAX_EXACT:
        sheet.write_string(*place, str(value))
    elif value is not None:
        sheet.write_number(*place, value)
