"""SNMP bytes, both ways (v1 and v2c). Standard library only.

I/O: none.
"""

from codec import limits
from codec.decoder import Decoder
from codec.errors import CodecError, DecodeError, EncodeError, OidError
from codec.limits import REQUEST_ID_MAX, REQUEST_ID_MIN
from codec.message import Message, TrapV1, decode_message, encode_response
from codec.oid import Oid, format_oid, oid_arcs, oid_from_arcs, oid_key, oid_precedes, parse_oid
from codec.opaque import unwrap_opaque
from codec.peek import peek_request_id
from codec.tags import (
    COUNTER32,
    COUNTER64,
    END_OF_MIB_VIEW,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    NSAP,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    OPAQUE_COUNTER64,
    OPAQUE_DOUBLE,
    OPAQUE_FLOAT,
    OPAQUE_INTEGER64,
    OPAQUE_UNSIGNED64,
    TIMETICKS,
    UINTEGER32,
    V1,
    V2C,
    ErrorStatus,
    PduType,
)
from codec.template import RequestTemplate
from codec.varbinds import Note, Value, Varbind

__all__ = [
    "COUNTER32",
    "COUNTER64",
    "END_OF_MIB_VIEW",
    "GAUGE32",
    "INTEGER",
    "IP_ADDRESS",
    "NO_SUCH_INSTANCE",
    "NO_SUCH_OBJECT",
    "NSAP",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "OPAQUE",
    "OPAQUE_COUNTER64",
    "OPAQUE_DOUBLE",
    "OPAQUE_FLOAT",
    "OPAQUE_INTEGER64",
    "OPAQUE_UNSIGNED64",
    "REQUEST_ID_MAX",
    "REQUEST_ID_MIN",
    "TIMETICKS",
    "UINTEGER32",
    "V1",
    "V2C",
    "CodecError",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "ErrorStatus",
    "Message",
    "Note",
    "Oid",
    "OidError",
    "PduType",
    "RequestTemplate",
    "TrapV1",
    "Value",
    "Varbind",
    "decode_message",
    "encode_response",
    "format_oid",
    "limits",
    "oid_arcs",
    "oid_from_arcs",
    "oid_key",
    "oid_precedes",
    "parse_oid",
    "peek_request_id",
    "unwrap_opaque",
]
