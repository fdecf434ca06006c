"""Which probes leave next: rounds over the order of the targets, of those still silent, as fast as the pacer allows."""

import os
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Final, Generic, NamedTuple

from codec import REQUEST_ID_MIN, PduType, RequestTemplate
from ptscan.datagram import Fault, Stencil
from ptscan.sweep.grains import Canary, Run, Shot, grain_of
from ptscan.sweep.limits import (
    CHUNK,
    CHUNKS_UNDER_WAY,
    MISSING_HOSTS,
    MISSING_SHARE,
    QUICK_SPACING,
    REVIEW_SECONDS,
)
from ptscan.sweep.pacing import make_pacer
from ptscan.sweep.plan import DISCOVERY, CredentialT, Round, SweepPlan, Way
from ptscan.sweep.register import Register
from ptscan.sweep.sighting import PROBE_OIDS
from ptscan.sweep.subnets import SubnetLimit
from ptscan.targets import IPV6, Address

_SKIPPED_AT_ONCE: Final = 64  # chunks without a silent target that one call passes over


class Chunk(NamedTuple):
    """Columns of a whole chunk of the order in this round, silent or not: what its answers are held against.

    ``first`` is the sequence number of its first probe where all of them left in one shot.
    """

    stamps: Sequence[int]
    addresses: Sequence[Address]
    first: int | None = None


