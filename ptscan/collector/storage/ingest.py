"""A batch of an agent into the tables, in the one transaction that the caller commits before it answers.

Theory of operation. (agent, epoch, sequence) names a record. ``received`` holds, as intervals, what was stored of each
spool; a record in them is passed over, so that a redelivery is invisible. The intervals and the readings are written in
one transaction, under a lock on the spool's row (SQLite has one writer anyway): there is no moment at which one is
there without the other, and two connections of one agent can't both find a record new. ``readings`` has (spool,
sequence) unique besides, so that a mistake here would be an error and no second reading.

A refused record is not received: it may come again, to a collector that knows better. What the database itself refuses
is looked for one record at a time, each behind a savepoint, and refused by name.

A device's row says what its last reading says. Last is the highest sequence of a spool, and whatever comes later from
another one; no clock of an agent is believed in this, for one that was set back would freeze the device.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from proto_schema import Batch, Refusal, UploadReply
from ptscan.collector.storage import limits, sequences
from ptscan.collector.storage.bulk import add_many
from ptscan.collector.storage.errors import BatchError
from ptscan.collector.storage.fleet import keep_devices
from ptscan.collector.storage.judging import Judged, judge
from ptscan.collector.storage.tables import agents, readings, received, refusals, spools

_UNMARK: Final = delete(received).where(
    received.c.spool_id == bindparam("gone_spool"), received.c.first == bindparam("gone_first")
)


class Parcel(msgspec.Struct, frozen=True):
    """A batch, and the agent that sent it by its certificate."""

    agent_id: str
    batch: Batch


def ingest(connection: Connection, batch: Batch, *, agent_id: str, now: float) -> UploadReply:
    """Store what is new in ``batch``, which the agent ``agent_id`` (by its certificate) sent.

    Every record up to ``upto`` of those in the batch is stored, now or before, once the transaction is committed, but
    for those in ``refused``. The reply says nothing of records that were not in the batch.

    Raises:
        BatchError: nothing of it can be stored.
    """
    entity_id = _entity_of(connection, agent_id)
    if not batch.epoch or "\0" in batch.epoch:
        raise BatchError("bad-epoch", "the epoch of a batch is empty, or no text: the agent's spool is at fault")
    if not batch.records:
        return UploadReply(epoch=batch.epoch, upto=0)
    spool_id = _spool(connection, agent_id, batch.epoch, now)
    upto = max(record.sequence for record in batch.records)
    known = _intervals(connection, spool_id, min(record.sequence for record in batch.records), upto)
    # Of two records of one number in one batch, the first counts; the other is a redelivery.
    by_number = {record.sequence: record for record in reversed(batch.records)}
    verdicts = [judge(by_number[sequence]) for sequence in sequences.unseen(by_number, known)]
    refused = [verdict for verdict in verdicts if isinstance(verdict, Refusal)]
    judged = [verdict for verdict in verdicts if isinstance(verdict, Judged)]
    stored, refused_by_store = _store(connection, judged, entity_id, agent_id, spool_id, now)
    refused = sorted([*refused, *refused_by_store], key=lambda refusal: refusal.sequence)
    _mark(connection, spool_id, known, [one.sequence for one in stored])
    _keep_refusals(connection, spool_id, refused, [one.sequence for one in stored], now)
    connection.execute(
        update(spools)
        .where(spools.c.id == spool_id)
        .values(
            last_at=now,
            stored=spools.c.stored + len(stored),
            redelivered=spools.c.redelivered + len(batch.records) - len(verdicts),
            refused=spools.c.refused + len(refused),
        )
    )
    return UploadReply(epoch=batch.epoch, upto=upto, refused=refused)


def ingest_all(connection: Connection, parcels: Sequence[Parcel], *, now: float) -> list[UploadReply | BatchError]:
    """Store batches of many agents in one transaction: what ``ingest`` would have said of each, in their order.

    A batch that can't be stored is a BatchError among the replies, and harms none of the others.
    """
    replies: dict[int, UploadReply | BatchError] = {}
    # In one order everywhere: two transactions that meet at the same spools wait for each other in turn.
    for place in sorted(range(len(parcels)), key=lambda place: (parcels[place].agent_id, parcels[place].batch.epoch)):
        parcel = parcels[place]
        try:
            with connection.begin_nested():
                replies[place] = ingest(connection, parcel.batch, agent_id=parcel.agent_id, now=now)
        except BatchError as error:
            replies[place] = error
    return [replies[place] for place in range(len(parcels))]


def _entity_of(connection: Connection, agent_id: str) -> int:
    columns = (agents.c.entity_id, agents.c.revoked_at, agents.c.suspended_at)
    # As a row with others that point at it: it is not moved to another entity while this goes on.
    query = select(*columns).where(agents.c.id == agent_id).with_for_update(read=True, key_share=True)
    agent = connection.execute(query).one_or_none()
    if agent is None:
        raise BatchError("unknown-agent", f"no agent {agent_id} is known here: enrol it again; its spool stays")
    if agent.revoked_at is not None:
        raise BatchError("revoked", f"agent {agent_id} was revoked: enrol it again; its spool stays")
    if agent.suspended_at is not None:
        raise BatchError("suspended", f"agent {agent_id} is suspended until a person has looked; its spool stays")
    return int(agent.entity_id)


def _spool(connection: Connection, agent_id: str, epoch: str, now: float) -> int:
    """The spool's number, its row locked until the transaction ends."""
    ours = select(spools.c.id).where(spools.c.agent_id == agent_id, spools.c.epoch == epoch).with_for_update()
    found = connection.scalar(ours)
    if found is None:
        today = spools.c.agent_id == agent_id, spools.c.first_at > now - limits.DAY
        beyond = select(spools.c.id).where(*today).offset(limits.SPOOLS_A_DAY - 1).limit(1)
        if connection.scalar(beyond) is not None:
            text = f"agent {agent_id} began {limits.SPOOLS_A_DAY} spools in a day: does it start again and again?"
            raise BatchError("too-many-spools", text)
        counts = {"stored": 0, "redelivered": 0, "refused": 0}
        row = {"agent_id": agent_id, "epoch": epoch, "first_at": now, "last_at": now, **counts}
        # Another connection of the same agent may be as far.
        if connection.dialect.name == "postgresql":
            connection.execute(postgresql.insert(spools).on_conflict_do_nothing(), row)
        else:
            connection.execute(sqlite.insert(spools).on_conflict_do_nothing(), row)
        found = connection.scalar(ours)
    return int(found or 0)


