"""The next frame of a call that goes out: its head, a piece of what is unsent, or its end. Pure."""

from enum import Enum

from ptscan.link.calls import CallState, Ours
from ptscan.link.http2 import Http2


class Progress(Enum):
    """What came of it."""

    MORE = "more"
    """A piece went out, and another may follow."""
    WAITS = "waits"
    """The peer's window is shut, or there is nothing to send."""
    ENDED = "ended"


def send_next(http: Http2, stream: int, call: CallState, *, now: float) -> Progress:
    """Send the next frame of a call; h2's ProtocolError says that it is over."""
    if not (call.unsent or call.ours is Ours.ENDING):
        return Progress.WAITS
    if call.head is not None:
        head, call.head = call.head, None
        if call.tail is not None and not call.unsent:
            http.send_headers(stream, head + call.tail, ends=True)
            return Progress.ENDED
        http.send_headers(stream, head)
    if call.unsent:
        window = http.window(stream)
        piece = call.unsent.take(min(window, http.frame_octets))
        if piece:
            http.send_data(stream, piece)
        call.moved(len(piece), is_shut=bool(call.unsent) and len(piece) >= window, now=now)
        if call.unsent:
            return Progress.MORE if piece else Progress.WAITS
        if call.ours is Ours.OPEN:
            return Progress.WAITS
    if call.tail is not None:
        http.send_headers(stream, call.tail, ends=True)
    else:
        http.end_stream(stream)
    return Progress.ENDED
