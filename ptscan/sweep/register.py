"""What a sweep knows of its targets: their order, whose is which request-id, who answered, what is in flight."""

from collections.abc import Sequence
from math import inf
from typing import Final, Generic

from ptscan.sweep.canaries import Canaries
from ptscan.sweep.limits import FEWEST_FOR_CANARIES, LINGERING
from ptscan.sweep.marks import Marks
from ptscan.sweep.plan import DISCOVERY, CredentialT, SweepPlan, Way, rounds_of
from ptscan.sweep.request_ids import RequestIds
from ptscan.sweep.round_trips import RoundTrips
from ptscan.sweep.send_log import SendLog
from ptscan.targets import Address, TargetOrder


class Register(Generic[CredentialT]):
    """Shared by the two halves of a sweep: two bits for each position, and a log of batches; nothing else per host.

    ``given`` is the bitmap of the positions that are done with before the sweep begins. Raises ValueError where that
    is none of this plan.
    """

    def __init__(self, plan: SweepPlan[CredentialT], *, seed: int, key: bytes, given: bytes | None) -> None:
        self.order: Final = TargetOrder(plan.targets, seed, shard=plan.shard)
        self.size: Final = self.order.size
        self.ids: Final = RequestIds(self.size, key=key)
        self.allowances: Final = plan.allowances()
        self.rounds: Final = rounds_of(plan.version, self.allowances, retries=plan.retries)
        self.log: Final = SendLog(plan.timeout)
        self.times: Final = RoundTrips(plan.timeout)
        self.canaries: Final = Canaries(uses=_uses(plan), key=key, spacing=0.0 if plan.rate == "max" else plan.timeout)
        self.answered: Final = Marks(self.size, given)
        self.given: Final = self.answered.count
        self.discovered = 0
        """How many answered to a discovery."""
        self.heard_at = -inf
        """When somebody answered for the first time, last."""
        self.written_off: Final = Marks(self.size)
        """Known to be out of reach, and silent so far."""
        self._doubted: Marks | None = None  # no route there, said somebody, and one more probe is due

    def way_at(self, round_: int, address: Address) -> Way | None:
        """How ``address`` is asked in ``round_``, if at all."""
        version, choice = self.rounds[round_].version, self.rounds[round_].choice
        if self.allowances.everywhere:
            return version, choice
        if choice is None:
            return DISCOVERY if self.allowances.may_discover(address) else None
        allowed = self.allowances.at(address)
        return (version, allowed[choice]) if choice < len(allowed) else None

    def answered_to(self, *, discovery: bool) -> int:
        """How many answered to a discovery, or to anything else."""
        return self.discovered if discovery else self.answered.count - self.discovered

    def silent(self, start: int, end: int) -> Sequence[int]:
        """The positions from ``start``, a multiple of 8, to ``end`` - 1 that are still worth a probe."""
        return self.answered.absent(start, end, self.written_off)

    def doubt(self, position: int) -> None:
        """Somebody says that there is no route to ``position``, which may be tried once more."""
        if self._doubted is None:  # most sweeps need none
            self._doubted = Marks(self.size)
        self._doubted.add(position)

    def still_due(self, silent: Sequence[int]) -> Sequence[int]:
        """Write those of the ``silent`` off that were doubted and tried once more since, and give the others."""
        doubted = self._doubted
        if doubted is None:
            return silent
        for position in silent:
            if position in doubted:
                self.written_off.add(position)
        return [position for position in silent if position not in doubted]

    @property
    def silent_count(self) -> int:
        """How many positions are still worth a probe."""
        return self.size - self.answered.count - self.written_off.count

    @property
    def is_settled(self) -> bool:
        """Whether nobody is worth a further probe."""
        return not self.silent_count

    def settle_answered(self, round_: int, position: int, now: float) -> float | None:
        """``position`` answers for the first time, to its probe of ``round_``: say when that left, where known."""
        self.heard_at = now
        self.answered.add(position)
        sequence = round_ * self.size + position
        if self.written_off.remove(position):
            return self.log.sent_at(sequence)
        return self.log.settled(sequence, answered=True)

    def quiet_at(self, last_sent_at: float) -> float:
        """The instant from which nobody is waited for any more, when the last probe left at ``last_sent_at``.

        A path slower than the time-out is waited for as long as answers come at least that often, within bounds.
        """
        patience = self.log.timeout
        return max(last_sent_at + patience, min(self.heard_at + patience, last_sent_at + LINGERING * patience))

    def write_off(self, round_: int, position: int) -> None:
        """Nobody can be reached at ``position``, says word on its probe of ``round_``."""
        if position not in self.answered and self.written_off.add(position):
            self.log.settled(round_ * self.size + position, answered=False)


def _uses(plan: SweepPlan[CredentialT]) -> int:
    """How often a host that answered may be asked again: no host hears more than 1 + retries probes."""
    return 0 if plan.targets.count < FEWEST_FOR_CANARIES else plan.most_retries
