"""The codec of the package snmp; see codec_turn.py."""

from snmp.message import Message, ProtocolVersion
from snmp.pdu import GetRequestPDU, ResponsePDU
from snmp.smi import OctetString

_TYPES = {ResponsePDU.TAG: ResponsePDU}


def prepare(community, names):
    pdu = GetRequestPDU(*names)
    return lambda request_id: Message(
        ProtocolVersion.SNMPv2c, community.encode(), pdu.withRequestID(request_id)
    ).encode()


def decode(data):
    pdu = Message.decodeExact(data, types=_TYPES).pdu
    varbinds = []
    for varbind in pdu.variableBindings:
        value = varbind.value
        varbinds.append((varbind.name, value.data if isinstance(value, OctetString) else value.value))
    return pdu.requestID, varbinds


def dotted(name):
    return str(name)
