"""Reports: how an SNMPv3 engine says why it does not answer (RFC 3412 section 7.2, RFC 3413 section 3.2, RFC 3414)."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from codec.message import Message
from codec.oid import Oid, parse_oid
from codec.tags import PduType


class Report(Enum):
    """The counters that Reports name; the value is the OID without its last sub-identifier, the 0 of an instance."""

    UNSUPPORTED_LEVEL = parse_oid("1.3.6.1.6.3.15.1.1.1")
    NOT_IN_TIME_WINDOW = parse_oid("1.3.6.1.6.3.15.1.1.2")
    UNKNOWN_USER = parse_oid("1.3.6.1.6.3.15.1.1.3")
    UNKNOWN_ENGINE = parse_oid("1.3.6.1.6.3.15.1.1.4")
    WRONG_DIGEST = parse_oid("1.3.6.1.6.3.15.1.1.5")
    DECRYPTION_ERROR = parse_oid("1.3.6.1.6.3.15.1.1.6")
    UNKNOWN_MODEL = parse_oid("1.3.6.1.6.3.11.2.1.1")
    INVALID_MESSAGE = parse_oid("1.3.6.1.6.3.11.2.1.2")
    UNKNOWN_HANDLER = parse_oid("1.3.6.1.6.3.11.2.1.3")
    UNAVAILABLE_CONTEXT = parse_oid("1.3.6.1.6.3.12.1.4")
    UNKNOWN_CONTEXT = parse_oid("1.3.6.1.6.3.12.1.5")

    @property
    def instance(self) -> Oid:
        """The name of the varbind."""
        return self.value + b"\0"


_BY_NAME: Final[Mapping[Oid, Report]] = {
    name: report for report in Report for name in (report.value, report.instance)
}  # some agents leave the instance out


def report_of(message: Message) -> Report | None:
    """Which counter a Report names; None for any other message, and for a Report that names none of them."""
    if message.pdu_type != PduType.REPORT or not message.varbinds:
        return None
    return _BY_NAME.get(message.varbinds[0][0])
