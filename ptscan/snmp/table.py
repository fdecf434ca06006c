"""The request table: which requests are out, whose answer a datagram is, and when to try again. No I/O.

Theory of operation. An *exchange* is one question to one host and ends with one outcome. It holds one *variant* of its
request for each way the host may have to be spoken to (version, community); usually there is one. Every variant has a
request-id of its own, drawn at random, and keeps it over all tries, so that an answer to an earlier try still counts.
The variants of one try go out side by side, a moment apart, and the first good answer to any of them ends the exchange.

    WAITING ──> IN_FLIGHT ──> DONE          WAITING: its host already has as many in flight as it may have
        └───────────┴───────> CANCELLED     CANCELLED: the caller gave up; nothing of it is left in the table

The driver calls a verb, then sends what ``next_packet`` gives, then takes ``take_finished``, then sleeps until
``next_deadline``. Times are float seconds of one monotonic clock; ``now`` never goes back.

Time-outs. A host that never answered is given the caller's time-out T; later RFC 6298's estimate, at least
MIN_RTO_SECONDS and at most T. The first retry comes after that, the following ones after T, 2 T, 2 T, …; the exchange
ends T * (1 + 2 * retries) after it began, however early its tries went out.
"""

import heapq
import random
import struct
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from codec import (
    REQUEST_ID_MIN,
    DecodeError,
    ErrorStatus,
    Message,
    PduType,
    RequestTemplate,
    decode_message,
    peek_request_id,
)
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.dialect import Dialect
from ptscan.snmp.traffic import Traffic

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})

_DRAWN_AT_ONCE = 512
_COMPACT_FROM = 64


class State(Enum):
    """Where an exchange stands."""

    WAITING = "waiting"
    IN_FLIGHT = "in-flight"
    DONE = "done"
    CANCELLED = "cancelled"


class Host:
    """One (address, port): its turn, its queue, its round-trip estimate."""

    __slots__ = ("in_flight", "rto", "rttvar", "sockaddr", "source", "srtt", "waiting")

    def __init__(self, source: tuple[str, int], sockaddr: SocketAddress) -> None:
        self.source = source
        self.sockaddr = sockaddr
        self.in_flight: list[Exchange] = []
        self.waiting: list[Exchange] = []  # no more than there are tasks that ask this host at once
        self.srtt = 0.0
        self.rttvar = 0.0
        self.rto = 0.0
        """Seconds; 0.0 before the first measure."""

    def measured(self, rtt: float) -> None:
        """Take one round trip in seconds into the estimate (RFC 6298 section 2)."""
        if self.rto:
            self.rttvar += (abs(self.srtt - rtt) - self.rttvar) / 4
            self.srtt += (rtt - self.srtt) / 8
        else:
            self.srtt = rtt
            self.rttvar = rtt / 2
        self.rto = max(limits.MIN_RTO_SECONDS, self.srtt + 4 * self.rttvar)


class Variant(NamedTuple):
    """One request in one dialect."""

    template: RequestTemplate
    dialect: Dialect


class Exchange:
    """One question to one host; after ``state`` is DONE the result fields hold."""

    __slots__ = (
        "_began",
        "_due",
        "_ends",
        "_ids",
        "_refused",
        "_sent_at",
        "_step",
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
        "state",
        "strays",
        "timeout",
        "traffic",
        "variant",
        "variants",
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
    ) -> None:
        self.host = host
        self.variants = variants
        self.traffic = traffic
        self.timeout = timeout
        self.retries = retries
        self.accept_other_source = accept_other_source
        self.state = State.WAITING
        self.outcome = Outcome.SILENT
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
        self._ids: list[int] = []
        self._sent_at = 0.0
        self._refused: frozenset[int] = frozenset()
        self._step = 0
        self._began = 0.0
        self._wait = 0.0
        self._due = 0.0
        self._ends = 0.0


