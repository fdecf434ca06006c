"""snmpkit, a codec in Rust; see codec_turn.py."""

from snmpkit.core import Oid, Value, decode_snmp_response, encode_snmp_get_v2c

_READ = dict.fromkeys((Value.Integer, Value.Counter32, Value.Gauge32, Value.TimeTicks, Value.Counter64), int)


def prepare(community, names):
    oids = [Oid(name) for name in names]
    return lambda request_id: encode_snmp_get_v2c(community, request_id, oids)


def decode(data):
    response = decode_snmp_response(data)
    varbinds = []
    for varbind in response.varbinds:
        value = varbind.value
        varbinds.append((varbind.oid, _READ.get(type(value), bytes)(value)))
    return response.request_id, varbinds


def dotted(name):
    return str(name)
