"""A grid as a table: by rich on a terminal, plain columns in a pipe or a file, and for what no screen could hold."""

import unicodedata
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final, Literal

from ptscan.cli.clean import one_line
from ptscan.cli.flat import Cell, Grid

if TYPE_CHECKING:
    from rich.table import Table

MAX_RICH_ROWS: Final = 500  # beyond it a person scrolls or pipes, and rich would take seconds
_WIDEST: Final = 60  # columns of the screen for one plain cell


def table(grid: Grid, terminal: bool) -> str:
    """Return ``grid`` drawn for a ``terminal``, or plain; nothing at all for no rows."""
    if not grid.rows:
        return ""
    return _drawn(grid) if terminal and len(grid.rows) <= MAX_RICH_ROWS else _plain(grid)


def screen_width() -> int:
    """Return how many columns the person's terminal has."""
    return get_terminal_size().columns


def rich_table(grid: Grid, *, cut: bool = False) -> "Table":
    """Return ``grid`` as a rich table, its cells ``cut`` to one line or folded; none is taken for markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    overflow: Literal["ellipsis", "fold"] = "ellipsis" if cut else "fold"
    columns = zip(*grid.rows, strict=True)
    for name, number, column in zip(grid.header, _number_columns(grid), columns, strict=True):
        whole = number or name == "address"  # of no use in part
        drawn.add_column(
            name,
            justify="right" if number else "left",
            no_wrap=whole,
            min_width=max(_width(text(value)) for value in column) if whole else None,
        )
    for row in grid.rows:
        drawn.add_row(*(Text(text(value), no_wrap=cut or None, overflow=overflow) for value in row))
    return drawn


def text(value: Cell) -> str:
    """Return a cell as it stands in a table."""
    if value is None:
        return "-"
    return one_line(value) if isinstance(value, str) else str(value)


def _plain(grid: Grid) -> str:
    lines = [[name.upper() for name in grid.header], *([text(value) for value in row] for row in grid.rows)]
    widths = [min(_WIDEST, max(map(_width, column))) for column in zip(*lines, strict=True)]
    right = _number_columns(grid)
    return "".join("  ".join(map(_padded, line, widths, right)).rstrip() + "\n" for line in lines)


def _padded(cell: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(cell))
    return blanks + cell if right else cell + blanks


def _number_columns(grid: Grid) -> list[bool]:
    """Return for each column whether it holds numbers and no texts, and so is set to the right."""
    kinds = [{type(value) for value in column if value is not None} for column in zip(*grid.rows, strict=True)]
    return [bool(kind) and kind <= {int, float} for kind in kinds]


def _width(cell: str) -> int:
    """Return the columns of a screen that ``cell`` takes (UAX 11)."""
    if cell.isascii():
        return len(cell)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in cell)


def _drawn(grid: Grid) -> str:
    from rich.console import Console

    console = Console()
    with console.capture() as capture:
        console.print(rich_table(grid))
    return capture.get()
