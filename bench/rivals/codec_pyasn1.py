"""pyasn1 with the types of RFC 3416; see codec_turn.py."""

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import namedtype, tag, univ


def _tagged(base, tag_class, number, form=tag.tagFormatSimple):
    return base.subtype(implicitTag=tag.Tag(tag_class, form, number))


def _fields(**named):
    return namedtype.NamedTypes(*(namedtype.NamedType(name, kind) for name, kind in named.items()))


_APPLICATION, _CONTEXT = tag.tagClassApplication, tag.tagClassContext
_VALUE = univ.Choice(
    componentType=_fields(
        integer=univ.Integer(),
        string=univ.OctetString(),
        null=univ.Null(),
        oid=univ.ObjectIdentifier(),
        address=_tagged(univ.OctetString(), _APPLICATION, 0),
        counter=_tagged(univ.Integer(), _APPLICATION, 1),
        gauge=_tagged(univ.Integer(), _APPLICATION, 2),
        ticks=_tagged(univ.Integer(), _APPLICATION, 3),
        opaque=_tagged(univ.OctetString(), _APPLICATION, 4),
        counter64=_tagged(univ.Integer(), _APPLICATION, 6),
        no_object=_tagged(univ.Null(), _CONTEXT, 0),
        no_instance=_tagged(univ.Null(), _CONTEXT, 1),
        end=_tagged(univ.Null(), _CONTEXT, 2),
    )
)
_VARBIND = univ.Sequence(componentType=_fields(name=univ.ObjectIdentifier(), value=_VALUE))
_LIST = univ.SequenceOf(componentType=_VARBIND)
_PDU = univ.Sequence(
    componentType=_fields(request_id=univ.Integer(), status=univ.Integer(), index=univ.Integer(), varbinds=_LIST)
)
_PDUS = _fields(
    get=_tagged(_PDU, _CONTEXT, 0, tag.tagFormatConstructed),
    response=_tagged(_PDU, _CONTEXT, 2, tag.tagFormatConstructed),
)
_MESSAGE = univ.Sequence(
    componentType=_fields(version=univ.Integer(), community=univ.OctetString(), data=univ.Choice(componentType=_PDUS))
)


def prepare(community, names):
    message = _MESSAGE.clone()
    message["version"] = 1
    message["community"] = community
    pdu = message["data"]["get"]
    pdu["status"] = pdu["index"] = 0
    for place, name in enumerate(names):
        pdu["varbinds"][place]["name"] = name
        pdu["varbinds"][place]["value"]["null"] = ""

    def encode(request_id):
        pdu["request_id"] = request_id
        return encoder.encode(message)

    return encode


def decode(data):
    message, _ = decoder.decode(data, asn1Spec=_MESSAGE)
    pdu = message["data"]["response"]
    varbinds = []
    for varbind in pdu["varbinds"]:
        value = varbind["value"].getComponent()
        varbinds.append((varbind["name"], int(value) if isinstance(value, univ.Integer) else bytes(value)))
    return int(pdu["request_id"]), varbinds


def dotted(name):
    return str(name)
