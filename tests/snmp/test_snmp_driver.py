"""Who looks for answers, and what one operation may do to the others."""

import errno
import gc
import random
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_network
from typing import Any

import pytest
import trio
import trio.testing

from codec import Message, Oid, PduType, decode_message, parse_oid
from ptscan.snmp import Answer, Client, ClientSettings, Community, Outcome, Secret, limits, open_client
from ptscan.snmp.driver import Driver
from ptscan.snmp.get import GetPlan
from ptscan.snmp.plan import Ask
from ptscan.snmp.sockets import open_socket
from ptscan.snmp.table import RequestTable

from .stubborn import Stubborn

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SYSTEM = parse_oid("1.3.6.1.2.1.1")
SLOW = ClientSettings(timeout=20.0)
FAST = 0.0
"""Seconds of a last answer after which the next task looks for its own itself."""

Responder = Callable[..., AbstractAsyncContextManager[Any]]
MakeDevice = Callable[..., Any]
Credentials = tuple[Community, ...]


def line_of(client: Client) -> Any:
    return client._driver._lines[socket.AF_INET]


def at_rest(driver: Driver) -> bool:
    return not driver.table.pending and not driver._waiters


class TestLeading:
    async def test_one_operation_after_the_other_is_answered(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()
        async with responder(device.answer) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            for _ in range(50):
                client._driver.table.last_rtt = FAST
                assert (await session.get([NAME])).outcome is Outcome.OK
            assert [name for name, _, _ in (await session.walk(parse_oid("1.3"))).varbinds] == device.order
        assert at_rest(client._driver)

    async def test_in_vain_leaves_the_answer_to_the_receiver_and_the_next_ones_do_without(
        self, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()
        async with (
            open_client(SLOW) as client,
            responder(lambda _datagram: []) as place,
            trio.open_nursery() as nursery,
        ):
            session = client.session(place.address, place.port, credentials=public, version="2c")
            line = line_of(client)
            answers: list[Answer] = []

            async def ask() -> None:
                answers.append(await session.get([NAME]))

            penances = []
            for _ in range(6):
                client._driver.table.last_rtt = FAST
                nursery.start_soon(ask)
                await trio.testing.wait_all_tasks_blocked()
                assert not line.is_led
                await place.sock.sendto(device.answer(place.received.pop())[0], place.clients.pop())
                await trio.testing.wait_all_tasks_blocked()
                penances.append(line.penance)
        assert penances == [1, 1, 2, 2, 2, 4]
        assert [answer.outcome for answer in answers] == [Outcome.OK] * 6

    async def test_takes_in_the_answers_of_all_the_others(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        outcomes = []
        async with responder(make_device().answer) as place, responder(make_device().answer, "127.30.0.21") as other:

            async def ask(where: Any) -> None:
                client._driver.table.last_rtt = FAST
                session = client.session(where.address, where.port, credentials=public, version="2c")
                outcomes.extend([(await session.get([NAME])).outcome for _ in range(10)])

            async with trio.open_nursery() as nursery:
                for where in (place, other, place):
                    nursery.start_soon(ask, where)
        assert outcomes == [Outcome.OK] * 30
        assert at_rest(client._driver)

    async def test_closing_the_client_ends_it(self, responder: Responder, public: Credentials) -> None:
        async with responder(lambda _datagram: []) as place, trio.open_nursery() as nursery:
            raised = []

            async def ask(client: Client) -> None:
                client._driver.table.last_rtt = FAST
                session = client.session(place.address, place.port, credentials=public)
                try:
                    await session.get([NAME])
                except trio.ClosedResourceError as error:
                    raised.append(error)

            async with open_client(SLOW) as client:
                nursery.start_soon(ask, client)
                while not line_of(client).is_led:
                    await trio.lowlevel.checkpoint()
        assert len(raised) == 1
        assert at_rest(client._driver)

    async def test_junk_that_came_meanwhile_is_no_answer(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()

        def with_junk(datagram: bytes) -> list[bytes]:
            message = decode_message(datagram)
            assert isinstance(message, Message)
            message.request_id ^= 1
            return [device.encode(message, [device.read(NAME)]), *device.answer(datagram)]

        async with responder(with_junk) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            for _ in range(5):
                client._driver.table.last_rtt = FAST
                assert (await session.get([NAME])).values[NAME][2] == b"prn"
        assert client.strays == 5


class Faulty(GetPlan):
    """A plan with a bug."""

    def receive(self, message: Message, octets: int) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize("last_rtt", [FAST, 1.0])
async def test_a_bug_in_one_operation_is_raised_to_its_own_task_alone(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials, last_rtt: float
) -> None:
    async with responder(make_device().answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        client._driver.table.last_rtt = last_rtt
        with pytest.raises(ZeroDivisionError):
            await session._run(Faulty([NAME], batch=1), float("inf"))
        assert at_rest(client._driver)
        assert (await session.get([NAME])).outcome is Outcome.OK


async def test_what_is_done_leaves_no_work_to_the_garbage_collector(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    async with responder(make_device().answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        await session.walk(SYSTEM)
        gc.collect()
        gc.disable()
        try:
            for _ in range(100):
                await client.session(place.address, place.port, credentials=public, version="2c").get([NAME])
                await session.walk(SYSTEM)
            assert gc.collect() < 100, "less than an object for each operation"
        finally:
            gc.enable()


class TestGetInOneRequest:
    async def test_what_is_not_answered_as_it_was_asked_is_asked_again(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()

        def only_the_first(datagram: bytes) -> list[bytes]:
            message = decode_message(datagram)
            assert isinstance(message, Message)
            return [device.encode(message, [device.read(message.varbinds[0][0])])]

        names: list[Oid] = device.order[:3]
        async with responder(only_the_first) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get(names)
        assert [name for name, _, _ in answer.varbinds] == names
        assert session.traffic.asked == [*names, *names[1:], *names[2:]]

    async def test_an_oid_that_is_named_twice_is_asked_once_and_given_twice(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        async with responder(make_device().answer) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME, NAME])
        assert [value for _, _, value in answer.varbinds] == [b"prn", b"prn"]
        assert session.traffic.asked == [NAME]

    async def test_its_time_may_be_over(self, client: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda _datagram: []) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME], deadline=trio.current_time() + 0.01)
        assert answer.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in answer.problems] == ["deadline"]


@pytest.mark.parametrize("failure", [errno.ENETUNREACH, errno.ENETDOWN])
async def test_an_interface_that_is_down_for_a_moment_does_not_end_a_reading(
    responder: Responder, make_device: MakeDevice, public: Credentials, failure: int
) -> None:
    table = RequestTable(random.Random(1))
    device = make_device()
    sock = Stubborn(0, failure)
    async with Client(SLOW, table, {socket.AF_INET: sock}).serving() as client, responder(device.answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c", timeout=0.2)
        assert (await session.get([NAME])).outcome is Outcome.OK
        answer = await session.walk(SYSTEM)
    assert answer.outcome is Outcome.OK
    assert len(answer.varbinds) == 3
    assert session.traffic.requests == 2


class TestCredentialsKept:
    async def test_never_let_a_community_out_of_its_networks(
        self, hasty: Client, responder: Responder, make_device: MakeDevice
    ) -> None:
        credentials = (Community(Secret("narrow"), (ip_network("127.30.0.31/32"),)), Community(Secret("public")))
        async with (
            responder(make_device(communities=(b"narrow",)).answer, "127.30.0.31") as inside,
            responder(make_device().answer, "127.30.0.32") as outside,
        ):
            for place, index in ((inside, 0), (outside, 1), (inside, 0), (outside, 1)):
                session = hasty.session(place.address, place.port, credentials=credentials, version="2c")
                assert (await session.get([NAME])).outcome is Outcome.OK
                assert session.credential_index == index
        assert all(b"narrow" not in datagram for datagram in outside.received)

    async def test_are_those_of_the_moment(self, hasty: Client, responder: Responder, make_device: MakeDevice) -> None:
        credentials = [Community(Secret("public"))]
        async with responder(make_device().answer) as place:
            await hasty.session(place.address, place.port, credentials=credentials, version="2c").get([NAME])
            credentials[0] = Community(Secret("another"))
            await hasty.session(place.address, place.port, credentials=credentials, version="2c").get([NAME])
            await hasty.session(place.address, place.port, credentials=credentials, version="1").get([NAME])
        asked = [decode_message(datagram) for datagram in place.received]
        assert [message.community for message in asked][:2] == [b"public", b"another"]
        assert asked[-1].version == 0


async def test_requests_are_kept_encoded_for_a_bounded_number_of_questions(client: Client, public: Credentials) -> None:
    session = client.session("127.30.0.41", credentials=public, version="2c")
    for number in range(limits.TEMPLATES_KEPT + 9):
        session._device.question(Ask(PduType.GET, (NAME + bytes((1 + number // 100, number % 100)),)))
    assert len(client._variants) == limits.TEMPLATES_KEPT


def test_the_receive_buffer_is_as_large_as_the_system_grants() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as polite, open_socket(socket.AF_INET, "127.0.0.1") as ours:
        polite.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, limits.RECEIVE_BUFFER_OCTETS)
        granted = ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert granted >= polite.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
