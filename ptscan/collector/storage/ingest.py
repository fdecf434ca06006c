"""Batches of agents into the tables, in the one transaction that the caller commits before it answers.

Theory of operation. (agent, epoch, sequence) names a record. ``received`` holds, as intervals, what was stored of each
spool; a record in them is passed over, so that a redelivery is invisible. The intervals and the readings are written in
one transaction, under a lock on the spool's row (SQLite has one writer anyway): there is no moment at which one is
there without the other, and two connections of one agent can't both find a record new. ``readings`` has (spool,
sequence) unique besides, so that a mistake here would be an error and no second reading.

The batches of one transaction are stored together, each step for all of them by one statement or few, because what a
statement costs is the most of what a small batch costs.

A refused record is not received: it may come again, to a collector that knows better. What the database itself refuses
is looked for among halves and halves of them, each behind a savepoint, and refused by name.

A device's row says what its last reading says. Last is the highest sequence of a spool, and whatever comes later from
another one; no clock of an agent is believed in this, for one that was set back would freeze the device.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from proto_schema import Batch, Record, Refusal, UploadReply
from ptscan.collector.storage import limits, sequences
from ptscan.collector.storage.bulk import add_many, change_many, remove_many
from ptscan.collector.storage.errors import BatchError
from ptscan.collector.storage.fleet import Heard, keep_devices
from ptscan.collector.storage.judging import Judged, judge
from ptscan.collector.storage.nearby import nearby
from ptscan.collector.storage.refusing import briefly, keep_refusals
from ptscan.collector.storage.sources import LATER, Origin, Parcel, Source, sources_of
from ptscan.collector.storage.tables import readings, received, spools

_READING: Final = (
    "device_id", "spool_id", "sequence", "read_at", "received_at", "state", "total", "color", "mono", "body",
)  # fmt: skip
_INTERVAL: Final = ("spool_id", "first", "last")
_COUNTS: Final = ("stored", "redelivered", "refused")
_LONGER: Final = "(spool_id, first) DO UPDATE SET last = excluded.last"


class _Coming(msgspec.Struct):
    """What comes of one spool in this transaction, out of all parcels that bring some of it."""

    source: Source
    records: dict[int, Record] = {}
    """By sequence; of two of one number, the first counts, the other is a redelivery."""
    many: int = 0
    """Records, those of one number counted each."""
    known: list[sequences.Interval] = []
    """What was received before, in order."""
    new: int = 0
    """Records that were not."""
    stored: list[int] = []
    refused: dict[int, Refusal] = {}
    """By sequence."""


def ingest(connection: Connection, batch: Batch, *, agent_id: str, now: float) -> UploadReply:
    """Store what is new in ``batch``, which the agent ``agent_id`` (by its certificate) sent.

    Every record up to ``upto`` of those in the batch is stored, now or before, once the transaction is committed, but
    for those in ``refused``. The reply says nothing of records that were not in the batch.

    Raises:
        BatchError: nothing of it can be stored.
    """
    (reply,) = ingest_all(connection, [Parcel(agent_id, batch)], now=now)
    if isinstance(reply, BatchError):
        raise reply
    return reply


def ingest_all(connection: Connection, parcels: Sequence[Parcel], *, now: float) -> list[UploadReply | BatchError]:
    """Store batches of many agents in one transaction: what ``ingest`` would have said of each, in their order.

    A batch that can't be stored is a BatchError among the replies, and harms none of the others.
    """
    replies: dict[int, UploadReply | BatchError] = {}
    places = list(range(len(parcels)))
    while places:
        turn = [parcels[place] for place in places]
        sources = sources_of(connection, turn, now=now)
        replies |= zip(places, _ingest(connection, turn, sources, now), strict=True)
        places = [place for place, source in zip(places, sources, strict=True) if source is LATER]
    return [replies[place] for place in range(len(parcels))]


def _ingest(
    connection: Connection, parcels: Sequence[Parcel], sources: Sequence[Origin], now: float
) -> list[UploadReply | BatchError]:
    """Store those whose turn it is; what is said of the others is to be said again."""
    coming = _gather(parcels, sources)
    _look_up_received(connection, coming.values())
    heard = [one for spool in coming.values() for one in _judge(spool)]
    _store(connection, heard, coming, now)
    _mark(connection, coming.values())
    keep_refusals(
        connection, [(spool.source.spool_id, spool.refused, spool.stored) for spool in coming.values()], now=now
    )
    _count(connection, coming.values(), now)
    return [
        source
        if isinstance(source, BatchError)
        else _reply(parcel.batch, coming[source.spool_id] if isinstance(source, Source) else None)
        for parcel, source in zip(parcels, sources, strict=True)
    ]


def _gather(parcels: Sequence[Parcel], sources: Sequence[Origin]) -> dict[int, _Coming]:
    """The records of all parcels by spool."""
    coming: dict[int, _Coming] = {}
    for parcel, source in zip(parcels, sources, strict=True):
        if isinstance(source, Source):
            spool = coming.setdefault(source.spool_id, _Coming(source))
            spool.many += len(parcel.batch.records)
            for record in parcel.batch.records:
                spool.records.setdefault(record.sequence, record)
    return coming


def _look_up_received(connection: Connection, coming: Collection[_Coming]) -> None:
    """The intervals that meet what comes, or touch it, in order."""
    known = nearby(connection, [(spool.source.spool_id, spool.records) for spool in coming])
    for spool in coming:
        spool.known = known.get(spool.source.spool_id, [])


def _judge(spool: _Coming) -> list[Heard]:
    """What can be stored of the records that are new, in the order of their sequences."""
    new = sequences.unseen(spool.records, spool.known)
    spool.new = len(new)
    heard: list[Heard] = []
    for sequence in new:
        verdict = judge(spool.records[sequence])
        if isinstance(verdict, Judged):
            heard.append((spool.source, verdict))
        else:
            spool.refused[sequence] = verdict
    return heard


def _store(connection: Connection, heard: list[Heard], coming: Mapping[int, _Coming], now: float) -> None:
    """Store ``heard`` at once; what the database refuses is looked for among halves of it."""
    groups = [heard] if heard else []
    while groups:
        group = groups.pop()
        try:
            with connection.begin_nested():
                _write(connection, group, now)
        except (DataError, IntegrityError) as error:
            if len(group) > 1:
                # The first half first: a device's last reading is to be written last.
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
                continue
            ((source, one),) = group
            text = f"the database refuses it: {str(error.orig).splitlines()[0]}"
            refusal = Refusal(sequence=one.sequence, code="store-refused", text=text[: limits.NOTE])
            coming[source.spool_id].refused[one.sequence] = refusal
        else:
            for source, one in group:
                coming[source.spool_id].stored.append(one.sequence)


def _write(connection: Connection, group: Sequence[Heard], now: float) -> None:
    numbers = keep_devices(connection, group, now=now)
    rows = [
        (
            numbers[source.entity_id, one.device_id], source.spool_id, one.sequence, one.read_at, now, one.state,
            one.total, one.color, one.mono, one.body,
        )
        for source, one in group
    ]  # fmt: skip
    add_many(connection, readings, _READING, rows)


def _mark(connection: Connection, coming: Iterable[_Coming]) -> None:
    """Write what was received."""
    gone: list[tuple[int, int]] = []
    new: list[tuple[int, int, int]] = []
    for spool in coming:
        before = dict(spool.known)
        after = dict(sequences.joined([*spool.known, *sequences.runs(spool.stored)]))
        gone += [(spool.source.spool_id, first) for first in before if first not in after]
        new += [(spool.source.spool_id, first, last) for first, last in after.items() if before.get(first) != last]
    remove_many(connection, received, _INTERVAL[:2], gone)
    add_many(connection, received, _INTERVAL, new, conflict=_LONGER)


def _count(connection: Connection, coming: Iterable[_Coming], now: float) -> None:
    rows = [
        (spool.source.spool_id, now, len(spool.stored), spool.many - spool.new, len(spool.refused)) for spool in coming
    ]
    change_many(connection, spools, ("id", "last_at", *_COUNTS), rows, adding=_COUNTS)


def _reply(batch: Batch, spool: _Coming | None) -> UploadReply:
    if spool is None:
        return UploadReply(epoch=batch.epoch, upto=0)
    mine = {record.sequence for record in batch.records}
    refused = [spool.refused[sequence] for sequence in sorted(mine & spool.refused.keys())]
    return UploadReply(epoch=batch.epoch, upto=max(mine), refused=briefly(refused))
