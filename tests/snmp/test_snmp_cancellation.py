"""Cancelling at any moment leaves the table clean, the client usable and the next one in the queue served."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
import trio.testing

from codec import parse_oid
from ptscan.snmp import Client, ClientSettings, Community, Outcome, open_client

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SYSTEM = parse_oid("1.3.6.1.2.1.1")

Responder = Callable[..., AbstractAsyncContextManager[Any]]


def is_clean(client: Client) -> bool:
    """Nothing in flight, nobody parked, nothing to send, no timer."""
    driver, table = client._driver, client._driver.table
    return (len(table), len(driver._waiters), table.next_packet(0.0), table.next_deadline()) == (
        0,
        0,
        None,
        float("inf"),
    )


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "get": lambda session: session.get([NAME]),
    "get_next": lambda session: session.get_next([NAME]),
    "get_many": lambda session: session.get_many([NAME, SYSTEM]),
    "walk": lambda session: session.walk(SYSTEM),
    "columns": lambda session: session.columns([SYSTEM, NAME]),
    "iter_walk": lambda session: session.iter_walk(SYSTEM).__anext__(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("version", ["auto", "1", "2c"])
@pytest.mark.parametrize("last_rtt", [0.0, 1.0])
async def test_a_cancelled_operation_leaves_nothing(
    responder: Responder, public: tuple[Community, ...], operation: str, version: Any, last_rtt: float
) -> None:
    """Whether it looks for the answer itself, as after a fast one, or waits to be woken."""
    async with open_client(ClientSettings(timeout=60.0)) as client, responder(lambda _datagram: []) as place:
        client._driver.table.last_rtt = last_rtt
        session = client.session(place.address, place.port, credentials=public, version=version)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(OPERATIONS[operation], session)
                while not place.received:
                    await trio.lowlevel.checkpoint()
                assert not is_clean(client)
                scope.cancel()
        assert scope.cancelled_caught
        assert is_clean(client)
        assert session.traffic.requests >= 1


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_cancelled_before_it_begins_sends_nothing(
    client: Client, responder: Responder, public: tuple[Community, ...], operation: str
) -> None:
    async with responder(lambda _datagram: []) as place:
        session = client.session(place.address, place.port, credentials=public)
        with trio.CancelScope() as scope:
            scope.cancel()
            await OPERATIONS[operation](session)
        assert scope.cancelled_caught
        assert is_clean(client)
        assert session.traffic.requests == 0
        await trio.testing.wait_all_tasks_blocked()
    assert place.received == []


@pytest.mark.parametrize("checkpoint", range(12))
async def test_cancelled_at_any_checkpoint_of_a_walk(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...], checkpoint: int
) -> None:
    """The device ends the scope at its n-th datagram, so that every wait of the walk is cut once."""
    device = make_device()
    scope = trio.CancelScope()
    countdown = [checkpoint]

    def answer(datagram: bytes) -> list[bytes]:
        countdown[0] -= 1
        if countdown[0] < 0:
            scope.cancel()
        return device.answer(datagram)

    async with open_client() as client, responder(answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="1")
        with scope:
            await session.walk(parse_oid("1.3"))
        assert scope.cancelled_caught
        assert is_clean(client)
        countdown[0] = 1_000
        assert (await session.get([NAME])).outcome is Outcome.OK, "the session works on"


async def test_the_next_in_the_queue_is_served_when_one_is_cancelled(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...]
) -> None:
    awake = [False]
    device = make_device()
    async with (
        open_client(ClientSettings(timeout=60.0)) as client,
        responder(lambda datagram: device.answer(datagram) if awake[0] else []) as place,
    ):
        sessions = [client.session(place.address, place.port, credentials=public, version="2c") for _ in range(3)]
        outcomes = {}
        scopes = [trio.CancelScope() for _ in sessions]

        async def ask(number: int) -> None:
            with scopes[number]:
                outcomes[number] = (await sessions[number].get([NAME])).outcome

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, 0)
            while not place.received:
                await trio.lowlevel.checkpoint()
            nursery.start_soon(ask, 1)
            nursery.start_soon(ask, 2)
            await trio.testing.wait_all_tasks_blocked()
            scopes[1].cancel()
            awake[0] = True
            scopes[0].cancel()
        assert outcomes == {2: Outcome.OK}
        assert is_clean(client)


async def test_one_host_cancelled_leaves_the_others_in_flight(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...]
) -> None:
    async with open_client() as client, responder(make_device().answer) as place:
        outcomes = []

        async def ask() -> None:
            session = client.session(place.address, place.port, credentials=public)
            outcomes.append((await session.get([NAME])).outcome)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await client.session("127.30.0.99", place.port, credentials=public).get([NAME])
                nursery.start_soon(ask)
        assert outcomes == [Outcome.OK] * 10
        assert is_clean(client)


async def test_closing_the_client_cancels_with_it_what_runs_inside(public: tuple[Community, ...]) -> None:
    with trio.move_on_after(0.05):
        async with open_client(ClientSettings(timeout=60.0)) as client:
            await client.session("127.30.0.98", 9, credentials=public, version="2c", retries=0).get([NAME])
            await trio.sleep_forever()
    assert is_clean(client)
    assert all(line.sock.fileno() == -1 for line in client._driver._lines.values())


async def test_a_session_whose_client_is_closed_says_so(responder: Responder, public: tuple[Community, ...]) -> None:
    async with responder(lambda _datagram: []) as place:
        async with trio.open_nursery() as nursery:
            raised = []

            async def ask(session: Any) -> None:
                try:
                    await session.get([NAME])
                except trio.ClosedResourceError as error:
                    raised.append(error)

            async with open_client(ClientSettings(timeout=60.0)) as client:
                session = client.session(place.address, place.port, credentials=public)
                nursery.start_soon(ask, session)
                while not place.received:
                    await trio.lowlevel.checkpoint()
        assert len(raised) == 1
        assert is_clean(client)
        with pytest.raises(trio.ClosedResourceError):
            await session.get([NAME])
