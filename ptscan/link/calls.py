"""What one end knows of one call: how far it has got, what is held of it, what waits to be sent. Pure."""

from collections import deque
from enum import Enum

from ptscan.link import limits
from ptscan.link.framing import Deframer
from ptscan.link.headers import Headers
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
        "data_moved", "deframer", "head", "http_status", "inflated", "is_json", "is_told", "ours", "outcome", "owed",
        "peer_ended", "sends_gzip", "stalled_since", "tail", "uncredited", "unsent",
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
        self.unsent = bytearray()
        self.tail: Headers | None = None
        self.sends_gzip = False
        self.is_json = False
        self.stalled_since: float | None = None
        self.data_moved = 0
        # What came: octets of the window not given back, those of whole messages among them, and what these grew to.
        self.http_status = 200
        self.uncredited = 0
        self.owed = 0
        self.inflated: deque[int] = deque()

    @property
    def held(self) -> int:
        """Octets that are kept for this call of what its peer sent."""
        return self.deframer.octets + sum(self.inflated)

    def owe(self, message: bytes) -> int:
        """A whole message goes to the application: of how many octets the window is shut until it was taken."""
        octets = min(len(message) + limits.PREFIX_OCTETS, self.uncredited - self.owed)
        self.owed += octets
        self.inflated.append(len(message))
        return octets

    def taken(self, octets: int) -> None:
        """The application has taken the first of its messages."""
        self.owed = max(0, self.owed - octets)
        if self.inflated:
            self.inflated.popleft()

    def free(self) -> int:
        """Take out what of the window can be given back now: all but what the application has to take."""
        free = self.uncredited - self.owed
        self.uncredited = self.owed
        return free

    def moved(self, octets: int, *, is_shut: bool, now: float) -> None:
        """So much went out; ``is_shut``: the peer's window keeps the rest back."""
        self.data_moved += octets
        if not is_shut:
            self.stalled_since = None
            self.data_moved = 0
        elif self.stalled_since is None or self.data_moved >= limits.SEND_LEAST_OCTETS:
            self.stalled_since = now
            self.data_moved = 0
