"""One end of a connection, without I/O: gRPC's calls on HTTP/2, whatever the peer sends and whenever.

Theory of operation. Octets go in by ``receive``, with the time; events come out by ``next_event``; what is to be sent
is taken by ``data_to_send``. ``next_deadline`` says when ``tick`` is due if nothing comes before. The peer's frames are
cut apart first (frames.py) and judged by what they cost and move (floods.py); a GOAWAY that means no harm is kept from
h2, which would drop the calls that are still open. All else is h2's, which judges the form. What is known of one call
stands in calls.py.

Flow control is the back-pressure: what a whole message took of the peer's window is given back when the application
has taken the message (``credit``), see CallState.free.
What the application sends waits here until the peer's window takes it: ``unsent`` says how much does.

A call that ends before its peer has ended its side is reset, on either side: h2 would count it as open for ever.

Whatever a peer does ends its own call or its own connection: no method raises for it.
"""

from collections import deque
from collections.abc import Container, Iterable
from enum import Enum
from math import inf
from typing import Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from ptscan.link import frames, limits
from ptscan.link.calls import CallState, Ours
from ptscan.link.events import (
    CallEnded,
    CallStarted,
    Closed,
    Draining,
    Event,
    MessageReceived,
    PageAsked,
    PeerEnded,
    Writable,
)
from ptscan.link.floods import Floods
from ptscan.link.framing import Deframer, frame
from ptscan.link.headers import (
    Headers,
    RefusalError,
    is_grpc,
    read_request,
    read_status,
    request_headers,
    response_headers,
    trailers,
)
from ptscan.link.status import CallError, Status, status_of_reset

_CODES: Final = h2.errors.ErrorCodes
_LAST_STREAM: Final = 2**31 - 1
_PING: Final = b"ptscan\0\0"


