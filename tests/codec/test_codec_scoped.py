"""A scoped PDU is read as the PDU of any other message is, and a decoder's memory changes nothing but the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    V3,
    DecodeError,
    Decoder,
    Message,
    Note,
    PduType,
    ScopedPdu,
    Varbind,
    decode_message,
    decode_scoped,
    encode_response,
    encode_scoped,
    limits,
)

from .messages import SYS_DESCR, integer, mutated, request_ids, tlv, varbind, varbind_lists
from .messages_v3 import ENGINE, scoped
from .tracing import lines_run

OFTEN = 33  # sights of a list after which its shape is known
FILLER: Varbind = (SYS_DESCR, 4, bytes(256))


def made(varbinds: list[Varbind], *, number: int = 1 << 24, name: bytes = b"", status: int = 0) -> bytes:
    return encode_scoped(ENGINE, name, PduType.RESPONSE, (number, status, 0), varbinds)


def plain(data: bytes) -> Message | tuple[int, str]:
    try:
        return decode_scoped(data).message
    except DecodeError as caught:
        error = caught
    assert 0 <= error.offset <= len(data)
    assert error.reason
    return error.offset, error.reason


def told(data: bytes, decoder: Decoder) -> Message | tuple[int, str]:
    try:
        return decoder.decode_scoped(data)
    except DecodeError as error:
        return error.offset, error.reason


def agree(data: bytes, decoder: Decoder) -> None:
    """Hold the decoder against the plain one, as it learns and when it has learned."""
    for _ in range(2):
        mine = told(data, decoder)
        if isinstance(mine, Message):
            assert mine == plain(data)
        else:  # it counts octets from the PDU on
            assert isinstance(plain(data), tuple)


def test_a_scoped_pdu_is_its_context_and_a_message_without_a_community() -> None:
    data = encode_scoped(ENGINE, b"Jetdirect", PduType.REPORT, (7, 0, 0), [FILLER])
    assert decode_scoped(data) == ScopedPdu(ENGINE, b"Jetdirect", Message(V3, b"", PduType.REPORT, 7, 0, 0, [FILLER]))


@given(varbind_lists, request_ids)
def test_its_pdu_is_read_as_that_of_v2c(varbinds: list[Varbind], number: int) -> None:
    v2c = decode_message(encode_response(1, b"", number, varbinds))
    assert isinstance(v2c, Message)
    v2c.version = V3
    assert decode_scoped(made(varbinds, number=number)).message == v2c


def test_padding_of_a_cipher_is_left() -> None:
    for size in range(1, 9):
        assert decode_scoped(scoped() + bytes(size)) == decode_scoped(scoped())


def test_liberties_are_noted_as_elsewhere() -> None:
    assert decode_scoped(scoped(varbind(integer(-1, 0x41)))).message.notes == (Note(0, "counter-masked"),)


@pytest.mark.parametrize("pdu_tag", [0xA9, 0x30, 0x04, 0x00])
def test_what_is_no_pdu_is_refused(pdu_tag: int) -> None:
    with pytest.raises(DecodeError, match="is no PDU"):
        decode_scoped(scoped(pdu_tag=pdu_tag))


@given(varbind_lists)
def test_every_prefix_is_refused(varbinds: list[Varbind]) -> None:
    data, decoder = made(varbinds), Decoder()
    decoder.decode_scoped(data)
    for size in range(len(data)):
        assert isinstance(plain(data[:size]), tuple)
        agree(data[:size], decoder)


@given(st.binary(max_size=200))
def test_random_octets_are_a_scoped_pdu_or_a_decode_error(data: bytes) -> None:
    for octets in (data, tlv(0x30, tlv(4, b"") * 2 + data)):
        plain(octets)
        agree(octets, Decoder())


@given(st.data(), varbind_lists, st.sampled_from((1, OFTEN)))
def test_mutations_of_a_known_answer_are_read_alike(draw: st.DataObject, varbinds: list[Varbind], times: int) -> None:
    data = made([*varbinds, FILLER])
    decoder = Decoder()
    for _ in range(times):
        agree(data, decoder)
    for _ in range(12):
        agree(draw.draw(mutated(st.just(data))), decoder)


@given(st.lists(st.tuples(varbind_lists, st.binary(max_size=9), st.sampled_from((0, 2))), min_size=1, max_size=4))
def test_any_order_of_answers_is_read_alike(answers: list[tuple[list[Varbind], bytes, int]]) -> None:
    decoder = Decoder()
    for varbinds, name, status in answers * 3:
        agree(made(varbinds, name=name, status=status), decoder)


def test_any_octet_in_the_place_of_any_other_one_is_read_alike() -> None:
    data = made([(SYS_DESCR, 0x41, 70_000), (SYS_DESCR, 4, b"HP")])
    decoder = Decoder()
    agree(data, decoder)
    for place in range(len(data)):
        for octet in (0, 1, 2, 4, 6, 0x30, 0x7F, 0x80, 0x81, 0xA2, 0xA8, 0xFF):
            agree(data[:place] + bytes((octet,)) + data[place + 1 :], decoder)


def test_another_engine_or_context_with_the_same_pdu_takes_less_work() -> None:
    decoder = Decoder()
    decoder.decode_scoped(made([FILLER]))
    other = encode_scoped(bytes(17), b"Jetdirect", PduType.RESPONSE, (1 << 25, 0, 0), [FILLER])
    with_memory = lines_run(lambda: decoder.decode_scoped(other))
    assert with_memory < lines_run(lambda: decode_scoped(other))


def test_frames_are_bounded() -> None:
    decoder = Decoder()
    for size in range(limits.MAX_FRAMES + 40):
        decoder.decode_scoped(made([(SYS_DESCR, 4, bytes(size))]))
        assert len(decoder._pdu_frames) <= limits.MAX_FRAMES
