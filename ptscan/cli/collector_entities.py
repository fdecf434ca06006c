"""``ptscan collector entity list`` and ``add``: the tree that agents and devices belong to."""

import time
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection

from ptscan.cli.collector_place import Folder, give_out, open_collector, path_of, typed
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Option, Showing
from ptscan.collector import ensure_entity, find_entity, list_agents, list_entities, move_entity


class EntityRow(msgspec.Struct, frozen=True):
    """An entity with what belongs to it itself, without what is below it."""

    id: int
    path: str
    name: str
    parent_id: int | None
    agents: int


def entity_list(*, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """List all entities, each behind the one that it belongs to."""

    def read(connection: Connection) -> list[EntityRow]:
        own: dict[int, int] = {}
        for agent in list_agents(connection):
            own[agent.entity_id] = own.get(agent.entity_id, 0) + 1
        return [
            EntityRow(entity.id, path_of(entity), entity.name, entity.parent_id, own.get(entity.id, 0))
            for entity in sorted(list_entities(connection), key=lambda entity: entity.path.split("/"))
        ]

    give_out(ENTITIES, showing, folder, read)
    return Exit.DONE


def entity_add(
    path: Annotated[str, Option(name="PATH", help="Names from the root down, as ACME/Berlin/Warehouse.")],
    /,
    *,
    folder: Folder = None,
) -> int:
    """Make an entity, with those above it, where it is not there."""
    with open_collector(folder) as store:
        store.write(ensure_entity, typed(path), now=time.time())
    return Exit.DONE


def entity_move(
    path: Annotated[str, Option(name="PATH", help="Where it is: its path, or a name that only one has.")],
    to: Annotated[str, Option(name="NEW_PATH", help="Where it belongs: a whole path, whose parent is there.")],
    /,
    *,
    folder: Folder = None,
) -> int:
    """Give an entity another name or another place, with all below it."""

    def write(connection: Connection) -> None:
        move_entity(connection, find_entity(connection, typed(path)).id, typed(to), now=time.time())

    with open_collector(folder) as store:
        store.write(write)
    return Exit.DONE


ENTITIES: Final[Shape[EntityRow]] = listed(EntityRow, "path", "agents")
