"""The client over real loopback sockets: every outcome, and devices that mean no good."""

import random
import socket
import struct
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_network
from typing import Any

import pytest
import trio

from codec import (
    INTEGER,
    OCTET_STRING,
    V1,
    V2C,
    ErrorStatus,
    Message,
    decode_message,
    encode_response,
    oid_arcs,
    oid_from_arcs,
    parse_oid,
)
from ptscan.errors import InputError
from ptscan.snmp import (
    AddressError,
    Client,
    ClientSettings,
    Community,
    Outcome,
    Secret,
    User,
    limits,
    open_client,
)

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SYSTEM = parse_oid("1.3.6.1.2.1.1")
SUPPLIES = parse_oid("1.3.6.1.2.1.43.11.1.1")
COLUMNS = [parse_oid(f"1.3.6.1.2.1.43.11.1.1.{column}") for column in (6, 8, 9)]

Responder = Callable[..., AbstractAsyncContextManager[Any]]
MakeDevice = Callable[..., Any]
Credentials = tuple[Community, ...]


def secrets(*names: str) -> Credentials:
    return tuple(Community(Secret(name)) for name in names)


def answer_to(datagram: bytes, value: bytes = b"prn", **changes: int) -> bytes:
    message = decode_message(datagram)
    assert isinstance(message, Message)
    fields = {"request_id": message.request_id, "error_status": 0, "error_index": 0} | changes
    return encode_response(
        message.version,
        message.community,
        fields["request_id"],
        [(name, OCTET_STRING, value) for name, _, _ in message.varbinds],
        error_status=fields["error_status"],
        error_index=fields["error_index"],
    )


