"""The order of probing: a computed permutation of the whole set that needs no memory and spreads over the subnets.

Theory of operation. Position ``p`` holds the address number ``(step * p + origin) mod count``. With ``step`` prime to
``count`` that is a permutation of exactly the set: no cycle walking, nothing to keep, computed from any position, and
invertible. Both constants come from the seed. What makes it *spread* is the choice of ``step``: the continued fraction
of ``step / count`` has small partial quotients only, so the points of any run of consecutive positions lie evenly
over the whole set (the three-gap theorem; a golden-section lattice is the best known case). Of any W consecutive
positions about W * 256 / count fall into one /24, give or take a few, where a random shuffle would clump.
Even sampling also means that the share of answers in any stretch estimates the share in the whole set, which the
pacer uses to notice loss.
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from typing import Final, overload

from ptscan.targets.address import Address
from ptscan.targets.target_set import TargetSet

_GOOD_QUOTIENT: Final = 5
_TRIES: Final = 256


class TargetOrder(Sequence[Address]):
    """The addresses of one shard of a set in probing order, indexable by position, in constant memory.

    ``shard`` (i, n) takes the positions p with p mod n = i, from 0.
    """

    __slots__ = ("_origin", "_step", "_stride", "_targets", "_total", "seed", "shard", "size")

    def __init__(self, targets: TargetSet, seed: int, *, shard: tuple[int, int] = (0, 1)) -> None:
        index, shards = shard
        if not 0 <= index < shards:
            raise ValueError(f"shard {index} of {shards} does not exist")
        self._targets = targets
        self._total = targets.count
        self.seed = seed
        self.shard = shard
        self.size: int = max(0, -(-(self._total - index) // shards))
        """How many positions this shard has."""
        self._step, origin = _constants(self._total, seed) if self._total else (1, 0)
        # The shard's own position k is position index + k * shards of the whole order.
        self._origin = (origin + self._step * index) % max(1, self._total)
        self._stride = self._step * shards % max(1, self._total)

    def take(self, start: int, length: int) -> list[Address]:
        """Give the addresses at positions ``start`` to ``start + length - 1``, fewer where the shard ends."""
        length = min(length, self.size - start)
        if length <= 0 or start < 0:
            return []
        total, stride = self._total, self._stride
        first = (self._origin + stride * start) % total
        if not stride:  # one address in all, or each shard has one
            return self._targets.addresses([first])
        return self._targets.addresses([n % total for n in range(first, first + stride * length, stride)])

    def address_at(self, position: int) -> Address:
        """Give the address at ``position``, from 0 to ``size`` - 1, which is not checked."""
        return self._targets.address_of((self._origin + self._stride * position) % self._total)

    def position_of(self, address: Address) -> int | None:
        """Give the position of ``address`` in this shard; None when it is in another shard or no target."""
        number = self._targets.number_of(address)
        if number is None:
            return None
        index, shards = self.shard
        origin = (self._origin - self._step * index) % self._total
        whole = (number - origin) * pow(self._step, -1, self._total) % self._total
        return whole // shards if whole % shards == index else None

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, position: int) -> Address: ...
    @overload
    def __getitem__(self, position: slice) -> list[Address]: ...
    def __getitem__(self, position: int | slice) -> Address | list[Address]:
        if isinstance(position, slice):
            start, stop, step = position.indices(self.size)
            return self.take(start, stop - start)[::step] if step > 0 else [self[p] for p in range(start, stop, step)]
        wanted = position + self.size if position < 0 else position
        if not 0 <= wanted < self.size:
            raise IndexError(position)
        return self.address_at(wanted)


def _constants(total: int, seed: int) -> tuple[int, int]:
    """Draw a step and an origin for ``total`` addresses from ``seed``: the first good step, else the best seen."""
    best, best_worst = 1, total + 1
    origin = _draw(seed, 0) % total
    for attempt in range(1, _TRIES + 1):
        step = _draw(seed, attempt) % total
        if gcd(step, total) != 1:
            continue
        worst = _worst_quotient(step, total)
        if worst < best_worst:
            best, best_worst = step, worst
        if worst <= _GOOD_QUOTIENT:
            break
    return best, origin


def _draw(seed: int, attempt: int) -> int:
    """One 256-bit number for (seed, attempt), the same on every platform and Python."""
    return int.from_bytes(blake2b(f"ptscan order {seed} {attempt}".encode(), digest_size=32).digest(), "big")


def _worst_quotient(step: int, total: int) -> int:
    """The largest partial quotient of step / total's continued fraction, but for the first: the last does count."""
    worst, high, low = 0, total, step
    while low:
        quotient, rest = divmod(high, low)
        worst = max(worst, quotient)
        high, low = low, rest
    return worst
