"""What the request table keeps books on: hosts, and the questions that are put to them. No I/O."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from codec import Message, RequestTemplate
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.dialect import Dialect
from ptscan.snmp.traffic import Traffic

if TYPE_CHECKING:
    from ptscan.snmp.speaker import Speaker

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


class State(Enum):
    """Where an exchange stands."""

    WAITING = "waiting"
    IN_FLIGHT = "in-flight"
    DONE = "done"
    CANCELLED = "cancelled"


_WAITING = State.WAITING
_SILENT = Outcome.SILENT


class Host:
    """One (address, port): its turn, its queue, its round-trip estimate."""

    __slots__ = ("in_flight", "rto", "rttvar", "sockaddr", "source", "srtt", "waiting")

    def __init__(self, source: tuple[str, int], sockaddr: SocketAddress) -> None:
        self.source = source
        self.sockaddr = sockaddr
        self.in_flight: list[Exchange] = []
        self.waiting: list[Exchange] | None = None  # no more than there are tasks that ask this host at once
        self.srtt = 0.0
        self.rttvar = 0.0
        self.rto = 0.0
        """Seconds; 0.0 before the first measure."""

    def measured(self, rtt: float) -> None:
        """Take one round trip in seconds into the estimate (RFC 6298 section 2)."""
        srtt = self.srtt
        if self.rto:
            self.rttvar = rttvar = self.rttvar + (abs(srtt - rtt) - self.rttvar) / 4
            self.srtt = srtt = srtt + (rtt - srtt) / 8
        else:
            self.srtt = srtt = rtt
            self.rttvar = rttvar = rtt / 2
        rto = srtt + 4 * rttvar
        self.rto = rto if rto > limits.MIN_RTO_SECONDS else limits.MIN_RTO_SECONDS


class Variant(NamedTuple):
    """One request in one dialect."""

    template: RequestTemplate
    dialect: Dialect


class Exchange:
    """One question to one host; after ``state`` is DONE the result fields hold.

    What begins with an underscore is the table's alone.
    """

    __slots__ = (
        "_began",
        "_due",
        "_ends",
        "_ids",
        "_refused",
        "_sent_at",
        "_step",
        "_unsent_step",
        "_wait",
        "accept_other_source",
        "elsewhere",
        "host",
        "malformed",
        "message",
        "outcome",
        "reason",
        "received_octets",
        "retries",
        "rtt",
        "sent_datagrams",
        "speaker",
        "state",
        "strays",
        "then",
        "timeout",
        "traffic",
        "variant",
        "variants",
        "waiter",
    )

    def __init__(
        self,
        host: Host,
        variants: Sequence[Variant],
        traffic: Traffic,
        *,
        timeout: float,
        retries: int,
        accept_other_source: bool = False,
        speaker: "Speaker | None" = None,
    ) -> None:
        self.host = host
        self.variants = variants
        self.traffic = traffic
        self.timeout = timeout
        self.retries = retries
        self.accept_other_source = accept_other_source
        self.speaker = speaker
        """Who speaks for the variants in v3."""
        self.state = _WAITING
        self.outcome = _SILENT
        self.message: Message | None = None
        self.variant = 0
        """Which variant was answered."""
        self.rtt = 0.0
        """Seconds that the answer took, at most."""
        self.reason = ""
        """What was wrong with the answers or with sending."""
        self.malformed = 0
        self.strays = 0
        """Datagrams from the host with another request-id."""
        self.elsewhere: tuple[str, int] | None = None
        """A source that knew the request-id and was not accepted."""
        self.sent_datagrams = 0
        self.received_octets = 0
        """Of ``message``."""
        self.then: Callable[[Exchange], Exchange | None] | None = None
        """The driver's: asked when this one has ended, for the one that follows it at once."""
        self.waiter: object = None
        """The driver's: who waits for the end."""
        self._ids: list[int] = []
        self._refused: frozenset[int] = frozenset()
        self._step = 0
        """Tries begun, of all variants together."""
        self._unsent_step = 0
        """``_step`` at the last try that this machine could not send."""
        self._began: float  # these five are set when it begins
        self._ends: float
        self._sent_at: float
        self._wait: float
        self._due: float
