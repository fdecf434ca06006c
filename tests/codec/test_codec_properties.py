"""What holds for every message, and for every row of octets that is none."""

from hypothesis import given
from hypothesis import strategies as st

from codec import DecodeError, Message, Note, PduType, RequestTemplate, TrapV1, Varbind, decode_message, encode_response
from codec.limits import REQUEST_ID_MIN

from .messages import (
    communities,
    integer,
    message,
    mutated,
    oids,
    request_ids,
    small_integers,
    tlv,
    trap_v1,
    varbind,
    varbind_lists,
)

answers = st.builds(
    lambda version, community, request_id, bindings, status, index, kind: encode_response(
        version, community, request_id, bindings, error_status=status, error_index=index, pdu_type=kind
    ),
    st.integers(0, 1),
    communities,
    request_ids,
    varbind_lists,
    small_integers,
    small_integers,
    st.sampled_from((PduType.RESPONSE, PduType.REPORT)),
)
requests = st.builds(
    lambda community, kind, names: RequestTemplate(1, community, kind, names).encode(REQUEST_ID_MIN),
    communities,
    st.sampled_from((PduType.GET, PduType.GET_NEXT, PduType.GET_BULK)),
    st.lists(oids, max_size=5),
)
traps = st.builds(
    lambda name, address, number, time: trap_v1(
        varbind(integer(number), name),
        enterprise=tlv(0x06, name),
        address=tlv(0x40, address),
        timestamp=integer(time, 0x43),
    ),
    oids,
    st.binary(min_size=4, max_size=4),
    st.integers(-100, 100),
    st.integers(0, 2**32 - 1),
)
messages = st.one_of(answers, answers, requests, traps)


def outcome(data: bytes) -> Message | TrapV1 | DecodeError:
    """The message or the one error that may come out; anything else fails the test that asks."""
    try:
        return decode_message(data)
    except DecodeError as caught:
        error = caught
    assert 0 <= error.offset <= len(data)
    assert error.reason
    return error


@given(st.integers(0, 1), communities, request_ids, varbind_lists, small_integers, small_integers)
def test_what_is_encoded_is_decoded(
    version: int, community: bytes, request_id: int, bindings: list[Varbind], status: int, index: int
) -> None:
    data = encode_response(version, community, request_id, bindings, error_status=status, error_index=index)
    assert decode_message(data) == Message(version, community, 0xA2, request_id, status, index, bindings)


@given(messages)
def test_every_prefix_is_refused(data: bytes) -> None:
    for size in range(len(data)):
        assert isinstance(outcome(data[:size]), DecodeError)


@given(messages, st.binary(min_size=1, max_size=5))
def test_octets_after_the_message_change_nothing_but_the_notes(data: bytes, rest: bytes) -> None:
    alone, followed = decode_message(data), decode_message(data + rest)
    assert followed.notes == (Note(None, "trailing-octets"), *alone.notes)
    followed.notes = alone.notes
    assert followed == alone


@given(messages, st.data())
def test_a_message_that_lacks_one_octet_anywhere_is_refused(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    assert isinstance(outcome(data[:at] + data[at + 1 :]), DecodeError)


@given(st.binary(max_size=200))
def test_random_octets_are_a_message_or_a_decode_error(data: bytes) -> None:
    outcome(data)
    outcome(b"\x30" + data)


@given(st.lists(st.binary(max_size=40), max_size=4), st.sampled_from(tuple(PduType)))
def test_random_octets_in_the_place_of_varbinds_are_a_message_or_a_decode_error(
    parts: list[bytes], pdu_type: PduType
) -> None:
    outcome(message(*parts, pdu_tag=pdu_type))
    outcome(message(*(tlv(0x30, part) for part in parts), pdu_tag=pdu_type))
    outcome(message(*(varbind(part) for part in parts), pdu_tag=pdu_type))
    outcome(trap_v1(*parts))


@given(mutated(messages))
def test_a_mutated_message_is_a_message_or_a_decode_error(data: bytes) -> None:
    outcome(data)


@given(mutated(answers))
def test_what_is_read_from_a_mutated_answer_can_be_encoded_and_read_again(data: bytes) -> None:
    answer = outcome(data)
    if not isinstance(answer, Message) or answer.pdu_type not in (PduType.RESPONSE, PduType.REPORT):
        return
    again = decode_message(
        encode_response(
            answer.version,
            answer.community,
            answer.request_id,
            answer.varbinds,
            error_status=answer.error_status,
            error_index=answer.error_index,
            pdu_type=answer.pdu_type,
        )
    )
    answer.notes = tuple(note for note in answer.notes if note.rule == "address-size")
    assert again == answer


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_names_under_one_stem_are_read_as_each_would_be_alone(tails: list[bytes]) -> None:
    names = [bytes.fromhex("2b060104019303") + tail for tail in tails]
    together = outcome(message(*(varbind(integer(1), name) for name in names)))
    alone = [outcome(message(varbind(integer(1), name))) for name in names]
    if isinstance(together, Message):
        assert together.varbinds == [part.varbinds[0] for part in alone if isinstance(part, Message)]
    else:
        assert any(isinstance(part, DecodeError) for part in alone)
