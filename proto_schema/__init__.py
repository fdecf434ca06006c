"""Every shape on the wire or in the spool: frozen structs that only grow, and their octets.

I/O: none.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from proto_schema.enrolment import EnrolReply, EnrolRequest, RenewReply, RenewRequest
    from proto_schema.health import Finding, Health, HealthReport, SpoolHealth
    from proto_schema.instants import as_datetime, read_instant, write_instant
    from proto_schema.job import JOB_ENDS, JOB_VERBS, Job, JobCancel, JobOffer, JobUpdate
    from proto_schema.kinds import clip
    from proto_schema.limits import BATCH_RECORDS, BODY_OCTETS, EPOCHS, MESSAGE_OCTETS, RANGES
    from proto_schema.service import CHECK_IN, ENROL, METHODS, PORT, RENEW, SESSION, UPLOAD, Method
    from proto_schema.session import (
        AGENT_MESSAGES,
        COLLECTOR_MESSAGES,
        AgentMessage,
        CheckInReply,
        CheckInRequest,
        CollectorMessage,
        Hello,
        Range,
        Received,
        Welcome,
    )
    from proto_schema.settings import Schedule, Settings
    from proto_schema.upload import READING, Batch, Record, Refusal, UploadReply
    from proto_schema.wire import OneOf, Unknown, WireError, decode, encode

__all__ = [
    "AGENT_MESSAGES",
    "BATCH_RECORDS",
    "BODY_OCTETS",
    "CHECK_IN",
    "COLLECTOR_MESSAGES",
    "ENROL",
    "EPOCHS",
    "JOB_ENDS",
    "JOB_VERBS",
    "MESSAGE_OCTETS",
    "METHODS",
    "PORT",
    "RANGES",
    "READING",
    "READING_SCHEMA",
    "RENEW",
    "SESSION",
    "UPLOAD",
    "AgentMessage",
    "Alert",
    "Batch",
    "CheckInReply",
    "CheckInRequest",
    "CollectorMessage",
    "EnrolReply",
    "EnrolRequest",
    "Finding",
    "Health",
    "HealthReport",
    "Hello",
    "Identity",
    "Job",
    "JobCancel",
    "JobOffer",
    "JobUpdate",
    "Method",
    "OneOf",
    "Problem",
    "Provenance",
    "Range",
    "RawMeter",
    "Reading",
    "Received",
    "Record",
    "Refusal",
    "RenewReply",
    "RenewRequest",
    "Schedule",
    "Settings",
    "SpoolHealth",
    "Status",
    "Supply",
    "Tray",
    "Unknown",
    "UploadReply",
    "Welcome",
    "WireError",
    "as_datetime",
    "clip",
    "decode",
    "encode",
    "read_instant",
    "write_instant",
]

# Most verbs know a Reading and nothing that is sent with it: the rest is loaded when it is first named.
_LATER = {
    **dict.fromkeys(
        (
            "EnrolReply",
            "EnrolRequest",
            "RenewReply",
            "RenewRequest",
        ),
        "enrolment",
    ),
    **dict.fromkeys(
        (
            "Finding",
            "Health",
            "HealthReport",
            "SpoolHealth",
        ),
        "health",
    ),
    **dict.fromkeys(("as_datetime", "read_instant", "write_instant"), "instants"),
    **dict.fromkeys(
        (
            "JOB_ENDS",
            "JOB_VERBS",
            "Job",
            "JobCancel",
            "JobOffer",
            "JobUpdate",
        ),
        "job",
    ),
    **dict.fromkeys(("clip",), "kinds"),
    **dict.fromkeys(
        (
            "BATCH_RECORDS",
            "BODY_OCTETS",
            "EPOCHS",
            "MESSAGE_OCTETS",
            "RANGES",
        ),
        "limits",
    ),
    **dict.fromkeys(
        (
            "CHECK_IN",
            "ENROL",
            "METHODS",
            "PORT",
            "RENEW",
            "SESSION",
            "UPLOAD",
            "Method",
        ),
        "service",
    ),
    **dict.fromkeys(
        (
            "AGENT_MESSAGES",
            "COLLECTOR_MESSAGES",
            "AgentMessage",
            "CheckInReply",
            "CheckInRequest",
            "CollectorMessage",
            "Hello",
            "Range",
            "Received",
            "Welcome",
        ),
        "session",
    ),
    **dict.fromkeys(
        (
            "Schedule",
            "Settings",
        ),
        "settings",
    ),
    **dict.fromkeys(
        (
            "READING",
            "Batch",
            "Record",
            "Refusal",
            "UploadReply",
        ),
        "upload",
    ),
    **dict.fromkeys(
        (
            "OneOf",
            "Unknown",
            "WireError",
            "decode",
            "encode",
        ),
        "wire",
    ),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
