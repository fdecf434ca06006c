"""How the agent of a folder stands: asked of the one that runs, else read from its files. I/O."""

from pathlib import Path
from typing import Final

import h11
import msgspec
import trio

from proto_schema import write_instant
from ptscan import __version__
from ptscan.agent import limits
from ptscan.agent.belonging import IDENTITY, load_enrolled
from ptscan.agent.config import AgentConfig
from ptscan.agent.health import spool_health
from ptscan.agent.spool import SpoolError, SpoolInUseError, open_spool
from ptscan.agent.status import AgentStatus, FindingStatus, SpoolStatus, spool_status
from ptscan.errors import PtscanError
from ptscan.link import host_and_port
from ptscan.tls import load_identity, own_name

_LOST: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError)


async def look(config: AgentConfig, *, now_at: float) -> AgentStatus:
    """Return how the agent of ``config`` stands; one that does not run, or shows no page, by what its files say.

    Raises PrivateFileError.
    """
    if config.page is not None:
        shown = await _ask(*config.page)
        enrolled = await trio.to_thread.run_sync(load_enrolled, config.folder)
        if shown is not None and enrolled is not None and shown.agent_id == enrolled.agent_id:
            return shown
    return await _read(config, write_instant(now_at))


async def _ask(host: str, port: int) -> AgentStatus | None:
    """What the page of an agent says; None where nobody answers as one."""
    with trio.move_on_after(limits.LOOK_SECONDS):
        try:
            async with await trio.open_tcp_stream(host, port) as stream:
                body = await _get(stream, host_and_port(host, port))
            return msgspec.json.decode(body, type=AgentStatus)
        except _LOST:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError):  # another program's page
            return None
    return None


async def _get(stream: trio.SocketStream, host: str) -> bytes:
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target="/status.json", headers=[("host", host), ("connection", "close")])
    await stream.send_all((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
        if event is h11.NEED_DATA:
            connection.receive_data(bytes(await stream.receive_some(65_536)))
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
            if len(body) > limits.STATUS_OCTETS:
                return b""
    return body


async def _read(config: AgentConfig, at: str) -> AgentStatus:
    """What the files say."""
    enrolled = await trio.to_thread.run_sync(load_enrolled, config.folder)
    findings: list[FindingStatus] = []
    ends_at = spool = None
    is_running = False
    if enrolled is None:
        findings.append(FindingStatus("not-enrolled", "this agent is not enrolled", "see `ptscan agent enrol --help`"))
    try:
        ends_at = await trio.to_thread.run_sync(_certificate_ends, config.folder)
    except PtscanError as error:
        findings.append(FindingStatus("identity-unreadable", str(error)))
    try:
        spool = await _spool_of(config)
    except SpoolInUseError:
        is_running = True  # its page is off, or busy
    except SpoolError as error:
        findings.append(FindingStatus("spool-failing", str(error)))
    return AgentStatus(
        at=at,
        is_running=is_running,
        version=__version__,
        agent_id=None if enrolled is None else enrolled.agent_id,
        entity=None if enrolled is None else enrolled.entity,
        collector=None if enrolled is None else str(enrolled.place),
        certificate_ends_at=ends_at,
        spool=spool,
        findings=findings,
    )


def _certificate_ends(folder: Path) -> str | None:
    identity = load_identity(folder / IDENTITY)
    return None if identity is None else write_instant(own_name(identity.chain[0]).not_after_at.timestamp())


async def _spool_of(config: AgentConfig) -> SpoolStatus | None:
    """What waits in the spool; None where there is none yet. Raises SpoolError."""
    if not await trio.Path(config.spool_folder).exists():
        return None
    async with open_spool(config.spool_folder, bounds=config.bounds) as spool:
        state = await spool.state()
    return spool_status(spool_health(state))
