"""asn1crypto with the types of RFC 3416; see codec_turn.py."""

from typing import ClassVar

from asn1crypto import core


class _Value(core.Choice):
    _alternatives: ClassVar = [
        ("integer", core.Integer),
        ("string", core.OctetString),
        ("null", core.Null),
        ("oid", core.ObjectIdentifier),
        ("address", core.OctetString, {"implicit": ("application", 0)}),
        ("counter", core.Integer, {"implicit": ("application", 1)}),
        ("gauge", core.Integer, {"implicit": ("application", 2)}),
        ("ticks", core.Integer, {"implicit": ("application", 3)}),
        ("opaque", core.OctetString, {"implicit": ("application", 4)}),
        ("counter64", core.Integer, {"implicit": ("application", 6)}),
        ("no_object", core.Null, {"implicit": 0}),
        ("no_instance", core.Null, {"implicit": 1}),
        ("end", core.Null, {"implicit": 2}),
    ]


class _VarBind(core.Sequence):
    _fields: ClassVar = [("name", core.ObjectIdentifier), ("value", _Value)]


class _VarBinds(core.SequenceOf):
    _child_spec = _VarBind


class _Pdu(core.Sequence):
    _fields: ClassVar = [
        ("request_id", core.Integer),
        ("status", core.Integer),
        ("index", core.Integer),
        ("varbinds", _VarBinds),
    ]


class _Pdus(core.Choice):
    _alternatives: ClassVar = [("get", _Pdu, {"implicit": 0}), ("response", _Pdu, {"implicit": 2})]


class _Message(core.Sequence):
    _fields: ClassVar = [("version", core.Integer), ("community", core.OctetString), ("data", _Pdus)]


def prepare(community, names):
    varbinds = [{"name": name, "value": _Value("null", core.Null())} for name in names]
    pdu = _Pdu({"request_id": 0, "status": 0, "index": 0, "varbinds": varbinds})

    def encode(request_id):
        pdu["request_id"] = request_id
        message = _Message({"version": 1, "community": community.encode(), "data": _Pdus("get", pdu)})
        return message.dump(force=True)

    return encode


def decode(data):
    pdu = _Message.load(data)["data"].chosen
    varbinds = [(varbind["name"].dotted, varbind["value"].chosen.native) for varbind in pdu["varbinds"]]
    return pdu["request_id"].native, varbinds


def dotted(name):
    return name
