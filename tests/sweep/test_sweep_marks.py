"""A bit a position: marked once, and what has no mark is found fast."""

from hypothesis import given
from hypothesis import strategies as st

from ptscan.sweep.marks import Marks


@given(st.integers(1, 700), st.lists(st.integers(0, 699)), st.integers(0, 87))
def test_marks_are_a_set(size: int, positions: list[int], octet: int) -> None:
    marks, expected = Marks(size), set()
    for position in positions:
        if position < size:
            assert marks.add(position) == (position not in expected)
            expected.add(position)
    assert [position for position in range(size) if position in marks] == sorted(expected)
    assert marks.count == len(expected)
    start = min(octet * 8, size // 8 * 8)
    for end in (min(start + 256, size), size):
        assert list(marks.absent(start, end)) == [p for p in range(start, end) if p not in expected]
