"""The client: sockets, the loops that feed the request table, and the parking of tasks. I/O, all of it."""

import os
import random
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Final, TypeVar

import trio
from outcome import Error
from outcome import Outcome as Ended

from codec import RequestTemplate
from ptscan.errors import InputError, PtscanError
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.credentials import Credential
from ptscan.snmp.dialect import Version, dialects_for, go_anywhere, why_no_dialect
from ptscan.snmp.dialogue import Device, Dialects
from ptscan.snmp.exchange import Exchange, Host, Variant
from ptscan.snmp.plan import Ask
from ptscan.snmp.session import Session
from ptscan.snmp.sockets import (
    NO_WAY,
    NOTHING_THERE,
    TRY_LATER,
    WRITABLE_AGAIN,
    DatagramSocket,
    host_key,
    open_socket,
    read_errors,
    socket_address,
)
from ptscan.snmp.table import RequestTable

ANY_V6: Final = "::"

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Of a whole client; ``timeout`` and ``retries`` are what a session has unless it is given its own."""

    timeout: float = 1.0
    """Seconds to the first retry to a device that has not answered before; see ``table`` for the later ones."""
    retries: int = 2
    per_host: int = limits.IN_FLIGHT_PER_HOST
    """Requests in flight to one (address, port)."""
    source_v4: str = "0.0.0.0"  # noqa: S104 (a client's own end)
    source_v6: str = ANY_V6


class _Woken(Ended[None]):
    """None for a task that is woken, as ``outcome.Value(None)``, but one object for all: to make those costs more."""

    __slots__ = ()

    def unwrap(self) -> None:
        return None

    def send(self, gen: Generator[ResultT, None, object]) -> ResultT:
        return gen.send(None)

    async def asend(self, agen: AsyncGenerator[ResultT, None]) -> ResultT:
        return await agen.asend(None)


_WOKEN: Final = _Woken()
_ABORTED: Final = trio.lowlevel.Abort.SUCCEEDED


@asynccontextmanager
async def open_client(
    settings: ClientSettings | None = None, *, randomness: random.Random | None = None
) -> AsyncIterator["Client"]:
    """A client with one UDP socket per address family, for as long as the block lasts.

    ``randomness`` gives the request-ids and the jitter; by default the system's, which nobody guesses. What the block
    raises passes unchanged. Raises PtscanError where this machine gives no IPv4 socket.
    """
    settings = settings or ClientSettings()
    table = RequestTable(randomness or random.SystemRandom(), per_host=settings.per_host)
    async with Client(settings, table, _open_sockets(settings)).serving() as client:
        yield client


class Client:
    """Thousands of sessions over one socket per address family; made by ``open_client``.

    The two directions meet in ``_turn``, which every task here calls after it has told the table something: send what
    there is to send, hand over what has ended, set the alarm for what is due next.
    """

    def __init__(self, settings: ClientSettings, table: RequestTable, sockets: Mapping[int, DatagramSocket]) -> None:
        self._settings = settings
        self._table = table
        self._sockets = sockets
        self._ipv4 = sockets.get(socket.AF_INET)
        self._ipv6 = sockets.get(socket.AF_INET6)
        self._parked: dict[trio.lowlevel.Task, Exchange] = {}
        """What each waiting task waits for."""
        self._asking: trio.lowlevel.Task | None = None
        """The task that is just putting a question, and does not wait yet."""
        self._ended_at_once: Ended[None] | None = None
        self._variants: dict[tuple[Dialects, Ask], tuple[Variant, ...]] = {}
        self._usual: tuple[Sequence[Credential], Version, Dialects] = ((), "auto", ())
        """The last credentials that may go to any address, and the dialects that they make."""
        self._alarm = trio.CancelScope()
        self._alarm_at = inf
        self._blocked = trio.Event()
        self._blocked_on: DatagramSocket | None = None
        self._closed = False

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Client"]:
        """Feed and flush the table for as long as the block lasts, then close the sockets."""
        failure: Exception | None = None
        try:
            async with trio.open_nursery() as nursery:
                for sock in self._sockets.values():
                    nursery.start_soon(self._receive, sock)
                nursery.start_soon(self._keep_time)
                nursery.start_soon(self._send_later)
                try:
                    yield self
                except Exception as error:  # re-raised below, outside the nursery, which would wrap it in a group
                    failure = error
                nursery.cancel_scope.cancel()
        finally:
            self._close()
        if failure is not None:
            raise failure

    @property
    def strays(self) -> int:
        """Datagrams that answered nothing that was asked."""
        return self._table.strays

    @property
    def malformed(self) -> int:
        """Datagrams that were no SNMP message."""
        return self._table.malformed

    def session(
        self,
        address: str,
        port: int = 161,
        *,
        credentials: Sequence[Credential],
        version: Version = "auto",
        timeout: float | None = None,
        retries: int | None = None,
        accept_other_source: bool = False,
    ) -> Session:
        """A session with the device at a numeric ``address``; sends nothing yet.

        Only the communities of ``credentials`` that may go to the address are tried, in their order. ``timeout`` is in
        seconds. ``accept_other_source``: also take answers from another address or port, when request-id and community
        match. Raises AddressError.
        """
        source, sockaddr = socket_address(address, port)
        dialects = self._dialects(credentials, source[0], version)
        timeout = self._settings.timeout if timeout is None else timeout
        retries = self._settings.retries if retries is None else retries
        if not 0 < timeout <= limits.MAX_TIMEOUT or not 0 <= retries <= limits.MAX_RETRIES:
            raise InputError(
                f"timeout {timeout} and retries {retries}: at most {limits.MAX_TIMEOUT:g} s and {limits.MAX_RETRIES}"
            )
        device = Device(
            Host(source, sockaddr),
            dialects,
            self.compose,
            timeout=timeout,
            retries=retries,
            accept_other_source=accept_other_source,
        )
        return Session(device, self, no_dialect=None if dialects else why_no_dialect(credentials, source[0]))

    def _dialects(self, credentials: Sequence[Credential], address: str, version: Version) -> Dialects:
        """``dialects_for``, found once for all devices where the very same credentials may go anywhere."""
        usual, usual_version, dialects = self._usual
        if credentials is usual and version == usual_version:
            return dialects
        dialects = dialects_for(credentials, address, version)
        if isinstance(credentials, tuple) and go_anywhere(credentials):  # which nobody can change behind our back
            self._usual = (credentials, version, dialects)
        return dialects

    def compose(self, dialects: Dialects, ask: Ask) -> tuple[Variant, ...]:
        """The requests for ``ask``, one in each of ``dialects``; encoded once for all who are asked the same."""
        key = (dialects, ask)
        variants = self._variants.get(key)
        if variants is None:
            variants = tuple(
                [
                    Variant(
                        RequestTemplate(
                            dialect.version, dialect.community, ask.pdu_type, ask.oids, max_repetitions=ask.repetitions
                        ),
                        dialect,
                    )
                    for dialect in dialects
                ]
            )
            if len(self._variants) >= limits.TEMPLATES_KEPT:
                del self._variants[next(iter(self._variants))]  # the oldest
            self._variants[key] = variants
        return variants

    async def conduct(self, exchange: Exchange) -> None:
        """Take an exchange, and what follows it by its ``then``, to the end.

        A checkpoint; cancelled, it leaves nothing in the table.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise trio.ClosedResourceError("the client of this session is closed")
        now = trio.current_time()
        task = exchange.task = self._asking = trio.lowlevel.current_task()
        self._parked[task] = exchange
        self._table.start(exchange, now)
        self._turn(now)
        self._asking = None
        if self._ended_at_once is not None:  # this machine would not send it
            ended, self._ended_at_once = self._ended_at_once, None
            await trio.lowlevel.cancel_shielded_checkpoint()
            ended.unwrap()
            return

        def abort(_: object) -> trio.lowlevel.Abort:
            now = trio.current_time()
            self._table.cancel(self._parked.pop(task), now)
            self._turn(now)
            return _ABORTED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def _turn(self, now: float) -> None:
        """Send what there is to send, hand over what has ended, set the alarm."""
        table = self._table
        if table.outbox:
            self._flush(now)
        while table.finished:
            for exchange in table.take_finished():
                self._hand_over(exchange, now)
            if table.outbox:
                self._flush(now)
        if table.earliest < self._alarm_at:
            self._alarm_at = self._alarm.deadline = table.earliest

    def _hand_over(self, exchange: Exchange, now: float) -> None:
        """Start what follows an exchange that has ended, or wake the task that waits for it."""
        task = exchange.task
        if task is None:
            return
        ended: Ended[None] = _WOKEN
        if exchange.then is not None:
            try:
                following = exchange.then(exchange)
            except Exception as error:  # a fault of one operation is its own task's, not that of all who wait
                ended = Error(error)
            else:
                if following is not None:
                    following.task = task
                    self._parked[task] = following
                    self._table.start(following, now)
                    return
        del self._parked[task]
        if task is self._asking:
            self._ended_at_once = ended
        else:
            trio.lowlevel.reschedule(task, ended)

    def _flush(self, now: float) -> None:
        """Send what the table has to send, as far as the sockets take it."""
        table = self._table
        pending_errors = 0
        while (packet := table.next_packet()) is not None:
            data, host = packet
            sock = self._ipv4 if len(host.sockaddr) == 2 else self._ipv6
            if sock is None:
                table.packet_failed(Outcome.NOT_SENT, "this machine has no IPv6", now)
                continue
            try:
                sock.sendto(data, host.sockaddr)
            except OSError as error:
                if error.errno in TRY_LATER:
                    self._blocked_on = sock if error.errno in WRITABLE_AGAIN else None
                    self._blocked.set()
                    return
                # Linux reports here what ICMP said of an earlier datagram, perhaps to another host: take that first.
                if pending_errors < limits.PENDING_ERRORS and self._take_errors(sock, now):
                    pending_errors += 1
                    continue
                outcome = Outcome.UNREACHABLE if error.errno in NOTHING_THERE else Outcome.NOT_SENT
                reason = f"this machine cannot send there: {os.strerror(error.errno or 0)}"
                table.packet_failed(outcome, reason, now, passing=error.errno in NO_WAY)
            else:
                table.packet_sent(len(data))
            pending_errors = 0

    async def _send_later(self) -> None:
        """Go on with the outbox when a socket that was full has room again."""
        while True:
            await self._blocked.wait()
            self._blocked = trio.Event()
            if self._blocked_on is None:
                await trio.sleep(limits.SEND_PAUSE_SECONDS)
            else:
                await trio.lowlevel.wait_writable(self._blocked_on.fileno())
            self._turn(trio.current_time())

    async def _keep_time(self) -> None:
        while True:
            self._alarm_at = self._table.earliest
            with trio.CancelScope(deadline=self._alarm_at) as self._alarm:
                await trio.sleep_forever()
            now = trio.current_time()
            self._table.handle_timeouts(now)
            self._turn(now)

    async def _receive(self, sock: DatagramSocket) -> None:
        """Take in what comes, and linger a few turns of the scheduler before the kernel is asked for a wake-up.

        A device that answers within microseconds does so while we linger: that saves the two system calls of a wait
        and, what weighs more, putting the processor to sleep and waking it.
        """
        table = self._table
        while True:
            await trio.lowlevel.wait_readable(sock.fileno())
            if not self._drain(sock):
                self._take_errors(sock, trio.current_time())
                self._turn(trio.current_time())
            turns = 0
            while turns < (limits.LINGER_TURNS if len(table) else limits.IDLE_TURNS):
                await trio.lowlevel.cancel_shielded_checkpoint()
                if self._drain(sock):
                    turns = 0
                elif table.last_rtt > limits.LINGER_SECONDS:
                    break
                else:
                    turns += 1

    def _drain(self, sock: DatagramSocket) -> int:
        """Take in what has come, up to the batch of one turn; how many octets that were."""
        receive = self._table.receive_datagram
        take = sock.recvfrom
        octets = 0
        now = 0.0
        for _ in range(limits.RECEIVE_BATCH):
            try:
                data, source = take(limits.RECEIVE_OCTETS)
            except BlockingIOError:
                break
            except OSError:
                now = trio.current_time()
                self._take_errors(sock, now)
                continue
            if not octets:
                now = trio.current_time()
            receive(data, source if len(source) == 2 else host_key(source), now)
            octets += len(data) or 1
            if octets >= limits.RECEIVE_BATCH_OCTETS:
                break
        if now:
            self._turn(now)
        return octets

    def _take_errors(self, sock: DatagramSocket, now: float) -> bool:
        """Take in what ICMP said of datagrams that were sent; whether it said anything."""
        said, unreachable = read_errors(sock)
        for destination, quoted in unreachable:
            self._table.receive_unreachable(destination, quoted, now)
        return said

    def _close(self) -> None:
        self._closed = True
        for sock in self._sockets.values():
            sock.close()
        now = trio.current_time()
        for task, exchange in self._parked.items():
            self._table.cancel(exchange, now)
            trio.lowlevel.reschedule(task, Error(trio.ClosedResourceError("the client of this session is closed")))
        self._parked.clear()


def _open_sockets(settings: ClientSettings) -> dict[int, DatagramSocket]:
    sockets: dict[int, DatagramSocket] = {}
    for family, source in ((socket.AF_INET, settings.source_v4), (socket.AF_INET6, settings.source_v6)):
        try:
            sockets[family] = open_socket(family, source)
        except OSError as error:
            if source == ANY_V6:  # a machine without IPv6: sessions with such addresses end as NOT_SENT
                continue
            for opened in sockets.values():
                opened.close()
            raise PtscanError(f"no UDP socket on {source}: {os.strerror(error.errno or 0)}") from error
    return sockets
