"""SNMP messages by x690 and puresnmp, to and from our Message."""

from ipaddress import IPv4Address
from typing import Any

import x690
from puresnmp import pdu as pdus
from puresnmp import types as smi
from puresnmp.varbind import VarBind
from x690.types import Integer, Null, ObjectIdentifier, OctetString, Sequence

import codec
from codec import Message, PduType, Value, format_oid, parse_oid

VALUES: dict[int, Any] = {
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
    codec.NO_SUCH_OBJECT: pdus.NoSuchObject,
    codec.NO_SUCH_INSTANCE: pdus.NoSuchInstance,
    codec.END_OF_MIB_VIEW: pdus.EndOfMibView,
}
"""Without NSAP, which puresnmp takes for a number, and UInteger32, which it has not."""

_TAGS = {kind: number for number, kind in VALUES.items()}
_PDUS = {PduType.GET: pdus.GetRequest, PduType.GET_NEXT: pdus.GetNextRequest, PduType.RESPONSE: pdus.GetResponse}


def encode(message: Message) -> bytes:
    """The octets that x690 makes of a GET, GET_NEXT, GET_BULK or RESPONSE."""
    pdu: Any
    if message.pdu_type == PduType.GET_BULK:
        names = (ObjectIdentifier(format_oid(name)) for name, _, _ in message.varbinds)
        pdu = pdus.BulkGetRequest(message.request_id, message.error_status, message.error_index, *names)
    else:
        bindings = [
            VarBind(ObjectIdentifier(format_oid(name)), _typed(kind, value)) for name, kind, value in message.varbinds
        ]
        content = pdus.PDUContent(message.request_id, bindings, message.error_status, message.error_index)
        pdu = _PDUS[PduType(message.pdu_type)](content)
    return bytes(Sequence([Integer(message.version), OctetString(message.community), pdu]))


def _typed(kind: int, value: Value) -> Any:
    if value is None:
        return Null() if kind == codec.NULL else VALUES[kind](b"")  # puresnmp only reads the exceptions
    if isinstance(value, bytes):
        if kind == codec.OBJECT_IDENTIFIER:
            return ObjectIdentifier(format_oid(value))
        if kind == codec.IP_ADDRESS:
            return smi.IpAddress(IPv4Address(value))
    return VALUES[kind](value)


def decode(data: bytes) -> Message:
    """What x690 and puresnmp read; raises whatever they raise, an error-status among it."""
    version, community, pdu = x690.decode(data, enforce_type=Sequence)[0]
    content = pdu.value
    varbinds = []
    for binding in content.varbinds:
        kind = _TAGS[type(binding.value)]
        value = binding.value.value
        if kind == codec.OBJECT_IDENTIFIER:
            value = parse_oid(value)
        elif kind == codec.IP_ADDRESS:
            value = value.packed
        varbinds.append((parse_oid(binding.oid.value), kind, value))
    pdu_type = PduType.GET | pdu.TAG
    return Message(
        version.value,
        community.value,
        pdu_type,
        content.request_id,
        content.error_status,
        content.error_index,
        varbinds,
    )
