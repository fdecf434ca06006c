"""pysnmp's codec: its messages by pyasn1's BER; see codec_turn.py."""

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto import api

_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]


def prepare(community, names):
    pdu = _V2C.GetRequestPDU()
    _V2C.apiPDU.set_defaults(pdu)
    _V2C.apiPDU.set_varbinds(pdu, [(name, _V2C.Null("")) for name in names])
    message = _V2C.Message()
    _V2C.apiMessage.set_defaults(message)
    _V2C.apiMessage.set_community(message, community)
    _V2C.apiMessage.set_pdu(message, pdu)

    def encode(request_id):
        _V2C.apiPDU.set_request_id(pdu, request_id)
        return encoder.encode(message)

    return encode


def decode(data):
    message, _ = decoder.decode(data, asn1Spec=_V2C.Message())
    pdu = _V2C.apiMessage.get_pdu(message)
    varbinds = []
    for name, value in _V2C.apiPDU.get_varbinds(pdu):
        varbinds.append((name, int(value) if isinstance(value, univ.Integer) else bytes(value)))
    return int(_V2C.apiPDU.get_request_id(pdu)), varbinds


def dotted(name):
    return str(name)
