"""What the system says when a datagram is sent: a wait or a typed outcome, never a crash."""

import errno
import os
import random
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
import trio.testing

from codec import parse_oid
from ptscan.errors import PtscanError
from ptscan.snmp import Client, ClientSettings, Community, Outcome, open_client
from ptscan.snmp.sockets import host_key, socket_address
from ptscan.snmp.table import RequestTable

from .stubborn import Stubborn

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SLOW = ClientSettings(timeout=20.0)

Responder = Callable[..., AbstractAsyncContextManager[Any]]


def client_on(sock: Stubborn) -> Client:
    return Client(SLOW, RequestTable(random.Random(1)), {socket.AF_INET: sock})


@pytest.mark.parametrize("failure", [errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM])
async def test_a_full_buffer_is_waited_for(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...], failure: int
) -> None:
    sock = Stubborn(*[failure] * 5)
    outcomes = []
    async with client_on(sock).serving() as client, responder(make_device().answer) as place:

        async def ask(number: int) -> None:
            session = client.session(f"127.30.20.{number}" if number else place.address, place.port, credentials=public)
            outcomes.append((await session.get([NAME])).outcome)

        async with trio.open_nursery() as nursery:
            for number in (0, 1, 2):
                nursery.start_soon(ask, number)
    assert sock.refused == 5
    assert outcomes.count(Outcome.OK) == 1
    assert outcomes.count(Outcome.UNREACHABLE) == 2


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (errno.EMSGSIZE, Outcome.NOT_SENT),
        (errno.EPERM, Outcome.NOT_SENT),
        (errno.EACCES, Outcome.NOT_SENT),
        (errno.EINVAL, Outcome.NOT_SENT),
        (errno.ENETUNREACH, Outcome.UNREACHABLE),
        (errno.EHOSTUNREACH, Outcome.UNREACHABLE),
        (errno.ENETDOWN, Outcome.UNREACHABLE),
        (errno.ECONNREFUSED, Outcome.UNREACHABLE),
    ],
)
async def test_a_refusal_of_the_system_is_an_outcome_with_its_reason(
    responder: Responder,
    make_device: Callable[..., Any],
    public: tuple[Community, ...],
    failure: int,
    outcome: Outcome,
) -> None:
    async with client_on(Stubborn(failure)).serving() as client, responder(make_device().answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        answer = await session.get([NAME])
        assert answer.outcome is outcome
        assert os.strerror(failure) in answer.problems[0].text
        assert session.traffic.requests == 0
        assert (await session.get([NAME])).outcome is Outcome.OK, "the next one is sent"


async def test_without_ipv6_its_addresses_are_not_sent_to(public: tuple[Community, ...]) -> None:
    async with client_on(Stubborn()).serving() as client:
        answer = await client.session("::1", credentials=public).get([NAME])
    assert answer.outcome is Outcome.NOT_SENT
    assert "no IPv6" in answer.problems[0].text


async def test_unreachable_over_ipv6_at_once(public: tuple[Community, ...]) -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    async with open_client(SLOW) as client:
        with trio.fail_after(10):
            answer = await client.session("::1", port, credentials=public).get([NAME])
    assert answer.outcome is Outcome.UNREACHABLE


async def test_a_source_address_that_is_not_ours_is_one_line() -> None:
    for settings in (ClientSettings(source_v4="192.0.2.1"), ClientSettings(source_v6="2001:db8::1")):
        with pytest.raises(PtscanError, match="no UDP socket on"):
            async with open_client(settings):
                raise AssertionError("opened")


async def test_a_chosen_source_address_is_used(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...]
) -> None:
    async with open_client(ClientSettings(source_v4="127.30.21.7")) as client, responder(make_device().answer) as place:
        await client.session(place.address, place.port, credentials=public).get([NAME])
        assert place.clients[0][0] == "127.30.21.7"


def test_a_link_local_address_is_one_with_its_interface() -> None:
    key, address = socket_address("fe80::1%1", 161)
    assert key == ("fe80::1%1", 161)
    assert address == ("fe80::1", 161, 0, 1)
    assert host_key(("fe80::1", 161, 0, 2)) != key
    assert host_key(("2001:db8::1", 161, 0, 0)) == ("2001:db8::1", 161)


class Gated(Stubborn):
    """Takes nothing until it is opened."""

    shut = True

    def sendto(self, data: bytes, address: Any, /) -> int:
        if self.shut:
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        return super().sendto(data, address)


async def test_the_dead_before_it_in_the_queue_cost_a_live_device_nothing(
    responder: Responder, make_device: Callable[..., Any], public: tuple[Community, ...]
) -> None:
    """Each datagram to a dead one leaves an ICMP error that the sending of the next one meets."""
    sock = Gated()
    async with client_on(sock).serving() as client, responder(make_device().answer) as place:

        async def ask(address: str) -> Outcome:
            return (await client.session(address, place.port, credentials=public).get([NAME])).outcome

        async with trio.open_nursery() as nursery:
            for number in range(1, 60):
                nursery.start_soon(ask, f"127.30.22.{number}")
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(open_soon, sock)
            assert await ask(place.address) is Outcome.OK


async def open_soon(sock: Gated) -> None:
    await trio.testing.wait_all_tasks_blocked()
    sock.shut = False