async def test_get_walk_and_columns_of_one_device(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device()
    async with responder(device.answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        assert (session.version, session.credential_index, session.rtt) == (None, None, None)
        assert (await session.get([NAME])).values[NAME] == (NAME, OCTET_STRING, b"prn")
        assert (session.version, session.credential_index) == ("2c", 0)
        assert session.rtt is not None
        assert session.rtt < 1
        walk = await session.walk(parse_oid("1.3"))
        assert [name for name, _, _ in walk.varbinds] == device.order
        assert len((await session.columns(COLUMNS)).varbinds) == 17
        assert (await session.get_next([SYSTEM])).varbinds[0][2] == b"A printer"
        assert len((await session.get_many(device.order)).varbinds) == 20


async def test_walk_one_varbind_at_a_time(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device()
    async with responder(device.answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        walk = session.iter_walk(SUPPLIES, max_rows=10)
        names = [name async for name, _, _ in walk]
        assert names == [name for name in device.order if name.startswith(SUPPLIES)][:10]
        assert walk.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in walk.problems] == ["row-cap"]


@pytest.mark.parametrize("leaf", [NAME, parse_oid("1.3.6.1.9.9")])
async def test_walk_of_a_leaf_is_the_leaf(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials, leaf: bytes
) -> None:
    async with responder(make_device().answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        answer = await session.walk(leaf)
        assert answer.outcome is Outcome.OK
        assert [value async for _, _, value in session.iter_walk(leaf)] == [value for _, _, value in answer.varbinds]
        assert len(answer.varbinds) == (leaf == NAME)


async def test_over_ipv6(responder: Responder, make_device: MakeDevice, public: Credentials) -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    async with open_client() as client, responder(make_device().answer, "::1") as place:
        session = client.session("0:0:0:0:0:0:0:1", place.port, credentials=public)
        assert session.address == "::1"
        assert (await session.get([NAME])).outcome is Outcome.OK


class TestOutcomes:
    async def test_silent(self, hasty: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda _datagram: []) as place:
            session = hasty.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME])
            assert answer.outcome is Outcome.SILENT
            assert answer.problems[0].text == f"{place.address} port {place.port}: no answer to 2 requests"
            assert len(place.received) == 2
            assert session.version is None
            walk = await session.walk(SYSTEM)
            assert walk.outcome is Outcome.SILENT

    async def test_unreachable_at_once(self, responder: Responder, public: Credentials) -> None:
        async with responder(lambda _datagram: []) as place:
            port = place.port
        async with open_client(ClientSettings(timeout=60.0)) as client:
            session = client.session(place.address, port, credentials=public)
            with trio.fail_after(10):
                answer = await session.get([NAME])
            assert answer.outcome is Outcome.UNREACHABLE
            assert session.traffic.requests <= 2
            with trio.fail_after(10):
                assert (await session.walk(SYSTEM)).outcome is Outcome.UNREACHABLE

    async def test_unreachable_hosts_do_not_disturb_others(
        self, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        async with responder(lambda _datagram: []) as gone:
            dead_port = gone.port
        outcomes: list[Outcome] = []
        async with open_client(ClientSettings(timeout=5.0)) as client, responder(make_device().answer) as place:

            async def ask(address: str, port: int) -> None:
                outcomes.append((await client.session(address, port, credentials=public).get([NAME])).outcome)

            async with trio.open_nursery() as nursery:
                for number in range(1, 101):
                    nursery.start_soon(ask, f"127.30.3.{number}", dead_port)
                    nursery.start_soon(ask, place.address, place.port)
        assert outcomes.count(Outcome.OK) == 100
        assert outcomes.count(Outcome.UNREACHABLE) == 100

    async def test_refused(self, client: Client, responder: Responder, public: Credentials) -> None:
        refusal = ErrorStatus.AUTHORIZATION_ERROR
        async with responder(lambda datagram: [answer_to(datagram, error_status=refusal)]) as place:
            for version in ("2c", "auto"):
                session = client.session(place.address, place.port, credentials=public, version=version)
                assert (await session.get([NAME])).outcome is Outcome.REFUSED
                assert session.version is None

    async def test_malformed(self, client: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda datagram: [answer_to(datagram)[:-1]]) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME])
            assert answer.outcome is Outcome.MALFORMED
            assert "public" not in answer.problems[0].text
        assert client.malformed >= 2

    async def test_device_error(self, client: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda datagram: [answer_to(datagram, error_status=5, error_index=1)]) as place:
            session = client.session(place.address, place.port, credentials=public)
            assert (await session.get([NAME])).outcome is Outcome.DEVICE_ERROR

    @pytest.mark.parametrize(
        ("credentials", "word"),
        [
            ((), "no credential"),
            ((Community(Secret("public"), (ip_network("10.0.0.0/8"),)),), "no credential may be sent there"),
            ((User(name="monitor", networks=(ip_network("10.0.0.0/8"),)),), "no credential may be sent there"),
        ],
    )
    async def test_no_credential_sends_nothing(
        self, client: Client, responder: Responder, credentials: Any, word: str
    ) -> None:
        async with responder(lambda datagram: [answer_to(datagram)]) as place:
            session = client.session(place.address, place.port, credentials=credentials)
            for answer in (await session.get([NAME]), await session.walk(SYSTEM), await session.columns(COLUMNS)):
                assert answer.outcome is Outcome.NO_CREDENTIAL
                assert word in answer.problems[0].text
            assert session.traffic.requests == 0
        assert place.received == []

    async def test_not_sent_to_a_broadcast_address(self, client: Client, public: Credentials) -> None:
        session = client.session("255.255.255.255", credentials=public)
        answer = await session.get([NAME])
        assert answer.outcome in (Outcome.NOT_SENT, Outcome.UNREACHABLE)
        assert "cannot send" in answer.problems[0].text

    async def test_the_largest_request_fits_into_a_datagram(self, hasty: Client, responder: Responder) -> None:
        longest = [parse_oid("1.3" + ".4294967295" * 125 + f".{4294967295 - number}") for number in range(64)]
        assert len(longest) == limits.REQUEST_VARBINDS
        async with responder(lambda _datagram: []) as place:
            credentials = secrets("c" * limits.COMMUNITY_OCTETS)
            session = hasty.session(place.address, place.port, credentials=credentials, version="2c", retries=0)
            assert (await session.get(longest)).outcome is Outcome.SILENT
        assert len(decode_message(place.received[0]).varbinds) == len(longest)

    async def test_deadline_keeps_what_was_read(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()
        budget = iter(range(3))
        async with responder(
            lambda datagram: device.answer(datagram) if next(budget, None) is not None else []
        ) as place:
            session = client.session(place.address, place.port, credentials=public, version="1", retries=20)
            deadline = trio.current_time() + 0.3
            answer = await session.walk(SYSTEM[:4], deadline=deadline)
        assert answer.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in answer.problems] == ["deadline"]
        assert len(answer.varbinds) == 3


class TestVersions:
    @pytest.mark.parametrize(("versions", "found"), [((V1,), "1"), ((V2C,), "2c"), ((V1, V2C), "2c")])
    async def test_are_found_and_remembered(
        self,
        client: Client,
        responder: Responder,
        make_device: MakeDevice,
        public: Credentials,
        versions: tuple[int, ...],
        found: str,
    ) -> None:
        device = make_device(versions=versions)
        async with responder(device.answer) as place:
            session = client.session(place.address, place.port, credentials=public)
            answer = await session.columns(COLUMNS)
            assert answer.outcome is Outcome.OK
            assert len(answer.varbinds) == 17
            assert session.version == found
            before = len(place.received)
            await session.get([NAME])
            assert len(place.received) == before + 1, "what was found is not looked for again"

    async def test_a_lost_first_datagram_does_not_make_it_v1(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
    ) -> None:
        device = make_device()
        lose = iter([True])
        async with responder(lambda datagram: [] if next(lose, False) else device.answer(datagram)) as place:
            session = client.session(place.address, place.port, credentials=public)
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert session.version == "2c"

    async def test_a_fixed_version_is_the_only_one_sent(
        self, hasty: Client, responder: Responder, public: Credentials
    ) -> None:
        async with responder(lambda _datagram: []) as place:
            for version in ("1", "2c"):
                place.received.clear()
                await hasty.session(place.address, place.port, credentials=public, version=version).get([NAME])
                sent = {decode_message(datagram).version for datagram in place.received}
                assert sent == {V1 if version == "1" else V2C}


class TestCredentials:
    async def test_the_one_that_works_is_found_and_kept(
        self, client: Client, responder: Responder, make_device: MakeDevice
    ) -> None:
        device = make_device(communities=(b"third",))
        async with responder(device.answer) as place:
            session = client.session(place.address, place.port, credentials=secrets("first", "second", "third"))
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert (session.credential_index, session.version) == (2, "2c")
            before = len(place.received)
            await session.walk(SYSTEM)
            late = [decode_message(datagram) for datagram in place.received[before:]]
            assert {message.community for message in late} == {b"third"}

    async def test_many_take_no_longer_than_one(self, responder: Responder) -> None:
        async with open_client(ClientSettings(timeout=0.3, retries=0)) as client:
            async with responder(lambda _datagram: []) as place:
                names = [f"wrong-{number}" for number in range(limits.CREDENTIALS_PER_DEVICE + 4)]
                session = client.session(place.address, place.port, credentials=secrets(*names))
                started = trio.current_time()
                assert (await session.get([NAME])).outcome is Outcome.SILENT
                assert trio.current_time() - started < 5
            tried = {decode_message(datagram).community.decode() for datagram in place.received}
            assert tried == set(names[: limits.CREDENTIALS_PER_DEVICE])

    async def test_go_only_to_their_networks(
        self, client: Client, responder: Responder, make_device: MakeDevice
    ) -> None:
        credentials = (
            Community(Secret("elsewhere"), (ip_network("10.0.0.0/8"), ip_network("fe80::/10"))),
            Community(Secret("public"), (ip_network("127.30.0.0/16"),)),
        )
        async with responder(make_device().answer) as place:
            session = client.session(place.address, place.port, credentials=credentials)
            await session.get([NAME])
            assert session.credential_index == 1
        assert all(b"elsewhere" not in datagram for datagram in place.received)

    async def test_later_silence_forgets_nothing(
        self, hasty: Client, responder: Responder, make_device: MakeDevice
    ) -> None:
        device = make_device(communities=(b"second",))
        awake = [True]
        async with responder(lambda datagram: device.answer(datagram) if awake[0] else []) as place:
            session = hasty.session(place.address, place.port, credentials=secrets("first", "second"))
            await session.get([NAME])
            awake[0] = False
            assert (await session.get([NAME])).outcome is Outcome.SILENT
            assert (session.version, session.credential_index) == ("2c", 1)
            awake[0] = True
            before = len(place.received)
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert len(place.received) == before + 1


class TestSources:
    async def elsewhere(
        self, hasty: Client, responder: Responder, public: Credentials, accept: bool, other: str
    ) -> Any:
        """A device that is asked at one address and answers from ``other``."""
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
            await voice.bind((other, 0))
            async with trio.open_nursery() as nursery, responder(lambda _datagram: []) as place:

                async def speak() -> None:
                    while True:
                        while not place.received:
                            await trio.lowlevel.checkpoint()
                        await voice.sendto(answer_to(place.received.pop(0)), place.clients.pop(0))

                nursery.start_soon(speak)
                session = hasty.session(
                    place.address, place.port, credentials=public, version="2c", accept_other_source=accept
                )
                answer = await session.get([NAME])
                nursery.cancel_scope.cancel()
        return session, answer

    @pytest.mark.parametrize("other", ["127.30.0.1", "127.30.0.2"])
    async def test_another_is_not_accepted_and_named(
        self, hasty: Client, responder: Responder, public: Credentials, other: str
    ) -> None:
        _, answer = await self.elsewhere(hasty, responder, public, False, other)
        assert answer.outcome is Outcome.SILENT
        assert f"{other} port" in answer.problems[0].text

    @pytest.mark.parametrize("other", ["127.30.0.1", "127.30.0.2"])
    async def test_another_is_accepted_when_asked_for(
        self, hasty: Client, responder: Responder, public: Credentials, other: str
    ) -> None:
        session, answer = await self.elsewhere(hasty, responder, public, True, other)
        assert answer.outcome is Outcome.OK
        assert session.address == "127.30.0.1", "the address that was asked is the one that is reported"


class TestHostileDevices:
    async def test_columns_of_large_values_are_capped(
        self, client: Client, responder: Responder, public: Credentials
    ) -> None:
        """Hundreds of devices are read at once, so that a walk's mebibytes each would be too much."""

        def answer(datagram: bytes) -> list[bytes]:
            message = decode_message(datagram)
            assert isinstance(message, Message)
            name = message.varbinds[0][0]
            following = name[:-1] + bytes((name[-1] + 1,)) if len(name) > len(COLUMNS[0]) else name + b"\x01"
            row = [(following, OCTET_STRING, bytes(60_000))]
            return [encode_response(message.version, message.community, message.request_id, row)]

        async with responder(answer) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            result = await session.columns(COLUMNS[:1], max_rows=100)
        assert result.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in result.problems] == ["octet-cap"]
        assert session.traffic.received_octets <= limits.COLUMNS_OCTETS + 61_000

    async def test_endless_walk(self, client: Client, responder: Responder, public: Credentials) -> None:
        numbers = iter(range(1, 10**9))

        def endless(datagram: bytes) -> list[bytes]:
            message = decode_message(datagram)
            assert isinstance(message, Message)
            rows = [(oid_from_arcs((*oid_arcs(SYSTEM), next(numbers))), INTEGER, 1) for _ in range(25)]
            return [encode_response(V2C, message.community, message.request_id, rows)]

        async with responder(endless) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.walk(SYSTEM, max_rows=2_000)
        assert answer.outcome is Outcome.ENDED_EARLY
        assert len(answer.varbinds) == 2_000

    async def test_wrong_request_ids(self, hasty: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda datagram: [answer_to(datagram, request_id=5)]) as place:
            session = hasty.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME])
        assert answer.outcome is Outcome.SILENT
        assert "request-id" in answer.problems[0].text

    async def test_answers_for_other_hosts_finish_nobody(
        self, hasty: Client, responder: Responder, public: Credentials
    ) -> None:
        """One device answers, from its own address, every question that was put to another one."""
        heard: list[bytes] = []

        def eavesdropper(datagram: bytes) -> list[bytes]:
            return [answer_to(datagram), *[answer_to(other, b"forged") for other in heard]]

        def listening(datagram: bytes) -> list[bytes]:
            heard.append(datagram)
            return []

        async with responder(listening, "127.30.0.5") as victim, responder(eavesdropper, "127.30.0.6") as forger:
            silent = hasty.session(victim.address, victim.port, credentials=public, version="2c")
            loud = hasty.session(forger.address, forger.port, credentials=public, version="2c")
            outcomes = {}

            async def ask(name: str, session: Any, times: int) -> None:
                for _ in range(times):
                    outcomes[name] = (await session.get([NAME])).outcome

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, "silent", silent, 1)
                nursery.start_soon(ask, "loud", loud, 20)
        assert outcomes == {"silent": Outcome.SILENT, "loud": Outcome.OK}

    @pytest.mark.parametrize("size", [0, 1, 100, 60_000])
    async def test_a_flood_stalls_nobody(
        self, client: Client, responder: Responder, make_device: MakeDevice, public: Credentials, size: int
    ) -> None:
        garbage = random.Random(size).randbytes(size)
        stop = trio.Event()
        async with (
            responder(make_device().answer, "127.30.0.7") as good,
            responder(lambda _datagram: [], "127.30.0.8") as bad,
            trio.open_nursery() as nursery,
        ):
            flooded = client.session(bad.address, bad.port, credentials=public, version="2c")
            outcomes = []

            async def flood() -> None:
                while not bad.clients:
                    await trio.lowlevel.checkpoint()
                while not stop.is_set():
                    for _ in range(20):
                        await bad.sock.sendto(garbage, bad.clients[0])

            async def suffer() -> None:
                outcomes.append((await flooded.get([NAME])).outcome)

            nursery.start_soon(flood)
            nursery.start_soon(suffer)
            for _ in range(50):
                session = client.session(good.address, good.port, credentials=public, retries=8)
                assert (await session.get([NAME])).outcome is Outcome.OK
            stop.set()
        assert outcomes == [Outcome.MALFORMED]

    async def test_an_answer_of_60_000_octets_is_read(
        self, client: Client, responder: Responder, public: Credentials
    ) -> None:
        async with responder(lambda datagram: [answer_to(datagram, bytes(60_000))]) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c")
            answer = await session.get([NAME])
            assert answer.values[NAME][2] == bytes(60_000)
            assert session.traffic.received_octets > 60_000

    async def test_truncated_answers(self, client: Client, responder: Responder, public: Credentials) -> None:
        sizes = iter(range(0, 45, 4))
        async with responder(lambda datagram: [answer_to(datagram)[: next(sizes)]]) as place:
            session = client.session(place.address, place.port, credentials=public, version="2c", retries=0)
            for _ in range(12):
                assert (await session.get([NAME])).outcome is Outcome.MALFORMED

    @pytest.mark.parametrize("index", [-1, 0, 2, 2**31 - 1])
    async def test_error_index_out_of_range(
        self, client: Client, responder: Responder, public: Credentials, index: int
    ) -> None:
        async with responder(lambda datagram: [answer_to(datagram, error_status=2, error_index=index)]) as place:
            session = client.session(place.address, place.port, credentials=public, version="1")
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert (await session.walk(SYSTEM)).varbinds == ()

    async def test_too_big_for_everything(self, client: Client, responder: Responder, public: Credentials) -> None:
        async with responder(lambda datagram: [answer_to(datagram, error_status=1)]) as place:
            session = client.session(place.address, place.port, credentials=public)
            for answer in (
                await session.get_many([NAME, SYSTEM, SUPPLIES]),
                await session.walk(SYSTEM),
                await session.columns(COLUMNS),
            ):
                assert answer.outcome is Outcome.DEVICE_ERROR
                assert not answer.varbinds
            assert session.traffic.requests < 40


