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

import random
import struct
from collections import deque
from heapq import heapify, heappop, heappush

from codec import (
    REQUEST_ID_MAX,
    REQUEST_ID_MIN,
    V3,
    DecodeError,
    Decoder,
    ErrorStatus,
    Message,
    PduType,
    TrapV1,
)
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.exchange import Exchange, Host, State

REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})

_DRAWN_AT_ONCE = 512
_COMPACT_FROM = 64
_RESPONSE = int(PduType.RESPONSE)
_REPORT = int(PduType.REPORT)
_NEVER = float("inf")
# Python 3.11 takes 0.1 microseconds to find a member of an Enum by its name: half a dozen for each answer.
_IN_FLIGHT = State.IN_FLIGHT
_DONE = State.DONE
_OK = Outcome.OK


class RequestTable:
    """All exchanges of one client."""

    def __init__(self, randomness: random.Random, *, per_host: int = limits.IN_FLIGHT_PER_HOST) -> None:
        self.randomness = randomness
        self._per_host = per_host
        self._drawn: list[int] = []
        self.decoder = Decoder()
        """What decodes all that comes in."""
        self._busy: dict[tuple[str, int], Host] = {}
        """The hosts that have something in flight."""
        self.pending: dict[int, Exchange] = {}
        """What is out, by request-id."""
        self._timers: list[tuple[float, int]] = []  # (due, first request-id); stale entries are skipped and swept
        self._strays_from: dict[str, int] = {}
        self.outbox: deque[tuple[Exchange, int]] = deque()
        """What waits to be sent: empty, or ``next_packet`` tells."""
        self.finished: list[Exchange] = []
        """What ``take_finished`` gives."""
        self.earliest = _NEVER
        """Nothing is due before; perhaps nothing is due then either, which ``next_deadline`` takes longer to say."""
        self.last_rtt = _NEVER
        """Seconds that the last answer took of which that is known."""
        self.strays = 0
        """Datagrams that answered nothing that was out."""
        self.malformed = 0
        """Datagrams that were no SNMP message."""

    def __len__(self) -> int:
        """Request-ids that are out."""
        return len(self.pending)

    def start(self, exchange: Exchange, now: float) -> None:
        """Put a new exchange in flight, or in its host's queue; the busy one of several for one address counts."""
        host = exchange.host
        host = exchange.host = self._busy.setdefault(host.source, host)
        if len(host.in_flight) < self._per_host:
            self._begin(exchange, now)
        elif host.waiting is None:
            host.waiting = [exchange]
        else:
            host.waiting.append(exchange)

    def cancel(self, exchange: Exchange, now: float) -> None:
        """Forget an exchange in any state; the next one of its host begins."""
        waiting = exchange.host.waiting
        if exchange.state is State.WAITING:
            if waiting is not None:
                waiting.remove(exchange)
        elif exchange.state is _IN_FLIGHT:
            self._leave(exchange, now)
        else:
            return
        exchange.state = State.CANCELLED

    def next_packet(self, now: float) -> tuple[bytes, Host] | None:
        """The datagram to send next; it stays the next one until ``packet_sent`` or ``packet_failed``."""
        outbox = self.outbox
        while outbox:
            exchange, place = outbox[0]
            if exchange.state is _IN_FLIGHT:
                request_id = exchange._ids[place]
                variant = exchange.variants[place]
                data = variant.template.encode(request_id)
                if exchange.speaker is not None and variant.dialect.version == V3:
                    data = exchange.speaker.seal(data, request_id, now)
                return data, exchange.host
            outbox.popleft()
        return None

    def packet_sent(self, octets: int) -> None:
        """The datagram of ``next_packet`` is out."""
        exchange = self.outbox.popleft()[0]
        exchange.sent_datagrams += 1
        traffic = exchange.traffic
        traffic.requests += 1
        traffic.sent_octets += octets

    def packet_failed(self, outcome: Outcome, reason: str, now: float, *, passing: bool = False) -> None:
        """The datagram of ``next_packet`` cannot be sent: its exchange ends with ``outcome``.

        A ``passing`` failure is one that may end by itself: where the host has answered before, the datagram then
        counts as lost, and ``outcome`` is how the exchange ends if its last try fares no better.
        """
        exchange = self.outbox.popleft()[0]
        exchange.reason = reason
        if passing and exchange.host.rto:
            exchange._unsent_step = exchange._step
        else:
            self._finish(exchange, outcome, now)

    def receive_datagram(self, data: bytes, source: tuple[str, int], now: float) -> None:
        """Take in what came from the network, whatever it is."""
        request_id = self.decoder.peek_request_id(data)
        exchange = None if request_id is None else self.pending.get(request_id)
        if request_id is None or exchange is None:
            self._receive_stray(request_id, source, now)
            return
        host = exchange.host
        own_source = source == host.source
        if not (own_source or (exchange.accept_other_source and self._believes(source))):
            exchange.elsewhere = source
            self.strays += 1
            return
        traffic = exchange.traffic
        variant = exchange._ids.index(request_id)
        dialect = exchange.variants[variant].dialect
        try:
            if exchange.speaker is not None and dialect.version == V3:
                message: Message | TrapV1 = exchange.speaker.unseal(data, request_id, now)
            else:
                message = self.decoder.decode(data)
        except DecodeError as error:
            self.malformed += 1
            if own_source:
                traffic.received_octets += len(data)
                self._answered_malformed(exchange, str(error), now)
            return
        if (
            not isinstance(message, Message)
            or (message.pdu_type != _RESPONSE and (message.pdu_type != _REPORT or message.version != V3))
            or variant in exchange._refused
            or not (own_source or message.community == dialect.community)
        ):
            self.strays += 1
            return
        octets = len(data)
        traffic.received_octets += octets
        exchange.received_octets = octets
        exchange.message = message
        exchange.variant = variant
        if message.error_status and message.error_status in REFUSALS and len(exchange.variants) > 1:
            self._answered_refused(exchange, variant, now)
            return
        # Karn: only an answer to the one datagram that it can belong to measures the round trip.
        if exchange._step == variant + 1:
            self.last_rtt = exchange.rtt = rtt = now - exchange._sent_at
            host.measured(rtt)
        else:
            exchange.rtt = now - exchange._began
        traffic.round_trips += 1
        self._finish(exchange, _OK, now)

    def receive_unreachable(self, destination: tuple[str, int], quoted: bytes, now: float) -> None:
        """An ICMP error came for a datagram to ``destination`` that began with the ``quoted`` octets.

        It ends the exchange whose request-id it quotes, and no other: who forges one knows addresses and ports at most.
        """
        request_id = self.decoder.peek_request_id(quoted)
        exchange = None if request_id is None else self.pending.get(request_id)
        if exchange is not None and exchange.host.source == destination:
            exchange.reason = ""
            self._finish(exchange, Outcome.UNREACHABLE, now)

    def handle_timeouts(self, now: float) -> None:
        """Do what is due: send the next packet of an exchange, or end it."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            due, first_id = heappop(timers)
            exchange = self.pending.get(first_id)
            if exchange is None or exchange._due != due:
                continue
            if now >= exchange._ends or not self._send_next(exchange, now):
                self._finish(exchange, self._misfortune(exchange), now)
        self.earliest = self.next_deadline()

    def next_deadline(self) -> float:
        """When ``handle_timeouts`` is due next; infinity where nothing is in flight."""
        timers = self._timers
        pending = self.pending
        while timers:
            due, first_id = timers[0]
            exchange = pending.get(first_id)
            if exchange is not None and exchange._due == due:
                return due
            heappop(timers)
        return _NEVER

    def take_finished(self) -> list[Exchange]:
        """The exchanges that are DONE since the last call."""
        finished = self.finished
        if finished:
            self.finished = []
        return finished

    def _begin(self, exchange: Exchange, now: float) -> None:
        exchange.host.in_flight.append(exchange)
        exchange.state = _IN_FLIGHT
        drawn, pending = self._drawn, self.pending
        for _ in exchange.variants:
            if not drawn:
                self._draw()
            request_id = drawn.pop()
            while request_id in pending:
                request_id = (request_id + 1) & REQUEST_ID_MAX | REQUEST_ID_MIN
            pending[request_id] = exchange
            exchange._ids.append(request_id)
        exchange._began = now
        exchange._ends = now + exchange.timeout * (1 + limits.BACKOFF_CAP * exchange.retries)
        self._send_next(exchange, now)

    def _send_next(self, exchange: Exchange, now: float) -> bool:
        """Put the next packet into the outbox and set the timer behind it; False where all tries are used up."""
        variants = len(exchange.variants)
        last_step = variants * (1 + exchange.retries) - 1
        step = exchange._step
        if exchange._refused:
            while step <= last_step and step % variants in exchange._refused:
                step += 1
        if step > last_step:
            exchange._step = step
            return False
        exchange._step = step + 1
        exchange._sent_at = now
        attempt, variant = divmod(step, variants)
        self.outbox.append((exchange, variant))
        if not variant:
            exchange._wait = self._wait(exchange, attempt)
        if step == last_step:
            due = exchange._ends
        elif variants == 1:
            due = now + exchange._wait
        else:
            stagger = min(limits.STAGGER_SECONDS, exchange._wait / variants)
            rest = exchange._wait - stagger * (variants - 1)
            due = now + (rest if variant == variants - 1 else stagger)
        self._set_timer(exchange, due)
        return True

    @staticmethod
    def _wait(exchange: Exchange, attempt: int) -> float:
        timeout = exchange.timeout
        rto = exchange.host.rto
        if not 0.0 < rto < timeout:
            rto = timeout
        if attempt:
            cap = limits.BACKOFF_CAP * timeout
            rto = min(max(rto * 2**attempt, timeout * 2 ** (attempt - 1)), cap)
        # The request-id is random already: its low octets make the jitter.
        return rto * (1 + limits.JITTER * ((exchange._ids[0] & 0xFFFF) / 0x8000 - 1))

    def _set_timer(self, exchange: Exchange, due: float) -> None:
        if due > exchange._ends:
            due = exchange._ends
        exchange._due = due
        if due < self.earliest:
            self.earliest = due
        timers = self._timers
        heappush(timers, (due, exchange._ids[0]))
        if len(timers) > _COMPACT_FROM + 4 * len(self.pending):
            timers[:] = [(other._due, key) for key, other in self.pending.items() if other._ids[0] == key]
            heapify(timers)

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
        if exchange.malformed:
            return Outcome.MALFORMED
        return Outcome.UNREACHABLE if exchange._unsent_step == exchange._step else Outcome.SILENT

    def _finish(self, exchange: Exchange, outcome: Outcome, now: float) -> None:
        exchange.outcome = outcome
        exchange.state = _DONE
        self.finished.append(exchange)
        self._leave(exchange, now)

    def _leave(self, exchange: Exchange, now: float) -> None:
        for request_id in exchange._ids:
            del self.pending[request_id]
        host = exchange.host
        host.in_flight.remove(exchange)
        if host.waiting:
            self._begin(host.waiting.pop(0), now)
        elif not host.in_flight:
            del self._busy[host.source]

    def _draw(self) -> None:
        octets = self.randomness.randbytes(4 * _DRAWN_AT_ONCE)
        numbers = struct.unpack(f"{_DRAWN_AT_ONCE}I", octets)
        self._drawn.extend([number & REQUEST_ID_MAX | REQUEST_ID_MIN for number in numbers])
