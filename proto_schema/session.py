"""Session: what agent and collector say to each other beside the uploads, as one stream or as a poll now and then.

A session begins with the agent's Hello, which the collector answers with a Welcome; then each says what it has to. A
check-in is the same in one request and one reply. A message of a later version is skipped, see Unknown.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from proto_schema import limits
from proto_schema.health import Health, HealthReport
from proto_schema.job import Job, JobCancel, JobOffer, JobUpdate
from proto_schema.kinds import Count, Instant, Sequence, Word
from proto_schema.settings import Settings
from proto_schema.wire import OneOf


class Range(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Sequences without a gap."""

    first: Sequence
    """The first of them."""
    last: Sequence
    """The last of them."""


class Received(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the collector has stored of one epoch."""

    epoch: Word
    """Which."""
    ranges: Annotated[list[Range], Meta(max_length=limits.RANGES)]
    """What is stored, in ascending order; of very many ranges the last ones. What was acknowledged once and is in none
    of them (a store that was restored from a backup) is sent again, as far as the agent still has it: to send too much
    does no harm."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="hello"):
    """Where the agent stands. Who it is, its certificate says."""

    epochs: Annotated[list[Word], Meta(max_length=limits.EPOCHS)]
    """Those of which the spool still has records, the one that numbers new records last."""
    generation: Count
    """That of its certificate; an old one, or two sessions of one agent, betray a copied key."""
    health: Health
    """How it is."""
    settings_revision: Count = 0
    """The settings that it has; 0 for none."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="welcome"):
    """Where the collector stands."""

    at: Instant
    """The collector's clock, for the agent to hold its own against."""
    version: Word
    """The collector's."""
    received: Annotated[list[Received], Meta(max_length=limits.EPOCHS)]
    """What is stored of each epoch of the Hello; an epoch that was never heard of has no ranges."""
    settings: Settings | None = None
    """The settings, where they are newer than the agent's."""


class CheckInRequest(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the agent has to say, in normal mode."""

    hello: Hello
    """Where it stands."""
    updates: Annotated[list[JobUpdate], Meta(max_length=limits.JOBS)] = []
    """How its jobs stand."""


class CheckInReply(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the collector has to say to it."""

    welcome: Welcome
    """Where the collector stands."""
    jobs: Annotated[list[Job], Meta(max_length=limits.JOBS)] = []
    """Jobs that are offered."""
    cancels: Annotated[list[JobCancel], Meta(max_length=limits.JOBS)] = []
    """Jobs that are no longer wanted."""


AgentMessage: TypeAlias = Hello | HealthReport | JobUpdate
AGENT_MESSAGES: Final[OneOf[AgentMessage]] = OneOf("AgentMessage", (Hello, HealthReport, JobUpdate))
"""What an agent says in a session."""

CollectorMessage: TypeAlias = Welcome | JobOffer | JobCancel | Settings
COLLECTOR_MESSAGES: Final[OneOf[CollectorMessage]] = OneOf("CollectorMessage", (Welcome, JobOffer, JobCancel, Settings))
"""What a collector says in a session."""
