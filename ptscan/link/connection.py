"""One end of a connection, without I/O: gRPC's calls on HTTP/2, whatever the peer sends and whenever.

Theory of operation. Octets go in by ``receive``, with the time; events come out by ``next_event``; what is to be sent
is taken by ``data_to_send``. ``next_deadline`` says when ``tick`` is due if nothing comes before. The peer's frames are
cut apart first (frames.py): they are counted against budgets there, the header block is timed, and a GOAWAY that
means no harm is kept from h2, which would drop the calls that are still open. All else is h2's, which judges the form.

Flow control is the back-pressure. What a whole message took is given back only when the application has taken the
message (``credit``); what an unfinished message took is given back at once, for a message may be longer than a window.
What the application sends waits here until the peer's window takes it: ``unsent`` says how much does.

Whatever a peer does ends its own call or its own connection: no method raises for it.
"""

from collections import deque
from collections.abc import Iterable
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
from ptscan.link.budget import Budget
from ptscan.link.events import (
    CallEnded,
    CallStarted,
    Closed,
    Draining,
    Event,
    MessageReceived,
    PeerEnded,
    Writable,
)
from ptscan.link.framing import Deframer, frame
from ptscan.link.headers import (
    Headers,
    RefusalError,
    read_request,
    read_status,
    request_headers,
    response_headers,
    trailers,
)
from ptscan.link.status import CallError, Status, status_of_reset

_CODES: Final = h2.errors.ErrorCodes
_LAST_STREAM: Final = 2**31 - 1


