"""``ptscan agent status`` and ``check``: how an agent stands, and every step from it to its collector and back."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import msgspec
import trio

from ptscan.agent import AgentStatus, CheckStep, look
from ptscan.agent import check as check_steps
from ptscan.cli.agent_place import Folder, config_of, home_of
from ptscan.cli.delivery import open_delivery
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Cell, Grid, Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Showing
from ptscan.cli.words import Words, counted


def status(*, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """Say how the agent stands: one that runs tells it itself, of one that does not its files do."""
    config = config_of(folder)
    words = Words(quiet=showing.quiet)
    with open_delivery(STATUS, showing, words) as delivery:
        found = trio.run(partial(look, config, now_at=time.time()))
        delivery.give([found])
    for finding in found.findings:
        words.complain(f"{finding.text.rstrip('.')}" + (f": {finding.mend}" if finding.mend else ""))
    return Exit.DONE


def check(*, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """Try every step from this agent to its collector and back, and say which fails and how to mend it."""
    home = home_of(folder)
    words = Words(quiet=showing.quiet)
    steps: list[CheckStep] = []
    with open_delivery(STEPS, showing, words) as delivery:

        def tell(step: CheckStep) -> None:
            steps.append(step)
            delivery.give([step])
            delivery.screen.step("trying", len(steps), MOST_STEPS, step.name)

        interrupted = trio.run(delivery.run, partial(check_steps, home, tell=tell))
    failed = [step.name for step in steps if not step.ok]
    if interrupted:
        words.complain(f"interrupted after {counted(len(steps), 'step')}")
        return Exit.INTERRUPTED
    words.say(f"all {len(steps)} steps are well" if not failed else f"not well: {', '.join(failed)}")
    return Exit.FAILED if failed else Exit.DONE


def _wide(records: Sequence[AgentStatus]) -> Grid:
    """All that is one value; schedules, jobs and findings stand in JSON alone."""
    rows = [dict(_values(record)) for record in records]
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    return Grid(header, [tuple(row.get(name) for name in header) for row in rows])


def _values(record: AgentStatus) -> Iterator[tuple[str, Cell]]:
    for name, value in msgspec.structs.asdict(record).items():
        if isinstance(value, msgspec.Struct):
            for part, one in msgspec.structs.asdict(value).items():
                yield f"{name}_{part}", one
        elif not isinstance(value, list):
            yield name, ("yes" if value else "no") if isinstance(value, bool) else value


def _short(records: Sequence[AgentStatus]) -> Grid:
    return Grid(("what", "how it stands"), [row for record in records for row in _rows(record)])


def _rows(status: AgentStatus) -> Iterator[tuple[str, Cell]]:
    yield "agent", status.agent_id
    yield "reads for", status.entity
    yield "collector", status.collector
    if not status.is_running:
        yield "state", "not running"
    elif status.is_connected is None:
        yield "state", "running; it shows no page, so this is what its files say"
    else:
        way = f"connected ({status.mode or 'not answered yet'})" if status.is_connected else status.trouble
        yield "state", f"running since {status.started_at}"
        yield "connection", way or "not connected"
        yield "heard from it", status.heard_at
        yield "doing", status.doing or "nothing just now"
        yield (
            "last scan",
            f"{status.swept_at}: {counted(status.devices or 0, 'printer')}" if status.swept_at else "none yet",
        )
        yield "memory", f"{(status.memory_octets or 0) / 1_000_000:.0f} MB"
    yield "certificate ends", status.certificate_ends_at
    if (spool := status.spool) is not None:
        oldest = f", the oldest of {spool.oldest_at}" if spool.oldest_at else ""
        yield "spool", f"{counted(spool.records, 'record')} waiting{oldest}"
        if spool.set_aside or spool.turned_away or spool.thinned or spool.lost:
            yield (
                "spool, not sent",
                (
                    f"{spool.set_aside:,} set aside, {spool.turned_away:,} turned away, {spool.thinned:,} thinned, "
                    f"{spool.lost:,} lost"
                ),
            )
    for schedule in status.schedules:
        yield f"schedule {schedule.name}", f"{schedule.when}, {schedule.verb}, next {schedule.next_at or 'never'}"
        if schedule.result:
            yield "", schedule.result
    for job in status.jobs[:5]:
        yield f"job {job.job_id}", f"{job.state} {job.at} {job.text}"


STATUS: Final = Shape[AgentStatus](_wide, _short)
STEPS: Final[Shape[CheckStep]] = listed(CheckStep, "name", "ok", "text", "mend")
MOST_STEPS: Final = 13
