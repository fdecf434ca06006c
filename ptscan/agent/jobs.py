"""The jobs of an agent: which wait, which runs, how each ended, and what of that is still to be told. Pure."""

from collections.abc import Callable, Iterable, Sequence

from proto_schema import JOB_ENDS, Job, JobUpdate, clip
from ptscan.agent import limits
from ptscan.agent.remembered import KeptJob
from ptscan.agent.results import printable


class Jobs:
    """Jobs in the order in which they came. One that has ended is never begun again, however often it is offered."""

    def __init__(self, kept: Iterable[KeptJob], ended: Iterable[JobUpdate]) -> None:
        self._kept = {one.job.job_id: one for one in kept}
        self._ended = {update.job_id: update for update in ended}
        self._standing: dict[str, JobUpdate] = {}
        self._fresh: dict[str, JobUpdate] = {}
        self._news: dict[str, JobUpdate] = {}

    @property
    def kept(self) -> list[KeptJob]:
        """Those that have not ended."""
        return list(self._kept.values())

    @property
    def ended(self) -> list[JobUpdate]:
        """How the latest ones ended."""
        return list(self._ended.values())

    @property
    def standing(self) -> list[JobUpdate]:
        """How those stand that have not ended."""
        return list(self._standing.values())

    def find(self, job_id: str) -> KeptJob | None:
        """Return the job, if it has not ended."""
        return self._kept.get(job_id)

    def offer(self, job: Job, at: str) -> bool:
        """Take a job in, and say whether it is new; of one that is not, how it stands is told again."""
        known = self._ended.get(job.job_id) or self._standing.get(job.job_id)
        if known is not None:
            self._tell(known)
        if known is not None or job.job_id in self._kept:
            return False
        if len(self._kept) >= limits.WAITING_JOBS or self._targets() + _targets_of(job) > limits.WAITING_TARGETS:
            self.note(job.job_id, "refused", at, text="too many jobs wait already: send it again later")
            return False
        self._kept[job.job_id] = KeptJob(job)
        return True

    def note(self, job_id: str, state: str, at: str, *, done: int = 0, total: int = 0, text: str = "") -> None:
        """A job stands so from now on."""
        update = JobUpdate(job_id=job_id, state=state, at=at, done=done, total=total, text=clip(printable(text)))
        self._tell(update)
        if state not in JOB_ENDS:
            self._standing[job_id] = update
            return
        self._kept.pop(job_id, None)
        self._standing.pop(job_id, None)
        self._ended[job_id] = update
        while len(self._ended) > limits.ENDED_JOBS:
            del self._ended[next(iter(self._ended))]

    @property
    def fresh(self) -> list[JobUpdate]:
        """What is noted and must not be told before it is remembered."""
        return list(self._fresh.values())

    def publish(self, updates: Iterable[JobUpdate]) -> None:
        """These of the fresh ones may be told."""
        for update in updates:
            if self._fresh.get(update.job_id) is update:
                del self._fresh[update.job_id]
            self._news[update.job_id] = update
        _trim(self._news)

    def news(self, most: int) -> list[JobUpdate]:
        """Hand out what is to be told, the latest of each job."""
        taken = list(self._news.values())[:most]
        for update in taken:
            del self._news[update.job_id]
        return taken

    def undo(self, updates: Sequence[JobUpdate]) -> None:
        """These were not told, perhaps."""
        for update in updates:
            latest = self._ended.get(update.job_id) or self._standing.get(update.job_id) or update
            self._news.setdefault(update.job_id, latest)

    @property
    def has_news(self) -> bool:
        """Whether something is to be told."""
        return bool(self._news)

    def _tell(self, update: JobUpdate) -> None:
        self._fresh[update.job_id] = update
        _trim(self._fresh)

    def _targets(self) -> int:
        return sum(_targets_of(kept.job) for kept in self._kept.values())


class Way:
    """How far a job has come, told now and then."""

    def __init__(self, tell: Callable[[int, int], None], clock: Callable[[], float]) -> None:
        self.done = self.total = 0
        self._tell = tell
        self._clock = clock
        self._told_at = clock()

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._clock() - self._told_at >= limits.PROGRESS_SECONDS:
            self._told_at = self._clock()
            self._tell(done, total)


def _trim(updates: dict[str, JobUpdate]) -> None:
    while len(updates) > limits.WAITING_JOBS + limits.ENDED_JOBS:
        del updates[next(iter(updates))]


def _targets_of(job: Job) -> int:
    return len(job.targets) + len(job.excludes)
