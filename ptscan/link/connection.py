"""One end of a connection, without I/O: gRPC's calls on HTTP/2, whatever the peer sends and whenever.

Theory of operation. Octets go in by ``receive``, with the time; events come out by ``next_event``; what is to be sent
is taken by ``data_to_send``. ``next_deadline`` says when ``tick`` is due if nothing comes before. Below stands HTTP/2
with its limits (http2.py); what is known of one call stands in calls.py; here the calls are moved.

Flow control is the back-pressure: what a whole message took of the peer's window is given back when the application
has taken the message (``credit``), see CallState.free.
What the application sends waits here until the peer's window takes it: ``unsent`` says how much does.

A call that ends before its peer has ended its side is reset, on either side: h2 would count it as open for ever.

Whatever a peer does ends its own call or its own connection: no method raises for it.
"""

from collections import deque
from collections.abc import Container
from enum import Enum
from math import inf
from typing import Final

import h2.events
import h2.exceptions

from ptscan.link import limits
from ptscan.link.calls import CallState, Ours
from ptscan.link.events import (
    CallEnded,
    Closed,
    Draining,
    Event,
    MessageReceived,
    PeerEnded,
    Writable,
)
from ptscan.link.framing import frame
from ptscan.link.headers import (
    Headers,
    read_status,
    request_headers,
    trailers,
)
from ptscan.link.http2 import (
    CODES,
    LAST_STREAM,
    BrokenError,
    Farewell,
    Happening,
    Http2,
    code_name,
    one_line,
    texts_of,
)
from ptscan.link.opening import open_answer, open_call
from ptscan.link.sending import Progress, send_next
from ptscan.link.status import CallError, Status, status_of_reset

_TOO_MANY_PINGS: Final = b"too_many_pings"
_MOST_READY: Final = limits.READY_OCTETS + limits.UNSENT_CONTROL_OCTETS


