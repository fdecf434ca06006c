"""Every shape on the wire or in the spool: frozen structs that only grow.

I/O: none.
"""

from proto_schema.reading import (
    READING_SCHEMA,
    Alert,
    Identity,
    Problem,
    Provenance,
    RawMeter,
    Reading,
    Status,
    Supply,
    Tray,
)

__all__ = [
    "READING_SCHEMA",
    "Alert",
    "Identity",
    "Problem",
    "Provenance",
    "RawMeter",
    "Reading",
    "Status",
    "Supply",
    "Tray",
]
