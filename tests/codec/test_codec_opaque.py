"""What an Opaque wraps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import DecodeError, unwrap_opaque

from .messages import integer, tlv


@pytest.mark.parametrize(
    ("content", "tag", "value"),
    [
        ("9f780441200000", codec.OPAQUE_FLOAT, 10.0),
        ("9f780400000000", codec.OPAQUE_FLOAT, 0.0),
        ("9f79084024000000000000", codec.OPAQUE_DOUBLE, 10.0),
        ("9f7a01ff", codec.OPAQUE_INTEGER64, -1),
        ("9f7b0900ffffffffffffffff", codec.OPAQUE_UNSIGNED64, 2**64 - 1),
        ("9f760107", codec.OPAQUE_COUNTER64, 7),
        ("020105", codec.INTEGER, 5),
        ("04024850", codec.OCTET_STRING, b"HP"),
        ("440604044142434a", codec.OCTET_STRING, b"ABCJ"),
        ("0500", codec.NULL, None),
        ("06012b", codec.OBJECT_IDENTIFIER, b"\x2b"),
    ],
)
def test_a_wrapped_value_is_told_with_its_type(content: str, tag: int, value: float | bytes | None) -> None:
    assert unwrap_opaque(bytes.fromhex(content)) == (tag, value)


@pytest.mark.parametrize(
    ("content", "offset", "reason"),
    [
        ("", 0, "the Opaque ends"),
        ("9f", 1, "the Opaque ends"),
        ("9f78", 2, "the Opaque ends"),
        ("9f7803412000", 3, "3 octets for a floating-point number of 4"),
        ("9f790441200000", 3, "4 octets for a floating-point number of 8"),
        ("9f780541200000", 2, "past the container's end"),
        ("02010500", 3, "octets are left"),
        ("3000", 2, "0x30 is no type of a value"),
        ("9f7f0105", 3, "0x9f7f is no type of a value"),
        ("0280", 1, "indefinite length"),
        ("0200", 2, "integer of 0 octets"),
    ],
)
def test_content_that_is_no_value_is_named(content: str, offset: int, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        unwrap_opaque(bytes.fromhex(content))
    assert caught.value.offset == offset
    assert reason in caught.value.reason


@given(st.binary(max_size=20))
def test_nothing_but_a_decode_error_comes_out(content: bytes) -> None:
    for octets in (content, b"\x9f\x78" + content, tlv(codec.OPAQUE, content)):
        try:
            unwrap_opaque(octets)
        except DecodeError:
            continue


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2))
def test_an_opaque_within_an_opaque_is_unwrapped(number: int, layers: int) -> None:
    content = integer(number)
    for _ in range(layers):
        content = tlv(codec.OPAQUE, content)
    assert unwrap_opaque(content) == (codec.INTEGER, number)
