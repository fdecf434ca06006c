"""However many sweeps share the kind caps, no subnet sees more than its hundred packets in any second."""

import pytest

from ptscan.sweep.limits import KIND_RATE, KIND_SUBNET_CAP, MAX_SHARERS
from ptscan.sweep.pacing import make_pacer
from ptscan.sweep.round_trips import RoundTrips
from ptscan.sweep.subnets import SubnetLimit


@pytest.mark.parametrize("sharers", [1, 2, 3, 5, 8, 33, MAX_SHARERS])
def test_sharers_together_press_no_subnet_more_than_one_alone(sharers: int) -> None:
    limits = [SubnetLimit(sharers) for _ in range(sharers)]
    sent: list[float] = []
    for step in range(30_000):
        now = step / 10_000
        sent += [now for limit in limits if limit.admit([0x7F3C0001], now)]
    most = max(sum(first <= time < first + 1 for time in sent) for first in sent[:: max(1, len(sent) // 50)])
    assert KIND_SUBNET_CAP / 4 < most <= KIND_SUBNET_CAP


@pytest.mark.parametrize("sharers", [1, 2, 3, 5, 8, 33, MAX_SHARERS])
def test_sharers_together_never_pass_the_kind_cap(sharers: int) -> None:
    pacer = make_pacer(None, 0.0, sharers=sharers)
    times = RoundTrips(1.0)
    left = 0
    for step in range(20_000):  # nobody answers: it grows to its cap
        now = step / 1_000
        allowance = pacer.allowance(now)
        pacer.spend(allowance)
        left += allowance if now >= 19 else 0
        pacer.review((), _Silence(), times, now=now)
    assert left * sharers <= 25_000
    assert left * sharers >= KIND_RATE * 0.9


class _Silence:
    def tally(self, begin: float, end: float) -> tuple[int, int]:
        return 0, 0
