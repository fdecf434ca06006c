"""The method Upload: batches come, and each is answered when it is committed, in the order in which they came. I/O."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec
import trio

from proto_schema import Batch, UploadReply, WireError, decode, encode
from ptscan.collector import limits
from ptscan.collector.ingesting import Ingestor, Waiting
from ptscan.collector.storage import Parcel
from ptscan.link import Call, CallError, Handler, Peer, Status, first_to_end
from ptscan.tls import AgentIdentity

Admit: TypeAlias = Callable[[Peer], Awaitable[AgentIdentity]]
"""Says who calls, by the certificate, or raises CallError."""

_SHORT: Final = 64
"""Characters of a refusal's text where very many at once would not fit into a message."""


def uploads(admit: Admit, ingestor: Ingestor) -> Handler:
    """The handler of the method."""

    async def serve(call: Call, peer: Peer) -> None:
        identity = await admit(peer)
        # So many are taken and not answered: one in the hand of each task, the rest between them.
        put, get = trio.open_memory_channel[Waiting | CallError](limits.BATCHES_PER_UPLOAD - 2)
        taken: dict[Waiting, None] = {}
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_take, call, identity.agent_id, ingestor, put, taken)
                failure = await _answer(call, get, taken)
                nursery.cancel_scope.cancel()
        finally:
            for waiting in taken:
                waiting.answered()
        if failure is not None:
            raise failure

    return serve


async def _take(
    call: Call,
    agent_id: str,
    ingestor: Ingestor,
    put: "trio.MemorySendChannel[Waiting | CallError]",
    taken: dict[Waiting, None],
) -> None:
    """Take messages until there are no more, one is wrong, or the connection takes no more calls."""

    async def receive() -> tuple[Parcel, int] | None:
        octets = await call.receive()
        return None if octets is None else (Parcel(agent_id, decode(octets, Batch)), len(octets))

    async def take() -> None:
        while True:
            await call.ready()
            waiting = await ingestor.take(agent_id, receive)
            if waiting is None:
                return
            taken[waiting] = None
            await put.send(waiting)

    async with put:
        try:
            await first_to_end(take, call.draining.wait)
        except WireError as error:
            await put.send(CallError(Status.INVALID_ARGUMENT, str(error)))
        except CallError as error:
            await put.send(error)


async def _answer(
    call: Call, get: "trio.MemoryReceiveChannel[Waiting | CallError]", taken: dict[Waiting, None]
) -> CallError | None:
    """Send the replies; the error that the stream is to end with, None for a good end."""
    async for waiting in get:
        if isinstance(waiting, CallError):
            return waiting
        try:
            await call.send(reply_octets(await waiting.reply()))
        except CallError as error:
            return error
        waiting.answered()
        del taken[waiting]
    return None


def reply_octets(reply: UploadReply) -> bytes:
    """A reply as it is sent: of very many refusals the texts are short."""
    try:
        return encode(reply)
    except WireError:
        short = [msgspec.structs.replace(one, text=one.text[:_SHORT]) for one in reply.refused]
        return encode(msgspec.structs.replace(reply, refused=short))