class Side(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class Connection:
    """One end of one connection; see the module."""

    def __init__(self, side: Side, *, now: float, authority: str = "", most: int = limits.MESSAGE_OCTETS,
                 pages: Container[str] = ()) -> None:  # fmt: skip
        """``authority`` is the server's, for a client's requests; ``most`` octets may a message have that comes.

        ``pages`` are a server's paths that a plain GET may ask for: ``PageAsked`` tells of it, ``answer`` answers.
        """
        self._side = side
        self._authority = authority
        self._most = most
        self._pages = pages
        self._h2 = _begun_h2(side)
        self._cutter = frames.FrameCutter(preface=side is Side.SERVER)
        self._floods = Floods(now=now)
        self._calls: dict[int, CallState] = {}
        self._late: dict[int, None] = {}
        self._events: deque[Event] = deque()
        self._out = bytearray()
        self._now = now
        self._began = now
        self._heard = now
        self._is_greeted = False
        self._pinged: float | None = None
        self._batches_since_ping = 0
        self._leave_at = inf
        self._is_leaving = False
        self._peer_is_leaving = False
        self._is_closed = False
        self._highest = 0
        self._collect()

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
        most = min(self._h2.remote_settings.max_concurrent_streams, limits.STREAMS)
        return not self.is_draining and len(self._calls) < most and self._highest < _LAST_STREAM - 2

    def unsent(self, stream: int) -> int:
        """Octets of a call that wait for the peer's window."""
        call = self._calls.get(stream)
        return len(call.unsent) if call else 0

    def next_event(self) -> Event | None:
        """What happened, in order; None for nothing more."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Everything that is to be written now; it is the driver's from here on. Asked until there is nothing."""
        data = bytes(self._out)
        self._out.clear()
        self._pump_all()
        self._batches_since_ping += 1
        return data

    def went_out(self, now: float) -> None:
        """The transport took a piece of what ``data_to_send`` gave: a ping behind it waits for no answer yet."""
        if self._pinged is not None and self._batches_since_ping < 2:
            self._pinged = now

    def has_data(self) -> bool:
        """Whether something is to be written."""
        return bool(self._out)

    def next_deadline(self) -> float:
        """When ``tick`` is due."""
        if self._is_closed:
            return inf
        silent_since = self._heard if self._pinged is None else self._pinged
        deadlines = [self._leave_at, self._floods.headers_due, silent_since + limits.PING_SECONDS]
        if not self._is_greeted:
            deadlines.append(self._began + limits.PREFACE_SECONDS)
        stalls = (call.stalled_since for call in self._calls.values())
        return min(deadlines + [since + limits.SEND_SECONDS for since in stalls if since is not None])

    def tick(self, now: float) -> None:
        """Do what time demands: ask whether the peer lives, give up on what does not come."""
        if self._is_closed:
            return
        self._now = now
        if not self._is_greeted and now >= self._began + limits.PREFACE_SECONDS:
            self.close("no HTTP/2 preface came")
        elif now >= self._floods.headers_due:
            self.close("a header block or a frame was begun and not ended", _CODES.ENHANCE_YOUR_CALM)
        elif now >= self._leave_at:
            self.close("")
        elif self._pinged is not None and now >= self._pinged + limits.PING_SECONDS:
            self.close("the peer no longer answers")
        elif self._pinged is None and now >= self._heard + limits.PING_SECONDS:
            self._pinged = now
            self._batches_since_ping = 0
            self._h2.ping(_PING)
            self._collect()
        for stream, call in list(self._calls.items()):
            if call.stalled_since is not None and now >= call.stalled_since + limits.SEND_SECONDS:
                self.cancel(stream, Status.UNAVAILABLE, "the peer takes nothing", now)

    # What comes in.

    def receive(self, data: bytes, now: float) -> None:
        """Take what the peer sent."""
        if self._is_closed or not data:
            return
        self._now = self._heard = now
        self._pinged = None
        for item in self._cutter.feed(data):
            if isinstance(item, bytes):
                self._hand_over(item)
            elif self._admits(item) and not self._is_farewell(item):
                self._hand_over(item.octets)
            if self._is_closed:
                return
        self._floods.pause(in_frame=self._cutter.has_begun_frame, now=now)
        self._collect()
        self._pump_all()

    def receive_end(self) -> None:
        """The peer closed its side of the transport."""
        self.close("" if not self._calls else "the connection was cut")

    def _admits(self, frame: frames.Frame) -> bool:
        """Judge a frame by what can be seen from outside; one that is too much ends the connection."""
        if not self._is_greeted:
            if frame.octets.startswith(b"HTTP/"):
                self.close("the peer speaks HTTP/1", _CODES.HTTP_1_1_REQUIRED)
                return False
            if frame.kind != frames.SETTINGS or frame.flags & frames.ACK:
                self.close("the peer's first frame is no SETTINGS", _CODES.PROTOCOL_ERROR)
                return False
            self._is_greeted = True
        is_stuffed = frame.kind == frames.SETTINGS and frame.flags & frames.ACK and frame.payload  # h2: another error
        if not frame.is_whole or is_stuffed:
            self.close("a frame longer than one may be", _CODES.FRAME_SIZE_ERROR)
            return False
        is_over = 0 < frame.stream <= self._highest and frame.stream not in self._calls
        if self._floods.admits(frame, is_over=is_over, is_late=frame.stream in self._late, now=self._now):
            return True
        self._calm()
        return False

    def _calm(self) -> None:
        self.close("the peer floods: resets, or frames that move nothing", _CODES.ENHANCE_YOUR_CALM)

    def _is_farewell(self, frame: frames.Frame) -> bool:
        """Take a GOAWAY that means no harm, which h2 would not survive; whether it was one."""
        payload = frame.payload
        if frame.kind != frames.GOAWAY or frame.stream or self._floods.in_headers or len(payload) < 8:
            return False
        if int.from_bytes(payload[4:8]) != _CODES.NO_ERROR:
            return False
        if not self._peer_is_leaving:
            self._peer_is_leaving = True
            self._events.append(Draining())
        if self._side is Side.CLIENT:
            last = int.from_bytes(payload[:4]) & _LAST_STREAM
            for stream in [number for number in self._calls if number > last]:
                self._end(stream, Status.UNAVAILABLE, "the server takes no new calls")
            if not self._calls:
                self._leave_at = -inf
        return True

    def _hand_over(self, octets: bytes) -> None:
        try:
            found = self._h2.receive_data(octets)
        except h2.exceptions.ProtocolError as error:
            self._collect()  # h2 has written its GOAWAY
            self._over(f"the peer broke HTTP/2: {_one_line(error)}")
            return
        except Exception as error:  # h2 asserts what a peer can break: whatever it raises is of this peer's doing
            self.close(f"the peer sent what cannot be read: {type(error).__name__}", _CODES.PROTOCOL_ERROR)
            return
        for event in found:
            self._happened(event)
            if self._is_closed:
                return

    def _happened(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=stream, headers=headers, stream_ended=ended):
                self._begin(stream, _texts(headers), ended=ended is not None)
            case h2.events.ResponseReceived(stream_id=stream, headers=headers, stream_ended=ended):
                self._answered(stream, dict(_texts(headers)), ended=ended is not None)
            case h2.events.TrailersReceived(stream_id=stream, headers=headers):
                if self._side is Side.CLIENT and (call := self._calls.get(stream)):
                    self._finish_by(stream, call, _texts(headers))
            case h2.events.InformationalResponseReceived():
                if not self._floods.admits_crumb(now=self._now):
                    self._calm()
            case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length, stream_ended=ended):
                self._data(stream, data or b"", length or 0, ended=ended is not None)
            case h2.events.StreamEnded(stream_id=stream):
                self._peer_ended(stream)
            case h2.events.StreamReset(stream_id=stream, error_code=code, remote_reset=remote):
                if not remote and not self._floods.admits_reset_of_ours(now=self._now):
                    self._calm()
                elif stream in self._calls:
                    why = "the peer gave the call up" if remote else "the peer broke the call"
                    self._end(stream, status_of_reset(int(code or 0)), why)
            case h2.events.WindowUpdated(stream_id=stream):
                self._pump(stream) if stream else self._pump_all()
            case h2.events.RemoteSettingsChanged():
                self._pump_all()
            case h2.events.ConnectionTerminated(error_code=code):
                self._over(f"the peer ended the connection ({_code_name(code)})")
            case _:
                pass

    def _begin(self, stream: int, headers: Headers, *, ended: bool) -> None:
        self._highest = max(self._highest, stream)
        if self._is_leaving:  # it crossed our GOAWAY: nothing of it was done, so it may be tried elsewhere
            self._reset(stream, _CODES.REFUSED_STREAM)
            return
        call = self._calls[stream] = CallState(most=self._most, is_told=True)
        call.peer_ended = ended
        try:
            request = read_request(headers)
        except RefusalError as refusal:
            told = dict(headers)
            if told.get(":method") == "GET" and told.get(":path") in self._pages:
                self._events.append(PageAsked(stream, told[":path"]))
                return
            call.head, call.tail, call.ours = [(":status", str(refusal.http_status))], [], Ours.ENDING
            self._pump(stream)
            return
        except CallError as error:
            call.head = response_headers(compress=False)
            self.finish(stream, error.status, error.message, self._now)
            return
        call.deframer = Deframer(encoding=request.encoding, most=self._most)
        call.sends_gzip = request.accepts_gzip
        call.head = response_headers(compress=call.sends_gzip, is_json=request.is_json)
        call.is_told = False
        self._events.append(CallStarted(stream, request))

    def _answered(self, stream: int, headers: dict[str, str], *, ended: bool) -> None:
        call = self._calls.get(stream)
        if call is None:
            return
        status = headers.get(":status", "")
        call.peer_ended = ended
        call.http_status = int(status) if status.isascii() and status.isdigit() else 0
        kind = headers.get("content-type", "")
        if "grpc-status" in headers or call.http_status != 200:
            self._finish_by(stream, call, list(headers.items()))
        elif not is_grpc(kind):
            self._finish(stream, call, Status.UNKNOWN, f"the peer answers with {kind[:64]!r}, which is no gRPC")
        else:
            call.deframer = Deframer(encoding=headers.get("grpc-encoding", "identity"), most=self._most)

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
                self._events.append(MessageReceived(stream, message, call.owe(message)))
                self._check_held()
            self._check_held()
        except CallError as error:
            self._give_up(stream, call, error)
            return
        if not has_message and len(data) < limits.DATA_CRUMB_OCTETS and data and not self._floods.admits_crumb(
            now=self._now
        ):  # fmt: skip
            self._calm()
            return
        self._give_back(call.free(), stream)

    def _check_held(self) -> None:
        if sum(call.held for call in self._calls.values()) > limits.HELD_OCTETS:
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
            self._reset(stream, _CODES.CANCEL)
        self._end(stream, status, message)

    def _give_up(self, stream: int, call: CallState, error: CallError) -> None:
        """End a call that cannot go on, and tell the peer."""
        if self._side is Side.CLIENT:
            self.cancel(stream, error.status, error.message, self._now)
        else:
            self._tell(stream, call, error.status, error.message)
            self.finish(stream, error.status, error.message, self._now)

    # What goes out.

    def start_call(self, path: str, *, timeout: float | None, metadata: dict[str, str] | None = None) -> int:
        """Begin a call (client side); ``timeout`` is in seconds from now. Raises CallError unless ``can_call``."""
        if not self.can_call():
            raise CallError(Status.UNAVAILABLE, "the connection takes no more calls")
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(
            stream, request_headers(path, authority=self._authority, timeout=timeout, metadata=metadata)
        )
        call = self._calls[stream] = CallState(most=self._most, is_told=False)
        call.sends_gzip = True
        self._highest = stream
        self._floods.began_call()
        self._collect()
        return stream

    def send(self, stream: int, message: bytes, now: float, *, compress: bool = False) -> None:
        """Queue a message; on a call that is over, or was ended, it goes nowhere."""
        call = self._calls.get(stream)
        if call is not None and call.ours is Ours.OPEN:
            self._now = now
            call.unsent += frame(message, compress=compress and call.sends_gzip)
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
            call.unsent += body
            call.ours = Ours.ENDING
            self._pump(stream)

    def cancel(self, stream: int, status: Status, message: str, now: float) -> None:
        """Give a call up at once: its other end learns no more than that."""
        if stream in self._calls:
            self._now = now
            exhausted = status is Status.RESOURCE_EXHAUSTED
            self._reset(stream, _CODES.ENHANCE_YOUR_CALM if exhausted else _CODES.CANCEL)
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
        self._out += frames.goaway(self._last_of_peer(), _CODES.NO_ERROR)

    def close(self, reason: str, code: int = _CODES.NO_ERROR) -> None:
        """End the connection and every call on it."""
        if not self._is_closed:
            self._collect()
            self._out += frames.goaway(self._last_of_peer(), code, reason)
            self._over(reason)

    def _last_of_peer(self) -> int:
        return self._highest if self._side is Side.SERVER else 0

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

    def _reset(self, stream: int, code: int) -> None:
        """Reset a stream before its peer has ended it; what comes of it from now on is late, and no fault."""
        try:
            self._h2.reset_stream(stream, code)
        except h2.exceptions.ProtocolError:
            return  # it is closed already
        self._late[stream] = None
        if len(self._late) > limits.LATE_STREAMS:
            del self._late[next(iter(self._late))]
        self._collect()

    def _give_back(self, octets: int, stream: int) -> None:
        if octets and not self._is_closed:
            try:
                self._h2.acknowledge_received_data(octets, stream)
            except h2.exceptions.ProtocolError:
                return

    def _pump_all(self) -> None:
        """Send what the windows take, a frame of each call in turn."""
        waiting = list(self._calls)
        while waiting and len(self._out) < limits.READY_OCTETS:
            waiting = [stream for stream in waiting if self._sends_more(stream)]

    def _pump(self, stream: int) -> None:
        while len(self._out) < limits.READY_OCTETS and self._sends_more(stream):
            pass

    def _sends_more(self, stream: int) -> bool:
        """Send the next frame of a call, or its end; whether there is more that could follow."""
        call = self._calls.get(stream)
        if call is None or self._is_closed or not (call.unsent or call.ours is Ours.ENDING):
            return False
        try:
            return self._sent(stream, call)
        except h2.exceptions.ProtocolError as error:
            self._end(stream, Status.UNAVAILABLE, f"the call is over: {_one_line(error)}")
            return False
        finally:
            self._collect()

    def _sent(self, stream: int, call: CallState) -> bool:
        if call.head is not None:
            head, call.head = call.head, None
            if call.tail is not None and not call.unsent:
                self._h2.send_headers(stream, head + call.tail, end_stream=True)
                self._done(stream, call)
                return False
            self._h2.send_headers(stream, head)
        if call.unsent:
            window = self._h2.local_flow_control_window(stream)
            piece = bytes(call.unsent[: max(0, min(window, frames.MOST_OCTETS))])
            if piece:
                del call.unsent[: len(piece)]
                self._h2.send_data(stream, piece)
                self._floods.sent_data()
            call.moved(len(piece), is_shut=bool(call.unsent) and len(piece) >= window, now=self._now)
            if call.unsent:
                if piece:  # whoever waits longest is next
                    self._calls[stream] = self._calls.pop(stream)
                return bool(piece)
            if call.ours is Ours.OPEN:
                self._events.append(Writable(stream))
                return False
        if call.tail is not None:
            self._h2.send_headers(stream, call.tail, end_stream=True)
        else:
            self._h2.end_stream(stream)
        self._done(stream, call)
        return False

    def _done(self, stream: int, call: CallState) -> None:
        """Our side is at its end; with a server's the call is, and a client that still sends is told to stop."""
        call.ours = Ours.ENDED
        if self._side is Side.SERVER:
            if not call.peer_ended:
                self._reset(stream, _CODES.NO_ERROR)
            self._end(stream, *call.outcome)

    def _collect(self) -> None:
        """Take over what h2 has written; a peer that lets answers pile up is sent away."""
        self._out += self._h2.data_to_send()
        if len(self._out) > limits.READY_OCTETS + limits.UNSENT_CONTROL_OCTETS and not self._is_closed:
            self._out.clear()
            self._over("the peer takes nothing of what it asks for")


def _begun_h2(side: Side) -> h2.connection.H2Connection:
    is_client = side is Side.CLIENT
    begun = h2.connection.H2Connection(h2.config.H2Configuration(client_side=is_client, header_encoding="utf-8"))
    codes = h2.settings.SettingCodes
    begun.local_settings = h2.settings.Settings(
        client=is_client,
        initial_values={
            codes.ENABLE_PUSH: 0,
            codes.MAX_CONCURRENT_STREAMS: limits.STREAMS,
            codes.INITIAL_WINDOW_SIZE: limits.STREAM_WINDOW,
            codes.MAX_HEADER_LIST_SIZE: limits.HEADER_LIST_OCTETS,
        },
    )
    begun.decoder.max_header_list_size = limits.HEADER_LIST_OCTETS  # new settings do not reach it
    begun.initiate_connection()
    begun.increment_flow_control_window(limits.CONNECTION_WINDOW - 65_535)  # the settings do not reach this one
    return begun


def _texts(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Headers as text, which h2 has decoded."""
    return [(str(name), str(value)) for name, value in headers]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _code_name(code: int | None) -> str:
    try:
        return _CODES(code or 0).name
    except ValueError:
        return str(code)
