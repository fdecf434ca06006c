"""How the agent is, for the collector, the agent's page and a person. I/O: the spool, the process's own memory."""

import resource
from pathlib import Path
from typing import Final, Protocol

from proto_schema import Finding, Health, SpoolHealth, clip
from ptscan import __version__
from ptscan.agent import limits
from ptscan.agent.enrolling import platform_name
from ptscan.agent.findings import Findings
from ptscan.agent.spool import Spool, SpoolError, SpoolState
from ptscan.agent.spool import limits as spool_limits

_STATM: Final = Path("/proc/self/statm")
_FULL: Final = 0.95
_SPOOL_MEND: Final = "the file is mended; if it comes again, see to the disk"


class Standing(Protocol):
    """What the work of an agent says of itself."""

    def standing(self) -> tuple[str | None, int, list[Finding]]:
        """When the last round ended, how many devices it read, and what is not as it should be."""


async def health_of(spool: Spool, work: Standing, findings: Findings, *, started_at: str, at: str) -> Health:
    """The agent's health at ``at``; a spool that does not answer is a finding in it."""
    swept_at, devices, of_work = work.standing()
    found = [*findings.current, *of_work]
    of_spool = SpoolHealth()
    try:
        state = await spool.state()
    except SpoolError as error:
        found.append(Finding(code="spool-failing", text=clip(str(error)), mend="see to the disk that the spool is on"))
    else:
        of_spool = spool_health(state)
        found += _spool_findings(state)
    return Health(
        at=at,
        started_at=started_at,
        version=__version__,
        platform=platform_name(),
        spool=of_spool,
        findings=list({finding.code: _sayable(finding) for finding in found}.values())[: limits.FINDINGS],
        swept_at=swept_at,
        devices=devices,
        memory_octets=memory_octets(),
    )


def memory_octets() -> int:
    """What this process holds in memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def _sayable(finding: Finding) -> Finding:
    """A finding as the wire takes it: the name of a file may be no text at all."""
    code, text, mend = (word.encode("utf-8", "replace").decode() for word in (finding.code, finding.text, finding.mend))
    return Finding(code=code[: limits.CODE_CHARACTERS], text=clip(text), mend=clip(mend))


def spool_health(state: SpoolState) -> SpoolHealth:
    """What the collector is told of a spool."""
    return SpoolHealth(
        records=state.waiting_records,
        octets=state.kept_octets,
        oldest_at=state.oldest_at,
        set_aside=state.set_aside,
        thinned=state.thinned,
        turned_away=state.refused,
        lost=state.lost,
    )


def _spool_findings(state: SpoolState) -> list[Finding]:
    found = [
        Finding(code=f"spool-{finding.code}", text=clip(finding.text), mend=_SPOOL_MEND) for finding in state.findings
    ]
    taken = state.waiting_octets + state.waiting_records * spool_limits.RECORD_OVERHEAD
    if state.disk_is_full:
        text = f"the disk is full: {state.refused} readings were not spooled since the start"
        found.append(Finding(code="spool-full", text=text, mend="make room on it; what was spooled before is kept"))
    elif taken > _FULL * state.most_octets:
        found.append(
            Finding(
                code="spool-full",
                text=f"{state.waiting_records} records wait for the collector and there is hardly room for more",
                mend="see why the collector does not take them, or allow the spool more in agent.toml",
            )
        )
    if state.set_aside:
        found.append(
            Finding(
                code="set-aside",
                text=f"{state.set_aside} records that the collector never takes are set aside",
                mend="see the collector's log for the reason",
            )
        )
    return found
