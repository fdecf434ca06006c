"""A sweep under way: its parts, its progress, and what a journal keeps of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

import trio

from ptscan.cli.findings import LISTS_AT_ONCE, Finding
from ptscan.cli.formats import format_of
from ptscan.cli.ledger import Ledger, part_bits, part_cursor
from ptscan.cli.live import Display
from ptscan.cli.options import Knowing, Showing, Sweeping
from ptscan.cli.tally import Tally
from ptscan.snmp import Community
from ptscan.sweep import Classifier, SweepPlan, SweepState, run_sweep

if TYPE_CHECKING:
    from ptscan.cli.frames import Progress
    from ptscan.cli.journal import Journal

Send: TypeAlias = "trio.MemorySendChannel[list[Finding]]"


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
    """Runs a plan, in this process or dealt out to several, from where its journal stands; see ``open_campaign``."""

    def __init__(
        self,
        plan: SweepPlan[Community],
        journal: "Journal | None",
        classify: Classifier,
        *,
        processes: int,
        knowing: Knowing,
    ) -> None:
        self._plans = _dealt(plan, processes)
        self._journal = journal
        self._ledger = None if journal is None else Ledger(len(self._plans), journal.place)
        self._classify = classify
        self._knowing = knowing
        self._reached = [(0, 0, 0)] * len(self._plans)
        self._screen: Display = Display()
        self._lines: Lines | None = None
        self.tally = Tally()
        self.is_over = False
        """Whether the sweep came to its end."""

    @property
    def goes_on(self) -> bool:
        """Whether an earlier run has done some of it."""
        return self._journal is not None and not self._journal.is_new

    @property
    def can_go_on(self) -> bool:
        """Whether a later run can do what this one leaves."""
        return self._journal is not None

    async def run(self, take: Take, screen: Display, lines: Lines, stop: trio.Event) -> None:
        """Sweep, while ``take`` takes the findings to their end; setting ``stop`` ends the sweep early."""
        self._screen, self._lines = screen, lines
        send, receive = trio.open_memory_channel[list[Finding]](LISTS_AT_ONCE)

        async def taken() -> None:
            async with receive:  # who sends learns from its closing that nobody takes any more
                await take(Findings(receive, self._ledger))

        async with trio.open_nursery() as nursery, send:
            nursery.start_soon(taken)
            await (self._sweep_here(send, stop) if len(self._plans) == 1 else self._sweep_apart(send, stop))

    async def _sweep_here(self, send: Send, stop: trio.Event) -> None:
        summary = await run_sweep(
            self._plans[0],
            send,
            classify=self._classify,
            on_progress=partial(self._progress, 0),
            on_state=None if self._ledger is None else partial(self._note, 0),
            state=self._state(0),
            stop=stop,
        )
        self.tally.add(summary)
        self.is_over = not summary.interrupted

    async def _sweep_apart(self, send: Send, stop: trio.Event) -> None:
        from ptscan.cli.parts import Parts

        count = len(self._plans)
        parts = Parts(self._plans, [self._state(number) for number in range(count)], self._knowing, self._take_in)
        done = await parts.run(send, stop)
        for number, part in enumerate(done, 1):
            if part.end is not None:
                self.tally.add(part.end.summary)
            elif not stop.is_set():
                self.tally.failed_parts.append(f"process {number} of {count} {part.fault}: {self._how_to_mend(number)}")
        self.is_over = all(part.end is not None and not part.end.summary.interrupted for part in done)

    def _how_to_mend(self, number: int) -> str:
        if self._journal is not None:
            return "give the same command again to sweep what it left"
        plan = self._plans[number - 1]
        return f"sweep its part again with --seed {plan.seed} --shard {plan.shard[0] + 1}/{plan.shard[1]}"

    def _state(self, part: int) -> SweepState:
        if self._journal is None:
            return SweepState()
        parts, given = len(self._plans), self._journal.given
        round_, cursor = self._journal.place
        return SweepState(
            round_, part_cursor(cursor, part, parts), given=part_bits(given, self._journal.positions, part, parts)
        )

    def _take_in(self, part: int, progress: "Progress") -> None:
        self._progress(part, progress.done, progress.total, progress.found)
        self._note(part, SweepState(progress.round_, progress.cursor, found=progress.found_for_certain))

    def _progress(self, part: int, done: int, total: int, found: int) -> None:
        self._reached[part] = (done, total, found)
        done, total, found = map(sum, zip(*self._reached, strict=True))
        self._screen.step("probing", done, total, f"{found:,} answered")

    def _note(self, part: int, state: SweepState) -> None:
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
    plan: SweepPlan[Community],
    classify: Classifier,
    *,
    sweeping: Sweeping,
    knowing: Knowing,
    showing: Showing,
) -> Iterator[Campaign]:
    """Make ready to sweep by ``plan``, with the journal that was asked for; when the block ends, all is given out.

    Raises JournalError and OutputError.
    """
    with ExitStack() as stack:
        journal = None
        if sweeping.resume is not None:
            from ptscan.cli.journal import open_journal
            from ptscan.cli.salvage import recover

            journal = stack.enter_context(open_journal(sweeping.resume, plan))
            plan = replace(plan, seed=journal.seed)
            if not journal.is_new and showing.output is not None and format_of(showing) == "jsonl":
                recover(journal, plan, showing.output)
        campaign = Campaign(plan, journal, classify, processes=sweeping.processes, knowing=knowing)
        yield campaign
        campaign.conclude()


def _dealt(plan: SweepPlan[Community], processes: int) -> Sequence[SweepPlan[Community]]:
    if processes == 1:
        return (plan,)
    from ptscan.cli.parts import dealt

    return dealt(plan, processes)
