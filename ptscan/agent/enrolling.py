"""From a token to an identity: who the collector is, then who the agent is. I/O.

1. A handshake that trusts nobody and says nothing shows the collector's chain; the token names the root in it.
2. A connection that trusts that root alone carries the token and a request for a new key.
3. Whose agent this is, then the certificate, are written durably.

An answer that is lost is asked for again with the same key, now or by the next run: the collector gives it again.
"""

import os
import platform
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import trio

from proto_schema import ENROL, EnrolReply, EnrolRequest, WireError, clip, decode, encode
from ptscan import __version__
from ptscan.agent import limits
from ptscan.agent.belonging import IDENTITY, Enrolled, write_enrolled
from ptscan.agent.place import Place
from ptscan.errors import PtscanError
from ptscan.link import CallError, Link, Proxy, Report, Status, dial, open_link, proxy_from
from ptscan.tls import (
    Introduction,
    PeerError,
    Token,
    begin_request,
    certificate_in,
    client_context,
    collector_of,
    finish_request,
    forget_request,
    open_private_folder,
    own_name,
    read_token,
    root_of,
)

ResultT = TypeVar("ResultT")

_PASSING: Final = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.CANCELLED, Status.ABORTED})
"""The answer may be lost, or come from a collector that begins or ends just now: asked again, it may be good."""


class EnrolError(PtscanError):
    """The agent was not enrolled: what went wrong, where, and how to mend it. Nothing that was in use is changed."""


async def enrol(
    folder: Path,
    place: Place,
    token_text: str,
    *,
    name: str,
    proxy: Proxy | None,
    report: Report,
) -> Enrolled:
    """Make the agent in ``folder`` one of the collector at ``place`` by a one-time token.

    ``name`` is the machine's, for lists. ``proxy`` is kept for later; where none is named, that of the environment is
    taken, now and whenever it is there. Raises TokenError, PrivateFileError, DialError, HandshakeError, EnrolError.
    Cancelled or failed, it can be repeated with the same token; an identity that was there before is still in use.
    """
    token = read_token(token_text)
    through = proxy or proxy_from(os.environ, place.host, place.port)
    with trio.move_on_after(limits.ENROL_SECONDS) as scope:
        root = await _introduced(place, token, through)
        context = client_context([root])
        # A link would try for ever, and a person waits: what is wrong with the way is said at once.
        stream = await dial(place.host, place.port, ssl_context=context, proxy=through)
        await trio.aclose_forcefully(stream)
        former = await trio.to_thread.run_sync(_former, folder, stream.getpeercert(binary_form=True))
        async with open_link(place.host, place.port, context, proxy=through, report=report) as link:
            ask = partial(_ask, link, folder, token_text.strip(), name, former)
            try:
                reply = await _until_answered(ask)
            except CallError as error:
                if error.status is not Status.INVALID_ARGUMENT:
                    raise _told(place, error) from error
                # The key of a request of long ago, that the collector gave a certificate for and saw in use.
                await trio.to_thread.run_sync(forget_request, folder / IDENTITY)
                try:
                    reply = await _until_answered(ask)
                except CallError as again:
                    raise _told(place, again) from again
        enrolled = Enrolled(place=place, agent_id=reply.agent_id, entity=reply.entity, proxy=proxy)
        with trio.CancelScope(shield=True):  # bounded by the disk
            await trio.to_thread.run_sync(_keep, folder, enrolled, reply, root)
    if scope.cancelled_caught:
        text = f"the collector at {place} did not answer in {limits.ENROL_SECONDS:g} s: try again with the same token"
        raise EnrolError(text)
    return enrolled


async def _introduced(place: Place, token: Token, proxy: Proxy | None) -> bytes:
    """The root that the token names, among what the collector shows; it hears nothing yet."""
    stranger = Introduction()
    stream = await dial(place.host, place.port, ssl_context=stranger, proxy=proxy)
    await trio.aclose_forcefully(stream)
    return root_of(stranger.chain, token.fingerprint)


async def _ask(link: Link, folder: Path, token_text: str, name: str, former: str) -> EnrolReply:
    request = await trio.to_thread.run_sync(_begin, folder)
    message = EnrolRequest(
        token=token_text,
        csr=request,
        name=clip(name)[: limits.NAME_CHARACTERS],
        version=__version__,
        platform=platform_name(),
        former=former,
    )
    octets = await link.unary(ENROL.path, encode(message), within=limits.ENROL_CALL_SECONDS)
    try:
        return decode(octets, EnrolReply)
    except WireError as error:
        raise EnrolError(f"the collector's answer can't be read ({error}): is it of another version?") from error


def _former(folder: Path, collector: bytes | None) -> str:
    """The id that the agent has had at the collector of this certificate until now, good or ended; else nothing."""
    own = certificate_in(folder / IDENTITY)
    if own is None or collector is None:
        return ""
    try:
        name = own_name(own)
        return name.agent_id if name.collector_id == collector_of(collector) else ""
    except PeerError:
        return ""


def _begin(folder: Path) -> bytes:
    open_private_folder(folder)
    return begin_request(folder / IDENTITY)


async def _until_answered(ask: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Ask until there is an answer that asking again would not change. Raises CallError for any other."""
    while True:
        try:
            return await ask()
        except CallError as error:
            if error.status not in _PASSING:
                raise
            await trio.sleep(limits.ENROL_PAUSE_SECONDS)


def _keep(folder: Path, enrolled: Enrolled, reply: EnrolReply, root: bytes) -> None:
    try:
        names = [own_name(certificate).agent_id for certificate in reply.chain[:1]]
        if names != [enrolled.agent_id] or root not in reply.roots:
            raise PeerError("answer", "the certificate is another agent's, or of another root than the token's")
        write_enrolled(folder, enrolled)
        finish_request(folder / IDENTITY, reply.chain, reply.roots)
    except PeerError as error:
        raise EnrolError(f"the collector at {enrolled.place} answers wrongly: {error}; look into its log") from error


def _told(place: Place, error: CallError) -> PtscanError:
    match error.status:
        case Status.PERMISSION_DENIED:
            mend = "" if "ask " in error.message else "; ask who runs the collector for a new token"
        case Status.UNIMPLEMENTED:
            mend = "; is it a ptscan collector?"
        case _:
            mend = "; look into the collector's log"
    return EnrolError(f"the collector at {place} refused: {error.message or error}{mend}")


def platform_name() -> str:
    """System, release and architecture, for lists."""
    return clip(f"{platform.system()} {platform.release()} {platform.machine()}")
