"""The tree of everything that codec raises.

CodecError
├── DecodeError   the octets are no SNMP message: .offset, .reason
│   └── SecurityError   they are an SNMPv3 message that is not to be believed: .fault
├── EncodeError   the caller asked for octets that may not exist: .reason
├── OidError      an object identifier is none: .reason
└── UsmError      a password, a key or an engine ID is of no use: .reason
"""

from enum import Enum


class CodecError(Exception):
    """Base of all errors of this package."""


class DecodeError(CodecError):
    """Octets from a peer are malformed; ``offset`` is where in the datagram, ``reason`` what is wrong there."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return f"octet {self.offset}: {self.reason}"


class Fault(Enum):
    """Why an SNMPv3 message is not to be believed, or not to be read (RFC 3414 section 3.2)."""

    UNKNOWN_ENGINE = "unknown-engine"
    UNKNOWN_USER = "unknown-user"
    UNSUPPORTED_LEVEL = "unsupported-security-level"
    WRONG_DIGEST = "wrong-digest"
    DECRYPTION = "decryption-error"


class SecurityError(DecodeError):
    """An SNMPv3 message is not this user's at this engine, not genuine, or cannot be deciphered: ``fault``."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(0, reason)
        self.fault = fault

    def __str__(self) -> str:
        return self.reason


class EncodeError(CodecError):
    """Something that may not or cannot stand in a message was to be encoded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UsmError(CodecError):
    """A password, a key or an engine ID does not fit; ``reason`` says what would, and never shows a secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OidError(CodecError):
    """A text, a row of arcs or a row of octets is no object identifier; ``reason`` names the part that is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