def _intervals(connection: Connection, spool_id: int, first: int, last: int) -> list[sequences.Interval]:
    """The intervals that meet ``first`` to ``last``, or touch it, in order."""
    beyond = min(last + 1, limits.INTEGER)
    query = (
        select(received.c.first, received.c.last)
        .where(received.c.spool_id == spool_id, received.c.first <= beyond, received.c.last >= first - 1)
        .order_by(received.c.first)
    )
    return [(row.first, row.last) for row in connection.execute(query)]


def _mark(connection: Connection, spool_id: int, known: list[sequences.Interval], stored: list[int]) -> None:
    """Write that ``stored`` was received."""
    after = sequences.joined([*known, *sequences.runs(stored)])
    gone = [{"gone_spool": spool_id, "gone_first": first} for first, last in set(known) - set(after)]
    if gone:
        connection.execute(_UNMARK, gone)
    if new := sorted(set(after) - set(known)):
        rows = [{"spool_id": spool_id, "first": first, "last": last} for first, last in new]
        connection.execute(insert(received), rows)


def _store(
    connection: Connection, judged: list[Judged], entity_id: int, agent_id: str, spool_id: int, now: float
) -> tuple[list[Judged], list[Refusal]]:
    """Store ``judged`` at once; where the database refuses, one by one. What was stored, and what was refused."""
    refused: list[Refusal] = []
    stored: list[Judged] = []
    groups: list[list[Judged]] = [judged] if judged else []
    while groups:
        group = groups.pop()
        try:
            with connection.begin_nested():
                _write(connection, group, entity_id, agent_id, spool_id, now)
            stored += group
        except (DataError, IntegrityError) as error:
            if len(group) == 1:
                text = f"the database refuses it: {str(error.orig).splitlines()[0]}"
                refused.append(Refusal(sequence=group[0].sequence, code="store-refused", text=text[:1_024]))
            else:
                # Halves, the first of them first: a device's last reading is to be written last.
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
    return stored, refused


def _write(
    connection: Connection, group: Sequence[Judged], entity_id: int, agent_id: str, spool_id: int, now: float
) -> None:
    numbers = keep_devices(connection, group, entity_id=entity_id, agent_id=agent_id, spool_id=spool_id, now=now)
    add_many(
        connection,
        readings,
        [
            {
                "device_id": numbers[one.reading.device_id],
                "spool_id": spool_id,
                "sequence": one.sequence,
                "read_at": one.read_at,
                "received_at": now,
                "state": one.reading.status.state,
                "total": one.reading.meters.get("total"),
                "color": one.reading.meters.get("color"),
                "mono": one.reading.meters.get("mono"),
                "body": one.body,
            }
            for one in group
        ],
    )


def _keep_refusals(
    connection: Connection, spool_id: int, refused: list[Refusal], stored: list[int], now: float
) -> None:
    """Keep the latest refusals of a spool for people to see; forget those of what is stored now."""
    ours = select(refusals.c.sequence, refusals.c.tries).where(refusals.c.spool_id == spool_id)
    there: dict[int, int] = {row.sequence: row.tries for row in connection.execute(ours)}
    kept = refused[-limits.REFUSALS :]
    gone = {one.sequence for one in kept} | set(stored)
    oldest = sorted(set(there) - gone)
    gone |= set(oldest[: max(0, len(oldest) + len(kept) - limits.REFUSALS)])
    if doomed := sorted(gone & set(there)):
        which = refusals.c.spool_id == spool_id, refusals.c.sequence == bindparam("gone_sequence")
        connection.execute(delete(refusals).where(*which), [{"gone_sequence": sequence} for sequence in doomed])
    if kept:
        rows = [
            {
                "spool_id": spool_id,
                "sequence": one.sequence,
                "code": one.code,
                "text": one.text.replace("\0", ""),
                "tries": there.get(one.sequence, 0) + 1,
                "refused_at": now,
            }
            for one in kept
        ]
        connection.execute(insert(refusals), rows)
