"""What the agent has to say to the collector, durable until the collector has it.

The promise: what ``put`` returned for is handed out until the collector says that it is stored, whatever is killed,
cut or filled up in between; or its number and what became of it are told. What ``put`` did not return for may be handed
out or not, and never in part. A record keeps its epoch and sequence for good, so that the collector knows it again.
"""

from ptscan.agent.spool.errors import (
    RecordTooLargeError,
    SpoolError,
    SpoolFullError,
    SpoolInUseError,
    SpoolUnwritableError,
)
from ptscan.agent.spool.report import Finding, SpoolState
from ptscan.agent.spool.spool import Spool, open_spool
from ptscan.agent.spool.store import Bounds, Entry

__all__ = [
    "Bounds",
    "Entry",
    "Finding",
    "RecordTooLargeError",
    "Spool",
    "SpoolError",
    "SpoolFullError",
    "SpoolInUseError",
    "SpoolState",
    "SpoolUnwritableError",
    "open_spool",
]
