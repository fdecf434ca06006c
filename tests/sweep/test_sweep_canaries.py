"""Canaries: each host is asked seldom, ids cannot be mistaken, and only what means something counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.sweep.canaries import Canaries, Felt


def made(*, uses: int = 4, hosts: int = 1) -> Canaries:
    canaries = Canaries(uses=uses, key=b"secret")
    for position in range(hosts):
        canaries.known(position, 0)
    return canaries


def test_a_host_is_asked_as_often_as_its_retries_would_have_been_and_no_more() -> None:
    canaries, now, asked = made(uses=3), 0.0, 0
    for _ in range(20):
        now += 1.0
        for _, _, request_id in canaries.take(10, now):
            asked += 1
            assert canaries.answered(request_id, now=now + 0.01) == pytest.approx(0.01)
    assert asked == canaries.sent == 3
    assert canaries.left == 0


def test_probes_that_a_host_had_before_it_answered_are_counted_in() -> None:
    canaries = Canaries(uses=2, key=b"secret")
    canaries.known(1, 0, asked=2)
    canaries.known(2, 0, asked=3)
    assert canaries.left == 1
    assert [position for position, _, _ in canaries.take(9, 0.0)] == [1]


def test_never_two_in_flight_to_one_host() -> None:
    canaries = made(hosts=2)
    assert len(canaries.take(10, 0.0)) == 2
    assert canaries.take(10, 5.0) == []


def test_a_host_rests_after_it_answered_and_longer_after_it_did_not() -> None:
    canaries = made()
    [(_, _, request_id)] = canaries.take(1, 0.0)
    canaries.answered(request_id, now=0.001)
    assert canaries.ready(0.002, most=9) == 0
    assert canaries.ready(0.03, most=9) == 1
    canaries.take(1, 0.03)
    canaries.expire(0.1, 0.02)
    assert canaries.ready(0.15, most=9) == 0
    assert canaries.ready(0.5, most=9) == 1


def test_ids_are_of_their_own_range_and_differ() -> None:
    ids = [request_id for _, _, request_id in made(hosts=3000).take(3000, 0.0)]
    assert len(set(ids)) == 3000
    assert all(0x2000_0000 <= request_id <= 0x3FFF_FFFF for request_id in ids)
    others = Canaries(uses=1, key=b"another")
    others.known(0, 0)
    assert others.take(1, 0.0)[0][2] != ids[0]


def test_the_way_in_which_a_host_answered_comes_back_with_it() -> None:
    canaries = Canaries(uses=1, key=b"secret")
    canaries.known(7, 3)
    assert canaries.take(1, 0.0)[0][:2] == (7, 3)


def test_an_id_that_is_not_awaited_is_not_ours() -> None:
    canaries = made()
    assert canaries.answered(0x2000_0001, now=0.0) is None
    [(_, _, request_id)] = canaries.take(1, 0.0)
    assert request_id in canaries
    assert canaries.answered(request_id, now=0.1) == pytest.approx(0.1)
    assert request_id not in canaries
    assert canaries.answered(request_id, now=0.2) is None


def test_an_answer_is_felt_at_once_and_silence_when_patience_is_over() -> None:
    canaries = made(hosts=2)
    first, second = (request_id for _, _, request_id in canaries.take(2, 1.0))
    canaries.answered(first, now=1.01)
    assert canaries.expire(1.02, 0.5) == [Felt(1.0, 1, 0)]
    assert canaries.expire(1.4, 0.5) == []
    assert canaries.expire(1.5, 0.5) == [Felt(1.0, 0, 1)]
    assert canaries.answered(second, now=1.8) == pytest.approx(0.8)
    assert canaries.expire(1.9, 0.5) == [Felt(1.0, 1, -1)]  # late: the loss is taken back


def test_what_did_not_leave_may_be_taken_again() -> None:
    canaries = made(uses=1)
    [(_, _, request_id)] = canaries.take(1, 0.0)
    canaries.unsent(request_id)
    assert canaries.sent == 0
    assert canaries.left == 1
    assert request_id not in canaries
    assert len(canaries.take(1, 0.0)) == 1


def test_who_did_not_answer_is_not_asked_again_before_its_time_is_over() -> None:
    """Whatever the others' answers take: a device that is slow shall not have two requests before it."""
    canaries = Canaries(uses=2, key=b"secret", spacing=1.0)
    canaries.known(0, 0)
    canaries.take(1, 5.0)
    canaries.expire(5.1, 0.02)
    assert canaries.take(1, 5.9) == []
    assert canaries.ready(5.9, most=1) == 0
    assert len(canaries.take(1, 6.0)) == 1


