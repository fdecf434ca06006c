"""Calls that speak JSON (`application/grpc+json`), for who looks on with a client of their own. I/O: calls.

A handler hears and says MessagePack, whatever its caller speaks: what comes and goes is translated between them, typed
by the method, so that nothing gets in by JSON that would be refused otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from proto_schema import METHODS, OneOf, Unknown, WireError, decode, encode
from ptscan.link import Call, CallError, Handler, Peer, Status

_METHODS: Final = {method.path: method for method in METHODS}
_Read: TypeAlias = Callable[[bytes, bool], msgspec.Struct]


def in_both_tongues(path: str, handler: Handler) -> Handler:
    """The ``handler`` of a method's calls, for those who speak JSON as well."""
    asked, answered = _reader(_METHODS[path].asks), _reader(_METHODS[path].answers)

    def hear(octets: bytes) -> bytes:
        try:
            return encode(asked(octets, True))
        except WireError as error:
            raise CallError(Status.INVALID_ARGUMENT, str(error)) from error

    def say(octets: bytes) -> bytes:
        try:
            return encode(answered(octets, False), as_json=True)
        except WireError as error:
            raise CallError(Status.RESOURCE_EXHAUSTED, str(error)) from error

    async def serve(call: Call, peer: Peer) -> None:
        if call.request is not None and call.request.is_json:
            call.translate(hear, say)
        await handler(call, peer)

    return serve


def _reader(kinds: Sequence[type[msgspec.Struct]]) -> _Read:
    if len(kinds) == 1:
        return lambda octets, as_json: decode(octets, kinds[0], as_json=as_json)
    several: OneOf[msgspec.Struct] = OneOf("Message", kinds)

    def read(octets: bytes, as_json: bool) -> msgspec.Struct | Unknown:
        return several.decode(octets, as_json=as_json)

    return read
