"""Settings: what the agents of an entity are to do by themselves, and which of them have to be told anew.

Those of the nearest entity upwards hold. An agent takes no settings whose revision is older than what it has, so the
revision of an agent's settings is the newest of all entities from its own to the root: it counts up too when settings
are taken away, and when an agent or an entity comes to other ones by moving (``touch``). A revision is never lower than
the clock, so that it goes on upwards in a store that was restored from a backup.
"""

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from proto_schema import Settings, WireError, decode, encode
from ptscan.collector.storage import limits
from ptscan.collector.storage.entities import lock_tree
from ptscan.collector.storage.errors import SettingsError
from ptscan.collector.storage.tables import agents, entities, settings

_HERE: Final = (
    select(agents.c.entity_id.label("id"), literal(0).label("steps"))
    .where(agents.c.id == bindparam("agent_id"))
    .cte("upwards", recursive=True)
)
_UPWARDS: Final = _HERE.union(
    select(entities.c.parent_id, _HERE.c.steps + 1)
    .join(_HERE, entities.c.id == _HERE.c.id)
    .where(entities.c.parent_id.is_not(None), _HERE.c.steps < limits.ENTITY_DEPTH)
)
_OF_AGENT: Final = (
    select(settings.c.revision, settings.c.body)
    .join(_UPWARDS, _UPWARDS.c.id == settings.c.entity_id)
    .order_by(_UPWARDS.c.steps)
)
_CHANGED: Final = (
    select(settings.c.entity_id.label("id"), settings.c.revision, literal(0).label("steps"))
    .where(settings.c.revision > bindparam("since"))
    .cte("downwards", recursive=True)
)
_DOWNWARDS: Final = _CHANGED.union(
    select(entities.c.id, _CHANGED.c.revision, _CHANGED.c.steps + 1)
    .join(_CHANGED, entities.c.parent_id == _CHANGED.c.id)
    .where(_CHANGED.c.steps < limits.ENTITY_DEPTH)
)
_REVISIONS: Final = (
    select(agents.c.id, func.max(_DOWNWARDS.c.revision).label("revision"))
    .join(_DOWNWARDS, _DOWNWARDS.c.id == agents.c.entity_id)
    .where(agents.c.revoked_at.is_(None))
    .group_by(agents.c.id)
)


def put_settings(connection: Connection, entity_id: int, new: Settings | None, *, now: float) -> int:
    """Set what the agents of an entity do, and of all below it that have no settings of their own; the revision.

    None takes an entity's settings away. The revision in ``new`` is not looked at.

    Raises:
        SettingsError: it is beyond what a message holds, or there is no such entity.
    """
    body = None
    if new is not None:
        try:
            body = encode(msgspec.structs.replace(new, revision=0))
            decode(body, Settings)
        except WireError as error:
            raise SettingsError(f"these settings are no message ({error.text}): mend them") from error
    revision = _next(connection, now)
    if connection.scalar(select(entities.c.id).where(entities.c.id == entity_id)) is None:
        raise SettingsError(f"there is no entity {entity_id}: see the list")
    _put(connection, {"entity_id": entity_id, "revision": revision, "body": body, "changed_at": now})
    return revision


def touch(connection: Connection, entity_id: int, *, now: float) -> None:
    """Count the revision up of what the agents of an entity have, and of all below it: they are told it again."""
    revision = _next(connection, now)
    mine = settings.c.entity_id == entity_id
    if connection.execute(update(settings).where(mine).values(revision=revision)).rowcount == 0:
        _put(connection, {"entity_id": entity_id, "revision": revision, "body": None, "changed_at": now})


def own_settings(connection: Connection, entity_id: int) -> Settings | None:
    """The settings that an entity itself has, None for none."""
    columns = settings.c.revision, settings.c.body
    row = connection.execute(select(*columns).where(settings.c.entity_id == entity_id)).one_or_none()
    return None if row is None or row.body is None else _read(row.body, row.revision)


def settings_of(connection: Connection, agent_id: str) -> Settings:
    """What an agent is to do: the settings of the nearest entity upwards that has some, else the defaults."""
    rows = connection.execute(_OF_AGENT, {"agent_id": agent_id}).all()
    revision = max((row.revision for row in rows), default=0)
    body = next((row.body for row in rows if row.body is not None), None)
    return Settings(revision=revision) if body is None else _read(body, revision)


def settings_revisions(connection: Connection, *, since: int = 0) -> dict[str, int]:
    """The agents whose settings have a revision beyond ``since``, with that revision.

    Revisions are committed in their order: whoever asks again with the highest that it was told misses none.
    """
    return {row.id: row.revision for row in connection.execute(_REVISIONS, {"since": since})}


def _next(connection: Connection, now: float) -> int:
    # In turn over the whole store: a lower revision is never committed after a higher one.
    lock_tree(connection)
    latest = int(connection.scalar(select(func.max(settings.c.revision))) or 0)
    return max(latest + 1, int(now))


def _put(connection: Connection, row: dict[str, object]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = {name: row[name] for name in ("revision", "body", "changed_at")}
    connection.execute(
        dialect.insert(settings).values(row).on_conflict_do_update(index_elements=["entity_id"], set_=new)
    )


def _read(body: bytes, revision: int) -> Settings:
    return msgspec.structs.replace(decode(body, Settings), revision=revision)
