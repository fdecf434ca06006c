"""A copied key is noticed, and honest misfortune is not taken for one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.collector import Heard, Standing, Verdict, are_twins, connected, enrolled, renewed
from ptscan.collector.ca import limits

A, B, C, D = (bytes([number]) * 32 for number in range(4))


def test_an_agent_that_connects_and_renews_in_order_is_welcome_for_ever() -> None:
    standing = enrolled(A)
    keys = [bytes([number]) * 32 for number in range(60)]
    for generation, (key, new) in enumerate(itertools.pairwise(keys), 1):
        verdict, standing = connected(standing, generation=generation, key=key)
        assert verdict is Verdict.WELCOME
        verdict, standing = renewed(standing, generation=generation, key=key, new_key=new)
        assert verdict is Verdict.WELCOME
        assert (standing.generation, standing.key) == (generation + 1, new)


def test_a_lost_answer_to_a_renewal_is_asked_for_again() -> None:
    _, standing = renewed(enrolled(A), generation=1, key=A, new_key=B)
    verdict, same = connected(standing, generation=1, key=A)
    assert (verdict, same) == (Verdict.WELCOME, standing)
    verdict, same = renewed(standing, generation=1, key=A, new_key=B)
    assert (verdict, same) == (Verdict.WELCOME, standing)
    assert (same.generation, same.key) == (2, B)


def test_the_old_certificate_ends_when_the_new_one_is_seen() -> None:
    _, standing = renewed(enrolled(A), generation=1, key=A, new_key=B)
    _, standing = connected(standing, generation=2, key=B)
    verdict, standing = connected(standing, generation=1, key=A)
    assert verdict is Verdict.COPY
    assert connected(standing, generation=2, key=B)[0] is Verdict.SUSPENDED, "both ends, until a person decides"
    assert renewed(standing, generation=2, key=B, new_key=C)[0] is Verdict.SUSPENDED


@pytest.mark.parametrize("thief_first", [True, False])
def test_a_thief_and_its_victim_that_both_renew_are_noticed(thief_first: bool) -> None:
    keys = (C, B) if thief_first else (B, C)
    _, standing = renewed(enrolled(A), generation=1, key=A, new_key=keys[0])
    verdict, standing = renewed(standing, generation=1, key=A, new_key=keys[1])
    assert verdict is Verdict.COPY
    assert standing.suspended


def test_another_key_of_the_same_generation_is_a_copys() -> None:
    assert connected(enrolled(A), generation=1, key=B)[0] is Verdict.COPY


def test_a_generation_too_old_is_a_copys() -> None:
    standing = Standing(generation=5, key=A, previous_key=B)
    assert connected(standing, generation=3, key=B)[0] is Verdict.COPY
    assert connected(standing, generation=4, key=C)[0] is Verdict.COPY


def test_a_collector_that_was_restored_learns_and_still_notices_the_copy() -> None:
    restored = enrolled(A)
    verdict, standing = connected(restored, generation=3, key=C)
    assert verdict is Verdict.LEARNT
    assert connected(standing, generation=3, key=C)[0] is Verdict.WELCOME
    assert connected(standing, generation=3, key=D)[0] is Verdict.COPY
    verdict, standing = renewed(restored, generation=3, key=C, new_key=D)
    assert verdict is Verdict.LEARNT
    assert (standing.generation, standing.key) == (4, D)


def test_a_renewal_for_the_key_in_use_is_refused_and_suspends_nobody() -> None:
    verdict, standing = renewed(enrolled(A), generation=1, key=A, new_key=A)
    assert verdict is Verdict.SAME_KEY
    assert not standing.suspended


@given(st.lists(st.sampled_from(["connect", "renew", "renew, answer lost", "restart"]), max_size=40))
def test_no_honest_agent_is_ever_suspended(steps: list[str]) -> None:
    """The agent as identity.py has it: one key in use, one pending, which is kept until a certificate came."""
    fresh = (number.to_bytes(32) for number in itertools.count(1))
    generation, key, pending = 1, next(fresh), None
    standing = enrolled(key)
    for step in steps:
        if step in {"connect", "restart"}:
            verdict, standing = connected(standing, generation=generation, key=key)
        else:
            pending = pending or next(fresh)
            verdict, standing = renewed(standing, generation=generation, key=key, new_key=pending)
            if step == "renew":
                assert standing.key == pending
                generation, key, pending = standing.generation, pending, None
        assert verdict is Verdict.WELCOME


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["connect", "renew"])), max_size=60))
def test_two_that_share_a_key_and_go_on_renewing_are_noticed(steps: list[tuple[bool, str]]) -> None:
    fresh = (number.to_bytes(32) for number in itertools.count(1))
    first = next(fresh)
    standing = enrolled(first)
    held = {True: (1, first), False: (1, first)}
    renewals = {True: 0, False: 0}
    for who, step in steps:
        generation, key = held[who]
        if step == "connect":
            verdict, standing = connected(standing, generation=generation, key=key)
        else:
            new = next(fresh)
            verdict, standing = renewed(standing, generation=generation, key=key, new_key=new)
            held[who] = (standing.generation, new)
            renewals[who] += 1
        if verdict in {Verdict.COPY, Verdict.SUSPENDED}:
            assert standing.suspended
            return
    assert not (renewals[True] and renewals[False]), "both renewed and nobody noticed"


def test_two_sessions_are_twins_when_the_older_is_still_heard_well_after_the_newer_began() -> None:
    grace = limits.TWIN_GRACE_SECONDS
    assert not are_twins([])
    assert not are_twins([Heard(began=0.0, last=500.0)])
    assert not are_twins([Heard(began=0.0, last=100.0 + grace), Heard(began=100.0, last=400.0)])
    assert are_twins([Heard(began=0.0, last=100.5 + grace), Heard(began=100.0, last=400.0)])
    assert are_twins([Heard(began=100.0, last=400.0), Heard(began=0.0, last=100.5 + grace)])
