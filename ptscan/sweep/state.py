"""How far a sweep has come, as far as that is certain: enough to go on from after the process is gone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SweepState:
    """Every position before ``cursor`` of ``round_``, and all rounds before, are over: answered or timed out.

    Told by a sweep, ``found`` says how many of its findings that holds for: once so many were taken care of, a sweep of
    the same plan and seed that goes on from here misses nobody. To go on from it, ``given`` is the bitmap of those that
    were taken care of (see ``Marks``): they are neither probed nor reported again.
    """

    round_: int = 0
    cursor: int = 0
    found: int = 0
    given: bytes | None = None
