"""Entities and agents put to another place in the tree, with all that hangs on them.

A device belongs to the entity of the agent that reads it: it goes with the agent that read it last, and its history
with it. Where the new entity has that device already, because another agent there reads it too, the two become one,
which says what was said last of either.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, delete, func, or_, select, update

from ptscan.collector.storage import limits
from ptscan.collector.storage.entities import SEPARATOR, list_entities, lock_tree, names_in
from ptscan.collector.storage.errors import EntityError
from ptscan.collector.storage.rows import Entity
from ptscan.collector.storage.settings import touch
from ptscan.collector.storage.tables import agents, alerts, devices, entities, readings, supplies

_GONE: Final = bindparam("gone", type_=BigInteger)
_KEPT: Final = bindparam("kept", type_=BigInteger)
_MERGE: Final = (
    update(readings).where(readings.c.device_id == _GONE).values(device_id=_KEPT),
    update(alerts)
    .where(alerts.c.device_id == _GONE)
    .values(device_id=_KEPT, cleared_at=func.coalesce(alerts.c.cleared_at, bindparam("now"))),
    delete(supplies).where(supplies.c.device_id == _GONE),
    delete(devices).where(devices.c.id == _GONE),
)


def move_entity(connection: Connection, entity_id: int, path: str, *, now: float) -> Entity:
    """Put an entity, with all below it, at ``path``: under another parent, by another name, or both.

    Raises:
        EntityError: the root, a path that is taken or whose parent is not there or below the entity, or too deep.
    """
    names = names_in(path)
    lock_tree(connection)
    everything = {entity.id: entity for entity in list_entities(connection)}
    entity = everything.get(entity_id)
    if entity is None:
        raise EntityError(f"there is no entity {entity_id}: see the list")
    if entity.parent_id is None or not names:
        raise EntityError("the root of the tree stays where it is, and nothing else is put there: name a path")
    by_path = {each.path: each for each in everything.values()}
    parent = by_path.get(SEPARATOR.join(names[:-1]))
    wanted = SEPARATOR.join(names)
    if parent is None:
        raise EntityError(f"no entity is at {SEPARATOR.join(names[:-1])!r}: make it first")
    if by_path.get(wanted, entity) != entity:
        raise EntityError(f"{wanted!r} is there already: choose another name")
    below = [each for each in everything.values() if _is_below(each, entity)]
    if parent in below:
        raise EntityError(f"{wanted!r} is below {entity.path!r} itself: choose another place")
    deepest = max(each.path.count(SEPARATOR) for each in below) - entity.path.count(SEPARATOR) + len(names)
    if deepest >= limits.ENTITY_DEPTH:
        raise EntityError(
            f"{wanted!r} would be too deep with what is below it: the tree has {limits.ENTITY_DEPTH} levels"
        )
    values = {"parent_id": parent.id, "name": names[-1]}
    connection.execute(update(entities).where(entities.c.id == entity_id).values(values))
    if parent.id != entity.parent_id:
        touch(connection, entity_id, now=now)
    return Entity(id=entity_id, parent_id=parent.id, name=names[-1], path=wanted)


def move_agent(connection: Connection, agent_id: str, entity_id: int, *, now: float) -> bool:
    """Put an agent, and the devices that it read last, into another entity; False where it is there, or is none.

    Raises:
        EntityError: there is no such entity.
    """
    # Until this is committed no batch of it comes in: what its readings say goes into one entity or the other.
    agent = connection.execute(
        select(agents.c.entity_id).where(agents.c.id == agent_id).with_for_update()
    ).one_or_none()
    if agent is None or agent.entity_id == entity_id:
        return False
    if connection.scalar(select(entities.c.id).where(entities.c.id == entity_id)) is None:
        raise EntityError(f"there is no entity {entity_id}: see the list")
    theirs = and_(devices.c.entity_id == agent.entity_id, devices.c.agent_id == agent_id)
    _merge(connection, theirs, entity_id, now)
    connection.execute(update(devices).where(theirs).values(entity_id=entity_id))
    connection.execute(update(agents).where(agents.c.id == agent_id).values(entity_id=entity_id))
    touch(connection, entity_id, now=now)
    return True


def _merge(connection: Connection, theirs: ColumnElement[bool], entity_id: int, now: float) -> None:
    """Make one of each device that is there and comes: the one that was heard last stays, under its number."""
    coming = select(devices.c.device_id).where(theirs)
    both = (
        select(devices.c.id, devices.c.device_id, devices.c.received_at, devices.c.first_at)
        .where(or_(theirs, devices.c.entity_id == entity_id), devices.c.device_id.in_(coming))
        .order_by(devices.c.device_id, devices.c.received_at, devices.c.id)
        .with_for_update()
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(both):
        found.setdefault(row.device_id, []).append(row)
    pairs = [rows for rows in found.values() if len(rows) == 2]
    if not pairs:
        return
    merged = [{"gone": gone.id, "kept": kept.id, "now": now} for gone, kept in pairs]
    for statement in _MERGE:
        names = statement.compile().params
        connection.execute(statement, [{name: row[name] for name in row if name in names} for row in merged])
    since = update(devices).where(devices.c.id == _KEPT).values(first_at=bindparam("since"))
    connection.execute(since, [{"kept": kept.id, "since": min(gone.first_at, kept.first_at)} for gone, kept in pairs])


def _is_below(entity: Entity, top: Entity) -> bool:
    """Whether it is ``top``, or below it."""
    return entity == top or entity.path.startswith(top.path + SEPARATOR)
