"""The codec against x690 and puresnmp, a second independent SNMP stack, both ways.

x690 does not hold the lengths within a message against their containers, reads what it does not know as octets and
raises what Python raises, so a mutated message may be read by it alone. What both read has to be the same.
"""

from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import DecodeError, Message, RequestTemplate, Varbind, decode_message, encode_response
from codec.limits import REQUEST_ID_MAX

from . import peer_x690
from .messages import communities, mutated, oids, request_ids, varbind_lists


def is_known(varbind: Varbind) -> bool:
    """Whether x690 can say this varbind: a type that it has, and no 2.40 and above (it takes that for 3.0)."""
    name, kind, value = varbind
    if kind == codec.OBJECT_IDENTIFIER and (not isinstance(value, bytes) or value[0] >= 120):
        return False
    return kind in peer_x690.VALUES and name[0] < 120


known_varbinds = varbind_lists.map(lambda varbinds: [*filter(is_known, varbinds)])
known_oids = oids.filter(lambda oid: oid[0] < 120)


@given(communities, request_ids, known_varbinds)
def test_answers_that_are_made_here_are_read_there(community: bytes, request_id: int, varbinds: list[Varbind]) -> None:
    data = encode_response(1, community, request_id, varbinds)
    assert peer_x690.decode(data) == Message(1, community, 0xA2, request_id, 0, 0, varbinds)


@given(communities, request_ids, known_varbinds)
def test_answers_that_are_made_there_are_read_here(community: bytes, request_id: int, varbinds: list[Varbind]) -> None:
    answer = Message(1, community, 0xA2, request_id, 0, 0, varbinds)
    assert decode_message(peer_x690.encode(answer)) == answer


@given(communities, st.sampled_from((0xA0, 0xA1, 0xA5)), st.lists(known_oids, max_size=6), st.integers(0, 50))
def test_requests_say_what_those_of_puresnmp_say(
    community: bytes, pdu_type: int, names: list[bytes], repetitions: int
) -> None:
    if pdu_type != 0xA5:
        repetitions = 0
    ours = RequestTemplate(1, community, pdu_type, names, max_repetitions=repetitions).encode(REQUEST_ID_MAX)
    varbinds: list[Varbind] = [(name, codec.NULL, None) for name in names]
    theirs = peer_x690.encode(Message(1, community, pdu_type, REQUEST_ID_MAX, 0, repetitions, varbinds))
    assert decode_message(ours) == decode_message(theirs)  # x690 writes a length of 127 in the long form


@given(mutated(st.builds(lambda varbinds: encode_response(1, b"public", 1, varbinds), known_varbinds)))
def test_what_both_read_of_a_mutated_answer_is_the_same(data: bytes) -> None:
    try:
        answer = decode_message(data)
    except DecodeError:
        return
    if not isinstance(answer, Message) or answer.notes or answer.error_status:
        return  # our rules: values are mended with a note, and an error-status is a value, which puresnmp raises
    if not all(map(is_known, answer.varbinds)):
        return
    try:
        theirs = peer_x690.decode(data)
    except Exception:
        return
    assert answer == theirs
