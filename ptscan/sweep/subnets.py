"""What may go into one subnet: the cap of a kind sweep for each /24 (for IPv6, each /120)."""

from collections.abc import Sequence
from typing import Final

from ptscan.sweep.limits import KIND_SUBNET_BURST, KIND_SUBNET_CAP

_SUBNETS_KEPT: Final = 65_536


class SubnetLimit:
    """At most 98 packets in any second into one /24: 94 a second, four at once (a leaky bucket per subnet, GCRA).

    Of as many ``sharers`` each gets its share of both, a packet at once at the least.
    """

    def __init__(self, sharers: int = 1) -> None:
        self._free_at: dict[int, float] = {}  # when the subnet's bucket is empty again: its theoretical arrival time
        burst = max(1, KIND_SUBNET_BURST // sharers)
        self._interval = sharers / (KIND_SUBNET_CAP - sharers * burst)
        self._tolerance = (burst - 1) * self._interval

    def admit(self, addresses: Sequence[int], now: float) -> int:
        """Say how many of the first ``addresses`` may be sent ``now``, and count them as sent."""
        free_at, interval, tolerance = self._free_at, self._interval, self._tolerance
        for admitted, address in enumerate(addresses):
            subnet = address >> 8
            due = free_at.get(subnet, now)
            if due - tolerance > now:  # the same sum as in ready_at, to the last bit
                return admitted
            free_at[subnet] = (due if due > now else now) + interval
        if len(free_at) > _SUBNETS_KEPT:
            self._free_at = {subnet: due for subnet, due in free_at.items() if due > now}
        return len(addresses)

    def ready_at(self, address: int, now: float) -> float:
        """The instant from which a packet may go to ``address``."""
        return max(now, self._free_at.get(address >> 8, now) - self._tolerance)
