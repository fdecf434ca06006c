"""How much memory this process took at its peak."""

import resource
import sys
from pathlib import Path


def peak_octets() -> int:
    """Return the most memory that this process ever had resident, in octets.

    Linux's own figure counts this program alone; ``getrusage`` begins with what the process was before.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
