"""The spool as one synchronous object over one connection: put, lease, settle, make room.

Every method is one transaction at most and runs in a worker thread, one at a time. A method that raises took nothing:
after SpoolUnwritableError and after damage the connection is given up, and the file is opened anew, checked and mended,
before the next method does anything.
"""

import math
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from proto_schema import EPOCHS, Batch, Received, Record, UploadReply
from ptscan.agent.spool import limits
from ptscan.agent.spool.database import told_apart
from ptscan.agent.spool.epochs import bounds_of, missing_of, with_records
from ptscan.agent.spool.errors import Damage, SpoolFullError, SpoolUnwritableError
from ptscan.agent.spool.files import Files, fault_of
from ptscan.agent.spool.frame import Framed, decode_frame, encode_frame
from ptscan.agent.spool.opening import HIGH, noted_findings, open_records
from ptscan.agent.spool.outgoing import Outgoing
from ptscan.agent.spool.report import Finding, SpoolState
from ptscan.agent.spool.room import drop_set_aside, drop_stored, drop_stored_early, note, thin
from ptscan.agent.spool.tables import Fate

_COST: Final = 2 * limits.RECORD_OVERHEAD  # the frame's own octets, and beside it
_PAUSE: Final = limits.THINNING_SECONDS
_WAITING_ABOVE: Final = (
    "SELECT sequence, frame FROM record WHERE sequence > ? "
    "AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.sequence = record.sequence) ORDER BY sequence"
)
_OLDEST: Final = (
    "SELECT at FROM record WHERE sequence > ? "
    "AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.sequence = record.sequence) ORDER BY sequence LIMIT 1"
)
_WAITING: Final = (
    "SELECT count(*), coalesce(sum(length(frame)), 0), min(sequence) FROM record "
    "WHERE NOT EXISTS (SELECT 1 FROM fate WHERE fate.sequence = record.sequence)"
)
_DOES_WAIT: Final = (
    "SELECT 1 FROM record WHERE sequence = ? AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.sequence = record.sequence)"
)
_NOT_STORED: Final = "DELETE FROM fate WHERE sequence = ? AND fate = 'stored' RETURNING sequence"
_ONE_MORE_TRY: Final = "INSERT INTO refusal VALUES (?, 1) ON CONFLICT DO UPDATE SET tries = tries + 1 RETURNING tries"


class Entry(NamedTuple):
    """What is to be spooled."""

    kind: str
    at: str
    """When, by the agent's clock: RFC 3339 in UTC."""
    body: bytes
    subject: str = ""
    """Whom it is about, as ``device_id``; what has one may be thinned when the spool is full, and nothing else."""


def octets_of(group: Sequence[Entry]) -> int:
    """Return what the group will cost, rounded up."""
    return sum(len(entry.body) + len(entry.kind) + len(entry.at) + 4 * len(entry.subject) + _COST for entry in group)


@dataclass(frozen=True)
class Bounds:
    """How much a spool keeps."""

    octets: int = limits.SPOOL_OCTETS
    detail_seconds: float = limits.DETAIL_SECONDS
    stored_seconds: float = limits.STORED_SECONDS


