"""Every message, cut, flipped and made up: a message or one typed error, and no memory for what was claimed."""

import tracemalloc

import msgspec
import pytest
from every_message import FULL
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import AGENT_MESSAGES, COLLECTOR_MESSAGES, WireError, decode, encode

KINDS = list(dict.fromkeys(type(message) for message in FULL))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def take(octets: bytes, kind: type[msgspec.Struct]) -> None:
    for as_json in (False, True):
        for reader in (kind, AGENT_MESSAGES, COLLECTOR_MESSAGES):
            try:
                if isinstance(reader, type):
                    decode(octets, reader, as_json=as_json)
                else:
                    reader.decode(octets, as_json=as_json)
            except WireError as refused:
                said = str(refused)
                if not said or "\n" in said:
                    pytest.fail(f"{said!r} is not one line")


@pytest.mark.parametrize("message", FULL, ids=lambda message: type(message).__name__)
def test_every_prefix_is_refused_and_every_octet_may_be_any_other(message: msgspec.Struct) -> None:
    octets = encode(message)
    for at in range(len(octets)):
        with pytest.raises(WireError):
            decode(octets[:at], type(message))
        for octet in (0x00, 0x7F, 0x80, 0x90, 0xC0, 0xC1, 0xC6, 0xCF, 0xD4, 0xDB, 0xDD, 0xDF, 0xFF, octets[at] ^ 1):
            take(octets[:at] + bytes([octet]) + octets[at + 1 :], type(message))


@pytest.mark.parametrize("message", FULL, ids=lambda message: type(message).__name__)
def test_every_prefix_in_json_is_refused(message: msgspec.Struct) -> None:
    octets = encode(message, as_json=True)
    for at in range(len(octets)):
        with pytest.raises(WireError):
            decode(octets[:at], type(message), as_json=True)


@pytest.mark.parametrize("message", FULL, ids=lambda message: type(message).__name__)
def test_a_trailing_octet_is_refused(message: msgspec.Struct) -> None:
    for as_json, more in ((False, b"\x00"), (False, b"\xc0"), (True, b"0"), (True, b"]")):
        with pytest.raises(WireError) as error:
            decode(encode(message, as_json=as_json) + more, type(message), as_json=as_json)
        assert error.value.code == "malformed"


@given(st.sampled_from(KINDS), st.binary(max_size=300))
def test_random_octets(kind: type[msgspec.Struct], octets: bytes) -> None:
    take(octets, kind)


@given(st.sampled_from(KINDS), VALUES)
def test_random_values(kind: type[msgspec.Struct], value: object) -> None:
    take(msgspec.msgpack.encode(value), kind)
    take(msgspec.json.encode(value), kind)


@given(st.sampled_from(FULL), st.integers(0, 30), VALUES)
def test_random_values_in_the_place_of_a_field(message: msgspec.Struct, at: int, value: object) -> None:
    said = msgspec.msgpack.decode(encode(message))
    key = list(said)[at % len(said)] if isinstance(said, dict) else at % len(said)
    said[key] = value
    take(msgspec.msgpack.encode(said), type(message))
    take(msgspec.json.encode(said), type(message))


CLAIMS = [
    bytes.fromhex(claim)
    for claim in [
        "dcffff",
        "ddffffffff",
        "dd7fffffff",
        "deffff",
        "dfffffffff",
        "c5ffff",
        "c6ffffffff",
        "daffff",
        "dbffffffff",
        "c9ffffffff",
    ]
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.hex())
def test_a_length_that_is_claimed_takes_no_memory(claim: bytes) -> None:
    tracemalloc.start()
    for message in FULL:
        said = msgspec.msgpack.decode(encode(message))
        values = list(said.values()) if isinstance(said, dict) else said
        for upto in range(len(values) + 1):
            before = b"".join(msgspec.msgpack.encode(value) for value in values[:upto])
            with pytest.raises(WireError):
                decode(bytes([0x90 | min(len(values), 15)]) + before + claim, type(message))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_the_same_key_twice_and_keys_that_are_no_text_are_no_fault_of_ours() -> None:
    for octets in (
        b"\x82\xa1a\x01\xa1a\x02",
        b"\x81\x01\x02",
        b"\x81\x90\x02",
        b"\x81\xc0\xc0",
        b"\x81\xcb" + bytes(9),
    ):
        for kind in KINDS:
            take(octets, kind)
            take(b"\x99" + octets * 9, kind)
