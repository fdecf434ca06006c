"""What h2 reads its frames from, with less work for a plain frame of DATA, which is nearly all that comes. Pure.

h2 copies each frame three times on its way to an event, and then writes all of it out in hexadecimal for a logger that
is not there. Here the payload is copied once, and its frame says nothing of itself: a fifth of what a receiver's frames
cost. Any other frame, and DATA that is padded or comes where it may not, goes h2's own way.
"""

from typing import Final

from h2.frame_buffer import FrameBuffer
from hyperframe.frame import DataFrame, Frame

from ptscan.link.frames import DATA, END_STREAM, HEAD_OCTETS

_NO_STREAM: Final = bytes(4)


class Intake(FrameBuffer):
    """Takes whole frames, one at a time, and gives them to h2."""

    def __init__(self, *, server: bool) -> None:
        super().__init__(server=server)
        self._plain: DataFrame | None = None

    def add_data(self, data: bytes) -> None:  # type: ignore[override]
        """Take one frame, or a client's preface."""
        is_plain = len(data) > HEAD_OCTETS and data[3] == DATA and not data[4] & ~END_STREAM
        if is_plain and data[5:HEAD_OCTETS] != _NO_STREAM and not (self._headers_buffer or self._preamble_len):
            self._plain = _plain_data(data)
        else:
            super().add_data(data)

    def __next__(self) -> Frame:
        """The frame that was taken."""
        if self._plain is None:
            return super().__next__()
        frame, self._plain = self._plain, None
        self._validate_frame_length(frame.body_len)
        return frame


def _plain_data(octets: bytes) -> DataFrame:
    frame = DataFrame(int.from_bytes(octets[5:HEAD_OCTETS]) & 0x7FFF_FFFF, octets[HEAD_OCTETS:])
    frame.body_len = len(frame.data)
    if octets[4] & END_STREAM:
        frame.flags.add("END_STREAM")
    frame._body_repr = _nothing  # type: ignore[method-assign]
    return frame


def _nothing() -> str:
    return ""
