"""The request-id is found without decoding, wherever decoding finds it."""

from hypothesis import given
from hypothesis import strategies as st

from codec import (
    INTEGER,
    REQUEST_ID_MAX,
    REQUEST_ID_MIN,
    V1,
    V2C,
    DecodeError,
    Message,
    decode_message,
    decode_secure,
    discovery_request,
    encode_response,
    peek_request_id,
)

ids = st.integers(-(2**31), 2**31 - 1)


@given(st.sampled_from([V1, V2C]), st.binary(max_size=300), ids, st.lists(st.integers(0, 9), max_size=40))
def test_the_request_id_of_every_answer_is_found(
    version: int, community: bytes, request_id: int, row: list[int]
) -> None:
    varbinds = [(bytes((0x2B, 6, 1, number)), INTEGER, number) for number in row]
    assert peek_request_id(encode_response(version, community, request_id, varbinds)) == request_id


def test_long_form_lengths_and_a_padded_id_are_read() -> None:
    octets = bytes.fromhex("3082001d 020100 0481067075626c6963 a2820010 020500 12345678 020100 020100 3081 00")
    assert peek_request_id(octets) == 0x12345678


@given(st.binary(max_size=80))
def test_any_octets_give_an_id_or_none(octets: bytes) -> None:
    peek_request_id(octets)


@given(st.data())
def test_what_decodes_after_a_mutation_is_peeked_alike(data: st.DataObject) -> None:
    octets = bytearray(encode_response(V2C, b"public", 0x12345678, [(b"\x2b\x06\x01", INTEGER, 5)]))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = decode_message(bytes(octets))
    except DecodeError:
        return
    if isinstance(message, Message):
        assert peek_request_id(bytes(octets)) == message.request_id


def test_every_prefix_is_none_until_the_id_is_whole() -> None:
    octets = encode_response(V2C, b"public", 0x12345678, [])
    end = octets.index(bytes.fromhex("12345678")) + 4
    assert [peek_request_id(octets[:size]) for size in range(end)] == [None] * end
    assert peek_request_id(octets[:end]) == 0x12345678


@given(st.data())
def test_the_msg_id_of_a_v3_message_is_found_wherever_decoding_finds_it(data: st.DataObject) -> None:
    octets = bytearray(discovery_request(data.draw(st.integers(REQUEST_ID_MIN, REQUEST_ID_MAX))))
    if data.draw(st.booleans()):
        size = len(octets) - 2
        octets[1:2] = data.draw(
            st.sampled_from([b"\x81" + bytes((size,)), b"\x82\0" + bytes((size,)), b"\x80", b"\x85"])
        )
    for _ in range(data.draw(st.integers(0, 2))):
        octets[data.draw(st.integers(0, 20))] = data.draw(st.integers(0, 255))
    try:
        message = decode_secure(bytes(octets))
    except DecodeError:
        return
    assert peek_request_id(bytes(octets)) == message.msg_id


def test_every_prefix_of_a_v3_message_is_none_until_its_msg_id_is_whole() -> None:
    octets = discovery_request(0x12345678)
    end = octets.index(bytes.fromhex("12345678")) + 4
    assert [peek_request_id(octets[:size]) for size in range(end)] == [None] * end
    assert peek_request_id(octets[:end]) == 0x12345678
    assert peek_request_id(b"\x30\x85" + octets[2:]) is None
