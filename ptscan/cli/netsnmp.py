"""Varbinds as ``snmpget -On`` prints them where no MIB is loaded: what people and their scripts already read.

The rules are net-snmp's, learned by holding its printed lines against the octets of the answer (tests/cli compares):
text that is all printable or white space in ASCII is a STRING in quotes, anything else a Hex-STRING in rows of 16.
"""

from typing import Final

from codec import (
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
    DecodeError,
    Value,
    Varbind,
    format_oid,
    unwrap_opaque,
)

TYPE_NAMES: Final = {
    INTEGER: "INTEGER",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    IP_ADDRESS: "IpAddress",
    COUNTER32: "Counter32",
    GAUGE32: "Gauge32",
    TIMETICKS: "TimeTicks",
    OPAQUE: "Opaque",
    NSAP: "NsapAddress",
    COUNTER64: "Counter64",
    UINTEGER32: "UInteger32",
    NO_SUCH_OBJECT: "noSuchObject",
    NO_SUCH_INSTANCE: "noSuchInstance",
    END_OF_MIB_VIEW: "endOfMibView",
}

_EXCEPTIONS: Final = {
    NO_SUCH_OBJECT: "No Such Object available on this agent at this OID",
    NO_SUCH_INSTANCE: "No Such Instance currently exists at this OID",
    END_OF_MIB_VIEW: "No more variables left in this MIB View (It is past the end of the MIB tree)",
    NULL: "NULL",
}
_NUMBER_PREFIXES: Final = {
    INTEGER: "INTEGER: ",
    COUNTER32: "Counter32: ",
    GAUGE32: "Gauge32: ",
    COUNTER64: "Counter64: ",
    UINTEGER32: "",
}

# C's isprint() and isspace() in the C locale.
_TEXT_OCTETS: Final = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\v\f\r")
_HEX_ROW: Final = 16

# Of the types that net-snmp wraps in an Opaque, those that it prints as what they are.
_OPAQUE_NAMES: Final = {
    OPAQUE_FLOAT: "Float",
    OPAQUE_DOUBLE: "Float",
    OPAQUE_COUNTER64: "Counter64",
    OPAQUE_INTEGER64: "Int64",
    OPAQUE_UNSIGNED64: "UInt64",
}


def format_varbind(varbind: Varbind) -> str:
    """Return ``.OID = TYPE: value``, without the end of the line; a long Hex-STRING takes several lines."""
    name, tag, value = varbind
    return f".{format_oid(name)} = {_format_value(tag, value)}"


def _format_value(tag: int, value: Value) -> str:
    if isinstance(value, int):
        if tag == TIMETICKS:
            return f"Timeticks: ({value}) {_uptime(value)}"
        return f"{_NUMBER_PREFIXES[tag]}{value}"
    if value is None:
        return _EXCEPTIONS[tag]
    if tag == OBJECT_IDENTIFIER:
        return f"OID: .{format_oid(value)}"
    if tag == IP_ADDRESS and len(value) == 4:
        return "IpAddress: " + ".".join(map(str, value))
    if tag == OPAQUE:
        return _opaque(value)
    if tag == OCTET_STRING:
        return _octets(value)
    return f"{TYPE_NAMES[tag]}: {_hex(value)}"


def _uptime(ticks: int) -> str:
    seconds, hundredths = divmod(ticks, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    count = "" if not days else "1 day, " if days == 1 else f"{days} days, "
    return f"{count}{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"


def _octets(value: bytes) -> str:
    if not value:
        return '""'
    if _TEXT_OCTETS.issuperset(value):
        text = value.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
        return f'STRING: "{text}"'
    return f"Hex-STRING: {_hex(value)}"


def _hex(value: bytes) -> str:
    rows = (value[start : start + _HEX_ROW] for start in range(0, len(value), _HEX_ROW))
    return "\n".join(row.hex(" ").upper() + " " for row in rows)


def _opaque(content: bytes) -> str:
    try:
        tag, value = unwrap_opaque(content)
    except DecodeError:
        tag, value = OPAQUE, content
    if tag not in _OPAQUE_NAMES:
        return f"OPAQUE: {_hex(content)}"
    number = f"{value:f}" if isinstance(value, float) else str(value)
    return f"Opaque: {_OPAQUE_NAMES[tag]}: {number}"
