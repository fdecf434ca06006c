"""The five formats: JSON Lines as records come, the others whole at the end."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec
import trio

from ptscan.cli.clean import cell
from ptscan.cli.destination import Destination
from ptscan.cli.flat import Cell, Grid, Shape
from ptscan.cli.options import Format, Showing
from ptscan.cli.table import table
from ptscan.errors import InputError

T = TypeVar("T")
Receipt: TypeAlias = Callable[[], None]

_PAUSE_SECONDS: Final = 0.02  # between two writes of lines: each costs as much as hundreds of lines
_MANY: Final = 1_024  # lines that are not kept back for that long
_MOST: Final = 4_096  # lines that wait for a slow reader before whoever finds more has to
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
    """Takes records for ``destination``: JSON Lines are written as they come, the others as a whole in ``finish``."""

    def __init__(self, shape: Shape[T], form: Format, destination: Destination) -> None:
        self._shape = shape
        self._form = form
        self._destination = destination
        self._pending: list[T] = []
        self._receipts: list[Receipt] = []
        self._added = trio.Event()
        self._many = trio.Event()
        self._written = trio.Event()

    @property
    def streams(self) -> bool:
        """Whether the format grows line by line."""
        return self._form == "jsonl"

    def add(self, records: Sequence[T], kept: Receipt | None = None) -> None:
        """Take records; nothing is written yet. ``kept`` is called once they are where no kill can reach them."""
        self._pending += records
        if kept is not None:
            self._receipts.append(kept)
        self._added.set()
        if len(self._pending) >= _MANY:
            self._many.set()

    async def has_room(self) -> None:
        """Wait until further records may be added: as long as a reader of lines is slow."""
        while self.streams and len(self._pending) >= _MOST:
            await self._written.wait()

    async def keep_written(self) -> None:
        """Write lines as they are added, until cancelled.

        Many at a time, and where somebody reads them in a thread: a slow reader of ours stalls nothing else.
        """
        while self.streams:
            await self._added.wait()
            self._added, self._many = trio.Event(), trio.Event()
            lines, receipts = self._take_lines()
            with trio.CancelScope(shield=True):  # taken is written: nothing else holds these lines any more
                if self._destination.is_file:
                    self._destination.write(lines)
                else:
                    await trio.to_thread.run_sync(self._destination.write, lines)
            _call(receipts)
            self._written.set()
            self._written = trio.Event()
            with trio.move_on_after(_PAUSE_SECONDS):
                await self._many.wait()

    def _take_lines(self) -> tuple[bytes, list["Receipt"]]:
        records, self._pending = self._pending, []
        receipts, self._receipts = self._receipts, []
        return msgspec.json.Encoder().encode_lines(records), receipts

    def flush(self) -> None:
        """Write the lines that are not written yet, where the format has lines. Blocks."""
        if self.streams:
            lines, receipts = self._take_lines()
            self._destination.write(lines)
            _call(receipts)

    def finish(self) -> None:
        """Write whatever is not written yet. Blocks."""
        if self.streams:
            self.flush()
            return
        if self._shape.revise is not None:
            self._pending = self._shape.revise(self._pending)
        if self._shape.order is not None:
            self._pending.sort(key=self._shape.order)
        self._destination.write(self._whole())

    def settle(self) -> None:
        """The destination is closed: a file that was written as a whole has its name."""
        _call(self._receipts)

    def _whole(self) -> bytes:
        records = self._pending
        match self._form:
            case "json":
                return _json(records)
            case "csv":
                return _csv(self._shape.wide(records))
            case "xlsx":
                from ptscan.cli.sheet import workbook

                more = self._shape.sheets(records) if self._shape.sheets else {}
                return workbook(self._shape.wide(records), more)
            case _:
                terminal = self._destination.is_terminal()
                draw = self._shape.draw
                text = draw(records, terminal) if draw else table(self._shape.short(records), terminal)
                return text.encode(self._destination.encoding, "replace")


def _call(receipts: Iterable[Receipt]) -> None:
    for kept in receipts:
        kept()


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
