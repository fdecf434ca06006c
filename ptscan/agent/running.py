"""The whole agent: its spool, its work, its way to the collector, and a page about itself. I/O."""

import time
from collections.abc import Callable
from typing import NamedTuple

import trio

from ptscan.agent import limits
from ptscan.agent.config import AgentConfig
from ptscan.agent.connecting import Connection, whose_agent
from ptscan.agent.spool import Spool, SpoolError, open_spool
from ptscan.agent.work import Work
from ptscan.link import Report, Trouble


class Agent(NamedTuple):
    """An agent that runs."""

    connection: Connection
    work: Work
    spool: Spool


async def run_agent(
    config: AgentConfig,
    *,
    report: Report,
    wall_clock: Callable[[], float] = time.time,
    task_status: trio.TaskStatus[Agent] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run the agent until cancelled; it starts with an Agent, once spool and identity are open.

    Raises NotEnrolledError, PrivateFileError, SpoolError, ProxyError at its start. What goes wrong later is told to
    ``report`` and found in the agent's health: without a collector it sweeps and spools. Cancelled, it leaves
    in the spool what is not stored yet.
    """
    await trio.to_thread.run_sync(whose_agent, config.folder)  # before a spool is made for an agent that is none
    async with open_spool(config.spool_folder, bounds=config.bounds, wall_clock=wall_clock) as spool:
        work = Work(config, spool, report=report, wall_clock=wall_clock)
        connection = Connection(config.folder, spool, work, proxy=config.proxy, report=report, wall_clock=wall_clock)
        await connection.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.keep)
            nursery.start_soon(_tidy, spool, report)
            nursery.start_soon(work.run)
            for finding in (await spool.state()).findings:
                report(Trouble(f"spool-{finding.code}", "", finding.text))
            task_status.started(Agent(connection, work, spool))


async def _tidy(spool: Spool, report: Report) -> None:
    """Let go of what the spool kept long enough, now and then."""
    while True:
        await trio.sleep(limits.TIDY_SECONDS)
        try:
            await spool.tidy()
        except SpoolError as error:
            report(Trouble("spool-failing", "", str(error), error))
