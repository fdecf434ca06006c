"""A simulated device on loopback and a session with it; and a go-between, behind whom one device becomes another."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import trio

from codec import Message, Oid, PduType, decode_message
from ptscan.simulator import Fault, SimulatedUser, make_plan, parse_recording, run_simulator
from ptscan.simulator.table import Device
from ptscan.snmp import Client, Community, Credential, Secret, Session, open_client

AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
PUBLIC = (Community(name=Secret("public")),)
NETWORK = "127.70.16.0/24"

PRINTER = """\
1.3.6.1.2.1.1.1.0|4|Example Laser 100
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.5.0|4|prn-1
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.6.1|4x|001b78010203
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|Example Laser 100
1.3.6.1.2.1.25.3.2.1.5.1|2|2
1.3.6.1.2.1.25.3.5.1.1.1|2|3
1.3.6.1.2.1.25.3.5.1.2.1|4x|00
1.3.6.1.2.1.43.5.1.1.17.1|4|EX100-00042
1.3.6.1.2.1.43.10.2.1.3.1.1|2|7
1.3.6.1.2.1.43.10.2.1.4.1.1|65|12345
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner
1.3.6.1.2.1.43.11.1.1.7.1.1|2|19
1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
1.3.6.1.2.1.43.11.1.1.9.1.1|2|40
"""
"""What a plain printer tells, as a recording."""


def told(base: str, *rows: str) -> str:
    """A recording with further rows, each of which takes the place of the row of the same object."""
    new = {row.split("|", 1)[0] for row in rows}
    kept = [row for row in base.splitlines() if row.split("|", 1)[0] not in new]
    return "\n".join((*kept, *rows)) + "\n"


@asynccontextmanager
async def played(
    *devices: str | Device,
    network: str = NETWORK,
    faults: Sequence[Fault] = (),
    community: str | None = "public",
    users: Sequence[SimulatedUser] = (),
    speed: float = 1.0,
) -> AsyncIterator[tuple[Client, list[tuple[str, int]]]]:
    """A client, and address and port of each device; a text is a recording."""
    there = [
        parse_recording(device.encode(), f"device {n}") if isinstance(device, str) else device
        for n, device in enumerate(devices)
    ]
    plan = make_plan(there, network=network, port=0, faults=faults, community=community, users=users, speed=speed)
    async with trio.open_nursery() as nursery:
        playing = await nursery.start(run_simulator, plan)
        async with open_client() as client:
            yield client, [(station.address, playing.port) for station in plan.stations]
        nursery.cancel_scope.cancel()


def session_with(
    client: Client,
    place: tuple[str, int],
    *credentials: Credential,
    timeout: float = 0.5,
    retries: int = 1,
    **more: Any,
) -> Session:
    """A session that is quick to give up."""
    return client.session(*place, credentials=credentials or PUBLIC, timeout=timeout, retries=retries, **more)


@asynccontextmanager
async def standing_at(
    address: str, serve: Callable[[trio.socket.SocketType], Awaitable[None]]
) -> AsyncIterator[tuple[str, int]]:
    """A device of which nothing is there but what ``serve`` does with its socket."""
    with trio.socket.socket(type=socket.SOCK_DGRAM) as front:
        await front.bind((address, 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, front)
            yield front.getsockname()
            nursery.cancel_scope.cancel()


def go_between(
    choose: Callable[[PduType], tuple[str, int]], *, heard: list[Oid] | None = None
) -> AbstractAsyncContextManager[tuple[str, int]]:
    """A device that answers each question as the device that ``choose`` names for its kind would.

    ``heard`` gets every object that an answer named, also what nobody had asked for.
    """

    async def serve(front: trio.socket.SocketType) -> None:
        with trio.socket.socket(type=socket.SOCK_DGRAM) as back:
            while True:
                request, client = await front.recvfrom(65_535)
                await back.sendto(request, choose(PduType(plain(request).pdu_type)))
                answer = await back.recv(65_535)
                if heard is not None:
                    heard.extend(oid for oid, _, _ in plain(answer).varbinds)
                await front.sendto(answer, client)

    return standing_at("127.70.17.1", serve)


def answering(answer: Callable[[Message], bytes]) -> AbstractAsyncContextManager[tuple[str, int]]:
    """A device that answers each question with the octets that ``answer`` makes of it, whatever they are."""

    async def serve(front: trio.socket.SocketType) -> None:
        while True:
            request, client = await front.recvfrom(65_535)
            await front.sendto(answer(plain(request)), client)

    return standing_at("127.70.17.2", serve)


def plain(datagram: bytes) -> Message:
    """A message of SNMPv1 or v2c."""
    message = decode_message(datagram)
    assert isinstance(message, Message)
    return message
