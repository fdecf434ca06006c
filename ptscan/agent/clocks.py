"""The clock here, held against the collector's. Pure."""

from typing import Final

from proto_schema import Finding, write_instant
from ptscan.agent import limits

CLOCK_CODES: Final = frozenset({"clock-behind", "clock-ahead"})
"""Of the findings that are made here."""


def clock_finding(offset: float, *, here_at: float, there: str) -> Finding | None:
    """What is wrong where the collector's clock is ``offset`` seconds ahead of ours; None for little."""
    if abs(offset) <= limits.CLOCK_OFF_SECONDS:
        return None
    code, word = ("clock-behind", "behind") if offset > 0 else ("clock-ahead", "ahead of")
    text = f"the clock here is {_duration(abs(offset))} {word} the collector's: {write_instant(here_at)}, not {there}"
    return Finding(code=code, text=text, mend="set the clock of one of the two, by NTP")


def _duration(seconds: float) -> str:
    for size, word in ((86_400.0, "days"), (3_600.0, "hours")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds / 60:.0f} minutes"