class Outgoing(Generic[CredentialT]):
    """The sending half of a sweep by ``plan`` from position ``cursor`` of ``round_`` on; it reads the ``register``."""

    def __init__(
        self, plan: SweepPlan[CredentialT], register: Register[CredentialT], *, round_: int, cursor: int, now: float
    ) -> None:
        self._plan = plan
        self._register = register
        self.stencils: Final = _stencils(plan, register.rounds)
        """The probe of each way to ask."""
        self.ways: Final = list(self.stencils)
        """The same, numbered: how a canary is asked."""
        self.pacer: Final = make_pacer(plan.rate, now, sharers=plan.sharers)
        if round_:
            self.pacer.round_over(now)
        self._subnets = SubnetLimit(plan.sharers) if plan.rate is None else None
        self._sure_rounds = sum(not each.optional for each in register.rounds)
        intervals = plan.targets.intervals
        self.families: Final = frozenset(
            end >= IPV6 for interval in (*intervals[:1], *intervals[-1:]) for end in interval
        )
        """Whether IPv4 (False) and IPv6 (True) targets are among them."""
        self.round = round_
        # Those who had answered when the last round of its kind began: of communities, and of discoveries.
        self._answered_before = {kind: register.answered_to(discovery=kind) for kind in (False, True)}
        self.chunks: dict[int, Chunk] = {}
        """Chunks of this round that were begun, by number; the latest only."""
        self.to_length: Final = _to_length(plan.credentials[0]) if plan.credentials else 0
        """Where the PDU's length stands in an answer to the first credential, when the message's takes one octet."""
        self._cursor = cursor  # the next position of the round
        self._runs: list[Run] = []
        self._grain: deque[Shot] = deque()  # what is under way to leave together
        self._last_sent_at = now
        self._in_vain_at = -inf
        self._enough = False  # whether the optional rounds that are left may be left out
        self.probes = 0
        self.without_credential = 0
        self.send_errors: Counter[str] = Counter()

    @property
    def unsent(self) -> int:
        """The first position of the round that was not probed yet."""
        return self._runs[0].positions[self._runs[0].begin] if self._runs else self._cursor

    @property
    def round_start(self) -> int:
        """The sequence number of the round's first probe."""
        return self.round * self._register.size

    @property
    def is_over(self) -> bool:
        """Whether the last probe of the last round has left."""
        at_the_end = self._cursor >= self._register.size and not self._runs
        return at_the_end and (self._enough or self.round + 1 == len(self._register.rounds))

    @property
    def quiet_at(self) -> float:
        """The instant from which nobody is waited for any more, if no further probe leaves."""
        return self._register.quiet_at(self._last_sent_at)

    @property
    def rounds_ahead(self) -> int:
        """How many rounds are still to come for certain."""
        return max(0, self._sure_rounds - self.round - 1)

    def next_shot(self, now: float) -> Shot | float:
        """Give the packets that may leave ``now``, or the instant at which to ask again (infinite: never)."""
        if self._grain:
            return self._grain[0]
        allowance = self.pacer.allowance(now)
        if (ready_at := self.pacer.ready_at()) > now:  # few packets at a time would cost as much as many
            return ready_at
        if allowance < 1:  # by the clock's rounding
            return now + 1e-6
        register = self._register
        log, canaries = register.log, register.canaries
        if self._plan.max_in_flight is not None:
            allowance = min(allowance, self._plan.max_in_flight - log.in_flight - canaries.in_flight)
            if allowance <= 0:
                return log.next_timeout() or now + REVIEW_SECONDS  # canaries are looked after so often
        if not self._runs and (wait := self._load(now)) is not None:
            return wait
        run = self._runs[0]
        packets = min(allowance, len(run.stamps) - run.begin)
        ahead = register.size - self._cursor + self.rounds_ahead * register.silent_count
        ready = canaries.ready(now, most=packets)
        places = self.pacer.canary_places(packets, left=canaries.left, ready=ready, ahead=ahead)
        if places:
            taken = [self._canary(*each) for each in canaries.take(len(places), now)]
            self._grain.extend(grain_of(run, packets, places[: len(taken)], taken))
        else:
            self._grain.append(run.shot(run.begin, run.begin + packets))
        return self._grain[0] if self._subnets is None else self._admitted(self._subnets, now)

    def _canary(self, position: int, way: int, request_id: int) -> Canary:
        address = self._register.order.address_at(position)
        return Canary(self.stencils[self.ways[way]], address >= IPV6, request_id, address)

    def _admitted(self, subnets: SubnetLimit, now: float) -> Shot | float:
        """Cut the grain where a subnet has had its share; give its first shot, or the instant when that may leave."""
        addresses = [address for shot in self._grain for address in shot.addresses]
        admitted = subnets.admit(addresses, now)
        planned = list(self._grain)
        self._grain.clear()
        for shot in planned:
            packets = min(admitted, len(shot.stamps))
            admitted -= packets
            self._take_back(shot, packets)
            if packets:
                self._grain.append(shot.cut(packets))
        return self._grain[0] if self._grain else subnets.ready_at(addresses[0], now)

    def _take_back(self, shot: Shot, done: int) -> None:
        """Nothing of ``shot`` behind the first ``done`` leaves."""
        for place in shot.canaries:
            if place >= done:
                self._register.canaries.unsent(shot.stamps[place])

    def shot_sent(self, shot: Shot, done: int, faults: Sequence[Fault], now: float) -> None:
        """The first ``done`` packets of ``shot`` were handed over at ``now``, ``faults`` of them in vain.

        What is left of it comes with the next shot.
        """
        self._grain.popleft()
        self._take_back(shot, done)
        if done < len(shot.stamps):
            while self._grain:
                self._take_back(self._grain.popleft(), 0)
        in_vain = {fault.place for fault in faults}
        canaries = [place for place in shot.canaries if place < done]
        for place in in_vain.intersection(canaries):
            self._register.canaries.unsent(shot.stamps[place])
        lost = len(in_vain.intersection(canaries))
        # What was in vain is spent, too: else a link that is down for a second eats up a whole round.
        self.pacer.spend(done, canaries=len(canaries) - lost)
        for fault in faults:
            self.send_errors[os.strerror(fault.code)] += 1
            self._in_vain_at = now
        if shot.first is None:
            return
        probes = done - len(canaries)
        sent = probes - (len(in_vain) - lost)
        if sent:
            self.probes += sent
            self._last_sent_at = now
            self._register.log.sent(shot.first, sent, now)
        run = self._runs[0]
        if sent == len(run.stamps) and len(self._runs) == 1:
            number = run.positions[0] // CHUNK
            self.chunks[number] = self.chunks[number]._replace(first=shot.first)
        run.begin += probes
        if run.begin == len(run.stamps):
            del self._runs[0]

    def _load(self, now: float) -> float | None:
        """Fill the runs from the next chunk with a silent target; else say when to ask again."""
        register = self._register
        for _ in range(_SKIPPED_AT_ONCE):
            if self._cursor >= register.size and (wait := self._end_round(now)) is not None:
                return wait
            start, end = self._cursor, min(self._cursor + CHUNK, register.size)
            silent = register.silent(start, end)
            if silent:
                if self.round:
                    asked_at = register.log.last_before(self.round_start - register.size + end)
                    if asked_at is not None and asked_at + self._spacing > now:
                        return asked_at + self._spacing
                if self.round > 1:
                    silent = register.still_due(silent)
                if silent:
                    self._runs = list(self._runs_of(start // CHUNK, silent))
            self._cursor = end
            if self._runs:
                return None
        return now

    def _end_round(self, now: float) -> float | None:
        """Begin the next round, if one is due; else say when to ask again."""
        rounds, following = self._register.rounds, self.round + 1
        if self.is_over:
            return self.quiet_at
        if now < self._in_vain_at + self._plan.timeout:  # a link that is down fails at once: give it time to come back
            return self._in_vain_at + self._plan.timeout
        if rounds[following].optional:
            if now < self.quiet_at:
                return self.quiet_at
            while following < len(rounds) and not self._is_worthwhile(rounds[following]):
                following += 1
            if following == len(rounds):
                self._enough = True
                return now
        self.round = following
        kind = rounds[following].choice is None
        self._answered_before[kind] = self._register.answered_to(discovery=kind)
        self._cursor = 0
        self.chunks.clear()
        self.pacer.round_over(now)
        return None

    def _is_worthwhile(self, optional: Round) -> bool:
        """Whether some should be missing whom the ``optional`` round would find."""
        # Of those that were silent before, the last round of its kind found some and lost its share once more.
        kind, loss = optional.choice is None, self.pacer.loss
        found = self._register.answered_to(discovery=kind) - self._answered_before[kind]
        # That it found nobody does not say that nobody was left, where canaries show that much is lost.
        doubt = 0.5 if self._register.canaries.sent else 0.0
        missing = (found + doubt) * loss / (1 - loss)
        return missing > max(MISSING_HOSTS, MISSING_SHARE * self._register.answered.count)

    @property
    def _spacing(self) -> float:
        """Seconds at least between two probes to one host."""
        if self._plan.rate != "max":
            return self._plan.timeout
        return min(self._plan.timeout, max(QUICK_SPACING, self._register.times.patience))

    def _runs_of(self, number: int, positions: Sequence[int]) -> Iterator[Run]:
        register = self._register
        start = number * CHUNK
        stamps: Sequence[int] = register.ids.of_chunk(self.round, number)
        addresses: Sequence[Address] = register.order.take(start, CHUNK)
        if True not in self.families:
            addresses = array("I", addresses)  # a tenth of the memory of numbers, and in the shape that the ring wants
        if len(self.chunks) >= CHUNKS_UNDER_WAY:
            del self.chunks[next(iter(self.chunks))]
        self.chunks[number] = Chunk(stamps, addresses)
        if len(positions) < len(stamps):
            places = [position - start for position in positions]
            stamps = [stamps[place] for place in places]
            addresses = [addresses[place] for place in places]
        round_ = register.rounds[self.round]
        if register.allowances.everywhere and len(self.families) == 1:
            stencil = self.stencils[round_.version, round_.choice]
            yield Run(stencil, True in self.families, self.round_start, positions, stamps, addresses)
            return
        # Each target has its own list of credentials: neighbours in the order that share a stencil make a run.
        ways = [register.way_at(self.round, address) for address in addresses]
        columns = zip(positions, stamps, addresses, ways, strict=True)
        for (way, ipv6), group in groupby(columns, lambda row: (row[3], row[2] >= IPV6)):
            members = list(group)
            if way is None:
                if self.round == 0:
                    self.without_credential += sum(not register.allowances.may_discover(row[2]) for row in members)
                continue
            yield Run(
                self.stencils[way],
                ipv6,
                self.round_start,
                [row[0] for row in members],
                [row[1] for row in members],
                [row[2] for row in members],
            )


def _stencils(plan: SweepPlan[CredentialT], rounds: Sequence[Round]) -> dict[Way, Stencil]:
    stencils: dict[Way, Stencil] = {
        (version, index): _stencil(version, credential)
        for version in sorted({each.version for each in rounds if each.choice is not None})
        for index, credential in enumerate(plan.credentials)
    }
    if any(each.choice is None for each in rounds):
        from ptscan.sweep.discovery import discovery_stencil  # other sweeps start without SNMPv3

        stencils[DISCOVERY] = discovery_stencil()
    return stencils


def _stencil(version: int, credential: CredentialT) -> Stencil:
    template = RequestTemplate(version, credential.octets, PduType.GET, PROBE_OIDS)
    return Stencil(template.encode(REQUEST_ID_MIN), template.id_offset)


def _to_length(credential: CredentialT) -> int:
    community = len(credential.octets)
    return 2 + 3 + (2 if community < 0x80 else 3) + community + 1  # message, version, community, PDU type
