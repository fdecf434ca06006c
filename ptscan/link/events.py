"""What happens on a connection, as the core tells it to whoever drives it."""

from typing import TypeAlias

import msgspec

from ptscan.link.headers import Request
from ptscan.link.status import Status


class CallStarted(msgspec.Struct, frozen=True):
    """A client began a call (server side)."""

    stream: int
    request: Request


class MessageReceived(msgspec.Struct, frozen=True):
    """A whole message came. Whoever takes it gives ``octets`` back by ``Connection.credit``."""

    stream: int
    message: bytes
    octets: int


class PeerEnded(msgspec.Struct, frozen=True):
    """The client sends no more on this call (server side)."""

    stream: int


class CallEnded(msgspec.Struct, frozen=True):
    """The call is over: by the server's trailers, a reset, or the connection's end. Nothing more comes of it.

    It is told once of every call that ``CallStarted`` told, or that was begun by ``start_call``.
    """

    stream: int
    status: Status
    message: str


class Writable(msgspec.Struct, frozen=True):
    """Of what waited to be sent on this call so much has gone out that more may be sent."""

    stream: int


class PageAsked(msgspec.Struct, frozen=True):
    """Somebody asks by a plain GET or HEAD for a page that the server has; answered by ``Connection.answer``."""

    stream: int
    path: str


class Draining(msgspec.Struct, frozen=True):
    """The peer takes no new calls; those that are open go on."""


class Closed(msgspec.Struct, frozen=True):
    """The connection is over. ``reason`` is for a log, and empty where it was meant."""

    reason: str


Event: TypeAlias = CallStarted | MessageReceived | PeerEnded | CallEnded | Writable | PageAsked | Draining | Closed
