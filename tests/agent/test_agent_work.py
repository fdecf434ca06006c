"""Schedules and jobs: each is done, once, within what agent.toml allows, over restarts and clocks that jump."""

from pathlib import Path

import msgspec
import pytest
import trio
from spooling import AT, NOON, WallClock
from working import ALL, PATIENCE, SILENT, Log, config_of, job, playing, printers, readings, until, working

from proto_schema import Job, JobUpdate, Schedule, Settings
from ptscan.agent import LocalSchedule, Work, limits, open_spool
from ptscan.agent.jobs import Jobs
from ptscan.agent.remembered import KeptJob, Remembered
from ptscan.agent.schedule import Every, parse_cron

HOUR = 3_600.0
ENDED = ("done", "part", "failed", "refused", "cancelled")
QUIET = "127.72.3.9"
"""Nobody is there: reading it takes half a second, and ends in part."""


async def settled(work: Work, name: str) -> str:
    """What a schedule's round came to, once there is one."""
    with trio.fail_after(PATIENCE):
        while True:
            (found,) = [one for one in work.schedules() if one.name == name]
            if found.result:
                return found.result
            await trio.sleep(0.02)


async def test_a_schedule_reads_what_it_names_and_says_so(tmp_path: Path) -> None:
    async with playing() as sim:
        config = config_of(tmp_path, sim.port, LocalSchedule("day", Every(HOUR), targets=(ALL,)))
        async with working(config) as (work, spool, log):
            result = await settled(work, "day")
            assert {one.address for one in await readings(spool)} == printers()
            assert work.standing() == (AT, len(printers()), [])
            (schedule,) = work.schedules()
            assert (schedule.when, schedule.next_at) == ("every 1h", "2026-11-21T13:00:00Z")
    assert result.startswith(f"{AT}: {len(printers())} printers read; ")
    assert len(log.of("sweep-done")) == 1


async def test_a_restart_neither_forgets_nor_begins_a_schedule_anew(tmp_path: Path) -> None:
    clock = WallClock()
    config = config_of(tmp_path, 9, LocalSchedule("day", Every(HOUR), "sweep", ("127.72.3.1",)))
    async with working(config, clock=clock) as (work, _, _):
        await settled(work, "day")
    clock.seconds += 600
    async with working(config, clock=clock) as (work, _, _):
        await trio.sleep(0.3)
        (schedule,) = work.schedules()
        assert (schedule.result, schedule.next_at) == ("", "2026-11-21T13:00:00Z")


async def test_a_round_that_a_restart_cut_short_is_begun_again_at_once(tmp_path: Path) -> None:
    config = config_of(tmp_path, 9, LocalSchedule("day", Every(86_400.0), "scan", (SILENT,)), rate=5.0)
    for _ in range(limits.JOB_BEGINNINGS + 1):  # an orderly end is not held against it
        async with working(config) as (work, _, _):
            await doing(work, "schedule day")
    async with working(config._replace(rate=20_000.0)) as (work, _, _):
        await settled(work, "day")
    async with working(config) as (work, _, _):
        await trio.sleep(0.1)
        assert work.doing is None


async def test_a_schedule_that_the_agent_does_not_survive_waits_for_its_next_time(tmp_path: Path) -> None:
    schedules = [LocalSchedule(name, Every(HOUR), "sweep", (QUIET,)) for name in ("deadly", "again")]
    unfinished = {"deadly": limits.JOB_BEGINNINGS, "again": limits.JOB_BEGINNINGS - 1}
    remembered = Remembered(seen={"deadly": NOON - 2 * HOUR, "again": NOON - 2 * HOUR}, unfinished=unfinished)
    (tmp_path / "jobs.msgpack").write_bytes(msgspec.msgpack.encode(remembered))
    (tmp_path / "jobs.msgpack").chmod(0o600)
    async with working(config_of(tmp_path, 9, *schedules)) as (work, _, log):
        await settled(work, "again")
        await trio.sleep(0.1)
        assert [one.result for one in work.schedules() if one.name == "deadly"] == [""]
        assert len(log.of("schedule-given-up")) == 1
    known = msgspec.msgpack.decode((tmp_path / "jobs.msgpack").read_bytes(), type=Remembered)
    assert known.unfinished == {}


