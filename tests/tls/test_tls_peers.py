"""Whose certificate, and which list of revoked ones, is read at all: limits, and what no library may stumble over."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.tls import PeerError, agent_of, limits, revoked_serials
from ptscan.tls.der import sequence

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def of_size(octets: int) -> bytes:
    """One value of DER that is so long and nothing else."""
    made = sequence(b"\x04" + sequence(bytes(octets - 20))[1:])
    made = sequence(b"\x04" + sequence(bytes(octets - 20 + octets - len(made)))[1:])
    assert len(made) == octets
    return made


def code_of_certificate(octets: bytes) -> str:
    with pytest.raises(PeerError) as caught:
        agent_of(octets, "acme")
    assert "\n" not in str(caught.value)
    return caught.value.code


def code_of_list(octets: bytes) -> str:
    with pytest.raises(PeerError) as caught:
        revoked_serials(octets, b"", NOW)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_a_certificate_is_read_up_to_its_limit_and_not_beyond() -> None:
    assert code_of_certificate(of_size(limits.CERTIFICATE_OCTETS)) == "not-a-certificate"
    assert code_of_certificate(of_size(limits.CERTIFICATE_OCTETS + 1)) == "too-large"


def test_a_revocation_list_is_read_up_to_its_limit_and_not_beyond() -> None:
    assert code_of_list(of_size(limits.REVOCATION_LIST_OCTETS)) == "not-a-revocation-list"
    assert code_of_list(of_size(limits.REVOCATION_LIST_OCTETS + 1)) == "too-large"


@given(st.binary(max_size=400))
def test_random_octets_are_nobody_and_no_list(octets: bytes) -> None:
    for given_octets in (octets, sequence(octets), sequence(sequence(octets))):
        assert code_of_certificate(given_octets)
        assert code_of_list(given_octets)
