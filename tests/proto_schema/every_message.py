"""One message of each kind with a value in every field, and one with none but what it must have."""

import msgspec

from proto_schema import (
    Batch,
    CheckInReply,
    CheckInRequest,
    EnrolReply,
    EnrolRequest,
    Finding,
    Health,
    HealthReport,
    Hello,
    Identity,
    Job,
    JobCancel,
    JobOffer,
    JobUpdate,
    Range,
    Reading,
    Received,
    Record,
    Refusal,
    RenewReply,
    RenewRequest,
    Schedule,
    Settings,
    SpoolHealth,
    Supply,
    UploadReply,
    Welcome,
)

AT = "2026-11-21T06:00:00Z"
LATER = "2026-12-21T06:00:00Z"
RECORD = Record(sequence=7, kind="reading", at=AT, body=b"\x80")
REFUSAL = Refusal(sequence=8, code="malformed", text="no reading")
FINDING = Finding(code="disk-full", text="The disk is full.", mend="Make room.")
SPOOL = SpoolHealth(records=12, octets=40_960, oldest_at=AT, set_aside=1, thinned=2, turned_away=3, lost=4)
BARE_HEALTH = Health(at=AT, started_at=AT, version="0.6.0", platform="Linux 6.1 x86_64")
HEALTH = Health(
    at=AT,
    started_at=AT,
    version="0.6.0",
    platform="Linux 6.1 x86_64",
    spool=SPOOL,
    findings=[FINDING],
    swept_at=AT,
    devices=500,
    memory_octets=50_000_000,
)
JOB = Job(job_id="j1", verb="scan", targets=["10.0.0.0/24"], excludes=["10.0.0.9"], rate=100, expires_at=LATER)
CANCEL = JobCancel(job_id="j1", text="no longer needed")
UPDATE = JobUpdate(job_id="j1", state="running", at=AT, done=20, total=254, text="3 printers")
SCHEDULE = Schedule(name="day", cron="0 6 * * *", verb="scan", targets=["local"], excludes=["10.0.0.9"], rate=250)
SETTINGS = Settings(revision=4, schedules=[SCHEDULE], session=False, check_in_seconds=600.0, health_seconds=30.0)
HELLO = Hello(epochs=["e0", "e1"], generation=2, health=HEALTH, settings_revision=3)
RANGE = Range(first=1, last=4)
RECEIVED = Received(epoch="e0", ranges=[RANGE, Range(first=6, last=6)])
WELCOME = Welcome(at=AT, version="0.6.0", received=[RECEIVED, Received(epoch="e1", ranges=[])], settings=SETTINGS)

FULL: list[msgspec.Struct] = [
    EnrolRequest(
        token="t0ken", csr=b"\x30\x00", name="print-01", version="0.6.0", platform="Linux 6.1 x86_64", former="a0",
    ),
    EnrolReply(
        agent_id="a1", entity="Example/North", chain=[b"\x30\x01", b"\x30\x02"], roots=[b"\x30\x03"],
        not_after=LATER, generation=2,
    ),
    RenewRequest(csr=b"\x30\x00", generation=2),
    RenewReply(chain=[b"\x30\x01"], roots=[b"\x30\x03", b"\x30\x04"], not_after=LATER, generation=3),
    RECORD,
    Batch(epoch="e1", records=[RECORD, Record(sequence=9, kind="reading", at=AT, body=b"")]),
    REFUSAL,
    UploadReply(epoch="e1", upto=9, refused=[REFUSAL]),
    RANGE,
    RECEIVED,
    HELLO,
    WELCOME,
    CheckInRequest(hello=HELLO, updates=[UPDATE]),
    CheckInReply(welcome=WELCOME, jobs=[JOB], cancels=[CANCEL]),
    FINDING,
    SPOOL,
    HEALTH,
    HealthReport(health=HEALTH),
    JOB,
    JobOffer(job=JOB),
    CANCEL,
    UPDATE,
    SCHEDULE,
    SETTINGS,
    Reading(
        device_id="hp:X1", address="127.1.0.7", port=161, time=AT, via=["snmp-2c"], identity=Identity(serial="X1"),
        meters={"total": 182_736}, supplies=[Supply(index="1.1", kind="toner", percent=50.0, state="ok")],
    ),
]  # fmt: skip

BARE: list[msgspec.Struct] = [
    EnrolRequest(token="t0ken", csr=b"", name="", version="", platform=""),
    EnrolReply(agent_id="a1", entity="Example", chain=[], roots=[], not_after=LATER),
    Batch(epoch="e1", records=[]),
    UploadReply(epoch="e1", upto=0),
    Hello(epochs=["e1"], generation=1, health=BARE_HEALTH),
    Welcome(at=AT, version="0.6.0", received=[]),
    CheckInRequest(hello=Hello(epochs=["e1"], generation=1, health=BARE_HEALTH)),
    CheckInReply(welcome=Welcome(at=AT, version="0.6.0", received=[])),
    Finding(code="disk-full", text="The disk is full."),
    SpoolHealth(),
    BARE_HEALTH,
    HealthReport(health=BARE_HEALTH),
    Job(job_id="j1", verb="scan", targets=["10.0.0.0/24"]),
    JobOffer(job=Job(job_id="j1", verb="scan", targets=["10.0.0.0/24"])),
    JobCancel(job_id="j1"),
    JobUpdate(job_id="j1", state="accepted", at=AT),
    Schedule(name="day", cron="0 6 * * *", verb="scan", targets=["local"]),
    Settings(revision=1),
    Reading(device_id="hp:X1", address="127.1.0.7", port=161, time=AT),
]
ALL = FULL + BARE
