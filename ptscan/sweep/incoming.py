"""What a datagram means: an answer, to which probe, from whom, and whether to believe it."""

import errno
import struct
from collections import Counter
from typing import Final, Generic

from codec import V1, V2C, V3, DecodeError, Decoder, ErrorStatus, Message, PduType
from ptscan.datagram import Received
from ptscan.sweep.frames import NAME_HEAD, TO_NAME, Frames
from ptscan.sweep.limits import CHUNK, MAX_REFUSALS, MAX_STRANGERS, USELESS_PER_HOST
from ptscan.sweep.outgoing import Outgoing
from ptscan.sweep.plan import CredentialT, SweepPlan
from ptscan.sweep.register import Register
from ptscan.sweep.request_ids import ID_BASE
from ptscan.sweep.sighting import LAST_OCTETS, Classifier, Found, Sighting, SightingReader, milliseconds
from ptscan.targets import Address

_REFUSALS: Final = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})
_VERSIONS: Final = {"1": V1, "2c": V2C, "3": V3}
_unsigned: Final = struct.Struct(">I").unpack_from


class Incoming(Generic[CredentialT]):
    """The receiving half of a sweep by ``plan``: it marks in the ``register`` who answers the ``outgoing`` probes."""

    def __init__(
        self,
        plan: SweepPlan[CredentialT],
        register: Register[CredentialT],
        outgoing: Outgoing[CredentialT],
        classify: Classifier,
    ) -> None:
        self._plan = plan
        self._register = register
        self._outgoing = outgoing
        self._reader = SightingReader(classify, port=plan.port)
        self._decoder = Decoder()
        self._frames = Frames()
        self._strangers: set[Address] = set()
        self._useless: dict[int, int] = {}  # of a position: what came with its id and was no answer
        self._refusals: dict[int, Found[CredentialT]] = {}
        self.refused = self.malformed = self.duplicates = self.other_source = 0

    @property
    def junk(self) -> int:
        """Datagrams that were of no use."""
        return self.refused + self.malformed + self.duplicates

    def receive_batch(self, received: Received, family: Address, *, now: float) -> list[Found[CredentialT]]:
        """Judge datagrams from addresses of ``family`` (0 or IPV6); give the findings: each target's first answer.

        The loop is the fast path: an answer to this round's probe, from whom was asked, in the frame of one decoded
        before (see ``Frames``), with a name that needs no cleaning. It calls nothing of ours, which is half its speed;
        whatever is not as it expects in any respect goes step by step through :meth:`receive`.
        """
        found: list[Found[CredentialT]] = []
        register, outgoing, plan = self._register, self._outgoing, self._plan
        tag_bits, mask = register.ids.tag_bits, register.ids.mask
        answered, written_off, log = register.answered.bits, register.written_off.bits, register.log
        chunks, unsent, to_length = outgoing.chunks, outgoing.unsent, outgoing.to_length
        frames, subnets, asked_port = self._frames.known, self._reader.subnets, plan.port
        credential = None  # and every datagram goes step by step
        if register.allowances.everywhere and (choice := register.rounds[outgoing.round].choice) is not None:
            credential = plan.credentials[choice]
        at_once: list[int] = []  # the first probe of the shot that each answer is to, where that was a whole chunk
        # Of those shots, in milliseconds: one for all the answers that came now.
        round_trips: dict[int, float | None] = {}
        slow = 0
        for payload, number, port in zip(received.payloads, received.sources, received.ports, strict=True):
            source = family | number
            try:
                length = payload[1]  # these four lines are _id_place
                at = to_length if length < 0x80 else to_length + length - 0x80
                length = payload[at]
                at += 3 if length < 0x80 else length - 0x7D
                (request_id,) = _unsigned(payload, at)
                position = request_id - ID_BASE >> tag_bits ^ mask
                stamps, addresses, first = chunks[position // CHUNK]
                place, octet, bit = position % CHUNK, position >> 3, 1 << (position & 7)
                to_name = payload.rindex(NAME_HEAD) + TO_NAME
                octets, head, version, enterprise, object_id, descr, kind = frames[payload[at + 4 : to_name]]
                name = payload[to_name:].decode()
                if (
                    stamps[place] == request_id
                    and addresses[place] == source
                    and port == asked_port
                    and position < unsent
                    and credential is not None
                    and not (answered[octet] | written_off[octet]) & bit
                    and len(payload) == octets
                    and payload.startswith(head)
                    and name.isprintable()
                ):
                    address = subnets[source >> 8] + LAST_OCTETS[source & 0xFF]
                    answered[octet] |= bit
                    if first is None:
                        rtt = milliseconds(log.settled(outgoing.round_start + position, answered=True), now)
                    else:
                        at_once.append(first)
                        if first not in round_trips:
                            round_trips[first] = milliseconds(log.sent_at(first), now)
                        rtt = round_trips[first]
                    sighting = Sighting(
                        address, asked_port, version, None, enterprise, object_id, descr, name, kind, rtt
                    )  # fmt: skip
                    found.append(Found(sighting, credential, position))
                    continue
            except (IndexError, KeyError, ValueError, struct.error):
                pass
            finding = self.receive(payload, source, port, now=now)
            if finding is not None:
                slow += 1
                found.append(finding)
        fast = len(found) - slow
        if fast:
            register.heard_at = now
        register.answered.count += fast
        for first, count in Counter(at_once).items():
            log.settled(first, answered=True, count=count)
        for rtt in round_trips.values():
            if rtt is not None:
                register.times.rtt(rtt / 1000)
        if register.canaries.wants:
            for finding in found:
                self._be_canary(finding)
        if self._refusals:
            for finding in found:
                self._refusals.pop(finding.position, None)
        return found

    def receive(self, payload: bytes, source: Address, port: int, *, now: float) -> Found[CredentialT] | None:
        """Judge a datagram from ``source`` and its ``port``; give the finding when it is a target's first answer."""
        request_id = self._decoder.peek_request_id(payload)  # a flood of what is not ours is not worth a decoding
        if request_id is None:
            self.malformed += 1
            return None
        if self._is_a_guess(request_id, source):
            self.refused += 1
            return None
        probe = self._probe_of(request_id)
        if probe is None:
            if not self._receive_canary(request_id, source, now):
                self._refuse(source)
            return None
        register = self._register
        round_, position, credential = probe
        if position in register.answered:
            self.duplicates += 1
            return None
        address = register.order.address_at(position)
        elsewhere = source != address or port != self._plan.port
        if (elsewhere and not self._believes(source)) or self._useless.get(position, 0) >= USELESS_PER_HOST:
            self.refused += 1
            return None
        if credential is None:
            return self._receive_report(payload, round_, position, elsewhere=elsewhere, now=now)
        try:
            message = self._decoder.decode(payload)
        except DecodeError:
            self._count_malformed(position)
            return None
        if not isinstance(message, Message) or message.pdu_type != PduType.RESPONSE:
            self.refused += 1
            self._count_useless(position)
            return None
        ways = len(register.allowances.at(address)) + register.allowances.may_discover(address)
        if message.error_status in _REFUSALS and ways > 1:
            self._keep_refusal(position, message, credential)  # another credential may do better
            return None
        self.other_source += elsewhere
        self._refusals.pop(position, None)
        sent_at = register.settle_answered(round_, position, now)
        sighting = self._reader.read(message, address, rtt_ms=milliseconds(sent_at, now))
        at = _id_place(payload, self._outgoing.to_length)
        if payload[at : at + 4] == request_id.to_bytes(4, "big", signed=True):
            self._frames.remember(payload, at, message, sighting)
        return Found(sighting, self._plan.credentials[credential], position)

    def _receive_report(
        self, payload: bytes, round_: int, position: int, *, elsewhere: bool, now: float
    ) -> Found[CredentialT] | None:
        """Judge the answer to a discovery, which is the first one of ``position``."""
        from ptscan.sweep.discovery import read_report

        register = self._register
        address = self._reader.text_of(register.order.address_at(position))
        rtt_ms = milliseconds(register.log.sent_at(round_ * register.size + position), now)
        try:
            sighting = read_report(payload, address, self._plan.port, rtt_ms=rtt_ms)
        except DecodeError:
            self._count_malformed(position)
            return None
        self.other_source += elsewhere
        self._refusals.pop(position, None)
        register.discovered += 1
        register.settle_answered(round_, position, now)
        return Found(sighting, None, position)

    def _is_a_guess(self, request_id: int, source: Address) -> bool:
        """Whether this names another's position and comes from whom nobody believes for others: known without the tag.

        To look for a tag that is not there takes 256 new ones for each round, of which 64 communities have 131.
        """
        if self._believes(source):
            return False
        position = self._register.ids.position_in(request_id)
        return position is not None and self._register.order.address_at(position) != source

    def _be_canary(self, finding: Found[CredentialT]) -> None:
        """Whoever answered may be asked again, in the same way, to feel the path."""
        credential = finding.credential
        index = None if credential is None else self._plan.credentials.index(credential)
        way = (_VERSIONS[finding.sighting.version], index)
        if way in self._outgoing.ways:  # it may have answered in a version that nobody asked in
            number = self._outgoing.ways.index(way)
            self._register.canaries.known(finding.position, number, asked=self._outgoing.round + 1)

    def _receive_canary(self, request_id: int, source: Address, now: float) -> bool:
        """Take the answer of a canary; whether it is one."""
        canaries = self._register.canaries
        if request_id not in canaries:
            again = canaries.was_answered(request_id)
            self.duplicates += again
            return again
        position = canaries.position_of(request_id)
        elsewhere = position is not None and self._register.order.address_at(position) != source
        if elsewhere and not self._believes(source):
            return False
        rtt = canaries.answered(request_id, now=now)
        if rtt is not None:
            self._register.times.rtt(rtt)
        return True

    def _keep_refusal(self, position: int, message: Message, credential: int) -> None:
        self.refused += 1
        self._count_useless(position)
        if position not in self._refusals and len(self._refusals) < MAX_REFUSALS:
            sighting = self._reader.read(message, self._register.order.address_at(position), rtt_ms=None)
            self._refusals[position] = Found(sighting, self._plan.credentials[credential], position)

    def take_refusals(self) -> list[Found[CredentialT]]:
        """Give, at the end, those that refused a credential and answered to no other: they are devices all the same."""
        refusals, self._refusals = self._refusals, {}
        for position in refusals:
            self._register.settle_answered(0, position, self._register.heard_at)
        return list(refusals.values())

    def be_told_unreachable(self, payload: bytes, code: int) -> None:
        """The network says, with errno ``code``, that a probe that began with ``payload`` did not arrive.

        It quotes our own request-id, so nobody else can say so. A host that refuses is not asked again. A route that
        is missing may come back: it is tried once more, by the next round, and no more, whether or not that is said
        again: routers say so a few times a second (RFC 1812 section 4.3.2.8).
        """
        for stencil in self._outgoing.stencils.values():
            if payload.startswith(stencil.octets[: stencil.offset]) and len(payload) >= stencil.offset + 4:
                request_id = int.from_bytes(payload[stencil.offset : stencil.offset + 4], "big")
                break
        else:
            return
        probe = self._probe_of(request_id)
        if probe is None:
            return
        if probe[0] == 0 and code != errno.ECONNREFUSED:
            self._register.doubt(probe[1])
        else:
            self._register.write_off(probe[0], probe[1])

    def _probe_of(self, request_id: int) -> tuple[int, int, int | None] | None:
        """The round, the position and the credential of the probe with this id; None when none such was sent.

        A discovery has no credential.
        """
        register, outgoing = self._register, self._outgoing
        matched = register.ids.match(request_id, rounds=outgoing.round + 1)
        if matched is None:
            return None
        round_, position = matched
        if round_ == outgoing.round and position >= outgoing.unsent:
            return None
        if register.allowances.everywhere:
            return round_, position, register.rounds[round_].choice
        way = register.way_at(round_, register.order.address_at(position))
        return None if way is None else (round_, position, way[1])

    def _refuse(self, source: Address) -> None:
        self.refused += 1
        if len(self._strangers) < MAX_STRANGERS:
            self._strangers.add(source)

    def _believes(self, source: Address) -> bool:
        """Whether this source may answer for another: it never showed a wrong id, as far as is remembered.

        From any of its ports: else each of them had a guess.
        """
        return len(self._strangers) < MAX_STRANGERS and source not in self._strangers

    def _count_malformed(self, position: int) -> None:
        self.malformed += 1
        self._count_useless(position)

    def _count_useless(self, position: int) -> None:
        if position in self._useless or len(self._useless) < MAX_STRANGERS:
            self._useless[position] = self._useless.get(position, 0) + 1


def _id_place(payload: bytes, to_length: int) -> int:
    """Where the request-id's octets stand in an answer whose PDU's length stands at ``to_length``, or further back.

    A length below 128 is one octet, a longer one an octet 0x80 + n and n more. Raises IndexError.
    """
    length = payload[1]
    at = to_length if length < 0x80 else to_length + length - 0x80
    length = payload[at]
    return at + 3 if length < 0x80 else at + length - 0x7D
