"""SNMP messages by pyasn1: the message of RFC 3416 written down in its types, to and from our Message."""

from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import namedtype, tag, univ

import codec
from codec import Message, Value, oid_arcs, oid_from_arcs


def _application(base: Any, number: int) -> Any:
    return base.subtype(implicitTag=tag.Tag(tag.tagClassApplication, tag.tagFormatSimple, number))


def _context(base: Any, number: int, form: int = tag.tagFormatSimple) -> Any:
    return base.subtype(implicitTag=tag.Tag(tag.tagClassContext, form, number))


def _fields(*named: tuple[str, Any]) -> Any:
    return namedtype.NamedTypes(*(namedtype.NamedType(*pair) for pair in named))


VALUES: dict[int, tuple[str, Any]] = {
    codec.INTEGER: ("integer", univ.Integer()),
    codec.OCTET_STRING: ("string", univ.OctetString()),
    codec.NULL: ("null", univ.Null()),
    codec.OBJECT_IDENTIFIER: ("oid", univ.ObjectIdentifier()),
    codec.IP_ADDRESS: ("address", _application(univ.OctetString(), 0)),
    codec.COUNTER32: ("counter32", _application(univ.Integer(), 1)),
    codec.GAUGE32: ("gauge32", _application(univ.Integer(), 2)),
    codec.TIMETICKS: ("ticks", _application(univ.Integer(), 3)),
    codec.OPAQUE: ("opaque", _application(univ.OctetString(), 4)),
    codec.NSAP: ("nsap", _application(univ.OctetString(), 5)),
    codec.COUNTER64: ("counter64", _application(univ.Integer(), 6)),
    codec.UINTEGER32: ("uinteger32", _application(univ.Integer(), 7)),
    codec.NO_SUCH_OBJECT: ("no-such-object", _context(univ.Null(), 0)),
    codec.NO_SUCH_INSTANCE: ("no-such-instance", _context(univ.Null(), 1)),
    codec.END_OF_MIB_VIEW: ("end-of-mib-view", _context(univ.Null(), 2)),
}
_TAGS = {name: number for number, (name, _) in VALUES.items()}

OBJECT_SYNTAX = univ.Choice(componentType=_fields(*VALUES.values()))
VARBIND = univ.Sequence(componentType=_fields(("name", univ.ObjectIdentifier()), ("value", OBJECT_SYNTAX)))
VARBIND_LIST = univ.SequenceOf(componentType=VARBIND)
PDU = univ.Sequence(
    componentType=_fields(
        ("request-id", univ.Integer()),
        ("error-status", univ.Integer()),
        ("error-index", univ.Integer()),
        ("variable-bindings", VARBIND_LIST),
    )
)
PDU_TYPES = (0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA6, 0xA7, 0xA8)  # a4 is the v1 trap, which has another shape
PDUS = {f"pdu-{kind:x}": _context(PDU, kind & 0x1F, tag.tagFormatConstructed) for kind in PDU_TYPES}
MESSAGE = univ.Sequence(
    componentType=_fields(
        ("version", univ.Integer()),
        ("community", univ.OctetString()),
        ("data", univ.Choice(componentType=_fields(*PDUS.items()))),
    )
)


def encode(message: Message) -> bytes:
    """The octets that pyasn1 makes of a message."""
    bindings = VARBIND_LIST.clone()
    bindings.clear()  # an empty list, where pyasn1 would otherwise see none at all
    for name, kind, value in message.varbinds:
        binding = VARBIND.clone()
        binding["name"] = oid_arcs(name)
        binding["value"] = _syntax(kind, value)
        bindings.append(binding)
    pdu_name = f"pdu-{message.pdu_type:x}"
    pdu = PDUS[pdu_name].clone()
    pdu["request-id"] = message.request_id
    pdu["error-status"] = message.error_status
    pdu["error-index"] = message.error_index
    pdu["variable-bindings"] = bindings
    whole = MESSAGE.clone()
    whole["version"] = message.version
    whole["community"] = message.community
    whole["data"][pdu_name] = pdu
    return bytes(encoder.encode(whole))


def _syntax(kind: int, value: Value) -> Any:
    name, schema = VALUES[kind]
    syntax = OBJECT_SYNTAX.clone()
    if value is None:
        syntax[name] = schema.clone("")
    elif kind == codec.OBJECT_IDENTIFIER and isinstance(value, bytes):
        syntax[name] = schema.clone(oid_arcs(value))
    else:
        syntax[name] = schema.clone(value)
    return syntax


def decode(data: bytes) -> Message:
    """What pyasn1 reads; raises PyAsn1Error (or now and then an IndexError, or OidError for an arc over our limit)."""
    whole, _ = decoder.decode(data, asn1Spec=MESSAGE)
    pdu_name = whole["data"].getName()
    pdu = whole["data"][pdu_name]
    varbinds = []
    for binding in pdu["variable-bindings"]:
        value_name = binding["value"].getName()
        value = _value(binding["value"][value_name])
        varbinds.append((oid_from_arcs(binding["name"]), _TAGS[value_name], value))
    return Message(
        int(whole["version"]),
        bytes(whole["community"]),
        int(pdu_name.removeprefix("pdu-"), 16),
        int(pdu["request-id"]),
        int(pdu["error-status"]),
        int(pdu["error-index"]),
        varbinds,
    )


def _value(raw: Any) -> Value:
    if isinstance(raw, univ.Integer):
        return int(raw)
    if isinstance(raw, univ.Null):
        return None
    if isinstance(raw, univ.ObjectIdentifier):
        return oid_from_arcs(raw)
    return bytes(raw)
