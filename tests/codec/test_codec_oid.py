"""Object identifiers: text, numbers, octets, order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import OidError, format_oid, oid_arcs, oid_from_arcs, oid_key, oid_precedes, parse_oid
from codec.oid import canonical_oid, is_oid

from .messages import arcs, oids


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1.3", "2b"),
        (".1.3.6.1", "2b0601"),
        ("0.0", "00"),
        ("0.39", "27"),
        ("1.0", "28"),
        ("2.0", "50"),
        ("2.999", "8837"),
        ("2.4294967215", "8fffffff7f"),
        ("1.3.127.128", "2b7f8100"),
        ("1.3.16383.16384", "2bff7f818000"),
        ("1.3.4294967295", "2b8fffffff7f"),
        ("01.003.0006", "2b06"),
    ],
)
def test_text_is_read(text: str, octets: str) -> None:
    assert parse_oid(text).hex() == octets


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (".", "is empty"),
        ("1", "at least two numbers"),
        ("1.", "number 2 is missing"),
        ("..1.3", "number 1 is missing"),
        ("1..3", "number 2 is missing"),
        ("1.3.", "number 3 is missing"),
        ("iso.3", "number 1 is 'iso', not a decimal number"),
        ("1.3.-6", "number 3 is '-6', not a decimal number"),
        ("1.3.+6", "number 3 is '+6', not a decimal number"),
        ("1.3. 6", "number 3 is ' 6', not a decimal number"),
        ("1.3.6\n", "number 3 is '6\\\\n', not a decimal number"),
        ("1.3.0x6", "number 3 is '0x6', not a decimal number"),
        ("1.3.٣", "number 3 is '٣', not a decimal number"),
        ("1.3.²", "number 3 is '²', not a decimal number"),
        ("3.1", "number 1 is 3, only 0, 1 and 2 exist"),
        ("1.40", "number 2 is 40, at most 39 is allowed under 1"),
        ("2.4294967216", "number 2 is 4294967216, at most 4294967215 is allowed under 2"),
        ("1.3.4294967296", "number 3 is over 4294967295"),
        ("1.3." + "9" * 10_000, "number 3 is over 4294967295"),
        ("1." * 128 + "1", "129 numbers, at most 128 are allowed"),
    ],
)
def test_text_that_is_wrong_is_named(text: str, reason: str) -> None:
    with pytest.raises(OidError) as caught:
        parse_oid(text)
    assert reason.replace("\\\\", "\\") in caught.value.reason


@given(st.text(max_size=30))
def test_text_is_an_oid_or_an_oid_error(text: str) -> None:
    try:
        oid = parse_oid(text)
    except OidError:
        return
    assert is_oid(oid)


@given(arcs)
def test_numbers_and_text_and_octets_are_the_same(numbers: tuple[int, ...]) -> None:
    oid = oid_from_arcs(numbers)
    assert is_oid(oid)
    assert oid_arcs(oid) == numbers
    assert format_oid(oid) == ".".join(map(str, numbers))
    assert parse_oid(format_oid(oid)) == parse_oid("." + format_oid(oid)) == oid
    assert canonical_oid(oid) == oid


def test_numbers_that_are_negative_are_refused() -> None:
    with pytest.raises(OidError, match="number 3 is negative"):
        oid_from_arcs((1, 3, -1))


@pytest.mark.parametrize("octets", ["", "81", "90", "2b81", "2b90", "2b8001", "2b9080808000", "2b" + "01" * 128])
def test_octets_that_are_no_canonical_oid_have_no_numbers(octets: str) -> None:
    assert not is_oid(bytes.fromhex(octets))
    with pytest.raises(OidError):
        oid_arcs(bytes.fromhex(octets))


@given(oids, oids)
def test_the_order_is_that_of_the_numbers(a: bytes, b: bytes) -> None:
    assert oid_precedes(a, b) == (oid_arcs(a) < oid_arcs(b))
    assert (oid_key(a) < oid_key(b)) == (oid_arcs(a) < oid_arcs(b))
    assert (oid_key(a) == oid_key(b)) == (a == b)


def test_the_order_holds_where_the_octets_mislead() -> None:
    row = [(1, 3), (1, 3, 0), (1, 3, 127), (1, 3, 128), (1, 3, 255, 7), (1, 3, 16383), (1, 3, 16384), (1, 3, 2097151)]
    row += [(1, 3, 2097152), (1, 3, 268435455), (1, 3, 268435456), (1, 3, 4294967295), (1, 4), (2, 5), (2, 999)]
    for (i, a), (j, b) in itertools.product(enumerate(map(oid_from_arcs, row)), repeat=2):
        assert oid_precedes(a, b) == (i < j)


@given(oids, st.binary(max_size=4))
def test_a_subtree_is_a_prefix_of_octets(prefix: bytes, rest: bytes) -> None:
    oid = prefix + rest
    if is_oid(oid):
        assert oid_arcs(oid)[: len(oid_arcs(prefix))] == oid_arcs(prefix)


@given(st.binary(max_size=12))
def test_canonical_octets_are_those_that_encoding_again_would_give(octets: bytes) -> None:
    try:
        oid = canonical_oid(octets)
    except OidError:
        return
    assert oid == oid_from_arcs(oid_arcs(oid))
    assert is_oid(octets) == (oid == octets)
