"""The codec against pyasn1, an independent ASN.1 library, both ways.

The message of RFC 3416 is written down here in pyasn1's own types. Where the two differ on a mutated message, the
reason has to be one of our rules, named in STRICTER and LIBERAL below; anything else is a fault.
"""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import namedtype, tag, univ

import codec
from codec import (
    DecodeError,
    Message,
    RequestTemplate,
    Varbind,
    decode_message,
    encode_response,
    oid_arcs,
)
from codec.limits import REQUEST_ID_MAX

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


def application(base: Any, number: int) -> Any:
    return base.subtype(implicitTag=tag.Tag(tag.tagClassApplication, tag.tagFormatSimple, number))


def context(base: Any, number: int, form: int = tag.tagFormatSimple) -> Any:
    return base.subtype(implicitTag=tag.Tag(tag.tagClassContext, form, number))


VALUES: dict[int, tuple[str, Any]] = {
    codec.INTEGER: ("integer", univ.Integer()),
    codec.OCTET_STRING: ("string", univ.OctetString()),
    codec.NULL: ("null", univ.Null()),
    codec.OBJECT_IDENTIFIER: ("oid", univ.ObjectIdentifier()),
    codec.IP_ADDRESS: ("address", application(univ.OctetString(), 0)),
    codec.COUNTER32: ("counter32", application(univ.Integer(), 1)),
    codec.GAUGE32: ("gauge32", application(univ.Integer(), 2)),
    codec.TIMETICKS: ("ticks", application(univ.Integer(), 3)),
    codec.OPAQUE: ("opaque", application(univ.OctetString(), 4)),
    codec.NSAP: ("nsap", application(univ.OctetString(), 5)),
    codec.COUNTER64: ("counter64", application(univ.Integer(), 6)),
    codec.UINTEGER32: ("uinteger32", application(univ.Integer(), 7)),
    codec.NO_SUCH_OBJECT: ("no-such-object", context(univ.Null(), 0)),
    codec.NO_SUCH_INSTANCE: ("no-such-instance", context(univ.Null(), 1)),
    codec.END_OF_MIB_VIEW: ("end-of-mib-view", context(univ.Null(), 2)),
}
TAGS = {name: number for number, (name, _) in VALUES.items()}
LARGEST = dict.fromkeys((codec.COUNTER32, codec.GAUGE32, codec.TIMETICKS, codec.UINTEGER32), 2**32 - 1)
LARGEST[codec.COUNTER64] = 2**64 - 1


def fields(*named: tuple[str, Any]) -> Any:
    return namedtype.NamedTypes(*(namedtype.NamedType(*pair) for pair in named))


PDU_NUMBERS = (0, 1, 2, 3, 5, 6, 7, 8)  # 4 is the v1 trap, which has another shape
OBJECT_SYNTAX = univ.Choice(componentType=fields(*VALUES.values()))
VARBIND = univ.Sequence(componentType=fields(("name", univ.ObjectIdentifier()), ("value", OBJECT_SYNTAX)))
VARBIND_LIST = univ.SequenceOf(componentType=VARBIND)
NUMBERS = ("request-id", "error-status", "error-index")
PDU = univ.Sequence(
    componentType=fields(*((name, univ.Integer()) for name in NUMBERS), ("variable-bindings", VARBIND_LIST))
)
PDUS = univ.Choice(
    componentType=fields(*((f"pdu-{number}", context(PDU, number, tag.tagFormatConstructed)) for number in PDU_NUMBERS))
)
SNMP_MESSAGE = univ.Sequence(
    componentType=fields(("version", univ.Integer()), ("community", univ.OctetString()), ("data", PDUS))
)


def pyasn1_value(number: int, value: codec.Value) -> Any:
    name, schema = VALUES[number]
    syntax = OBJECT_SYNTAX.clone()
    if value is None:
        syntax[name] = schema.clone("")
    elif number == codec.OBJECT_IDENTIFIER:
        assert isinstance(value, bytes)
        syntax[name] = schema.clone(oid_arcs(value))
    else:
        syntax[name] = schema.clone(value)
    return syntax


def pyasn1_encoded(
    version: int, community: bytes, number: int, numbers: tuple[int, int, int], varbinds: list[Varbind]
) -> bytes:
    whole = SNMP_MESSAGE.clone()
    whole["version"] = version
    whole["community"] = community
    pdu = context(PDU, number, tag.tagFormatConstructed).clone()
    for name, value in zip(NUMBERS, numbers, strict=True):
        pdu[name] = value
    bindings = VARBIND_LIST.clone()
    bindings.clear()  # an empty list, where pyasn1 would otherwise see none at all
    for oid, kind, value in varbinds:
        binding = VARBIND.clone()
        binding["name"] = oid_arcs(oid)
        binding["value"] = pyasn1_value(kind, value)
        bindings.append(binding)
    pdu["variable-bindings"] = bindings
    whole["data"][f"pdu-{number}"] = pdu
    return bytes(encoder.encode(whole))


Decoded = tuple[int, bytes, int, int, int, int, list[tuple[tuple[int, ...], int, Any]]]


