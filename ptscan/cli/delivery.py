"""From a record to the person: into the output and onto the screen, with the journal told of it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

import trio

from ptscan.cli.destination import open_destination
from ptscan.cli.flat import Shape
from ptscan.cli.formats import Output, format_of
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.journal import Journal
from ptscan.cli.live import Display, display
from ptscan.cli.options import Showing
from ptscan.cli.words import Words


class Addressed(Protocol):
    """A record of one device."""

    @property
    def address(self) -> str:
        """Its address."""
        ...


T = TypeVar("T", bound=Addressed)


class Delivery(Generic[T]):
    """Gives records out; made by ``open_delivery``."""

    def __init__(self, output: Output[T], shape: Shape[T], screen: Display, journal: Journal | None) -> None:
        self._output = output
        self._shape = shape
        self._journal = journal
        self.screen = screen

    def was_given(self, address: str) -> bool:
        """Return whether the run that is gone on from gave this out already."""
        return self._journal is not None and address in self._journal.given

    def give(self, record: T) -> None:
        """Give a record out."""
        self._output.add(record)
        if self._journal is not None:
            self._journal.given.add(record.address)
        if self.screen.is_live:
            grid = self._shape.short([record])
            self.screen.row(grid.header, grid.rows[0])

    def end_segment(self) -> None:
        """Note that the journal's segment is done, once its lines are written. Blocks."""
        if self._journal is not None and self._output.streams:
            self._output.flush()
            self._journal.save()

    async def run(self, work: Callable[[], Awaitable[object]], stop: trio.Event | None = None) -> bool:
        """Await ``work()``, writing lines as they come and drawing; return whether it was interrupted.

        A signal sets ``stop``, or cancels the work where there is none.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._output.keep_written)
            nursery.start_soon(self.screen.keep_fresh)
            interrupted = await until_interrupted(work, stop)
            nursery.cancel_scope.cancel()
        return interrupted


@contextmanager
def open_delivery(
    shape: Shape[T], showing: Showing, words: Words, *, journal: Journal | None = None
) -> Iterator[Delivery[T]]:
    """Open what ``showing`` asks for; what was given is written when the block ends, and then the journal."""
    form = format_of(showing)
    goes_on = journal is not None and not journal.is_new
    with open_destination(showing.output, whole=form != "jsonl", append=goes_on) as destination:
        output = Output(shape, form, destination)
        with display(words, wanted=not (output.streams and destination.is_terminal())) as screen:
            yield Delivery(output, shape, screen, journal)
        output.finish()
    if journal is not None:
        journal.save()
