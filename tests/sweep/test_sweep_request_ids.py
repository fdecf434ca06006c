"""Request-ids: each names its target and round, and nobody without the key can make one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import REQUEST_ID_MAX, REQUEST_ID_MIN
from ptscan.sweep.limits import CHUNK, MAX_TARGETS
from ptscan.sweep.request_ids import RequestIds


@given(st.integers(1, MAX_TARGETS), st.integers(0, 40), st.data())
def test_an_id_gives_its_round_and_position_back(count: int, round_: int, data: st.DataObject) -> None:
    ids = RequestIds(count, key=b"k" * 32)
    chunk = data.draw(st.integers(0, (count - 1) // CHUNK))
    stamps = ids.of_chunk(round_, chunk)
    assert len(stamps) == min(CHUNK, count - chunk * CHUNK)
    assert all(REQUEST_ID_MIN <= stamp <= REQUEST_ID_MAX for stamp in stamps)
    place = data.draw(st.integers(0, len(stamps) - 1))
    matched = ids.match(stamps[place], rounds=round_ + 1)
    assert matched is not None
    # Another round's tag may chance to be the same where tags are short: the position is what counts.
    assert matched[1] == chunk * CHUNK + place


def test_ids_of_one_round_are_all_different() -> None:
    ids = RequestIds(65_534, key=b"k" * 32)
    stamps = [stamp for chunk in range(256) for stamp in ids.of_chunk(0, chunk)]
    assert len(set(stamps)) == len(stamps) == 65_534
    assert [ids.match(stamp, rounds=1) for stamp in stamps] == [(0, position) for position in range(65_534)]


def test_rounds_and_runs_have_ids_of_their_own() -> None:
    ids, others = RequestIds(1000, key=b"a" * 32), RequestIds(1000, key=b"b" * 32)
    stamp = ids.of_chunk(1, 2)[7]
    assert ids.match(stamp, rounds=2) == (1, 519)
    assert ids.match(stamp, rounds=1) is None  # that round has not begun
    assert others.match(stamp, rounds=2) is None


@pytest.mark.parametrize(("count", "share"), [(254, 1e-5), (65_534, 1e-3), (1 << 24, 0.05)])
def test_guessed_ids_hit_as_rarely_as_the_tag_says(count: int, share: float) -> None:
    ids, luck = RequestIds(count, key=b"k" * 32), random.Random(3)
    tries = 20_000
    hits = sum(ids.match(luck.randrange(REQUEST_ID_MIN, 1 << 31), rounds=1) is not None for _ in range(tries))
    assert hits <= max(1, share * tries)


@given(st.integers(-(2**31), 2**31 - 1))
def test_any_number_is_matched_or_refused(request_id: int) -> None:
    matched = RequestIds(300, key=b"k" * 32).match(request_id, rounds=3)
    assert matched is None or (0 <= matched[0] < 3 and 0 <= matched[1] < 300)


def test_what_is_known_of_the_tags_is_bounded() -> None:
    ids = RequestIds(MAX_TARGETS, key=b"k" * 32)
    for chunk in range(2000):
        ids.of_chunk(0, chunk)
    assert len(ids._chunks) <= 512