class Side(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class Connection:
    """One end of one connection; see the module."""

    def __init__(self, side: Side, *, now: float, authority: str = "", most: int = limits.MESSAGE_OCTETS,
                 held: int = limits.HELD_OCTETS, frame_octets: int = limits.FRAME_OCTETS,
                 ping_seconds: float = limits.PING_SECONDS, pages: Container[str] = ()) -> None:  # fmt: skip
        """``authority`` is the server's, for a client's requests; ``most`` octets may a message have that comes.

        ``held`` octets may all messages have that wait, ``frame_octets`` one frame of DATA; ``ping_seconds`` may the
        peer be silent before it is asked whether it lives. ``pages`` are a server's paths that a plain GET may ask for:
        ``PageAsked`` tells of it, ``answer`` answers.
        """
        self._side = side
        self._authority = authority
        self._most = most
        self._held = held
        self._pages = pages
        self._http = Http2(is_client=side is Side.CLIENT, now=now, ping_seconds=ping_seconds, frame_octets=frame_octets)
        self._calls: dict[int, CallState] = {}
        self._events: deque[Event] = deque()
        self._now = now
        self._leave_at = inf
        self._is_leaving = False
        self._peer_is_leaving = False
        self._is_closed = False
        self.was_asked_too_often = False
        """Whether the peer ended the connection because we asked too often whether it lives."""

    # What the driver asks.

    @property
    def is_closed(self) -> bool:
        """Whether the connection is over; what ``data_to_send`` still gives may go out."""
        return self._is_closed

    @property
    def is_draining(self) -> bool:
        """Whether no new call can begin."""
        return self._is_leaving or self._peer_is_leaving or self._is_closed

    @property
    def calls(self) -> int:
        """How many calls are open."""
        return len(self._calls)

    def can_call(self) -> bool:
        """Whether a call may begin now; one too many would end the connection."""
        most = min(self._http.most_streams, limits.STREAMS)
        return not self.is_draining and len(self._calls) < most and self._http.highest < LAST_STREAM - 2

    def unsent(self, stream: int) -> int:
        """Octets of a call that wait for the peer's window."""
        call = self._calls.get(stream)
        return len(call.unsent) if call else 0

    def next_event(self) -> Event | None:
        """What happened, in order; None for nothing more."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Everything that is to be written now; it is the driver's from here on. Asked until there is nothing."""
        data = self._http.take_out()
        self._pump_all()
        return data

    def went_out(self, now: float) -> None:
        """The transport took a piece of what ``data_to_send`` gave: a ping behind it waits for no answer yet."""
        self._http.went_out(now)

    def has_data(self) -> bool:
        """Whether something is to be written."""
        self._http.collect()
        return self._http.ready > 0

    def next_deadline(self) -> float:
        """When ``tick`` is due."""
        if self._is_closed:
            return inf
        deadlines = [self._leave_at, self._http.due()]
        stalls = (call.stalled_since for call in self._calls.values())
        return min(deadlines + [since + limits.SEND_SECONDS for since in stalls if since is not None])

    def tick(self, now: float) -> None:
        """Do what time demands: ask whether the peer lives, give up on what does not come."""
        if self._is_closed:
            return
        self._now = now
        if now >= self._leave_at:
            self.close("")
            return
        try:
            self._http.tick(now)
        except BrokenError as error:
            self._break(error)
            return
        for stream, call in list(self._calls.items()):
            if call.stalled_since is not None and now >= call.stalled_since + limits.SEND_SECONDS:
                self.cancel(stream, Status.UNAVAILABLE, "the peer takes nothing", now)

    # What comes in.

    def receive(self, data: bytes, now: float) -> None:
        """Take what the peer sent."""
        if self._is_closed or not data:
            return
        self._now = now
        try:
            for happening in self._http.receive(data, open_streams=self._calls, now=now):
                self._happened(happening)
                if self._is_closed:
                    return
        except BrokenError as error:
            self._break(error)
            return
        self._collect()
        self._pump_all()

    def receive_end(self) -> None:
        """The peer closed its side of the transport: a client that said before that it leaves was not cut."""
        goes = self._peer_is_leaving and self._side is Side.SERVER
        self.close("the connection was cut" if self._calls and not goes else "")

    def _break(self, error: BrokenError) -> None:
        if error.code is None:
            self._over(error.reason)
        else:
            self.close(error.reason, error.code)

    def _peer_leaves(self, last: int) -> None:
        if not self._peer_is_leaving:
            self._peer_is_leaving = True
            self._events.append(Draining())
        if self._side is Side.CLIENT:
            for stream in [number for number in self._calls if number > last]:
                self._end(stream, Status.UNAVAILABLE, "the server takes no new calls")
            if not self._calls:
                self._leave_at = -inf

    def _happened(self, happening: Happening) -> None:
        match happening:
            case Farewell(last=last):
                self._peer_leaves(last)
            case h2.events.RequestReceived(stream_id=stream, headers=headers, stream_ended=ended):
                self._begin(stream, texts_of(headers), ended=ended is not None)
            case h2.events.ResponseReceived(stream_id=stream, headers=headers, stream_ended=ended):
                self._answered(stream, texts_of(headers), ended=ended is not None)
            case h2.events.TrailersReceived(stream_id=stream, headers=headers):
                if self._side is Side.CLIENT and (call := self._calls.get(stream)):
                    self._finish_by(stream, call, texts_of(headers))
            case h2.events.InformationalResponseReceived():
                self._http.count_crumb(self._now)
            case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length, stream_ended=ended):
                self._data(stream, data or b"", length or 0, ended=ended is not None)
            case h2.events.StreamEnded(stream_id=stream):
                self._peer_ended(stream)
            case h2.events.StreamReset(stream_id=stream, error_code=code, remote_reset=remote):
                if not remote:
                    self._http.count_reset(self._now)
                if stream in self._calls:
                    why = "the peer gave the call up" if remote else "the peer broke the call"
                    self._end(stream, status_of_reset(int(code or 0)), why)
            case h2.events.WindowUpdated(stream_id=stream):
                self._pump(stream) if stream else self._pump_all()
            case h2.events.RemoteSettingsChanged():
                self._pump_all()
            case h2.events.ConnectionTerminated(error_code=code, additional_data=said):
                self.was_asked_too_often = code == CODES.ENHANCE_YOUR_CALM and said == _TOO_MANY_PINGS
                self._over(f"the peer ended the connection ({code_name(code)})")
            case _:
                pass

    def _begin(self, stream: int, headers: Headers, *, ended: bool) -> None:
        self._http.highest = max(self._http.highest, stream)
        if self._is_leaving:  # it crossed our GOAWAY: nothing of it was done, so it may be tried elsewhere
            self._http.reset(stream, CODES.REFUSED_STREAM)
            return
        call, opening = open_call(stream, headers, most=self._most, pages=self._pages)
        call.peer_ended = ended
        self._calls[stream] = call
        if isinstance(opening, CallError):
            self.finish(stream, opening.status, opening.message, self._now)
        elif opening is not None:
            self._events.append(opening)
        else:
            self._pump(stream)

    def _answered(self, stream: int, headers: Headers, *, ended: bool) -> None:
        call = self._calls.get(stream)
        if call is None:
            return
        call.peer_ended = ended
        end = open_answer(call, headers, most=self._most)
        if isinstance(end, CallError):
            self._finish(stream, call, end.status, end.message)
        elif end is not None:
            self._finish_by(stream, call, end)

    def _data(self, stream: int, data: bytes, length: int, *, ended: bool) -> None:
        call = self._calls.get(stream)
        if call is None or (self._side is Side.SERVER and (call.is_told or call.ours is not Ours.OPEN)):
            self._give_back(length, stream)  # nobody takes it: its octets are given back, or the connection stalls
            return
        call.peer_ended = ended
        call.came(len(data), window=length)
        has_message = ended
        try:
            for message in call.deframer.feed(data):
                has_message = True
                octets = call.owe(message)
                self._check_held()
                self._events.append(MessageReceived(stream, message, octets))
            self._check_held()
        except CallError as error:
            self._give_up(stream, call, error)
            return
        if data and not has_message and len(data) < limits.DATA_CRUMB_OCTETS:
            self._http.count_crumb(self._now)
        self._give_back(call.free(), stream)

    def _check_held(self) -> None:
        if sum(call.held for call in self._calls.values()) > self._held:
            raise CallError(Status.RESOURCE_EXHAUSTED, "the calls of this connection hold more than is kept for them")

    def _peer_ended(self, stream: int) -> None:
        call = self._calls.get(stream)
        if call is None:
            return
        call.peer_ended = True
        if self._side is Side.CLIENT:
            self._finish(stream, call, Status.INTERNAL, "the server ended the call without a status")
        elif call.is_told or call.ours is not Ours.OPEN:
            return
        elif not call.deframer.is_whole:
            self._give_up(stream, call, CallError(Status.INTERNAL, "the last message is cut short"))
        else:
            self._events.append(PeerEnded(stream))

    def _finish_by(self, stream: int, call: CallState, headers: Headers) -> None:
        call.peer_ended = True
        status, message = read_status(headers, http_status=call.http_status)
        if status is Status.OK and not call.deframer.is_whole:
            status, message = Status.INTERNAL, "the last message is cut short"
        self._finish(stream, call, status, message)

    def _finish(self, stream: int, call: CallState, status: Status, message: str) -> None:
        """A client's call is over by the server's word; what h2 still holds open of it is closed."""
        if call.ours is not Ours.ENDED or not call.peer_ended:
            self._http.reset(stream, CODES.CANCEL)
        self._end(stream, status, message)

    def _give_up(self, stream: int, call: CallState, error: CallError) -> None:
        """End a call that cannot go on, and tell the peer."""
        if self._side is Side.CLIENT:
            self.cancel(stream, error.status, error.message, self._now)
        else:
            self._tell(stream, call, error.status, error.message)
            self.finish(stream, error.status, error.message, self._now)
            self._http.count_reset(self._now)

    # What goes out.

    def start_call(self, path: str, *, timeout: float | None, metadata: dict[str, str] | None = None) -> int:
        """Begin a call (client side); ``timeout`` is in seconds from now. Raises CallError unless ``can_call``."""
        if not self.can_call():
            raise CallError(Status.UNAVAILABLE, "the connection takes no more calls")
        headers = request_headers(path, authority=self._authority, timeout=timeout, metadata=metadata)
        stream = self._http.begin(headers)
        call = self._calls[stream] = CallState(most=self._most, is_told=False)
        call.sends_gzip = True
        return stream

    def sends_gzip(self, stream: int) -> bool:
        """Whether the peer takes a call's messages packed."""
        call = self._calls.get(stream)
        return call is not None and call.sends_gzip

    def send(self, stream: int, message: bytes, now: float, *, compress: bool = False) -> None:
        """Queue a message; on a call that is over, or was ended, it goes nowhere."""
        self.send_framed(stream, frame(message, compress=compress and self.sends_gzip(stream)), now)

    def send_framed(self, stream: int, framed: tuple[bytes, bytes], now: float) -> None:
        """Queue what ``frame`` made of a message."""
        call = self._calls.get(stream)
        if call is not None and call.ours is Ours.OPEN:
            self._now = now
            for part in framed:
                call.unsent.add(part)
            self._pump(stream)

    def end(self, stream: int, now: float) -> None:
        """Say that nothing more will be sent (client side)."""
        call = self._calls.get(stream)
        if call is not None and call.ours is Ours.OPEN:
            self._now = now
            call.ours = Ours.ENDING
            self._pump(stream)

    def finish(self, stream: int, status: Status, message: str, now: float) -> None:
        """End a call by its status, behind what is still to be sent of it (server side); the first end holds."""
        call = self._calls.get(stream)
        if call is None or call.ours is not Ours.OPEN:
            return
        self._now = now
        if status is not Status.OK:
            call.unsent.clear()
        call.tail, call.outcome, call.ours = trailers(status, message), (status, message), Ours.ENDING
        self._pump(stream)

    def answer(self, stream: int, http_status: int, body: bytes, now: float, *, kind: str = "text/plain") -> None:
        """Answer a ``PageAsked`` (server side)."""
        call = self._calls.get(stream)
        if call is not None and call.ours is Ours.OPEN and call.head is None:
            self._now = now
            call.head = [(":status", str(http_status)), ("content-type", kind), ("content-length", str(len(body)))]
            if call.wants_body:
                call.unsent.add(body)
            call.ours = Ours.ENDING
            self._pump(stream)

    def cancel(self, stream: int, status: Status, message: str, now: float) -> None:
        """Give a call up at once: its other end learns no more than that."""
        if stream in self._calls:
            self._now = now
            exhausted = status is Status.RESOURCE_EXHAUSTED
            self._http.reset(stream, CODES.ENHANCE_YOUR_CALM if exhausted else CODES.CANCEL)
            self._end(stream, status, message)

    def credit(self, stream: int, octets: int) -> None:
        """The application has taken a message that came with so many octets; messages are taken in their order."""
        call = self._calls.get(stream)
        if call is not None:
            call.taken(octets)
            self._give_back(call.free(), stream)
            self._collect()

    def drain(self, now: float) -> None:
        """Take no new calls; end when those that are open are over, or after DRAIN_SECONDS."""
        if self._is_leaving or self._is_closed:
            return
        self._now = now
        self._is_leaving = True
        self._leave_at = now + limits.DRAIN_SECONDS if self._calls else -inf
        self._http.goaway(self._last_of_peer(), CODES.NO_ERROR)

    def close(self, reason: str, code: int = CODES.NO_ERROR) -> None:
        """End the connection and every call on it."""
        if not self._is_closed:
            self._http.goaway(self._last_of_peer(), code, reason)
            self._over(reason)

    def _last_of_peer(self) -> int:
        return self._http.highest if self._side is Side.SERVER else 0

    def _over(self, reason: str) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for stream in list(self._calls):
            self._end(stream, Status.UNAVAILABLE, reason or "the connection was closed")
        self._events.append(Closed(reason))

    def _end(self, stream: int, status: Status, message: str) -> None:
        """Forget a call, tell its end where that was not told, and give back what nobody will take."""
        call = self._calls.pop(stream, None)
        if call is None:
            return
        self._tell(stream, call, status, message)
        self._give_back(call.free(is_over=True), stream)
        may_leave = self._is_leaving or (self._peer_is_leaving and self._side is Side.CLIENT)
        if may_leave and not self._calls and not self._is_closed:
            self._leave_at = -inf

    def _tell(self, stream: int, call: CallState, status: Status, message: str) -> None:
        if not call.is_told:
            call.is_told = True
            self._events.append(CallEnded(stream, status, message))

    def _give_back(self, octets: int, stream: int) -> None:
        if not self._is_closed:
            self._http.give_back(octets, stream)

    def _pump_all(self) -> None:
        """Send what the windows take, a frame of each call in turn."""
        waiting = deque(self._calls)
        while waiting and self._http.ready < limits.READY_OCTETS:
            stream = waiting.popleft()
            if self._sends_more(stream):
                waiting.append(stream)

    def _pump(self, stream: int) -> None:
        while self._http.ready < limits.READY_OCTETS and self._sends_more(stream):
            pass

    def _sends_more(self, stream: int) -> bool:
        """Send the next frame of a call, or its end; whether there is more that could follow."""
        call = self._calls.get(stream)
        if call is None or self._is_closed:
            return False
        waited = len(call.unsent)
        try:
            progress = send_next(self._http, stream, call, now=self._now)
        except h2.exceptions.ProtocolError as error:
            self._end(stream, Status.UNAVAILABLE, f"the call is over: {one_line(error)}")
            return False
        if len(call.unsent) < limits.UNSENT_STREAM_OCTETS <= waited:
            self._events.append(Writable(stream))
        if progress is Progress.MORE:
            self._calls[stream] = self._calls.pop(stream)  # whoever waits longest is next
        elif progress is Progress.ENDED:
            self._done(stream, call)
        self._collect()
        return progress is Progress.MORE

    def _done(self, stream: int, call: CallState) -> None:
        """Our side is at its end; with a server's the call is, and a client that still sends is told to stop."""
        call.ours = Ours.ENDED
        if self._side is Side.SERVER:
            if not call.peer_ended:
                self._http.reset(stream, CODES.NO_ERROR)
            self._end(stream, *call.outcome)

    def _collect(self) -> None:
        """Take over what h2 has written; a peer that lets answers pile up is sent away."""
        self._http.collect()
        if self._http.ready > _MOST_READY and not self._is_closed:
            self._http.forget()
            self._over("the peer takes nothing of what it asks for")
