"""A bit a position: marked once, and what has no mark is found fast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.sweep.marks import Marks


@given(st.integers(1, 700), st.lists(st.integers(0, 699)), st.lists(st.integers(0, 699)), st.integers(0, 87))
def test_marks_are_a_set(size: int, added: list[int], removed: list[int], octet: int) -> None:
    marks, expected = Marks(size), set()
    for position in added:
        if position < size:
            assert marks.add(position) == (position not in expected)
            expected.add(position)
    others, other = Marks(size), set()
    for position in removed:
        if position < size:
            assert marks.remove(position) == (position in expected)
            expected.discard(position)
            others.add(position)
            other.add(position)
    assert [position for position in range(size) if position in marks] == sorted(expected)
    assert marks.count == len(expected)
    start = min(octet * 8, size // 8 * 8)
    for end in (min(start + 256, size), size):
        assert list(marks.absent(start, end, others)) == [p for p in range(start, end) if p not in expected | other]


def test_marks_begin_with_a_bitmap_of_their_size() -> None:
    marks = Marks(12, b"\x81\x08")
    assert [position for position in range(12) if position in marks] == [0, 7, 11]
    assert marks.count == 3
    for wrong in (b"", b"\x01", b"\x01\x10", b"\x01\x01\x00"):
        with pytest.raises(ValueError, match="no bitmap of 12"):
            Marks(12, wrong)
