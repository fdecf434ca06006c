"""When a certificate is renewed, and what its times say. Pure: clocks and lots come in."""

from datetime import datetime, timedelta

from ptscan.tls import limits


def renew_at(not_before_at: datetime, not_after_at: datetime, lot: float) -> datetime:
    """When to ask for the next certificate: at two thirds of the life, a tenth of it sooner or later by ``lot`` (0..1).

    A certificate is renewed again and again from then to its end, until it works.
    """
    life = not_after_at - not_before_at
    share = limits.RENEW_AFTER + limits.RENEW_JITTER * (2 * min(max(lot, 0.0), 1.0) - 1)
    return not_before_at + life * share


def begins_at(issued_at: datetime) -> datetime:
    """Where a certificate that is issued now begins: early enough for a clock that is slow."""
    return issued_at.replace(microsecond=0) - timedelta(seconds=limits.CLOCK_SKEW_SECONDS)


def clock_fault(not_before_at: datetime, not_after_at: datetime, now_at: datetime) -> str:
    """One line about a certificate that is out of its time by this machine's clock, or nothing."""
    if now_at < not_before_at:
        return (
            f"it is valid from {not_before_at:%Y-%m-%d %H:%M} UTC and the clock here says {now_at:%Y-%m-%d %H:%M} UTC: "
            "set the clock"
        )
    if now_at > not_after_at:
        return (
            f"it ended {not_after_at:%Y-%m-%d %H:%M} UTC and the clock here says {now_at:%Y-%m-%d %H:%M} UTC: set the "
            "clock if that is wrong; else enrol again with a new token, what is spooled is kept"
        )
    return ""
