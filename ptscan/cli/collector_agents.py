"""``ptscan collector agent list``, ``show``, ``revoke`` and ``reinstate``: who sends, and who may."""

import time
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection

from proto_schema import Health, WireError, decode
from ptscan.cli.collector_place import (
    EntityName,
    Folder,
    NoSuchThingError,
    entity_ids,
    find_agent,
    give_out,
    open_collector,
    paths_of,
    typed,
)
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Cell, Grid, Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Option, Showing
from ptscan.cli.times import instant
from ptscan.cli.words import Words
from ptscan.collector import (
    Agent,
    devices_by_agent,
    find_entity,
    list_agents,
    list_refusals,
    list_spools,
    move_agent,
    reinstate,
    revoke,
)

_LATEST_REFUSALS: Final = 100

AgentName = Annotated[str, Option(name="ID", help="An agent's id, or a name that only one has.")]


class FindingRow(msgspec.Struct, frozen=True):
    """Something that is not as it should be at an agent."""

    code: str
    text: str
    mend: str


class AgentRow(msgspec.Struct, frozen=True):
    """An agent. ``state`` is ``active``, ``suspended``, ``revoked`` or ``ended`` (its certificate). It was the last to
    read so many ``devices``; ``waiting`` and what follows it said of itself last, at ``health_at``."""

    id: str
    name: str
    entity: str
    state: str
    why: str | None
    version: str | None
    platform: str | None
    enrolled_at: str | None
    seen_at: str | None
    certificate: int
    certificate_ends_at: str | None
    devices: int
    health_at: str | None
    waiting: int | None
    swept_at: str | None
    findings: list[FindingRow]

    @property
    def trouble(self) -> str | None:
        """What is wrong, in words for a table."""
        return self.why or " ".join(finding.code for finding in self.findings) or None


class SpoolRow(msgspec.Struct, frozen=True):
    """What came of one spool file of an agent."""

    epoch: str
    first_at: str | None
    last_at: str | None
    stored: int
    redelivered: int
    refused: int


class RefusalRow(msgspec.Struct, frozen=True):
    """A record that was refused when it came last."""

    epoch: str
    sequence: int
    code: str
    text: str
    tries: int
    refused_at: str | None


class AgentPage(msgspec.Struct, frozen=True):
    """All that is known of an agent."""

    agent: AgentRow
    spools: list[SpoolRow]
    refusals: list[RefusalRow]


