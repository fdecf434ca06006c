"""Tables on a narrow terminal: what is of no use in part stays whole, the rest gives way."""

import io

import pytest
from rich.console import Console

from ptscan.cli.flat import Cell, Grid
from ptscan.cli.table import rich_table

HEADER = ("address", "model", "pages", "value")
ROWS: list[tuple[Cell, ...]] = [
    ("127.20.0.255:16100", "Xerox AltaLink C8265 Multifunction Printer", 710639, "a text that is longer than a line"),
    ("127.20.0.4:16100", "HP LaserJet", 20075, 42),
]


def drawn(*, cut: bool) -> str:
    console = Console(file=io.StringIO(), width=60)
    with console.capture() as capture:
        console.print(rich_table(Grid(HEADER, ROWS), cut=cut))
    return capture.get()


@pytest.mark.parametrize("cut", [False, True], ids=["at the end", "growing"])
def test_addresses_and_numbers_stay_whole(cut: bool) -> None:
    shown = drawn(cut=cut)
    for whole in ("127.20.0.255:16100", "127.20.0.4:16100", "710639", " 20075"):
        assert whole in shown
    assert max(map(len, shown.splitlines())) <= 60


def test_a_growing_table_has_one_line_a_row() -> None:
    assert len([line for line in drawn(cut=True).splitlines() if line.strip()]) == 2 + len(ROWS)


def test_a_column_of_texts_with_a_number_among_them_is_folded() -> None:
    assert "".join(drawn(cut=False).split()).count("longer") == 1
    assert "…" not in drawn(cut=False)
