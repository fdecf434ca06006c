"""Wall clocks as the wire has them: RFC 3339 in UTC, to whole seconds. Pure."""

from datetime import UTC, datetime
from typing import Final

_LAST_SECOND: Final = 253_402_300_799.0  # of the year 9999


def write_instant(at: float) -> str:
    """An instant (seconds since 1970) as the wire has it; one beyond its years as the nearest that it has."""
    return f"{datetime.fromtimestamp(min(max(at, 0.0), _LAST_SECOND), UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_instant(text: str) -> float:
    """The seconds since 1970 that a peer's instant says. Raises ValueError for what is none, or has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone: {text[:40]!r}")
    try:
        return at.timestamp()
    except OverflowError as error:
        raise ValueError(f"an instant beyond all clocks: {text[:40]!r}") from error
