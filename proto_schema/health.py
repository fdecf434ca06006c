"""Health: what an agent says of itself, for the person who has to mend it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from proto_schema import limits
from proto_schema.kinds import Count, Instant, Text, Word


class Finding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something that is not as it should be."""

    code: Word
    """What it is, kebab-case and stable: ``disk-full``, ``clock-behind``."""
    text: Text
    """What it is, in a sentence."""
    mend: Text = ""
    """What a person can do about it."""


class SpoolHealth(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What waits in the spool, and what never left it."""

    records: Count = 0
    """Records that wait for the collector."""
    octets: Count = 0
    """What the spool takes on disk."""
    oldest_at: Instant | None = None
    """When the oldest record that waits was spooled."""
    set_aside: Count = 0
    """Records that the collector refused, kept and not sent again."""
    thinned: Count = 0
    """Readings that went when the spool was full, each with a later one of its device and day kept."""
    turned_away: Count = 0
    """Readings that were not spooled since the start, for want of room."""
    lost: Count = 0
    """Records that were damaged past saving."""


class Health(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An agent at one moment."""

    at: Instant
    """When, by the agent's clock."""
    started_at: Instant
    """When the agent started."""
    version: Word
    """The agent's."""
    platform: Text
    """System, release and architecture."""
    spool: SpoolHealth = SpoolHealth()
    """Its spool."""
    findings: Annotated[list[Finding], Meta(max_length=limits.FINDINGS)] = []
    """What is not as it should be; empty where all is well."""
    swept_at: Instant | None = None
    """When its last round ended."""
    devices: Count = 0
    """Printers that were read in that round."""
    memory_octets: Count = 0
    """What it holds in memory; 0 where the system does not tell."""


class HealthReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="health"):
    """The agent's health, sent in a session now and then and whenever a finding comes or goes."""

    health: Health
    """Its health."""
