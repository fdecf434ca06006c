"""What leaves together: probes of a run with canaries at drawn places among them, as shots of one stencil each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ptscan.datagram import Stencil
from ptscan.targets import Address


@dataclass(frozen=True, slots=True)
class Shot:
    """Packets that may leave now: one stencil, and columns of stamps and addresses.

    Those at the places of ``canaries`` are canaries, the others probes, of which ``first`` is the sequence number of
    the first; None where there are none.
    """

    stencil: Stencil
    ipv6: bool
    stamps: Sequence[int]
    addresses: Sequence[Address]
    first: int | None
    canaries: tuple[int, ...] = ()

    def cut(self, packets: int) -> "Shot":
        """The first ``packets`` of it."""
        canaries = tuple([place for place in self.canaries if place < packets])
        first = self.first if packets > len(canaries) else None
        return Shot(self.stencil, self.ipv6, self.stamps[:packets], self.addresses[:packets], first, canaries)


class Canary(NamedTuple):
    """A canary that leaves: how and whom it asks, and with which request-id."""

    stencil: Stencil
    ipv6: bool
    stamp: int
    address: Address


@dataclass(slots=True)
class Run:
    """Consecutive silent positions that share a stencil and a family, as columns; ``begin`` is the next to leave.

    ``start`` is the sequence number of position 0 in this round.
    """

    stencil: Stencil
    ipv6: bool
    start: int
    positions: Sequence[int]
    stamps: Sequence[int]
    addresses: Sequence[Address]
    begin: int = 0

    def shot(self, begin: int, end: int) -> Shot:
        """The probes from place ``begin`` to ``end`` - 1 of the run, one at least."""
        first = self.start + self.positions[begin]
        return Shot(self.stencil, self.ipv6, self.stamps[begin:end], self.addresses[begin:end], first)


def grain_of(run: Run, packets: int, places: Sequence[int], canaries: Sequence[Canary]) -> list[Shot]:
    """The next ``packets`` of ``run``, in the sequence in which they leave, with ``canaries`` at ``places`` among them.

    A canary that is asked as the run's targets are stands in a shot of theirs; any other is a shot of its own between
    two of them, for what stands before a burst tells nothing about it.
    """
    shots: list[Shot] = []
    stamps: list[int] = []
    addresses: list[Address] = []
    within: list[int] = []  # places of canaries in the shot that is being made
    begin = since = run.begin  # the next probe, and the first one of that shot

    def finish() -> None:
        nonlocal since
        if stamps:
            first = run.start + run.positions[since] if begin > since else None
            shots.append(Shot(run.stencil, run.ipv6, stamps[:], addresses[:], first, tuple(within)))
        since = begin
        for column in (stamps, addresses, within):
            column.clear()

    def take(probes: int) -> None:
        nonlocal begin
        stamps.extend(run.stamps[begin : begin + probes])
        addresses.extend(run.addresses[begin : begin + probes])
        begin += probes

    at = 0
    for place, canary in zip(places, canaries, strict=True):
        take(place - at)
        if canary.stencil is run.stencil and canary.ipv6 == run.ipv6:
            within.append(len(stamps))
            stamps.append(canary.stamp)
            addresses.append(canary.address)
        else:
            finish()
            shots.append(Shot(canary.stencil, canary.ipv6, [canary.stamp], [canary.address], None, (0,)))
        at = place + 1
    take(packets - at)
    finish()
    return shots
