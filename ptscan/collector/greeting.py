"""What an agent is told when it says where it stands: the Welcome of a session, the reply to a check-in. Pure."""

from contextlib import suppress

import msgspec
from sqlalchemy import Connection

from proto_schema import CheckInReply, Hello, JobCancel, Welcome, WireError, encode
from ptscan.collector.board import CANCELLED
from ptscan.collector.storage import received_of, settings_of, waiting_jobs


def welcome_of(connection: Connection, agent_id: str, hello: Hello, begun: Welcome) -> Welcome:
    """The Welcome that answers a Hello."""
    settings = settings_of(connection, agent_id)
    return msgspec.structs.replace(
        begun,
        received=received_of(connection, agent_id=agent_id, epochs=hello.epochs),
        settings=settings if settings.revision > hello.settings_revision else None,
    )


def check_in_of(connection: Connection, agent_id: str, hello: Hello, begun: Welcome) -> CheckInReply:
    """What answers a check-in."""
    waiting = waiting_jobs(connection, agent_id)
    return CheckInReply(
        welcome=welcome_of(connection, agent_id, hello, begun),
        jobs=[stored.job for stored in waiting if not stored.cancel],
        cancels=[JobCancel(job_id=stored.job.job_id, text=CANCELLED) for stored in waiting if stored.cancel],
    )


def reply_octets(reply: CheckInReply) -> bytes:
    """A reply as it is sent: where all of it is more than a message holds, the rest waits for the next check-in."""
    bare = msgspec.structs.replace(reply.welcome, received=[])
    smaller = [
        reply,
        msgspec.structs.replace(reply, jobs=reply.jobs[: len(reply.jobs) // 2]),
        # What is stored of no epoch: the agent sends again what it still has, and that does no harm.
        msgspec.structs.replace(reply, welcome=bare),
        msgspec.structs.replace(reply, welcome=bare, jobs=reply.jobs[:1]),
        msgspec.structs.replace(reply, welcome=msgspec.structs.replace(bare, settings=None)),
    ]
    for one in smaller:
        with suppress(WireError):
            return encode(one)
    return encode(CheckInReply(welcome=msgspec.structs.replace(bare, settings=None)))
