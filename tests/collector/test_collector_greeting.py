"""A reply to a check-in fits into a message, whatever waits, and what does not fit waits for the next one."""

import pytest

from proto_schema import (
    MESSAGE_OCTETS,
    CheckInReply,
    Job,
    JobCancel,
    Range,
    Received,
    Schedule,
    Settings,
    Welcome,
    decode,
)
from ptscan.collector.greeting import reply_octets

AT = "2026-11-21T06:00:00Z"
TARGETS = [f"10.{number // 256}.{number % 256}.0/24 and more" for number in range(1_000)]


def reply(*, ranges: int = 0, jobs: int = 0, schedules: int = 0) -> CheckInReply:
    far = 1 << 40
    received = [
        Received(
            epoch=f"e{start}",
            ranges=[Range(first=far + 2 * number, last=far + 2 * number) for number in range(min(1_000, ranges))],
        )
        for start in range(0, ranges, 1_000)
    ]
    settings = Settings(
        revision=7,
        schedules=[Schedule(name=f"s{n}", cron="* * * * *", verb="read", targets=TARGETS) for n in range(schedules)],
    )
    return CheckInReply(
        welcome=Welcome(at=AT, version="1", received=received, settings=settings if schedules else None),
        jobs=[Job(job_id=f"j{number}", verb="read", targets=TARGETS) for number in range(jobs)],
        cancels=[JobCancel(job_id="gone")],
    )


def told(whole: CheckInReply) -> CheckInReply:
    octets = reply_octets(whole)
    assert len(octets) <= MESSAGE_OCTETS
    return decode(octets, CheckInReply)


def test_what_fits_is_told_whole() -> None:
    whole = reply(ranges=50_000, jobs=20, schedules=5)
    assert told(whole) == whole


@pytest.mark.parametrize(
    "whole",
    [
        reply(ranges=100_000, jobs=110),
        reply(ranges=100_000, schedules=120),
        reply(jobs=100, schedules=120),
        reply(ranges=100_000, jobs=110, schedules=140),
    ],
)
def test_what_does_not_fit_waits_and_the_rest_is_told(whole: CheckInReply) -> None:
    some = told(whole)
    assert some.welcome.at == AT
    assert some.cancels == whole.cancels
    assert some.jobs == whole.jobs[: len(some.jobs)], "the oldest jobs first"
    assert bool(some.jobs) == bool(whole.jobs)
    assert some.welcome.settings in [None, whole.welcome.settings], "whole, or not at all"
