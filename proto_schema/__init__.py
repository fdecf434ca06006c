"""Every shape on the wire or in the spool: frozen structs that only grow, and their octets.

I/O: none.
"""

from proto_schema.enrolment import EnrolReply, EnrolRequest, RenewReply, RenewRequest
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
from proto_schema.upload import READING, Batch, Record, Refusal, UploadReply
from proto_schema.wire import WireError, decode, encode

__all__ = [
    "READING",
    "READING_SCHEMA",
    "Alert",
    "Batch",
    "EnrolReply",
    "EnrolRequest",
    "Identity",
    "Problem",
    "Provenance",
    "RawMeter",
    "Reading",
    "Record",
    "Refusal",
    "RenewReply",
    "RenewRequest",
    "Status",
    "Supply",
    "Tray",
    "UploadReply",
    "WireError",
    "decode",
    "encode",
]
