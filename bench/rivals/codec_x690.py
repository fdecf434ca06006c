"""x690 with the types of puresnmp; see codec_turn.py."""

import x690
from puresnmp.pdu import GetRequest, PDUContent
from puresnmp.varbind import VarBind
from x690.types import Integer, Null, ObjectIdentifier, OctetString, Sequence


def prepare(community, names):
    varbinds = [VarBind(ObjectIdentifier(name), Null()) for name in names]
    head = [Integer(1), OctetString(community.encode())]
    return lambda request_id: bytes(Sequence([*head, GetRequest(PDUContent(request_id, varbinds))]))


def decode(data):
    _, _, pdu = x690.decode(data, enforce_type=Sequence)[0]
    content = pdu.value
    # Read lazily: the values are there once they are asked for.
    return content.request_id, [(varbind.oid.value, varbind.value.value) for varbind in content.varbinds]


def dotted(name):
    return name
