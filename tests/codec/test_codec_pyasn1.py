"""The codec against pyasn1, an independent ASN.1 library, both ways.

Where the two differ on a mutated message, the reason has to be one of our rules, named in STRICTER and LIBERAL below;
anything else is a fault.
"""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyasn1.error import PyAsn1Error

import codec
from codec import DecodeError, Message, OidError, RequestTemplate, Varbind, decode_message, encode_response
from codec.limits import REQUEST_ID_MAX

from . import peer_pyasn1
from .messages import (
    communities,
    integer,
    message,
    mutated,
    oids,
    request_ids,
    small_integers,
    tlv,
    varbind,
    varbind_lists,
)


def is_padded_by_pyasn1(value: codec.Value) -> bool:
    """Whether pyasn1 writes one octet more than the shortest form: ff 80 for -128, and so on."""
    return value in (-(1 << 7), -(1 << 15), -(1 << 23), -(1 << 31))


@given(st.integers(0, 1), communities, request_ids, small_integers, small_integers, varbind_lists)
def test_answers_have_the_octets_that_pyasn1_makes_and_reads(
    version: int, community: bytes, request_id: int, status: int, index: int, varbinds: list[Varbind]
) -> None:
    data = encode_response(version, community, request_id, varbinds, error_status=status, error_index=index)
    answer = Message(version, community, 0xA2, request_id, status, index, varbinds)
    assert peer_pyasn1.decode(data) == answer
    if not any(map(is_padded_by_pyasn1, (request_id, status, index, *(value for _, _, value in varbinds)))):
        assert peer_pyasn1.encode(answer) == data


@given(communities, st.sampled_from((0xA0, 0xA1, 0xA5)), st.lists(oids, max_size=6))
def test_requests_have_the_octets_that_pyasn1_makes(community: bytes, pdu_type: int, names: list[bytes]) -> None:
    repetitions = 25 if pdu_type == 0xA5 else 0
    data = RequestTemplate(1, community, pdu_type, names, max_repetitions=repetitions).encode(REQUEST_ID_MAX)
    varbinds: list[Varbind] = [(name, codec.NULL, None) for name in names]
    assert data == peer_pyasn1.encode(Message(1, community, pdu_type, REQUEST_ID_MAX, 0, repetitions, varbinds))


@given(st.sampled_from(peer_pyasn1.PDU_TYPES), communities, request_ids, varbind_lists)
def test_every_pdu_that_pyasn1_makes_is_read(
    pdu_type: int, community: bytes, request_id: int, varbinds: list[Varbind]
) -> None:
    sent = Message(1, community, pdu_type, request_id, 0, 0, varbinds)
    assert decode_message(peer_pyasn1.encode(sent)) == sent


STRICTER = (  # what we refuse and pyasn1 reads: our reason, and the rule behind it
    r"version",  # only 0 and 1 are messages of this shape; pyasn1 was told of no version
    r"indefinite length",  # RFC 3417 section 8 forbids it
    r"length of \d+ octets",  # a length has at most four octets
    r"integer of \d+ octets",  # an integer has one to nine octets (X.690 section 8.3.1); pyasn1 reads none as 0
    r"more than four octets of magnitude",  # an INTEGER of SNMP is 32 bits wide
    r"IpAddress of",  # an address has 4 octets, 16 or none
    r"tag 0x24 where 0x04|0x(24|6[045]) is no type",  # strings in pieces (constructed) are not for SNMP
)
LIBERAL = {"oid-empty", "oid-padded"}  # what we read with a note and pyasn1 refuses

LARGEST = dict.fromkeys((codec.COUNTER32, codec.GAUGE32, codec.TIMETICKS, codec.UINTEGER32), 2**32 - 1)
LARGEST[codec.COUNTER64] = 2**64 - 1


def masked(varbind: Varbind) -> Varbind:
    """Our rule for an unsigned value out of its range, which pyasn1 was told nothing of."""
    name, kind, value = varbind
    return (name, kind, value & LARGEST[kind]) if isinstance(value, int) and kind in LARGEST else varbind


def compare(data: bytes) -> None:
    """Hold the two verdicts on one datagram against each other."""
    theirs: Message | Exception
    ours: Message | DecodeError
    try:
        theirs = peer_pyasn1.decode(data)
        theirs.varbinds = [*map(masked, theirs.varbinds)]
    except (PyAsn1Error, IndexError, OidError) as error:  # it lets an IndexError through now and then
        theirs = error
    try:
        answer = decode_message(data)
    except DecodeError as error:
        ours = error
    else:
        if not isinstance(answer, Message):
            return  # a v1 trap, which the peer leaves out
        ours = answer
    if isinstance(ours, Message) and isinstance(theirs, Message):
        assert replace(ours, notes=()) == theirs
    elif isinstance(ours, Message):
        assert {note.rule for note in ours.notes} & LIBERAL, f"only ours reads it: {theirs}"
    elif isinstance(theirs, Message):
        assert any(re.search(rule, ours.reason) for rule in STRICTER), f"only pyasn1 reads it: {ours}"


answers = st.builds(
    lambda community, request_id, varbinds: encode_response(1, community, request_id, varbinds),
    communities,
    request_ids,
    varbind_lists,
)


@given(mutated(answers))
def test_mutated_answers_are_read_alike(data: bytes) -> None:
    compare(data)


@given(st.sampled_from((*peer_pyasn1.VALUES, 0x01, 0x03, 0x0A, 0x30, 0x48, 0x83)), st.binary(max_size=12))
def test_random_content_of_any_type_is_read_alike(kind: int, content: bytes) -> None:
    compare(message(varbind(tlv(kind, content))))


@given(st.binary(max_size=12))
def test_random_content_of_a_name_is_read_alike(content: bytes) -> None:
    compare(message(varbind(integer(1), name=content)))


@given(st.binary(max_size=40))
def test_random_octets_are_read_alike(data: bytes) -> None:
    compare(data)
    compare(message(data))
