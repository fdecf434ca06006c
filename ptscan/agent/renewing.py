"""The agent's certificate, renewed at two thirds of its life and tried to its end; taken anew where enrolled. I/O.

A clock that is wrong renews too late or says that all is over: so the collector's clock counts too, as soon as it was
heard, and a certificate that has ended by the clock here is still shown. What a person enrols again while the agent
runs is taken into use without a restart.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random

import trio

from proto_schema import RENEW, RenewReply, RenewRequest, WireError, as_datetime, decode, encode
from ptscan.agent import limits
from ptscan.agent.findings import Findings
from ptscan.errors import PtscanError
from ptscan.link import Backoff, CallError, Link, Report, Status, Trouble
from ptscan.tls import (
    Identity,
    PeerError,
    PrivateFileError,
    begin_request,
    client_context,
    clock_fault,
    finish_request,
    load_identity,
    own_name,
    renew_at,
)

_MEND = "enrol again with a new token: `ptscan agent enrol`; what is spooled is kept"


class Renewing:
    """Keeps an identity good, for as long as it runs."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        link: Link,
        *,
        wall_clock: Callable[[], float],
        clock_offset: Callable[[], float],
        findings: Findings,
        report: Report,
        random: Random,
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._link = link
        self._wall_clock = wall_clock
        self._clock_offset = clock_offset
        self._findings = findings
        self._report = report
        self._random = random
        self._backoff = Backoff(random)
        self._lot = random.random()
        self._not_before = 0.0
        self.name = own_name(identity.chain[0])
        """Whom the certificate in use names."""

    async def run(self) -> None:
        """Look after the identity until cancelled."""
        while True:
            await self._reload()
            now_at = self._now_at()
            self._judge(now_at)
            due_at = renew_at(self.name.not_before_at, self.name.not_after_at, self._lot)
            if max(now_at, self._collectors_now_at()) >= due_at and trio.current_time() >= self._not_before:
                await self._renew()
            await trio.sleep(limits.IDENTITY_SECONDS)

    def _now_at(self) -> datetime:
        return as_datetime(self._wall_clock())

    def _collectors_now_at(self) -> datetime:
        return as_datetime(self._wall_clock() + self._clock_offset())

    def _judge(self, now_at: datetime) -> None:
        """Say so where the certificate is out of its time, or ends soon."""
        fault = clock_fault(self.name.not_before_at, self.name.not_after_at, now_at)
        if fault:  # which says how to mend it
            text = f"the agent's certificate is of no use: {fault}"
            if now_at > self.name.not_after_at:
                self._tell("certificate-ended", text, "`ptscan agent enrol`")
            else:
                self._tell("certificate-early", text, "NTP keeps it right")
        else:
            self._findings.clear("certificate-ended", "certificate-early")

    async def _reload(self) -> None:
        """Take the identity that is on the disk into use, where it is another one."""
        try:
            identity = await trio.to_thread.run_sync(load_identity, self._folder)
        except PrivateFileError as error:
            self._tell("identity-unreadable", str(error), _MEND)
            return
        self._findings.clear("identity-unreadable")
        if identity is not None and identity != self._identity:
            await self._use(identity)

    async def _renew(self) -> None:
        """Ask for the next certificate, once."""
        try:
            request = await trio.to_thread.run_sync(begin_request, self._folder)
            message = encode(RenewRequest(csr=request, generation=self.name.generation))
            octets = await self._link.unary(RENEW.path, message, within=limits.RENEW_CALL_SECONDS)
            reply = decode(octets, RenewReply)
            with trio.CancelScope(shield=True):  # bounded by the disk
                identity = await trio.to_thread.run_sync(finish_request, self._folder, reply.chain, reply.roots)
        except (CallError, WireError, PeerError, PrivateFileError) as error:
            self._failed(error)
            return
        self._backoff.reset()
        self._findings.clear("renewal-failing")
        await self._use(identity)
        text = f"certificate {self.name.generation} is in use, good until {self.name.not_after_at:%Y-%m-%d %H:%M} UTC"
        self._report(Trouble("renewed", "", text))

    def _failed(self, error: PtscanError | WireError) -> None:
        """Try again later; where there is no connection that is told already."""
        self._not_before = trio.current_time() + limits.RENEW_PAUSES * self._backoff.next()
        if isinstance(error, CallError) and error.status is Status.UNAVAILABLE:
            return
        ends = f"it ends {self.name.not_after_at:%Y-%m-%d %H:%M} UTC"
        self._findings.tell("renewal-failing", f"the certificate is not renewed ({ends}): {error}", _MEND)
        text = f"the certificate is not renewed: {error}; tried again until {ends.removeprefix('it ends ')}"
        self._report(Trouble("renewal-failed", "", text, error))

    async def _use(self, identity: Identity) -> None:
        try:
            name = own_name(identity.chain[0])
            context = await trio.to_thread.run_sync(client_context, identity.roots, identity.path)
        except (PeerError, PrivateFileError) as error:
            self._tell("identity-unreadable", str(error), _MEND)
            return
        self._identity, self.name = identity, name
        self._lot = self._random.random()
        self._link.renew(context)

    def _tell(self, code: str, text: str, mend: str) -> None:
        if self._findings.tell(code, text, mend):
            self._report(Trouble(code, "", f"{text}; {mend}"))
