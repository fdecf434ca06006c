"""How an agent stands, for a person: what its page shows and ``ptscan agent status`` prints. Pure."""

from typing import Final

import msgspec

from proto_schema import Finding, Health, JobUpdate, Settings, SpoolHealth, write_instant
from ptscan.agent.connecting import Connection
from ptscan.agent.work import ScheduleState, Work

SCHEMA: Final = "ptscan.agent-status/1"
JOBS_SHOWN: Final = 50


class SpoolStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the collector, and what never left; as in the health that is sent."""

    records: int = 0
    octets: int = 0
    oldest_at: str | None = None
    set_aside: int = 0
    thinned: int = 0
    turned_away: int = 0
    lost: int = 0


class FindingStatus(msgspec.Struct, frozen=True):
    """Something that is not as it should be."""

    code: str
    text: str
    mend: str = ""


class JobStatus(msgspec.Struct, frozen=True):
    """How a job stands, or how it ended."""

    job_id: str
    state: str
    at: str
    done: int = 0
    total: int = 0
    text: str = ""


class AgentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent stands. What nobody knows while it does not run is null."""

    schema: str = SCHEMA
    at: str
    is_running: bool
    version: str
    agent_id: str | None = None
    entity: str | None = None
    collector: str | None = None
    certificate_ends_at: str | None = None
    is_connected: bool | None = None
    mode: str | None = None
    """``session``, ``check-in``, or empty while the collector does not answer."""
    heard_at: str | None = None
    """When the collector last said where it stands."""
    trouble: str | None = None
    """Why there is no connection."""
    stored: int | None = None
    """Records that the collector has stored since the connection began."""
    started_at: str | None = None
    memory_octets: int | None = None
    doing: str | None = None
    """What is swept or read just now."""
    swept_at: str | None = None
    devices: int | None = None
    """Printers that the last scan read."""
    settings_revision: int | None = None
    spool: SpoolStatus | None = None
    schedules: list[ScheduleState] = []
    jobs: list[JobStatus] = []
    findings: list[FindingStatus] = []


async def status_of(connection: Connection, work: Work) -> AgentStatus:
    """How an agent that runs stands now."""
    health: Health = await connection.health()
    enrolled, certificate = connection.enrolled, connection.certificate
    settings: Settings = work.settings
    return AgentStatus(
        at=health.at,
        is_running=True,
        version=health.version,
        agent_id=None if enrolled is None else enrolled.agent_id,
        entity=None if enrolled is None else enrolled.entity,
        collector=None if enrolled is None else str(enrolled.place),
        certificate_ends_at=None if certificate is None else write_instant(certificate.not_after_at.timestamp()),
        is_connected=connection.is_connected,
        mode=connection.mode,
        heard_at=connection.heard_at,
        trouble=None if connection.trouble is None else connection.trouble.text,
        stored=connection.stored,
        started_at=health.started_at,
        memory_octets=health.memory_octets,
        doing=work.doing,
        swept_at=health.swept_at,
        devices=health.devices,
        settings_revision=settings.revision,
        spool=spool_status(health.spool),
        schedules=work.schedules(),
        jobs=[_job(update) for update in work.jobs()[:JOBS_SHOWN]],
        findings=[_finding(finding) for finding in health.findings],
    )


def spool_status(health: SpoolHealth) -> SpoolStatus:
    """How a spool stands, with the names that the wire does without."""
    return SpoolStatus(**msgspec.structs.asdict(health))


def _job(update: JobUpdate) -> JobStatus:
    return JobStatus(update.job_id, update.state, update.at, update.done, update.total, update.text)


def _finding(finding: Finding) -> FindingStatus:
    return FindingStatus(finding.code, finding.text, finding.mend)
