"""A job waits until the agent has said that it is over, and is nobody's but that agent's."""

from typing import Any

import pytest

from proto_schema import CheckInReply, Job, JobUpdate, Welcome, encode
from ptscan.collector.storage import (
    JobError,
    Store,
    StoredJob,
    add_job,
    cancel_job,
    expire_jobs,
    limits,
    list_jobs,
    note_job,
    prune,
    revoke,
    waiting_jobs,
)

from .stores import AT, NOW, an_agent


def ask(store: Store, agent_id: str = "a1", **fields: Any) -> str:
    said: dict[str, Any] = {"verb": "scan", "targets": ["10.0.0.0/24"], "excludes": [], "rate": 0, "expires_at": None}
    return store.write(add_job, agent_id=agent_id, **{"now": NOW} | said | fields)


def note(store: Store, job_id: str, state: str, *, agent_id: str = "a1", now: float = NOW + 1, **fields: Any) -> bool:
    return store.write(note_job, agent_id, JobUpdate(job_id=job_id, state=state, at=AT, **fields), now=now)


def only(store: Store) -> StoredJob:
    (job,) = store.read(list_jobs)
    return job


def test_a_job_waits_as_it_was_asked(store: Store) -> None:
    an_agent(store)
    job_id = ask(store, verb="read", targets=["10.0.0.7"], excludes=["10.0.0.8"], rate=50, expires_at=NOW + 60)
    (job,) = store.read(waiting_jobs)
    assert job.job == Job(
        job_id=job_id, verb="read", targets=["10.0.0.7"], excludes=["10.0.0.8"], rate=50,
        expires_at="2026-11-21T06:01:00Z",
    )  # fmt: skip
    assert (job.agent_id, job.state, job.cancel, job.created_at, job.ended_at) == ("a1", "waiting", False, NOW, None)


def test_the_state_is_what_the_agent_said_last_and_its_end_stays(store: Store) -> None:
    an_agent(store)
    job_id = ask(store)
    for state in ("accepted", "running"):
        assert note(store, job_id, state, done=7, total=254)
        (job,) = store.read(waiting_jobs)
        assert (job.state, job.done, job.total, job.noted_at, job.ended_at) == (state, 7, 254, NOW + 1, None)
    assert note(store, job_id, "part", text="10.0.0.9\0 was silent", now=NOW + 9)
    assert store.read(waiting_jobs) == []
    assert not note(store, job_id, "running", now=NOW + 10)
    assert not store.write(cancel_job, job_id, now=NOW + 10)
    job = only(store)
    assert (job.state, job.text, job.noted_at, job.ended_at) == ("part", "10.0.0.9 was silent", NOW + 9, NOW + 9)


def test_a_state_of_a_later_version_ends_nothing(store: Store) -> None:
    an_agent(store)
    assert note(store, ask(store), "paused")
    assert [job.state for job in store.read(waiting_jobs)] == ["paused"]


def test_nobody_speaks_of_another_s_job(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    job_id = ask(store)
    assert not note(store, job_id, "done", agent_id="a2")
    assert not note(store, "nothing", "done")
    assert not note(store, "a\0b", "done")
    assert only(store).state == "waiting"


def test_a_job_that_nobody_took_is_cancelled_at_once_and_again_where_somebody_did(store: Store) -> None:
    an_agent(store)
    job_id = ask(store)
    assert store.write(cancel_job, job_id, now=NOW + 2)
    assert (store.read(waiting_jobs), only(store).state, only(store).ended_at) == ([], "cancelled", NOW + 2)
    assert not store.write(cancel_job, job_id, now=NOW + 3)
    # It was offered just before.
    assert note(store, job_id, "running", now=NOW + 4)
    (job,) = store.read(waiting_jobs)
    assert (job.state, job.cancel, job.ended_at) == ("running", True, None)
    assert note(store, job_id, "cancelled", now=NOW + 5)
    assert store.read(waiting_jobs) == []


def test_a_job_that_runs_is_over_when_the_agent_says_so(store: Store) -> None:
    an_agent(store)
    job_id = ask(store)
    note(store, job_id, "running")
    assert store.write(cancel_job, job_id, now=NOW + 2)
    assert [(job.state, job.cancel) for job in store.read(waiting_jobs)] == [("running", True)]
    note(store, job_id, "done")
    assert (only(store).state, only(store).cancel) == ("done", True)
    assert not store.write(cancel_job, "nothing", now=NOW)


def test_what_nobody_takes_in_time_expires_and_the_agent_s_word_counts_more(store: Store) -> None:
    an_agent(store)
    late, later, taken = (ask(store, expires_at=NOW + seconds) for seconds in (10, 20, 10))
    ask(store)
    note(store, taken, "running")
    assert store.write(expire_jobs, now=NOW + 9) == 0
    assert store.write(expire_jobs, now=NOW + 10) == 1
    states = {job.job.job_id: job.state for job in store.read(list_jobs)}
    assert (states[late], states[later], states[taken]) == ("expired", "waiting", "running")
    assert note(store, late, "done")
    assert {job.job.job_id: job.state for job in store.read(list_jobs)}[late] == "done"


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "nobody"},
        {"verb": "rm"},
        {"targets": []},
        {"targets": ["x"] * 4_097},
        {"targets": ["x" * 1_025]},
        {"targets": ["x" * 1_000] * 4_000},
        {"targets": ["\ud800"]},
        {"rate": -1},
        {"expires_at": 1e300},
    ],
)
def test_what_is_no_job_is_refused(store: Store, fields: dict[str, Any]) -> None:
    an_agent(store)
    with pytest.raises(JobError) as refused:
        ask(store, **fields)
    assert "\n" not in str(refused.value)
    assert store.read(list_jobs) == []


def test_a_revoked_agent_is_asked_nothing(store: Store) -> None:
    an_agent(store)
    store.write(revoke, "a1", "sold", now=NOW)
    with pytest.raises(JobError, match="revoked"):
        ask(store)


def test_no_more_jobs_wait_for_an_agent_than_one_message_holds(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    for _ in range(limits.JOBS_WAITING):
        job_id = ask(store)
    with pytest.raises(JobError, match="cancel some"):
        ask(store)
    ask(store, "a2")
    store.write(cancel_job, job_id, now=NOW)
    ask(store)

    fat = ["x" * 1_000] * 1_000
    with pytest.raises(JobError, match="cancel some"):  # noqa: PT012
        for _ in range(limits.JOBS_OCTETS // 1_000_000 + 1):
            ask(store, "a2", targets=fat)
    theirs = [job.job for job in store.read(waiting_jobs) if job.agent_id == "a2"]
    encode(CheckInReply(welcome=Welcome(at=AT, version="1", received=[]), jobs=theirs))


def test_jobs_are_listed_the_newest_first_and_pruned_when_they_are_over(store: Store) -> None:
    an_agent(store)
    an_agent(store, "a2")
    first, second = ask(store), ask(store, now=NOW + 1)
    ask(store, "a2")
    assert [job.job.job_id for job in store.read(list_jobs, "a1")] == [second, first]
    assert [job.job.job_id for job in store.read(list_jobs, "a1", most=1)] == [second]
    note(store, first, "done", now=NOW + 5)
    assert store.write(prune, before=NOW + 5).jobs == 0
    assert store.write(prune, before=NOW + 6).jobs == 1
    assert [job.job.job_id for job in store.read(list_jobs, "a1")] == [second]
