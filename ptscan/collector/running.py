"""A collector that runs: the port for its agents, the pages, and what goes on beside them, until it is cancelled. I/O.

Cancelled, it ends in order: nothing new is taken, what was taken is stored and answered, and only then does the store
close. Tasks that serve are shielded from the cancellation; each of them ends with the server, which ends by itself
within the link's DRAIN_SECONDS and one transaction.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

import msgspec
import trio

from proto_schema import UPLOAD
from ptscan import __version__
from ptscan.collector import limits
from ptscan.collector.config import CollectorConfig
from ptscan.collector.curious import in_both_tongues
from ptscan.collector.endpoints import EVERYWHERE, Endpoint
from ptscan.collector.enrolling import FOR_STRANGERS, Enrolment, name_of
from ptscan.collector.ingesting import Ingestor
from ptscan.collector.metrics import Metrics
from ptscan.collector.noting import Notes
from ptscan.collector.objecting import objecting
from ptscan.collector.pages import Pages
from ptscan.collector.sessions import Sessions
from ptscan.collector.storage import Store, open_store
from ptscan.collector.upkeep import Credentials, keep_certificates, keep_retention, look_after
from ptscan.collector.uploading import uploads
from ptscan.errors import InputError
from ptscan.link import (
    LOOPBACK_NAMES,
    Handler,
    Listener,
    Report,
    Server,
    Trouble,
    open_listeners,
    open_page_listeners,
    run_server,
    serve_pages,
)

ResultT = TypeVar("ResultT")
_EVERY_IPV4: Final = "0.0.0.0"  # noqa: S104 (what a person asked for)


class Running(msgspec.Struct, frozen=True):
    """A collector that is ready."""

    port: int
    """Where agents connect."""
    pages_port: int
    """Where health and metrics are shown; 0 for nowhere."""
    name: str
    """The store's, without a password."""
    guard: str
    """How the store keeps commits safe, in one line."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def run_collector(
    config: CollectorConfig,
    *,
    report: Report,
    clock: Callable[[], datetime] = _utc_now,
    task_status: trio.TaskStatus[Running] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve agents until cancelled, and then end in order; see the module.

    Raises:
        PtscanError: the store, the authority or a port can't be opened.
    """
    look = partial(look_after, config.authority, config.names)
    credentials = await trio.to_thread.run_sync(partial(look, now_at=clock()))
    async with _opened(config.database) as store:
        listeners = await _listen(config.listen, credentials)
        try:
            page_listeners = await _listen_for_pages(config.pages, report)
        except BaseException:
            await _close(listeners)
            raise
        collector = _Collector(config, store, credentials, clock=clock, report=report)
        async with trio.open_nursery() as nursery:
            server = await nursery.start(partial(collector.serve, listeners, page_listeners))
            port = page_listeners[0].socket.getsockname()[1] if page_listeners else 0
            report(Trouble("store-opened", "", f"{store.name}: {store.guard()}"))
            task_status.started(Running(listeners[0].port, int(port), store.name, store.guard()))
            try:
                await trio.sleep_forever()
            finally:
                collector.pages.draining = True
                server.drain()


