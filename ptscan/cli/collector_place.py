"""Where a collector lives and how its verbs open it, beside one that runs or without it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from ptscan.cli.delivery import open_delivery
from ptscan.cli.flat import Shape
from ptscan.cli.folders import folder_of_daemon, folder_option
from ptscan.cli.options import Option, Showing
from ptscan.cli.words import Words
from ptscan.collector import (
    Agent,
    CollectorConfig,
    Entity,
    Store,
    find_entity,
    get_agent,
    list_agents,
    list_entities,
    load_config,
    open_store,
    subtree,
)
from ptscan.errors import InputError

T = TypeVar("T")

ROOT: Final = "/"
"""How the root of the entities is shown and typed."""

Folder: TypeAlias = Annotated[Path | None, folder_option("collector")]
folder_of: Final = partial(folder_of_daemon, "collector")
EntityName: TypeAlias = Annotated[
    str | None,
    Option(metavar="NAME", help="Only of this entity and those below it: its path, or a name that only one has."),
]


class NoSuchThingError(InputError):
    """What was named is not there."""


def settings_of(folder: Path | None) -> CollectorConfig:
    """The settings of the collector in ``folder``, which nothing is made in. Raises InputError."""
    place = folder_of(folder)
    if not place.exists():
        raise NoSuchThingError(f"there is no folder {place}: run ptscan collector init, or name another by --folder")
    return load_config(place)


def open_collector(folder: Path | None) -> AbstractContextManager[Store]:
    """Open the store of the collector in ``folder``. Raises InputError and StoreError."""
    return open_store(settings_of(folder).database, create=False)


def give_out(
    shape: Shape[T], showing: Showing, folder: Path | None, read: Callable[[Connection], Sequence[T]]
) -> Sequence[T]:
    """Give out what ``read`` finds in the store of the collector in ``folder``, and return it."""
    with open_delivery(shape, showing, Words(quiet=showing.quiet)) as delivery, open_collector(folder) as store:
        records = store.read(read)
        delivery.give(records)
    return records


def path_of(entity: Entity) -> str:
    """An entity as it is shown."""
    return entity.path or ROOT


def paths_of(connection: Connection) -> dict[int, str]:
    """Every entity's path by its number."""
    return {entity.id: path_of(entity) for entity in list_entities(connection)}


def typed(name: str) -> str:
    """An entity's path as it was typed, with or without the root's stroke before it."""
    return name.strip().removeprefix(ROOT)


def entity_ids(connection: Connection, name: str | None) -> list[int] | None:
    """The numbers of the entity ``name`` and of all below it; None for everything. Raises EntityError."""
    return None if name is None else subtree(connection, find_entity(connection, typed(name)).id)


def find_agent(connection: Connection, name: str) -> Agent:
    """The agent with that id, or of a name that only one has. Raises NoSuchThingError."""
    agent = get_agent(connection, name)
    if agent is not None:
        return agent
    found = [one for one in list_agents(connection) if one.name == name]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found[:5])
        raise NoSuchThingError(f"{len(found)} agents are called {name!r}: say which by its id ({ids})")
    if not found:
        raise NoSuchThingError(f"there is no agent {name[:80]!r}: ptscan collector agent list names them")
    return found[0]
