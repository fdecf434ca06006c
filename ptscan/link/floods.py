"""What a peer's frames cost and what they move: floods and dribbles are told from work. Pure.

Each frame is judged before HTTP/2 sees it. Three buckets are emptied by what costs its sender nothing and moves
nothing, and are filled by time. What we send fills them too, where it gives the peer cause to answer: an honest
receiver sends WINDOW_UPDATEs and measures the path by PINGs, one that was given nothing has no reason to.
"""

from math import inf

from ptscan.link import frames, limits
from ptscan.link.budget import Budget


class Floods:
    """The budgets of one connection's peer, and the time that a header block may take."""

    def __init__(self, *, now: float) -> None:
        self._resets = Budget(*limits.RESETS, now=now)
        self._controls = Budget(*limits.CONTROL_FRAMES, now=now)
        self._empties = Budget(*limits.EMPTY_FRAMES, now=now)
        self._in_headers = False
        self._begun_at: float | None = None

    def admits(self, frame: frames.Frame, *, is_over: bool, is_late: bool, now: float) -> bool:
        """Count a frame; False where it is one too many.

        ``is_over``: its stream was used and is none of the open ones. ``is_late``: and its sender may not know it yet.
        """
        self._follow_headers(frame)
        kind = frame.kind
        if kind in (frames.SETTINGS, frames.PING, frames.GOAWAY):
            return self._controls.spend(now=now)
        if kind == frames.RST_STREAM or (kind in (frames.DATA, frames.HEADERS) and is_over):
            return (self._empties if is_over and is_late else self._resets).spend(now=now)
        if kind == frames.DATA:
            moves = bool(frame.flags & frames.END_STREAM) or not frame.is_empty
        else:
            moves = kind == frames.HEADERS or (kind == frames.CONTINUATION and not frame.is_empty)
        return moves or self._empties.spend(now=now)

    def admits_crumb(self, *, now: float) -> bool:
        """Count what brought a call no further, though it was not empty."""
        return self._empties.spend(now=now)

    def admits_reset_of_ours(self, *, now: float) -> bool:
        """Count a call that we had to reset for what the peer did (CVE-2025-8671): it is as good as one of its own."""
        return self._resets.spend(now=now)

    def sent_data(self, octets: int) -> None:
        """A DATA frame of ours went out."""
        frames_of_old = 1 + octets // limits.FRAME_LEAST_OCTETS
        self._empties.earn(limits.UPDATES_PER_DATA_FRAME * frames_of_old)
        self._controls.earn(limits.PINGS_PER_DATA_FRAME * frames_of_old)

    def began_call(self) -> None:
        """A call of ours was begun, which the peer may reset."""
        self._resets.earn(1)

    # The time of a header block.

    def _follow_headers(self, frame: frames.Frame) -> None:
        if frame.kind in (frames.HEADERS, frames.CONTINUATION):
            self._in_headers = not frame.flags & frames.END_HEADERS
        if not self._in_headers:
            self._begun_at = None

    def pause(self, *, in_frame: bool, now: float) -> None:
        """All that came is judged; ``in_frame``: the last of it is a frame without its end."""
        if not (self._in_headers or in_frame):
            self._begun_at = None
        elif self._begun_at is None:
            self._begun_at = now

    @property
    def in_headers(self) -> bool:
        """Whether a header block has begun and not ended."""
        return self._in_headers

    @property
    def headers_due(self) -> float:
        """By when what was begun has to be whole."""
        return inf if self._begun_at is None else self._begun_at + limits.HEADER_SECONDS
