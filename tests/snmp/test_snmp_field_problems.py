"""The field's SNMP problems that concern this room, by their numbers in the list of real-world problems."""

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import trio

from codec import INTEGER, OCTET_STRING, V1, V2C, Message, PduType, decode_message, encode_response, parse_oid
from ptscan.snmp import Client, ClientSettings, Community, Outcome, Secret, open_client

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
DESCRIPTION = parse_oid("1.3.6.1.2.1.1.1.0")
SYSTEM = parse_oid("1.3.6.1.2.1.1")
ALERTS = [parse_oid(f"1.3.6.1.2.1.43.18.1.1.{column}") for column in (2, 7, 8)]

Responder = Callable[..., AbstractAsyncContextManager[Any]]
MakeDevice = Callable[..., Any]
Credentials = tuple[Community, ...]


def request(datagram: bytes) -> Message:
    message = decode_message(datagram)
    assert isinstance(message, Message)
    return message


async def test_problem_04_v1_no_such_name_costs_the_missing_oid_alone(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    missing = [parse_oid(f"1.3.6.1.4.1.2435.2.3.9.{number}.0") for number in (1, 2)]
    async with responder(make_device(versions=(V1,)).answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        answer = await session.get([missing[0], DESCRIPTION, missing[1], NAME])
    assert answer.outcome is Outcome.OK
    assert set(answer.values) == {DESCRIPTION, NAME}


async def test_problem_05_v1_only_printer_is_found_and_walked_without_get_bulk(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device(versions=(V1,))
    async with responder(device.answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        answer = await session.walk(parse_oid("1.3"))
        assert session.version == "1"
    assert [name for name, _, _ in answer.varbinds] == device.order
    assert {message.pdu_type for message in device.asked} == {PduType.GET_NEXT}


async def test_problem_06_broken_get_bulk_shrinks_then_becomes_get_next_and_stays_so(
    hasty: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    for fault in ("silent", "tooBig", "genErr", "malformed"):
        device = make_device(largest_repetitions=0, bulk_fault=fault)
        async with responder(device.answer) as place:
            session = hasty.session(place.address, place.port, credentials=public, version="2c")
            assert len((await session.walk(SYSTEM)).varbinds) == 3
            repetitions = [each.error_index for each in device.asked if each.pdu_type == PduType.GET_BULK]
            assert repetitions[0] == 10
            assert repetitions == sorted(repetitions, reverse=True)
            device.asked.clear()
            assert len((await session.walk(SYSTEM)).varbinds) == 3
            assert {message.pdu_type for message in device.asked} == {PduType.GET_NEXT}


async def test_problem_08_walk_that_repeats_or_decreases_ends_and_keeps_its_rows(
    client: Client, responder: Responder, public: Credentials
) -> None:
    rows = [(SYSTEM + bytes((number, 0)), INTEGER, number) for number in (1, 2, 3)]

    def looping(datagram: bytes) -> list[bytes]:
        message = request(datagram)
        return [encode_response(V2C, message.community, message.request_id, rows)]

    async with responder(looping) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        await session.get([rows[0][0]])
        answer = await session.walk(SYSTEM)
        assert session.traffic.requests == 3
    assert answer.outcome is Outcome.ENDED_EARLY
    assert answer.varbinds == tuple(rows)
    assert [problem.code for problem in answer.problems] == ["not-increasing"]


async def test_problem_09_late_answer_to_the_first_try_counts(responder: Responder, public: Credentials) -> None:
    first: list[bytes] = []

    def late(datagram: bytes) -> list[bytes]:
        """Answers the first try when the second one comes, and never the second."""
        first.append(datagram)
        if len(first) == 1:
            return []
        message = request(first[0])
        return [encode_response(V2C, message.community, message.request_id, [(NAME, OCTET_STRING, b"late")])]

    async with open_client(ClientSettings(timeout=0.1, retries=1)) as client, responder(late) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        answer = await session.get([NAME])
    assert answer.values[NAME][2] == b"late"
    assert first[0] == first[1], "a retry is the same datagram"


async def test_problem_10_answer_from_another_address_counts_when_asked_for(
    hasty: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.30.0.12", 0))

        def answer_elsewhere(datagram: bytes) -> list[bytes]:
            for answer in device.answer(datagram):
                other.sendto(answer, place.clients[-1])
            return []

        async with responder(answer_elsewhere, "127.30.0.11") as place:
            strict = hasty.session(place.address, place.port, credentials=public, version="2c")
            answer = await strict.get([NAME])
            assert answer.outcome is Outcome.SILENT
            assert "127.30.0.12" in answer.problems[0].text
            liberal = hasty.session(
                place.address, place.port, credentials=public, version="2c", accept_other_source=True
            )
            assert (await liberal.get([NAME])).outcome is Outcome.OK
            assert len((await liberal.walk(SYSTEM)).varbinds) == 3
            assert liberal.address == "127.30.0.11"


async def test_problem_12_offline_device_holds_up_nobody(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    finished: list[str] = []
    async with (
        responder(lambda _datagram: [], "127.30.0.13") as dead,
        responder(make_device().answer, "127.30.0.14") as alive,
    ):

        async def read(place: Any, name: str, expected: Outcome) -> None:
            session = client.session(place.address, place.port, credentials=public, timeout=1.0, retries=1)
            assert (await session.get([NAME])).outcome is expected
            finished.append(name)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(read, dead, "dead", Outcome.SILENT)
            for _ in range(20):
                nursery.start_soon(read, alive, "alive", Outcome.OK)
            while finished.count("alive") < 20:
                await trio.lowlevel.checkpoint()
            assert "dead" not in finished
            nursery.cancel_scope.cancel()


async def test_problem_13_small_pdus_one_at_a_time_and_an_end_after_errors(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    device = make_device(tree={parse_oid(f"1.3.6.1.4.1.11.{n}"): (INTEGER, n) for n in range(300)})
    async with responder(device.answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        assert len((await session.walk(parse_oid("1.3"))).varbinds) == 300
        assert max(m.error_index for m in device.asked if m.pdu_type == PduType.GET_BULK) <= 25
    failing = make_device(broken=frozenset(device.order), tree=device.tree)
    async with responder(failing.answer) as place:
        session = client.session(place.address, place.port, credentials=public)
        assert (await session.get_many(device.order)).outcome is Outcome.DEVICE_ERROR
        assert session.traffic.requests < 20


async def test_problem_28_alert_rows_that_wander_between_two_requests(
    client: Client, responder: Responder, make_device: MakeDevice, public: Credentials
) -> None:
    """Alerts come and go during the walk: no column stumbles over another one's rows, half rows are kept."""

    def alerts(rows: range) -> Any:
        return make_device(tree={root + bytes((1, row)): (INTEGER, row) for root in ALERTS for row in rows})

    moments = iter([alerts(range(1, 12)), alerts(range(5, 40)), alerts(range(30, 50)), alerts(range(0))])
    current = next(moments)

    def answer(datagram: bytes) -> list[bytes]:
        nonlocal current
        answers: list[bytes] = current.answer(datagram)
        current = next(moments, current)
        return answers

    async with responder(answer) as place:
        session = client.session(place.address, place.port, credentials=public, version="2c")
        result = await session.columns(ALERTS)
    assert result.outcome is Outcome.OK
    for root in ALERTS:
        rows = [value for name, _, value in result.varbinds if name.startswith(root)]
        assert rows
        assert rows == sorted(set(rows))  # type: ignore[type-var]


async def test_problem_29_what_worked_is_remembered_and_no_failure_erases_it(
    hasty: Client, responder: Responder, make_device: MakeDevice
) -> None:
    device = make_device(communities=(b"fleet",), versions=(V1,))
    credentials = (Community(Secret("public")), Community(Secret("fleet")))
    awake = True
    async with responder(lambda datagram: device.answer(datagram) if awake else []) as place:
        session = hasty.session(place.address, place.port, credentials=credentials)
        assert (await session.get([NAME])).outcome is Outcome.OK
        assert (session.version, session.credential_index) == ("1", 1)
        awake = False
        place.received.clear()
        assert (await session.get([NAME])).outcome is Outcome.SILENT
        awake = True
        assert (await session.get([NAME])).outcome is Outcome.OK
        assert (session.version, session.credential_index) == ("1", 1)
        assert {request(datagram).community for datagram in place.received} == {b"fleet"}
