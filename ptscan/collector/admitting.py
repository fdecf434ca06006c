"""Enrolment, renewal, and who is let in: the authority's judgement and the store's rows, in one transaction each.

Each is one sync function for ``Store.write``. What is granted and what is refused is a value, because both are kept: a
copy that was noticed is suspended in the same transaction. The peer hears little of why; the log all of it.

An answer may be lost on its way. So who asks again with the same key is answered again: the token is not used a second
time, and the generation is not counted up.
"""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, or_, select

from proto_schema import EnrolReply, EnrolRequest, RenewReply, write_instant
from ptscan.collector.ca import Authority, Issued, Standing, Verdict, connected, renewed
from ptscan.collector.storage import (
    Admission,
    Agent,
    Newcomer,
    check_token,
    enrol,
    get_agent,
    keep_certificate,
    list_entities,
    lock_agent,
    standing,
    suspend,
)
from ptscan.collector.storage.tables import agents
from ptscan.tls import AgentIdentity, Request, is_id

COPIED = "two machines hold keys of this agent"


class Judgement(msgspec.Struct, frozen=True):
    """Whether a peer gets what it asked for. ``code`` is a word of Admission or Verdict."""

    code: str
    granted: bool
    alarm: bool = False
    """Whether a person has to look at once: this agent was suspended by what just happened."""
    enrolment: EnrolReply | None = None
    renewal: RenewReply | None = None


def enrol_agent(
    connection: Connection,
    authority: Authority,
    message: EnrolRequest,
    *,
    request: Request,
    digest: bytes,
    agent_id: str,
    serial: int,
    now_at: datetime,
) -> Judgement:
    """Make an agent of who shows a token, ``request`` and ``digest`` being what was read from the message.

    ``agent_id`` and ``serial`` are new, and used where the agent is.
    """
    now = now_at.timestamp()
    verdict, _ = check_token(connection, digest, now=now, key_digest=request.fingerprint)
    known = _of_key(connection, request.fingerprint)
    if known is None:
        issued = _issue(authority, request, agent_id, 1, serial, now_at)
        newcomer = Newcomer(
            id=agent_id,
            name=message.name,
            version=message.version,
            platform=message.platform,
            serial=_hex(serial),
            key_digest=request.fingerprint,
            not_after_at=issued.not_after_at.timestamp(),
            # Unproven: a false one makes the claimer's own records be passed over, and no other's.
            former_id=message.former if is_id(message.former) else None,
        )
        verdict, taken = enrol(connection, digest, newcomer, now=now)
        if verdict is Admission.KEY_IN_USE:
            # Who asked with the same key at the same moment was first.
            known = _of_key(connection, request.fingerprint)
        if known is None and taken is None:
            return _refused(verdict.value)
        entity_id = taken
    if known is not None:
        # Its answer was lost, as long as nobody was seen with the certificate. Any other time a key is used once.
        if verdict in {Admission.UNKNOWN, Admission.REVOKED, Admission.OTHER_KEY}:
            return _refused(verdict.value)
        if known.shown or known.generation != 1:
            return _refused(Admission.KEY_IN_USE.value)
        if (may := standing(connection, known.id)) is not Admission.GRANTED:
            return _refused(may.value)
        agent_id, entity_id = known.id, known.entity_id
        issued = _issue(authority, request, agent_id, 1, serial, now_at)
        keep_certificate(
            connection, agent_id, generation=1, key_digest=request.fingerprint, serial=_hex(serial),
            not_after_at=issued.not_after_at.timestamp(), now=now,
        )  # fmt: skip
    entity = next((entity.path for entity in list_entities(connection) if entity.id == entity_id), "")
    reply = EnrolReply(
        agent_id=agent_id,
        entity=entity,
        chain=list(issued.chain),
        roots=list(authority.roots),
        not_after=write_instant(issued.not_after_at.timestamp()),
        generation=1,
    )
    return Judgement(code=Admission.GRANTED.value, granted=True, enrolment=reply)


def is_known(connection: Connection, identity: AgentIdentity) -> bool:
    """Whether an agent is let in as it was before, so that nothing has to be written; else ``admit_agent`` judges."""
    agent = get_agent(connection, identity.agent_id)
    return (
        agent is not None
        and (agent.revoked_at, agent.suspended_at) == (None, None)
        and (agent.generation, agent.key_digest, agent.shown) == (identity.generation, identity.key, True)
    )


