"""Jobs: work that a person at the collector asks of an agent.

The verbs are fixed, none of them runs a command, and the agent holds every target against the ranges that its own
configuration allows: what a collector asks beyond them is refused. What a job reads goes through the spool.
"""

from typing import Final

import msgspec

from proto_schema.kinds import Count, Instant, Targets, Text, Word

JOB_VERBS: Final = ("scan", "sweep", "read")
"""As on the command line. A verb that the agent does not know is refused."""
JOB_STATES: Final = ("accepted", "running", "done", "part", "failed", "refused", "cancelled")
"""``part`` is done but for what the text names."""
JOB_ENDS: Final = frozenset(JOB_STATES[2:])
"""Those that end a job."""


class Job(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is to be done. An agent that is offered a job twice does it once."""

    job_id: Word
    """The collector's name for it."""
    verb: Word
    """``scan``, ``sweep`` or ``read``."""
    targets: Targets
    """Where."""
    excludes: Targets = []
    """Where not; excludes win."""
    rate: Count = 0
    """Packets a second at most; 0 for the agent's own."""
    expires_at: Instant | None = None
    """When it is no longer worth beginning."""


class JobOffer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="job-offer"):
    """A job for the agent; it answers with a JobUpdate."""

    job: Job
    """The job."""


class JobCancel(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="job-cancel"):
    """A job that is no longer wanted; one that the agent does not know is no error."""

    job_id: Word
    """Which one."""
    text: Text = ""
    """Why, for a person."""


class JobUpdate(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="job-update"):
    """How a job stands."""

    job_id: Word
    """Which one."""
    state: Word
    """``accepted``, ``running``, ``done``, ``part``, ``failed``, ``refused`` or ``cancelled``."""
    at: Instant
    """When, by the agent's clock."""
    done: Count = 0
    """Addresses that were asked so far."""
    total: Count = 0
    """Addresses in all; 0 while nobody knows."""
    text: Text = ""
    """What went wrong, or the result, for a person."""
