"""The daemon in a customer's network.

I/O: spool.spool, spool.holding, spool.store, spool.room, spool.epochs, spool.opening, spool.salvage, spool.search,
spool.log, spool.database, spool.files.
"""

from ptscan.agent.spool import (
    Bounds,
    Entry,
    Finding,
    RecordTooLargeError,
    Spool,
    SpoolError,
    SpoolFullError,
    SpoolInUseError,
    SpoolState,
    SpoolUnwritableError,
    open_spool,
)

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
