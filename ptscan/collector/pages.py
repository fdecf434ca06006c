"""What the collector shows of itself by plain HTTP: whether it lives, whether it is ready, what it counts. I/O.

``/readyz`` answers from what a task of its own found a moment ago, so that nobody who asks often makes the store work,
and a store that hangs makes no page hang.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import trio
from sqlalchemy import Connection, text

from ptscan.collector import limits
from ptscan.collector.enrolling import Enrolment
from ptscan.collector.ingesting import Ingestor
from ptscan.collector.metrics import MEDIA_TYPE, Metrics
from ptscan.collector.storage import Store, StoreError
from ptscan.link import Server, Shown, ShowPage

_TEXT = "text/plain; charset=utf-8"


class Pages:
    """The pages of one collector; ``watch`` has to be running for it to be ready."""

    def __init__(
        self,
        store: Store,
        enrolment: Enrolment,
        ingestor: Ingestor,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime],
        limiter: trio.CapacityLimiter,
    ) -> None:
        self._store = store
        self._enrolment = enrolment
        self._ingestor = ingestor
        self._metrics = metrics
        self._clock = clock
        self._limiter = limiter
        self._answered = trio.current_time()  # it was opened just now
        self._fault = ""
        self.server: Server | None = None
        self.draining = False

    def all(self) -> Mapping[str, ShowPage]:
        """The pages by their paths."""
        return {"/healthz": self._health, "/readyz": self._ready, "/metrics": self._show_metrics}

    async def watch(self, *, every: float = limits.STORE_SECONDS) -> None:
        """Ask the store whether it answers, again and again."""
        while True:
            try:
                await trio.to_thread.run_sync(partial(self._store.read, _answers), limiter=self._limiter)
            except StoreError as error:
                self._fault = str(error)
            else:
                self._answered, self._fault = trio.current_time(), ""
            await trio.sleep(every)

    def faults(self) -> list[str]:
        """Why no agent should be sent here now; empty where it is ready."""
        now = trio.current_time()
        found = ["it is coming to its end"] if self.draining else []
        if self._fault:
            found.append(self._fault)
        elif now - self._answered > 3 * limits.STORE_SECONDS:
            found.append(f"the store has not answered for {now - self._answered:.0f} s")
        if self._ingestor.failing is not None and now - self._ingestor.failed_at <= limits.FAILING_SECONDS:
            found.append(str(self._ingestor.failing))
        authority = self._enrolment.authority
        if not authority.not_before_at <= self._clock() < authority.not_after_at:
            found.append(f"the issuing certificate ended {authority.not_after_at:%Y-%m-%d}, or this clock is wrong")
        return found

    async def _health(self) -> Shown:
        await trio.lowlevel.checkpoint()
        return Shown(200, _TEXT, b"ok\n")

    async def _ready(self) -> Shown:
        await trio.lowlevel.checkpoint()
        found = self.faults()
        return Shown(503 if found else 200, _TEXT, "".join(f"{line}\n" for line in found or ["ready"]).encode())

    async def _show_metrics(self) -> Shown:
        await trio.lowlevel.checkpoint()
        peers = self.server.peers if self.server else []
        strangers = sum(1 for peer in peers if peer is None)
        self._metrics.connections.labels("stranger").set(strangers)
        self._metrics.connections.labels("agent").set(len(peers) - strangers)
        self._metrics.ready.set(not self.faults())
        self._metrics.authority_ends.set(self._enrolment.authority.not_after_at.timestamp())
        return Shown(200, MEDIA_TYPE, self._metrics.show())


def _answers(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
