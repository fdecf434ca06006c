"""The tags, PDU types, versions and error-status codes of SNMP (RFC 1157, RFC 2578, RFC 3416)."""

from enum import IntEnum
from typing import Final

V1: Final = 0
V2C: Final = 1
V3: Final = 3

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
IP_ADDRESS: Final = 0x40
COUNTER32: Final = 0x41
GAUGE32: Final = 0x42
TIMETICKS: Final = 0x43
OPAQUE: Final = 0x44
NSAP: Final = 0x45
COUNTER64: Final = 0x46
UINTEGER32: Final = 0x47
NO_SUCH_OBJECT: Final = 0x80
NO_SUCH_INSTANCE: Final = 0x81
END_OF_MIB_VIEW: Final = 0x82

OPAQUE_COUNTER64: Final = 0x9F76
OPAQUE_FLOAT: Final = 0x9F78
OPAQUE_DOUBLE: Final = 0x9F79
OPAQUE_INTEGER64: Final = 0x9F7A
OPAQUE_UNSIGNED64: Final = 0x9F7B


class PduType(IntEnum):
    """The PDUs that may come in; what may go out is narrower (see ``template`` and ``message``)."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP_V2 = 0xA7
    REPORT = 0xA8


class ErrorStatus(IntEnum):
    """RFC 3416 section 3; a message keeps the bare number, because a device may send one that is not here."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    BAD_VALUE = 3
    READ_ONLY = 4
    GEN_ERR = 5
    NO_ACCESS = 6
    WRONG_TYPE = 7
    WRONG_LENGTH = 8
    WRONG_ENCODING = 9
    WRONG_VALUE = 10
    NO_CREATION = 11
    INCONSISTENT_VALUE = 12
    RESOURCE_UNAVAILABLE = 13
    COMMIT_FAILED = 14
    UNDO_FAILED = 15
    AUTHORIZATION_ERROR = 16
    NOT_WRITABLE = 17
    INCONSISTENT_NAME = 18


WRITABLE: Final[dict[int, bytes]] = {
    tag: bytes((tag,))
    for tag in (
        *(INTEGER, OCTET_STRING, NULL, OBJECT_IDENTIFIER, SEQUENCE),
        *(IP_ADDRESS, COUNTER32, GAUGE32, TIMETICKS, OPAQUE, NSAP, COUNTER64, UINTEGER32),
        *(NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW),
        *(PduType.GET, PduType.GET_NEXT, PduType.GET_BULK, PduType.RESPONSE, PduType.REPORT),
    )
}
"""Every octet that the encoder can put as a tag. ptscan reads: the octet of a SET is not among them."""
