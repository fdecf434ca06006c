"""What this agent does by itself and when it is asked: schedules and jobs, one round at a time. I/O: clocks, files.

Jobs come from the collector, schedules from agent.toml and from the collector's settings. Each is held against what
agent.toml allows when it is begun. A job and a schedule that is due take turns, so that neither keeps the other away.
Whatever a round ends by costs that round alone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec
import trio

from proto_schema import Finding, Job, JobUpdate, Settings, read_instant, write_instant
from ptscan.agent import limits
from ptscan.agent.config import AgentConfig
from ptscan.agent.findings import Findings
from ptscan.agent.jobs import Jobs, Way
from ptscan.agent.memory import give_back
from ptscan.agent.orders import Wish, order_of
from ptscan.agent.remembered import KeptJob, Memory, Remembered
from ptscan.agent.results import Result, printable
from ptscan.agent.rounds import Progress, Rounds
from ptscan.agent.schedule import Agenda, Timing, parse_cron
from ptscan.agent.spool import Spool
from ptscan.errors import InputError, PtscanError
from ptscan.link import Report, Trouble
from ptscan.tls import PrivateFileError

_NO_TARGETS: Final = 'write what may be asked into it, as targets = ["local"], and start the agent again'


class Plan(NamedTuple):
    """A schedule, whoever set it."""

    timing: Timing
    wish: Wish
    is_remote: bool


class ScheduleState(msgspec.Struct, frozen=True):
    """How a schedule stands, for a person."""

    name: str
    when: str
    verb: str
    next_at: str | None
    result: str = ""
    """What its last round came to since the start; empty before."""


class Work:
    """Does what agent.toml and the collector want; what it knew before a restart it knows again."""

    def __init__(self, config: AgentConfig, spool: Spool, *, report: Report, wall_clock: Callable[[], float]) -> None:
        self._config = config
        self._report = report
        self._wall_clock = wall_clock
        self._memory = Memory(config.folder)
        # Before anything runs that could be kept waiting.
        self._settings, known = self._memory.load(lambda text: report(Trouble("memory-damaged", "", text)))
        self._doubles = set(known.doubles)
        self._rounds = Rounds(config, spool, report=report, wall_clock=wall_clock, doubles=self._doubles)
        self._jobs = Jobs(known.jobs, known.ended)
        self._agenda = Agenda(known.seen | self._given_up(known.unfinished), config.zone)
        self._unfinished = {name: count for name, count in known.unfinished.items() if count < limits.JOB_BEGINNINGS}
        self._under_way: dict[str, float] = {}
        """The schedule that is being done, and when it was done before."""
        self._swept_at, self._devices = known.swept_at, known.devices
        self._collector = known.collector
        self._plans: dict[str, Plan] = {}
        self._results: dict[str, str] = {}
        self._faults: dict[str, str] = {}
        self._findings = Findings()
        self._unchecked = [kept.job.job_id for kept in self._jobs.kept]
        self._ready: list[str] = []
        self._running: tuple[str, trio.CancelScope] | None = None
        self.doing: str | None = None
        """What is swept or read just now, for a person."""
        self.spooled = 0
        """Readings of the rounds that ended since the start which are in the spool, or were."""
        self._changed = trio.Event()
        self._told = trio.Event()
        self._disk = trio.Lock()
        self._thread = trio.CapacityLimiter(1)
        if not config.targets:
            self._findings.tell("no-targets", "agent.toml allows no targets, so nothing is asked", _NO_TARGETS)
        self._plan()

    @property
    def settings(self) -> Settings:
        """What the collector set last; revision 0 before that."""
        return self._settings

    def standing(self) -> tuple[str | None, int, list[Finding]]:
        """When the last scan ended, how many printers it read, and what is not as it should be."""
        return self._swept_at, self._devices, self._findings.current

    def jobs(self) -> list[JobUpdate]:
        """How those jobs stand that have not ended, and how the latest ended."""
        return [*self._jobs.standing, *reversed(self._jobs.ended)]

    def schedules(self) -> list[ScheduleState]:
        """How the schedules stand."""
        now = self._wall_clock()
        whens = {name: self._agenda.when(name, now) for name in self._plans}
        return [
            ScheduleState(
                name,
                str(plan.timing),
                plan.wish.verb,
                None if (at := whens[name]) is None else write_instant(max(at, now)),
                self._results.get(name, ""),
            )
            for name, plan in self._plans.items()
        ]

    async def run(self) -> None:
        """Do all of it until cancelled; what is under way then is begun again by the next run."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._check_offers)
            while True:
                changed = self._changed
                if not await self._do_job() | await self._do_schedule():
                    now = self._wall_clock()
                    next_at = self._agenda.next_at(now)
                    wait = limits.CLOCK_SECONDS if next_at is None else min(limits.CLOCK_SECONDS, next_at - now)
                    with trio.move_on_after(max(wait, 0.0)):
                        await changed.wait()

    async def offer(self, job: Job) -> None:
        """Take a job, or refuse it by an update; one that is known is done once all the same."""
        if self._jobs.offer(job, self._now()):
            self._unchecked.append(job.job_id)
            self._wake()
        await self._keep()

    async def cancel(self, job_id: str) -> None:
        """End a job; one that is not known, or has ended, is no error."""
        if self._running is not None and self._running[0] == job_id:
            self._running[1].cancel()
        elif self._jobs.find(job_id) is not None:
            self._jobs.note(job_id, "cancelled", self._now(), text="it was cancelled before it began")
            await self._keep()
        else:
            await trio.lowlevel.checkpoint()

    async def belong_to(self, collector: str) -> None:
        """Forget what another collector set, whose revisions say nothing here; ``collector`` is an id."""
        before, self._collector = self._collector, collector
        if before == collector:
            await trio.lowlevel.checkpoint()
            return
        if before:
            self._settings = Settings(revision=0)
            self._plan()
            self._wake()
            await self._write(lambda: self._memory.keep_settings(Settings(revision=0)))
        await self._keep()

    async def take_settings(self, settings: Settings) -> None:
        """Use these from now on, and after a restart; older ones are ignored."""
        if settings.revision <= self._settings.revision:
            await trio.lowlevel.checkpoint()
            return
        self._settings = settings
        self._plan()
        self._wake()
        await self._write(lambda: self._memory.keep_settings(settings))

    async def updates(self) -> list[JobUpdate]:
        """Wait for news of jobs and take them, the latest of each; cancelled, none were taken."""
        while not self._jobs.has_news:
            await self._told.wait()
        await trio.lowlevel.checkpoint()
        return self._jobs.news(limits.UPDATES_AT_ONCE)

    def undo(self, updates: Sequence[JobUpdate]) -> None:
        """These were not told: hand them out again, but for those that have newer ones."""
        self._jobs.undo(updates)
        self._publish([])

    # Schedules.

    def _given_up(self, unfinished: Mapping[str, int]) -> dict[str, float]:
        """Say which schedules the agent did not survive again and again: they wait for their next time."""
        given_up = [name for name, count in unfinished.items() if count >= limits.JOB_BEGINNINGS]
        for name in given_up:
            text = (
                f"schedule {name}: the agent ended {unfinished[name]} times while it was done; its next time is awaited"
            )
            self._report(Trouble("schedule-given-up", "", text))
        return dict.fromkeys(given_up, self._wall_clock())

    def _plan(self) -> None:
        """Put the schedules of the file and of the collector together."""
        plans = {
            one.name: Plan(one.timing, Wish(one.verb, one.targets, one.exclude), is_remote=False)
            for one in self._config.schedules
        }
        faults = []
        for one in self._settings.schedules:
            try:
                wish = Wish(one.verb, one.targets, one.excludes, float(one.rate))
                plans[f"collector: {one.name}"] = Plan(parse_cron(one.cron), wish, is_remote=True)
            except InputError as error:
                faults.append(f"{one.name}: {error}")
        self._plans = plans
        self._agenda.take({name: plan.timing for name, plan in plans.items()}, self._wall_clock())
        self._results = {name: text for name, text in self._results.items() if name in plans}
        self._faults = {name: text for name, text in self._faults.items() if name in plans}
        self._find_faults()
        self._find("schedule-unreadable", "; ".join(faults), "correct the settings of this agent's entity")

    async def _do_schedule(self) -> bool:
        """Do the schedule that has waited longest, and say whether one was due."""
        now = self._wall_clock()
        name = self._agenda.due(now)
        if name is None:
            return False
        plan = self._plans[name]
        self._under_way = {name: self._agenda.seen[name]}
        self._unfinished[name] = self._unfinished.get(name, 0) + 1
        self._agenda.begin(name, now)
        self.doing = f"schedule {name}"
        try:
            await self._keep()
            state, text = await self._do(plan.wish, plan.is_remote, lambda done, total: None)
        except BaseException:  # the agent ends in order: the schedule is not what ended it
            del self._unfinished[name]
            with trio.CancelScope(shield=True):
                await self._keep()
            raise
        finally:
            self._under_way, self.doing = {}, None
        del self._unfinished[name]
        self._report(Trouble("sweep-done" if state == "done" else "sweep-incomplete", "", f"schedule {name}: {text}"))
        self._results[name] = f"{self._now()}: {text}"
        self._faults.pop(name, None)
        if state != "done":
            self._faults[name] = text
        self._find_faults()
        await self._keep()
        return True

    # Jobs.

    async def _check_offers(self) -> None:
        """Accept or refuse each job as it comes, while another one may be running."""
        while True:
            changed = self._changed
            while self._unchecked:
                kept = self._jobs.find(self._unchecked[0])
                fault = None if kept is None else await self._fault_of(kept)
                job_id = self._unchecked.pop(0)
                if kept is None or self._jobs.find(job_id) is not kept:
                    continue
                if fault is None:
                    self._jobs.note(job_id, "accepted", self._now())
                    self._ready.append(job_id)
                else:
                    self._jobs.note(job_id, "refused", self._now(), text=fault)
                self._wake()
                await self._keep()
            await changed.wait()

    async def _fault_of(self, kept: KeptJob) -> str | None:
        """Say why a job is refused; None where it may begin."""
        job = kept.job
        if kept.beginnings >= limits.JOB_BEGINNINGS:
            return f"the agent ended {kept.beginnings} times while it ran: see the agent's log"
        try:
            if job.expires_at is not None and read_instant(job.expires_at) <= self._wall_clock():
                return f"it expired at {job.expires_at}"
            await order_of(_wish_of(job), self._config, is_remote=True)
        except (InputError, ValueError) as error:
            return str(error)
        return None

    async def _do_job(self) -> bool:
        """Do the job that has waited longest, and say whether there was one."""
        while self._ready:
            kept = self._jobs.find(self._ready.pop(0))
            if kept is not None:
                break
        else:
            return False
        job_id, job = kept.job.job_id, kept.job
        if (fault := await self._fault_of(kept)) is not None:
            self._jobs.note(job_id, "refused", self._now(), text=fault)
            await self._keep()
            return True
        kept.beginnings += 1
        self._jobs.note(job_id, "running", self._now())
        scope = trio.CancelScope()
        self._running = job_id, scope
        self.doing = f"job {job_id}: {job.verb}"
        state, text = "cancelled", "it was cancelled while it ran; what was read by then is kept"
        way = Way(partial(self._tell_way, job_id), trio.current_time)
        try:
            await self._keep()
            with scope:
                state, text = await self._do(_wish_of(job), True, way)
        except BaseException:  # the agent ends in order: that is not what beginnings are counted for
            kept.beginnings -= 1
            with trio.CancelScope(shield=True):
                await self._keep()
            raise
        finally:
            self._running = self.doing = None
        self._report(Trouble(f"job-{state}", "", f"job {job_id}: {text}"))
        done = way.total if state in {"done", "part"} else way.done
        self._jobs.note(job_id, state, self._now(), done=done, total=way.total, text=text)
        await self._keep()
        return True

    def _tell_way(self, job_id: str, done: int, total: int) -> None:
        self._jobs.note(job_id, "running", self._now(), done=done, total=total)
        self._publish(self._jobs.fresh)

    # Both.

    async def _do(self, wish: Wish, is_remote: bool, progress: Progress) -> tuple[str, str]:
        """Do one round and return how it ended, as of a job, and what it came to."""
        try:
            order = await order_of(wish, self._config, is_remote=is_remote)
        except InputError as error:
            return "refused", printable(str(error))
        progress(0, order.targets.count)
        try:
            result = await self._rounds.do(order, progress)
            await trio.to_thread.run_sync(give_back, limiter=self._thread)
        except PtscanError as error:
            self._report(Trouble("round-failed", "", str(error), error))
            return "failed", printable(str(error))
        except Exception as error:  # a bug of ours: it costs this round, and no other
            text = f"a bug in ptscan ended it, {type(error).__name__}: {error}: please report it"
            self._report(Trouble("round-bug", "", text, error))
            return "failed", printable(text)
        self._count(result)
        return ("done" if result.is_whole else "part"), printable(result.text)

    def _find_faults(self) -> None:
        texts = [f"{name}: {text}" for name, text in self._faults.items()]
        self._find("schedule-incomplete", "; ".join(texts), "see the page of this agent, and its log")

    def _count(self, result: Result) -> None:
        self.spooled += result.spooled
        if result.verb == "scan":
            self._swept_at, self._devices = self._now(), result.printers

    def _find(self, code: str, text: str, mend: str) -> None:
        if text:
            self._findings.tell(code, text, mend)
        else:
            self._findings.clear(code)

    def _now(self) -> str:
        return write_instant(self._wall_clock())

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _publish(self, updates: Sequence[JobUpdate]) -> None:
        self._jobs.publish(updates)
        if self._jobs.has_news:
            self._told.set()
            self._told = trio.Event()

    async def _keep(self) -> None:
        """Remember how all stands, and only then let it be told."""
        fresh = self._jobs.fresh
        remembered = Remembered(
            jobs=self._jobs.kept,
            ended=self._jobs.ended,
            seen=self._agenda.seen | self._under_way,
            unfinished=dict(self._unfinished),
            swept_at=self._swept_at,
            devices=self._devices,
            doubles=sorted(self._doubles),
            collector=self._collector,
        )
        await self._write(lambda: self._memory.keep_jobs(remembered))
        self._publish(fresh)

    async def _write(self, write: Callable[[], None]) -> None:
        async with self._disk:
            try:
                with trio.CancelScope(shield=True):  # bounded by the disk
                    await trio.to_thread.run_sync(write, limiter=self._thread)
            except PrivateFileError as error:
                self._report(
                    Trouble("memory-unwritable", "", f"a restart would forget jobs and settings: {error}", error)
                )
                self._find("memory-unwritable", str(error), "make room on the disk, or mend it")
            else:
                self._findings.clear("memory-unwritable")


def _wish_of(job: Job) -> Wish:
    return Wish(job.verb, job.targets, job.excludes, float(job.rate))
