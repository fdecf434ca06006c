"""What is old is deleted, a little at a time, and never the last that is known of a device.

Age is the collector's: when a reading came, not when an agent says it was made, so that a year's backlog is not gone on
arrival. Which sequences were received is kept for good: what was deleted and comes again stays deleted.
"""

import msgspec
from sqlalchemy import Connection, delete, exists, select

from ptscan.collector.storage import limits
from ptscan.collector.storage.tables import alerts, devices, jobs, readings, refusals, tokens


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that one call deleted; ``more``: another call will find some."""

    readings: int = 0
    alerts: int = 0
    refusals: int = 0
    tokens: int = 0
    jobs: int = 0
    more: bool = False


def prune(connection: Connection, *, before: float, most: int = limits.PRUNED_AT_ONCE) -> Pruned:
    """Delete at most ``most`` rows of each kind that are older than ``before``; call it again while there is ``more``.

    Deleted are readings but the last of each device, alerts that were cleared, refusals, tokens that expired, and
    jobs that are over.
    """
    device = devices.c.id == readings.c.device_id
    last = exists().where(device, devices.c.spool_id == readings.c.spool_id, devices.c.sequence == readings.c.sequence)
    old_readings = select(readings.c.id).where(readings.c.received_at < before, ~last).limit(most)
    old_alerts = select(alerts.c.id).where(alerts.c.cleared_at < before).limit(most)
    old_tokens = select(tokens.c.id).where(tokens.c.expires_at < before).limit(most)
    old_jobs = select(jobs.c.id).where(jobs.c.ended_at < before).limit(most)
    old_refusals = refusals.c.refused_at < before
    numbers = {
        "readings": connection.execute(delete(readings).where(readings.c.id.in_(old_readings))).rowcount,
        "alerts": connection.execute(delete(alerts).where(alerts.c.id.in_(old_alerts))).rowcount,
        "tokens": connection.execute(delete(tokens).where(tokens.c.id.in_(old_tokens))).rowcount,
        "jobs": connection.execute(delete(jobs).where(jobs.c.id.in_(old_jobs))).rowcount,
    }
    more = most in numbers.values()
    return Pruned(**numbers, refusals=connection.execute(delete(refusals).where(old_refusals)).rowcount, more=more)
