"""Wall clocks as the messages have them: RFC 3339 in UTC, to whole seconds."""

from datetime import UTC, datetime
from typing import Final

_LAST_SECOND: Final = 253_402_300_799.0  # of the year 9999


def as_datetime(at: float) -> datetime:
    """An instant (seconds since 1970) in UTC; one before 1970 or beyond 9999 as the nearest that is not."""
    return datetime.fromtimestamp(min(max(at, 0.0), _LAST_SECOND), UTC)


def write_instant(at: float) -> str:
    """An instant (seconds since 1970) as the wire has it, clamped as ``as_datetime`` does."""
    return f"{as_datetime(at):%Y-%m-%dT%H:%M:%SZ}"


def read_instant(text: str) -> float:
    """The seconds since 1970 that a peer's instant says. Raises ValueError for what is none, or has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone: {text[:40]!r}")
    if not 0.0 <= (seconds := at.timestamp()) <= _LAST_SECOND:
        raise ValueError(f"an instant beyond all clocks: {text[:40]!r}")
    return seconds
