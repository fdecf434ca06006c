"""What a session is told: each thing once, in order, and nothing that is over."""

from proto_schema import Job, JobCancel, JobOffer, Settings
from ptscan.collector import StoredJob
from ptscan.collector.board import Mail


def a_job(job_id: str, *, cancel: bool = False) -> StoredJob:
    return StoredJob(
        agent_id="a1", job=Job(job_id=job_id, verb="read", targets=["10.0.0.1"]), state="waiting", cancel=cancel,
        done=0, total=0, text="", created_at=1.0, expires_at=None, noted_at=None, cancelled_at=None, ended_at=None,
    )  # fmt: skip


def put(mail: Mail, *jobs: StoredJob) -> list[tuple[str, str]]:
    """Put these jobs before a session; what it is told now."""
    mail.jobs = {stored.job.job_id: stored for stored in jobs}
    told = []
    for message in mail.take():
        if isinstance(message, JobOffer):
            told.append(("offer", message.job.job_id))
        elif isinstance(message, JobCancel):
            told.append(("cancel", message.job_id))
    return told


def test_a_job_is_offered_once_in_a_session_and_in_the_order_of_asking() -> None:
    mail = Mail(revision=0)
    assert put(mail, a_job("z"), a_job("a")) == [("offer", "z"), ("offer", "a")]
    assert put(mail, a_job("z"), a_job("a")) == []
    assert put(mail, a_job("z"), a_job("a"), a_job("b")) == [("offer", "b")]
    assert put(Mail(revision=0), a_job("z")) == [("offer", "z")], "and again in the next one"


def test_a_cancel_is_told_once_and_its_job_offered_no_more() -> None:
    mail = Mail(revision=0)
    put(mail, a_job("a"), a_job("b"))
    assert put(mail, a_job("a", cancel=True), a_job("b")) == [("cancel", "a")]
    assert put(mail, a_job("a", cancel=True), a_job("b")) == []
    assert put(Mail(revision=0), a_job("a", cancel=True)) == [("cancel", "a")], "a session that was cut is told again"


def test_what_is_over_is_forgotten() -> None:
    mail = Mail(revision=0)
    for turn in range(100):
        put(mail, a_job(f"a{turn}"), a_job(f"b{turn}", cancel=True))
    assert (len(mail.offered), len(mail.cancelled)) == (1, 1)


def test_settings_are_told_where_they_are_newer() -> None:
    mail = Mail(revision=5)
    told = []
    for revision in (4, 5, 6, 6, 5, 9):
        mail.settings = Settings(revision=revision)
        told += [message.revision for message in mail.take() if isinstance(message, Settings)]
    assert told == [6, 9]
