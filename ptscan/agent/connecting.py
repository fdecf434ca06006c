"""All that goes on between an agent and its collector, for one enrolment after another. I/O.

An agent that is enrolled anew while it runs, at another collector too, goes over to it without a restart.
"""

import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import trio

from proto_schema import Finding, Health, clip, write_instant
from ptscan.agent import limits
from ptscan.agent.belonging import IDENTITY, Enrolled, load_enrolled
from ptscan.agent.conversing import Conversation, Working
from ptscan.agent.findings import Findings
from ptscan.agent.health import health_of
from ptscan.agent.renewing import Renewing
from ptscan.agent.shipping import Shipping
from ptscan.agent.spool import Spool, SpoolError
from ptscan.errors import InputError
from ptscan.link import Link, Proxy, ProxyError, Report, Trouble, open_link, parse_proxy, proxy_from
from ptscan.tls import AgentIdentity, Identity, PeerError, PrivateFileError, client_context, load_identity, own_name

_ENROL: Final = "enrol it: `ptscan agent enrol https://collector.example --token-file FILE`"


class NotEnrolledError(InputError):
    """There is no identity to connect with yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: this agent is not enrolled yet; {_ENROL}")
        self.folder = folder


class Connection:
    """How the agent and its collector stand, as they are now; ``keep`` makes it so."""

    def __init__(
        self,
        folder: Path,
        spool: Spool,
        work: Working,
        *,
        proxy: str | None,
        report: Report,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._spool = spool
        self._work = work
        self._proxy = proxy
        self._report = report
        self._wall_clock = wall_clock
        self._random = Random()
        self._next: tuple[Enrolled, Identity, ssl.SSLContext, Proxy | None] | None = None
        self._link: Link | None = None
        self._conversation: Conversation | None = None
        self._shipping: Shipping | None = None
        self._renewing: Renewing | None = None
        self.started_at = write_instant(wall_clock())
        self.findings = Findings()
        """What the agent's parts found; whoever runs beside may tell, too."""
        self.enrolled: Enrolled | None = None
        """Whose agent this is, once it was opened."""

    @property
    def is_connected(self) -> bool:
        """Whether a connection to the collector stands."""
        return self._link is not None and self._link.is_connected

    @property
    def trouble(self) -> Trouble | None:
        """Why there is no connection, where there is none."""
        return None if self._link is None or self._link.is_connected else self._link.trouble

    @property
    def mode(self) -> str:
        """``session``, ``check-in``, or nothing while the collector does not answer."""
        return self._conversation.mode if self._conversation and self.is_connected else ""

    @property
    def heard_at(self) -> str | None:
        """When the collector was last heard to say where it stands."""
        return self._conversation.heard_at if self._conversation else None

    @property
    def stored(self) -> int:
        """Records that the collector has stored since the connection began."""
        return self._shipping.stored if self._shipping else 0

    @property
    def certificate(self) -> AgentIdentity | None:
        """Whom the certificate in use names, and until when it is good."""
        return self._renewing.name if self._renewing else None

    async def health(self) -> Health:
        """How the agent is now."""
        at = write_instant(self._wall_clock())
        return await health_of(self._spool, self, self.findings, started_at=self.started_at, at=at)

    def standing(self) -> tuple[str | None, int, list[Finding]]:
        """How the work stands, and the way to the collector where it is lost."""
        swept_at, devices, found = self._work.standing()
        trouble = self.trouble
        lost = [] if trouble is None else [Finding(code="no-connection", text=clip(trouble.text))]
        return swept_at, devices, [*found, *lost]

    async def open(self) -> None:
        """Read whose agent this is, and with what it connects; before ``keep``.

        Raises NotEnrolledError, PrivateFileError, ProxyError.
        """
        self._next = await self._read()
        self.enrolled = self._next[0]

    async def keep(self) -> None:
        """Be in touch with the collector until cancelled."""
        while True:
            enrolled, identity, context, proxy = self._next or await self._read()
            self.enrolled, place = enrolled, enrolled.place
            async with open_link(place.host, place.port, context, proxy=proxy, report=self._report) as link:
                await self._serve(link, enrolled, identity)
            self._report(Trouble("enrolled-anew", str(place), "the agent was enrolled anew: it goes over"))

    async def _read(self) -> tuple[Enrolled, Identity, ssl.SSLContext, Proxy | None]:
        enrolled, identity = await trio.to_thread.run_sync(whose_agent, self._folder)
        context = await trio.to_thread.run_sync(client_context, identity.roots, identity.path)
        return enrolled, identity, context, way_to(enrolled, self._proxy)

    async def _serve(self, link: Link, enrolled: Enrolled, identity: Identity) -> None:
        """Everything over one link, until whose agent this is changes."""
        noting = trio.Lock()
        conversation = Conversation(
            self._spool,
            link,
            self._work,
            health=self.health,
            generation=lambda: renewing.name.generation,
            noting=noting,
            findings=self.findings,
            wall_clock=self._wall_clock,
            report=self._report,
            random=self._random,
        )
        renewing = Renewing(
            self._folder / IDENTITY,
            identity,
            link,
            wall_clock=self._wall_clock,
            clock_offset=lambda: conversation.clock_offset,
            findings=self.findings,
            report=self._report,
            random=self._random,
        )
        shipping = Shipping(
            self._spool, link, noting=noting, findings=self.findings, report=self._report, random=self._random
        )
        self._link, self._conversation, self._renewing, self._shipping = link, conversation, renewing, shipping
        await self._work.belong_to(renewing.name.collector_id)
        async with trio.open_nursery() as nursery:
            for part in (conversation, renewing, shipping):
                nursery.start_soon(part.run)
            await self._until_moved(enrolled)
            nursery.cancel_scope.cancel()
        try:
            await self._spool.release()
        except SpoolError as error:
            self._report(Trouble("spool-failing", "", str(error), error))

    async def _until_moved(self, enrolled: Enrolled) -> None:
        """Wait until the agent belongs elsewhere, with an identity for there."""
        while True:
            await trio.sleep(limits.IDENTITY_SECONDS)
            try:
                found, identity = await trio.to_thread.run_sync(whose_agent, self._folder)
                if found != enrolled and own_name(identity.chain[0]).agent_id == found.agent_id:
                    self._next = await self._read()
                    return
            except (NotEnrolledError, PrivateFileError, ProxyError):
                continue  # who looks after the identity tells of it


def way_to(enrolled: Enrolled, proxy: str | None) -> Proxy | None:
    """The proxy of agent.toml, of the enrolment, or of the environment, in this order. Raises ProxyError."""
    if proxy is not None:
        return parse_proxy(proxy)
    return enrolled.proxy or proxy_from(os.environ, enrolled.place.host, enrolled.place.port)


def whose_agent(folder: Path) -> tuple[Enrolled, Identity]:
    """Whose agent this is, and with what it connects; blocks. Raises NotEnrolledError, PrivateFileError."""
    enrolled, identity = load_enrolled(folder), load_identity(folder / IDENTITY)
    if enrolled is None or identity is None:
        raise NotEnrolledError(folder)
    try:
        own_name(identity.chain[0])
    except PeerError as error:
        raise PrivateFileError(identity.path, f"its certificate is no agent's ({error}): enrol again") from error
    return enrolled, identity
