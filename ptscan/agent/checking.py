"""Every step to the collector and back, tried one after another and named, each fault with its mend. I/O.

Nothing is changed by it, at the agent or at the collector, but that the collector has heard of the agent. It can be
done while the agent runs: a check-in of the same identity is no second session.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

import msgspec
import trio

from proto_schema import (
    CHECK_IN,
    UPLOAD,
    CheckInReply,
    CheckInRequest,
    Finding,
    Health,
    Hello,
    SpoolHealth,
    WireError,
    as_datetime,
    clip,
    decode,
    encode,
    read_instant,
    write_instant,
)
from ptscan import __version__
from ptscan.agent import limits
from ptscan.agent.belonging import IDENTITY, Enrolled, load_enrolled
from ptscan.agent.clocks import clock_finding
from ptscan.agent.config import FILE, AgentConfig, load_agent_config
from ptscan.agent.connecting import way_to
from ptscan.agent.enrolling import platform_name
from ptscan.agent.health import spool_health
from ptscan.agent.looking import look
from ptscan.agent.spool import SpoolError, SpoolInUseError, open_spool
from ptscan.agent.spool.database import SQLITE_VERSION
from ptscan.agent.status import FindingStatus
from ptscan.errors import InputError, PtscanError
from ptscan.link import CallError, DialError, Link, Proxy, ProxyError, Status, dial, open_link
from ptscan.tls import AgentIdentity, Identity, client_context, clock_fault, load_identity, own_name

_GUARD: Final = f"SQLite {SQLITE_VERSION}, and one connection alone that writes and copies its log"
_ENROL: Final = "enrol with a token: `ptscan agent enrol`"


class CheckStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step, and how it went."""

    name: str
    """``settings``, ``identity``, ``clock``, ``spool``, ``agent`` (where one runs), ``name``, ``connect``, ``proxy``,
    ``tls``, ``http2``, ``hello``, ``upload``, ``round-trip``."""
    ok: bool
    text: str
    mend: str = ""
    """What a person can do, where something can be done."""


class _StoppedError(Exception):
    """A step failed that all others stand on."""


async def check(
    folder: Path,
    *,
    tell: Callable[[CheckStep], None] = lambda _: None,
    wall_clock: Callable[[], float] = time.time,
) -> list[CheckStep]:
    """Try every step of the agent in ``folder``, up to one that the next ones need; ``tell`` hears of each at once.

    Raises nothing for what is wrong; that is what the steps say.
    """
    checking = _Checking(folder, tell, wall_clock)
    try:
        await checking.run()
    except _StoppedError:
        pass
    return checking.steps


