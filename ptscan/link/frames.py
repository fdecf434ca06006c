"""HTTP/2 frames as they come, cut apart before anything is made of them (RFC 9113 section 4.1). Pure."""

from collections.abc import Iterator
from typing import Final

import msgspec

from ptscan.link import limits

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_OCTETS: Final = 9

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame: ``octets`` are all of it; of one that is too long the head alone, which is not ``is_whole``."""

    kind: int
    flags: int
    stream: int
    octets: bytes
    is_whole: bool = True

    @property
    def payload(self) -> bytes:
        """What stands behind the head."""
        return self.octets[HEAD_OCTETS:]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands behind the head, or padding alone (RFC 9113 section 6.1)."""
        held = len(self.octets) - HEAD_OCTETS
        if held and self.flags & PADDED and self.kind == DATA:
            held -= 1 + self.octets[HEAD_OCTETS]
        return held <= 0


class FrameCutter:
    """Takes octets as they come and gives whole frames; of a server, what precedes them is the client's preface."""

    def __init__(self, *, preface: bool, most: int = limits.FRAME_LEAST_OCTETS) -> None:
        """``most`` octets may a frame of DATA carry; of the others nobody needs more than FRAME_LEAST_OCTETS."""
        self._most = most
        self._octets = bytearray()
        self._preface = PREFACE if preface else b""

    def feed(self, data: bytes) -> Iterator[Frame | bytes]:
        """Yield the frames that ``data`` completes, and once, as octets, the preface; right or wrong, h2 judges it.

        Behind a frame that is not whole nothing can be cut any more.
        """
        self._octets += data
        if self._preface:
            length = len(self._preface)
            if len(self._octets) < length and self._preface.startswith(self._octets):
                return
            found = bytes(self._octets[:length])
            del self._octets[:length]
            self._preface = b""
            yield found
        while len(self._octets) >= HEAD_OCTETS:
            head = self._octets
            length = int.from_bytes(head[:3])
            end = HEAD_OCTETS + length
            is_whole = length <= (self._most if head[3] == DATA else limits.FRAME_LEAST_OCTETS)
            if is_whole and len(head) < end:
                return
            with memoryview(head) as view:  # a slice of the bytearray itself would be copied twice
                octets = bytes(view[: end if is_whole else HEAD_OCTETS])
            frame = Frame(octets[3], octets[4], int.from_bytes(octets[5:9]) & 0x7FFF_FFFF, octets, is_whole)
            del self._octets[: len(octets)]
            yield frame
            if not is_whole:
                return

    @property
    def has_begun_frame(self) -> bool:
        """Whether a frame is waiting for its rest, other than one of DATA, which may take as long as its call."""
        octets = self._octets
        return bool(octets) and not self._preface and (len(octets) < 4 or octets[3] != DATA)

    @property
    def awaits_preface(self) -> bool:
        """Whether the client's preface has not come yet."""
        return bool(self._preface)


def goaway(last_stream: int, error_code: int, reason: str = "") -> bytes:
    """A GOAWAY frame (RFC 9113 section 6.8): h2 would send nothing more behind its own."""
    payload = last_stream.to_bytes(4) + error_code.to_bytes(4) + reason.encode("utf-8", "replace")[:128]
    return len(payload).to_bytes(3) + bytes((GOAWAY, 0)) + bytes(4) + payload
