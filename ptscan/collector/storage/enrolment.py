"""Tokens and agents: who may become an agent, who is one, and who is one no more.

A token is known by its digest alone. It is used up by one UPDATE that asks for what is left of it, so that of fifty who
use it at once as many win as it has uses; the agent is written in the same transaction. What is refused is a value, not
an error: an ``Admission`` says why, and the caller chooses what the peer is told of it.
"""

from enum import Enum

import msgspec
from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from ptscan.collector.storage import limits
from ptscan.collector.storage.rows import Agent, Token
from ptscan.collector.storage.tables import agents, tokens


class Admission(Enum):
    """Whether a token is taken, or an agent may speak."""

    GRANTED = "granted"
    UNKNOWN = "unknown"
    USED_UP = "used-up"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    OTHER_KEY = "other-key"
    KEY_IN_USE = "key-in-use"


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be kept of an agent at its enrolment; ``id`` is the authority's choice, never the agent's."""

    id: str
    name: str
    version: str | None = None
    platform: str | None = None
    serial: str | None = None
    key_digest: bytes | None = None
    not_after_at: float | None = None
    former_id: str | None = None
    """The id that it had before, as it says: see ``formers``."""


def add_token(
    connection: Connection,
    digest: bytes,
    *,
    entity_id: int,
    now: float,
    expires_at: float,
    uses: int = 1,
    key_digest: bytes | None = None,
    note: str | None = None,
) -> int:
    """Keep a token by its digest; its number. ``key_digest`` names the only key that it is good for.

    Raises:
        ValueError: fewer uses than one, or more than anybody needs.
    """
    if not 1 <= uses <= limits.TOKEN_USES:
        raise ValueError(f"{uses} uses: a token has 1 to {limits.TOKEN_USES}")
    row = {
        "digest": digest,
        "entity_id": entity_id,
        "note": _cut(note),
        "uses": uses,
        "used": 0,
        "key_digest": key_digest,
    }
    stamps = {"created_at": now, "expires_at": expires_at}
    return int(connection.scalar(insert(tokens).returning(tokens.c.id), row | stamps) or 0)


def list_tokens(connection: Connection) -> list[Token]:
    """All tokens, the newest first."""
    columns = [tokens.c[name] for name in Token.__struct_fields__]
    rows = connection.execute(select(*columns).order_by(tokens.c.id.desc()).limit(limits.ROWS_LISTED))
    return [Token(**row) for row in rows.mappings()]


def check_token(
    connection: Connection, digest: bytes, *, now: float, key_digest: bytes | None = None
) -> tuple[Admission, int | None]:
    """Whether a token would be taken now, and its entity; it is not used."""
    row = connection.execute(select(tokens).where(tokens.c.digest == digest)).one_or_none()
    if row is None:
        return Admission.UNKNOWN, None
    if row.revoked_at is not None:
        return Admission.REVOKED, None
    if row.used >= row.uses:
        return Admission.USED_UP, None
    if now >= row.expires_at:
        return Admission.EXPIRED, None
    if row.key_digest not in {None, key_digest}:
        return Admission.OTHER_KEY, None
    return Admission.GRANTED, row.entity_id


def revoke_token(connection: Connection, token_id: int, *, now: float) -> bool:
    """Make a token worthless; False where it was so, or is none."""
    mine = tokens.c.id == token_id, tokens.c.revoked_at.is_(None)
    return connection.execute(update(tokens).where(*mine).values(revoked_at=now)).rowcount == 1


def enrol(connection: Connection, digest: bytes, newcomer: Newcomer, *, now: float) -> tuple[Admission, int | None]:
    """Use a token and make ``newcomer`` an agent of its entity, or neither; the verdict, and the entity.

    KEY_IN_USE: an agent has this key already, perhaps since a moment ago; the token is not used.
    """
    taken = (
        update(tokens)
        .where(
            tokens.c.digest == digest,
            tokens.c.used < tokens.c.uses,
            tokens.c.expires_at > now,
            tokens.c.revoked_at.is_(None),
            or_(tokens.c.key_digest.is_(None), tokens.c.key_digest == newcomer.key_digest),
        )
        .values(used=tokens.c.used + 1, used_at=now)
        .returning(tokens.c.entity_id)
    )
    with connection.begin_nested() as both:
        entity_id = connection.scalar(taken)
        if entity_id is not None and not _add_agent(connection, newcomer, int(entity_id), now):
            both.rollback()
            return Admission.KEY_IN_USE, None
    if entity_id is None:
        verdict, _ = check_token(connection, digest, now=now, key_digest=newcomer.key_digest)
        # Granted here means that somebody else's use was undone meanwhile: the agent may try again.
        return (Admission.USED_UP if verdict is Admission.GRANTED else verdict), None
    return Admission.GRANTED, int(entity_id)


def lock_agent(connection: Connection, agent_id: str) -> Agent | None:
    """One agent, its row locked until the transaction ends: what is judged by it and written stays true meanwhile."""
    return _agent(connection, agent_id, lock=True)


def keep_certificate(
    connection: Connection,
    agent_id: str,
    *,
    generation: int,
    key_digest: bytes,
    previous_key_digest: bytes | None = None,
    shown: bool = False,
    serial: str | None = None,
    not_after_at: float | None = None,
    now: float,
) -> bool:
    """Write which certificate is an agent's newest, after ``lock_agent`` and the authority's judgement.

    Without ``serial`` no certificate was issued, and what is known of the newest stays. False where it is no agent, or
    another agent has that key.
    """
    values: dict[str, object] = {
        "generation": generation,
        "key_digest": key_digest,
        "previous_key_digest": previous_key_digest,
        "shown": shown,
    }
    if serial is not None:
        values |= {"serial": serial, "not_after_at": not_after_at, "renewed_at": now}
    try:
        with connection.begin_nested():
            return connection.execute(update(agents).where(agents.c.id == agent_id).values(values)).rowcount == 1
    except IntegrityError:
        return False


def standing(connection: Connection, agent_id: str) -> Admission:
    """Whether an agent may speak: GRANTED, UNKNOWN, REVOKED or SUSPENDED."""
    columns = agents.c.revoked_at, agents.c.suspended_at
    row = connection.execute(select(*columns).where(agents.c.id == agent_id)).one_or_none()
    if row is None:
        return Admission.UNKNOWN
    if row.revoked_at is not None:
        return Admission.REVOKED
    return Admission.GRANTED if row.suspended_at is None else Admission.SUSPENDED


def revoke(connection: Connection, agent_id: str, why: str, *, now: float) -> bool:
    """End an agent for good; what it sent stays. False where it was, or is none."""
    mine = agents.c.id == agent_id, agents.c.revoked_at.is_(None)
    values = {"revoked_at": now, "revoked_why": _cut(why)}
    return connection.execute(update(agents).where(*mine).values(values)).rowcount == 1


def suspend(connection: Connection, agent_id: str, why: str, *, now: float) -> bool:
    """Let nothing of an agent in until a person has looked. False where it was so, or may not speak anyway."""
    mine = agents.c.id == agent_id, agents.c.revoked_at.is_(None), agents.c.suspended_at.is_(None)
    values = {"suspended_at": now, "suspended_why": _cut(why)}
    return connection.execute(update(agents).where(*mine).values(values)).rowcount == 1


def reinstate(connection: Connection, agent_id: str) -> bool:
    """Let a suspended agent speak again; a revoked one stays so."""
    mine = agents.c.id == agent_id, agents.c.suspended_at.is_not(None), agents.c.revoked_at.is_(None)
    values = {"suspended_at": None, "suspended_why": None}
    return connection.execute(update(agents).where(*mine).values(values)).rowcount == 1


def seen(connection: Connection, agent_id: str, *, now: float, version: str | None = None) -> None:
    """Write that an agent spoke, and which version it said it was."""
    values: dict[str, object] = {"seen_at": now}
    if version is not None:
        values["version"] = _cut(version)
    connection.execute(update(agents).where(agents.c.id == agent_id).values(values))


def keep_health(connection: Connection, agent_id: str, body: bytes, *, now: float) -> bool:
    """Keep an agent's latest report of its health, as it was encoded; False where it is too long, or no agent's."""
    if len(body) > limits.HEALTH_OCTETS:
        return False
    values = {"health": body, "health_at": now}
    return connection.execute(update(agents).where(agents.c.id == agent_id).values(values)).rowcount == 1


def get_agent(connection: Connection, agent_id: str) -> Agent | None:
    """One agent, None where it is none."""
    return _agent(connection, agent_id, lock=False)


def list_agents(connection: Connection, entity_ids: list[int] | None = None) -> list[Agent]:
    """The agents of these entities (None: of all), in the order of their enrolment."""
    columns = [agents.c[name] for name in Agent.__struct_fields__]
    query = select(*columns).order_by(agents.c.enrolled_at, agents.c.id).limit(limits.ROWS_LISTED)
    if entity_ids is not None:
        query = query.where(agents.c.entity_id.in_(entity_ids))
    return [Agent(**row) for row in connection.execute(query).mappings()]


def _agent(connection: Connection, agent_id: str, *, lock: bool) -> Agent | None:
    columns = [agents.c[name] for name in Agent.__struct_fields__]
    query = select(*columns).where(agents.c.id == agent_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else Agent(**row)


def _add_agent(connection: Connection, newcomer: Newcomer, entity_id: int, now: float) -> bool:
    """Insert an agent; False where another one has its key."""
    row = msgspec.structs.asdict(newcomer)
    row |= {"name": _cut(newcomer.name), "version": _cut(newcomer.version), "platform": _cut(newcomer.platform)}
    row |= {"entity_id": entity_id, "generation": 1, "shown": False, "enrolled_at": now}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(agents).values(row).on_conflict_do_nothing(index_elements=["key_digest"])
    return connection.scalar(added.returning(agents.c.id)) is not None


def _cut(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")[: limits.NOTE]