class RequestTable:
    """All exchanges of one client."""

    def __init__(self, randomness: random.Random, *, per_host: int = limits.IN_FLIGHT_PER_HOST) -> None:
        self._randomness = randomness
        self._per_host = per_host
        self._drawn: list[int] = []
        self._busy: dict[tuple[str, int], Host] = {}
        """The hosts that have something in flight."""
        self._pending: dict[int, Exchange] = {}
        self._timers: list[tuple[float, int]] = []  # (due, first request-id); stale entries are skipped and swept
        self._outbox: deque[tuple[Exchange, int]] = deque()
        self._finished: list[Exchange] = []
        self._strays_from: dict[str, int] = {}
        self.strays = 0
        """Datagrams that answered nothing that was out."""
        self.malformed = 0
        """Datagrams that were no SNMP message."""

    def __len__(self) -> int:
        """Request-ids that are out."""
        return len(self._pending)

    def start(self, exchange: Exchange, now: float) -> None:
        """Put a new exchange in flight, or in its host's queue; the busy one of several for one address counts."""
        host = exchange.host = self._busy.setdefault(exchange.host.source, exchange.host)
        if len(host.in_flight) < self._per_host:
            self._begin(exchange, now)
        else:
            host.waiting.append(exchange)

    def cancel(self, exchange: Exchange, now: float) -> None:
        """Forget an exchange in any state; the next one of its host begins."""
        if exchange.state is State.WAITING:
            exchange.host.waiting.remove(exchange)
        elif exchange.state is State.IN_FLIGHT:
            self._leave(exchange, now)
        else:
            return
        exchange.state = State.CANCELLED

    def next_packet(self) -> tuple[bytes, Host] | None:
        """The datagram to send next; it stays the next one until ``packet_sent`` or ``packet_failed``."""
        outbox = self._outbox
        while outbox:
            exchange, variant = outbox[0]
            if exchange.state is State.IN_FLIGHT:
                return exchange.variants[variant].template.encode(exchange._ids[variant]), exchange.host
            outbox.popleft()
        return None

    def packet_sent(self, octets: int) -> None:
        """The datagram of ``next_packet`` is out."""
        exchange = self._outbox.popleft()[0]
        exchange.sent_datagrams += 1
        exchange.traffic.requests += 1
        exchange.traffic.sent_octets += octets

    def packet_failed(self, outcome: Outcome, reason: str, now: float) -> None:
        """The datagram of ``next_packet`` cannot be sent: its exchange ends with ``outcome``."""
        exchange = self._outbox.popleft()[0]
        exchange.reason = reason
        self._finish(exchange, outcome, now)

    def receive_datagram(self, data: bytes, source: tuple[str, int], now: float) -> None:
        """Take in what came from the network, whatever it is."""
        request_id = peek_request_id(data)
        exchange = None if request_id is None else self._pending.get(request_id)
        if request_id is None or exchange is None:
            self._receive_stray(request_id, source, now)
            return
        own_source = source == exchange.host.source
        if not (own_source or (exchange.accept_other_source and self._believes(source))):
            exchange.elsewhere = source
            self.strays += 1
            return
        try:
            message = decode_message(data)
        except DecodeError as error:
            self.malformed += 1
            if own_source:
                exchange.traffic.received_octets += len(data)
                self._answered_malformed(exchange, str(error), now)
            return
        variant = exchange._ids.index(request_id)
        if (
            not isinstance(message, Message)
            or message.pdu_type != PduType.RESPONSE
            or variant in exchange._refused
            or not (own_source or message.community == exchange.variants[variant].dialect.community)
        ):
            self.strays += 1
            return
        exchange.traffic.received_octets += len(data)
        exchange.received_octets = len(data)
        exchange.message = message
        exchange.variant = variant
        if message.error_status in REFUSALS and len(exchange.variants) > 1:
            self._answered_refused(exchange, variant, now)
            return
        # Karn: only an answer to the one datagram that it can belong to measures the round trip.
        if exchange._step == variant + 1:
            exchange.rtt = now - exchange._sent_at
            exchange.host.measured(exchange.rtt)
        else:
            exchange.rtt = now - exchange._began
        exchange.traffic.round_trips += 1
        self._finish(exchange, Outcome.OK, now)

    def receive_unreachable(self, destination: tuple[str, int], now: float) -> None:
        """An ICMP error came for packets to ``destination``: whatever is in flight there ends."""
        host = self._busy.get(destination)
        if host is not None:
            for exchange in tuple(host.in_flight):
                self._finish(exchange, Outcome.UNREACHABLE, now)

    def handle_timeouts(self, now: float) -> None:
        """Do what is due: send the next packet of an exchange, or end it."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            due, first_id = heapq.heappop(timers)
            exchange = self._pending.get(first_id)
            if exchange is None or exchange._due != due:
                continue
            if now >= exchange._ends or not self._send_next(exchange, now):
                self._finish(exchange, self._misfortune(exchange), now)

    def next_deadline(self) -> float:
        """When ``handle_timeouts`` is due next; infinity where nothing is in flight."""
        timers = self._timers
        while timers:
            due, first_id = timers[0]
            exchange = self._pending.get(first_id)
            if exchange is not None and exchange._due == due:
                return due
            heapq.heappop(timers)
        return float("inf")

    def take_finished(self) -> list[Exchange]:
        """The exchanges that are DONE since the last call."""
        finished = self._finished
        if finished:
            self._finished = []
        return finished

    def _begin(self, exchange: Exchange, now: float) -> None:
        host = exchange.host
        host.in_flight.append(exchange)
        exchange.state = State.IN_FLIGHT
        for _ in exchange.variants:
            request_id = self._draw_id()
            self._pending[request_id] = exchange
            exchange._ids.append(request_id)
        exchange._began = now
        exchange._ends = now + exchange.timeout * (1 + limits.BACKOFF_CAP * exchange.retries)
        self._send_next(exchange, now)

    def _send_next(self, exchange: Exchange, now: float) -> bool:
        """Put the next packet into the outbox and set the timer behind it; False where all tries are used up."""
        variants = len(exchange.variants)
        last_step = variants * (1 + exchange.retries) - 1
        while True:
            step = exchange._step
            if step > last_step:
                return False
            exchange._step += 1
            attempt, variant = divmod(step, variants)
            if variant not in exchange._refused:
                break
        exchange._sent_at = now
        self._outbox.append((exchange, variant))
        if variant == 0:
            exchange._wait = self._wait(exchange, attempt)
        if step == last_step:
            self._set_timer(exchange, exchange._ends)
        elif variants == 1:
            self._set_timer(exchange, now + exchange._wait)
        else:
            stagger = min(limits.STAGGER_SECONDS, exchange._wait / variants)
            rest = exchange._wait - stagger * (variants - 1)
            self._set_timer(exchange, now + (rest if variant == variants - 1 else stagger))
        return True

    def _wait(self, exchange: Exchange, attempt: int) -> float:
        timeout = exchange.timeout
        rto = min(exchange.host.rto or timeout, timeout)
        if attempt:
            cap = limits.BACKOFF_CAP * timeout
            rto = min(max(rto * 2**attempt, timeout * 2 ** (attempt - 1)), cap)
        return rto * (1 + limits.JITTER * (self._draw() / 2**31 - 1))

    def _set_timer(self, exchange: Exchange, due: float) -> None:
        exchange._due = min(due, exchange._ends)
        timers = self._timers
        heapq.heappush(timers, (exchange._due, exchange._ids[0]))
        if len(timers) > _COMPACT_FROM + 4 * len(self._pending):
            timers[:] = [(other._due, key) for key, other in self._pending.items() if other._ids[0] == key]
            heapq.heapify(timers)

    def _receive_stray(self, request_id: int | None, source: tuple[str, int], now: float) -> None:
        host = self._busy.get(source)
        if request_id is not None:
            self.strays += 1
            self._count_stray(source[0])
            if host is not None:
                for exchange in host.in_flight:
                    exchange.strays += 1
            return
        self.malformed += 1
        if host is not None:
            for exchange in tuple(host.in_flight):
                self._answered_malformed(exchange, "it does not begin like an SNMP message", now)

    def _count_stray(self, address: str) -> None:
        strays = self._strays_from
        count = strays.get(address, 0)
        if not count and len(strays) >= limits.STRAY_SOURCES:
            del strays[next(iter(strays))]  # the oldest
        strays[address] = count + 1

    def _believes(self, source: tuple[str, int]) -> bool:
        """Whether this source may answer for another: one that showed many wrong request-ids is guessing."""
        return self._strays_from.get(source[0], 0) < limits.STRAYS_BELIEVED

    def _answered_malformed(self, exchange: Exchange, reason: str, now: float) -> None:
        exchange.malformed += 1
        exchange.reason = reason
        if exchange.malformed >= limits.MALFORMED_PER_EXCHANGE:
            self._finish(exchange, Outcome.MALFORMED, now)
        elif exchange._due > now + limits.MALFORMED_GRACE_SECONDS:
            if exchange._step >= len(exchange.variants) * (1 + exchange.retries):
                exchange._ends = now + limits.MALFORMED_GRACE_SECONDS
            self._set_timer(exchange, now + limits.MALFORMED_GRACE_SECONDS)

    def _answered_refused(self, exchange: Exchange, variant: int, now: float) -> None:
        exchange._refused |= {variant}
        if len(exchange._refused) == len(exchange.variants):
            self._finish(exchange, Outcome.REFUSED, now)
        elif exchange._step < len(exchange.variants):  # the next way of asking need not wait for the stagger
            self._set_timer(exchange, now)

    @staticmethod
    def _misfortune(exchange: Exchange) -> Outcome:
        if exchange._refused:
            return Outcome.REFUSED
        return Outcome.MALFORMED if exchange.malformed else Outcome.SILENT

    def _finish(self, exchange: Exchange, outcome: Outcome, now: float) -> None:
        exchange.outcome = outcome
        exchange.state = State.DONE
        self._finished.append(exchange)
        self._leave(exchange, now)

    def _leave(self, exchange: Exchange, now: float) -> None:
        for request_id in exchange._ids:
            del self._pending[request_id]
        host = exchange.host
        host.in_flight.remove(exchange)
        if host.waiting:
            self._begin(host.waiting.pop(0), now)
        elif not host.in_flight:
            del self._busy[host.source]

    def _draw_id(self) -> int:
        while True:
            request_id = self._draw() & 0x7FFF_FFFF | REQUEST_ID_MIN
            if request_id not in self._pending:
                return request_id

    def _draw(self) -> int:
        if not self._drawn:
            self._drawn.extend(struct.unpack(f"{_DRAWN_AT_ONCE}I", self._randomness.randbytes(4 * _DRAWN_AT_ONCE)))
        return self._drawn.pop()