def test_a_liar_counts_once_and_is_out_when_others_answer() -> None:
    canaries = made(hosts=2)
    (liar, _, _), (_, _, honest) = canaries.take(2, 0.0)
    assert liar == 0
    canaries.answered(honest, now=0.01)
    felt, asked = canaries.expire(0.02, 0.1), 0
    for turn in range(1, 40):
        for position, _, request_id in canaries.take(9, turn * 0.3):
            if position == liar:
                asked += 1
            else:
                canaries.answered(request_id, now=turn * 0.3 + 0.01)
        felt += canaries.expire(turn * 0.3 + 0.2, 0.1)
    assert sum(one.lost for one in felt) == 1
    assert asked == 1
    assert canaries.left == 0


def test_where_nobody_answers_nobody_is_a_liar() -> None:
    canaries, asked = made(hosts=2, uses=4), 0
    for turn in range(40):
        asked += len(canaries.take(9, turn * 0.3))
        canaries.expire(turn * 0.3 + 0.2, 0.1)
    assert asked == 8


def test_a_host_on_trial_counts_neither_way() -> None:
    canaries = made()
    canaries.take(1, 0.0)
    assert canaries.expire(0.1, 0.1) == [Felt(0.0, 0, 1)]
    [(_, _, request_id)] = canaries.take(1, 1.0)
    canaries.answered(request_id, now=1.01)
    assert canaries.expire(1.02, 0.1) == []
    canaries.take(1, 2.0)
    assert canaries.expire(2.1, 0.1) == [Felt(2.0, 0, 1)]  # it proved itself: now it is believed


def test_hosts_and_those_given_up_are_remembered_within_bounds() -> None:
    canaries = made(hosts=10_000, uses=1)
    assert canaries.left == 4_096
    assert not canaries.wants
    for turn in range(5):
        for position in range(4_096):
            canaries.known(position, 0)
        canaries.take(10_000, float(turn))
        canaries.expire(turn + 0.5, 0.1)
    assert canaries.expire(100.0, 0.1) == []


@given(st.lists(st.tuples(st.sampled_from(["known", "take", "answer", "expire", "unsent"]), st.integers(0, 9))))
def test_whatever_happens_no_host_is_asked_too_often_or_twice_at_once(events: list[tuple[str, int]]) -> None:
    canaries, now, hosts = Canaries(uses=3, key=b"secret"), 0.0, 0
    flying: dict[int, int] = {}
    asked: list[int] = []
    for event, number in events:
        now += 0.05
        if event == "known":
            canaries.known(hosts, 0)
            hosts += 1
        elif event == "take":
            ready = canaries.ready(now, most=number)
            taken = canaries.take(number, now)
            assert len(taken) == ready
            for position, _, request_id in taken:
                assert position not in flying.values()
                asked.append(position)
                flying[request_id] = position
        elif event == "expire":
            canaries.expire(now, 0.0)
            flying.clear()
        elif flying:
            request_id, position = flying.popitem()
            if event == "answer":
                assert canaries.answered(request_id, now=now) is not None
            else:
                canaries.unsent(request_id)
                asked.remove(position)
        assert 0 <= canaries.left <= 3 * hosts
        assert canaries.sent == len(asked)
        assert all(asked.count(position) <= 3 for position in set(asked))


def test_an_answer_that_the_network_doubled_is_known_again() -> None:
    canaries = Canaries(uses=4, key=b"secret")
    canaries.known(7, 0)
    ((_, _, request_id),) = canaries.take(1, 0.0)
    assert not canaries.was_answered(request_id)
    assert canaries.answered(request_id, now=0.01) == 0.01
    assert canaries.was_answered(request_id)
    assert canaries.answered(request_id, now=0.01) is None
