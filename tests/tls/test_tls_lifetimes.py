"""When a certificate is renewed, and the one line about a clock that is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.tls import agent_uri, begins_at, clock_fault, collector_uri, is_id, limits, renew_at
from ptscan.tls.names import ids_of_agent

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=30)


@pytest.mark.parametrize(("lot", "days"), [(0.0, 17), (0.5, 20), (1.0, 23), (-5.0, 17), (9.0, 23)])
def test_it_is_renewed_at_two_thirds_of_its_life_a_tenth_sooner_or_later(lot: float, days: int) -> None:
    assert abs(renew_at(BEGIN, END, lot) - BEGIN - timedelta(days=days)) < timedelta(seconds=1)


@given(st.floats(0, 1))
def test_it_is_always_renewed_within_its_life(lot: float) -> None:
    assert BEGIN < renew_at(BEGIN, END, lot) < END


def test_it_begins_ten_minutes_before_it_is_made_for_clocks_that_are_slow() -> None:
    assert begins_at(BEGIN + timedelta(microseconds=7)) == BEGIN - timedelta(minutes=10)


def test_a_wrong_clock_is_one_line_that_says_both_times() -> None:
    assert clock_fault(BEGIN, END, BEGIN) == clock_fault(BEGIN, END, END) == ""
    early = clock_fault(BEGIN, END, datetime(1970, 1, 1, tzinfo=UTC))
    late = clock_fault(BEGIN, END, END + timedelta(seconds=1))
    assert "2026-01-01 00:00" in early
    assert "1970-01-01 00:00" in early
    assert "enrol again" in late
    assert "\n" not in early + late


@pytest.mark.parametrize("text", ["a", "0", "acme", "a-1", "a" * limits.ID_CHARACTERS])
def test_an_id_is_a_label_of_dns(text: str) -> None:
    assert is_id(text)
    assert ids_of_agent(agent_uri("acme", text).encode()) == ("acme", text)
    assert collector_uri(text) == f"spiffe://{text}/collector"


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "A", "a.b", "a/b", "ä", "a ", "a\n", "a" * (limits.ID_CHARACTERS + 1)]
)
def test_nothing_else_is_an_id(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="no id"):
        agent_uri("acme", text)
    with pytest.raises(ValueError, match="no id"):
        collector_uri(text)


@pytest.mark.parametrize(
    "uri",
    ["", "spiffe://acme/collector", "spiffe://acme/agent/", "spiffe://acme/agent/a/b", "spiffe://acme/agent/a\n",
     "SPIFFE://acme/agent/a", "spiffe://acme/agent/a?x", "spiffe://acme:1/agent/a", "spiffe://u@acme/agent/a",
     "spiffe://acme/agent/%61", "spiffe://acme//agent/a", "x spiffe://acme/agent/a"],
)  # fmt: skip
def test_no_other_uri_names_an_agent(uri: str) -> None:
    assert ids_of_agent(uri.encode()) is None
