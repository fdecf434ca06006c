"""Agents that were enrolled again, and the ids that they had before: what is stored of those is not stored once more.

An enrolment says which id the agent's folder had. Nothing proves it, and nothing has to: for the claimer's own records
alone what the other one has stored of an epoch counts as received. A false claim costs nobody else a record, and gives
nobody a reading; it tells how far epochs have come that are drawn by chance and have to be named.

A line of formers is gone along for ``limits.FORMERS`` steps and never in a circle. Each agent took over what those
before it had when it began a spool of that epoch itself, so that longer lines lose nothing but epochs of long ago.
"""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, case, func, insert, select

from ptscan.collector.storage import limits
from ptscan.collector.storage.bulk import find_many
from ptscan.collector.storage.tables import agents, received, spools

_ID: Final = ("id",)
_LINK: Final = ("id", "former_id")
_SPOOL: Final = ("agent_id", "epoch")

# Intervals of several spools, joined where they overlap or touch: one begins an island where it lies behind all that
# begin before it. Without ``last + 1``, which may be beyond the largest number there is.
_REACHED: Final = func.max(received.c.last).over(order_by=[received.c.first, received.c.last], rows=(None, -1))
_BEGINS: Final = (
    select(received.c.first, received.c.last, case((received.c.first - 1 <= _REACHED, 0), else_=1).label("begins"))
    .where(received.c.spool_id.in_(bindparam("formers", expanding=True)))
    .subquery()
)
_ISLANDS: Final = select(
    _BEGINS.c.first,
    _BEGINS.c.last,
    func.sum(_BEGINS.c.begins).over(order_by=[_BEGINS.c.first, _BEGINS.c.last], rows=(None, 0)).label("island"),
).subquery()
_TAKEN: Final = insert(received).from_select(
    ["spool_id", "first", "last"],
    select(bindparam("spool_id", type_=BigInteger), func.min(_ISLANDS.c.first), func.max(_ISLANDS.c.last))
    # Another connection may have begun it at the same moment, and been first.
    .where(~select(received.c.first).where(received.c.spool_id == bindparam("spool_id", type_=BigInteger)).exists())
    .group_by(_ISLANDS.c.island),
)


def lines_of(connection: Connection, agent_ids: Iterable[str]) -> dict[str, list[str]]:
    """Of each agent the ids that it had before, the latest first; those without any are left out."""
    formers: dict[str, str | None] = {}
    ahead = lines = {agent_id: [agent_id] for agent_id in agent_ids}
    for _ in range(limits.FORMERS):
        new = sorted({(line[-1],) for line in ahead.values()} - {(known,) for known in formers})
        formers |= {row.id: row.former_id for row in find_many(connection, agents, _ID, _LINK, new)}
        ahead = {
            agent_id: line
            for agent_id, line in ahead.items()
            if (former := formers.get(line[-1])) is not None and former not in line
        }
        for line in ahead.values():
            line.append(formers[line[-1]] or "")
    return {agent_id: line[1:] for agent_id, line in lines.items() if line[1:]}


def lock_formers(
    connection: Connection, keys: Collection[tuple[str, str]], lines: dict[str, list[str]]
) -> dict[tuple[str, str], list[int]]:
    """The numbers of the spools of the former ones of ``keys`` (agent, epoch), their rows locked.

    What is being stored of one of them is waited for.
    """
    wanted = {(former, epoch) for agent_id, epoch in keys for former in lines.get(agent_id, [])}
    rows = find_many(connection, spools, _SPOOL, ("id", *_SPOOL), sorted(wanted), lock="UPDATE")
    there = {(row.agent_id, row.epoch): row.id for row in rows}
    return {
        (agent_id, epoch): [there[former, epoch] for former in lines[agent_id] if (former, epoch) in there]
        for agent_id, epoch in keys
        if agent_id in lines
    }


def take_over(connection: Connection, spool_id: int, formers: list[int]) -> None:
    """Let what was received of the spools ``formers`` count as received of a spool that has just begun."""
    if formers:
        connection.execute(_TAKEN, {"spool_id": spool_id, "formers": formers})
