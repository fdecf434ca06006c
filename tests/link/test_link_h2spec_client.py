"""h2spec's 57 cases for a client, written by hand as octets, whole and one at a time (github.com/summerwind/h2spec).

Each is sent by a hostile server in answer to a call, of which our side is over or still open. As h2spec does, an error
of the stream may be answered by ending the connection (``breaks``).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hpack import Encoder

from ptscan.link import limits
from ptscan.link.events import CallEnded

from . import wire
from .wire import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    HostileServer,
    frame,
    reset,
    settings,
    window_update,
)

Case: TypeAlias = tuple[bytes, Callable[[HostileServer], None]]

ANSWER = bytes(Encoder().encode([(":status", "200"), ("content-type", "application/grpc")], huffman=False))
MORE = b"\x00\x01x\x01y"
"""A header that is not remembered."""
WHOLE = END_HEADERS | END_STREAM


# What is expected.


def lives(server: HostileServer) -> None:
    assert server.goodbye is None
    found = server.write(frame(PING, 0, 0, b"are you?"))
    assert [(answer.kind, answer.payload) for answer in found if answer.kind == PING] == [(PING, b"are you?")]


def ends(*codes: int) -> Callable[[HostileServer], None]:
    """The connection is ended, by one of these codes."""

    def expect(server: HostileServer) -> None:
        assert server.client.is_closed
        assert server.goodbye in codes

    return expect


def breaks(*codes: int) -> Callable[[HostileServer], None]:
    """The stream is reset by one of these codes, or the connection is ended by it."""

    def expect(server: HostileServer) -> None:
        told = {int.from_bytes(answer.payload) for answer in server.answers if answer.kind == RST_STREAM}
        assert (told | {server.goodbye}) & set(codes)
        if not server.client.is_closed:
            lives(server)

    return expect


def kinds(*expected: tuple[int, int]) -> Callable[[HostileServer], None]:
    """Frames of these kinds and flags came back, and the connection lives."""

    def expect(server: HostileServer) -> None:
        assert [(answer.kind, answer.flags) for answer in server.answers] == list(expected)
        lives(server)

    return expect


# What is sent.


def answer(flags: int = END_HEADERS, stream: int = 1, block: bytes = ANSWER) -> bytes:
    return frame(HEADERS, flags, stream, block)


def data(octets: bytes = b"\0\0\0\0\1x", flags: int = END_STREAM, stream: int = 1) -> bytes:
    return frame(DATA, flags, stream, octets)


def more(flags: int = END_HEADERS, stream: int = 1) -> bytes:
    return frame(CONTINUATION, flags, stream, MORE)


PRIORITY_FRAME = frame(PRIORITY, 0, 1, b"\0\0\0\0\xff")
BAD_PING = frame(PING, 0, 3, bytes(8))

TABLE: dict[tuple[str, str], Case] = {
    (f"client/{file}.go", title): case
    for file, cases in {
        "1_starting_http2": {"Sends a server connection preface": (b"", lives)},
        "4_1_frame_format": {
            "Sends a frame with unknown type": (frame(0xFF, 0, 0, b"12345678"), lives),
            "Sends a frame with undefined flag": (frame(PING, 0x16, 0, b"12345678"), kinds((PING, ACK))),
            "Sends a frame with reserved field bit": (frame(PING, 0, 2**31, b"12345678"), kinds((PING, ACK))),
        },
        "4_2_frame_size": {
            "Sends a DATA frame with 2^14 octets in length": (
                answer() + data(b"\0" + (2**14 - 5).to_bytes(4) + bytes(2**14 - 5)),
                lives,
            ),
            "Sends a large size DATA frame that exceeds the SETTINGS_MAX_FRAME_SIZE": (
                answer() + data(bytes(limits.FRAME_OCTETS + 1)),
                breaks(FRAME_SIZE_ERROR),
            ),
            "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE": (
                answer(WHOLE, 1, ANSWER + b"\x00\x01x\x7f\x80\x7f" + bytes(2**14)),
                ends(FRAME_SIZE_ERROR),
            ),
        },
        "4_3_header_compression_and_decompression": {
            "Sends invalid header block fragment": (answer(WHOLE, 1, b"\x40"), ends(COMPRESSION_ERROR)),
        },
        "5_1_1_stream_identifiers": {
            "Sends an unexpected stream identifier": (answer(WHOLE, 101), ends(PROTOCOL_ERROR)),
        },
        "5_1_stream_states": {
            "idle: Sends a DATA frame": (data(stream=2), ends(PROTOCOL_ERROR)),
            "idle: Sends a RST_STREAM frame": (reset(2), ends(PROTOCOL_ERROR)),
            "idle: Sends a WINDOW_UPDATE frame": (window_update(100, 2), ends(PROTOCOL_ERROR)),
            "idle: Sends a CONTINUATION frame": (more(stream=2), ends(PROTOCOL_ERROR)),
            "closed: Sends a DATA frame after sending RST_STREAM frame": (
                answer() + reset(1) + data(),
                breaks(STREAM_CLOSED),
            ),
            "closed: Sends a HEADERS frame after sending RST_STREAM frame": (
                answer() + reset(1) + answer(WHOLE),
                breaks(STREAM_CLOSED),
            ),
            "closed: Sends a CONTINUATION frame after sending RST_STREAM frame": (
                answer() + reset(1) + more(),
                breaks(STREAM_CLOSED, PROTOCOL_ERROR),
            ),
            "closed: Sends a DATA frame": (answer(WHOLE) + data(), ends(STREAM_CLOSED)),
            "closed: Sends a HEADERS frame": (answer(WHOLE) + answer(WHOLE), ends(STREAM_CLOSED)),
            "closed: Sends a CONTINUATION frame": (answer(WHOLE) + more(), ends(STREAM_CLOSED, PROTOCOL_ERROR)),
        },
        "5_4_1_connection_error_handling": {
            "Sends an invalid PING frame for connection close": (BAD_PING, ends(PROTOCOL_ERROR)),
            "Sends an invalid PING frame to receive GOAWAY frame": (BAD_PING, ends(PROTOCOL_ERROR)),
        },
        "5_5_extending_http2": {"Sends an unknown extension frame": (frame(0x16, 0, 0, b"12345678"), lives)},
        "6_1_data": {
            "Sends a DATA frame with 0x0 stream identifier": (data(stream=0), ends(PROTOCOL_ERROR)),
            'Sends a DATA frame on the stream that is not in \\"open\\" or \\"half-closed (local)\\" state': (
                answer(WHOLE) + data(),
                breaks(STREAM_CLOSED),
            ),
            "Sends a DATA frame with invalid pad length": (
                answer() + data(b"\6test", END_STREAM | PADDED),
                breaks(PROTOCOL_ERROR),
            ),
        },
        "6_2_headers": {
            "Sends a HEADERS frame without the END_HEADERS flag, and a PRIORITY frame": (
                answer(0) + PRIORITY_FRAME + more(),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a HEADERS frame with 0x0 stream identifier": (answer(WHOLE, 0), ends(PROTOCOL_ERROR)),
            "Sends a HEADERS frame with invalid pad length": (
                answer(WHOLE | PADDED, 1, bytes((len(ANSWER) + 1,)) + ANSWER),
                breaks(PROTOCOL_ERROR),
            ),
        },
        "6_3_priority": {
            "Sends a PRIORITY frame with 0x0 stream identifier": (
                frame(PRIORITY, 0, 0, b"\0\0\0\0\xff"),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a PRIORITY frame with a length other than 5 octets": (
                answer() + frame(PRIORITY, 0, 1, b"\x80\0\0\1"),
                breaks(FRAME_SIZE_ERROR),
            ),
        },
        "6_4_rst_stream": {
            "Sends a RST_STREAM frame with 0x0 stream identifier": (reset(0), ends(PROTOCOL_ERROR)),
            "Sends a RST_STREAM frame on a idle stream": (reset(2), ends(PROTOCOL_ERROR)),
            "Sends a RST_STREAM frame with a length other than 4 octets": (
                answer() + frame(RST_STREAM, 0, 1, bytes(3)),
                ends(FRAME_SIZE_ERROR),
            ),
        },
        "6_5_2_defined_settings_parameters": {
            "SETTINGS_INITIAL_WINDOW_SIZE (0x4): Sends the value above the maximum flow control window size": (
                settings((4, 2**31)),
                ends(FLOW_CONTROL_ERROR),
            ),
            "SETTINGS_MAX_FRAME_SIZE (0x5): Sends the value below the initial value": (
                settings((5, 2**14 - 1)),
                ends(PROTOCOL_ERROR),
            ),
            "SETTINGS_MAX_FRAME_SIZE (0x5): Sends the value above the maximum allowed frame size": (
                settings((5, 2**24)),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a SETTINGS frame with unknown identifier": (settings((0xFF, 0)), kinds((SETTINGS, ACK))),
        },
        "6_5_3_settings_synchronization": {
            "Sends a SETTINGS frame without ACK flag": (settings((1, 100)), kinds((SETTINGS, ACK))),
        },
        "6_5_settings": {
            "Sends a SETTINGS frame with ACK flag and payload": (
                frame(SETTINGS, ACK, 0, bytes(1)),
                ends(FRAME_SIZE_ERROR),
            ),
            "Sends a SETTINGS frame with a stream identifier other than 0x0": (
                frame(SETTINGS, 0, 1, bytes((0, 3, 0, 0, 0, 100))),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a SETTINGS frame with a length other than a multiple of 6 octets": (
                frame(SETTINGS, 0, 0, bytes((0, 3, 0))),
                ends(FRAME_SIZE_ERROR),
            ),
        },
        "6_7_ping": {
            "Sends a PING frame": (frame(PING, 0, 0, b"12345678"), kinds((PING, ACK))),
            "Sends a PING frame with ACK": (frame(PING, ACK, 0, b"invalid!"), kinds()),
            "Sends a PING frame with a stream identifier field value other than 0x0": (
                frame(PING, 0, 1, b"12345678"),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a PING frame with a length field value other than 8": (
                frame(PING, 0, 0, b"123456"),
                ends(FRAME_SIZE_ERROR),
            ),
        },
        "6_8_goaway": {
            "Sends a GOAWAY frame with a stream identifier other than 0x0": (
                frame(GOAWAY, 0, 1, bytes(8)),
                ends(PROTOCOL_ERROR),
            ),
        },
        "6_9_1_the_flow_control_window": {
            "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1": (
                window_update(2**31 - 1) + window_update(2**31 - 1),
                ends(FLOW_CONTROL_ERROR),
            ),
            "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream": (
                answer() + window_update(2**31 - 1, 1) + window_update(2**31 - 1, 1),
                breaks(FLOW_CONTROL_ERROR),
            ),
        },
        "6_9_window_update": {
            "Sends a WINDOW_UPDATE frame with a flow control window increment of 0": (
                window_update(0),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream": (
                answer() + window_update(0, 1),
                breaks(PROTOCOL_ERROR),
            ),
            "Sends a WINDOW_UPDATE frame with a length other than 4 octets": (
                frame(WINDOW_UPDATE, 0, 0, bytes(3)),
                ends(FRAME_SIZE_ERROR),
            ),
        },
        "6_10_continuation": {
            "Sends multiple CONTINUATION frames preceded by a HEADERS frame": (
                answer(END_STREAM) + more(0) + more(),
                lives,
            ),
            "Sends a CONTINUATION frame followed by any frame other than CONTINUATION": (
                answer(0) + more(0) + data(),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a CONTINUATION frame with 0x0 stream identifier": (
                answer(END_STREAM) + more(stream=0),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a CONTINUATION frame preceded by a HEADERS frame with END_HEADERS flag": (
                answer(WHOLE) + more(),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a CONTINUATION frame preceded by a CONTINUATION frame with END_HEADERS flag": (
                answer(END_STREAM) + more() + more(),
                ends(PROTOCOL_ERROR),
            ),
            "Sends a CONTINUATION frame preceded by a DATA frame": (
                answer() + data() + more(0) + more(stream=0),
                ends(PROTOCOL_ERROR),
            ),
        },
    }.items()
    for title, case in cases.items()
}


@pytest.mark.parametrize("is_ended", [True, False], ids=["asked", "asking"])
@pytest.mark.parametrize("size", [0, 1], ids=["whole", "by octets"])
@pytest.mark.parametrize(("file", "title"), TABLE, ids=lambda word: word.replace("/", " ").removesuffix(".go"))
def test_a_client_stands(file: str, title: str, size: int, is_ended: bool) -> None:
    octets, expected = TABLE[file, title]
    server = HostileServer()
    stream = server.client.start_call(wire.PATH, timeout=None)
    if is_ended:
        server.client.end(stream, 0.0)
    server.write(b"")
    server.answers.clear()
    for part in wire.pieces(octets, size or max(1, len(octets))):
        server.write(part)
    expected(server)
    server.client.receive_end()
    assert [event.stream for event in wire.events(server.client) if isinstance(event, CallEnded)] == [stream]


def test_every_case_of_h2spec_is_here(shared: Path) -> None:
    cases = json.loads((shared / "vectors" / "h2spec_cases.json").read_text())
    assert {(file, title) for part, file, title, *_ in cases if part == "client"} == set(TABLE)
    assert len(TABLE) == 57
