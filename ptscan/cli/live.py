"""The display of a run under way, on a terminal's stderr: how far it is, and the latest rows of the growing table."""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import trio

from ptscan.cli.flat import Cell, Grid
from ptscan.cli.table import rich_table
from ptscan.cli.words import Words, stderr_is_terminal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import TaskID

MAX_ROWS: Final = 200  # of the table that are kept for the screen
_REFRESH_SECONDS: Final = 0.1
_LINES_BELOW_TABLE: Final = 6


class Display:
    """Shows nothing: what a run reports to where nobody watches."""

    is_live = False

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        """Report that ``done`` of ``total`` of ``what`` are done."""

    def row(self, header: tuple[str, ...], row: tuple[Cell, ...]) -> None:
        """Add a row to the growing table."""

    async def keep_fresh(self) -> None:
        """Redraw until cancelled."""
        await trio.sleep_forever()


@contextmanager
def display(words: Words, *, wanted: bool) -> Iterator[Display]:
    """Show a display for the length of the block, if it is ``wanted`` and a person watches stderr."""
    if not wanted or words.quiet or not stderr_is_terminal():
        yield Display()
        return
    from rich.live import Live

    shown = _TerminalDisplay()
    live = Live(
        console=shown.console,
        get_renderable=shown.render,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    shown.redraw = live.refresh
    with live:
        words.print_above = shown.print_above
        try:
            yield shown
        finally:
            words.print_above = None


class _TerminalDisplay(Display):
    is_live = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{task.speed:,.0f}/s" if task.speed else "")

        self.console = Console(file=sys.stderr)
        self.redraw: Callable[[], object] = lambda: None
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False),
            Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self.console,
            auto_refresh=False,
        )
        self._tasks: dict[str, TaskID] = {}
        self._header: tuple[str, ...] = ()
        self._rows: deque[tuple[Cell, ...]] = deque(maxlen=MAX_ROWS)

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = self._progress.add_task(what, total=total, note=note)
        self._progress.update(task, completed=done, total=total, note=note)

    def row(self, header: tuple[str, ...], row: tuple[Cell, ...]) -> None:
        self._header = header
        self._rows.append(row)

    async def keep_fresh(self) -> None:
        while True:
            self.redraw()
            await trio.sleep(_REFRESH_SECONDS)

    def print_above(self, line: str) -> None:
        self.console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def render(self) -> "RenderableType":
        from rich.console import Group

        room = max(0, self.console.height - _LINES_BELOW_TABLE)
        rows = list(self._rows)[-room:] if room else []
        if not rows:
            return self._progress
        return Group(rich_table(Grid(self._header, rows), cut=True), self._progress)
