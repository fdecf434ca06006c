"""SNMP bytes, both ways. Standard library only, but for the ciphers of SNMPv3 in ``privacy``.

I/O: none.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from codec import limits
from codec.decoder import Decoder
from codec.errors import CodecError, DecodeError, EncodeError, Fault, OidError, SecurityError, UsmError
from codec.limits import REQUEST_ID_MAX, REQUEST_ID_MIN
from codec.message import Message, ScopedPdu, TrapV1, decode_message, decode_scoped, encode_response
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
    V3,
    ErrorStatus,
    PduType,
)
from codec.template import RequestTemplate
from codec.varbinds import Note, Value, Varbind

if TYPE_CHECKING:
    from codec.context import Context
    from codec.discovery import DISCOVERY_ID_OFFSET, EngineReport, decode_discovery, discovery_request
    from codec.engine_id import engine_enterprise, engine_mac
    from codec.message_v3 import AUTH, PRIV, REPORTABLE, SecureMessage, decode_secure, encode_scoped
    from codec.reports import Report, report_of
    from codec.security import Opened, Security
    from codec.usm import (
        AUTH_PROTOCOLS,
        PRIV_PROTOCOLS,
        AuthProtocol,
        PrivProtocol,
        check_engine_id,
        extends_slowly,
        localised_key,
        master_key,
        privacy_key,
    )

__all__ = [
    "AUTH",
    "AUTH_PROTOCOLS",
    "COUNTER32",
    "COUNTER64",
    "DISCOVERY_ID_OFFSET",
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
    "PRIV",
    "PRIV_PROTOCOLS",
    "REPORTABLE",
    "REQUEST_ID_MAX",
    "REQUEST_ID_MIN",
    "TIMETICKS",
    "UINTEGER32",
    "V1",
    "V2C",
    "V3",
    "AuthProtocol",
    "CodecError",
    "Context",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "EngineReport",
    "ErrorStatus",
    "Fault",
    "Message",
    "Note",
    "Oid",
    "OidError",
    "Opened",
    "PduType",
    "PrivProtocol",
    "Report",
    "RequestTemplate",
    "ScopedPdu",
    "SecureMessage",
    "Security",
    "SecurityError",
    "TrapV1",
    "UsmError",
    "Value",
    "Varbind",
    "check_engine_id",
    "decode_discovery",
    "decode_message",
    "decode_scoped",
    "decode_secure",
    "discovery_request",
    "encode_response",
    "encode_scoped",
    "engine_enterprise",
    "engine_mac",
    "extends_slowly",
    "format_oid",
    "limits",
    "localised_key",
    "master_key",
    "oid_arcs",
    "oid_from_arcs",
    "oid_key",
    "oid_precedes",
    "parse_oid",
    "peek_request_id",
    "privacy_key",
    "report_of",
    "unwrap_opaque",
]

# Loaded when they are asked for (PEP 562): a sweep in v2c does without SNMPv3, and its start is not to wait.
_LATER = {
    "AUTH": "message_v3",
    "AUTH_PROTOCOLS": "usm",
    "DISCOVERY_ID_OFFSET": "discovery",
    "PRIV": "message_v3",
    "PRIV_PROTOCOLS": "usm",
    "REPORTABLE": "message_v3",
    "AuthProtocol": "usm",
    "Context": "context",
    "EngineReport": "discovery",
    "Opened": "security",
    "PrivProtocol": "usm",
    "Report": "reports",
    "SecureMessage": "message_v3",
    "Security": "security",
    "check_engine_id": "usm",
    "decode_discovery": "discovery",
    "decode_secure": "message_v3",
    "discovery_request": "discovery",
    "encode_scoped": "message_v3",
    "engine_enterprise": "engine_id",
    "engine_mac": "engine_id",
    "extends_slowly": "usm",
    "localised_key": "usm",
    "master_key": "usm",
    "privacy_key": "usm",
    "report_of": "reports",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
