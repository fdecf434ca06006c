"""What agent and collector say to each other beside the uploads: a session, or a check-in now and then. I/O.

A session is one stream for as long as it lasts: Hello, Welcome, then each says what it has to. Where the settings want
none, the collector has none, or something between cuts every one, the same is said by check-ins; after an hour a
session is tried again.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import Final, Protocol

import trio

from proto_schema import (
    CHECK_IN,
    COLLECTOR_MESSAGES,
    SESSION,
    CheckInReply,
    CheckInRequest,
    Health,
    HealthReport,
    Hello,
    Job,
    JobCancel,
    JobOffer,
    JobUpdate,
    Settings,
    Welcome,
    WireError,
    decode,
    encode,
    read_instant,
    write_instant,
)
from ptscan.agent import limits
from ptscan.agent.clocks import CLOCK_CODES, clock_finding
from ptscan.agent.findings import Findings
from ptscan.agent.health import Standing
from ptscan.agent.shipping import REFUSED
from ptscan.agent.spool import Spool, SpoolError
from ptscan.link import Backoff, Call, CallError, Link, Report, Status, Trouble, first_to_end

_FAULTS: Final = (CallError, WireError, SpoolError)


class Working(Standing, Protocol):
    """What does the jobs and keeps the settings, as a conversation needs it."""

    @property
    def settings(self) -> Settings:
        """What the collector set last."""

    async def offer(self, job: Job) -> None:
        """Take a job, or refuse it by an update."""

    async def cancel(self, job_id: str) -> None:
        """End a job; one that is not known is no error."""

    async def belong_to(self, collector: str) -> None:
        """Forget what another collector set."""

    async def take_settings(self, settings: Settings) -> None:
        """Use these from now on; older ones are ignored."""

    async def updates(self) -> list[JobUpdate]:
        """Wait for news of jobs and take them; cancelled, none were taken."""

    def undo(self, updates: Sequence[JobUpdate]) -> None:
        """These were not told: hand them out again, but for those that have newer ones."""


class Conversation:
    """Keeps agent and collector in touch, for as long as it runs.

    ``noting`` is held from a Hello until its Welcome was heard: what the collector stores meanwhile may not be in it
    yet, so that is noted only afterwards, or it would be missed and sent again.
    """

    def __init__(
        self,
        spool: Spool,
        link: Link,
        work: Working,
        *,
        health: Callable[[], Awaitable[Health]],
        generation: Callable[[], int],
        noting: trio.Lock,
        findings: Findings,
        wall_clock: Callable[[], float],
        report: Report,
        random: Random,
    ) -> None:
        self._spool = spool
        self._link = link
        self._work = work
        self._health = health
        self._generation = generation
        self._noting = noting
        self._findings = findings
        self._wall_clock = wall_clock
        self._report = report
        self._random = random
        self._backoff = Backoff(random)
        self._cuts = 0
        self._no_session_until = -1.0
        self.mode = ""
        """``session`` or ``check-in`` once the collector has answered, until it is lost."""
        self.heard_at: str | None = None
        """When the collector last said where it stands, by the agent's clock."""
        self.clock_offset = 0.0
        """By how many seconds the collector's clock is ahead of ours, as far as we know."""

    async def run(self) -> None:
        """Converse until cancelled."""
        while True:
            self.mode = ""
            await self._link.connected()
            try:
                if self._wants_session():
                    await self._session()
                else:
                    await self._check_ins()
            except _FAULTS as error:
                self.mode = ""
                self._failed(error)
                await trio.sleep(self._backoff.next())

    def _wants_session(self) -> bool:
        return self._work.settings.session and trio.current_time() >= self._no_session_until

    # A session.

    async def _session(self) -> None:
        """One session, to its end; it returns where we end it, and raises one of _FAULTS where something else does."""
        began = trio.current_time()
        ended_well = False
        try:
            async with self._link.call(SESSION.path) as call:
                async with self._noting:
                    hello = await self._hello()
                    asked_at = self._wall_clock()
                    await call.send(encode(hello))
                    await self._welcomed(await _first_answer(call), asked_at)
                self.mode = "session"
                leaving = trio.Event()
                await first_to_end(
                    partial(self._tell_updates, call),
                    partial(self._tell_health, call, hello.health),
                    partial(self._leave, call, leaving),
                    partial(self._listen, call, leaving),
                )
                if not leaving.is_set() and not call.draining.is_set():
                    raise CallError(Status.UNAVAILABLE, "the collector ended the session")
            ended_well = True
        finally:
            if ended_well or trio.current_time() - began >= limits.SESSION_STEADY_SECONDS:
                self._cuts = 0
                self._backoff.reset()

    async def _hello(self) -> Hello:
        return Hello(
            epochs=await self._spool.epochs(),
            generation=self._generation(),
            health=await self._health(),
            settings_revision=self._work.settings.revision,
        )

    async def _listen(self, call: Call, leaving: trio.Event) -> None:
        """Take what the collector says, until it says no more."""
        async for octets in call:
            match COLLECTOR_MESSAGES.decode(octets):
                case JobOffer(job=job):
                    await self._work.offer(job)
                case JobCancel(job_id=job_id):
                    await self._work.cancel(job_id)
                case Settings() as settings:
                    await self._work.take_settings(settings)
                    if not self._work.settings.session:
                        leaving.set()

    async def _leave(self, call: Call, leaving: trio.Event) -> None:
        """End the session in order when its connection takes no more calls, or the settings want none."""
        await first_to_end(call.draining.wait, leaving.wait)
        leaving.set()
        call.end()
        await trio.sleep(limits.FAREWELL_SECONDS)

    async def _tell_updates(self, call: Call) -> None:
        """Tell how jobs stand; what a session that is cut may have lost is told again by the next one."""
        told: deque[tuple[float, JobUpdate]] = deque(maxlen=limits.TOLD_UPDATES)
        try:
            while True:
                updates = await self._work.updates()
                now = trio.current_time()
                told.extend((now, update) for update in updates)
                for update in updates:
                    await call.send(encode(update))
        finally:
            since = trio.current_time() - limits.UNCERTAIN_SECONDS
            self._work.undo([update for at, update in told if at >= since])

    async def _tell_health(self, call: Call, told: Health) -> None:
        """Tell how the agent is, now and then and when a finding comes or goes."""
        codes, at = self._codes(), trio.current_time()
        while True:
            await trio.sleep(limits.HEALTH_LOOK_SECONDS)
            now = trio.current_time()
            if self._codes() == codes and now - at < self._work.settings.health_seconds:
                continue
            codes, at = self._codes(), now
            await call.send(encode(HealthReport(health=await self._health())))

    def _codes(self) -> set[str]:
        return {finding.code for finding in (*self._findings.current, *self._work.standing()[2])}

    # Check-ins.

    async def _check_ins(self) -> None:
        """Check in now and then, until a session is wanted. Raises one of _FAULTS."""
        updates: list[JobUpdate] = []
        try:
            while not self._wants_session():
                await self._check_in(updates[: limits.UPDATES_AT_ONCE])
                del updates[: limits.UPDATES_AT_ONCE]
                if updates or self._wants_session():
                    continue
                jitter = 1 + limits.CHECK_IN_JITTER * self._random.uniform(-1, 1)
                with trio.move_on_after(self._work.settings.check_in_seconds * jitter):
                    updates = await self._work.updates()
                if updates:
                    await trio.sleep(limits.CHECK_IN_LEAST_SECONDS)
        finally:
            self._work.undo(updates)

    async def _check_in(self, updates: Sequence[JobUpdate]) -> None:
        async with self._noting:
            request = CheckInRequest(hello=await self._hello(), updates=list(updates))
            asked_at = self._wall_clock()
            octets = await self._link.unary(CHECK_IN.path, encode(request), within=limits.CHECK_IN_CALL_SECONDS)
            reply = decode(octets, CheckInReply)
            await self._welcomed(reply.welcome, asked_at)
        self.mode = "check-in"
        self._backoff.reset()
        for cancelled in reply.cancels:
            await self._work.cancel(cancelled.job_id)
        for job in reply.jobs:
            await self._work.offer(job)

    # Both.

    async def _welcomed(self, welcome: Welcome, asked_at: float) -> None:
        """Hear where the collector stands."""
        now_at = self._wall_clock()
        self.heard_at = write_instant(now_at)
        self._findings.clear("refused")
        self._compare_clocks(welcome.at, (asked_at + now_at) / 2)
        if again := await self._spool.resync(welcome.received):
            text = f"{again} records that were stored are not at the collector any more: they are sent again"
            self._report(Trouble("resent", "", text))
        if welcome.settings is not None:
            await self._work.take_settings(welcome.settings)

    def _compare_clocks(self, at: str, now_at: float) -> None:
        try:
            self.clock_offset = read_instant(at) - now_at
        except ValueError as error:
            self._report(Trouble("clock", "", f"the collector does not tell the time: {error}; update it", error))
            return
        finding = clock_finding(self.clock_offset, here_at=now_at, there=at)
        self._findings.clear(*(CLOCK_CODES if finding is None else CLOCK_CODES - {finding.code}))
        if finding is not None and self._findings.tell(finding.code, finding.text, finding.mend):
            self._report(Trouble(finding.code, "", f"{finding.text}; {finding.mend}"))

    def _failed(self, error: CallError | WireError | SpoolError) -> None:
        """Say what went wrong, and decide what is tried next."""
        if isinstance(error, CallError) and error.status in REFUSED:
            mend = "ask who runs the collector; else enrol again: `ptscan agent enrol`; what is spooled is kept"
            self._findings.tell("refused", f"the collector refuses this agent: {error.message or error}", mend)
            self._report(Trouble("refused", "", f"the collector refuses this agent: {error.message}; {mend}", error))
            return
        self._report(
            Trouble("conversation-failed", "", f"out of touch with the collector: {error}; tried again", error)
        )
        if not self._wants_session():
            return
        self._cuts += 1
        is_missing = isinstance(error, CallError) and error.status is Status.UNIMPLEMENTED
        if is_missing or self._cuts >= limits.SESSION_CUTS:
            self._cuts = 0
            self._no_session_until = trio.current_time() + limits.SESSION_AGAIN_SECONDS
            why = "the collector has no sessions" if is_missing else "every session is cut"
            self._report(Trouble("no-session", "", f"{why}: checking in instead; look for a proxy between"))


async def _first_answer(call: Call) -> Welcome:
    with trio.move_on_after(limits.WELCOME_SECONDS):
        octets = await call.receive()
        message = None if octets is None else COLLECTOR_MESSAGES.decode(octets)
        if isinstance(message, Welcome):
            return message
        raise CallError(Status.ABORTED, "the collector does not begin with a welcome")
    raise CallError(Status.DEADLINE_EXCEEDED, f"no welcome in {limits.WELCOME_SECONDS:g} s")
