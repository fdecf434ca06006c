"""The five formats: JSON Lines as records come, the others whole at the end."""

import csv
import io
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec
import trio

from ptscan.cli.clean import cell
from ptscan.cli.destination import Destination
from ptscan.cli.flat import Cell, Grid, Shape
from ptscan.cli.options import Format, Showing
from ptscan.cli.table import table
from ptscan.errors import InputError

T = TypeVar("T")

_ENDINGS: Final[dict[str, Format]] = {".json": "json", ".jsonl": "jsonl", ".csv": "csv", ".xlsx": "xlsx"}


class FormatError(InputError):
    """The format and the place to write to do not go together."""


def format_of(showing: Showing) -> Format:
    """Return the format that was asked for: by name, else by the ending of the file, else a table.

    Raises FormatError for a workbook on standard output.
    """
    form = showing.format
    if form is None:
        ending = showing.output.suffix.lower() if showing.output else ""
        form = _ENDINGS.get(ending, "table")
    if form == "xlsx" and showing.output is None:
        raise FormatError("--format xlsx needs a file: name one with -o FILE.xlsx")
    return form


class Output(Generic[T]):
    """Takes records for ``destination``: JSON Lines can be taken and written at any time, the others in ``finish``."""

    def __init__(self, shape: Shape[T], form: Format, destination: Destination) -> None:
        self._shape = shape
        self._form = form
        self._destination = destination
        self._pending: list[T] = []
        self._added = trio.Event()

    @property
    def streams(self) -> bool:
        """Whether the format grows line by line."""
        return self._form == "jsonl"

    def add(self, record: T) -> None:
        """Take one record; nothing is written yet."""
        self._pending.append(record)
        self._added.set()

    def _take_lines(self) -> bytes:
        """Return what was added since the last call, where the format grows line by line; else nothing."""
        if not self.streams or not self._pending:
            return b""
        lines, self._pending = self._pending, []
        return msgspec.json.Encoder().encode_lines(lines)

    async def keep_written(self) -> None:
        """Write lines as they are added, in a thread, until cancelled: a slow reader of ours stalls nothing else."""
        while True:
            if lines := self._take_lines():
                with trio.CancelScope(shield=True):  # taken is written: nothing else holds these lines any more
                    await trio.to_thread.run_sync(self._destination.write, lines)
            else:
                self._added = trio.Event()
                await self._added.wait()

    def flush(self) -> None:
        """Write the lines that are not written yet, where the format has lines. Blocks."""
        self._destination.write(self._take_lines())

    def finish(self) -> None:
        """Write whatever is not written yet. Blocks."""
        if self.streams:
            self.flush()
            return
        if self._shape.order is not None:
            self._pending.sort(key=self._shape.order)
        self._destination.write(self._whole())

    def _whole(self) -> bytes:
        records = self._pending
        match self._form:
            case "json":
                return _json(records)
            case "csv":
                return _csv(self._shape.wide(records))
            case "xlsx":
                from ptscan.cli.sheet import workbook

                return workbook(self._shape.wide(records))
            case _:
                terminal = self._destination.is_terminal()
                draw = self._shape.draw
                text = draw(terminal) if draw else table(self._shape.short(records), terminal)
                return text.encode(self._destination.encoding, "replace")


def _json(records: Sequence[object]) -> bytes:
    encode = msgspec.json.Encoder().encode
    return b"[" + b",".join(b"\n" + encode(record) for record in records) + b"\n]\n"


def _csv(grid: Grid) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, grid.header))
    writer.writerows([_csv_cell(value) for value in row] for row in grid.rows)
    return text.getvalue().encode()


def _csv_cell(value: Cell) -> Cell:
    return cell(value) if isinstance(value, str) else value