class _Collector:
    """The parts of one collector, put together."""

    def __init__(
        self,
        config: CollectorConfig,
        store: Store,
        credentials: Credentials,
        *,
        clock: Callable[[], datetime],
        report: Report,
    ) -> None:
        def seconds() -> float:
            return clock().timestamp()

        self._config = config
        self._store = store
        self._credentials = credentials
        self._clock = clock
        self._report = report
        self._writers = trio.CapacityLimiter(limits.WRITERS)
        readers = trio.CapacityLimiter(limits.READERS)
        self._metrics = Metrics(version=__version__)
        self._enrolment = Enrolment(
            store, credentials.authority, limiter=self._writers, readers=readers, clock=clock, report=report
        )
        self._ingestor = Ingestor(store, clock=seconds, report=report, metrics=self._metrics)
        self._notes = Notes(store, clock=seconds, limiter=trio.CapacityLimiter(1), report=report)
        self._sessions = Sessions(
            store, self._enrolment, self._notes, version=__version__, clock=clock, limiter=readers, report=report,
            metrics=self._metrics,
        )  # fmt: skip
        self.pages = Pages(
            store, self._enrolment, self._ingestor, self._metrics, clock=clock, limiter=trio.CapacityLimiter(1)
        )

    async def serve(
        self,
        listeners: Sequence[Listener],
        page_listeners: Sequence[trio.SocketListener],
        *,
        task_status: trio.TaskStatus[Server],
    ) -> None:
        """Serve until the server that this starts was drained; what is cancelled outside does not reach in here."""
        handlers: dict[str, Handler] = {
            **self._enrolment.methods(),
            **self._sessions.methods(),
            UPLOAD.path: uploads(self._enrolment.admit, self._ingestor),
        }
        methods = {
            path: objecting(path, in_both_tongues(path, handler), self._report) for path, handler in handlers.items()
        }
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                ended = trio.Event()

                async def run(task_status: trio.TaskStatus[Server]) -> None:
                    await run_server(
                        listeners, methods, identify=self._enrolment.identify, report=self._report,
                        for_strangers=FOR_STRANGERS, name_of=name_of, pages={"/healthz": lambda: (200, b"ok\n")},
                        task_status=task_status,
                    )  # fmt: skip
                    ended.set()

                for task in self._beside(listeners, page_listeners):
                    nursery.start_soon(task)
                server = await nursery.start(run)
                nursery.start_soon(self._enrolment.watch, server)
                self.pages.server = server
                task_status.started(server)
                await ended.wait()
                await self._notes.write()
                nursery.cancel_scope.cancel()

    def _beside(
        self, listeners: Sequence[Listener], page_listeners: Sequence[trio.SocketListener]
    ) -> list[Callable[[], Awaitable[object]]]:
        """What goes on beside the port."""

        def use(now: Credentials) -> None:
            self._enrolment.authority = now.authority
            for listener in listeners:
                listener.ssl_context = now.ssl_context

        def look() -> Credentials:
            return look_after(self._config.authority, self._config.names, now_at=self._clock())

        tasks: list[Callable[[], Awaitable[object]]] = [
            self._ingestor.run,
            self._notes.run,
            self._sessions.run,
            self.pages.watch,
            partial(
                keep_certificates, look, use, before=self._credentials, report=self._report,
                every=limits.CERTIFICATE_SECONDS,
            ),
            partial(
                keep_retention, self._store, self._config.retention_days, clock=self._clock, limiter=self._writers,
                report=self._report, metrics=self._metrics,
            ),
        ]  # fmt: skip
        if page_listeners and self._config.pages is not None:
            hosts = LOOPBACK_NAMES | {name.lower() for name in (*self._config.names, self._config.pages.host)}
            tasks.append(partial(serve_pages, page_listeners, self.pages.all(), report=self._report, hosts=hosts))
        return tasks


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    """The store, opened and closed in a thread: both may wait for others and for the disk."""
    opened = open_store(url, create=False)
    store = await trio.to_thread.run_sync(opened.__enter__)
    try:
        yield store
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(opened.__exit__, None, None, None)


async def _listen(endpoint: Endpoint, credentials: Credentials) -> list[Listener]:
    """Listen for agents; everywhere is every address of IPv4, and of IPv6 where there is such a thing."""
    if endpoint.host != EVERYWHERE:
        return await _told(endpoint, open_listeners(endpoint.host, endpoint.port, credentials.ssl_context))
    listeners = await _told(endpoint, open_listeners(_EVERY_IPV4, endpoint.port, credentials.ssl_context))
    with suppress(OSError):
        listeners += await open_listeners("::", listeners[0].port, credentials.ssl_context)
    return listeners


async def _listen_for_pages(endpoint: Endpoint | None, report: Report) -> list[trio.SocketListener]:
    """A port that is taken costs the pages alone: agents are served all the same."""
    if endpoint is None:
        return []
    host = _EVERY_IPV4 if endpoint.host == EVERYWHERE else endpoint.host
    try:
        return await open_page_listeners(host, endpoint.port)
    except OSError as error:
        text = f"no pages at {endpoint} ({error.strerror or error}): give collector.toml another `pages`, or off"
        report(Trouble("page-unavailable", "", text, error))
        return []


async def _told(endpoint: Endpoint, opening: Awaitable[ResultT]) -> ResultT:
    try:
        return await opening
    except OSError as error:
        text = f"nothing can listen at {endpoint} ({error.strerror or error}): is it running already, or name another"
        raise InputError(text) from error


async def _close(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        await listener.aclose()
