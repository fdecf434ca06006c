"""The sweep without its sockets: which probes leave next, what an answer means, when all is done.

Theory of operation. The targets stand in a computed order; a *round* passes over it once and probes those positions
that are still silent, which a bitmap of one bit a target remembers. Nothing else is kept per host: the request-id of an
answer names the position and the round (``request_ids``), a log of batches says when that was sent (``send_log``). A
position is probed again only when its last probe has timed out; a late answer to any earlier round counts as well.

The driver calls, with the time as ``now``: :meth:`receive` for each datagram, :meth:`expire` now and then,
:meth:`next_shot` and then :meth:`shot_sent` in turn, until :meth:`is_done`.
"""

import errno
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Generic

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
from ptscan.datagram import Fault, Stencil
from ptscan.sweep.limits import CHUNK, MAX_REFUSALS, MAX_STRANGERS, USELESS_PER_HOST
from ptscan.sweep.marks import Marks
from ptscan.sweep.pacer import FixedPacer, KindPacer, Pacer, SubnetLimit
from ptscan.sweep.plan import Allowances, CredentialT, SweepPlan, rounds_of
from ptscan.sweep.request_ids import RequestIds
from ptscan.sweep.send_log import SendLog
from ptscan.sweep.sighting import PROBE_OIDS, Classifier, Found, SightingReader
from ptscan.sweep.state import SweepState
from ptscan.sweep.summary import SweepSummary
from ptscan.targets import IPV6, Address, TargetOrder, format_address

_REFUSALS: Final = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})
_SKIPPED_AT_ONCE: Final = 64  # chunks without a silent target that one call passes over


@dataclass(frozen=True, slots=True)
class Shot:
    """Probes that may leave now: one stencil, and columns of stamps and addresses. ``first`` is for the log."""

    stencil: Stencil
    ipv6: bool
    stamps: Sequence[int]
    addresses: Sequence[Address]
    first: int


@dataclass(slots=True)
class _Run:
    """Consecutive silent positions that share a stencil and a family, as columns; ``begin`` is the next to leave."""

    stencil: Stencil
    ipv6: bool
    positions: Sequence[int]
    stamps: Sequence[int]
    addresses: Sequence[Address]
    begin: int = 0