class _Checking:
    def __init__(self, folder: Path, tell: Callable[[CheckStep], None], wall_clock: Callable[[], float]) -> None:
        self._folder = folder
        self._tell = tell
        self._wall_clock = wall_clock
        self._config = AgentConfig(folder=folder)
        self.steps: list[CheckStep] = []

    async def run(self) -> None:
        await self._settings()
        enrolled, identity, name = await self._identity()
        self._clock(name)
        health = await self._spool()
        proxy = await self._way(enrolled, identity)
        context = await trio.to_thread.run_sync(client_context, identity.roots, identity.path)
        place = enrolled.place
        async with open_link(place.host, place.port, context, proxy=proxy) as link:
            await self._hello(link, Hello(epochs=[], generation=name.generation, health=health))

    def _good(self, name: str, text: str, mend: str = "") -> None:
        self._say(CheckStep(name=name, ok=True, text=text, mend=mend))

    def _bad(self, name: str, text: str, mend: str = "") -> None:
        self._say(CheckStep(name=name, ok=False, text=text, mend=mend))

    def _stop(self, name: str, text: str, mend: str = "") -> NoReturn:
        self._bad(name, text, mend)
        raise _StoppedError

    def _say(self, step: CheckStep) -> None:
        self.steps.append(step)
        self._tell(step)

    # Here.

    async def _settings(self) -> None:
        try:
            self._config = await trio.to_thread.run_sync(load_agent_config, self._folder)
        except InputError as error:
            self._bad("settings", str(error))
            return
        count = len(self._config.schedules)
        if self._config.targets:
            self._good("settings", f"{FILE} allows {', '.join(self._config.targets[:5])}; {count} schedules")
        else:
            self._good(
                "settings", f"{FILE} allows no targets, so nothing is asked", 'write targets = ["local"] into it'
            )

    async def _identity(self) -> tuple[Enrolled, Identity, AgentIdentity]:
        try:
            enrolled = await trio.to_thread.run_sync(load_enrolled, self._folder)
            identity = await trio.to_thread.run_sync(load_identity, self._folder / IDENTITY)
            if enrolled is None or identity is None:
                self._stop("identity", "this agent is not enrolled", _ENROL)
            name = own_name(identity.chain[0])
        except PtscanError as error:
            self._stop("identity", str(error))
        whose = f"agent {name.agent_id} of {enrolled.entity or '/'} at {enrolled.place}"
        if name.agent_id != enrolled.agent_id:
            self._stop("identity", f"its certificate is agent {name.agent_id}'s, and not {enrolled.agent_id}'s", _ENROL)
        self._good("identity", f"{whose}; certificate {name.generation} ends {name.not_after_at:%Y-%m-%d %H:%M} UTC")
        return enrolled, identity, name

    def _clock(self, name: AgentIdentity) -> None:
        now_at = as_datetime(self._wall_clock())
        fault = clock_fault(name.not_before_at, name.not_after_at, now_at)
        if fault:
            self._bad("clock", f"the certificate is of no use: {fault}")
        else:
            self._good("clock", f"{now_at:%Y-%m-%d %H:%M} UTC, within the certificate's times")

    async def _spool(self) -> Health:
        """How the spool stands, by itself or by the agent that has it; and the health to check in with."""
        at = write_instant(self._wall_clock())
        bare = Health(at=at, started_at=at, version=__version__, platform=platform_name())
        try:
            async with open_spool(self._config.spool_folder, bounds=self._config.bounds) as spool:
                state = await spool.state()
        except SpoolInUseError:
            return await self._of_running(bare)
        except SpoolError as error:
            self._bad("spool", str(error))
            return bare
        waits = f"{state.waiting_records} records wait, {state.set_aside} are set aside"
        if state.findings:
            self._bad("spool", f"{waits}; {'; '.join(finding.text for finding in state.findings)}", "see to the disk")
        else:
            self._good("spool", f"{waits}; {_GUARD}; the agent is not running")
        return msgspec.structs.replace(bare, spool=spool_health(state))

    async def _of_running(self, bare: Health) -> Health:
        try:
            status = await look(self._config, now_at=self._wall_clock())
        except PtscanError as error:
            self._bad("spool", str(error))
            return bare
        if status.spool is None or status.started_at is None:
            self._good("spool", f"a running agent has it, which shows no page; {_GUARD}")
            return bare
        health = msgspec.structs.replace(
            bare,
            started_at=status.started_at,
            version=status.version,
            spool=SpoolHealth(**msgspec.structs.asdict(status.spool)),
            findings=[Finding(code=one.code, text=one.text, mend=one.mend) for one in status.findings],
            swept_at=status.swept_at,
            devices=status.devices or 0,
            memory_octets=status.memory_octets or 0,
        )
        waits = f"{status.spool.records} records wait, {status.spool.set_aside} are set aside; {_GUARD}; the agent runs"
        of_spool = [one for one in status.findings if one.code.startswith("spool-") or one.code == "set-aside"]
        self._findings("spool", waits, of_spool)
        self._findings(
            "agent", f"runs since {status.started_at}", [one for one in status.findings if one not in of_spool]
        )
        return health

    def _findings(self, name: str, text: str, found: Sequence[FindingStatus]) -> None:
        if found:
            mends = "; ".join(one.mend for one in found if one.mend)
            self._bad(name, f"{text}, and finds: {'; '.join(one.text for one in found)}", mends)
        else:
            self._good(name, f"{text} and finds nothing amiss")

    # The way there.

    async def _way(self, enrolled: Enrolled, identity: Identity) -> Proxy | None:
        """Go to the collector once, step by step."""
        try:
            proxy = way_to(enrolled, self._config.proxy)
        except ProxyError as error:
            self._stop("proxy", str(error))
        place = enrolled.place
        to = place.host if proxy is None else proxy.host
        await self._resolve(to, place.port if proxy is None else proxy.port)
        began = trio.current_time()
        try:
            context = await trio.to_thread.run_sync(client_context, identity.roots, identity.path)
            stream = await dial(place.host, place.port, ssl_context=context, proxy=proxy)
        except PtscanError as error:
            failed = error.step.value if isinstance(error, DialError) else "tls"
            for step in _BEFORE[failed]:
                if step != "proxy" or proxy is not None:
                    self._good(step, "as far as it goes")
            self._stop(failed, str(error))
        took = trio.current_time() - began
        version, shown = stream.version(), stream.getpeercert() or {}
        await trio.aclose_forcefully(stream)
        self._good("connect", f"to {place if proxy is None else proxy} in {1_000 * took:.0f} ms, with TLS")
        if proxy is not None:
            self._good("proxy", f"{proxy} lets us through")
        self._good("tls", f"{version}; the collector's certificate is good until {shown.get('notAfter', 'unknown')}")
        self._good("http2", "spoken, by ALPN")
        return proxy

    async def _resolve(self, host: str, port: int) -> None:
        try:
            found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            fault = error.strerror if isinstance(error, OSError) else str(error)
            self._stop("name", f"{host} has no address: {fault}", "check the name, and DNS")
        addresses = sorted({str(address[0]) for *_, address in found})
        self._good("name", f"{host} is {', '.join(addresses[:4])}")

    # And back.

    async def _hello(self, link: Link, hello: Hello) -> None:
        octets = encode(CheckInRequest(hello=hello))
        asked_at = self._wall_clock()
        try:
            reply = decode(await link.unary(CHECK_IN.path, octets, within=limits.CHECK_SECONDS), CheckInReply)
        except CallError as error:
            self._stop("hello", *_of_call(error, link))
        except WireError as error:
            self._stop("hello", f"the collector's answer can't be read: {error}", "is it of another version?")
        now_at = (asked_at + self._wall_clock()) / 2
        text = f"the collector, version {clip(reply.welcome.version)}, knows this agent"
        try:
            off = read_instant(reply.welcome.at) - now_at
        except ValueError as error:
            self._bad("hello", f"{text}, and tells no time: {error}", "update the collector")
        else:
            if found := clock_finding(off, here_at=now_at, there=reply.welcome.at):
                self._bad("hello", f"{text}; {found.text}", found.mend)
            else:
                self._good("hello", f"{text}; the clocks are {max(abs(off), 1):.0f} s apart at most")
        await self._upload(link)
        began = trio.current_time()
        try:
            await link.unary(CHECK_IN.path, octets, within=limits.CHECK_SECONDS)
        except CallError as error:
            self._stop("round-trip", *_of_call(error, link))
        self._good("round-trip", f"{1_000 * (trio.current_time() - began):.0f} ms, the collector's store included")

    async def _upload(self, link: Link) -> None:
        """Open a stream for readings, and end it with none."""
        try:
            async with link.call(UPLOAD.path, within=limits.CHECK_SECONDS) as call:
                call.end()
                if await call.receive() is not None:
                    self._stop("upload", "the collector answers what it was not asked", "is it of another version?")
        except CallError as error:
            self._stop("upload", *_of_call(error, link))
        self._good("upload", "the collector takes readings from this agent")


_BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "name": (), "connect": (), "proxy": ("connect",), "tls": ("connect", "proxy"), "http2": ("connect", "proxy", "tls"),
}  # fmt: skip
"""What went well before a step of the way failed."""


def _of_call(error: CallError, link: Link) -> tuple[str, str]:
    """How a call failed, and what to do."""
    if link.trouble is not None:
        return link.trouble.text, ""
    match error.status:
        case Status.PERMISSION_DENIED | Status.UNAUTHENTICATED:
            return f"the collector refuses: {error.message}", f"ask who runs the collector; else {_ENROL}"
        case Status.UNIMPLEMENTED:
            return "there is no such service", "is it a ptscan collector, and not something before it?"
        case Status.DEADLINE_EXCEEDED | Status.UNAVAILABLE:
            return f"no answer: {error.message}", "see whether the collector is well: its /readyz tells"
    return f"the collector fails: {error}", "look into the collector's log"
