"""``ptscan sweep``: what answers SNMP in a range, one line each."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import trio

from ptscan.cli.campaign import Findings, open_campaign
from ptscan.cli.delivery import open_delivery
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit, judged
from ptscan.cli.flat import Grid, Shape, by_address
from ptscan.cli.formats import format_of
from ptscan.cli.options import (
    DEFAULT_ASKING,
    DEFAULT_SHOWING,
    DEFAULT_SWEEPING,
    Asking,
    Profiles,
    Showing,
    Sweeping,
    Targets,
)
from ptscan.cli.planning import planned
from ptscan.cli.words import Words, counted
from ptscan.profiles import load_profiles
from ptscan.sweep import Sighting


def sweep(
    *targets: Targets,
    asking: Asking = DEFAULT_ASKING,
    sweeping: Sweeping = DEFAULT_SWEEPING,
    profiles: Profiles = None,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Find what answers SNMP in ranges of addresses, without reading it."""
    return trio.run(_sweep, targets, asking, sweeping, profiles, showing)


async def _sweep(
    targets: tuple[str, ...], asking: Asking, sweeping: Sweeping, folder: Path | None, showing: Showing
) -> Exit:
    words = Words(quiet=showing.quiet)
    format_of(showing)  # what is wrong with it is said before anything else happens
    plan = await planned(targets, asking, sweeping, words)
    classify = load_profiles(folder).classify
    kinds: Counter[str] = Counter()
    began = trio.current_time()
    stop = trio.Event()
    with (
        open_campaign(plan, classify, sweeping=sweeping, profiles=folder, showing=showing) as campaign,
        open_delivery(SIGHTINGS, showing, words, append=campaign.goes_on) as delivery,
    ):

        async def take(findings: Findings) -> None:
            async for batch in findings:
                kinds.update([found.sighting.kind for found in batch])
                delivery.give([found.sighting for found in batch], partial(campaign.settle, batch))
                await delivery.has_room()

        interrupted = await delivery.run(partial(campaign.run, take, delivery.screen, delivery, stop), stop)
    tally = campaign.tally
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
        sighting.sys_descr,
        sighting.rtt_ms,
    )


SIGHTINGS: Final = Shape[Sighting](_wide, _short, lambda sighting: by_address(sighting.address, sighting.port))