class Sweep(Generic[CredentialT]):
    """One sweep by ``plan``, begun ``now``; ``seed`` and the secret ``key`` are the caller's randomness.

    With ``state`` it goes on from there; raises ValueError where that is none of this plan.
    """

    def __init__(
        self,
        plan: SweepPlan[CredentialT],
        *,
        seed: int,
        key: bytes,
        classify: Classifier,
        now: float,
        state: SweepState | None = None,
    ) -> None:
        self._plan = plan
        self._reader = SightingReader(classify)
        self._order = TargetOrder(plan.targets, seed, shard=plan.shard)
        self._size = self._order.size
        self._allowances = Allowances(plan.credentials)
        self._rounds = rounds_of(plan.version, retries=plan.retries, choices=self._allowances.choices)
        self._stencils = {
            (version, index): _stencil(version, credential)
            for version in {round_.version for round_ in self._rounds}
            for index, credential in enumerate(plan.credentials)
        }
        self._ids = RequestIds(self._size, key=key)
        self._log = SendLog(plan.timeout)
        self._pacer = _pacer(plan, now)
        self._subnets = SubnetLimit() if plan.rate is None else None
        intervals = plan.targets.intervals
        self.families: Final = frozenset(
            end >= IPV6 for interval in (*intervals[:1], *intervals[-1:]) for end in interval
        )
        """Whether IPv4 (False) and IPv6 (True) targets are among them."""

        state = state or SweepState()
        self._answered = Marks(self._size, state.given)
        self._settled = Marks(self._size, state.given)  # answered, or known to be out of reach
        self._given_before = self._answered.count
        self._round = min(max(0, state.round_), len(self._rounds) - 1)
        self._cursor = state.cursor // CHUNK * CHUNK  # the next position of the round
        self._runs: list[_Run] = []
        self._strangers: set[Address] = set()
        self._useless: dict[int, int] = {}  # of a position: what came with its id and was no answer
        self._refusals: dict[int, Found[CredentialT]] = {}
        self._drops = self._junk_before = self._answered_before = 0

        self._probes = self._refused = self._malformed = self._duplicates = self._other_source = 0
        self._unreachable = 0
        self._without_credential = 0
        self._send_errors: Counter[str] = Counter()

    # --- what goes out ---

    def next_shot(self, now: float) -> Shot | float:
        """Give the probes that may leave ``now``, or the instant at which to ask again (infinite: never)."""
        allowance = self._pacer.allowance(now)
        if allowance <= 0:
            return self._pacer.ready_at(now)
        if self._plan.max_in_flight is not None:
            allowance = min(allowance, self._plan.max_in_flight - self._log.in_flight)
            if allowance <= 0:
                return self._log.next_timeout() or now
        if not self._runs and (wait := self._load(now)) is not None:
            return wait
        run = self._runs[0]
        begin, end = run.begin, min(run.begin + allowance, len(run.stamps))
        addresses = run.addresses[begin:end]
        if self._subnets is not None:
            admitted = self._subnets.admit(addresses, now)
            if not admitted:
                return self._subnets.ready_at(addresses[0], now)
            addresses = addresses[:admitted]
            end = begin + admitted
        first = self._round_start() + run.positions[begin]
        return Shot(run.stencil, run.ipv6, run.stamps[begin:end], addresses, first)

    def shot_sent(self, shot: Shot, done: int, faults: Sequence[Fault], now: float) -> None:
        """The first ``done`` probes of ``shot`` were handed over at ``now``, ``faults`` of them in vain.

        What is left of it comes with the next shot.
        """
        sent = done - len(faults)
        self._pacer.spend(done)  # what was in vain, too: else a link that is down for a second eats up a whole round
        if sent:
            self._probes += sent
            self._log.sent(shot.first, sent, now)
        for fault in faults:
            self._send_errors[os.strerror(fault.code)] += 1
        run = self._runs[0]
        run.begin += done
        if run.begin == len(run.stamps):
            del self._runs[0]

    def _load(self, now: float) -> float | None:
        """Fill the runs from the next chunk with a silent target; else say when to ask again."""
        for _ in range(_SKIPPED_AT_ONCE):
            if self._cursor >= self._size:
                if self._round + 1 >= len(self._rounds):
                    return self._log.next_timeout() or float("inf")
                self._round += 1
                self._cursor = 0
                self._pacer.first_round_over()
            start, end = self._cursor, min(self._cursor + CHUNK, self._size)
            silent = self._settled.absent(start, end)
            if silent:
                if self._round and not self._log.settled_before(self._round_start() - self._size + end):
                    return self._log.next_timeout() or now
                self._runs = list(self._runs_of(start // CHUNK, silent))
            self._cursor = end
            if self._runs:
                return None
        return now

    def _runs_of(self, chunk: int, positions: Sequence[int]) -> Iterator[_Run]:
        start = chunk * CHUNK
        stamps: Sequence[int] = self._ids.of_chunk(self._round, chunk)
        addresses: Sequence[Address] = self._order.take(start, CHUNK)
        if len(positions) < len(stamps):
            places = [position - start for position in positions]
            stamps = [stamps[place] for place in places]
            addresses = [addresses[place] for place in places]
        round_ = self._rounds[self._round]
        if self._allowances.everywhere and len(self.families) == 1:
            stencil = self._stencils[round_.version, round_.choice]
            yield _Run(stencil, True in self.families, positions, stamps, addresses)
            return
        # Each target has its own list of credentials: neighbours in the order that share a stencil make a run.
        allowed = [self._allowed(self._round, address) for address in addresses]
        columns = zip(positions, stamps, addresses, allowed, strict=True)
        for (index, ipv6), group in groupby(columns, lambda row: (row[3], row[2] >= IPV6)):
            members = list(group)
            if index is None:
                self._without_credential += len(members) if self._round == 0 else 0
                continue
            stencil = self._stencils[round_.version, index]
            yield _Run(
                stencil, ipv6, [row[0] for row in members], [row[1] for row in members], [row[2] for row in members]
            )

    def _allowed(self, round_: int, address: Address) -> int | None:
        """The credential that ``address`` is asked with in ``round_``, if any."""
        allowed = self._allowances.at(address)
        choice = self._rounds[round_].choice
        return allowed[choice] if choice < len(allowed) else None

    def _round_start(self) -> int:
        return self._round * self._size

    # --- what comes in ---

    def receive(self, payload: bytes, source: Address, port: int, *, now: float) -> Found[CredentialT] | None:
        """Judge a datagram from ``source`` and its ``port``; give the finding when it is a target's first answer."""
        request_id = peek_request_id(payload)  # a flood of what is not ours is not worth a decoding
        if request_id is None:
            self._malformed += 1
            return None
        probe = self._probe_of(request_id)
        if probe is None:
            self._refuse(source)
            return None
        round_, position, credential = probe
        if position in self._answered:
            self._duplicates += 1
            return None
        address = self._order.address_at(position)
        elsewhere = source != address or port != self._plan.port
        if (elsewhere and not self._believes(source)) or self._useless.get(position, 0) >= USELESS_PER_HOST:
            self._refused += 1
            return None
        try:
            message = decode_message(payload)
        except DecodeError:
            self._malformed += 1
            self._count_useless(position)
            return None
        if not isinstance(message, Message) or message.pdu_type != PduType.RESPONSE:
            self._refused += 1
            self._count_useless(position)
            return None
        if message.error_status in _REFUSALS and len(self._allowances.at(address)) > 1:
            self._keep_refusal(position, message, credential)  # another credential may do better
            return None
        self._other_source += elsewhere
        self._answered.add(position)
        self._refusals.pop(position, None)
        sent_at = self._settle(round_, position, answered=True)
        sighting = self._reader.read(
            message,
            address=format_address(address),
            port=self._plan.port,
            rtt=None if sent_at is None else now - sent_at,
        )
        return Found(sighting, self._plan.credentials[credential], position)

    def _keep_refusal(self, position: int, message: Message, credential: int) -> None:
        self._refused += 1
        self._count_useless(position)
        if position not in self._refusals and len(self._refusals) < MAX_REFUSALS:
            address = format_address(self._order.address_at(position))
            sighting = self._reader.read(message, address=address, port=self._plan.port, rtt=None)
            self._refusals[position] = Found(sighting, self._plan.credentials[credential], position)

    def take_refusals(self) -> list[Found[CredentialT]]:
        """Give, at the end, those that refused a credential and answered to no other: they are devices all the same."""
        refusals, self._refusals = self._refusals, {}
        for position in refusals:
            self._answered.add(position)
            self._settled.add(position)
        return list(refusals.values())

    def unreachable(self, payload: bytes, code: int) -> None:
        """The network says, with errno ``code``, that a probe that began with ``payload`` did not arrive.

        It quotes our own request-id, so nobody else can say so. A host that refuses is not asked again. A route that
        is missing may come back: it is tried once more, by the next round, and believed then.
        """
        for stencil in self._stencils.values():
            if payload.startswith(stencil.octets[: stencil.offset]) and len(payload) >= stencil.offset + 4:
                request_id = int.from_bytes(payload[stencil.offset : stencil.offset + 4], "big")
                break
        else:
            return
        probe = self._probe_of(request_id)
        if probe is None or (probe[0] == 0 and code != errno.ECONNREFUSED):
            return
        round_, position, _ = probe
        if position not in self._settled:
            self._settle(round_, position, answered=False)
            self._unreachable += 1

    def _probe_of(self, request_id: int) -> tuple[int, int, int] | None:
        """The round, the position and the credential of the probe with this id; None when none such was sent."""
        matched = self._ids.match(request_id, rounds=self._round + 1)
        if matched is None:
            return None
        round_, position = matched
        unsent = self._runs[0].positions[self._runs[0].begin] if self._runs else self._cursor
        if round_ == self._round and position >= unsent:
            return None
        if self._allowances.everywhere:
            return round_, position, self._rounds[round_].choice
        credential = self._allowed(round_, self._order.address_at(position))
        return None if credential is None else (round_, position, credential)

    def _settle(self, round_: int, position: int, *, answered: bool) -> float | None:
        """Take ``position`` out of later rounds; give the time at which it was asked in ``round_``."""
        sequence = round_ * self._size + position
        if self._settled.add(position):
            return self._log.settled(sequence, answered=answered)
        return self._log.sent_at(sequence)

    def _refuse(self, source: Address) -> None:
        self._refused += 1
        if len(self._strangers) < MAX_STRANGERS:
            self._strangers.add(source)

    def _believes(self, source: Address) -> bool:
        """Whether this source may answer for another: it never showed a wrong id, as far as is remembered.

        From any of its ports: else each of them had a guess.
        """
        return len(self._strangers) < MAX_STRANGERS and source not in self._strangers

    def _count_useless(self, position: int) -> None:
        if position in self._useless or len(self._useless) < MAX_STRANGERS:
            self._useless[position] = self._useless.get(position, 0) + 1

    # --- time and ends ---

    def expire(self, now: float) -> None:
        """Close the batches that have timed out by ``now``; the pacer learns from those of the first round."""
        for batch in self._log.expire(now):
            if batch.first < self._size:
                self._pacer.judge(batch.sent, batch.answered, batch.sent_at, now)

    def kernel_drops(self, count: int, *, now: float) -> None:
        """The system has dropped ``count`` datagrams so far: too many answers at once, unless it is a flood of others.

        A flood does not end because the probes slow down: whoever sends one shall not stop the sweep.
        """
        junk, answered = self._refused + self._malformed + self._duplicates, self._answered.count
        flooded = junk - self._junk_before > answered - self._answered_before
        self._junk_before, self._answered_before = junk, answered
        if count > self._drops:
            self._drops = count
            if not flooded:
                self._pacer.lost(now)

    def is_done(self) -> bool:
        """Whether nothing is left to send and nobody left to wait for."""
        if self._settled.count == self._size:
            return True
        at_the_end = self._round + 1 == len(self._rounds) and self._cursor >= self._size and not self._runs
        return at_the_end and not self._log.in_flight

    @property
    def answered(self) -> int:
        """Targets that answered, without those given before."""
        return self._answered.count - self._given_before

    def state(self) -> SweepState:
        """Say how far the sweep has come for certain."""
        unsent = self._round_start() + (self._runs[0].positions[self._runs[0].begin] if self._runs else self._cursor)
        oldest = self._log.oldest()
        round_, position = divmod(unsent if oldest is None else min(unsent, oldest), max(1, self._size))
        return SweepState(round_, position // CHUNK * CHUNK, found=self.answered)

    def progress(self) -> tuple[int, int]:
        """Give how far the rounds have come, as (done, total) positions; done is total at the end only."""
        total = self._size * len(self._rounds)
        return total if self.is_done() else min(total - 1, self._round_start() + self._cursor), total

    def summary(self, *, seconds: float, interrupted: bool) -> SweepSummary:
        """Give the counts so far."""
        return SweepSummary(
            hosts=self._size,
            answered=self.answered,
            probes=self._probes,
            refused=self._refused,
            malformed=self._malformed,
            duplicates=self._duplicates,
            other_source=self._other_source,
            unreachable=self._unreachable,
            send_errors=dict(self._send_errors),
            kernel_drops=self._drops,
            without_credential=self._without_credential,
            seconds=seconds,
            interrupted=interrupted,
        )


def _stencil(version: int, credential: CredentialT) -> Stencil:
    community = credential.name.reveal().encode("utf-8", "surrogateescape")
    template = RequestTemplate(version, community, PduType.GET, PROBE_OIDS)
    return Stencil(template.encode(REQUEST_ID_MIN), template.id_offset)


def _pacer(plan: SweepPlan[CredentialT], now: float) -> Pacer:
    if plan.rate is None:
        return KindPacer(now)
    return Pacer() if plan.rate == "max" else FixedPacer(float(plan.rate), now)