async def test_a_kill_during_a_round_is_remembered(tmp_path: Path) -> None:
    config = config_of(tmp_path, 9, LocalSchedule("day", Every(HOUR), "scan", (SILENT,)), rate=5.0)
    async with working(config) as (work, _, _):
        await doing(work, "schedule day")
        with trio.fail_after(PATIENCE):
            while not (tmp_path / "jobs.msgpack").exists():  # noqa: ASYNC110  a file has no event
                await trio.sleep(0.01)
        known = msgspec.msgpack.decode((tmp_path / "jobs.msgpack").read_bytes(), type=Remembered)
    assert known.unfinished == {"day": 1}
    assert known.seen == {"day": NOON - HOUR}


async def doing(work: Work, what: str) -> None:
    """Wait until the work does this."""
    with trio.fail_after(PATIENCE):
        while work.doing != what:  # noqa: ASYNC110  nobody is told
            await trio.sleep(0.01)


async def test_a_clock_that_jumps_days_ahead_is_noticed_and_caught_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLOCK_SECONDS", 0.05)
    clock = WallClock()
    config = config_of(tmp_path, 9, LocalSchedule("often", parse_cron("*/5 * * * *"), "sweep", ("127.72.3.1",)))
    async with working(config, clock=clock) as (work, _, log):
        await trio.sleep(0.2)
        assert not log.of("sweep-done")
        clock.seconds += 3 * 86_400
        await settled(work, "often")
        await trio.sleep(0.3)
        assert len(log.of("sweep-done")) == 1
        clock.seconds -= 3 * 86_400
        await trio.sleep(0.3)
        assert len(log.of("sweep-done")) == 1


async def test_a_job_is_accepted_run_and_done(tmp_path: Path) -> None:
    async with playing() as sim, working(config_of(tmp_path, sim.port)) as (work, spool, log):
        await work.offer(job("j", ALL, verb="scan"))
        assert (await until(work, "j", "accepted")).at == AT
        await until(work, "j", "running")
        update = await until(work, "j", *ENDED)
        assert (update.state, update.text.partition(" read")[0]) == ("done", f"{len(printers())} printers")
        assert update.done == update.total > len(printers())
        assert {one.address for one in await readings(spool)} == printers()
        assert work.standing()[:2] == (AT, len(printers()))
        assert [one.job_id for one in work.jobs()] == ["j"]
    assert len(log.of("job-done")) == 1


