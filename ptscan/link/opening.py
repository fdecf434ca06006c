"""How a call begins: what a client's headers ask for, and what a server's say of its answer. Pure."""

from collections.abc import Container
from typing import TypeAlias

from ptscan.link.calls import CallState, Ours
from ptscan.link.events import CallStarted, PageAsked
from ptscan.link.framing import Deframer
from ptscan.link.headers import Headers, RefusalError, is_grpc, read_request, response_headers
from ptscan.link.status import CallError, Status

Opening: TypeAlias = CallStarted | PageAsked | CallError | None
"""What follows: it is told to the application, or the call ends by a status; None for an answer that is whole."""


def open_call(stream: int, headers: Headers, *, most: int, pages: Container[str]) -> tuple[CallState, Opening]:
    """A server's view of what a client begins; ``most`` octets may a message have, ``pages`` be asked for by GET."""
    call = CallState(most=most, is_told=True)
    try:
        request = read_request(headers)
    except RefusalError as refusal:
        told = dict(headers)
        path = told.get(":path", "").partition("?")[0]
        if told.get(":method") in ("GET", "HEAD") and path in pages:
            call.wants_body = told[":method"] == "GET"
            return call, PageAsked(stream, path)
        call.head, call.tail, call.ours = [(":status", str(refusal.http_status))], [], Ours.ENDING
        return call, None
    except CallError as error:
        call.head = response_headers(compress=False)
        return call, error
    call.deframer = Deframer(encoding=request.encoding, most=most)
    call.sends_gzip = request.accepts_gzip
    call.head = response_headers(compress=call.sends_gzip, is_json=request.is_json)
    call.is_told = False
    return call, CallStarted(stream, request)


def open_answer(call: CallState, headers: Headers, *, most: int) -> Headers | CallError | None:
    """A client's view of what a server answers: the headers where they end the call, or why it cannot go on."""
    told = dict(headers)
    status = told.get(":status", "")
    call.http_status = int(status) if status.isascii() and status.isdigit() else 0
    kind = told.get("content-type", "")
    if "grpc-status" in told or call.http_status != 200:
        return list(told.items())
    if not is_grpc(kind):
        return CallError(Status.UNKNOWN, f"the peer answers with {kind[:64]!r}, which is no gRPC")
    call.deframer = Deframer(encoding=told.get("grpc-encoding", "identity"), most=most)
    return None