def admit_agent(connection: Connection, identity: AgentIdentity, *, now_at: datetime) -> Judgement:
    """Judge an agent that has just connected, by its certificate; a copy suspends it."""
    agent, before, refusal = _look(connection, identity)
    if agent is None or before is None:
        return refusal
    verdict, after = connected(before, generation=identity.generation, key=identity.key)
    return _keep(connection, agent, before, after, verdict, now_at)


def renew_agent(
    connection: Connection,
    authority: Authority,
    identity: AgentIdentity,
    *,
    request: Request,
    serial: int,
    now_at: datetime,
) -> Judgement:
    """Give an agent its next certificate, for the key of ``request``; a copy suspends it and gets none."""
    agent, before, refusal = _look(connection, identity)
    if agent is None or before is None:
        return refusal
    verdict, after = renewed(before, generation=identity.generation, key=identity.key, new_key=request.fingerprint)
    if verdict not in {Verdict.WELCOME, Verdict.LEARNT}:
        return _keep(connection, agent, before, after, verdict, now_at)
    issued = _issue(authority, request, agent.id, after.generation, serial, now_at)
    kept = keep_certificate(
        connection, agent.id, generation=after.generation, key_digest=after.key,
        previous_key_digest=after.previous_key, shown=after.seen, serial=_hex(serial),
        not_after_at=issued.not_after_at.timestamp(), now=now_at.timestamp(),
    )  # fmt: skip
    if not kept:
        return _refused(Admission.KEY_IN_USE.value)
    reply = RenewReply(
        chain=list(issued.chain),
        roots=list(authority.roots),
        not_after=write_instant(issued.not_after_at.timestamp()),
        generation=after.generation,
    )
    return Judgement(code=verdict.value, granted=True, renewal=reply)


def suspend_copied(connection: Connection, agent_id: str, *, now_at: datetime) -> Judgement:
    """Suspend an agent of which two machines were heard."""
    alarm = suspend(connection, agent_id, COPIED, now=now_at.timestamp())
    return Judgement(code=Verdict.COPY.value, granted=False, alarm=alarm)


def barred_agents(connection: Connection) -> frozenset[str]:
    """Who may not stay: the ids of all agents that are revoked or suspended."""
    barred = or_(agents.c.revoked_at.is_not(None), agents.c.suspended_at.is_not(None))
    return frozenset(connection.scalars(select(agents.c.id).where(barred)))


def _look(connection: Connection, identity: AgentIdentity) -> tuple[Agent | None, Standing | None, Judgement]:
    """The agent, its row locked, and its standing; where it may not speak, the refusal."""
    agent = lock_agent(connection, identity.agent_id)
    if agent is None or agent.key_digest is None:
        return None, None, _refused(Admission.UNKNOWN.value)
    if agent.revoked_at is not None:
        return None, None, _refused(Admission.REVOKED.value)
    if agent.suspended_at is not None:
        return None, None, _refused(Admission.SUSPENDED.value)
    before = Standing(
        generation=agent.generation, key=agent.key_digest, seen=agent.shown, previous_key=agent.previous_key_digest
    )
    return agent, before, _refused("")


def _keep(
    connection: Connection, agent: Agent, before: Standing, after: Standing, verdict: Verdict, now_at: datetime
) -> Judgement:
    if verdict is Verdict.COPY:
        suspend(connection, agent.id, COPIED, now=now_at.timestamp())
        return Judgement(code=verdict.value, granted=False, alarm=True)
    if after != before:
        keep_certificate(
            connection, agent.id, generation=after.generation, key_digest=after.key,
            previous_key_digest=after.previous_key, shown=after.seen, now=now_at.timestamp(),
        )  # fmt: skip
    return Judgement(code=verdict.value, granted=verdict in {Verdict.WELCOME, Verdict.LEARNT})


def _of_key(connection: Connection, key: bytes) -> Agent | None:
    """The agent whose newest certificate is for this key."""
    agent_id = connection.scalar(select(agents.c.id).where(agents.c.key_digest == key).limit(1))
    return None if agent_id is None else get_agent(connection, agent_id)


def _issue(
    authority: Authority, request: Request, agent_id: str, generation: int, serial: int, now_at: datetime
) -> Issued:
    return authority.issue_agent(request, agent_id=agent_id, generation=generation, serial=serial, issued_at=now_at)


def _refused(code: str) -> Judgement:
    return Judgement(code=code, granted=False)


def _hex(serial: int) -> str:
    return f"{serial:x}"
