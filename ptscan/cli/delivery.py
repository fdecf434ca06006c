"""From a record to the person: into the output and onto the screen."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import trio

from ptscan.cli.destination import Destination, open_destination
from ptscan.cli.flat import Shape
from ptscan.cli.formats import Output, Receipt, format_of
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.live import Display, display
from ptscan.cli.options import Showing
from ptscan.cli.words import Words

T = TypeVar("T")


class Delivery(Generic[T]):
    """Gives records out; made by ``open_delivery``."""

    def __init__(self, output: Output[T], shape: Shape[T], screen: Display, destination: Destination) -> None:
        self._output = output
        self._shape = shape
        self._destination = destination
        self.screen = screen

    @property
    def streams(self) -> bool:
        """Whether what was given may be out already."""
        return self._output.streams

    @property
    def lines_octets(self) -> int:
        """How many octets of lines the file holds; 0 where it is no file of lines."""
        return self._destination.octets if self._output.streams and self._destination.is_file else 0

    def give(self, records: Sequence[T], kept: Receipt | None = None) -> None:
        """Give records out; ``kept`` is called once no kill can lose them."""
        self._output.add(records, kept)
        if self.screen.is_live:
            grid = self._shape.short(records)
            for row in grid.rows:
                self.screen.row(grid.header, row)

    async def has_room(self) -> None:
        """Wait until more can be given out: a reader that is slow holds the work up, and nothing piles up."""
        await self._output.has_room()

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
def open_delivery(shape: Shape[T], showing: Showing, words: Words, *, append: bool = False) -> Iterator[Delivery[T]]:
    """Open what ``showing`` asks for, lines behind those that are there with ``append``.

    What was given is written when the block ends.
    """
    form = format_of(showing)
    with open_destination(showing.output, whole=form != "jsonl", append=append) as destination:
        output = Output(shape, form, destination)
        with display(words, wanted=not (output.streams and destination.is_terminal())) as screen:
            yield Delivery(output, shape, screen, destination)
        output.finish()
    output.settle()
