"""The tree of entities: dealer, region, customer, site; an agent belongs to one, and with it what the agent reads."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from ptscan.collector.storage import limits
from ptscan.collector.storage.errors import EntityError
from ptscan.collector.storage.rows import Entity
from ptscan.collector.storage.tables import entities

SEPARATOR = "/"


def ensure_entity(connection: Connection, path: str, *, now: float) -> Entity:
    """The entity at ``path``, names from below the root joined by ``/``; made, with those above it, where it is not.

    Raises:
        EntityError: a name is empty, too long, or there are too many.
    """
    names = names_in(path)
    here = _root(connection)
    for name in names:
        there = select(entities.c.id).where(entities.c.parent_id == here.id, entities.c.name == name)
        number = connection.scalar(there)
        if number is None:
            row = {"parent_id": here.id, "name": name, "created_at": now}
            # Somebody else may be making it.
            if connection.dialect.name == "postgresql":
                connection.execute(postgresql.insert(entities).on_conflict_do_nothing(), row)
            else:
                connection.execute(sqlite.insert(entities).on_conflict_do_nothing(), row)
            number = connection.scalar(there)
        path_here = f"{here.path}{SEPARATOR}{name}" if here.path else name
        here = Entity(id=int(number or 0), parent_id=here.id, name=name, path=path_here)
    return here


def find_entity(connection: Connection, name: str) -> Entity:
    """The entity at a path, or of a name that only one has; the root for the empty name.

    Raises:
        EntityError: none, or several.
    """
    wanted = SEPARATOR.join(part.strip() for part in name.split(SEPARATOR))
    everything = list_entities(connection)
    found = [entity for entity in everything if entity.path == wanted]
    found = found or [entity for entity in everything if entity.name == wanted]
    if not found:
        raise EntityError(f"no entity is called {name[:80]!r}: see the list, or make it")
    if len(found) > 1:
        paths = ", ".join(repr(entity.path) for entity in found[:5])
        raise EntityError(f"{len(found)} entities are called {name[:80]!r}: say which by its path ({paths})")
    return found[0]


def list_entities(connection: Connection) -> list[Entity]:
    """The whole tree, a parent always before its children."""
    rows = connection.execute(
        select(entities.c.id, entities.c.parent_id, entities.c.name).order_by(entities.c.id)
    ).all()
    children: dict[int | None, list[tuple[int, str]]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append((row.id, row.name))
    found = [Entity(id=number, parent_id=None, name=name, path="") for number, name in children.get(None, [])]
    for entity in found:
        for number, name in sorted(children.get(entity.id, []), key=lambda child: child[1]):
            path = f"{entity.path}{SEPARATOR}{name}" if entity.path else name
            found.append(Entity(id=number, parent_id=entity.id, name=name, path=path))
    return found


def subtree(connection: Connection, entity_id: int) -> list[int]:
    """The numbers of an entity and of all below it."""
    below = {entity_id}
    for entity in list_entities(connection):
        if entity.parent_id in below:
            below.add(entity.id)
    return sorted(below)


def names_in(path: str) -> list[str]:
    """The names of a path, from below the root.

    Raises:
        EntityError: one is none, or they are too many.
    """
    names = [name.strip() for name in path.split(SEPARATOR)] if path.strip() else []
    if len(names) >= limits.ENTITY_DEPTH:
        raise EntityError(f"{len(names)} names in {path[:80]!r}: the tree has {limits.ENTITY_DEPTH - 1} below its root")
    for name in names:
        if not 0 < len(name) <= limits.ENTITY_NAME or not name.isprintable():
            raise EntityError(f"{name[:80]!r} is no entity's name: it has 1 to {limits.ENTITY_NAME} characters")
    return names


def lock_tree(connection: Connection) -> None:
    """Let nobody else change the tree's shape, or settings, until the transaction ends."""
    connection.execute(select(entities.c.id).where(entities.c.parent_id.is_(None)).with_for_update()).one()


def _root(connection: Connection) -> Entity:
    row = connection.execute(select(entities.c.id, entities.c.name).where(entities.c.parent_id.is_(None))).one()
    return Entity(id=row.id, parent_id=None, name=row.name, path="")
