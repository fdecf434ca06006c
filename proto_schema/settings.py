"""Settings: what the collector tells an agent to do by itself.

They hold no secrets: the credentials for devices stand in the agent's own configuration, and so do the ranges that it
may ask, whatever a schedule says.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from proto_schema import limits
from proto_schema.kinds import Count, Seconds, Targets, Text, Word


class Schedule(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A job that comes again. A time that was slept through is caught up once, and not once for each."""

    name: Word
    """Its name among the schedules."""
    cron: Text
    """When: five fields, in the agent's local time."""
    verb: Word
    """What, as in a Job."""
    targets: Targets
    """Where."""
    excludes: Targets = []
    """Where not; excludes win."""
    rate: Count = 500
    """Packets a second at most."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="settings"):
    """All that the collector sets, as a whole: what is not in it is as its default says."""

    revision: Count
    """Counts up with each change; an agent takes none that is older than its own."""
    schedules: Annotated[list[Schedule], Meta(max_length=limits.SCHEDULES)] = []
    """What to do, and when."""
    session: bool = True
    """Whether to hold a session open (service mode) or to check in now and then (normal mode)."""
    check_in_seconds: Seconds = 300.0
    """How long between two check-ins, in normal mode."""
    health_seconds: Seconds = 60.0
    """How long between two reports of its health, in a session."""
