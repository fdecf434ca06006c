"""What the tests of the agent's work share: a fleet that plays, a configuration that may ask it, a log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import trio
from spooling import WallClock

from proto_schema import Job, JobUpdate, Reading, decode
from ptscan.agent import AgentConfig, Bounds, LocalSchedule, Snmp, Spool, Work, open_spool
from ptscan.link import Trouble
from ptscan.simulator import FleetDevice, Playing, make_fleet, make_plan, run_simulator
from ptscan.snmp import Community, Secret

NETWORK = "127.72.1.0/24"
ALL = "127.72.1.0/26"
SILENT = "127.72.3.0/26"
COUNT, SEED = 40, 11
PATIENCE = 20.0
"""Seconds that a test waits at most for what takes a fraction of one."""


@cache
def fleet() -> dict[str, FleetDevice]:
    """What plays at which address."""
    return {f"127.72.1.{number}": device for number, device in enumerate(make_fleet(COUNT, SEED).devices, 1)}


@cache
def printers() -> frozenset[str]:
    return frozenset(address for address, device in fleet().items() if device.is_printer)


@asynccontextmanager
async def playing() -> AsyncIterator[Playing]:
    async with trio.open_nursery() as nursery:
        plan = make_plan(list(fleet().values()), network=NETWORK, port=0, speed=0)
        yield await nursery.start(run_simulator, plan)
        nursery.cancel_scope.cancel()


def config_of(folder: Path, port: int = 9, *schedules: LocalSchedule, **more: object) -> AgentConfig:
    """A configuration that may ask the fleet and some who are silent, in a hurry."""
    known: dict[str, object] = {
        "folder": folder,
        "targets": (ALL, SILENT),
        "credentials": (Community(Secret("public")),),
        "snmp": Snmp(port=port, timeout=0.5, retries=0),
        "rate": 20_000.0,
        "schedules": schedules,
    }
    return AgentConfig(**(known | more))  # type: ignore[arg-type]


class Log:
    """Hears troubles and keeps them."""

    def __init__(self) -> None:
        self.troubles: list[Trouble] = []

    def __call__(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def of(self, *kinds: str) -> list[str]:
        return [trouble.text for trouble in self.troubles if trouble.kind in kinds]


async def readings(spool: Spool) -> list[Reading]:
    """What waits in the spool; it is leased by this."""
    found: list[Reading] = []
    while batch := await spool.lease(max_octets=1 << 22, max_records=1_000):
        found += [decode(record.body, Reading) for record in batch.records]
    return found


@asynccontextmanager
async def working(
    config: AgentConfig, *, clock: WallClock | None = None, bounds: Bounds | None = None
) -> AsyncIterator[tuple[Work, Spool, Log]]:
    """A Work that runs until the block ends."""
    log, wall = Log(), clock or WallClock()
    async with open_spool(config.spool_folder, bounds=bounds, wall_clock=wall) as spool, trio.open_nursery() as nursery:
        work = Work(config, spool, report=log, wall_clock=wall)
        nursery.start_soon(work.run)
        yield work, spool, log
        nursery.cancel_scope.cancel()


async def until(work: Work, job_id: str, *states: str) -> JobUpdate:
    """The next update of the job in one of these states; others of it are passed over, of other jobs handed back."""
    with trio.fail_after(PATIENCE):
        while True:
            others: list[JobUpdate] = []
            found = None
            for update in await work.updates():
                if update.job_id != job_id:
                    others.append(update)
                elif update.state in states:
                    found = update
            work.undo(others)
            if found is not None:
                return found
            await trio.sleep(0.01)


def job(job_id: str, *targets: str, verb: str = "read", **more: object) -> Job:
    return Job(job_id=job_id, verb=verb, targets=list(targets), **more)  # type: ignore[arg-type]
