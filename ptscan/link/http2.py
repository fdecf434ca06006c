"""HTTP/2 under the calls: h2, with what h2 leaves to its user: floods, times, farewells, late frames. Pure.

What comes is cut into frames (frames.py), judged by what they cost and move (floods.py), and handed to h2 one by one,
which judges the form. A GOAWAY that means no harm is kept from h2, which would drop the calls that are still open.
"""

from collections.abc import Container, Iterable, Iterator
from math import inf
from typing import Final, TypeAlias

import h2.errors
import h2.events
import h2.exceptions
import hpack
import msgspec

from ptscan.link import frames, limits
from ptscan.link.beginning import begin_h2
from ptscan.link.floods import Floods
from ptscan.link.frames import Frame, FrameCutter
from ptscan.link.headers import Headers

CODES: Final = h2.errors.ErrorCodes
LAST_STREAM: Final = 2**31 - 1
_PING: Final = b"ptscan\0\0"


class BrokenError(Exception):
    """The connection cannot go on: why, and the code to say so by; no code where h2 has said it already."""

    def __init__(self, reason: str, code: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Farewell(msgspec.Struct, frozen=True):
    """The peer takes no new streams: those up to ``last`` go on."""

    last: int


Happening: TypeAlias = h2.events.Event | Farewell


class Http2:
    """One end of a connection."""

    def __init__(self, *, is_client: bool, now: float, ping_seconds: float = limits.PING_SECONDS,
                 frame_octets: int = limits.FRAME_OCTETS) -> None:  # fmt: skip
        """``ping_seconds`` may a peer be silent before it is asked whether it lives.

        ``frame_octets`` may one frame of DATA have that comes.
        """
        self._h2 = begin_h2(is_client=is_client, frame_octets=frame_octets)
        self._cutter = FrameCutter(preface=not is_client, most=frame_octets)
        self._floods = Floods(now=now)
        self._is_client = is_client
        self._late: dict[int, None] = {}
        self._ended: dict[int, None] = {}
        self._began = now
        self._heard = now
        self._pinged: float | None = None
        self._ping_seconds = ping_seconds
        self._batches_since_ping = 0
        self._is_greeted = False
        self.highest = 0
        """The highest stream that was begun."""
        self._out: list[bytes] = []
        self.ready = 0
        """Octets that are to be written."""
        self.collect()

    # Time.

    def due(self) -> float:
        """When ``tick`` is due."""
        preface = inf if self._is_greeted else self._began + limits.PREFACE_SECONDS
        silence = self._heard + self._ping_seconds if self._pinged is None else self._pinged + limits.PING_SECONDS
        return min(preface, self._floods.headers_due, silence)

    def tick(self, now: float) -> None:
        """Ask a silent peer whether it lives; raises BrokenError where what has to come did not."""
        if not self._is_greeted and now >= self._began + limits.PREFACE_SECONDS:
            raise BrokenError("no HTTP/2 preface came", CODES.NO_ERROR)
        if now >= self._floods.headers_due:
            raise BrokenError("a header block or a frame was begun and not ended", CODES.ENHANCE_YOUR_CALM)
        if self._pinged is not None and now >= self._pinged + limits.PING_SECONDS:
            raise BrokenError("the peer no longer answers", CODES.NO_ERROR)
        if self._pinged is None and now >= self._heard + self._ping_seconds:
            self._pinged = now
            self._batches_since_ping = 0
            self._h2.ping(_PING)
            self.collect()

    def went_out(self, now: float) -> None:
        """The transport took a piece of what ``take_out`` gave: a ping behind it waits for no answer yet."""
        if self._pinged is not None and self._batches_since_ping < 2:
            self._pinged = now

    # What comes in.

    def receive(self, data: bytes, *, open_streams: Container[int], now: float) -> Iterator[Happening]:
        """Yield what happens; raises BrokenError where the peer goes too far."""
        self._heard = now
        self._pinged = None
        for item in self._cutter.feed(data):
            if isinstance(item, bytes):
                yield from self._hand_over(item)
                continue
            self._judge(item, open_streams, now)
            if (farewell := self._farewell(item)) is not None:
                yield farewell
            else:
                yield from self._hand_over(item.octets)
        self._floods.pause(in_frame=self._cutter.has_begun_frame, now=now)

    def _judge(self, frame: Frame, open_streams: Container[int], now: float) -> None:
        """Look at a frame from outside."""
        is_ack = frame.kind == frames.SETTINGS and bool(frame.flags & frames.ACK)
        if not self._is_greeted:
            if frame.octets.startswith(b"HTTP/"):
                raise BrokenError("the peer speaks HTTP/1", CODES.HTTP_1_1_REQUIRED)
            if frame.kind != frames.SETTINGS or is_ack:
                raise BrokenError("the peer's first frame is no SETTINGS", CODES.PROTOCOL_ERROR)
            self._is_greeted = True
        if not frame.is_whole or (is_ack and frame.payload):  # of the second h2 says PROTOCOL_ERROR
            raise BrokenError("a frame longer than one may be", CODES.FRAME_SIZE_ERROR)
        # What h2 lets pass. Nobody begins streams of even numbers: those are for pushes, which are not taken.
        if frame.kind == frames.HEADERS and frame.stream % 2 == 0:
            raise BrokenError("the peer begins a stream that is not its own", CODES.PROTOCOL_ERROR)
        if frame.kind == frames.RST_STREAM and (frame.stream % 2 == 0 or frame.stream > self.highest):
            raise BrokenError("the peer resets a stream that nobody began", CODES.PROTOCOL_ERROR)
        if frame.kind in (frames.DATA, frames.HEADERS) and frame.stream in self._ended:
            raise BrokenError("the server goes on behind its own end of a call", CODES.STREAM_CLOSED)
        is_over = 0 < frame.stream <= self.highest and frame.stream not in open_streams
        if not self._floods.admits(frame, is_over=is_over, is_late=frame.stream in self._late, now=now):
            raise _flooded()

    def count_crumb(self, now: float) -> None:
        """Count what brought a call no further; raises BrokenError where it is one too many."""
        if not self._floods.admits_crumb(now=now):
            raise _flooded()

    def count_reset(self, now: float) -> None:
        """Count a stream that was ended for what the peer did; raises BrokenError where it is one too many."""
        if not self._floods.admits_reset_of_ours(now=now):
            raise _flooded()

    def _farewell(self, frame: Frame) -> Farewell | None:
        if frame.kind != frames.GOAWAY or frame.stream or self._floods.in_headers or len(payload := frame.payload) < 8:
            return None
        if int.from_bytes(payload[4:8]) != CODES.NO_ERROR:
            return None
        return Farewell(int.from_bytes(payload[:4]) & LAST_STREAM)

    def _hand_over(self, octets: bytes) -> Iterable[h2.events.Event]:
        self.collect()
        try:
            found = self._h2.receive_data(octets)
            for event in found:
                if isinstance(event, h2.events.RemoteSettingsChanged):
                    self._bound_encoder()
                elif isinstance(event, h2.events.StreamEnded) and self._is_client:
                    _remember(self._ended, event.stream_id)
            return found
        except h2.exceptions.ProtocolError as error:
            is_bomb = isinstance(error, h2.exceptions.DenialOfServiceError)
            if (
                isinstance(error.__cause__, hpack.HPACKError) and not is_bomb
            ):  # RFC 9113 section 4.3; h2 says PROTOCOL_ERROR
                self._h2.clear_outbound_data_buffer()
                raise BrokenError(f"the peer broke HPACK: {one_line(error)}", CODES.COMPRESSION_ERROR) from error
            self.collect()  # h2 has written its GOAWAY
            raise BrokenError(f"the peer broke HTTP/2: {one_line(error)}", None) from error
        except Exception as error:  # h2 asserts what a peer can break: whatever it raises is of this peer's doing
            what = type(error).__name__
            raise BrokenError(f"the peer sent what cannot be read: {what}", CODES.PROTOCOL_ERROR) from error

    def _bound_encoder(self) -> None:
        """Keep what the peer's settings make us remember of headers small, and what is to be told of it."""
        encoder = self._h2.encoder
        if encoder.header_table_size > limits.HEADER_TABLE_OCTETS:
            encoder.header_table_size = limits.HEADER_TABLE_OCTETS
        if len(told := encoder.table_size_changes) > 2:  # RFC 7541 section 4.2: the smallest, then the last
            encoder.table_size_changes = [min(told), told[-1]]

    # What goes out. What h2 refuses because the stream is over raises its ProtocolError.

    @property
    def most_streams(self) -> int:
        """How many streams the peer takes at once."""
        return self._h2.remote_settings.max_concurrent_streams

    def begin(self, headers: Headers) -> int:
        """Open a stream (client side)."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, headers)
        self.highest = stream
        self._floods.began_call()
        self.collect()
        return stream

    def send_headers(self, stream: int, headers: Headers, *, ends: bool = False) -> None:
        """Send a header block."""
        self._h2.send_headers(stream, headers, end_stream=ends)

    def window(self, stream: int) -> int:
        """Octets that the peer takes on a stream now."""
        return self._h2.local_flow_control_window(stream)

    @property
    def frame_octets(self) -> int:
        """Octets that a frame of DATA may have: few enough that other calls need not wait long behind it."""
        return min(self._h2.max_outbound_frame_size, limits.FRAME_OCTETS)

    def send_data(self, stream: int, piece: bytes) -> None:
        """Send no more than ``window``, and no more than ``frame_octets``."""
        self._h2.send_data(stream, piece)
        self._floods.sent_data(len(piece))

    def end_stream(self, stream: int) -> None:
        """End our side of a stream."""
        self._h2.end_stream(stream)

    def reset(self, stream: int, code: int) -> None:
        """Reset a stream before its peer has ended it; what comes of it from now on is late, and no fault."""
        try:
            self._h2.reset_stream(stream, code)
        except h2.exceptions.ProtocolError:
            return  # it is closed already
        _remember(self._late, stream)
        self.collect()

    def give_back(self, octets: int, stream: int) -> None:
        """Open the peer's windows again by so much."""
        if octets:
            try:
                self._h2.acknowledge_received_data(octets, stream)
            except h2.exceptions.ProtocolError:
                return

    def goaway(self, last: int, code: int, reason: str = "") -> None:
        """Say that no new streams are taken, or, with a reason, that this is the end."""
        self.collect()
        self._put(frames.goaway(last, code, reason))

    def take_out(self) -> bytes:
        """Everything that is to be written now."""
        data = b"".join(self._out)  # of one piece alone no copy is made
        self.forget()
        self._batches_since_ping += 1
        return data

    def forget(self) -> None:
        """Write nothing of what is to be written."""
        self._out.clear()
        self.ready = 0

    def collect(self) -> None:
        """Take over what h2 has written."""
        if written := self._h2.data_to_send():
            self._put(written)

    def _put(self, octets: bytes) -> None:
        self._out.append(octets)
        self.ready += len(octets)


def _remember(streams: dict[int, None], stream: int) -> None:
    streams[stream] = None
    if len(streams) > limits.LATE_STREAMS:
        del streams[next(iter(streams))]


def _flooded() -> BrokenError:
    return BrokenError("the peer floods: resets, or frames that move nothing", CODES.ENHANCE_YOUR_CALM)


def one_line(error: Exception) -> str:
    """An error as it may stand in a log."""
    return " ".join(str(error).split())[:200]


def code_name(code: int | None) -> str:
    """An error code as it may stand in a log."""
    try:
        return str(CODES(code or 0).name)
    except ValueError:
        return str(code)


def texts_of(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Headers:
    """Headers as text, which h2 has decoded."""
    return [(str(name), str(value)) for name, value in headers]
