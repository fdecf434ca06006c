"""The codec against x690 and puresnmp, a second independent SNMP stack, both ways.

x690 does not hold the lengths within a message against their containers, reads what it does not know as octets and
raises what Python raises, so that a mutated message may be read by it alone; and puresnmp raises the peer's
error-status. What both read has to be the same.
"""

import ipaddress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from puresnmp import types as smi
from puresnmp.pdu import (
    BulkGetRequest,
    EndOfMibView,
    GetNextRequest,
    GetRequest,
    GetResponse,
    NoSuchInstance,
    NoSuchObject,
    PDUContent,
)
from puresnmp.varbind import VarBind
from x690 import decode
from x690.types import Integer, Null, ObjectIdentifier, OctetString, Sequence, UnknownType

import codec
from codec import DecodeError, Message, RequestTemplate, Varbind, decode_message, encode_response, format_oid
from codec.limits import REQUEST_ID_MAX

from .messages import communities, mutated, oids, request_ids, varbind_lists

KINDS: dict[int, Any] = {
    codec.INTEGER: Integer,
    codec.OCTET_STRING: OctetString,
    codec.NULL: Null,
    codec.OBJECT_IDENTIFIER: ObjectIdentifier,
    codec.IP_ADDRESS: smi.IpAddress,
    codec.COUNTER32: smi.Counter,
    codec.GAUGE32: smi.Gauge,
    codec.TIMETICKS: smi.TimeTicks,
    codec.OPAQUE: smi.Opaque,
    codec.COUNTER64: smi.Counter64,
    codec.NO_SUCH_OBJECT: NoSuchObject,
    codec.NO_SUCH_INSTANCE: NoSuchInstance,
    codec.END_OF_MIB_VIEW: EndOfMibView,
}
TAGS = {kind: number for number, kind in KINDS.items()}
UNKNOWN = (codec.NSAP, codec.UINTEGER32)  # puresnmp takes an NSAP for a number and has no UInteger32


def is_known(varbind: Varbind) -> bool:
    """Whether x690 can say this varbind: it has no 2.40 and above (it takes that for 3.0)."""
    name, number, value = varbind
    if number == codec.OBJECT_IDENTIFIER and (not isinstance(value, bytes) or value[0] >= 120):
        return False
    return number not in UNKNOWN and name[0] < 120


known_varbinds = varbind_lists.map(lambda varbinds: [*filter(is_known, varbinds)])
known_oids = oids.filter(lambda oid: oid[0] < 120)


def x690_value(number: int, value: codec.Value) -> Any:
    if value is None:
        return Null() if number == codec.NULL else KINDS[number](b"")  # puresnmp only reads the exceptions
    if number == codec.OBJECT_IDENTIFIER:
        assert isinstance(value, bytes)
        return ObjectIdentifier(format_oid(value))
    if number == codec.IP_ADDRESS:
        assert isinstance(value, bytes)
        return smi.IpAddress(ipaddress.IPv4Address(value))
    return KINDS[number](value)


def x690_message(community: bytes, pdu: Any) -> bytes:
    return bytes(Sequence([Integer(1), OctetString(community), pdu]))


Decoded = tuple[int, bytes, int, list[tuple[str, int, Any]]]


def x690_decoded(data: bytes) -> Decoded:
    """What x690 and puresnmp read, made plain; raises whatever they raise."""
    whole, _ = decode(data, enforce_type=Sequence)
    version, community, pdu = whole
    content = pdu.value
    varbinds = []
    for binding in content.varbinds:
        if isinstance(binding.value, UnknownType):
            raise ValueError("no type of SNMP")
        number = TAGS[type(binding.value)]
        value = binding.value.value
        if number == codec.IP_ADDRESS:
            value = value.packed
        elif number == codec.OBJECT_IDENTIFIER:
            value = str(value)
        varbinds.append((str(binding.oid.value), number, value))
    return version.value, community.value, content.request_id, varbinds


def plain(answer: Message) -> Decoded:
    varbinds = [
        (
            format_oid(name),
            number,
            format_oid(value) if number == codec.OBJECT_IDENTIFIER and isinstance(value, bytes) else value,
        )
        for name, number, value in answer.varbinds
    ]
    return answer.version, answer.community, answer.request_id, varbinds


@given(communities, request_ids, known_varbinds)
def test_answers_that_are_made_here_are_read_there(community: bytes, request_id: int, varbinds: list[Varbind]) -> None:
    data = encode_response(1, community, request_id, varbinds)
    assert x690_decoded(data) == plain(Message(1, community, 0xA2, request_id, 0, 0, varbinds))


@given(communities, request_ids, known_varbinds)
def test_answers_that_are_made_there_are_read_here(community: bytes, request_id: int, varbinds: list[Varbind]) -> None:
    bindings = [
        VarBind(ObjectIdentifier(format_oid(name)), x690_value(number, value)) for name, number, value in varbinds
    ]
    data = x690_message(community, GetResponse(PDUContent(request_id, bindings)))
    assert decode_message(data) == Message(1, community, 0xA2, request_id, 0, 0, varbinds)


@given(communities, st.sampled_from((GetRequest, GetNextRequest)), st.lists(known_oids, max_size=6))
def test_requests_say_what_those_of_puresnmp_say(community: bytes, kind: Any, names: list[bytes]) -> None:
    ours = RequestTemplate(1, community, 0xA0 | kind.TAG, names).encode(REQUEST_ID_MAX)
    bindings = [VarBind(ObjectIdentifier(format_oid(name)), Null()) for name in names]
    theirs = x690_message(community, kind(PDUContent(REQUEST_ID_MAX, bindings)))
    assert decode_message(ours) == decode_message(theirs)  # x690 writes a length of 127 in the long form


@given(st.integers(0, 10), st.integers(0, 50), st.lists(known_oids, max_size=6))
def test_a_get_bulk_says_what_that_of_puresnmp_says(
    non_repeaters: int, max_repetitions: int, names: list[bytes]
) -> None:
    ours = RequestTemplate(
        1, b"public", 0xA5, names, non_repeaters=non_repeaters, max_repetitions=max_repetitions
    ).encode(REQUEST_ID_MAX)
    theirs = BulkGetRequest(
        REQUEST_ID_MAX, non_repeaters, max_repetitions, *(ObjectIdentifier(format_oid(name)) for name in names)
    )
    assert decode_message(ours) == decode_message(x690_message(b"public", theirs))


@given(mutated(st.builds(lambda rows: encode_response(1, b"public", 1, rows), known_varbinds)))
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
        theirs = x690_decoded(data)
    except Exception:
        return
    assert plain(answer) == theirs
