"""The tree of everything that codec raises.

CodecError
├── DecodeError   the octets are no SNMP message: .offset, .reason
├── EncodeError   the caller asked for octets that may not exist: .reason
└── OidError      an object identifier is none: .reason
"""


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


class EncodeError(CodecError):
    """Something that may not or cannot stand in a message was to be encoded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OidError(CodecError):
    """A text, a row of arcs or a row of octets is no object identifier; ``reason`` names the part that is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
