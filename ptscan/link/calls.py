"""What one end knows of one call: how far it has got, what is held of it, what waits to be sent. Pure."""

from collections import deque
from enum import Enum

from ptscan.link import limits
from ptscan.link.framing import Deframer
from ptscan.link.headers import Headers
from ptscan.link.outbox import Outbox
from ptscan.link.status import Status


class Ours(Enum):
    """Our side of a call."""

    OPEN = "open"
    ENDING = "ending"
    """Nothing more is taken of the application; the end follows what still waits."""
    ENDED = "ended"


class CallState:
    """One call; the connection moves it."""

    __slots__ = (
        "_given_back", "_padding", "_received", "_untaken", "_whole", "data_moved", "deframer", "head", "http_status",
        "inflated", "is_told", "ours", "outcome", "peer_ended", "sends_gzip", "stalled_since", "tail", "unsent",
        "wants_body",
    )  # fmt: skip

    def __init__(self, *, most: int, is_told: bool) -> None:
        """``most`` octets may a message have; ``is_told``: the application need hear nothing of its end."""
        self.deframer = Deframer(most=most)
        self.ours = Ours.OPEN
        self.peer_ended = False
        self.is_told = is_told
        self.outcome = (Status.OK, "")
        # What is sent: the head before the first octet, then what is unsent, then the tail, or a plain end of stream.
        self.head: Headers | None = None
        self.unsent = Outbox()
        self.tail: Headers | None = None
        self.sends_gzip = False
        self.wants_body = True
        self.stalled_since: float | None = None
        self.data_moved = 0
        # What came, in octets of the peer's window: all of it, padding, whole messages, those that wait to be taken.
        self.http_status = 200
        self.inflated: deque[int] = deque()
        self._received = 0
        self._padding = 0
        self._whole = 0
        self._untaken = 0
        self._given_back = 0

    @property
    def held(self) -> int:
        """Octets that are kept for this call of what its peer sent."""
        return self.deframer.octets + sum(self.inflated)

    def came(self, octets: int, *, window: int) -> None:
        """DATA of so many octets came and took ``window`` of the peer's, more by its padding."""
        self._received += window
        self._padding += window - octets

    def owe(self, message: bytes) -> int:
        """The deframer gave a whole message: how many octets of the window are shut until it is taken."""
        whole = self._received - self._padding - self.deframer.octets
        octets = whole - self._whole
        self._whole = whole
        self._untaken += octets
        self.inflated.append(len(message))
        return octets

    def taken(self, octets: int) -> None:
        """The application has taken the first of its messages."""
        self._untaken = max(0, self._untaken - octets)
        if self.inflated:
            self.inflated.popleft()

    def free(self, *, is_over: bool = False) -> int:
        """Take out what of the window can be given back now: all but whole messages that wait; at the end all.

        What an unfinished message took is given back before it is whole, for it may be longer than a window. Once it
        is whole it counts as waiting in its whole length: the window stays shut until that much was taken.
        """
        free = self._received - self._given_back - (0 if is_over else self._untaken)
        if free <= 0:
            return 0
        self._given_back += free
        return free

    def moved(self, octets: int, *, is_shut: bool, now: float) -> None:
        """So much went out; ``is_shut``: the peer's window keeps the rest back."""
        self.data_moved += octets
        if not is_shut:
            self.stalled_since = None
        elif self.stalled_since is None or self.data_moved >= limits.SEND_LEAST_OCTETS:
            self.stalled_since = now
            self.data_moved = 0
