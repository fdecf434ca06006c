"""Sweeps without sockets, on an ideal path, with the time given literally."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable

from engines import report

from codec import Message, PduType, decode_message, encode_response
from ptscan.datagram import Received
from ptscan.sweep import Shot, Sighting, Sweep, SweepPlan, SweepState
from ptscan.sweep.discovery import discovery_stencil
from ptscan.targets import Address

STEP = 0.0005


class Simulation:
    """Drives a sweep over an ideal path of 10 ms; ``answers`` says whether a host answers its n-th probe.

    And ``speaks`` whether it speaks a version at all.
    """

    def __init__(
        self,
        plan: SweepPlan,
        *,
        seed: int = 1,
        answers: Callable[[Address, int], bool],
        speaks: Callable[[Address, int], bool] = lambda address, version: True,
        state: SweepState | None = None,
    ) -> None:
        self.now = 0.0
        self.sweep = Sweep(plan, seed=seed, key=b"k" * 32, classify=lambda oid, descr: "unknown", now=0.0, state=state)
        self.port = plan.port
        self.answers = answers
        self.speaks = speaks
        self.sent: list[tuple[float, Address]] = []
        self.versions: defaultdict[Address, list[int]] = defaultdict(list)
        self.asked: Counter[Address] = Counter()
        self.found: list[str] = []
        self.sightings: list[Sighting] = []
        self.most_in_flight = 0
        self._under_way: list[tuple[float, bytes, Address]] = []

    def run(self, seconds: float = math.inf) -> "Simulation":
        sweep = self.sweep
        while not sweep.is_done() and self.now < seconds:
            while self._under_way and self._under_way[0][0] <= self.now:
                _, payload, source = self._under_way.pop(0)
                self.receive(payload, source)
            sweep.expire(self.now)
            shot = sweep.next_shot(self.now)
            if isinstance(shot, Shot):
                self._shoot(shot)
                continue
            if sweep.is_done():
                break
            arrival = self._under_way[0][0] if self._under_way else math.inf
            assert min(shot, arrival) < math.inf, "it would wait for ever"
            # The sender is never on time to the microsecond.
            self.now = max(self.now, min(shot, arrival)) + STEP
        return self

    def receive(self, payload: bytes, source: Address, port: int | None = None) -> bool:
        received = Received([payload], [source], [self.port if port is None else port])
        found = self.sweep.receive_batch(received, 0, now=self.now)
        self.sightings += [finding.sighting for finding in found]
        self.found += [finding.sighting.address for finding in found]
        return bool(found)

    def answer(self, shot: Shot, place: int) -> bytes:
        octets, offset = shot.stencil.octets, shot.stencil.offset
        probe = octets[:offset] + shot.stamps[place].to_bytes(4, "big") + octets[offset + 4 :]
        if shot.stencil == discovery_stencil():
            return report(shot.stamps[place])
        message = decode_message(probe)
        assert isinstance(message, Message)
        assert message.pdu_type == PduType.GET
        return encode_response(message.version, message.community, message.request_id, message.varbinds)

    def _shoot(self, shot: Shot) -> None:
        version = shot.stencil.octets[4]  # behind the headers of the message and of the version
        for place, address in enumerate(shot.addresses):
            self.sent.append((self.now, address))
            self.versions[address].append(version)
            self.asked[address] += 1
            if self.answers(address, self.asked[address]) and self.speaks(address, version):
                self._under_way.append((self.now + 0.01, self.answer(shot, place), address))
        self.sweep.shot_sent(shot, len(shot.addresses), (), self.now)
        self.most_in_flight = max(self.most_in_flight, self.sweep._register.log.in_flight)