async def test_one_request_in_flight_per_host(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device()
    waiting: list[int] = []

    async with responder(lambda _datagram: []) as place, trio.open_nursery() as nursery:

        async def answer_slowly() -> None:
            while True:
                while not place.received:
                    await trio.lowlevel.checkpoint()
                waiting.append(len(place.received))
                for answer in device.answer(place.received.pop(0)):
                    await place.sock.sendto(answer, place.clients.pop(0))

        async def ask() -> None:
            session = client.session(place.address, place.port, credentials=public, version="2c", timeout=30)
            assert (await session.get([NAME])).outcome is Outcome.OK

        async with trio.open_nursery() as askers:
            nursery.start_soon(answer_slowly)
            for _ in range(20):
                askers.start_soon(ask)
        nursery.cancel_scope.cancel()
    assert set(waiting) == {1}


async def test_a_thousand_devices_at_once(client: Client, make_device: MakeDevice, public: Credentials) -> None:
    """One socket answers for a network, each address with its own name."""
    outcomes: list[bool] = []
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        await sock.bind(("0.0.0.0", 0))
        port = sock.getsockname()[1]

        async def serve() -> None:
            while True:
                datagram, ancillary, _, source = await sock.recvmsg(2_048, 128)
                there = ancillary[0][2][8:12]
                back = struct.pack("=I4s4s", 0, there, bytes(4))
                await sock.sendmsg([answer_to(datagram, there)], [(socket.IPPROTO_IP, 8, back)], 0, source)

        async def ask(address: str) -> None:
            session = client.session(address, port, credentials=public, version="2c", timeout=5.0)
            value = (await session.get([NAME])).values.get(NAME)
            outcomes.append(value is not None and value[2] == socket.inet_aton(address))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with trio.open_nursery() as askers:
                for number in range(1_000):
                    askers.start_soon(ask, f"127.30.{100 + number // 250}.{number % 250 + 1}")
            nursery.cancel_scope.cancel()
    assert outcomes == [True] * 1_000


async def test_traffic_tells_what_was_asked_and_what_it_cost(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    async with responder(make_device().answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        await session.get([NAME])
        await session.walk(SYSTEM)
        assert session.traffic.asked == [NAME, SYSTEM]
        assert (session.traffic.round_trips, session.traffic.requests) == (2, 2)
        assert session.traffic.sent_octets == sum(map(len, place.received))
        assert session.traffic.received_octets > 100


class TestWrongUse:
    async def test_addresses_and_ports(self, client: Client, public: Credentials) -> None:
        for address in ("printer.example", "", "10.0.0", "10.0.0.256", "::g", "fe80::1%no-such-interface", "1\0"):
            with pytest.raises(AddressError, match="no numeric"):
                client.session(address, credentials=public)
        for port in (0, -1, 65_536):
            with pytest.raises(AddressError, match="out of range"):
                client.session("10.0.0.1", port, credentials=public)
        assert client.session("::ffff:10.0.0.1", credentials=public).address == "10.0.0.1"
        assert client.session("FE80::1%1", credentials=public).address == "fe80::1%1"

    async def test_versions_and_limits(self, client: Client, public: Credentials) -> None:
        with pytest.raises(InputError, match="version"):
            client.session("10.0.0.1", credentials=public, version="4")  # type: ignore[arg-type]
        with pytest.raises(InputError, match="timeout"):
            client.session("10.0.0.1", credentials=public, timeout=0)
        with pytest.raises(InputError, match="retries"):
            client.session("10.0.0.1", credentials=public, retries=limits.MAX_RETRIES + 1)
        session = client.session("10.0.0.1", credentials=public)
        with pytest.raises(InputError, match="columns"):
            await session.columns([SYSTEM] * (limits.COLUMNS + 1))
        with pytest.raises(InputError, match="OIDs"):
            await session.get_many([SYSTEM] * (limits.GET_OIDS + 1))

    async def test_errors_of_the_block_pass_unwrapped(self) -> None:
        async def fail() -> None:
            async with open_client():
                raise InputError("as it was")

        with pytest.raises(InputError, match="as it was"):
            await fail()
