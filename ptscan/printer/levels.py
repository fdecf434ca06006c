"""What is left in a supply, by RFC 3805: a percentage where the device tells a number, a state otherwise.

prtMarkerSuppliesLevel and ...MaxCapacity hold three codes beside numbers: -1 no restriction, -2 unknown, -3 something
is left (a container) or there is still space (a receptacle). None of them is ever turned into a percentage.
"""

from typing import Final

from ptscan.printer import standard

LOW_PERCENT: Final = 10.0
"""At or below this a supply is ``low``; RFC 3805 leaves the threshold to the reader."""

FEW_STEPS: Final = 10
"""A level of a capacity up to this one comes in so few steps that between them nothing can be concluded."""

NO_RESTRICTION, UNKNOWN, SOME = -1, -2, -3


def percent_left(level: int | None, capacity: int | None, unit_code: int | None) -> float | None:
    """Return what is left, 0..100 with one decimal, or None where the device tells no number.

    Without a capacity only the unit percent makes a percentage of a level: a bare 55 may be sheets.
    """
    if level is None or level < 0:
        return None
    if unit_code == standard.SUPPLY_UNIT_PERCENT and level <= 100 and (capacity is None or capacity <= 0):
        capacity = 100
    if capacity is None or capacity <= 0:
        return None
    return round(min(100.0, 100.0 * level / capacity), 1)


def is_coarse(level: int | None, capacity: int | None) -> bool:
    """Whether the capacity itself proves that the level is told in a few steps only: 3 of 4."""
    return level is not None and level >= 0 and capacity is not None and 0 < capacity <= FEW_STEPS


def state_of(level: int | None, percent: float | None, *, receptacle: bool) -> str:
    """Return the state that the level code or the percentage stands for."""
    if percent is not None:
        if percent == 0 and not level:  # the last of 2,700 sides is 0.0 % and not yet nothing
            return "full" if receptacle else "empty"
        return "low" if percent <= LOW_PERCENT else "ok"
    if level is None or level == UNKNOWN:
        return "unknown"
    if level == SOME:
        return "some"
    if level == 0:
        return "full" if receptacle else "empty"
    return "ok" if level > 0 or level == NO_RESTRICTION else "unknown"