class Side(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class _Call:
    """One stream: what came of a message, what waits to be sent, and how far it has got."""

    __slots__ = (
        "deframer", "ended_by_peer", "ending", "headers_sent", "http_status", "is_json", "owed", "sends_gzip",
        "stalled_since", "uncredited", "unsent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.deframer = Deframer()
        self.unsent = bytearray()
        self.ending: Headers | bool = False
        """What is to follow once all is sent: nothing, the end of the stream, or trailers."""
        self.headers_sent = False
        self.ended_by_peer = False
        self.http_status = 200
        self.sends_gzip = False
        self.is_json = False
        self.uncredited = 0
        self.owed = 0
        self.stalled_since: float | None = None


class Connection:
    """One end of one connection; see the module."""

    def __init__(self, side: Side, *, now: float, authority: str = "") -> None:
        """``authority`` is the server's, for a client's requests."""
        self._side = side
        self._authority = authority
        config = h2.config.H2Configuration(client_side=side is Side.CLIENT, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings = h2.settings.Settings(
            client=side is Side.CLIENT,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: limits.STREAMS,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: limits.STREAM_WINDOW,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: limits.HEADER_LIST_OCTETS,
            },
        )
        self._h2.decoder.max_header_list_size = limits.HEADER_LIST_OCTETS  # new settings do not reach it
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(limits.CONNECTION_WINDOW - 65_535)
        self._cutter = frames.FrameCutter(preface=side is Side.SERVER)
        self._calls: dict[int, _Call] = {}
        self._events: deque[Event] = deque()
        self._out = bytearray()
        self._resets = Budget(*limits.RESETS, now=now)
        self._controls = Budget(*limits.CONTROL_FRAMES, now=now)
        self._empties = Budget(*limits.EMPTY_FRAMES, now=now)
        self._began = now
        self._heard = now
        self._headers_since: float | None = None
        self._pinged: float | None = None
        self._drain_until = inf
        self._draining = False
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
        return self._draining or self._is_closed

    @property
    def calls(self) -> int:
        """How many calls are open."""
        return len(self._calls)

    def can_call(self) -> bool:
        """Whether a call may begin now; one too many would end the connection."""
        most = min(self._h2.remote_settings.max_concurrent_streams, limits.STREAMS)
        return not self.is_draining and len(self._calls) < most

    def unsent(self, stream: int) -> int:
        """Octets of a call that wait for the peer's window."""
        call = self._calls.get(stream)
        return len(call.unsent) if call else 0

    def next_event(self) -> Event | None:
        """What happened, in order; None for nothing more."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Everything that is to be written now; it is the driver's from here on."""
        data = bytes(self._out)
        self._out.clear()
        self._pump_all()
        return data

    def has_data(self) -> bool:
        """Whether something is to be written."""
        return bool(self._out)

    def next_deadline(self) -> float:
        """When ``tick`` is due."""
        if self._is_closed:
            return inf
        deadlines = [self._drain_until]
        if self._cutter.awaits_preface:
            deadlines.append(self._began + limits.PREFACE_SECONDS)
        if self._headers_since is not None:
            deadlines.append(self._headers_since + limits.HEADER_SECONDS)
        deadlines.append((self._heard if self._pinged is None else self._pinged) + limits.PING_SECONDS)
        deadlines += [
            call.stalled_since + limits.SEND_SECONDS for call in self._calls.values() if call.stalled_since is not None
        ]
        return min(deadlines)

    def tick(self, now: float) -> None:
        """Do what time demands: ask whether the peer lives, give up on what does not come."""
        if self._is_closed:
            return
        if self._cutter.awaits_preface and now >= self._began + limits.PREFACE_SECONDS:
            self.close("no HTTP/2 preface came")
        elif self._headers_since is not None and now >= self._headers_since + limits.HEADER_SECONDS:
            self.close("a header block was begun and not ended", _CODES.ENHANCE_YOUR_CALM)
        elif now >= self._drain_until:
            self.close("")
        elif self._pinged is not None and now >= self._pinged + limits.PING_SECONDS:
            self.close("the peer no longer answers")
        elif self._pinged is None and now >= self._heard + limits.PING_SECONDS:
            self._pinged = now
            self._h2.ping(b"ptscan\0\0")
            self._collect()
        for stream, call in list(self._calls.items()):
            if call.stalled_since is not None and now >= call.stalled_since + limits.SEND_SECONDS:
                self.cancel(stream, Status.UNAVAILABLE, "the peer takes nothing", now)

    # What comes in.

    def receive(self, data: bytes, now: float) -> None:
        """Take what the peer sent."""
        if self._is_closed:
            return
        self._heard = now
        self._pinged = None
        for item in self._cutter.feed(data):
            if isinstance(item, bytes):
                self._hand_over(item, now)
            elif self._within_budget(item, now) and not self._took(item):
                self._hand_over(item.octets, now)
            if self._is_closed:
                return
        self._collect()
        self._pump_all(now)

    def receive_end(self) -> None:
        """The peer closed its side of the transport."""
        self.close("" if not self._calls else "the connection was cut")

    def _within_budget(self, frame: frames.Frame, now: float) -> bool:
        """Count what costs its sender nothing; a peer that floods is sent away."""
        kind = frame.kind
        if kind in (frames.SETTINGS, frames.PING):
            budget = self._controls
        elif kind == frames.RST_STREAM:
            budget = self._resets
        elif kind > frames.CONTINUATION or kind in (frames.PRIORITY, frames.WINDOW_UPDATE) or not frame.payload:
            budget = self._empties
        else:
            budget = None
        if kind in (frames.HEADERS, frames.CONTINUATION):
            ended = frame.flags & frames.END_HEADERS
            self._headers_since = None if ended else (self._headers_since if self._headers_since is not None else now)
        if budget is None or budget.spend(now=now):
            return True
        self.close("too many frames that move nothing", _CODES.ENHANCE_YOUR_CALM)
        return False

    def _took(self, frame: frames.Frame) -> bool:
        """Whether a frame is none of h2's business: a GOAWAY without an error, and PRIORITY, which means nothing."""
        if frame.kind == frames.PRIORITY:
            return True
        payload = frame.payload
        if frame.kind != frames.GOAWAY or len(payload) < 8 or int.from_bytes(payload[4:8]):
            return False
        last = int.from_bytes(payload[:4]) & _LAST_STREAM
        if not self._draining:
            self._draining = True
            self._events.append(Draining())
        for stream in [number for number in self._calls if number > last and self._side is Side.CLIENT]:
            self._end(stream, Status.UNAVAILABLE, "the server takes no new calls")
        return True

    def _hand_over(self, octets: bytes, now: float) -> None:
        try:
            found = self._h2.receive_data(octets)
        except h2.exceptions.ProtocolError as error:
            self._collect()  # h2 has written its GOAWAY
            self._over(f"the peer broke HTTP/2: {error}")
            return
        except (UnicodeDecodeError, ValueError, KeyError, IndexError) as error:
            self.close(f"the peer sent what cannot be read: {type(error).__name__}", _CODES.PROTOCOL_ERROR)
            return
        for event in found:
            self._happened(event, now)
            if self._is_closed:
                return

    def _happened(self, event: h2.events.Event, now: float) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=stream, headers=headers):
                self._begin(stream, _texts(headers), now)
            case h2.events.ResponseReceived(stream_id=stream, headers=headers):
                self._answered(stream, dict(_texts(headers)))
            case h2.events.TrailersReceived(stream_id=stream, headers=headers):
                if self._side is Side.CLIENT and (call := self._calls.get(stream)):
                    self._finish_by(stream, call, _texts(headers))
            case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                self._data(stream, data or b"", length or 0, now)
            case h2.events.StreamEnded(stream_id=stream):
                self._peer_ended(stream, now)
            case h2.events.StreamReset(stream_id=stream, error_code=code, remote_reset=remote):
                if not remote and not self._resets.spend(now=now):
                    self.close("too many calls that had to be reset", _CODES.ENHANCE_YOUR_CALM)
                elif stream in self._calls:
                    self._end(stream, status_of_reset(int(code or 0)), "the peer gave the call up")
            case h2.events.WindowUpdated(stream_id=stream):
                for number in [stream] if stream else list(self._calls):
                    self._pump(number, now)
            case h2.events.RemoteSettingsChanged():
                self._pump_all(now)
            case h2.events.ConnectionTerminated(error_code=code):
                self._over(f"the peer ended the connection ({_code_name(code)})")
            case _:
                pass

    def _begin(self, stream: int, headers: Headers, now: float) -> None:
        self._highest = max(self._highest, stream)
        call = self._calls[stream] = _Call()
        try:
            request = read_request(headers)
        except RefusalError as refusal:
            self._h2.send_headers(stream, [(":status", str(refusal.http_status))], end_stream=True)
            self._drop(stream)
            return
        except CallError as error:
            self.finish(stream, error.status, error.message, now)
            return
        call.deframer = Deframer(encoding=request.encoding)
        call.sends_gzip = request.accepts_gzip
        call.is_json = request.is_json
        self._events.append(CallStarted(stream, request))

    def _answered(self, stream: int, headers: dict[str, str]) -> None:
        call = self._calls.get(stream)
        if call is None:
            return
        status = headers.get(":status", "")
        call.http_status = int(status) if status.isascii() and status.isdigit() else 0
        if "grpc-status" in headers or call.http_status != 200:
            code, message = read_status(headers.items(), http_status=call.http_status)
            self._end(stream, code, message)
            return
        call.deframer = Deframer(encoding=headers.get("grpc-encoding", "identity"))

    def _data(self, stream: int, data: bytes, length: int, now: float) -> None:
        call = self._calls.get(stream)
        if call is None:  # a call that is over: its octets are given back, or the connection stalls
            self._give_back(length, stream)
            return
        call.uncredited += length
        try:
            for message in call.deframer.feed(data):
                octets = min(len(message) + limits.PREFIX_OCTETS, call.uncredited - call.owed)
                call.owed += octets
                self._events.append(MessageReceived(stream, message, octets))
        except CallError as error:
            self._give_up(stream, error, now)
            return
        self._credit_free(stream, call)

    def _peer_ended(self, stream: int, now: float) -> None:
        call = self._calls.get(stream)
        if call is None:
            return
        call.ended_by_peer = True
        if not call.deframer.is_whole:
            self._give_up(stream, CallError(Status.INTERNAL, "the last message is cut short"), now)
        elif self._side is Side.SERVER:
            self._events.append(PeerEnded(stream))
        else:
            self._end(stream, Status.INTERNAL, "the server ended the call without a status")

    def _finish_by(self, stream: int, call: _Call, headers: Headers) -> None:
        status, message = read_status(headers, http_status=call.http_status)
        if not call.deframer.is_whole and status is Status.OK:
            status, message = Status.INTERNAL, "the last message is cut short"
        self._end(stream, status, message)

    def _give_up(self, stream: int, error: CallError, now: float) -> None:
        """End a call that cannot go on, and tell the peer."""
        if self._side is Side.SERVER:
            self._events.append(CallEnded(stream, error.status, error.message))
            self.finish(stream, error.status, error.message, now)
        else:
            self.cancel(stream, error.status, error.message, now)

    # What goes out.

    def start_call(self, path: str, *, timeout: float | None, metadata: dict[str, str] | None = None) -> int:
        """Begin a call (client side, and only where ``can_call``); ``timeout`` is in seconds from now."""
        stream = self._h2.get_next_available_stream_id()
        headers = request_headers(path, authority=self._authority, timeout=timeout, metadata=metadata)
        self._h2.send_headers(stream, headers)
        call = self._calls[stream] = _Call()
        call.headers_sent = call.sends_gzip = True
        self._collect()
        return stream

    def send(self, stream: int, message: bytes, now: float, *, compress: bool = False) -> None:
        """Queue a message; on a call that is over it goes nowhere."""
        call = self._calls.get(stream)
        if call is None or call.ending:
            return
        call.unsent += frame(message, compress=compress and call.sends_gzip)
        self._pump(stream, now)

    def end(self, stream: int, now: float) -> None:
        """Say that nothing more will be sent (client side)."""
        if call := self._calls.get(stream):
            call.ending = call.ending or True
            self._pump(stream, now)

    def finish(self, stream: int, status: Status, message: str, now: float) -> None:
        """End a call by its status, behind what is still to be sent of it (server side)."""
        call = self._calls.get(stream)
        if call is None:
            return
        if status is not Status.OK:
            call.unsent.clear()
        call.ending = trailers(status, message)
        self._pump(stream, now)

    def cancel(self, stream: int, status: Status, message: str, now: float) -> None:
        """Give a call up at once: its other end learns no more than that."""
        if stream in self._calls:
            code = _CODES.CANCEL if status is not Status.RESOURCE_EXHAUSTED else _CODES.ENHANCE_YOUR_CALM
            self._reset(stream, code)
            self._end(stream, status, message)

    def credit(self, stream: int, octets: int) -> None:
        """The application has taken a message that came with so many octets."""
        call = self._calls.get(stream)
        if call is not None:
            call.owed = max(0, call.owed - octets)
            self._credit_free(stream, call)
            self._collect()

    def drain(self, now: float) -> None:
        """Take no new calls; end when those that are open are over, or after DRAIN_SECONDS."""
        if self.is_draining:
            return
        self._draining = True
        self._drain_until = now + limits.DRAIN_SECONDS if self._calls else now
        last = self._highest if self._side is Side.SERVER else 0
        self._out += frames.goaway(last, _CODES.NO_ERROR)

    def close(self, reason: str, code: int = _CODES.NO_ERROR) -> None:
        """End the connection and every call on it."""
        if not self._is_closed:
            self._collect()
            self._out += frames.goaway(self._highest, code, reason)
            self._over(reason)

    def _over(self, reason: str) -> None:
        self._is_closed = True
        for stream in list(self._calls):
            self._end(stream, Status.UNAVAILABLE, reason or "the connection was closed")
        self._events.append(Closed(reason))

    def _end(self, stream: int, status: Status, message: str) -> None:
        self._drop(stream)
        self._events.append(CallEnded(stream, status, message))

    def _drop(self, stream: int) -> None:
        """Forget a call, and give back what nobody will take."""
        call = self._calls.pop(stream, None)
        if call is not None:
            self._give_back(call.uncredited, stream)
        if self._draining and not self._calls and not self._is_closed and self._drain_until < inf:
            self._drain_until = -inf

    def _reset(self, stream: int, code: int) -> None:
        try:
            self._h2.reset_stream(stream, code)
        except h2.exceptions.ProtocolError:
            return  # it is closed already
        self._collect()

    def _credit_free(self, stream: int, call: _Call) -> None:
        free = call.uncredited - call.owed
        if free > 0:
            call.uncredited -= free
            self._give_back(free, stream)

    def _give_back(self, octets: int, stream: int) -> None:
        if octets and not self._is_closed:
            try:
                self._h2.acknowledge_received_data(octets, stream)
            except h2.exceptions.ProtocolError:
                return

    def _pump_all(self, now: float | None = None) -> None:
        for stream in list(self._calls):
            self._pump(stream, now)

    def _pump(self, stream: int, now: float | None) -> None:
        """Send what the windows take of a call, then its end."""
        call = self._calls.get(stream)
        if call is None or self._is_closed:
            return
        try:
            waited = len(call.unsent)
            if (waited or call.ending) and not call.headers_sent and self._side is Side.SERVER:
                if isinstance(call.ending, list) and not waited:
                    self._trailers_only(stream, call)
                    return
                self._h2.send_headers(stream, response_headers(compress=call.sends_gzip, is_json=call.is_json))
                call.headers_sent = True
            while call.unsent and len(self._out) < limits.UNSENT_OCTETS:
                room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
                if room <= 0:
                    break
                piece = bytes(call.unsent[:room])
                del call.unsent[:room]
                self._h2.send_data(stream, piece)
                self._collect()
            if call.unsent:
                if now is not None and (call.stalled_since is None or len(call.unsent) < waited):
                    call.stalled_since = now
                return
            call.stalled_since = None
            if call.ending is True:
                call.ending = []
                self._h2.end_stream(stream)
            elif call.ending and isinstance(call.ending, list):
                self._h2.send_headers(stream, call.ending, end_stream=True)
                self._done(stream, call)
            elif waited:
                self._events.append(Writable(stream))
        except h2.exceptions.ProtocolError as error:
            self._end(stream, Status.UNAVAILABLE, f"the call is over: {error}")
        self._collect()

    def _trailers_only(self, stream: int, call: _Call) -> None:
        head = response_headers(compress=False, is_json=call.is_json)
        self._h2.send_headers(
            stream, head + list(call.ending if isinstance(call.ending, list) else []), end_stream=True
        )
        self._done(stream, call)

    def _done(self, stream: int, call: _Call) -> None:
        """A server's call is over; a client that still sends is told to stop."""
        if not call.ended_by_peer:
            self._reset(stream, _CODES.NO_ERROR)
        self._drop(stream)
        self._collect()

    def _collect(self) -> None:
        """Take over what h2 has written; a peer that lets answers pile up is sent away."""
        self._out += self._h2.data_to_send()
        if len(self._out) > limits.UNSENT_OCTETS + limits.UNSENT_CONTROL_OCTETS and not self._is_closed:
            self._out.clear()
            self._over("the peer takes nothing of what it asks for")


def _texts(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Headers as text, which h2 has decoded."""
    return [(str(name), str(value)) for name, value in headers]


def _code_name(code: int | None) -> str:
    try:
        return _CODES(code or 0).name
    except ValueError:
        return str(code)
