"""``ptscan scan``: sweeps ranges and reads every printer found, both at once."""

from dataclasses import replace
from functools import partial
from typing import Final

import trio

from proto_schema import Reading
from ptscan.cli.campaign import Campaign, Findings, open_campaign
from ptscan.cli.delivery import Delivery, open_delivery
from ptscan.cli.devices import READ_AT_ONCE, Done, read_at
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit
from ptscan.cli.findings import Finding
from ptscan.cli.flat import READINGS
from ptscan.cli.formats import format_of
from ptscan.cli.knowledge import profiles_of
from ptscan.cli.options import (
    DEFAULT_ASKING,
    DEFAULT_KNOWING,
    DEFAULT_SHOWING,
    DEFAULT_SWEEPING,
    Asking,
    Knowing,
    Previous,
    Showing,
    Sweeping,
    Targets,
)
from ptscan.cli.planning import Planned, planned
from ptscan.cli.previous import Earlier, load_earlier
from ptscan.cli.ways import client_settings
from ptscan.cli.words import Words, counted
from ptscan.printer import Roll, session_of, tell_apart
from ptscan.profiles import ProfileSet
from ptscan.snmp import Client, Outcome, Session, is_strange, is_unfit, open_client

_READINGS: Final = replace(READINGS, revise=tell_apart)


def scan(
    *targets: Targets,
    asking: Asking = DEFAULT_ASKING,
    sweeping: Sweeping = DEFAULT_SWEEPING,
    knowing: Knowing = DEFAULT_KNOWING,
    previous: Previous = None,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Find the printers in ranges of addresses and read each of them: the main job."""
    earlier = load_earlier(previous)
    return trio.run(_scan, targets, asking, sweeping, knowing, earlier, showing)


async def _scan(
    targets: tuple[str, ...],
    asking: Asking,
    sweeping: Sweeping,
    knowing: Knowing,
    earlier: Earlier | None,
    showing: Showing,
) -> Exit:
    words = Words(quiet=showing.quiet)
    format_of(showing)  # what is wrong with it is said before anything else happens
    wanted = await planned(targets, asking, sweeping)
    profiles = profiles_of(knowing)
    began = trio.current_time()
    stop = trio.Event()
    with (
        open_campaign(wanted.plan, profiles.classify, sweeping=sweeping, knowing=knowing, showing=showing) as campaign,
        open_delivery(_READINGS, showing, words, append=campaign.goes_on) as delivery,
    ):
        async with open_client(client_settings(asking)) as client:
            readers = _Readers(client, wanted, profiles, earlier, delivery, words, campaign, stop)
            work = partial(campaign.run, readers.take, delivery.screen, delivery, stop)
            interrupted = await delivery.run(work, stop)
    tally = campaign.tally
    faults = tally.tell(words)
    if again := readers.roll.again:
        words.say(f"{counted(again, 'address', 'addresses')} of printers read elsewhere, too: each counts once")
    if claimed := readers.roll.claimed_twice:
        words.say(f"{counted(claimed, 'printer')} with the device_id of another one: set apart (duplicate-identity)")
    words.say(
        f"{counted(readers.roll.devices, 'printer')}, {readers.with_problems:,} with problems; "
        f"{counted(readers.others, 'other device')}; {tally.answered:,} of {tally.hosts:,} addresses answered; "
        f"{trio.current_time() - began:.1f} s"
    )
    if interrupted:
        left = counted(readers.found - readers.read, "device")
        words.complain(f"interrupted: what was read until then is kept; found and not read: {left}")
        return Exit.INTERRUPTED
    if faults and not tally.probes:
        return Exit.FAILED
    return Exit.DONE_IN_PART if faults or readers.failed else Exit.DONE


class _Readers:
    """Reads what a sweep finds, many devices at once, and counts what came of it."""

    def __init__(
        self,
        client: Client,
        wanted: Planned,
        profiles: ProfileSet,
        earlier: Earlier | None,
        delivery: Delivery[Reading],
        words: Words,
        campaign: Campaign,
        stop: trio.Event,
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._profiles = profiles
        self._earlier = earlier
        self._delivery = delivery
        self._words = words
        self._campaign = campaign
        self._stop = stop
        self._places = trio.Semaphore(READ_AT_ONCE)
        self.found = 0
        self.read = 0
        self.roll = Roll()
        self.with_problems = 0
        self.failed = 0
        self.others = 0

    async def take(self, findings: Findings) -> None:
        """Read all ``findings`` until ``stop`` is set; what the sweep takes for something else may yet be a printer."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_stopped, nursery.cancel_scope)
            async with trio.open_nursery() as reading:
                async for batch in findings:
                    self.found += len(batch)
                    for finding in batch:
                        session = session_of(self._client, finding, self._wanted.ways)
                        if session is None:
                            self._leave(finding)
                            continue
                        await self._places.acquire()
                        await self._delivery.has_room()
                        reading.start_soon(self._read, finding, session)
            nursery.cancel_scope.cancel()

    async def _cancel_when_stopped(self, scope: trio.CancelScope) -> None:
        await self._stop.wait()
        scope.cancel()

    def _leave(self, finding: Finding) -> None:
        """Nobody is named who might read this one."""
        self.read += 1
        self._campaign.tally.unasked += 1
        self._campaign.settle([finding])

    async def _read(self, finding: Finding, session: Session) -> None:
        try:
            done = await read_at(session, self._profiles, self._earlier)
        finally:
            self._places.release()
        self.read += 1
        self._take_in(done, finding)
        self._delivery.screen.step("reading", self.read, self.found, f"{self.roll.devices:,} printers")

    def _take_in(self, done: Done, finding: Finding) -> None:
        device = done.device
        settle = partial(self._campaign.settle, [finding])
        if device is not None and device.outcome is Outcome.OK and device.is_printer:
            devices = self.roll.devices
            told = self.roll.take(device.reading)
            self.with_problems += self.roll.devices > devices and bool(told.problems)
            self._delivery.give([told if self._delivery.streams else device.reading], settle)
            return
        settle()
        if finding.sighting.kind == "other" or (device is not None and device.outcome is Outcome.OK):
            self.others += 1
            return
        if finding.credential is None and (is_strange(done.outcome) or is_unfit(done.outcome)):
            self._campaign.tally.closed[done.outcome.value] += 1
            self._campaign.tally.unfit += is_unfit(done.outcome)
            return
        self.failed += 1
        self._words.complain(f"{shown(done.address, done.port)} was found, but could not be read: {done.fault}")
