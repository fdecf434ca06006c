"""What is stored of an agent's spools, told to the agent: it sends again what it knows of and the store does not."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from proto_schema import RANGES, Range, Received
from ptscan.collector.storage import limits
from ptscan.collector.storage.bulk import find_many
from ptscan.collector.storage.formers import lines_of
from ptscan.collector.storage.tables import received, spools

_SPOOL: Final = ("agent_id", "epoch")
_SPOOLS: Final = (
    select(spools.c.id, spools.c.epoch)
    .where(spools.c.agent_id == bindparam("agent_id"), spools.c.epoch.in_(bindparam("epochs", expanding=True)))
    .order_by(spools.c.id.desc())
)
# By the key, a spool at a time: of an agent that left a million gaps no more is looked at than is told.
_TOLD: Final = (
    select(received.c.first, received.c.last)
    .where(received.c.spool_id == bindparam("spool_id"))
    .order_by(received.c.first.desc())
    .limit(bindparam("most"))
)


def received_of(connection: Connection, *, agent_id: str, epochs: Sequence[str]) -> list[Received]:
    """What is stored of ``epochs``, one entry for each, as a Welcome tells it; what was never heard of has no ranges.

    Of an epoch that the agent never sent, what is stored of the id that it had before is told: it is taken over when
    the agent begins to send it. Of very many ranges those of the newest spools are told, and of each the last ones:
    what is left out is sent again, and passed over.
    """
    ranges: dict[str, list[Range]] = {epoch: [] for epoch in epochs}
    asked = [epoch for epoch in ranges if "\0" not in epoch][::-1]
    room = limits.RANGES_TOLD
    line = lines_of(connection, [agent_id]).get(agent_id, [])
    for one, before in zip([agent_id, *line], [*line, ""], strict=True):
        for start in range(0, len(asked), limits.KEYS_AT_ONCE):
            some = asked[start : start + limits.KEYS_AT_ONCE]
            for spool in connection.execute(_SPOOLS, {"agent_id": one, "epochs": some}).all():
                told = connection.execute(_TOLD, {"spool_id": spool.id, "most": min(room, RANGES)}).all()
                ranges[spool.epoch] += [Range(first=row.first, last=row.last) for row in told]
                room -= len(told)
        if before:
            asked = _never_sent(connection, one, asked)
    return [Received(epoch=epoch, ranges=ranges[epoch][::-1]) for epoch in epochs]


def _never_sent(connection: Connection, agent_id: str, epochs: list[str]) -> list[str]:
    """Those of ``epochs`` of which an agent has no spool, in their order."""
    rows = find_many(connection, spools, _SPOOL, ("epoch",), [(agent_id, epoch) for epoch in epochs])
    sent = {row.epoch for row in rows}
    return [epoch for epoch in epochs if epoch not in sent]


def high_water(connection: Connection, *, agent_id: str, epoch: str) -> int:
    """The highest sequence that is stored of a spool, 0 for none; lower than the agent knows after a restore."""
    found = connection.scalar(
        select(received.c.last)
        .join(spools, spools.c.id == received.c.spool_id)
        .where(spools.c.agent_id == agent_id, spools.c.epoch == epoch)
        .order_by(received.c.last.desc())
        .limit(1)
    )
    return int(found or 0)
