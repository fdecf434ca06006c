"""``ptscan sweep``: what answers SNMP in a range, one line each."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from ptscan.cli.campaign import Campaign, Findings, open_campaign
from ptscan.cli.delivery import Delivery, open_delivery
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit, judged
from ptscan.cli.findings import Finding
from ptscan.cli.flat import Grid, Shape, by_address
from ptscan.cli.formats import format_of
from ptscan.cli.knowledge import profiles_of
from ptscan.cli.options import (
    DEFAULT_ASKING,
    DEFAULT_KNOWING,
    DEFAULT_SHOWING,
    DEFAULT_SWEEPING,
    Asking,
    Knowing,
    Showing,
    Sweeping,
    Targets,
)
from ptscan.cli.planning import Planned, planned
from ptscan.cli.words import Words, counted
from ptscan.sweep import Classifier, Sighting

if TYPE_CHECKING:
    from ptscan.cli.opening import Opener


def sweep(
    *targets: Targets,
    asking: Asking = DEFAULT_ASKING,
    sweeping: Sweeping = DEFAULT_SWEEPING,
    knowing: Knowing = DEFAULT_KNOWING,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Find what answers SNMP in ranges of addresses, without reading it."""
    return trio.run(_sweep, targets, asking, sweeping, knowing, showing)


async def _sweep(
    targets: tuple[str, ...], asking: Asking, sweeping: Sweeping, knowing: Knowing, showing: Showing
) -> Exit:
    words = Words(quiet=showing.quiet)
    format_of(showing)  # what is wrong with it is said before anything else happens
    wanted = await planned(targets, asking, sweeping)
    classify = profiles_of(knowing).classify
    began = trio.current_time()
    stop = trio.Event()
    with (
        open_campaign(wanted.plan, classify, sweeping=sweeping, knowing=knowing, showing=showing) as campaign,
        open_delivery(SIGHTINGS, showing, words, append=campaign.goes_on) as delivery,
    ):
        async with _opener(wanted, asking, classify) as opener:
            takers = _Takers(delivery, campaign, stop, opener)
            work = partial(campaign.run, takers.take, delivery.screen, delivery, stop)
            interrupted = await delivery.run(work, stop)
    tally, kinds = campaign.tally, takers.kinds
    if opener is not None:
        tally.closed.update(opener.closed)
    faults = tally.tell(words)
    seconds = trio.current_time() - began
    unreachable = f"{counted(tally.unreachable, 'address', 'addresses')} unreachable, " if tally.unreachable else ""
    words.say(
        f"{counted(kinds.total(), 'device')} at {counted(tally.hosts, 'address', 'addresses')}: "
        f"{counted(kinds['printer'], 'printer')}, {kinds['unknown']:,} of unknown kind, "
        f"{counted(kinds['other'], 'other')}; {unreachable}{counted(tally.probes, 'probe')}, {seconds:.1f} s"
    )
    if interrupted:
        words.complain("interrupted: what was found until then is kept")
        return Exit.INTERRUPTED
    return judged(right=tally.probes, wrong=faults)


@asynccontextmanager
async def _opener(wanted: Planned, asking: Asking, classify: Classifier) -> "AsyncIterator[Opener | None]":
    """Make ready to ask SNMPv3 devices as the users of a plan; None where there are none."""
    if not wanted.ways.users:
        yield None
        return
    from ptscan.cli.opening import Opener
    from ptscan.cli.ways import client_settings
    from ptscan.snmp import open_client
    from ptscan.sweep import Pace, SightingReader

    async with open_client(client_settings(asking)) as client:
        reader = SightingReader(classify, port=wanted.plan.port)
        yield Opener(client, wanted.ways.users, reader, Pace(wanted.plan.rate))


class _Takers:
    """Takes what a sweep finds and gives it out; SNMPv3 devices go through the ``opener`` first, many at once.

    Once ``stop`` is set, none is asked any more: they are given out as the sweep found them, or left to a later run.
    """

    def __init__(
        self, delivery: Delivery[Sighting], campaign: Campaign, stop: trio.Event, opener: "Opener | None"
    ) -> None:
        self._delivery = delivery
        self._campaign = campaign
        self._stop = stop
        self._opener = opener
        self._discovered = self._asked = 0
        self.kinds: Counter[str] = Counter()

    async def take(self, findings: Findings) -> None:
        """Take all ``findings``."""
        opener = self._opener
        async with trio.open_nursery() as nursery:
            async for batch in findings:
                if opener is None:
                    self._give(batch, [found.sighting for found in batch])
                else:
                    plain = [found for found in batch if found.sighting.version != "3"]
                    self._give(plain, [found.sighting for found in plain])
                    engines = [found for found in batch if found.sighting.version == "3"]
                    self._discovered += len(engines)
                    for found in engines:
                        await opener.places.acquire()
                        nursery.start_soon(self._open, opener, found)
                await self._delivery.has_room()

    async def _open(self, opener: "Opener", finding: Finding) -> None:
        sighting = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_when_stopped, nursery.cancel_scope)
                if not self._stop.is_set():
                    sighting = await opener.ask(finding.sighting)
                nursery.cancel_scope.cancel()
        finally:
            opener.places.release()
        self._asked += 1
        self._delivery.screen.step("asking users", self._asked, self._discovered)
        if sighting is not None:
            self._give([finding], [sighting])
        elif not self._campaign.can_go_on:
            self._give([finding], [finding.sighting])

    async def _cancel_when_stopped(self, scope: trio.CancelScope) -> None:
        await self._stop.wait()
        scope.cancel()

    def _give(self, findings: Sequence[Finding], sightings: Sequence[Sighting]) -> None:
        if findings:
            self.kinds.update([sighting.kind for sighting in sightings])
            self._delivery.give(sightings, partial(self._campaign.settle, findings))


def _wide(sightings: Sequence[Sighting]) -> Grid:
    names = Sighting.__struct_fields__
    return Grid(names, [tuple(getattr(sighting, name) for name in names) for sighting in sightings])


def _short(sightings: Sequence[Sighting]) -> Grid:
    header = ("address", "kind", "version", "name", "description", "rtt ms")
    return Grid(header, [_short_row(sighting) for sighting in sightings])


def _short_row(sighting: Sighting) -> tuple[str | int | float | None, ...]:
    return (
        shown(sighting.address, sighting.port),
        sighting.kind,
        sighting.version,
        sighting.sys_name,
        _engine(sighting) if sighting.sys_descr is None else sighting.sys_descr,
        sighting.rtt_ms,
    )


def _engine(sighting: Sighting) -> str | None:
    """Return what an SNMPv3 engine says to anybody; None where none was discovered."""
    if sighting.engine_id is None:
        return None
    maker = "" if sighting.enterprise is None else f" of enterprise {sighting.enterprise}"
    return f"engine {sighting.engine_id}{maker}, booted {counted(sighting.engine_boots or 0, 'time')}"


SIGHTINGS: Final = Shape[Sighting](_wide, _short, lambda sighting: by_address(sighting.address, sighting.port))