async def test_a_job_that_is_offered_again_is_done_once_and_told_again(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    async with working(config) as (work, _, log):
        for _ in range(3):
            await work.offer(job("j", QUIET))
        first = await until(work, "j", *ENDED)
        await work.offer(job("j", QUIET))
        assert await until(work, "j", *ENDED) == first
        assert len(log.of("job-part")) == 1
    async with working(config) as (work, _, log):
        await work.offer(job("j", QUIET))
        assert await until(work, "j", *ENDED) == first
        await trio.sleep(0.1)
        assert not log.of("job-part")


async def test_a_job_that_waits_is_done_after_a_restart(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    async with open_spool(config.spool_folder) as spool:
        work = Work(config, spool, report=Log(), wall_clock=WallClock())
        await work.offer(job("j", QUIET))  # nobody runs it
    async with working(config) as (work, _, _):
        assert (await until(work, "j", *ENDED)).state == "part"


async def test_what_is_told_of_a_job_is_remembered_before(tmp_path: Path) -> None:
    async with working(config_of(tmp_path)) as (work, _, _):
        await work.offer(job("j", QUIET))
        with trio.fail_after(PATIENCE):
            state = ""
            while state not in ENDED:
                for update in await work.updates():
                    state = update.state
                    known = msgspec.msgpack.decode((tmp_path / "jobs.msgpack").read_bytes(), type=Remembered)
                    assert (update in known.ended) == (state in ENDED)
                    assert ("j" in [kept.job.job_id for kept in known.jobs]) == (state not in ENDED)


@pytest.mark.parametrize(
    ("offered", "says"),
    [
        (job("j", "10.0.0.1"), "agent.toml of this agent does not allow it"),
        (job("j", QUIET, verb="format"), '"format" is nothing that this agent does'),
        (job("j", QUIET, verb="rm -rf /"), "is nothing that this agent does"),
        (job("j", "@/etc/passwd"), "a file of targets is read for the agent's own settings alone"),
        (job("j", QUIET, expires_at="2026-11-21T11:59:59Z"), "it expired at 2026-11-21T11:59:59Z"),
        (job("j", QUIET, expires_at=AT), "it expired"),
        (job("j", QUIET, expires_at="tomorrow"), "Invalid isoformat"),
        (job("j", QUIET, expires_at="2026-11-21T12:00:00"), "an instant without a zone"),
    ],
)
async def test_what_this_agent_does_not_do_is_refused(tmp_path: Path, offered: Job, says: str) -> None:
    async with working(config_of(tmp_path)) as (work, spool, log):
        await work.offer(offered)
        update = await until(work, "j", *ENDED)
        assert update.state == "refused"
        assert says in update.text
        assert "root:" not in update.text
        assert await spool.lease(max_octets=1, max_records=1) is None
    assert not log.troubles


async def test_a_job_that_expires_while_it_waits_is_not_begun(tmp_path: Path) -> None:
    clock = WallClock()
    async with working(config_of(tmp_path), clock=clock) as (work, _, _):
        await work.offer(job("first", QUIET))
        await work.offer(job("second", QUIET, expires_at="2026-11-21T12:10:00Z"))
        await until(work, "first", "running")
        await until(work, "second", "accepted")
        clock.seconds += 660
        assert (await until(work, "second", *ENDED)).state == "refused"


async def test_nothing_allowed_is_a_finding_and_every_job_refused(tmp_path: Path) -> None:
    async with working(config_of(tmp_path, targets=())) as (work, _, _):
        assert [finding.code for finding in work.standing()[2]] == ["no-targets"]
        await work.offer(job("j", QUIET))
        assert "agent.toml allows no targets" in (await until(work, "j", "refused")).text


async def test_a_job_that_waits_is_cancelled_at_once_and_one_that_runs_where_it_is(tmp_path: Path) -> None:
    async with working(config_of(tmp_path, rate=5.0)) as (work, _, _):
        await work.offer(job("runs", SILENT, verb="scan"))
        await work.offer(job("waits", QUIET))
        await until(work, "runs", "running")
        await work.cancel("waits")
        assert (await until(work, "waits", *ENDED)).state == "cancelled"
        await work.cancel("runs")
        assert (await until(work, "runs", *ENDED)).state == "cancelled"
        for unknown in ("waits", "runs", "never heard of"):
            await work.cancel(unknown)
        await work.offer(job("next", QUIET))
        assert (await until(work, "next", *ENDED)).state == "part"


async def test_the_way_of_a_long_job_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROGRESS_SECONDS", 0.0)
    async with working(config_of(tmp_path, rate=100.0)) as (work, _, _):
        await work.offer(job("j", SILENT, verb="scan"))
        seen: list[JobUpdate] = []
        while not seen or seen[-1].state not in ENDED:
            seen.append(await until(work, "j", "running", *ENDED))
        told = [update.done for update in seen if update.total]
        assert told == sorted(told)
        assert len(set(told)) > 2
        assert {update.total for update in seen if update.total} == {62}
        assert (seen[-1].done, seen[-1].total) == (62, 62)


async def test_updates_that_were_not_told_come_again_unless_there_are_newer_ones(tmp_path: Path) -> None:
    async with working(config_of(tmp_path)) as (work, _, _):
        await work.offer(job("j", QUIET))
        accepted = await until(work, "j", "accepted")
        end = await until(work, "j", *ENDED)
        work.undo([accepted])
        assert await until(work, "j", "accepted", *ENDED) == end
        work.undo([end])
        assert await until(work, "j", *ENDED) == end
        with trio.move_on_after(0.1) as scope:
            await work.updates()
        assert scope.cancelled_caught


async def test_a_job_that_the_agent_does_not_survive_is_given_up(tmp_path: Path) -> None:
    kept = KeptJob(job("deadly", QUIET), beginnings=limits.JOB_BEGINNINGS)
    again = KeptJob(job("again", QUIET), beginnings=limits.JOB_BEGINNINGS - 1)
    (tmp_path / "jobs.msgpack").write_bytes(msgspec.msgpack.encode(Remembered(jobs=[kept, again])))
    (tmp_path / "jobs.msgpack").chmod(0o600)
    async with working(config_of(tmp_path)) as (work, _, _):
        update = await until(work, "deadly", *ENDED)
        assert update.state == "refused"
        assert "the agent ended 3 times while it ran" in update.text
        assert (await until(work, "again", *ENDED)).state == "part"


async def test_an_orderly_end_is_not_held_against_a_job(tmp_path: Path) -> None:
    config = config_of(tmp_path, rate=5.0)
    for _ in range(limits.JOB_BEGINNINGS + 1):
        async with working(config) as (work, _, _):
            await work.offer(job("long", SILENT, verb="scan"))
            await until(work, "long", "running")
    known = msgspec.msgpack.decode((tmp_path / "jobs.msgpack").read_bytes(), type=Remembered)
    assert [kept.beginnings for kept in known.jobs] == [0]


async def test_jobs_and_schedules_take_turns(tmp_path: Path) -> None:
    config = config_of(tmp_path, 9, LocalSchedule("often", Every(1.0), "sweep", (QUIET,)))
    clock = WallClock()
    async with working(config, clock=clock) as (work, _, log):
        for number in range(6):
            await work.offer(job(f"j{number}", QUIET, verb="sweep"))
        for number in range(6):
            clock.seconds += 1
            await until(work, f"j{number}", *ENDED)
        kinds = [trouble.kind for trouble in log.troubles]
    assert kinds.count("job-done") == 6
    assert kinds.count("sweep-done") >= 3


def settings_of(revision: int, *schedules: Schedule, session: bool = True) -> Settings:
    return Settings(revision=revision, schedules=list(schedules), session=session)


async def test_the_collectors_schedules_are_done_within_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLOCK_SECONDS", 0.05)
    clock = WallClock()
    good = Schedule(name="good", cron="0 13 * * *", verb="sweep", targets=[QUIET])
    bad = Schedule(name="bad", cron="0 13 * * *", verb="sweep", targets=["10.0.0.1"])
    async with working(config_of(tmp_path), clock=clock) as (work, _, _):
        await work.take_settings(settings_of(1, good, bad))
        clock.seconds += HOUR
        assert "0 of 1 addresses answered" in await settled(work, "collector: good")
        assert "does not allow it" in await settled(work, "collector: bad")
        (finding,) = work.standing()[2]
        assert finding.code == "schedule-incomplete"
        assert "collector: bad" in finding.text
        await work.take_settings(settings_of(2))
        assert work.standing()[2] == []
        assert work.schedules() == []


async def test_what_another_collector_set_is_forgotten(tmp_path: Path) -> None:
    daily = Schedule(name="daily", cron="0 6 * * *", verb="scan", targets=[])
    async with working(config_of(tmp_path)) as (work, _, _):
        await work.belong_to("one")
        await work.take_settings(settings_of(2**63 - 1, daily, session=False))
        await work.belong_to("one")
        assert work.settings.revision == 2**63 - 1
    async with working(config_of(tmp_path)) as (work, _, _):
        await trio.sleep(0.05)
        assert [one.name for one in work.schedules()] == ["collector: daily"]
        await work.belong_to("two")
        assert work.settings == Settings(revision=0)
        assert work.settings.schedules == []
        await work.take_settings(settings_of(3))
    async with working(config_of(tmp_path)) as (work, _, _):
        await work.belong_to("two")
        assert work.settings.revision == 3


async def test_settings_are_remembered_and_older_ones_ignored(tmp_path: Path) -> None:
    daily = Schedule(name="d", cron="0 6 * * *", verb="scan", targets=[])
    config = config_of(tmp_path)
    async with working(config) as (work, _, _):
        assert work.settings == Settings(revision=0)
        await work.take_settings(settings_of(7, daily, session=False))
        for older in (0, 6, 7):
            await work.take_settings(settings_of(older))
        assert work.settings == settings_of(7, daily, session=False)
    async with working(config) as (work, _, _):
        await trio.sleep(0.05)
        assert work.settings == settings_of(7, daily, session=False)
        assert [one.name for one in work.schedules()] == ["collector: d"]
        await work.take_settings(settings_of(8))
        assert work.settings.schedules == []


async def test_a_schedule_of_the_collector_that_nobody_understands_is_a_finding(tmp_path: Path) -> None:
    good = Schedule(name="good", cron="0 6 * * *", verb="scan", targets=[])
    async with working(config_of(tmp_path)) as (work, _, _):
        odd = [Schedule(name=name, cron=cron, verb="scan", targets=[]) for name, cron in (("a", "often"), ("b", ""))]
        await work.take_settings(settings_of(1, *odd, good))
        (finding,) = work.standing()[2]
        assert finding.code == "schedule-unreadable"
        assert "a: " in finding.text
        assert "b: " in finding.text
        assert [one.name for one in work.schedules()] == ["collector: good"]


@pytest.mark.parametrize(
    "content", [b"", b"\xc1", b"\x93\x01", b"\x81\xa4jobs\x05", b"\x91" * 5_000, b"\xdd\xff\xff\xff\xff"]
)
async def test_damaged_memory_is_told_and_begun_anew(tmp_path: Path, content: bytes) -> None:
    for name in ("settings.msgpack", "jobs.msgpack"):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    async with working(config_of(tmp_path)) as (work, _, log):
        assert len(log.of("memory-damaged")) == 2
        assert work.settings.revision == 0
        await work.offer(job("j", QUIET))
        await until(work, "j", *ENDED)
        await work.take_settings(settings_of(1))
    async with working(config_of(tmp_path)) as (work, _, log):
        assert not log.of("memory-damaged")
        assert work.settings.revision == 1


async def test_a_disk_that_takes_nothing_is_told_and_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "jobs.msgpack.new").mkdir()  # where it is written first
    async with working(config_of(tmp_path)) as (work, _, log):
        await work.offer(job("j", QUIET))
        assert (await until(work, "j", *ENDED)).state == "part"
        assert [finding.code for finding in work.standing()[2]] == ["memory-unwritable"]
        assert "a restart would forget" in log.of("memory-unwritable")[0]
        (tmp_path / "jobs.msgpack.new").rmdir()
        await work.offer(job("k", QUIET))
        await until(work, "k", *ENDED)
        assert work.standing()[2] == []


async def test_a_bug_ends_one_round_alone(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    broken = config._replace(snmp=msgspec.structs.replace(config.snmp, port=-1))
    async with working(broken) as (work, _, log):
        await work.offer(job("j", QUIET, verb="scan"))
        assert (await until(work, "j", *ENDED)).state == "failed"
        await work.offer(job("k", QUIET, verb="scan"))
        assert (await until(work, "k", *ENDED)).state == "failed"
    assert len(log.of("round-failed", "round-bug")) == 2


def test_what_cannot_be_written_down_is_told_all_the_same() -> None:
    jobs = Jobs([], [])
    jobs.note("j", "failed", AT, text="no file \udcff" + "x" * 5_000)
    (update,) = jobs.fresh
    assert len(msgspec.msgpack.encode(update)) < 1_200
    assert update.text.startswith("no file ?")


def test_as_many_jobs_wait_as_there_is_room_for_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_JOBS", 3)
    jobs = Jobs([], [])
    assert [jobs.offer(job(f"{number}", QUIET), AT) for number in range(4)] == [True, True, True, False]
    assert [update.state for update in jobs.fresh] == ["refused"]
    jobs.note("0", "done", AT)
    assert jobs.offer(job("5", QUIET), AT)


def test_as_many_targets_wait_as_there_is_room_for_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_TARGETS", 4)
    jobs = Jobs([], [])
    assert jobs.offer(job("a", "1", "2", excludes=["3"]), AT)
    assert not jobs.offer(job("b", "1", "2"), AT)
    assert jobs.offer(job("c", "1"), AT)


def test_what_ended_is_remembered_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ENDED_JOBS", 2)
    monkeypatch.setattr(limits, "WAITING_JOBS", 1)
    jobs = Jobs([], [])
    for number in range(5):
        assert jobs.offer(job(f"{number}", QUIET), AT)
        jobs.note(f"{number}", "done", AT)
    assert [update.job_id for update in jobs.ended] == ["3", "4"]
    assert not jobs.offer(job("4", QUIET), AT)
    assert jobs.offer(job("0", QUIET), AT)
    jobs.publish(jobs.fresh)
    assert len(jobs.news(100)) <= 3


def test_updates_are_handed_out_as_many_as_a_message_holds() -> None:
    jobs = Jobs([], [])
    for number in range(300):
        jobs.note(f"{number}", "running", AT)
    assert not jobs.has_news
    jobs.publish(jobs.fresh)
    assert len(jobs.news(limits.UPDATES_AT_ONCE)) == 256
    assert len(jobs.news(limits.UPDATES_AT_ONCE)) == 44
    assert not jobs.has_news


async def test_a_flood_of_jobs_costs_bounded_memory(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    async with open_spool(config.spool_folder) as spool:
        work = Work(config, spool, report=Log(), wall_clock=WallClock())
        for number in range(limits.WAITING_JOBS + 40):
            await work.offer(job(f"{number}", QUIET))
        assert len(work.jobs()) == 40
        assert {update.state for update in work.jobs()} == {"refused"}
        assert len(await work.updates()) == 40


async def test_the_clock_may_be_anything(tmp_path: Path) -> None:
    config = config_of(tmp_path, 9, LocalSchedule("day", Every(HOUR), "sweep", (QUIET,)))
    for seconds in (0.0, -5.0, 4e12, NOON):
        async with working(config, clock=WallClock(seconds)) as (work, _, _):
            await work.offer(job(f"{seconds}", QUIET))
            assert (await until(work, f"{seconds}", *ENDED)).state == "part"
            assert len(work.schedules()) == 1
