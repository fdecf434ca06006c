"""Where this machine is on the clock, its summer time included. I/O: the system's own settings."""

import os
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

_SYSTEM: Final = Path("/etc/localtime")


def local_zone() -> tzinfo:
    """Return the zone of TZ, as the C library takes it, else the system's; UTC where neither says; blocks."""
    if name := os.environ.get("TZ", "").removeprefix(":"):
        with suppress(ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            try:
                return ZoneInfo(name)
            except KeyError:
                return UTC
    with suppress(ValueError, OSError), _SYSTEM.open("rb") as file:
        return ZoneInfo.from_file(file)
    return UTC
