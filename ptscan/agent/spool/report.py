"""What the opening of a spool found, and how a spool stands: for the log, for the agent's state, for a person."""

from dataclasses import dataclass, field
from typing import Final

_SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that was wrong with the spool's file, and what was done."""

    code: str
    """``damaged``, ``log-cut`` (damaged in its log), ``lost``, ``key-gone``."""
    text: str
    """The same for a person, in one line."""


@dataclass(frozen=True, kw_only=True)
class SpoolState:
    """How the spool stands."""

    waiting_records: int
    waiting_octets: int
    kept_octets: int
    """Of all records, those included that are stored and kept for a resync."""
    most_octets: int
    leased_records: int
    oldest_at: str | None
    """When the oldest that waits was spooled, by the clock of that time."""
    set_aside: int
    """Records that the collector would not have."""
    thinned: int
    """Records that went when the spool was full, each with a later one of its subject and day kept."""
    lost: int
    """Records that were damaged past saving."""
    refused: int
    """Records that were not taken since the start, for want of room."""
    disk_is_full: bool = False
    """Whether there was no room on the disk for what was to be spooled last."""
    findings: tuple[Finding, ...] = field(default=())


def ranges_of(numbers: list[int]) -> str:
    """Say which records: ``7, 12-15``; of very many, the first."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [str(low) if low == high else f"{low}-{high}" for low, high in ranges[:_SHOWN]]
    return ", ".join(words) + (", …" if len(ranges) > _SHOWN else "")