class Store:
    """A spool's records; ``new_epoch`` draws an epoch, ``wall_clock`` tells the seconds since 1970."""

    def __init__(
        self,
        files: Files,
        key: bytes,
        *,
        bounds: Bounds,
        new_epoch: Callable[[], str],
        wall_clock: Callable[[], float],
    ) -> None:
        self._files = files
        self._key = key
        self._bounds = bounds
        self._new_epoch = new_epoch
        self._wall_clock = wall_clock
        self._connection: sqlite3.Connection | None = None
        self._damage: Damage | None = None
        self._epoch = ""
        self._next = 1  # the next number to give
        self._first = 1  # the first number of this epoch
        self._acknowledged = 0  # the last number whose put was told to be durable; 0 before the first
        self._out = Outgoing()
        self._waiting = (0, 0)  # records, octets of their frames
        self._kept = 0  # octets of all records' frames and what they cost beside
        self._refused = 0
        self._disk_is_full = False
        self._epochs: dict[str, tuple[int, int]] | None = None  # what is known of them since the opening
        self._thin_above = 0
        self._thinned_at = -math.inf  # the end of the last pass
        self._findings: list[Finding] = []

    def open(self) -> None:
        """Open the file, or open it anew; raises SpoolError, never for damage."""
        noted = [] if self._epoch else noted_findings(self._files)  # by processes that had nobody to tell
        connection, findings = open_records(self._files, self._key, self._at(), damage=self._damage)
        self._damage = None
        self._findings = [*self._findings, *noted, *findings][-limits.FINDINGS :]
        try:
            with told_apart(self._files.records):
                self._void(connection)
                self._count(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        # A file that was restored, cloned or salvaged may have given these numbers before, to other records.
        self._epoch = self._new_epoch()
        self._first = self._next

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def put(self, groups: Sequence[Sequence[Entry]]) -> list[range | SpoolFullError]:
        """Spool each group as a whole, all that have room in one transaction; return their numbers, or why not."""
        self._make_ready()
        self._make_room(sum(map(octets_of, groups)))
        free = self._bounds.octets - self._kept
        number = self._next
        results: list[range | SpoolFullError] = []
        rows: list[tuple[int, str, str, bytes]] = []
        for group in groups:
            size = octets_of(group)
            if size > free:
                results.append(self._no_room())
                continue
            free -= size
            first = number
            for entry in group:
                framed = Framed(self._epoch, number, entry.kind, entry.at, entry.subject, entry.body)
                rows.append((number, entry.at, entry.subject, encode_frame(framed, self._key)))
                number += 1
            results.append(range(first, number))
        try:
            with self._transaction() as connection:
                connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
        except SpoolFullError:
            self._disk_is_full = True
            self._refused += sum(map(len, groups))
            raise
        self._disk_is_full = False
        octets = sum(len(row[3]) for row in rows)
        self._next = number
        self._acknowledged = number - 1
        self._add_waiting(len(rows), octets)
        self._kept += octets + len(rows) * limits.RECORD_OVERHEAD
        self._refused += sum(map(len, groups)) - len(rows)
        return results

    def lease(self, max_octets: int, max_records: int, now: float) -> Batch | None:
        """Return the next records of one epoch, in order, and remember that they are on their way; None for none.

        A record that alone has more than ``max_octets`` comes alone.
        """
        self._make_ready()
        self._out.due(now)
        out = self._out
        room = min(max_records, limits.BATCH_RECORDS, limits.LEASED_RECORDS - len(out.leased))
        batch: list[Record] = []
        leased: dict[int, int] = {}
        epoch = ""
        octets = 0
        cursor = out.cursor
        with self._guarded() as connection, closing(connection.execute(_WAITING_ABOVE, (cursor,))) as rows:
            for sequence, frame in rows if room > 0 else ():
                if sequence not in out.leased and sequence not in out.held:
                    if len(batch) >= room:
                        break
                    record = self._believed(frame, sequence)
                    octets += len(frame)
                    if batch and (record.epoch != epoch or octets > max_octets):
                        break
                    epoch = record.epoch
                    leased[sequence] = len(frame)
                    batch.append(Record(sequence=sequence, kind=record.kind, at=record.at, body=record.body))
                cursor = sequence
        out.send(epoch, leased, cursor)
        return Batch(epoch=epoch, records=batch) if batch else None

    def settle(self, reply: UploadReply, now: float) -> list[int]:
        """Note what became of one batch, as ``settle_all`` does."""
        return self.settle_all((reply,), now)

    def settle_all(self, replies: Sequence[UploadReply], now: float) -> list[int]:
        """Note what became of batches that were leased; return the numbers that are set aside from now on.

        Of each batch those up to ``upto`` are stored; those refused are tried again later, or set aside after the last
        try. What was not leased is let be, whatever the replies say; of two that speak of one record the first counts.
        """
        self._make_ready()
        at = self._at()
        refused: dict[int, str] = {}
        stored: dict[int, None] = {}
        for reply in replies:
            refused |= {n: why for n, why in self._out.refused_by(reply).items() if n not in refused | stored}
            stored |= dict.fromkeys(n for n in self._out.stored_by(reply) if n not in refused)
        tries = {}
        with self._transaction() as connection:
            note(connection, self._key, ((sequence, Fate.STORED, at, "") for sequence in stored))
            for sequence in refused:
                (tries[sequence],) = connection.execute(_ONE_MORE_TRY, (sequence,)).fetchone()
            aside = [sequence for sequence in refused if tries[sequence] >= limits.TRIES]
            note(connection, self._key, ((sequence, Fate.SET_ASIDE, at, refused[sequence]) for sequence in aside))
            freed = drop_set_aside(connection, self._key, below=self._out.low()) if aside else 0
        self._kept -= freed
        for sequence in refused.keys() - set(aside):
            self._out.hold(sequence, now + limits.TRY_AGAIN_SECONDS[max(tries[sequence], 1) - 1])
        octets = sum(self._out.land(sequence) for sequence in (*stored, *aside))
        self._add_waiting(-len(stored) - len(aside), -octets)
        self._out.forget_landed()
        return aside

    def release(self) -> None:
        """Take back all that was leased and not settled: the session that had it is over."""
        self._out.release()

    def epochs(self) -> list[str]:
        """Return the epochs of which there are records, the latest of them, and last the one of new records.

        What is stored from now on is not ``missing`` when the collector says what it had of them.
        """
        self._make_ready()
        self._out.begin_meanwhile()
        others = [epoch for epoch in self._bounds_of_epochs() if epoch != self._epoch]
        return [*others[1 - EPOCHS :], self._epoch]

    def missing(self, received: Sequence[Received]) -> "array[int]":
        """Return the numbers of the records of the named epochs that were stored, and now are in no range."""
        self._make_ready()
        bounds = self._bounds_of_epochs()
        with self._guarded() as connection:
            missing = missing_of(connection, bounds, received)
        meanwhile = self._out.end_meanwhile()
        return array("Q", (number for number in missing if number not in meanwhile)) if meanwhile else missing

    def resync(self, sequences: Sequence[int]) -> int:
        """Let those of ``sequences`` wait again that are stored; return how many that is."""
        self._make_ready()
        again: list[tuple[int, int]] = []
        with self._transaction() as connection:
            for sequence in sequences:
                if row := connection.execute(_NOT_STORED, (sequence,)).fetchone():
                    again += connection.execute("SELECT sequence, length(frame) FROM record WHERE sequence = ?", row)
        if again:
            self._out.rewind(min(again)[0])
            self._add_waiting(len(again), sum(octets for _, octets in again))
        return len(again)

    def tidy(self) -> bool:
        """Let go of what was kept long enough, one portion of it; say whether more may be left."""
        self._make_ready()
        now_at = self._at()
        with self._transaction() as connection:
            freed = drop_stored(
                connection,
                self._key,
                below=self._out.low(),
                stored_before=int(now_at - self._bounds.stored_seconds),
                told_before=int(now_at - self._bounds.detail_seconds),
            )
        self._kept -= freed
        if freed:
            with self._guarded() as connection:
                connection.execute(f"PRAGMA incremental_vacuum({limits.VACUUM_PAGES})").fetchall()
        return freed > 0

    def due_at(self) -> float | None:
        """When the first refused record is to be tried again; None where none is."""
        return min(self._out.held.values(), default=None)

    def state(self) -> SpoolState:
        """How the spool stands; what is found wrong with it counts as told."""
        self._make_ready()
        with self._guarded() as connection:
            counts = dict(connection.execute("SELECT fate, count(*) FROM fate WHERE fate <> 'stored' GROUP BY fate"))
            oldest = connection.execute(_OLDEST, (self._out.low() - 1,)).fetchone()
        if self._findings:
            with suppress(OSError):  # told twice is better than never
                self._files.note.unlink(missing_ok=True)
        return SpoolState(
            waiting_records=self._waiting[0],
            waiting_octets=self._waiting[1],
            kept_octets=self._kept,
            most_octets=self._bounds.octets,
            leased_records=len(self._out.leased),
            oldest_at=oldest[0] if oldest else None,
            set_aside=counts.get(Fate.SET_ASIDE, 0),
            thinned=counts.get(Fate.THINNED, 0),
            lost=counts.get(Fate.LOST, 0),
            refused=self._refused,
            disk_is_full=self._disk_is_full,
            findings=tuple(self._findings),
        )

    @property
    def epoch(self) -> str:
        """What new records are numbered in; another one after each opening."""
        return self._epoch

    def _at(self) -> int:
        return max(0, int(self._wall_clock()))

    def _bounds_of_epochs(self) -> dict[str, tuple[int, int]]:
        """Return the bounds of each epoch that has records, the earliest first; only the first time is slow."""
        with self._guarded() as connection:
            known = bounds_of(connection) if self._epochs is None else self._epochs
            if self._acknowledged >= self._first:
                known |= {self._epoch: (self._first, self._acknowledged)}
            self._epochs = with_records(connection, known)
        return self._epochs

    def _add_waiting(self, records: int, octets: int) -> None:
        self._waiting = (self._waiting[0] + records, self._waiting[1] + octets)

    def _no_room(self) -> SpoolFullError:
        fault = f"is full ({self._waiting[0]} records wait): see why the collector does not take them, or allow it more"
        return SpoolFullError(self._files.directory, fault)

    def _believed(self, frame: bytes, sequence: int) -> Framed:
        record = decode_frame(frame, self._key)
        if record.sequence != sequence:
            raise Damage("a record has another's number")
        return record

    def _make_room(self, octets: int) -> None:
        """Let go of what may go until ``octets`` have room, or nothing more may."""
        while self._kept + octets > self._bounds.octets:
            with self._transaction() as connection:
                freed = drop_stored_early(connection, self._key, below=self._out.low())
            self._kept -= freed
            if not freed:
                break
        at = self._at()
        while self._kept + octets > self._bounds.octets and not self._thinned_at <= at < self._thinned_at + _PAUSE:
            with self._transaction() as connection:
                above, gone, freed = thin(
                    connection,
                    self._key,
                    above=self._thin_above,
                    before=at - self._bounds.detail_seconds,
                    at=at,
                    spared=self._out.leased,
                )
            self._kept -= freed + len(gone) * limits.RECORD_OVERHEAD
            self._add_waiting(-len(gone), -freed)
            for sequence in gone:
                self._out.held.pop(sequence, None)
            if above is None:
                self._thinned_at = at
            self._thin_above = above or 0

    def _void(self, connection: sqlite3.Connection) -> None:
        """Take back what was written and never acknowledged, where the disk failed under this very process."""
        if not self._epoch:
            return
        rows = connection.execute("SELECT sequence FROM record WHERE sequence > ?", (self._acknowledged,)).fetchall()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("DELETE FROM record WHERE sequence = ?", rows)
        note(connection, self._key, ((sequence, Fate.VOID, self._at(), "") for (sequence,) in rows))
        connection.execute("COMMIT")

    def _count(self, connection: sqlite3.Connection) -> None:
        """Learn from the file what waits; what is on its way stays so, where it is still there."""

        def waits(sequence: int) -> bool:
            return connection.execute(_DOES_WAIT, (sequence,)).fetchone() is not None

        records, octets, lowest = connection.execute(_WAITING).fetchone()
        self._waiting = (records, octets)
        records, octets = connection.execute("SELECT count(*), total(length(frame)) FROM record").fetchone()
        self._kept = int(octets) + records * limits.RECORD_OVERHEAD
        (highest,) = connection.execute(HIGH).fetchone()
        self._out.keep(waits, lowest or highest + 1)
        self._next = max(self._next, highest + 1)
        self._acknowledged = self._next - 1
        self._thin_above = 0
        self._epochs = None

    def _make_ready(self) -> None:
        """Open the file anew where it was given up: before anything is read of what the opening may change."""
        if self._connection is None:
            try:
                self.open()
            except OSError as error:
                raise SpoolUnwritableError(self._files.directory, fault_of(error)) from error

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, and give it up if it fails."""
        if self._connection is None:
            raise SpoolUnwritableError(self._files.directory, "is closed: open it again")
        try:
            with told_apart(self._files.records):
                yield self._connection
        except SpoolUnwritableError:
            self.close()
            raise
        except Damage as damage:
            self._damage = damage
            self.close()
            raise

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection within a transaction, which is durable at the end of the block, or was never begun."""
        with self._guarded() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    # On a full disk the log may have grown where its beginning could be used again.
                    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
                raise
