"""The three kinds of sweep: kind, at a rate that was asked for, and as fast as the path carries. One pacer serves all.

They differ in where they start, in how far they may go, and in what they do without evidence:

- *kind* starts at 1,000 packets/s, doubles each half second and never passes its cap;
- *a rate* is kept from the first packet on, and is a ceiling: where the path drops because of it, the limit is found. A
  rate above 100,000/s is gone up to, for it would have passed over a /16 before the first word of it came back;
- *max* starts at 10,000/s and doubles as fast as good news comes in.
"""

from typing import Final, Literal

from ptscan.sweep.limits import BURST_SECONDS, KIND_GROWTH_SECONDS, KIND_RATE, KIND_START_RATE
from ptscan.sweep.pacer import BLIND_RATE, FIRST_RATE, Pacer

_ASKED_BURST_SECONDS: Final = 0.05  # what a late wake-up may make good at a rate that was asked for
_EXCESS: Final = 1.015  # how far above it any one second may get: less than 2 % with what leaves a little late
_TRUSTED_RATE: Final = 100_000.0
_MOST_RATE: Final = 2_000_000.0  # no machine of ours sends as fast


def make_pacer(rate: float | Literal["max"] | None, now: float, *, sharers: int = 1) -> Pacer:
    """Make the pacer of a sweep at ``rate`` packets a second, at the most that the path carries, or kind (None).

    It is one of so many ``sharers``: each starts with its share, and keeps to its share of the kind cap.
    """
    if rate is None:
        return Pacer(
            now,
            start=KIND_START_RATE / sharers,
            cap=KIND_RATE / sharers,
            blind=KIND_RATE / sharers,
            burst=BURST_SECONDS,
            pause=KIND_GROWTH_SECONDS,
        )
    if rate == "max":
        start, blind = FIRST_RATE / sharers, BLIND_RATE / sharers
        return Pacer(now, start=start, cap=_MOST_RATE, blind=blind, burst=BURST_SECONDS, pause=0.0)
    start = min(float(rate), _TRUSTED_RATE)
    return Pacer(
        now,
        start=start,
        cap=float(rate),
        blind=float(rate),
        burst=_ASKED_BURST_SECONDS,
        pause=0.0,
        ceiling=_EXCESS * rate + 1,
    )
