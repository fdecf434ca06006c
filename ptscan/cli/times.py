"""Times as a person writes and reads them: ``90m``, ``7d``, ``2026-11-21``, ``2026-11-21T06:00:00Z``. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from proto_schema import write_instant

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_SPAN: Final = re.compile(r"([0-9]{1,9})([smhdw])")
DAY: Final = 86_400.0


def span(low: float, high: float) -> Callable[[str], float]:
    """Return what makes seconds of a word such as ``90m``; it raises ValueError outside of ``low`` to ``high``."""

    def convert(text: str) -> float:
        seconds = _seconds(text)
        if seconds is None or not low <= seconds <= high:
            raise ValueError(
                f'"{text}" is no time from {spelled(low)} to {spelled(high)}: write a number and s, m, h or d'
            )
        return seconds

    return convert


def moment(text: str) -> datetime | float:
    """The instant that ``text`` is, or the seconds before now; raises ValueError."""
    seconds = _seconds(text)
    if seconds is not None:
        return seconds
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f'"{text}" is no time: write 2026-11-21, 2026-11-21T06:00:00Z, or 7d for seven days ago'
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def before(since: datetime | float, now: float) -> float:
    """Seconds since 1970 of what ``moment`` gave."""
    return since.timestamp() if isinstance(since, datetime) else now - since


def spelled(seconds: float) -> str:
    """``1h`` for 3600."""
    unit = next(unit for unit in reversed(_UNITS) if seconds % _UNITS[unit] == 0 and seconds >= _UNITS[unit])
    return f"{seconds / _UNITS[unit]:.0f}{unit}"


def instant(at: float | None) -> str | None:
    """Seconds since 1970 as ``2026-11-21T06:00:00Z``; None stays."""
    return None if at is None else write_instant(at)


def _seconds(text: str) -> float | None:
    found = _SPAN.fullmatch(text)
    return None if found is None else int(found[1]) * _UNITS[found[2]]
