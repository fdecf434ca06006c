"""Wall clocks, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import read_instant, write_instant


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_an_instant_is_read_as_it_was_written(at: int) -> None:
    assert read_instant(write_instant(at)) == at


@pytest.mark.parametrize(("at", "text"), [(-1.0, "1970-01-01T00:00:00Z"), (1e18, "9999-12-31T23:59:59Z")])
def test_an_instant_beyond_its_years_is_the_nearest(at: float, text: str) -> None:
    assert write_instant(at) == text


@given(st.text(max_size=64))
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    try:
        read_instant(text)
    except ValueError:
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-21T06:00:00",
        "2026-11-21",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
    ],
)
def test_what_is_no_instant_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (whose words are Python's)
        read_instant(text)
