"""The client: sockets, the two loops that feed the request table, and the parking of tasks. I/O, all of it."""

import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio
from outcome import Error

from codec import RequestTemplate
from ptscan.errors import InputError, PtscanError
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.credentials import Credential
from ptscan.snmp.dialect import Dialect, Version, dialects_for, why_no_dialect
from ptscan.snmp.plan import Ask
from ptscan.snmp.session import Session
from ptscan.snmp.sockets import (
    NOTHING_THERE,
    TRY_LATER,
    WRITABLE_AGAIN,
    DatagramSocket,
    host_key,
    open_socket,
    read_errors,
    socket_address,
)
from ptscan.snmp.table import Exchange, Host, RequestTable, State, Variant

ANY_V6: Final = "::"


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
    there is to send, wake whose exchange has ended, set the alarm for what is due next.
    """

    def __init__(self, settings: ClientSettings, table: RequestTable, sockets: Mapping[int, DatagramSocket]) -> None:
        self._settings = settings
        self._table = table
        self._sockets = sockets
        self._parked: dict[Exchange, trio.lowlevel.Task] = {}
        self._variants: dict[tuple[Dialect, Ask], Variant] = {}
        self._alarm = trio.CancelScope()
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
        dialects = dialects_for(credentials, source[0], version)
        timeout = self._settings.timeout if timeout is None else timeout
        retries = self._settings.retries if retries is None else retries
        if not 0 < timeout <= limits.MAX_TIMEOUT or not 0 <= retries <= limits.MAX_RETRIES:
            raise InputError(
                f"timeout {timeout} and retries {retries}: at most {limits.MAX_TIMEOUT:g} s and {limits.MAX_RETRIES}"
            )
        return Session(
            Host(source, sockaddr),
            dialects,
            no_dialect=None if dialects else why_no_dialect(credentials, source[0]),
            timeout=timeout,
            retries=retries,
            accept_other_source=accept_other_source,
            conductor=self,
        )

    def compose(self, dialect: Dialect, ask: Ask) -> Variant:
        """The request for ``ask`` in ``dialect``; encoded once for all devices that are asked the same."""
        key = (dialect, ask)
        variant = self._variants.get(key)
        if variant is None:
            template = RequestTemplate(
                dialect.version, dialect.community, ask.pdu_type, ask.oids, max_repetitions=ask.repetitions
            )
            variant = Variant(template, dialect)
            if len(self._variants) >= limits.TEMPLATES_KEPT:
                self._variants.clear()
            self._variants[key] = variant
        return variant

    async def conduct(self, exchange: Exchange) -> None:
        """Take an exchange through the table to its end; a checkpoint, and cancelled it leaves the table."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise trio.ClosedResourceError("the client of this session is closed")
        table = self._table
        table.start(exchange, trio.current_time())
        self._turn()
        if exchange.state is State.DONE:  # this machine would not send it
            await trio.lowlevel.cancel_shielded_checkpoint()
            return

        def abort(_: object) -> trio.lowlevel.Abort:
            del self._parked[exchange]
            table.cancel(exchange, trio.current_time())
            self._turn()
            return trio.lowlevel.Abort.SUCCEEDED

        self._parked[exchange] = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def _turn(self) -> None:
        """Send what there is to send, wake whose exchange has ended, set the alarm."""
        table = self._table
        self._flush()
        for exchange in table.take_finished():
            task = self._parked.pop(exchange, None)
            if task is not None:
                trio.lowlevel.reschedule(task)
        due = table.next_deadline()
        if due < self._alarm.deadline:
            self._alarm.deadline = due

    def _flush(self) -> None:
        """Send what the table has to send, as far as the sockets take it."""
        table = self._table
        pending_errors = 0
        while (packet := table.next_packet()) is not None:
            data, host = packet
            sock = self._sockets.get(socket.AF_INET if len(host.sockaddr) == 2 else socket.AF_INET6)
            if sock is None:
                table.packet_failed(Outcome.NOT_SENT, "this machine has no IPv6", trio.current_time())
                continue
            try:
                sock.sendto(data, host.sockaddr)
            except OSError as error:
                if error.errno in TRY_LATER:
                    self._blocked_on = sock if error.errno in WRITABLE_AGAIN else None
                    self._blocked.set()
                    return
                # Linux reports here what ICMP said of an earlier datagram, perhaps to another host: take that first.
                if pending_errors < limits.PENDING_ERRORS and self._take_errors(sock):
                    pending_errors += 1
                    continue
                outcome = Outcome.UNREACHABLE if error.errno in NOTHING_THERE else Outcome.NOT_SENT
                reason = f"this machine cannot send there: {os.strerror(error.errno or 0)}"
                table.packet_failed(outcome, reason, trio.current_time())
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
            self._turn()

    async def _keep_time(self) -> None:
        while True:
            with trio.CancelScope(deadline=self._table.next_deadline()) as self._alarm:
                await trio.sleep_forever()
            self._table.handle_timeouts(trio.current_time())
            self._turn()

    async def _receive(self, sock: DatagramSocket) -> None:
        receive = self._table.receive_datagram
        while True:
            await trio.lowlevel.wait_readable(sock.fileno())
            now = trio.current_time()
            octets = 0
            for _ in range(limits.RECEIVE_BATCH):
                try:
                    data, source = sock.recvfrom(limits.RECEIVE_OCTETS)
                except BlockingIOError:
                    break
                except OSError:
                    self._take_errors(sock)
                    continue
                receive(data, source if len(source) == 2 else host_key(source), now)
                octets += len(data)
                if octets >= limits.RECEIVE_BATCH_OCTETS:
                    break
            if not octets:
                self._take_errors(sock)
            self._turn()

    def _take_errors(self, sock: DatagramSocket) -> bool:
        """Take in what ICMP said of datagrams that were sent; whether it said anything."""
        said, unreachable = read_errors(sock)
        for destination in unreachable:
            self._table.receive_unreachable(destination, trio.current_time())
        return said

    def _close(self) -> None:
        self._closed = True
        for sock in self._sockets.values():
            sock.close()
        now = trio.current_time()
        for exchange, task in self._parked.items():
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
