"""What a collector does now and then: old readings go, and certificates are renewed while it runs. I/O."""

import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import trio

from ptscan.collector import limits
from ptscan.collector.ca import Authority, open_authority, renew_issuing, renew_server
from ptscan.collector.metrics import Metrics
from ptscan.collector.storage import Store, StoreError, prune
from ptscan.errors import PtscanError
from ptscan.link import Report, Trouble
from ptscan.tls import read_private, server_context


class Credentials(msgspec.Struct, frozen=True):
    """What the port shows and whom it trusts, as the authority's folder has it at one moment."""

    authority: Authority
    server: bytes
    """Key and chain, to see whether they changed."""
    ssl_context: ssl.SSLContext
    advice: str
    """What a person should do about the authority; empty for nothing."""


def look_after(folder: Path, names: Sequence[str], *, now_at: datetime) -> Credentials:
    """Renew what is due of the authority in ``folder``, and open it. It blocks. Raises PtscanError."""
    authority, advice = renew_issuing(folder, open_authority(folder), now_at=now_at)
    path = renew_server(folder, authority, names=names, now_at=now_at)
    return Credentials(authority, read_private(path) or b"", server_context(path, authority.roots), advice)


async def keep_certificates(
    look: Callable[[], Credentials],
    use: Callable[[Credentials], None],
    *,
    before: Credentials,
    report: Report,
    every: float,
) -> None:
    """Look again and again, and hand on what changed since ``before``; what fails is told, and tried the next time.

    Other processes may have changed the folder, too: a root that was announced there is trusted here a minute later.
    """
    advice = ""
    while True:
        try:
            now = await trio.to_thread.run_sync(look)
        except PtscanError as error:
            report(Trouble("authority", "", str(error), error))
        else:
            if (now.server, now.authority.roots) != (before.server, before.authority.roots):
                use(now)
                ends = f"{now.authority.not_after_at:%Y-%m-%d}"
                report(Trouble("certificates-renewed", "", f"new certificates are in use; the issuing one ends {ends}"))
            if now.advice and now.advice != advice:
                report(Trouble("authority", "", now.advice))
            before, advice = now, now.advice
        await trio.sleep(every)


async def keep_retention(
    store: Store,
    days: int,
    *,
    clock: Callable[[], datetime],
    limiter: trio.CapacityLimiter,
    report: Report,
    metrics: Metrics,
) -> None:
    """Delete what came more than ``days`` ago, hour by hour, a little in each transaction; 0 days delete nothing."""
    while days:
        try:
            deleted = 0
            more = True
            while more:
                before = (clock() - timedelta(days=days)).timestamp()
                pruned = await trio.to_thread.run_sync(partial(store.write, prune, before=before), limiter=limiter)
                metrics.pruned.inc(pruned.readings)
                deleted += pruned.readings
                if more := pruned.more:
                    await trio.sleep(limits.RETENTION_PAUSE_SECONDS)
            if deleted:
                report(Trouble("pruned", "", f"{deleted} readings that are older than {days} days were deleted"))
        except StoreError as error:
            report(Trouble("store", "", str(error), error))
        await trio.sleep(limits.RETENTION_SECONDS)
