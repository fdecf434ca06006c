"""SNMPv3 from end to end: the client over loopback against agents in memory, well-behaved and not."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import product
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec import AUTH, OCTET_STRING, PduType, Report, decode_secure, encode_scoped, parse_oid
from ptscan.snmp import Answer, Client, ClientSettings, Community, Outcome, Secret, Session, User, limits, open_client

from .agent_v3 import ENGINE, OTHER_ENGINE, AgentV3, keys_of, user

Responder = Callable[..., AbstractAsyncContextManager[Any]]
MakeDevice = Callable[..., Any]

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SYSTEM = parse_oid("1.3.6.1.2.1.1")
SUPPLIES = parse_oid("1.3.6.1.2.1.43.11.1.1")
MONITOR = user()
VALUE = b"prn"


@pytest.fixture
def make_agent(make_device: MakeDevice) -> Callable[..., AgentV3]:
    """Makes an agent around the small device; keywords are the fields of ``AgentV3``."""

    def make(*users: User, **faults: Any) -> AgentV3:
        return AgentV3(make_device().answer, users or (MONITOR,), **faults)

    return make


async def get(client: Client, place: Any, *credentials: Any, **how: Any) -> tuple[Session, Answer]:
    session = client.session(place.address, place.port, credentials=credentials or (MONITOR,), **how)
    return session, await session.get([NAME])


class TestGettingToKnow:
    async def test_a_device_takes_one_discovery_and_the_question(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        async with responder(agent.answer) as place:
            session, answer = await get(client, place, version="3")
            assert [value for _, _, value in answer.varbinds] == [VALUE]
            assert (session.version, session.credential_index, session.engine_id) == ("3", 0, ENGINE)
            assert (await session.get([NAME])).outcome is Outcome.OK
        assert [message.user for message in agent.seen] == [b"", b"monitor", b"monitor"]
        assert len(set(agent.salts)) == 2

    @pytest.mark.parametrize(
        "priv", [None, "des", "3des", "aes128", "aes192", "aes256", "aes192-reeder", "aes256-reeder"]
    )
    @pytest.mark.parametrize("auth", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
    async def test_every_pair_of_protocols(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3], auth: str, priv: str | None
    ) -> None:
        who = user(auth=auth, priv=priv)
        async with responder(make_agent(who).answer) as place:
            session, answer = await get(client, place, who, version="3")
            assert answer.outcome is Outcome.OK
            assert len((await session.walk(SUPPLIES)).varbinds) == 17

    async def test_a_user_without_secrets(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        who = user(auth=None, priv=None)
        async with responder(make_agent(who).answer) as place:
            assert (await get(client, place, who))[1].outcome is Outcome.OK

    async def test_ten_tasks_that_wait_for_it_cost_one_discovery(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        async with responder(agent.answer) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            other = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            async with trio.open_nursery() as nursery:
                for asked in [session, other] * 5:
                    nursery.start_soon(asked.get, [NAME])
                nursery.start_soon(session.walk, SUPPLIES)
        assert agent.discoveries == 1

    async def test_tasks_that_wait_for_nothing_share_the_failure(self, hasty: Client, responder: Responder) -> None:
        answers: list[Answer] = []
        async with responder(lambda datagram: []) as place:
            session = hasty.session(place.address, place.port, credentials=(MONITOR,), version="3")

            async def ask() -> None:
                answers.append(await session.get([NAME]))

            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(ask)
        assert len(place.received) == 2, "one discovery and its retry"
        assert {answer.outcome for answer in answers} == {Outcome.SILENT}

    async def test_users_are_tried_in_order_and_the_one_who_is_let_in_is_kept(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        wrong = User(
            "monitor", "sha256", Secret("another password"), priv="aes128", priv_password=Secret("priv passwd")
        )
        async with responder(agent.answer) as place:
            session, answer = await get(client, place, user("nobody"), wrong, MONITOR, version="3")
            assert (answer.outcome, answer.problems, session.credential_index) == (Outcome.OK, (), 2)
            seen = len(agent.seen)
            again, answer = await get(client, place, user("nobody"), wrong, MONITOR, version="3")
            assert (answer.outcome, again.credential_index) == (Outcome.OK, 2)
        assert seen == 4
        assert len(agent.seen) == 5, "who was let in comes first, and its engine is known"

    async def test_auto_tries_communities_first_and_users_beside_them(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        public = Community(Secret("public"))
        for answers_v2c, version, place_in_list in ((True, "2c", 1), (False, "3", 0)):
            agent = make_agent(answers_v2c=answers_v2c)
            async with responder(agent.answer) as place:
                session, answer = await get(client, place, MONITOR, public)
                assert answer.outcome is Outcome.OK
                assert (session.version, session.credential_index) == (version, place_in_list)
            assert bool(agent.seen) is not answers_v2c

    async def test_a_context_that_is_named_is_used_and_jetdirect_is_tried_by_itself(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        for context, asked in (("tray", "tray"), ("Jetdirect", "Jetdirect"), ("Jetdirect", "")):
            agent = make_agent(user(context=context))
            async with responder(agent.answer) as place:
                session, answer = await get(client, place, user(context=asked), version="3")
                assert answer.outcome is Outcome.OK
                assert (await session.walk(SYSTEM)).outcome is Outcome.OK
            assert agent.discoveries == 1

    async def test_a_session_turns_to_jetdirect_on_request_and_on_hps_engines_alone(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent(MONITOR, more_contexts=("Jetdirect",))
        async with responder(agent.answer) as place:
            session, _ = await get(client, place, version="3")
            other = session.in_jetdirect()
            assert other is not None
            assert (await other.get([NAME])).outcome is Outcome.OK
            assert other.traffic is session.traffic
            assert other.in_jetdirect() is None
            assert agent.contexts == [b"", b"Jetdirect"]
        agent = make_agent(engine_id=bytes.fromhex("80001f880300aabbccddee"))
        async with responder(agent.answer) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            assert session.in_jetdirect() is None, "it is not even known yet"
            await session.get([NAME])
            assert session.in_jetdirect() is None

    async def test_what_a_device_refuses_later_is_not_what_it_refused_before_jetdirect(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent(user(context="Jetdirect"))
        async with responder(agent.answer) as place:
            session, answer = await get(client, place, version="3")
            assert answer.outcome is Outcome.OK
            agent.always = Report.WRONG_DIGEST
            assert (await session.get([NAME])).outcome is Outcome.WRONG_DIGEST


REPORTS = [
    (Report.UNKNOWN_USER, Outcome.UNKNOWN_USER, "check the name"),
    (Report.WRONG_DIGEST, Outcome.WRONG_DIGEST, "than sha256: check both"),
    (Report.UNSUPPORTED_LEVEL, Outcome.UNSUPPORTED_LEVEL, "than authPriv: check auth and priv"),
    (Report.DECRYPTION_ERROR, Outcome.DECRYPTION_ERROR, "than aes128: check both"),
    (Report.NOT_IN_TIME_WINDOW, Outcome.NOT_IN_TIME_WINDOW, "for the time, again and again"),
    (Report.UNKNOWN_ENGINE, Outcome.UNKNOWN_ENGINE, "the engine ID that the device itself gave"),
    (Report.UNKNOWN_CONTEXT, Outcome.UNKNOWN_CONTEXT, "name the right one"),
    (Report.UNAVAILABLE_CONTEXT, Outcome.UNKNOWN_CONTEXT, "name the right one"),
    (Report.INVALID_MESSAGE, Outcome.DEVICE_ERROR, "nothing known"),
]


class TestReports:
    @pytest.mark.parametrize(("report", "outcome", "words"), REPORTS)
    async def test_each_ends_as_what_it_says_after_a_few_packets(
        self,
        client: Client,
        responder: Responder,
        make_agent: Callable[..., AgentV3],
        report: Report,
        outcome: Outcome,
        words: str,
    ) -> None:
        agent = make_agent(always=report)
        async with responder(agent.answer) as place:
            session, answer = await get(client, place, version="3")
            assert answer.outcome is outcome
            assert answer.problems[0].code == outcome.value
            assert "'monitor'" in answer.problems[0].text
            assert words in answer.problems[0].text
            assert session.version is None
        assert agent.discoveries == 1
        assert len(agent.seen) <= 3, "a discovery, a question, and one more where the clock was wrong or the context"

    async def test_why_each_user_was_refused_is_said_of_all(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        wrong = User("monitor", "sha256", Secret("another password"))
        async with responder(make_agent().answer) as place:
            _, answer = await get(client, place, user("nobody"), wrong, version="3")
        assert answer.outcome is Outcome.UNKNOWN_USER
        assert "'nobody' is not known" in answer.problems[0].text
        assert "'monitor' has another authentication password" in answer.problems[0].text
        assert "password" not in answer.problems[0].text.replace("authentication password or protocol", "")

    async def test_silence_after_a_discovery_points_at_the_privacy_password(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()

        def deaf(datagram: bytes) -> list[bytes]:
            answers = agent.answer(datagram)
            return answers if not agent.seen[-1].engine_id else []

        async with responder(deaf) as place:
            _, answer = await get(hasty, place, version="3")
        assert answer.outcome is Outcome.SILENT
        assert "privacy password and protocol" in answer.problems[0].text

    async def test_one_in_the_middle_of_a_walk_keeps_what_was_read(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()

        def fickle(datagram: bytes) -> list[bytes]:
            agent.always = Report.WRONG_DIGEST if len(agent.requests) == 2 else None
            return agent.answer(datagram)

        async with responder(fickle) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            answer = await session.walk(parse_oid("1.3.6.1.2.1"))
        assert answer.outcome is Outcome.ENDED_EARLY
        assert answer.varbinds
        assert answer.problems[0].code == "wrong-digest"


class TestTime:
    async def test_a_clock_that_is_wrong_is_set_by_one_more_question(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        async with responder(agent.answer) as place:
            session, _ = await get(client, place, version="3")
            agent.time += 1_000
            seen = len(agent.seen)
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert len(agent.seen) == seen + 2
            assert (await session.get([NAME])).outcome is Outcome.OK
            assert len(agent.seen) == seen + 3

    async def test_a_reboot_in_the_middle_of_a_walk_is_not_noticed(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()

        def rebooting(datagram: bytes) -> list[bytes]:
            if len(agent.requests) == 1:
                agent.boots, agent.time = 4, 0
            return agent.answer(datagram)

        async with responder(rebooting) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            answer = await session.walk(parse_oid("1.3.6.1.2.1"))
        assert (answer.outcome, len(answer.varbinds), answer.problems) == (Outcome.OK, 20, ())
        assert agent.discoveries == 1

    @pytest.mark.parametrize(("boots", "time"), [(1, 2_000), (3, 10)])
    async def test_a_device_that_has_forgotten_its_boots_is_read_and_that_is_said(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3], boots: int, time: int
    ) -> None:
        agent = make_agent()
        async with responder(agent.answer) as place:
            session, _ = await get(client, place, version="3")
            agent.boots, agent.time = boots, time
            answer = await session.get([NAME])
            assert answer.outcome is Outcome.OK
            assert [problem.code for problem in answer.problems] == ["clock-went-back"]
            assert (await session.get([NAME])).problems == ()

    async def test_boots_at_their_end_are_never_believed(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        async with responder(make_agent(boots=0x7FFF_FFFF).answer) as place:
            _, answer = await get(hasty, place, version="3")
        assert answer.outcome is Outcome.MALFORMED
        assert "time window" in answer.problems[0].text


class TestEngines:
    async def test_another_engine_at_the_same_address_is_a_problem_that_is_said(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()

        def replaced(datagram: bytes) -> list[bytes]:
            if len(agent.requests) == 1:
                agent.engine_id = OTHER_ENGINE
            return agent.answer(datagram)

        async with responder(replaced) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            answer = await session.walk(parse_oid("1.3.6.1.2.1"))
            assert len(answer.varbinds) == 20
            assert [problem.code for problem in answer.problems] == ["engine-changed"]
            assert ENGINE.hex() in answer.problems[0].text
            assert OTHER_ENGINE.hex() in answer.problems[0].text
            assert (await session.get([NAME])).problems == ()
        assert agent.discoveries == 2

    @pytest.mark.parametrize("by_row", [True, False])
    async def test_one_that_changes_at_each_question_is_not_said_a_hundred_times(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3], by_row: bool
    ) -> None:
        agent = make_agent()

        def hostile(datagram: bytes) -> list[bytes]:
            if len(agent.requests) > agent.engine_id[-1]:
                agent.engine_id = ENGINE + bytes((len(agent.requests),))
            return agent.answer(datagram)

        agent.engine_id = ENGINE + bytes(1)
        async with responder(hostile) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            walk = session.iter_walk(SYSTEM)
            if by_row:
                assert [row async for row in walk]
                assert 0 < len(walk.problems) <= limits.NOTICES
            else:
                answer = await session.get_many([SYSTEM + bytes(pair) for pair in product(range(20), range(20))])
                assert answer.outcome is Outcome.OK
                assert len(answer.problems) == limits.NOTICES

    async def test_users_in_vain_take_no_memory_at_each_device(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        strangers = tuple(user(f"stranger-{n}", priv=None) for n in range(3))
        async with responder(make_agent().answer) as place:
            _, answer = await get(client, place, *strangers, MONITOR, version="3")
            assert answer.outcome is Outcome.OK
        assert client._meetings is not None
        keyrings = client._meetings.keyrings
        assert [len(keyrings[each]._made) for each in (*strangers, MONITOR)] == [0, 0, 0, 1]

    async def test_one_that_gives_another_id_each_time_costs_one_derivation_a_question(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent(user(auth="md5", priv="aes256-reeder"))

        def hostile(datagram: bytes) -> list[bytes]:
            agent.engine_id = ENGINE + len(agent.seen).to_bytes(2, "big")
            return agent.answer(datagram)

        async with responder(hostile) as place:
            for _ in range(3):
                _, answer = await get(client, place, user(auth="md5", priv="aes256-reeder"), version="3")
                assert answer.outcome is Outcome.UNKNOWN_ENGINE
        assert len(agent.seen) <= 3 * 3
        assert client._meetings is not None
        [keyring] = client._meetings.keyrings.values()
        assert len(keyring._extended) <= 3 * 2

    @pytest.mark.parametrize("size", [0, 4, 33, 64])
    async def test_nothing_derived_from_a_password_goes_to_one_with_a_malformed_id(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3], size: int
    ) -> None:
        agent = make_agent()

        def malformed(report: bytes) -> list[bytes]:
            return [report.replace(bytes((4, len(ENGINE))) + ENGINE, bytes((4, size)) + bytes(range(1, size + 1)), 1)]

        agent.discovery = malformed
        async with responder(agent.answer) as place:
            _, answer = await get(hasty, place, version="3")
        assert answer.outcome is Outcome.MALFORMED
        assert agent.proofs == 0

    async def test_nothing_derived_from_a_password_goes_to_one_whose_answer_claims_to_be_secured(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        agent.discovery = lambda report: [report[:-1], report[: len(report) // 2], b"", b"\x30\x03\x02\x01\x03"]
        async with responder(agent.answer) as place:
            await get(hasty, place, version="3")
        assert agent.proofs == 0


class TestLevels:
    @pytest.mark.parametrize("level", [0, AUTH])
    async def test_an_answer_below_the_level_that_was_asked_for_is_none(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3], level: int
    ) -> None:
        async with responder(make_agent(seal_answers_at=level).answer) as place:
            _, answer = await get(hasty, place, version="3")
        assert answer.outcome is Outcome.MALFORMED
        assert answer.varbinds == ()
        assert "below the security level" in answer.problems[0].text

    async def test_no_question_goes_out_below_the_users_level(
        self, hasty: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agents = [make_agent(user(priv=None)), make_agent(user(auth=None, priv=None)), make_agent(always=REPORTS[2][0])]
        for agent in agents:
            async with responder(agent.answer) as place:
                assert (await get(hasty, place, version="3"))[1].outcome is not Outcome.OK
            asked = [message for message in agent.seen if message.engine_id]
            assert asked
            assert all(message.level == 3 for message in asked)


class TestHostileAnswers:
    @pytest.mark.parametrize("engine_id", [ENGINE, OTHER_ENGINE])
    @pytest.mark.parametrize("level", [0, AUTH])
    async def test_a_report_is_not_believed_for_the_varbinds_that_were_asked_for(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3], engine_id: bytes, level: int
    ) -> None:
        agent = make_agent()
        scoped = encode_scoped(engine_id, b"", PduType.REPORT, (0, 0, 0), [(NAME, OCTET_STRING, b"forged")])

        def forging(datagram: bytes) -> list[bytes]:
            if not agent.requests:
                return agent.answer(datagram)
            msg_id, forger = decode_secure(datagram).msg_id, keys_of(MONITOR, engine_id)
            return [forger.seal(msg_id, scoped, (3, 1_000), bytes(8), reportable=False, level=level)]

        async with responder(forging) as place:
            session, answer = await get(client, place, version="3", timeout=0.2, retries=0)
            assert answer.outcome is Outcome.OK
            answers = [await session.get([NAME]), await session.get_next([SYSTEM]), await session.walk(SYSTEM)]
        assert [(answer.outcome is Outcome.OK, answer.varbinds) for answer in answers] == [(False, ())] * 3

    async def test_replays_and_messages_in_another_order_are_not_taken(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        before: list[bytes] = []

        def replaying(datagram: bytes) -> list[bytes]:
            answers = agent.answer(datagram)
            everything = [*before, *answers, *answers]
            before.extend(answers)
            return everything

        async with responder(replaying) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3")
            answer = await session.walk(parse_oid("1.3.6.1.2.1"))
        assert (answer.outcome, len(answer.varbinds)) == (Outcome.OK, 20)
        assert client.strays >= 9, "one copy or more of each answer but the last, which may come too late to be counted"

    async def test_a_task_that_is_cancelled_while_it_waits_leaves_the_others_to_it(
        self, client: Client, responder: Responder, make_agent: Callable[..., AgentV3]
    ) -> None:
        agent = make_agent()
        lost = [True, True]
        async with responder(lambda datagram: [] if lost and lost.pop() else agent.answer(datagram)) as place:
            session = client.session(place.address, place.port, credentials=(MONITOR,), version="3", timeout=0.2)
            with trio.move_on_after(0.05):
                await session.get([NAME])
            answer = await session.get([NAME])
            assert answer.outcome is Outcome.OK
            deadline = trio.current_time() - 1
            other = client.session(place.address, place.port, credentials=(user("else"),), version="3")
            assert (await other.get([NAME], deadline=deadline)).outcome is Outcome.ENDED_EARLY


@pytest.fixture(scope="module")
def mutated_settings() -> ClientSettings:
    """Answers that are thrown away cost little time."""
    return ClientSettings(timeout=0.02, retries=0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_comes_back_ends_as_an_outcome(
    responder: Responder, make_agent: Callable[..., AgentV3], mutated_settings: ClientSettings, data: st.DataObject
) -> None:
    agent = make_agent()

    def mutated(datagram: bytes) -> list[bytes]:
        answers = []
        for answer in agent.answer(datagram):
            octets = bytearray(answer)
            for _ in range(data.draw(st.integers(0, 3))):
                octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
            answers.append(bytes(octets[: data.draw(st.integers(0, len(octets)) | st.just(len(octets)))]))
        return answers

    async def ask() -> Answer:
        async with open_client(mutated_settings) as client, responder(mutated) as place:
            return (await get(client, place, version="3"))[1]

    answer = trio.run(ask)
    assert isinstance(answer.outcome, Outcome)
    assert (answer.outcome is Outcome.OK) == bool(answer.varbinds)
