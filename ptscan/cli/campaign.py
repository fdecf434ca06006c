"""A sweep as it was typed: its plan, its progress, its segments, and what became of them in words."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeAlias

import trio

from ptscan.cli.delivery import Delivery
from ptscan.cli.journal import Journal
from ptscan.cli.live import Display
from ptscan.cli.options import Asking, Sweeping
from ptscan.cli.ways import credentials_of, version_of
from ptscan.cli.words import Words, counted
from ptscan.snmp import Community
from ptscan.sweep import Classifier, Found, SweepPlan, SweepSummary, run_sweep
from ptscan.targets import resolve_targets

LISTS_AT_ONCE: Final = 8  # of findings, that wait between the sweep and who takes them

Finding: TypeAlias = Found[Community]
Findings: TypeAlias = "trio.MemoryReceiveChannel[list[Finding]]"
Take: TypeAlias = Callable[[Findings], Awaitable[None]]

_MENDS: Final = {
    "Network is unreachable": "this machine has no route there",
    "No route to host": "this machine has no route there",
    "Operation not permitted": "a firewall of this machine or a missing permission forbids it",
    "Permission denied": "a firewall of this machine or a missing permission forbids it",
}


async def planned(targets: tuple[str, ...], asking: Asking, sweeping: Sweeping, words: Words) -> SweepPlan[Community]:
    """Return the plan that was typed; raises InputErrors for what is wrong with it."""
    version = version_of(asking)
    credentials = credentials_of(asking, words)
    wanted = [*targets, *([f"@{sweeping.target_file}"] if sweeping.target_file else [])]
    unwanted = [*sweeping.exclude, *([f"@{sweeping.exclude_file}"] if sweeping.exclude_file else [])]
    shard, shards = sweeping.shard or (1, 1)
    plan = SweepPlan(
        targets=await resolve_targets(wanted, unwanted),
        credentials=tuple(credential for credential in credentials if isinstance(credential, Community)),
        port=asking.port,
        version=version,
        rate=sweeping.rate,
        seed=sweeping.seed,
        shard=(shard - 1, shards),
        max_in_flight=sweeping.max_in_flight,
    )
    if asking.timeout is not None:
        plan = replace(plan, timeout=asking.timeout)
    if asking.retries is not None:
        plan = replace(plan, retries=asking.retries)
    return plan


@dataclass
class Tally:
    """What the segments of a sweep came to, summed up."""

    hosts: int = 0
    answered: int = 0
    probes: int = 0
    unsent: Counter[str] = field(default_factory=Counter)
    without_credential: int = 0

    def add(self, summary: SweepSummary) -> None:
        """Count one segment in."""
        self.hosts += summary.hosts
        self.answered += summary.answered
        self.probes += summary.probes
        self.unsent.update(summary.send_errors)
        self.without_credential += summary.without_credential

    def complain(self, words: Words) -> bool:
        """Name what was not probed; return whether there was any of it."""
        for reason, count in self.unsent.items():
            mend = _MENDS.get(reason)
            words.complain(f"{counted(count, 'probe')} could not be sent: {reason}" + (f": {mend}" if mend else ""))
        if self.without_credential:
            addresses = counted(self.without_credential, "address", "addresses")
            words.complain(
                f"{addresses} not probed: no credential may be sent there: see networks in the credentials file"
            )
        return bool(self.unsent or self.without_credential)


class Campaign:
    """Runs a plan, in one piece or in the segments of a journal."""

    def __init__(self, plan: SweepPlan[Community], journal: Journal | None, classify: Classifier) -> None:
        self._plan = plan
        self._journal = journal
        self._classify = classify
        self.tally = Tally()

    async def run(self, take: Take, delivery: Delivery[Any], stop: trio.Event) -> None:
        """Sweep, while ``take`` takes each segment's findings to their end; setting ``stop`` ends the sweep early."""
        for number, plan in self._segments():
            send, receive = trio.open_memory_channel[list[Finding]](LISTS_AT_ONCE)
            progress = partial(self._progress, delivery.screen, number)
            async with trio.open_nursery() as nursery, send:
                nursery.start_soon(take, receive)
                self.tally.add(await run_sweep(plan, send, classify=self._classify, on_progress=progress, stop=stop))
            if stop.is_set():
                break
            delivery.end_segment()

    def _segments(self) -> Iterator[tuple[int, SweepPlan[Community]]]:
        return iter([(0, self._plan)]) if self._journal is None else self._journal.remaining()

    def _progress(self, screen: Display, number: int, done: int, total: int, found: int) -> None:
        segments = 1 if self._journal is None else self._journal.segments
        note = f"{self.tally.answered + found:,} answered"
        screen.step("probing", number * total + done, segments * total, note)
