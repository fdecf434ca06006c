"""The skeleton of DER: what is one value, definite, minimal, flat enough; everything else is told by its offset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.tls import DerError, check_der, limits
from ptscan.tls.der import sequence


def nested(depth: int) -> bytes:
    octets = b"\x05\0"
    for _ in range(depth):
        octets = sequence(octets)
    return octets


@pytest.mark.parametrize(
    "octets",
    [b"\x05\0", b"\x30\0", b"\x30\x02\x05\0", b"\x04\x81\x80" + bytes(128), sequence(b"\x30\0", b"\x30\0", b"\x05\0")],
)
def test_der_passes(octets: bytes) -> None:
    check_der(octets)


@pytest.mark.parametrize(
    ("octets", "offset", "fault"),
    [
        (b"", 0, "empty"),
        (b"\x30", 0, "cut"),
        (b"\x05\0\0", 2, "follow"),
        (b"\x30\x80\0\0", 1, "indefinite"),
        (b"\x04\x81\x7f" + bytes(127), 1, "more octets"),
        (b"\x04\x82\x00\x80" + bytes(128), 1, "more octets"),
        (b"\x04\x85\0\0\0\0\1\0", 1, "too long"),
        (b"\x04\x82\x01", 1, "cut"),
        (b"\x30\x02\x04\x01\0", 3, "leads out"),
        (b"\x1f\x20\0", 0, "long form"),
        (b"\x30\x01\x05", 2, "cut"),
    ],
)
def test_what_is_no_der_is_told_by_its_offset(octets: bytes, offset: int, fault: str) -> None:
    with pytest.raises(DerError, match=fault) as caught:
        check_der(octets)
    assert caught.value.offset == offset


def test_depth_has_a_limit() -> None:
    check_der(nested(limits.DER_DEPTH))
    with pytest.raises(DerError, match="deeper"):
        check_der(nested(limits.DER_DEPTH + 1))


def test_the_number_of_values_has_a_limit() -> None:
    check_der(sequence(b"\x05\0" * (limits.DER_ELEMENTS - 1)))
    with pytest.raises(DerError, match="more than"):
        check_der(sequence(b"\x05\0" * limits.DER_ELEMENTS))


LEAVES = st.binary(max_size=200).map(lambda body: b"\x04" + sequence(body)[1:])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4).map(lambda parts: sequence(*parts)))


@given(VALUES)
def test_whatever_is_built_as_der_passes_and_none_of_its_prefixes(octets: bytes) -> None:
    check_der(octets, depth=1_000)
    for length in range(len(octets)):
        with pytest.raises(DerError):
            check_der(octets[:length], depth=1_000)


@given(st.binary(max_size=64))
def test_random_octets_raise_nothing_else(octets: bytes) -> None:
    try:
        check_der(octets)
    except DerError:
        pass
