"""GET, GETNEXT and walks against agents in memory: every fault of an agent ends the plan with what could be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec import (
    END_OF_MIB_VIEW,
    INTEGER,
    NO_SUCH_OBJECT,
    NULL,
    OCTET_STRING,
    V1,
    V2C,
    DecodeError,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    RequestTemplate,
    Varbind,
    decode_message,
    encode_response,
    oid_arcs,
    oid_from_arcs,
    oid_key,
    parse_oid,
)
from proto_schema import Problem
from ptscan.snmp import Answer, Outcome, limits
from ptscan.snmp.get import GetPlan
from ptscan.snmp.plan import Ask, Manners, Plan
from ptscan.snmp.walk import WalkPlan, _go_on

SYSTEM = parse_oid("1.3.6.1.2.1.1")
SUPPLIES = parse_oid("1.3.6.1.2.1.43.11.1.1")
COLUMNS = [parse_oid(f"1.3.6.1.2.1.43.11.1.1.{column}") for column in (6, 8, 9)]
SCALARS = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 3, 5)]
SILENCE = Problem(code="silent", text="no answer")


class Answers(Protocol):
    def answer(self, datagram: bytes) -> list[bytes]: ...


@dataclass
class Talk:
    """A plan carried out: its answer, and what was asked on the way."""

    answer: Answer
    asks: list[Ask] = field(default_factory=list)


def carry_out(plan: Plan, device: Answers, version: int = V2C) -> Talk:
    asks = []
    while (ask := plan.next_ask()) is not None:
        asks.append(ask)
        assert len(asks) < 5_000, "the plan does not end"
        assert ask.repetitions <= limits.MAX_REPETITIONS
        template = RequestTemplate(version, b"public", ask.pdu_type, ask.oids, max_repetitions=ask.repetitions)
        answers = device.answer(template.encode(0x01234567))
        if not answers:
            plan.fail(Outcome.SILENT, SILENCE)
            continue
        try:
            message = decode_message(answers[0])
        except DecodeError:
            plan.fail(Outcome.MALFORMED, Problem(code="malformed", text="cut"))
            continue
        assert isinstance(message, Message)
        plan.receive(message, len(answers[0]))
    return Talk(plan.answer(), asks)


def read(device: Answers, oids: list[Oid], version: int = V2C, batch: int = 64) -> Talk:
    return carry_out(GetPlan(oids, batch=batch), device, version)


def walk(
    device: Answers,
    roots: list[Oid],
    version: int = V2C,
    max_rows: int = 1_000,
    manners: Manners | None = None,
) -> Talk:
    manners = manners or Manners()
    manners.version = version
    return carry_out(WalkPlan(roots, manners, max_rows=max_rows), device, version)


def below(device: object, root: Oid) -> list[Oid]:
    return [name for name in device.order if name.startswith(root) and name != root]  # type: ignore[attr-defined]


@dataclass
class Scripted:
    """Answers each request by what the script says of it."""

    script: Callable[[Message], list[Varbind] | int | None]
    asked: int = 0

    def answer(self, datagram: bytes) -> list[bytes]:
        self.asked += 1
        message = decode_message(datagram)
        assert isinstance(message, Message)
        said = self.script(message)
        if said is None:
            return []
        varbinds, status = (said, 0) if isinstance(said, list) else ([], said)
        return [encode_response(message.version, message.community, message.request_id, varbinds, error_status=status)]


def endless(value: bytes) -> Callable[[Message], list[Varbind]]:
    """Always one row more."""

    def script(message: Message) -> list[Varbind]:
        arcs = oid_arcs(message.varbinds[0][0])
        number = arcs[-1] + 1 if len(arcs) > len(oid_arcs(SUPPLIES)) else 1
        return [(oid_from_arcs((*oid_arcs(SUPPLIES), number)), OCTET_STRING, value)]

    return script


class TestGet:
    @pytest.mark.parametrize("version", [V1, V2C])
    def test_gives_the_varbinds_in_the_order_asked(self, make_device: Callable[..., Answers], version: int) -> None:
        talk = read(make_device(), [SCALARS[2], SCALARS[0], SCALARS[2]], version)
        assert talk.answer.outcome is Outcome.OK
        assert [value for _, _, value in talk.answer.varbinds] == [b"prn", b"A printer", b"prn"]
        assert len(talk.asks) == 1

    @pytest.mark.parametrize("version", [V1, V2C])
    def test_missing_ones_stand_there_without_a_value(self, make_device: Callable[..., Answers], version: int) -> None:
        absent = parse_oid("1.3.6.1.2.1.1.9.0")
        answer = read(make_device(), [absent, *SCALARS], version).answer
        assert answer.outcome is Outcome.OK
        assert answer.varbinds[0] == (absent, NO_SUCH_OBJECT, None)
        assert list(answer.values) == SCALARS

    def test_v1_drops_the_failing_one_a_few_times_then_asks_one_by_one(
        self, make_device: Callable[..., Answers]
    ) -> None:
        absent = [parse_oid(f"1.3.6.1.2.1.9.{number}.0") for number in range(1, 8)]
        talk = read(make_device(), [*absent, *SCALARS], V1)
        assert set(talk.answer.values) == set(SCALARS)
        assert len(talk.asks) == limits.DROP_ROUNDS + 7
        assert [len(ask.oids) for ask in talk.asks] == [10, 9, 8] + [1] * 7

    @pytest.mark.parametrize("wrong", [-1, 0, 99, 2**31 - 1])
    def test_an_error_index_that_names_nothing_is_found_by_halving(
        self, make_device: Callable[..., Answers], wrong: int
    ) -> None:
        device = make_device(error_index=lambda _index: wrong)
        absent = parse_oid("1.3.6.1.2.1.1.9.0")
        talk = read(device, [*SCALARS, absent], V1)
        assert list(talk.answer.values) == SCALARS
        assert talk.answer.varbinds[-1] == (absent, NO_SUCH_OBJECT, None)

    def test_too_big_splits(self, make_device: Callable[..., Answers]) -> None:
        talk = read(make_device(largest_answer=62), SCALARS)
        assert list(talk.answer.values) == SCALARS
        assert talk.answer.outcome is Outcome.OK
        assert len(talk.asks) > 1

    def test_too_big_for_everything_ends_soon(self, make_device: Callable[..., Answers]) -> None:
        oids = [oid_from_arcs((1, 3, 6, 1, number)) for number in range(200)]
        talk = read(make_device(largest_answer=20), oids)
        assert talk.answer.outcome is Outcome.DEVICE_ERROR
        assert talk.answer.problems
        assert len(talk.asks) == limits.USELESS_ANSWERS

    def test_gen_err_costs_the_broken_one_alone(self, make_device: Callable[..., Answers]) -> None:
        answer = read(make_device(broken=frozenset({SCALARS[1]})), SCALARS).answer
        assert answer.outcome is Outcome.OK
        assert list(answer.values) == [SCALARS[0], SCALARS[2]]
        assert [problem.code for problem in answer.problems] == ["device-error"]
        assert "genErr" in answer.problems[0].text

    def test_nothing_but_errors_is_a_device_error(self, make_device: Callable[..., Answers]) -> None:
        assert read(make_device(broken=frozenset(SCALARS)), SCALARS).answer.outcome is Outcome.DEVICE_ERROR

    def test_what_was_not_asked_is_not_read(self) -> None:
        other = parse_oid("1.3.6.1.4.1.1")
        device = Scripted(lambda _message: [(other, INTEGER, 1), (SCALARS[0], INTEGER, 2)])
        answer = read(device, SCALARS).answer
        assert list(answer.values) == [SCALARS[0]]
        assert {problem.code for problem in answer.problems} == {"unanswered"}

    def test_a_truncated_answer_is_asked_again_for_the_rest(self, make_device: Callable[..., Answers]) -> None:
        device = make_device()
        partial = Scripted(lambda message: [device.read(message.varbinds[0][0])])  # type: ignore[attr-defined]
        assert list(read(partial, SCALARS).answer.values) == SCALARS

    def test_an_empty_answer_ends(self) -> None:
        answer = read(Scripted(lambda _message: []), SCALARS).answer
        assert answer.outcome is Outcome.DEVICE_ERROR
        assert not answer.varbinds

    def test_silence_is_silence_and_silence_after_something_keeps_it(self) -> None:
        assert read(Scripted(lambda _message: None), SCALARS).answer == Answer(Outcome.SILENT, (), (SILENCE,))
        device = Scripted(lambda message: [(SCALARS[0], INTEGER, 1)] if message.varbinds[0][0] == SCALARS[0] else None)
        answer = read(device, SCALARS, batch=1).answer
        assert answer.outcome is Outcome.ENDED_EARLY
        assert list(answer.values) == [SCALARS[0]]

    def test_a_batch_that_is_not_answered_is_halved_once(self, make_device: Callable[..., Answers]) -> None:
        device = make_device()
        shy = Scripted(
            lambda message: (
                None if len(message.varbinds) > 2 else [device.read(name) for name, _, _ in message.varbinds]
            )  # type: ignore[attr-defined]
        )
        oids = [*SCALARS, *[parse_oid(f"1.3.{number}") for number in range(1, 5)]]
        plan = GetPlan(oids[:1], batch=1)
        plan._batches.insert(0, (tuple(oids[1:5]), 0))
        talk = carry_out(plan, shy)
        assert [len(ask.oids) for ask in talk.asks] == [1, 4, 2, 2]

    @pytest.mark.parametrize("status", [*list(ErrorStatus)[1:], 77, -1, 2**31 - 1])
    def test_any_error_status_ends(self, status: int) -> None:
        talk = read(Scripted(lambda _message: status), SCALARS)
        assert len(talk.asks) <= limits.USELESS_ANSWERS

    def test_octets_are_capped(self) -> None:
        device = Scripted(lambda message: [(message.varbinds[0][0], OCTET_STRING, bytes(60_000))])
        talk = read(device, [SYSTEM + bytes((number, 0)) for number in range(1, 25)])
        assert talk.answer.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in talk.answer.problems] == ["octet-cap"]
        assert len(talk.asks) * 60_000 <= limits.GET_OCTETS + 24 * limits.GET_OCTETS_PER_OID + 60_000

    def test_one_value_of_the_largest_size_is_read(self) -> None:
        device = Scripted(lambda message: [(message.varbinds[0][0], OCTET_STRING, bytes(65_400))])
        assert read(device, [SCALARS[0]]).answer.outcome is Outcome.OK

    def test_no_oid_is_no_request(self) -> None:
        assert read(Scripted(lambda _message: None), []) == Talk(Answer(Outcome.OK), [])


class TestGetNext:
    @pytest.mark.parametrize("version", [V1, V2C])
    def test_gives_what_follows_each(self, make_device: Callable[..., Answers], version: int) -> None:
        last = parse_oid("1.3.6.1.2.1.43.11.1.1.9.1.6")
        plan = GetPlan([SYSTEM, last], batch=64, pdu_type=PduType.GET_NEXT)
        answer = carry_out(plan, make_device(), version).answer
        assert answer.varbinds == ((SCALARS[0], OCTET_STRING, b"A printer"), (last, END_OF_MIB_VIEW, None))

    def test_not_increasing_is_told(self) -> None:
        plan = GetPlan([SYSTEM], batch=64, pdu_type=PduType.GET_NEXT)
        answer = carry_out(plan, Scripted(lambda _message: [(SYSTEM, INTEGER, 1)])).answer
        assert [problem.code for problem in answer.problems] == ["not-increasing"]


class TestWalk:
    @pytest.mark.parametrize("version", [V1, V2C])
    @pytest.mark.parametrize("root", ["1.3", "1.3.6.1.2.1.1", "1.3.6.1.2.1.43.11.1.1.8"])
    def test_gives_the_whole_subtree_ascending(
        self, make_device: Callable[..., Answers], version: int, root: str
    ) -> None:
        device = make_device()
        answer = walk(device, [parse_oid(root)], version).answer
        assert answer.outcome is Outcome.OK
        assert [name for name, _, _ in answer.varbinds] == below(device, parse_oid(root))

    def test_an_absent_subtree_is_empty(self, make_device: Callable[..., Answers]) -> None:
        assert walk(make_device(), [parse_oid("1.3.6.1.4.1.9")]).answer == Answer(Outcome.OK)

    def test_starts_small_and_grows_within_one_frame(self, make_device: Callable[..., Answers]) -> None:
        device = make_device(tree={oid_from_arcs((1, 3, 6, 1, number)): (INTEGER, 1) for number in range(200)})
        talk = walk(device, [parse_oid("1.3.6.1")])
        assert [ask.repetitions for ask in talk.asks][:3] == [limits.FIRST_REPETITIONS, 20, 25]
        assert len(talk.answer.varbinds) == 200

    def test_large_values_make_the_next_answers_small(self, make_device: Callable[..., Answers]) -> None:
        tree = {oid_from_arcs((1, 3, 6, 1, number)): (OCTET_STRING, bytes(300)) for number in range(60)}
        talk = walk(make_device(tree=tree), [parse_oid("1.3.6.1")])
        assert len(talk.answer.varbinds) == 60
        assert max(ask.repetitions for ask in talk.asks[1:]) <= 4

    @pytest.mark.parametrize("step", [0, -1])
    def test_that_does_not_increase_ends_and_keeps_what_it_read(self, step: int) -> None:
        def script(message: Message) -> list[Varbind]:
            last = message.varbinds[0][0]
            if last == SUPPLIES:
                return [(SUPPLIES + bytes((6, 1, number)), INTEGER, number) for number in (1, 2, 3)]
            return [(SUPPLIES + bytes((6, 1, 3 + step)), INTEGER, 3)]

        answer = walk(Scripted(script), [SUPPLIES]).answer
        assert answer.outcome is Outcome.ENDED_EARLY
        assert [value for _, _, value in answer.varbinds] == [1, 2, 3]
        assert [problem.code for problem in answer.problems] == ["not-increasing"]
        assert "1.3.6.1.2.1.43.11.1.1.6.1.3" in answer.problems[0].text

    def test_that_answers_the_root_itself_does_not_increase(self) -> None:
        answer = walk(Scripted(lambda _message: [(SUPPLIES, INTEGER, 1)]), [SUPPLIES]).answer
        assert (answer.outcome, answer.varbinds) == (Outcome.ENDED_EARLY, ())

    def test_of_an_endless_device_ends_at_the_cap(self) -> None:
        answer = walk(Scripted(endless(b"")), [SUPPLIES], max_rows=100).answer
        assert answer.outcome is Outcome.ENDED_EARLY
        assert len(answer.varbinds) == 100
        assert [problem.code for problem in answer.problems] == ["row-cap"]

    def test_at_exactly_the_cap_is_whole(self, make_device: Callable[..., Answers]) -> None:
        device = make_device()
        count = len(below(device, SUPPLIES))
        assert walk(device, [SUPPLIES], max_rows=count).answer.outcome is Outcome.OK
        answer = walk(device, [SUPPLIES], max_rows=count - 1).answer
        assert (answer.outcome, len(answer.varbinds)) == (Outcome.ENDED_EARLY, count - 1)

    def test_octets_are_capped(self) -> None:
        device = Scripted(endless(bytes(60_000)))
        answer = walk(device, [SUPPLIES], max_rows=10_000).answer
        assert answer.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in answer.problems] == ["octet-cap"]
        assert device.asked * 60_000 <= limits.WALK_OCTETS + 120_000

    def test_more_than_was_asked_is_not_taken(self) -> None:
        rows = [(SUPPLIES + bytes((6, 1, number)), INTEGER, number) for number in range(1, 100)]
        manners = Manners(bulk=False)
        answer = walk(Scripted(lambda _message: list(rows)), [SUPPLIES], manners=manners).answer
        assert [value for _, _, value in answer.varbinds][:1] == [1]
        assert answer.outcome is Outcome.ENDED_EARLY

    def test_silence_keeps_what_was_read(self, make_device: Callable[..., Answers]) -> None:
        device = make_device(tree={oid_from_arcs((1, 3, 6, 1, number)): (INTEGER, 1) for number in range(100)})
        answers = iter(range(2))
        failing = Scripted(lambda _message: None)

        class Dying:
            def answer(self, datagram: bytes) -> list[bytes]:
                return device.answer(datagram) if next(answers, None) is not None else failing.answer(datagram)

        manners = Manners()
        talk = walk(Dying(), [parse_oid("1.3.6.1")], manners=manners)
        assert talk.answer.outcome is Outcome.ENDED_EARLY
        assert [problem.code for problem in talk.answer.problems] == ["silent"]
        assert len(talk.answer.varbinds) == 30
        assert failing.asked <= 3, "a device that has gone is not asked over and over"
        assert manners.bulk
        assert manners.repetitions >= limits.FIRST_REPETITIONS, "a later failure never erases what worked"

    @pytest.mark.parametrize("fault", ["tooBig", "genErr", "malformed", "silent"])
    @pytest.mark.parametrize("largest", [0, 1, 3, 7])
    def test_get_bulk_shrinks_then_gives_way_and_that_is_remembered(
        self, make_device: Callable[..., Answers], fault: str, largest: int
    ) -> None:
        device = make_device(largest_repetitions=largest, bulk_fault=fault)
        manners = Manners()
        first = walk(device, [parse_oid("1.3")], manners=manners)
        assert first.answer.outcome is Outcome.OK
        assert [name for name, _, _ in first.answer.varbinds] == below(device, parse_oid("1.3"))
        again = walk(device, [parse_oid("1.3")], manners=manners)
        assert again.answer == first.answer
        assert all(ask.repetitions <= largest for ask in again.asks), "nothing is tried again that had failed"
        if largest == 0:
            assert not manners.bulk

    def test_of_a_broken_object_does_not_take_get_bulk_from_the_rest(self, make_device: Callable[..., Answers]) -> None:
        status = int(ErrorStatus.GEN_ERR)
        device = make_device()
        manners = Manners()
        talk = walk(Scripted(lambda _message: status), [SUPPLIES], manners=manners)
        assert talk.answer.outcome is Outcome.DEVICE_ERROR
        assert walk(device, [SYSTEM], manners=manners).asks[0].pdu_type == PduType.GET_BULK


class TestColumns:
    @pytest.mark.parametrize("version", [V1, V2C])
    def test_are_read_whole_holes_and_all(self, make_device: Callable[..., Answers], version: int) -> None:
        device = make_device()
        talk = walk(device, COLUMNS, version)
        assert talk.answer.outcome is Outcome.OK
        assert [name for name, _, _ in talk.answer.varbinds] == [
            name for column in COLUMNS for name in below(device, column)
        ]

    def test_of_a_small_table_end_in_one_round_trip(self, make_device: Callable[..., Answers]) -> None:
        assert len(walk(make_device(), COLUMNS).asks) == 1

    def test_answers_fit_into_one_frame(self, make_device: Callable[..., Answers]) -> None:
        tree = {
            oid_from_arcs((1, 3, 6, 1, 2, 1, 43, 11, 1, 1, column, 1, row)): (OCTET_STRING, b"Black Cartridge HP")
            for column in range(1, 13)
            for row in range(1, 30)
        }
        device = make_device(tree=tree)
        sizes = []

        class Measured:
            def answer(self, datagram: bytes) -> list[bytes]:
                answers = device.answer(datagram)
                sizes.append(len(answers[0]))
                return answers

        roots = [SUPPLIES + bytes((column,)) for column in range(1, 13)]
        answer = walk(Measured(), roots).answer
        assert len(answer.varbinds) == len(tree)
        assert max(sizes[1:]) <= limits.ANSWER_OCTETS
        assert sizes[0] <= 2 * limits.ANSWER_OCTETS

    def test_each_ends_by_itself(self, make_device: Callable[..., Answers]) -> None:
        tree = {COLUMNS[0] + bytes((1, row)): (INTEGER, row) for row in range(1, 60)}
        tree |= {COLUMNS[2] + b"\x01\x01": (INTEGER, 1)}
        device = make_device(tree=tree)
        talk = walk(device, COLUMNS)
        assert len(talk.answer.varbinds) == 60
        assert len(talk.asks[0].oids) == 3
        assert len(talk.asks[-1].oids) == 1

    def test_one_that_does_not_increase_ends_alone(self) -> None:
        def script(message: Message) -> list[Varbind]:
            row: list[Varbind] = []
            for name, _, _ in message.varbinds:
                if name.startswith(COLUMNS[0]):
                    row.append((COLUMNS[0] + b"\x01\x01", INTEGER, 1))
                else:
                    number = name[-1] + 1 if len(name) > len(COLUMNS[1]) else 1
                    root = COLUMNS[1] if number < 9 else COLUMNS[2]
                    row.append((root + bytes((1, number)), INTEGER, number))
            return row

        answer = walk(Scripted(script), COLUMNS[:2], V1).answer
        assert answer.outcome is Outcome.ENDED_EARLY
        assert len(answer.varbinds) == 1 + 8
        assert [problem.code for problem in answer.problems] == ["not-increasing"]

    @pytest.mark.parametrize("wrong", [0, 17, -3])
    def test_v1_error_index_that_names_nothing(self, make_device: Callable[..., Answers], wrong: int) -> None:
        device = make_device(error_index=lambda _index: wrong)
        answer = walk(device, COLUMNS, V1).answer
        assert len(answer.varbinds) == len([name for column in COLUMNS for name in below(device, column)])
        assert answer.outcome is Outcome.OK

    def test_too_big_for_several_columns_asks_fewer_at_once(self, make_device: Callable[..., Answers]) -> None:
        device = make_device(largest_answer=70)
        talk = walk(device, COLUMNS)
        assert talk.answer.outcome is Outcome.OK
        assert len(talk.answer.varbinds) == len([name for column in COLUMNS for name in below(device, column)])

    def test_too_big_for_everything_ends(self, make_device: Callable[..., Answers]) -> None:
        talk = walk(make_device(largest_answer=10), COLUMNS)
        assert talk.answer.outcome is Outcome.DEVICE_ERROR
        assert len(talk.asks) == limits.USELESS_ANSWERS

    def test_the_first_ask_suits_v1_while_the_version_is_not_known(self) -> None:
        plan = WalkPlan(COLUMNS, Manners(), max_rows=10)
        ask = plan.next_ask()
        assert ask is not None
        assert ask.pdu_type == PduType.GET_NEXT


arcs = st.lists(st.sampled_from([0, 1, 2, 127, 128, 255, 16_383, 16_384, 2**32 - 1]), min_size=1, max_size=4)


@settings(max_examples=60)
@given(
    tails=st.sets(arcs.map(tuple), min_size=1, max_size=60),
    version=st.sampled_from([V1, V2C]),
    largest_answer=st.sampled_from([60, 120, 65_507]),
    largest_repetitions=st.sampled_from([0, 2, 1_000]),
    fault=st.sampled_from(["silent", "tooBig", "genErr", "malformed"]),
)
def test_any_tree_is_walked_whole_by_any_agent_that_works_at_all(
    make_device: Callable[..., Answers],
    tails: set[tuple[int, ...]],
    version: int,
    largest_answer: int,
    largest_repetitions: int,
    fault: str,
) -> None:
    tree = {oid_from_arcs((1, 3, *tail)): (INTEGER, 5) for tail in tails}
    device = make_device(
        tree=tree, largest_answer=largest_answer, largest_repetitions=largest_repetitions, bulk_fault=fault
    )
    answer = walk(device, [parse_oid("1.3")], version).answer
    assert answer.outcome is Outcome.OK
    assert [name for name, _, _ in answer.varbinds] == sorted(tree, key=oid_key)


@settings(max_examples=60)
@given(st.data())
def test_any_answers_end_any_plan(data: st.DataObject) -> None:
    """Random varbinds and error-status codes: the plan ends in bounded asks and reads only below its roots."""
    roots = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3))
    names = st.builds(lambda root, tail: root + tail, st.sampled_from([*COLUMNS, SYSTEM]), st.binary(max_size=2))
    names = names.filter(lambda name: name.isascii())

    def script(_message: Message) -> list[Varbind] | int | None:
        kind = data.draw(st.integers(0, 5))
        if kind == 0:
            return None
        if kind == 1:
            return data.draw(st.sampled_from([1, 2, 3, 5, 16, 99]))
        tags = st.sampled_from([(INTEGER, 1), (NULL, None), (END_OF_MIB_VIEW, None)])
        return [(name, *data.draw(tags)) for name in data.draw(st.lists(names, max_size=6))]

    version = data.draw(st.sampled_from([V1, V2C]))
    answer = walk(Scripted(script), roots, version, max_rows=20).answer
    assert all(name.startswith(tuple(roots)) for name, _, _ in answer.varbinds)
    assert len(answer.varbinds) <= 20 * len(roots)
    asked = data.draw(st.lists(st.sampled_from([*COLUMNS, SYSTEM, *SCALARS]), min_size=1, max_size=7))
    talk = read(Scripted(script), asked, version)
    assert set(talk.answer.values) <= set(asked)


class TestColumnsOfExpectedLength:
    def test_are_asked_for_their_rows_and_the_one_behind_them(self, make_device: Callable[..., Answers]) -> None:
        plan = WalkPlan([COLUMNS[0], COLUMNS[2]], Manners(version=V2C), max_rows=50, expected=6)
        talk = carry_out(plan, make_device())
        assert talk.answer.outcome is Outcome.OK
        assert len(talk.answer.varbinds) == 12
        assert sum(ask.repetitions or 1 for ask in talk.asks) == 7

    def test_are_read_to_their_end_where_there_are_more(self, make_device: Callable[..., Answers]) -> None:
        plan = WalkPlan(COLUMNS, Manners(version=V2C), max_rows=50, expected=3)
        talk = carry_out(plan, make_device())
        assert (talk.answer.outcome, len(talk.answer.varbinds)) == (Outcome.OK, 17)

    def test_are_read_in_growing_steps_where_there_are_many_more(self, make_device: Callable[..., Answers]) -> None:
        device = make_device(tree={oid_from_arcs((1, 3, 6, 1, number)): (INTEGER, 1) for number in range(120)})
        talk = carry_out(WalkPlan([parse_oid("1.3.6.1")], Manners(version=V2C), max_rows=200, expected=1), device)
        assert (talk.answer.outcome, len(talk.answer.varbinds)) == (Outcome.OK, 120)
        assert [ask.repetitions for ask in talk.asks] == [2, 4, 8, 10, 20, 25, 25, 25, 25]

    def test_few_rows_are_asked_at_first_and_twice_as_many_then(self, make_device: Callable[..., Answers]) -> None:
        device = make_device(tree={oid_from_arcs((1, 3, 6, 1, number)): (INTEGER, 1) for number in range(60)})
        plan = WalkPlan([parse_oid("1.3.6.1")], Manners(version=V2C), max_rows=100, first=3)
        assert [ask.repetitions for ask in carry_out(plan, device).asks] == [3, 6, 10, 20, 25]


@settings(max_examples=200)
@given(
    tails=st.lists(arcs, min_size=1, max_size=5),
    root=st.sampled_from([(1, 3), (1, 3, 127), (1, 3, 128)]),
    in_order=st.booleans(),
    tag=st.sampled_from([INTEGER, END_OF_MIB_VIEW]),
)
def test_varbinds_are_taken_at_once_where_each_would_be_taken(
    tails: list[list[int]], root: tuple[int, ...], in_order: bool, tag: int
) -> None:
    names = [oid_from_arcs((1, 3, *tail)) for tail in tails]
    names = sorted(names, key=oid_key) if in_order else names
    varbinds: list[Varbind] = [(name, INTEGER, 1) for name in names]
    varbinds[len(names) // 2] = (names[len(names) // 2], tag, None)
    last = below = oid_from_arcs(root)
    taken = tag == INTEGER
    for name in names:
        taken = taken and name.startswith(below) and oid_arcs(last) < oid_arcs(name)
        last = name
    assert _go_on(below, below, varbinds) == taken
