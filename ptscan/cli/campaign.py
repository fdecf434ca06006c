"""A sweep under way: its parts, its progress, and what a journal keeps of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import trio

from ptscan.cli.formats import format_of
from ptscan.cli.journal import Journal, open_journal
from ptscan.cli.ledger import Ledger
from ptscan.cli.live import Display
from ptscan.cli.options import Showing
from ptscan.cli.salvage import recover
from ptscan.cli.tally import Tally
from ptscan.snmp import Community
from ptscan.sweep import Classifier, Found, SweepPlan, SweepState, run_sweep

LISTS_AT_ONCE: Final = 8  # of findings, that wait between the sweep and who takes them

Finding: TypeAlias = Found[Community]


class Lines(Protocol):
    """Where findings become lines of a file, perhaps."""

    @property
    def lines_octets(self) -> int:
        """How many octets the file holds; 0 where there is none."""
        ...


class Findings:
    """The findings of a sweep, lists of them as they come; what is taken is noted as under way."""

    def __init__(self, channel: "trio.MemoryReceiveChannel[list[Finding]]", ledger: Ledger | None) -> None:
        self._channel = channel
        self._ledger = ledger

    def __aiter__(self) -> "Findings":
        return self

    async def __anext__(self) -> list[Finding]:
        batch = await self._channel.__anext__()
        if self._ledger is not None:
            self._ledger.take(found.position for found in batch)
        return batch


Take: TypeAlias = Callable[[Findings], Awaitable[None]]


class Campaign:
    """Runs a plan, from where its journal stands; made by ``open_campaign``."""

    def __init__(self, plan: SweepPlan[Community], journal: Journal | None, classify: Classifier) -> None:
        self._plan = plan
        self._journal = journal
        self._ledger = None if journal is None else Ledger(1, journal.place)
        self._classify = classify
        self._lines: Lines | None = None
        self.tally = Tally()
        self.is_over = False
        """Whether the sweep came to its end."""

    @property
    def goes_on(self) -> bool:
        """Whether an earlier run has done some of it."""
        return self._journal is not None and not self._journal.is_new

    async def run(self, take: Take, screen: Display, lines: Lines, stop: trio.Event) -> None:
        """Sweep, while ``take`` takes the findings to their end; setting ``stop`` ends the sweep early."""
        self._lines = lines
        send, receive = trio.open_memory_channel[list[Finding]](LISTS_AT_ONCE)
        async with trio.open_nursery() as nursery, send:
            nursery.start_soon(take, Findings(receive, self._ledger))
            summary = await run_sweep(
                self._plan,
                send,
                classify=self._classify,
                on_progress=partial(_progress, screen),
                on_state=None if self._ledger is None else partial(self._tell, 0),
                state=self._state(),
                stop=stop,
            )
            self.tally.add(summary)
        self.is_over = not summary.interrupted

    def _state(self) -> SweepState | None:
        if self._journal is None:
            return None
        round_, cursor = self._journal.place
        return SweepState(round_, cursor, given=self._journal.given)

    def _tell(self, part: int, state: SweepState) -> None:
        if self._ledger is not None:
            self._ledger.tell(part, state)
            self._note_place()

    def _note_place(self) -> None:
        if self._journal is not None and self._ledger is not None:
            self._journal.note_place(self._ledger.place())

    def settle(self, findings: Sequence[Finding]) -> None:
        """These findings were taken care of: no later run has to."""
        if self._journal is not None and self._ledger is not None and self._lines is not None:
            positions = [found.position for found in findings]
            self._journal.mark(positions)
            self._journal.note_output(self._lines.lines_octets)
            self._ledger.settle(positions)

    def conclude(self) -> None:
        """Everything that was found is where it belongs."""
        self._note_place()
        if self._journal is not None:
            self._journal.is_complete = self.is_over


@contextmanager
def open_campaign(
    plan: SweepPlan[Community], classify: Classifier, *, resume: Path | None, showing: Showing
) -> Iterator[Campaign]:
    """Make ready to sweep by ``plan``, with the journal ``resume``; when the block ends, all is given out.

    Raises JournalError and OutputError.
    """
    if resume is None:
        yield Campaign(plan, None, classify)
        return
    with open_journal(resume, plan) as journal:
        plan = replace(plan, seed=journal.seed)
        if not journal.is_new and showing.output is not None and format_of(showing) == "jsonl":
            recover(journal, plan, showing.output)
        campaign = Campaign(plan, journal, classify)
        yield campaign
        campaign.conclude()


def _progress(screen: Display, done: int, total: int, found: int) -> None:
    screen.step("probing", done, total, f"{found:,} answered")
