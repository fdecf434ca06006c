"""What waits at the collector for its agents: jobs, cancels, settings, and what each session was told of it. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection

from proto_schema import CollectorMessage, JobCancel, JobOffer, Settings
from ptscan.collector.storage import StoredJob, settings_of, settings_revisions, waiting_jobs

CANCELLED: Final = "a person at the collector cancelled it"


class Mail(msgspec.Struct):
    """What one session has been told, and what waits for it."""

    revision: int
    """Of the settings that its agent has."""
    jobs: Mapping[str, StoredJob] = {}
    """That are not over, by their ids."""
    settings: Settings | None = None
    """Newer ones."""
    offered: set[str] = set()
    cancelled: set[str] = set()

    def take(self) -> list[CollectorMessage]:
        """The messages that are to be sent now; they count as told. A job that is cancelled is offered no more."""
        messages: list[CollectorMessage] = []
        if self.settings is not None and self.settings.revision > self.revision:
            messages.append(self.settings)
            self.revision = self.settings.revision
        self.settings = None
        wanted = {job_id for job_id, stored in self.jobs.items() if not stored.cancel}
        unwanted = self.jobs.keys() - wanted
        messages += [JobOffer(job=self.jobs[job_id].job) for job_id in self.jobs if job_id in wanted - self.offered]
        messages += [JobCancel(job_id=job_id, text=CANCELLED) for job_id in sorted(unwanted - self.cancelled)]
        # What is over is forgotten, so that this grows no further than what waits.
        self.offered, self.cancelled = wanted, unwanted
        return messages


class Posted(msgspec.Struct, frozen=True):
    """What one look at the store found."""

    jobs: Mapping[str, Mapping[str, StoredJob]]
    """By agent, then by id."""
    settings: Mapping[str, Settings]
    """By agent: of those that were asked for, the ones that changed."""
    revision: int
    """The highest one of any settings."""


def look_at(connection: Connection, live: Callable[[], Iterable[str]], *, since: int) -> Posted:
    """All jobs that are not over, and what settings changed since a revision, of the agents that are ``live``.

    Those are asked for once the store's state is fixed: who comes to life later sees that state, or a later one.
    """
    revisions = settings_revisions(connection, since=since)
    changed = {agent_id: settings_of(connection, agent_id) for agent_id in live() if agent_id in revisions}
    return Posted(by_agent(waiting_jobs(connection)), changed, max(revisions.values(), default=since))


def by_agent(stored: Iterable[StoredJob]) -> dict[str, dict[str, StoredJob]]:
    """Jobs by their agents and their ids, in the order given."""
    found: dict[str, dict[str, StoredJob]] = defaultdict(dict)
    for job in stored:
        found[job.agent_id][job.job.job_id] = job
    return dict(found)
