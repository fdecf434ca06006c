"""Where this machine is on the clock, its summer time included. I/O: the system's own settings."""

import os
import time
from contextlib import suppress
from datetime import timedelta, timezone, tzinfo
from functools import cache
from pathlib import Path
from typing import Final

_SYSTEM: Final = "/etc/localtime"


@cache
def local_zone() -> tzinfo:
    """Return the zone that TZ names, else the system's; blocks for an instant, once.

    Where that is no zone of the system's tables, it is the offset that the C library makes of it now.
    """
    from zoneinfo import ZoneInfo  # an agent without a time of cron does without its 700 KB

    name = os.environ.get("TZ", "").removeprefix(":") or _SYSTEM
    with suppress(ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        if not name.startswith("/"):
            return ZoneInfo(name)
        with Path(name).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    return timezone(timedelta(seconds=time.localtime().tm_gmtoff))
