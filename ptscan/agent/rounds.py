"""One round: sweeps what an order names and reads every printer found, both at once, into the spool. I/O.

Reading goes no faster than the spool takes the readings, and the sweep no faster than what it finds is read.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import trio

from ptscan.agent import limits
from ptscan.agent.config import AgentConfig
from ptscan.agent.keeping import Keeper
from ptscan.agent.orders import Order
from ptscan.agent.readers import Readers
from ptscan.agent.results import Result
from ptscan.agent.spool import Spool
from ptscan.errors import PtscanError
from ptscan.link import Report
from ptscan.profiles import ProfileSet, load_profiles
from ptscan.snmp import ClientSettings, Community, Ways, open_client, ways_of
from ptscan.sweep import Found, Pace, SweepPlan, run_sweep
from ptscan.targets import format_address

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many addresses were asked so far, and how many there are."""

_Findings: TypeAlias = "trio.MemoryReceiveChannel[list[Found[Community]]]"


class Rounds:
    """Does rounds, one at a time; ``doubles`` are the ids that several devices bear, and grows."""

    def __init__(
        self, config: AgentConfig, spool: Spool, *, report: Report, wall_clock: Callable[[], float], doubles: set[str]
    ) -> None:
        self._config = config
        self._spool = spool
        self._report = report
        self._wall_clock = wall_clock
        self._doubles = doubles
        self._profiles: ProfileSet | None = None

    async def do(self, order: Order, on_progress: Progress) -> Result:
        """Do what ``order`` says. Cancelled, it leaves what is in the spool by then. Raises PtscanError."""
        if self._profiles is None:
            self._profiles = await trio.to_thread.run_sync(load_profiles)
        profiles, snmp = self._profiles, self._config.snmp
        result = Result(order.verb, order.targets.count)
        ways = ways_of(self._config.credentials, snmp.version)
        if order.verb == "sweep":
            await self._sweep(order, ways, profiles, result, on_progress, partial(_list, result))
            return result
        keeper = Keeper(self._spool, result, self._doubles, report=self._report, wall_clock=self._wall_clock)
        async with open_client(ClientSettings(timeout=snmp.timeout, retries=snmp.retries)) as client:
            pace = Pace(order.rate, usual_requests=limits.USUAL_REQUESTS)
            readers = Readers(client, profiles, pace, keeper, result, report=self._report, wall_clock=self._wall_clock)
            if order.verb == "read":
                await self._read(order, readers, on_progress)
            else:
                await self._sweep(order, ways, profiles, result, on_progress, partial(readers.take, ways=ways))
        await keeper.finish()
        return result

    async def _sweep(
        self,
        order: Order,
        ways: Ways,
        profiles: ProfileSet,
        result: Result,
        on_progress: Progress,
        take: Callable[[_Findings], Awaitable[None]],
    ) -> None:
        """Sweep, while ``take`` takes the findings to their end."""
        snmp, hosts = self._config.snmp, order.targets.count
        plan = SweepPlan(
            targets=order.targets,
            credentials=ways.communities,
            port=snmp.port,
            version=ways.version,
            discovery=ways.discovery,
            rate=order.rate,
            timeout=snmp.timeout,
            retries=snmp.retries,
        )
        send, receive = trio.open_memory_channel[list[Found[Community]]](limits.LISTS_AT_ONCE)

        async def taken() -> None:
            async with receive:  # who sends learns from its closing that nobody takes any more
                await take(receive)

        failure: PtscanError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(taken)
            async with send:
                try:
                    summary = await run_sweep(
                        plan,
                        send,
                        classify=profiles.classify,
                        # its progress counts positions of all rounds
                        on_progress=lambda done, total, found: on_progress(hosts * done // max(total, 1), hosts),
                    )
                except PtscanError as error:  # re-raised below, outside the nursery, which would wrap it in a group
                    failure = error
                else:
                    result.add(summary)
        if failure is not None:
            raise failure

    async def _read(self, order: Order, readers: Readers, on_progress: Progress) -> None:
        """Read each address that is named, without a sweep."""
        snmp = self._config.snmp
        async with trio.open_nursery() as nursery:
            for place, address in enumerate(order.targets):
                session = readers.client.session(
                    format_address(address),
                    snmp.port,
                    credentials=self._config.credentials,
                    version=snmp.version,
                    accept_other_source=True,
                )
                await readers.begin(nursery, session)
                on_progress(place, order.targets.count)


async def _list(result: Result, findings: _Findings) -> None:
    """Count and name what is found, without reading it."""
    async for batch in findings:
        for found in batch:
            result.list(found.sighting)
