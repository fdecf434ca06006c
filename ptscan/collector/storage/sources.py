"""Where batches come from: agents that may speak, and their spools, found or begun for many parcels at once."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, func, select

from proto_schema import Batch
from ptscan.collector.storage import limits
from ptscan.collector.storage.bulk import add_many, find_many
from ptscan.collector.storage.errors import BatchError
from ptscan.collector.storage.formers import lines_of, lock_formers, take_over
from ptscan.collector.storage.tables import agents, spools

_AGENT = ("id", "entity_id", "revoked_at", "suspended_at")
_SPOOL = ("agent_id", "epoch")
_NEW = ("agent_id", "epoch", "first_at", "last_at", "stored", "redelivered", "refused")


class Parcel(msgspec.Struct, frozen=True):
    """A batch, and the agent that sent it by its certificate."""

    agent_id: str
    batch: Batch


class Turn(Enum):
    """When a parcel is stored."""

    LATER = "later"


LATER: Final = Turn.LATER
"""Behind the others: among these is one of an id that its agent had before, of which it takes over what is stored."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """A spool, its agent, and the agent's entity."""

    spool_id: int
    agent_id: str
    entity_id: int


Origin = Source | BatchError | Literal[Turn.LATER] | None
"""Where a parcel comes from; None for one without records, or why it is not taken, or not yet."""


def sources_of(connection: Connection, parcels: Sequence[Parcel], *, now: float) -> list[Origin]:
    """Where each of ``parcels`` comes from, its spool locked.

    Not all of them are LATER, so that to go on with those until none is left comes to an end.
    """
    places = _entities(connection, {parcel.agent_id for parcel in parcels})
    found: list[Origin] = []
    wanted = {
        (parcel.agent_id, parcel.batch.epoch)
        for parcel in parcels
        if isinstance(places[parcel.agent_id], int) and parcel.batch.records and _is_epoch(parcel.batch.epoch)
    }
    spools_there = _spools(connection, wanted, now)
    for parcel in parcels:
        place = places[parcel.agent_id]
        if isinstance(place, BatchError):
            found.append(place)
        elif not _is_epoch(parcel.batch.epoch):
            text = "the epoch of a batch is empty, or no text: the agent's spool is at fault"
            found.append(BatchError("bad-epoch", text))
        elif not parcel.batch.records:
            found.append(None)
        else:
            spool = spools_there[parcel.agent_id, parcel.batch.epoch]
            found.append(Source(spool, parcel.agent_id, place) if isinstance(spool, int) else spool)
    return found


def _is_epoch(text: str) -> bool:
    return bool(text) and "\0" not in text


def _entities(connection: Connection, agent_ids: Iterable[str]) -> dict[str, int | BatchError]:
    """The entity of each agent, or why it may not speak."""
    found: dict[str, int | BatchError] = {
        name: BatchError("unknown-agent", f"no agent {name} is known here: enrol it again; its spool stays")
        for name in agent_ids
    }
    # As a row that others point at: it is not moved to another entity while this goes on.
    names = [(name,) for name in sorted(found)]
    for agent in find_many(connection, agents, ("id",), _AGENT, names, lock="KEY SHARE"):
        if agent.revoked_at is not None:
            text = f"agent {agent.id} was revoked: enrol it again; its spool stays"
            found[agent.id] = BatchError("revoked", text)
        elif agent.suspended_at is not None:
            text = f"agent {agent.id} is suspended until a person has looked; its spool stays"
            found[agent.id] = BatchError("suspended", text)
        else:
            found[agent.id] = agent.entity_id
    return found


def _spools(
    connection: Connection, wanted: set[tuple[str, str]], now: float
) -> dict[tuple[str, str], int | BatchError | Literal[Turn.LATER]]:
    """The numbers of spools, their rows locked until the transaction ends; those that are new are begun."""
    found: dict[tuple[str, str], int | BatchError | Literal[Turn.LATER]] = {}
    found |= _known(connection, sorted(wanted))
    lines = lines_of(connection, {agent_id for agent_id, _ in wanted - found.keys()})
    found |= dict.fromkeys(_behind(wanted, wanted - found.keys(), lines), LATER)
    missing = sorted(wanted - found.keys())
    formers = lock_formers(connection, missing, lines)
    room = {agent_id: _room(connection, agent_id, now) for agent_id in {agent_id for agent_id, _ in missing}}
    begun = []
    for agent_id, epoch in missing:
        room[agent_id] -= 1
        if room[agent_id] < 0:
            text = f"agent {agent_id} began {limits.SPOOLS_A_DAY} spools in a day: does it start again and again?"
            found[agent_id, epoch] = BatchError("too-many-spools", text)
        else:
            begun.append((agent_id, epoch, now, now, 0, 0, 0))
    # Another connection of the same agent may be as far.
    add_many(connection, spools, _NEW, begun, conflict="DO NOTHING")
    new = _known(connection, [(row[0], row[1]) for row in begun])
    for key, spool_id in new.items():
        take_over(connection, spool_id, formers.get(key, []))
    return found | new


def _behind(
    wanted: set[tuple[str, str]], missing: set[tuple[str, str]], lines: dict[str, list[str]]
) -> set[tuple[str, str]]:
    """Which of the ``missing`` are begun behind others that are wanted; of those in a circle one is not."""
    behind: set[tuple[str, str]] = set()
    for agent_id, epoch in sorted(missing):
        if any((former, epoch) in wanted - behind for former in lines.get(agent_id, [])):
            behind.add((agent_id, epoch))
    return behind


def _known(connection: Connection, keys: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    rows = find_many(connection, spools, _SPOOL, ("id", *_SPOOL), keys, lock="UPDATE")
    return {(row.agent_id, row.epoch): row.id for row in rows}


def _room(connection: Connection, agent_id: str, now: float) -> int:
    """How many spools an agent may begin today."""
    today = select(spools.c.id).where(spools.c.agent_id == agent_id, spools.c.first_at > now - limits.DAY)
    begun = select(func.count()).select_from(today.limit(limits.SPOOLS_A_DAY).subquery())
    return limits.SPOOLS_A_DAY - int(connection.scalar(begun) or 0)