def agent_list(*, entity: EntityName = None, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """List the agents: where each belongs, when it was heard, what is wrong with it."""

    def read(connection: Connection) -> list[AgentRow]:
        paths, numbers = paths_of(connection), devices_by_agent(connection)
        found = list_agents(connection, entity_ids(connection, entity))
        return [_row(agent, paths, numbers, time.time()) for agent in found]

    give_out(AGENTS, showing, folder, read)
    return Exit.DONE


def agent_show(agent: AgentName, /, *, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """Show all that is known of an agent: its certificate, its health, its spools, what was refused of it."""

    def read(connection: Connection) -> list[AgentPage]:
        found = find_agent(connection, agent)
        page = AgentPage(
            agent=_row(found, paths_of(connection), devices_by_agent(connection), time.time()),
            spools=[
                SpoolRow(
                    one.epoch, instant(one.first_at), instant(one.last_at), one.stored, one.redelivered, one.refused
                )
                for one in list_spools(connection, found.id)
            ],
            refusals=[
                RefusalRow(one.epoch, one.sequence, one.code, one.text, one.tries, instant(one.refused_at))
                for one in list_refusals(connection, found.id)[:_LATEST_REFUSALS]
            ],
        )
        return [page]

    give_out(PAGES, showing, folder, read)
    return Exit.DONE


def agent_move(agent: AgentName, /, *, entity: Annotated[str, Option(metavar="NAME")], folder: Folder = None) -> int:
    """Let an agent, and the devices that it reads, belong to another entity; what they said before goes with them.

    Parameters
    ----------
    entity
        Where: a path such as "ACME/Berlin", or a name that only one has.
    """

    def write(connection: Connection) -> bool:
        place = find_entity(connection, typed(entity))
        return move_agent(connection, find_agent(connection, agent).id, place.id, now=time.time())

    with open_collector(folder) as store:
        if not store.write(write):
            Words().say(f"agent {agent} is there already")
    return Exit.DONE


def agent_revoke(
    agent: AgentName,
    /,
    *,
    why: Annotated[str, Option(metavar="TEXT", show_default=False)] = "revoked on the command line",
    folder: Folder = None,
) -> int:
    """End an agent for good: within seconds it is out, and only a new token lets its machine in again.

    Parameters
    ----------
    why
        What agent list shows as the reason.
    """

    def write(connection: Connection) -> bool:
        return revoke(connection, find_agent(connection, agent).id, why, now=time.time())

    with open_collector(folder) as store:
        if not store.write(write):
            Words().say(f"agent {agent} was revoked already")
    return Exit.DONE


def agent_reinstate(agent: AgentName, /, *, folder: Folder = None) -> int:
    """Let an agent in again that was suspended, once you know which machine holds a copy of its key."""

    def write(connection: Connection) -> Agent | None:
        found = find_agent(connection, agent)
        return None if reinstate(connection, found.id) else found

    with open_collector(folder) as store:
        refused = store.write(write)
    if refused is None:
        return Exit.DONE
    if refused.revoked_at is not None:
        raise NoSuchThingError(f"agent {agent} was revoked, which is for good: enrol its machine with a new token")
    Words().say(f"agent {agent} is not suspended")
    return Exit.DONE


def _row(agent: Agent, paths: dict[int, str], devices: dict[str, int], now: float) -> AgentRow:
    state, why = "active", None
    if agent.revoked_at is not None:
        state, why = "revoked", agent.revoked_why
    elif agent.suspended_at is not None:
        state, why = "suspended", agent.suspended_why
    elif agent.not_after_at is not None and agent.not_after_at <= now:
        state, why = "ended", "its certificate has ended: enrol it with a new token"
    health = _health(agent)
    return AgentRow(
        id=agent.id,
        name=agent.name,
        entity=paths[agent.entity_id],
        state=state,
        why=why,
        version=agent.version,
        platform=agent.platform,
        enrolled_at=instant(agent.enrolled_at),
        seen_at=instant(agent.seen_at),
        certificate=agent.generation,
        certificate_ends_at=instant(agent.not_after_at),
        devices=devices.get(agent.id, 0),
        health_at=instant(agent.health_at),
        waiting=None if health is None else health.spool.records,
        swept_at=None if health is None else health.swept_at,
        findings=[FindingRow(one.code, one.text, one.mend) for one in health.findings] if health else [],
    )


def _health(agent: Agent) -> Health | None:
    """What an agent said last, None where it said nothing that can be read."""
    try:
        return decode(agent.health, Health) if agent.health else None
    except WireError:
        return None


def _short(rows: Sequence[AgentRow]) -> Grid:
    header = ("id", "name", "entity", "state", "seen", "waiting", "devices", "trouble")
    cells: list[tuple[Cell, ...]] = [
        (row.id, row.name, row.entity, row.state, row.seen_at, row.waiting, row.devices, row.trouble) for row in rows
    ]
    return Grid(header, cells)


def _page(pages: Sequence[AgentPage]) -> Grid:
    """Everything as lines of a name and a value."""
    cells: list[tuple[Cell, ...]] = []
    for page in pages:
        names = [name for name in AgentRow.__struct_fields__ if name != "findings"]
        cells += [(name.removesuffix("_at").replace("_", " "), getattr(page.agent, name)) for name in names]
        cells += [(f"finding {one.code}", f"{one.text} {one.mend}".strip()) for one in page.agent.findings]
        for spool in page.spools:
            counts = f"{spool.stored:,} stored, {spool.redelivered:,} came again, {spool.refused:,} refused"
            cells.append((f"spool {spool.epoch}", f"{counts}; {spool.first_at} to {spool.last_at}"))
        cells += [
            (f"refused {one.epoch} {one.sequence}", f"{one.code}: {one.text} ({one.refused_at})")
            for one in page.refusals
        ]
    return Grid(("what", "value"), cells)


AGENTS: Final = Shape[AgentRow](listed(AgentRow).wide, _short)
PAGES: Final = Shape[AgentPage](_page, _page)
