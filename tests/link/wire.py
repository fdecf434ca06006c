"""Two ends in memory, and a hostile peer that writes frames by hand."""

import struct
from collections.abc import Iterable, Iterator

from hpack import Encoder

from ptscan.link import limits
from ptscan.link.connection import Connection, Side
from ptscan.link.events import Event
from ptscan.link.frames import PREFACE, Frame, FrameCutter

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR = range(
    7
)
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(7, 12)

PATH = "/ptscan.v1.Agent/Upload"
CALL = [
    (":method", "POST"),
    (":scheme", "https"),
    (":path", PATH),
    (":authority", "collector"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def message(body: bytes, *, flag: int = 0) -> bytes:
    return bytes((flag,)) + len(body).to_bytes(4, "big") + body


def window_update(increment: int, stream: int = 0) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


def reset(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last: int = 0, code: int = NO_ERROR, stream: int = 0) -> bytes:
    return frame(GOAWAY, 0, stream, last.to_bytes(4, "big") + code.to_bytes(4, "big"))


def events(end: Connection) -> list[Event]:
    found = []
    while (event := end.next_event()) is not None:
        found.append(event)
    return found


def drained(end: Connection) -> bytes:
    """Everything that an end has to send."""
    out = bytearray()
    while data := end.data_to_send():
        out += data
    return bytes(out)


def frames_of(octets: bytes, *, preface: bool = False) -> list[Frame]:
    return [
        item for item in FrameCutter(preface=preface, most=limits.FRAME_OCTETS).feed(octets) if isinstance(item, Frame)
    ]


def shuttle(one: Connection, other: Connection, *, now: float = 0.0, piece: int = 0) -> None:
    """Carry octets both ways until none are left, ``piece`` at a time."""
    moved = True
    while moved:
        moved = False
        for source, sink in ((one, other), (other, one)):
            while data := source.data_to_send():
                moved = True
                for part in pieces(data, piece or len(data)):
                    sink.receive(part, now)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def two_ends() -> tuple[Connection, Connection]:
    client, server = Connection(Side.CLIENT, now=0.0, authority="collector"), Connection(Side.SERVER, now=0.0)
    shuttle(client, server)
    return client, server


class Peer:
    """A client that writes what it likes to a server of ours, and keeps what comes back."""

    def __init__(self, *, greets: bool = True, now: float = 0.0, **options: object) -> None:
        self.now = now
        self.server = Connection(Side.SERVER, now=now, **options)  # type: ignore[arg-type]
        self.hpack = Encoder()
        self.events: list[Event] = []
        self.answers: list[Frame] = []
        self._cutter = FrameCutter(preface=False, most=limits.FRAME_OCTETS)
        if greets:
            self.write(PREFACE + settings())
            self.write(frame(SETTINGS, ACK))
            self.answers.clear()

    def write(self, octets: bytes) -> list[Frame]:
        """Send octets; the frames that come back."""
        self.server.receive(octets, self.now)
        found = [item for item in self._cutter.feed(drained(self.server)) if isinstance(item, Frame)]
        self.answers += found
        self.events += events(self.server)
        return found

    def block(self, headers: Iterable[tuple[str, str]] = CALL) -> bytes:
        return bytes(self.hpack.encode(list(headers), huffman=False))

    def call(self, stream: int = 1, *, flags: int = 0, headers: Iterable[tuple[str, str]] = CALL) -> list[Frame]:
        return self.write(frame(HEADERS, END_HEADERS | flags, stream, self.block(headers)))

    @property
    def goodbye(self) -> int | None:
        """The code of the GOAWAY that came."""
        told = [int.from_bytes(answer.payload[4:8]) for answer in self.answers if answer.kind == GOAWAY]
        return told[-1] if told else None

    @property
    def resets(self) -> list[tuple[int, int]]:
        """The streams that were reset, and the codes."""
        return [(a.stream, int.from_bytes(a.payload)) for a in self.answers if a.kind == RST_STREAM]

    @property
    def lives(self) -> bool:
        """Whether the connection still answers a PING."""
        found = self.write(frame(PING, payload=b"are you?"))
        return not self.server.is_closed and any(
            answer.kind == PING and answer.flags & ACK and answer.payload == b"are you?" for answer in found
        )


class HostileServer:
    """A server that writes what it likes to a client of ours."""

    def __init__(self, *, now: float = 0.0) -> None:
        self.now = now
        self.client = Connection(Side.CLIENT, now=now, authority="collector")
        self.hpack = Encoder()
        self.answers: list[Frame] = []
        self._cutter = FrameCutter(preface=True, most=limits.FRAME_OCTETS)
        self.write(settings() + frame(SETTINGS, ACK))

    def write(self, octets: bytes) -> list[Frame]:
        """Send octets; the frames that come back."""
        self.client.receive(octets, self.now)
        found = [item for item in self._cutter.feed(drained(self.client)) if isinstance(item, Frame)]
        self.answers += found
        return found

    def block(self, headers: Iterable[tuple[str, str]]) -> bytes:
        return bytes(self.hpack.encode(list(headers), huffman=False))

    @property
    def goodbye(self) -> int | None:
        """The code of the GOAWAY that came."""
        told = [int.from_bytes(answer.payload[4:8]) for answer in self.answers if answer.kind == GOAWAY]
        return told[-1] if told else None
