"""The calling end: one connection that is made again whenever it is lost, and calls that wait for it. I/O."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from math import inf
from random import Random
from typing import TypeAlias

import trio

from ptscan.link import limits
from ptscan.link.backoff import Backoff
from ptscan.link.call import Call
from ptscan.link.connection import Connection, Side
from ptscan.link.dial import DialError, dial
from ptscan.link.driver import Driver
from ptscan.link.proxy import Proxy, host_and_port
from ptscan.link.racing import first_to_end
from ptscan.link.status import CallError, Status
from ptscan.link.trouble import Report, Trouble
from ptscan.tls import handshake_error

Dial: TypeAlias = Callable[[ssl.SSLContext], Awaitable[trio.abc.Stream]]
"""Makes a connection, or raises DialError."""


@asynccontextmanager
async def open_link(
    host: str,
    port: int,
    ssl_context: ssl.SSLContext,
    *,
    authority: str = "",
    proxy: Proxy | None = None,
    report: Report = lambda _: None,
    random: Random | None = None,
) -> AsyncIterator["Link"]:
    """A link to a server, connected as soon as it can be and whenever it is lost; on leaving, it is closed at once.

    ``authority`` is the server's name in requests and in its certificate; ``host`` where none is given. ``random``
    spreads the attempts. What goes wrong is told to ``report`` and raises nothing here.
    """

    async def attempt(context: ssl.SSLContext) -> trio.abc.Stream:
        return await dial(host, port, ssl_context=context, server_name=authority, proxy=proxy)

    where = host_and_port(authority or host, port)
    async with open_link_by(attempt, ssl_context, authority=where, report=report, random=random) as link:
        yield link


@asynccontextmanager
async def open_link_by(attempt: Dial, ssl_context: ssl.SSLContext, *, authority: str, report: Report = lambda _: None,
                       random: Random | None = None) -> AsyncIterator["Link"]:  # fmt: skip
    """A link by any way to a server: what ``open_link`` is made of."""
    raised: Exception | None = None
    async with trio.open_nursery() as nursery:
        link = Link(attempt, ssl_context, authority=authority, report=report, random=random or Random())
        nursery.start_soon(link.keep, nursery)
        try:
            yield link
        except Exception as error:  # raised behind the nursery, which would make a group of it
            raised = error
        nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised


class Link:
    """A connection to one server that comes back; see ``open_link``."""

    def __init__(self, attempt: Dial, ssl_context: ssl.SSLContext, *, authority: str, report: Report,
                 random: Random) -> None:  # fmt: skip
        self._dial = attempt
        self._ssl_context = ssl_context
        self._authority = authority
        self._report = report
        self._backoff = Backoff(random)
        self._driver: Driver | None = None
        self._changed = trio.Event()
        self._renewed = trio.Event()
        self._packers = trio.CapacityLimiter(limits.PACKERS)
        self._ping_seconds = limits.PING_SECONDS
        self.trouble: Trouble | None = None
        """The last thing that went wrong since the connection stood; None while all is well."""

    @property
    def is_connected(self) -> bool:
        """Whether a call could begin now."""
        return self._driver is not None

    async def connected(self) -> None:
        """Wait until a call could begin."""
        await trio.lowlevel.checkpoint()
        while self._driver is None:
            await self._changed.wait()

    async def unary(self, path: str, message: bytes, *, within: float, metadata: Mapping[str, str] | None = None,
                    compress: bool = True) -> bytes:  # fmt: skip
        """One message there and one back, ``within`` so many seconds, connecting included.

        Raises CallError. Cancelled, the call is given up; the server may or may not have done it.
        """
        async with self.call(path, within=within, metadata=metadata) as call:
            await call.send(message, compress=compress)
            call.end()
            answer = await call.receive()
            if answer is None or await call.receive() is not None:
                raise CallError(Status.INTERNAL, "the server did not answer with exactly one message")
            return answer

    @asynccontextmanager
    async def call(self, path: str, *, within: float | None = None,
                   metadata: Mapping[str, str] | None = None) -> AsyncIterator[Call]:  # fmt: skip
        """A call with streams both ways, as soon as it can begin; on leaving, it is given up unless it is over.

        ``within`` so many seconds all that is inside is done, connecting included. Raises CallError:
        DEADLINE_EXCEEDED, or UNAVAILABLE where no connection came in time.
        """
        deadline = inf if within is None else trio.current_time() + within
        call: Call | None = None
        with trio.CancelScope(deadline=deadline) as scope:
            driver = await self._ready()
            left = None if within is None else max(0.0, deadline - trio.current_time())
            call = driver.begin(path, timeout=left, metadata=dict(metadata or {}))
            try:
                yield call
            finally:
                call.cancel()
        if scope.cancelled_caught:
            if call is None and self._driver is None:
                raise CallError(Status.UNAVAILABLE, self.trouble.text if self.trouble else "no connection came in time")
            raise CallError(Status.DEADLINE_EXCEEDED, "the deadline is over")

    def renew(self, ssl_context: ssl.SSLContext) -> None:
        """Use other credentials from now on: new calls go over a new connection, those that are open may end."""
        self._ssl_context = ssl_context
        self._renewed.set()

    async def _ready(self) -> Driver:
        """Wait for a connection that takes one more call."""
        while True:
            await self.connected()
            driver = self._driver
            if driver is not None and await driver.room():
                return driver
            if driver is self._driver:  # it has just ended, and ``keep`` does not know it yet
                self._lost()

    async def keep(self, nursery: trio.Nursery) -> None:
        """Connect, and again whenever the connection is lost, for ever."""
        while True:
            self._renewed = trio.Event()
            try:
                stream = await self._dial(self._ssl_context)
            except DialError as error:
                self._tell(f"dial-{error.step.value}", str(error), error)
                await trio.sleep(self._backoff.next())
                continue
            began = trio.current_time()
            core = Connection(Side.CLIENT, now=began, authority=self._authority, ping_seconds=self._ping_seconds)
            driver = Driver(stream, core, packers=self._packers)
            nursery.start_soon(self._run, driver)
            await first_to_end(driver.heard.wait, driver.draining.wait)
            if not driver.draining.is_set():
                self._stands(driver)
            await first_to_end(driver.draining.wait, self._renewed.wait)
            self._lost()
            if core.was_asked_too_often:
                self._ping_seconds = min(2 * self._ping_seconds, limits.PING_MOST_SECONDS)
            if trio.current_time() - began >= limits.STEADY_SECONDS:
                self._backoff.reset()
            if self._renewed.is_set():
                driver.drain()
            else:
                await trio.sleep(self._backoff.next())

    async def _run(self, driver: Driver) -> None:
        """Run a connection to its end. The barrier: whatever a server does ends this connection alone."""
        try:
            await driver.run()
        except* Exception as group:
            driver.draining.set()
            self._tell("connection-failed", "an error ended the connection", group)
        reason = driver.closed_because or ""
        if not driver.heard.is_set() and not reason:
            reason = "the server closed the connection before it said a word"
        if driver.broken_by is not None and isinstance(driver.broken_by.__cause__, ssl.SSLError):
            reason = str(handshake_error(driver.broken_by))  # one that refuses our certificate does so only now
        if reason:
            self._tell("connection-ended", reason, driver.broken_by)

    def _lost(self) -> None:
        self._driver = None

    def _tell(self, kind: str, text: str, error: BaseException | None = None) -> None:
        self.trouble = Trouble(kind, self._authority, text, error)
        self._report(self.trouble)

    def _stands(self, driver: Driver) -> None:
        self._driver = driver
        self.trouble = None
        self._changed.set()
        self._changed = trio.Event()
