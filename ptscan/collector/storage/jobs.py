"""Jobs: what a person asks of an agent, kept until the agent has said that it is over.

A job is ``waiting`` until the agent says something of it; then its state is what the agent said last, and what ends it
stays. What the collector ended by itself, because nobody had taken it yet (``cancelled``, ``expired``), an agent that
took it after all may still speak of: then it is as the agent says, and waits to be cancelled again.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from proto_schema import JOB_ENDS, JOB_VERBS, Job, JobUpdate, WireError, clip, decode, encode
from ptscan.collector.ca import new_id
from ptscan.collector.storage import limits
from ptscan.collector.storage.errors import JobError
from ptscan.collector.storage.rows import StoredJob
from ptscan.collector.storage.tables import agents, jobs

WAITING: Final = "waiting"
EXPIRED: Final = "expired"
_CANCELLED: Final = "cancelled"


def add_job(
    connection: Connection,
    *,
    agent_id: str,
    verb: str,
    targets: list[str],
    excludes: list[str],
    rate: int,
    expires_at: float | None,
    now: float,
) -> str:
    """Ask ``verb`` of an agent; the job's id. ``rate`` is packets a second, 0 for the agent's own.

    Raises:
        JobError: no such agent or verb, no targets, more than a message holds, or too many jobs wait already.
    """
    if verb not in JOB_VERBS:
        raise JobError(f"no job is called {verb[:40]!r}: it is one of {', '.join(JOB_VERBS)}")
    if not targets:
        raise JobError("a job needs targets: say where")
    agent = select(agents.c.revoked_at).where(agents.c.id == agent_id).with_for_update()
    found = connection.execute(agent).one_or_none()
    if found is None or found.revoked_at is not None:
        raise JobError(
            f"agent {agent_id[:64]!r} is {'unknown' if found is None else 'revoked'}: see the list of agents"
        )
    job_id = new_id()
    until = None if expires_at is None else _instant(expires_at)
    job = Job(job_id=job_id, verb=verb, targets=targets, excludes=excludes, rate=rate, expires_at=until)
    try:
        body = encode(job)
        decode(body, Job)
    except WireError as error:
        raise JobError(f"the job is no message ({error.text}): ask for less at once") from error
    waiting = select(func.count(), func.sum(func.length(jobs.c.body))).where(
        jobs.c.agent_id == agent_id, jobs.c.ended_at.is_(None)
    )
    many, octets = connection.execute(waiting).one()
    if many >= limits.JOBS_WAITING or int(octets or 0) + len(body) > limits.JOBS_OCTETS:
        raise JobError(f"{many} jobs wait for agent {agent_id}, no more go into one message: cancel some")
    stand = {"state": WAITING, "done": 0, "total": 0, "text": ""}
    row = {"id": job_id, "agent_id": agent_id, "body": body, "created_at": now, "expires_at": expires_at}
    connection.execute(insert(jobs), row | stand)
    return job_id


def waiting_jobs(connection: Connection, agent_id: str | None = None) -> list[StoredJob]:
    """The jobs that are not over, of one agent or of all, the oldest first: to be offered, or to be cancelled."""
    query = _columns().where(jobs.c.ended_at.is_(None)).order_by(jobs.c.created_at, jobs.c.id)
    if agent_id is not None:
        query = query.where(jobs.c.agent_id == agent_id)
    return [_job(row) for row in connection.execute(query.limit(limits.ROWS_LISTED))]


def note_job(connection: Connection, agent_id: str, update: JobUpdate, *, now: float) -> bool:
    """Keep what an agent says of a job; False where it is none of its jobs, or one that it has ended before."""
    ours = select(jobs.c.noted_at, jobs.c.ended_at).where(jobs.c.id == update.job_id, jobs.c.agent_id == agent_id)
    row = None if "\0" in update.job_id else connection.execute(ours.with_for_update()).one_or_none()
    if row is None or (row.ended_at is not None and row.noted_at is not None):
        return False
    values = {
        "state": update.state.replace("\0", ""),
        "done": update.done,
        "total": update.total,
        "text": clip(update.text.replace("\0", "")),
        "noted_at": now,
        "ended_at": now if update.state in JOB_ENDS else None,
    }
    connection.execute(jobs.update().where(jobs.c.id == update.job_id).values(values))
    return True


def cancel_job(connection: Connection, job_id: str, *, now: float) -> bool:
    """Want a job no more: over at once where nobody has taken it, else the agent is told. False where it was over."""
    query = select(jobs.c.noted_at, jobs.c.ended_at).where(jobs.c.id == job_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or row.ended_at is not None:
        return False
    values: dict[str, object] = {"cancelled_at": now}
    if row.noted_at is None:
        values |= {"state": _CANCELLED, "ended_at": now}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
    return True


def expire_jobs(connection: Connection, *, now: float) -> int:
    """End the jobs that nobody took in time; how many."""
    late = jobs.c.ended_at.is_(None), jobs.c.noted_at.is_(None), jobs.c.expires_at <= now
    return connection.execute(update(jobs).where(*late).values(state=EXPIRED, ended_at=now)).rowcount


def list_jobs(
    connection: Connection, agent_id: str | None = None, *, most: int = limits.ROWS_LISTED
) -> list[StoredJob]:
    """The jobs of one agent, or of all, the newest first."""
    query = _columns().order_by(jobs.c.created_at.desc(), jobs.c.id).limit(max(0, min(most, limits.ROWS_LISTED)))
    if agent_id is not None:
        query = query.where(jobs.c.agent_id == agent_id)
    return [_job(row) for row in connection.execute(query)]


def _instant(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError) as error:
        raise JobError(f"{at:g} is no time: name one of this century") from error


def _columns() -> Select[tuple[object, ...]]:
    names = [name for name in StoredJob.__struct_fields__ if name not in {"job", "cancel"}]
    return select(jobs.c.body, *[jobs.c[name] for name in names])


def _job(row: Row[tuple[object, ...]]) -> StoredJob:
    fields = dict(row._mapping)
    job = decode(fields.pop("body"), Job)
    return StoredJob(**fields, job=job, cancel=fields["cancelled_at"] is not None)