def pyasn1_decoded(data: bytes) -> Decoded:
    """What pyasn1 reads, made plain; raises PyAsn1Error."""
    whole, _ = decoder.decode(data, asn1Spec=SNMP_MESSAGE)
    pdu_name = whole["data"].getName()
    pdu = whole["data"][pdu_name]
    varbinds = []
    for binding in pdu["variable-bindings"]:
        name = binding["value"].getName()
        raw = binding["value"][name]
        kind = TAGS[name]
        value: Any
        if isinstance(raw, univ.Integer):
            value = int(raw)
            if kind in LARGEST and not 0 <= value <= LARGEST[kind]:
                value &= LARGEST[kind]  # our rule: masked, with a note
        elif isinstance(raw, univ.Null):
            value = None
        elif isinstance(raw, univ.ObjectIdentifier):
            value = tuple(raw)
        else:
            value = bytes(raw)
        varbinds.append((tuple(binding["name"]), kind, value))
    return (
        int(whole["version"]),
        bytes(whole["community"]),
        0xA0 | int(pdu_name.removeprefix("pdu-")),
        int(pdu["request-id"]),
        int(pdu["error-status"]),
        int(pdu["error-index"]),
        varbinds,
    )


def plain(answer: Message) -> Decoded:
    varbinds = [
        (
            oid_arcs(name),
            kind,
            oid_arcs(value) if kind == codec.OBJECT_IDENTIFIER and isinstance(value, bytes) else value,
        )
        for name, kind, value in answer.varbinds
    ]
    numbers = (answer.request_id, answer.error_status, answer.error_index)
    return (answer.version, answer.community, answer.pdu_type, *numbers, varbinds)


def is_padded_by_pyasn1(value: codec.Value) -> bool:
    """Whether pyasn1 writes one octet more than the shortest form: ff 80 for -128, and so on."""
    return value in (-(1 << 7), -(1 << 15), -(1 << 23), -(1 << 31))


@given(st.integers(0, 1), communities, request_ids, small_integers, small_integers, varbind_lists)
def test_answers_have_the_octets_that_pyasn1_makes_and_reads(
    version: int, community: bytes, request_id: int, status: int, index: int, varbinds: list[Varbind]
) -> None:
    data = encode_response(version, community, request_id, varbinds, error_status=status, error_index=index)
    if not any(map(is_padded_by_pyasn1, (request_id, status, index, *(value for _, _, value in varbinds)))):
        assert data == pyasn1_encoded(version, community, 2, (request_id, status, index), varbinds)
    answer = decode_message(data)
    assert isinstance(answer, Message)
    assert plain(answer) == pyasn1_decoded(data)


@given(communities, st.sampled_from((0, 1, 5)), st.lists(oids, max_size=6))
def test_requests_have_the_octets_that_pyasn1_makes(community: bytes, number: int, names: list[bytes]) -> None:
    repetitions = 25 if number == 5 else 0
    data = RequestTemplate(1, community, 0xA0 | number, names, max_repetitions=repetitions).encode(REQUEST_ID_MAX)
    varbinds: list[Varbind] = [(name, codec.NULL, None) for name in names]
    assert data == pyasn1_encoded(1, community, number, (REQUEST_ID_MAX, 0, repetitions), varbinds)


@given(st.sampled_from(PDU_NUMBERS), communities, request_ids, varbind_lists)
def test_every_pdu_that_pyasn1_makes_is_read(
    number: int, community: bytes, request_id: int, varbinds: list[Varbind]
) -> None:
    data = pyasn1_encoded(1, community, number, (request_id, 0, 0), varbinds)
    assert decode_message(data) == Message(1, community, 0xA0 | number, request_id, 0, 0, varbinds)


STRICTER = {  # what we refuse and pyasn1 reads: our reason, and the rule behind it
    r"version": "only 0 and 1 are messages of this shape; pyasn1 was told of no version",
    r"indefinite length": "RFC 3417 section 8 forbids it",
    r"length of \d+ octets": "a length has at most four octets",
    r"integer of \d+ octets": "an integer has one to nine octets (X.690 section 8.3.1); pyasn1 reads none as 0",
    r"more than four octets of magnitude": "an INTEGER of SNMP is 32 bits wide",
    r"a sub-identifier is over": "a sub-identifier is at most 2^32-1 (RFC 2578 section 3.5)",
    r"more than 128 sub-identifiers": "RFC 2578 section 3.5",
    r"IpAddress of": "an address has 4 octets, 16 or none",
    r"tag 0x24 where 0x04|0x(24|6[045]) is no type": "strings in pieces (constructed) are not for SNMP",
}
LIBERAL = {"oid-empty", "oid-padded"}  # what we read with a note and pyasn1 refuses


def compare(data: bytes) -> None:
    """Hold the two verdicts on one datagram against each other."""
    theirs: Decoded | Exception
    ours: Message | DecodeError
    try:
        theirs = pyasn1_decoded(data)
    except (PyAsn1Error, IndexError) as error:  # pyasn1 lets an IndexError through now and then
        theirs = error
    try:
        answer = decode_message(data)
    except DecodeError as error:
        ours = error
    else:
        if not isinstance(answer, Message):
            return  # a v1 trap, which the schema above leaves out
        ours = answer
    if isinstance(ours, Message) and not isinstance(theirs, Exception):
        assert plain(ours) == theirs
    elif isinstance(ours, Message):
        assert {note.rule for note in ours.notes} & LIBERAL, f"only ours reads it: {theirs}"
    elif not isinstance(theirs, Exception):
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


@given(st.sampled_from((*VALUES, 0x01, 0x03, 0x0A, 0x30, 0x48, 0x83)), st.binary(max_size=12))
def test_random_content_of_any_type_is_read_alike(kind: int, content: bytes) -> None:
    compare(message(varbind(tlv(kind, content))))


@given(st.binary(max_size=12))
def test_random_content_of_a_name_is_read_alike(content: bytes) -> None:
    compare(message(varbind(integer(1), name=content)))


@given(st.binary(max_size=40))
def test_random_octets_are_read_alike(data: bytes) -> None:
    compare(data)
    compare(message(data))
