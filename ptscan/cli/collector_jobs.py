"""``ptscan collector job send``, ``list`` and ``cancel``: what a person asks of an agent once."""

import time
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection

from ptscan.cli.collector_place import Folder, NoSuchThingError, find_agent, give_out, open_collector
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, MAX_RATE, Option, Showing, whole
from ptscan.cli.times import DAY, instant, span
from ptscan.cli.words import Words
from ptscan.collector import StoredJob, add_job, cancel_job, list_jobs
from ptscan.targets import Lookups, TargetError, parse_targets

LIFE: Final = DAY
SHORTEST_LIFE: Final = 60.0
LONGEST_LIFE: Final = 30 * DAY
LATEST: Final = 100
MOST_LISTED: Final = 100_000

_ANYWHERE: Final = ("192.0.2.1",)  # RFC 5737: what a name stands for where it is only looked at


class JobRow(msgspec.Struct, frozen=True):
    """A job and how it stands; ``state`` is ``waiting``, ``expired``, or what the agent said last."""

    id: str
    agent: str
    verb: str
    targets: list[str]
    excludes: list[str]
    rate: int
    state: str
    done: int
    total: int
    text: str
    created_at: str | None
    expires_at: str | None
    told_at: str | None
    cancelled_at: str | None
    ended_at: str | None


def job_send(
    agent: Annotated[str, Option(name="AGENT", help="An agent's id, or a name that only one has.")],
    verb: Annotated[str, Option(name="VERB", help="scan, sweep or read.")],
    /,
    *targets: Annotated[
        str,
        Option(name="TARGET", help="As of ptscan scan, seen from the agent; local are the networks attached to it."),
    ],
    exclude: Annotated[tuple[str, ...], Option(metavar="TARGET", show_default=False)] = (),
    rate: Annotated[
        int | None, Option(whole("rate", 1, MAX_RATE), metavar="PACKETS_PER_SECOND", show_default=False)
    ] = None,
    expires: Annotated[float, Option(span(SHORTEST_LIFE, LONGEST_LIFE), metavar="1h|7d", show_default=False)] = LIFE,
    folder: Folder = None,
) -> int:
    """Ask an agent to do something once, as soon as it is heard; the job's id is what stands on standard output.

    Parameters
    ----------
    exclude
        Never ask this; give it again for more.
    rate
        Packets per second at most. [default: the agent's own]
    expires
        How long it is worth beginning. [default: 1d]
    """
    for text in (*targets, *exclude):
        _check(text)
    now = time.time()

    def write(connection: Connection) -> str:
        found = find_agent(connection, agent)
        return add_job(
            connection, agent_id=found.id, verb=verb, targets=list(targets), excludes=list(exclude), rate=rate or 0,
            expires_at=now + expires, now=now,
        )  # fmt: skip

    with open_collector(folder) as store:
        number = store.write(write)
        print_data(f"{number}\n")
    return Exit.DONE


def job_list(
    *,
    agent: Annotated[str | None, Option(metavar="ID")] = None,
    most: Annotated[int, Option(whole("number of jobs", 1, MOST_LISTED), metavar="N")] = LATEST,
    showing: Showing = DEFAULT_SHOWING,
    folder: Folder = None,
) -> int:
    """List jobs and how they stand, the newest first.

    Parameters
    ----------
    agent
        Only of this agent.
    most
        The latest so many.
    """

    def read(connection: Connection) -> list[JobRow]:
        only = None if agent is None else find_agent(connection, agent).id
        return [_row(one) for one in list_jobs(connection, only, most=most)]

    give_out(JOBS, showing, folder, read)
    return Exit.DONE


def job_cancel(
    job: Annotated[str, Option(name="ID", help="As job list shows it.")], /, *, folder: Folder = None
) -> int:
    """Want a job no more: one that runs is ended, what it read until then is kept."""
    with open_collector(folder) as store:
        if not store.write(cancel_job, job, now=time.time()):
            if all(one.job.job_id != job for one in store.read(list_jobs)):
                raise NoSuchThingError(f"there is no job {job[:80]!r}: ptscan collector job list names them")
            Words().say(f"job {job} was over already")
    return Exit.DONE


def _check(text: str) -> None:
    """Raises TargetError for what no agent takes; names are looked up there, and not here."""
    if text.startswith("@"):
        raise TargetError(text, "an agent reads no files of yours: write the targets themselves")
    parse_targets([text], lookups=Lookups(names={text: _ANYWHERE}, local=_ANYWHERE))


def _row(stored: StoredJob) -> JobRow:
    job = stored.job
    return JobRow(
        id=job.job_id,
        agent=stored.agent_id,
        verb=job.verb,
        targets=job.targets,
        excludes=job.excludes,
        rate=job.rate,
        state=stored.state,
        done=stored.done,
        total=stored.total,
        text=stored.text,
        created_at=instant(stored.created_at),
        expires_at=instant(stored.expires_at),
        told_at=instant(stored.noted_at),
        cancelled_at=instant(stored.cancelled_at),
        ended_at=instant(stored.ended_at),
    )


JOBS: Final[Shape[JobRow]] = listed(
    JobRow, "id", "agent", "verb", "targets", "state", "done", "total", "created_at", "text"
)
