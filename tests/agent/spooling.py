"""What the tests of the spool share: a spool without tasks, entries, and a collector that remembers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proto_schema import Batch, Range, Received, Refusal, UploadReply
from ptscan.agent import Bounds, Entry
from ptscan.agent.spool.errors import Damage
from ptscan.agent.spool.holding import hold_store
from ptscan.agent.spool.store import Store

NOON = 1_795_262_400.0  # 2026-11-21T12:00:00Z
AT = "2026-11-21T12:00:00Z"
ALL = 1 << 30


class WallClock:
    """A wall clock that a test sets."""

    def __init__(self, seconds: float = NOON) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def entry(body: bytes | str, *, subject: str = "", at: str = AT) -> Entry:
    return Entry("reading", at, body.encode() if isinstance(body, str) else body, subject)


@contextmanager
def opened(directory: Path, bounds: Bounds | None = None, clock: WallClock | None = None) -> Iterator[Store]:
    with hold_store(directory, bounds=bounds or Bounds(), wall_clock=clock or WallClock()) as store:
        yield store


def put(store: Store, *bodies: bytes | str) -> list[int]:
    """Put each body on its own, and return their numbers."""
    (numbers,) = store.put([[entry(body) for body in bodies]])
    if not isinstance(numbers, range):
        raise numbers
    return list(numbers)


def lease(store: Store, *, octets: int = ALL, records: int = 10_000, now: float = 0.0) -> Batch | None:
    """Lease as the spool does it: a damaged file is mended on the way."""
    try:
        return store.lease(octets, records, now)
    except Damage:
        return store.lease(octets, records, now)


def bodies(batch: Batch | None) -> list[bytes]:
    return [record.body for record in batch.records] if batch else []


def reply_to(batch: Batch, *refused: int) -> UploadReply:
    refusals = [Refusal(sequence=sequence, code="malformed", text="no map") for sequence in refused]
    return UploadReply(epoch=batch.epoch, upto=batch.records[-1].sequence, refused=refusals)


def resync(store: Store, epoch: str, *ranges: tuple[int, int]) -> int:
    """Say that the collector has ``ranges`` of ``epoch``, and return how many wait again."""
    known = [Range(first=first, last=last) for first, last in ranges]
    return store.resync(store.missing([Received(epoch=epoch, ranges=known)]))


class Collector:
    """Stores what it is given once, by epoch and sequence, and says when two records claim to be the same."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, int], bytes] = {}

    def take(self, batch: Batch) -> UploadReply:
        for record in batch.records:
            known = self.stored.setdefault((batch.epoch, record.sequence), record.body)
            assert known == record.body, f"two records are {batch.epoch}/{record.sequence}"
        return reply_to(batch)

    def drain(self, store: Store, now: float = 0.0) -> None:
        while batch := lease(store, records=50, now=now):
            store.settle(self.take(batch), now)


def killed(directory: Path, copy: Path) -> Path:
    """What a process that was killed now leaves behind: the files as the kernel has them, the log not copied."""
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(directory, copy)
    copy.chmod(0o700)
    return copy
