"""A thousand agents in one process: each with a certificate and a connection of its own, each in a session."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import trio
from sqlalchemy import Connection

from proto_schema import COLLECTOR_MESSAGES, SESSION, Health, Hello, Welcome, encode
from ptscan.collector import (
    Newcomer,
    add_token,
    enrol,
    ensure_entity,
    load_config,
    new_serial,
    open_authority,
    open_store,
)
from ptscan.link import open_link
from ptscan.tls import begin_request, client_context, finish_request, read_request

_AT_ONCE = 50


def make_agents(folder: Path, collector: Path, count: int) -> None:
    """Identities below ``folder``, known to the collector as if each had shown a token."""
    config = load_config(collector)
    authority = open_authority(config.authority)
    now_at = datetime.now(UTC)
    newcomers = []
    for number in range(count):
        place = folder / f"{number}"
        request = read_request(begin_request(place))
        agent_id, serial = f"crowd-{number}", new_serial()
        issued = authority.issue_agent(request, agent_id=agent_id, generation=1, serial=serial, issued_at=now_at)
        finish_request(place, issued.chain, authority.roots)
        newcomers.append(
            Newcomer(
                id=agent_id, name=agent_id, serial=f"{serial:x}", key_digest=request.fingerprint,
                not_after_at=issued.not_after_at.timestamp(),
            )
        )  # fmt: skip

    def write(connection: Connection) -> None:
        now, digest = time.time(), b"crowd".ljust(32, b".")
        place = ensure_entity(connection, "crowd", now=now)
        add_token(connection, digest, entity_id=place.id, now=now, expires_at=now + 60, uses=count)
        for newcomer in newcomers:
            enrol(connection, digest, newcomer, now=now)

    with open_store(config.database, create=False) as store:
        store.write(write)


async def meet(
    folder: Path, collector: Path, port: int, count: int, *, seconds: float, told: Callable[[float], None]
) -> None:
    """Have all of them in sessions for ``seconds``; ``told`` what it took until the last had its welcome."""
    roots = open_authority(load_config(collector).authority).roots
    began = trio.current_time()
    welcomed = 0
    everybody = trio.Event()
    door = trio.CapacityLimiter(_AT_ONCE)

    async def one(number: int) -> None:
        nonlocal welcomed
        context = client_context(roots, folder / f"{number}" / "identity.pem")
        async with open_link("127.0.0.1", port, context) as link:
            async with door:
                await link.connected()
            async with link.call(SESSION.path) as call:
                at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                health = Health(at=at, started_at=at, version="bench", platform="bench")
                await call.send(encode(Hello(epochs=[], generation=1, health=health)))
                octets = await call.receive()
                if not isinstance(octets and COLLECTOR_MESSAGES.decode(octets), Welcome):
                    raise AssertionError("no welcome")
                welcomed += 1
                if welcomed == count:
                    told(trio.current_time() - began)
                    everybody.set()
                await everybody.wait()
                await trio.sleep(seconds)

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(one, number)
