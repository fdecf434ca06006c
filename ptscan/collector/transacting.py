"""The transactions that calls wait for: each in a thread, and a store that fails becomes an answer. I/O."""

from collections.abc import Callable
from typing import TypeVar

import trio

from ptscan.collector.storage import StoreError
from ptscan.link import CallError, Report, Status, Trouble

ResultT = TypeVar("ResultT")


def not_now() -> CallError:
    """What a call ends with while the store fails: who asked keeps what it has, and asks again."""
    return CallError(Status.UNAVAILABLE, "the collector's store does not answer just now: try again")


async def transact(work: Callable[[], ResultT], *, limiter: trio.CapacityLimiter, report: Report) -> ResultT:
    """Do ``work`` in a thread, which is never abandoned. Raises CallError where the store fails, which is told."""
    try:
        return await trio.to_thread.run_sync(work, limiter=limiter)
    except StoreError as error:
        report(Trouble("store", "", str(error), error))
        raise not_now() from error
