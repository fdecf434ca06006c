"""gRPC's status codes, and the error that carries one (doc/statuscodes.md of gRPC)."""

from enum import IntEnum
from typing import Final

from ptscan.errors import PtscanError


class Status(IntEnum):
    """How a call ended."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class CallError(PtscanError):
    """A call that ended otherwise than OK: ``status``, and what the peer said of it."""

    def __init__(self, status: Status, message: str = "") -> None:
        super().__init__(f"{status.name.lower().replace('_', ' ')}: {message}" if message else status.name.lower())
        self.status = status
        self.message = message


# What a peer, or a proxy between, says that speaks HTTP and no gRPC (doc/http-grpc-status-mapping.md).
_OF_HTTP: Final = {
    400: Status.INTERNAL, 401: Status.UNAUTHENTICATED, 403: Status.PERMISSION_DENIED, 404: Status.UNIMPLEMENTED,
    429: Status.UNAVAILABLE, 502: Status.UNAVAILABLE, 503: Status.UNAVAILABLE, 504: Status.UNAVAILABLE,
}  # fmt: skip


def status_of_http(code: int) -> Status:
    """The status that an HTTP status stands for where the trailers tell none."""
    return _OF_HTTP.get(code, Status.UNKNOWN)


# RFC 9113 section 7 -> doc/PROTOCOL-HTTP2.md, "Errors".
_OF_RESET: Final = {
    0x0: Status.INTERNAL, 0x1: Status.INTERNAL, 0x2: Status.INTERNAL, 0x3: Status.INTERNAL, 0x5: Status.INTERNAL,
    0x6: Status.INTERNAL, 0x7: Status.UNAVAILABLE, 0x8: Status.CANCELLED, 0x9: Status.INTERNAL, 0xA: Status.INTERNAL,
    0xB: Status.RESOURCE_EXHAUSTED, 0xC: Status.PERMISSION_DENIED,
}  # fmt: skip


def status_of_reset(error_code: int) -> Status:
    """The status that an RST_STREAM stands for."""
    return _OF_RESET.get(error_code, Status.UNKNOWN)
