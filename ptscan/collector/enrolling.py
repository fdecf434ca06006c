"""The service Enrolment, who is let in to the others, and who has to leave. I/O.

What is decided is decided in ``admitting``, in a transaction in a thread, which is never abandoned; here it becomes
gRPC. A peer hears one answer for every fault of a token, so that it learns nothing by trying; the report hears which.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import trio
from sqlalchemy import Connection

from proto_schema import ENROL, METHODS, RENEW, EnrolRequest, RenewRequest, WireError, decode, encode
from ptscan.collector.admitting import (
    Judgement,
    admit_agent,
    barred_agents,
    enrol_agent,
    is_known,
    renew_agent,
    suspend_copied,
)
from ptscan.collector.ca import Authority, new_id, new_serial, token_digest
from ptscan.collector.storage import Admission, Store, StoreError, check_token
from ptscan.collector.transacting import transact
from ptscan.link import CallError, Handler, Peer, Report, SecureStream, Server, Status, Transport, Trouble, unary
from ptscan.tls import (
    AgentIdentity,
    PeerError,
    RequestError,
    TokenError,
    agent_of,
    read_request,
    read_token,
)

ResultT = TypeVar("ResultT")

WATCH_SECONDS: Final = 5.0
"""How long somebody who was revoked, or whose certificate ended, may stay connected at most."""

FOR_STRANGERS: Final = frozenset(method.path for method in METHODS if not method.needs_certificate)
"""What ``run_server`` answers to who has no certificate."""

_REFUSED: Final = {
    "unknown": (Status.PERMISSION_DENIED, "this collector does not know this agent: enrol it with a new token"),
    "revoked": (Status.PERMISSION_DENIED, "this agent was revoked"),
    "suspended": (Status.PERMISSION_DENIED, "this agent is suspended: who runs the collector decides"),
    "copy": (Status.PERMISSION_DENIED, "this agent is suspended: another machine holds a key of it"),
    "same-key": (Status.INVALID_ARGUMENT, "a renewal wants a new key"),
    "key-in-use": (Status.INVALID_ARGUMENT, "this key is an agent's already: enrol with a new one"),
}
_NOT_TAKEN: Final = "the token is not taken: ask who runs the collector for a new one"


class Enrolment:
    """What a collector answers to who wants a certificate or shows one. ``authority`` may be replaced while it runs."""

    def __init__(
        self,
        store: Store,
        authority: Authority,
        *,
        limiter: trio.CapacityLimiter,
        readers: trio.CapacityLimiter | None = None,
        clock: Callable[[], datetime],
        report: Report,
    ) -> None:
        """``limiter`` is for threads that write, ``readers`` for those that only read, where these should not wait."""
        self.authority = authority
        self.server: Server | None = None
        """Where connections are ended as soon as a copied key is noticed, once it runs."""
        self._store = store
        self._limiter = limiter
        self._readers = readers or limiter
        self._clock = clock
        self._report = report

    def methods(self) -> Mapping[str, Handler]:
        """The methods of the service by their paths."""
        return {ENROL.path: unary(self._enrol), RENEW.path: unary(self._renew)}

    def identify(self, transport: Transport) -> AgentIdentity | None:
        """Who a peer is by its certificate, None without one; for ``run_server``. Raises CallError."""
        octets = transport.getpeercert(binary_form=True) if isinstance(transport, SecureStream) else None
        if not octets:
            return None
        try:
            return agent_of(octets, self.authority.collector_id)
        except PeerError as error:
            raise CallError(Status.UNAUTHENTICATED, str(error)) from error

    async def admit(self, peer: Peer) -> AgentIdentity:
        """Who calls, judged by what the store knows now: for a session's or an upload's beginning. Raises CallError."""
        identity = self._of(peer)
        # Who comes again as before waits for no writer's turn.
        if not await self._looked_up(partial(is_known, identity=identity)):
            self._granted(
                await self._write(partial(admit_agent, identity=identity, now_at=self._clock())), identity.agent_id
            )
        return identity

    async def suspend_copied(self, agent_id: str) -> None:
        """Suspend an agent of which two machines were heard, and end its connections. Raises CallError, always."""
        self._granted(await self._write(partial(suspend_copied, agent_id=agent_id, now_at=self._clock())), agent_id)

    async def watch(self, server: Server, *, every: float = WATCH_SECONDS) -> None:
        """End connections of who was revoked, suspended, or whose certificate ended, ``every`` so many seconds.

        It goes on until cancelled, which leaves nothing behind.
        """
        self.server = server
        while True:
            try:
                work = partial(self._store.read, barred_agents)
                barred = await trio.to_thread.run_sync(work, limiter=self._readers)
            except StoreError as error:
                self._report(Trouble("store", "", "whom to turn out can't be read", error))
            else:
                server.end(partial(_is_one_of, barred), "the agent may not speak any more")
            server.end(partial(_has_ended, self._clock()), "the certificate has ended")
            await trio.sleep(every)

    async def _enrol(self, octets: bytes, _: Peer) -> bytes:
        try:
            message = decode(octets, EnrolRequest)
            token, request = read_token(message.token), read_request(message.csr)
        except TokenError as error:
            raise self._refused_token("no-token") from error
        except (WireError, RequestError) as error:
            raise CallError(Status.INVALID_ARGUMENT, str(error)) from error
        digest = token_digest(token)
        # Who guesses at tokens waits for no writer's turn, and makes nobody wait for one.
        now = self._clock().timestamp()
        code, _ = await self._looked_up(partial(check_token, digest=digest, now=now, key_digest=request.fingerprint))
        if code in {Admission.UNKNOWN, Admission.REVOKED, Admission.OTHER_KEY}:
            raise self._refused_token(code.value)
        judged = await self._write(partial(
            enrol_agent, authority=self.authority, message=message, request=request, digest=digest, agent_id=new_id(),
            serial=new_serial(), now_at=self._clock(),
        ))  # fmt: skip
        if judged.enrolment is None:
            if judged.code in {"suspended", "key-in-use"}:
                self._granted(judged, "")
            raise self._refused_token(judged.code)
        self._report(Trouble("enrolled", "", f"agent {judged.enrolment.agent_id} of {judged.enrolment.entity}"))
        return encode(judged.enrolment)

    async def _renew(self, octets: bytes, peer: Peer) -> bytes:
        identity = self._of(peer)
        try:
            request = read_request(decode(octets, RenewRequest).csr)
        except (WireError, RequestError) as error:
            raise CallError(Status.INVALID_ARGUMENT, str(error)) from error
        judged = await self._write(partial(
            renew_agent, authority=self.authority, identity=identity, request=request, serial=new_serial(),
            now_at=self._clock(),
        ))  # fmt: skip
        self._granted(judged, identity.agent_id)
        if judged.renewal is None:
            raise CallError(Status.INTERNAL, "no certificate was made")
        return encode(judged.renewal)

    def _of(self, peer: Peer) -> AgentIdentity:
        if not isinstance(peer, AgentIdentity):
            raise CallError(Status.UNAUTHENTICATED, "a certificate is wanted here: enrol first")
        if peer.not_after_at <= self._clock():
            raise CallError(Status.UNAUTHENTICATED, "the certificate has ended")
        return peer

    def _granted(self, judged: Judgement, agent_id: str) -> None:
        if judged.granted:
            return
        status, text = _REFUSED[judged.code]
        if judged.alarm:
            self._report(Trouble("copied-key", "", f"agent {agent_id} is suspended: two machines hold keys of it"))
            if self.server is not None:
                self.server.end(partial(_is_one_of, frozenset({agent_id})), "the agent was suspended")
        raise CallError(status, text)

    def _refused_token(self, code: str) -> CallError:
        self._report(Trouble("enrolment-refused", "", f"a token was not taken: {code}"))
        return CallError(Status.PERMISSION_DENIED, _NOT_TAKEN)

    async def _looked_up(self, work: Callable[[Connection], ResultT]) -> ResultT:
        return await transact(partial(self._store.read, work), limiter=self._readers, report=self._report)

    async def _write(self, work: Callable[[Connection], Judgement]) -> Judgement:
        return await transact(partial(self._store.write, work), limiter=self._limiter, report=self._report)


def _is_one_of(agent_ids: frozenset[str], peer: Peer) -> bool:
    return isinstance(peer, AgentIdentity) and peer.agent_id in agent_ids


def name_of(peer: Peer) -> str:
    """What the connections of one agent have in common, whichever of its certificates they show; for ``run_server``."""
    return peer.agent_id if isinstance(peer, AgentIdentity) else ""


def _has_ended(now_at: datetime, peer: Peer) -> bool:
    return isinstance(peer, AgentIdentity) and peer.not_after_at <= now_at
