"""The client: sockets, the two loops that feed the request table, and the parking of tasks. I/O, all of it."""

import errno
import os
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import trio
from outcome import Error

from codec import V1, V2C, RequestTemplate
from proto_schema import Problem
from ptscan.errors import InputError
from ptscan.snmp import limits
from ptscan.snmp.answer import Outcome
from ptscan.snmp.credentials import Community, Credential, may_go_to
from ptscan.snmp.plan import Ask
from ptscan.snmp.session import Session
from ptscan.snmp.sockets import NOTHING_THERE, TRY_LATER, host_key, open_socket, read_errors, socket_address
from ptscan.snmp.table import Dialect, Exchange, RequestTable, State, Variant

Version: TypeAlias = Literal["auto", "1", "2c"]

_VERSIONS: dict[str, tuple[int, ...]] = {"auto": (V2C, V1), "2c": (V2C,), "1": (V1,)}
_PENDING_ERRORS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Of a whole client; ``timeout`` and ``retries`` are what a session has unless it is given its own."""

    timeout: float = 1.0
    """Seconds to the first retry to a device that has not answered before; see ``table`` for the later ones."""
    retries: int = 2
    per_host: int = limits.IN_FLIGHT_PER_HOST
    """Requests in flight to one (address, port)."""
    source_v4: str = "0.0.0.0"  # noqa: S104 (a client's own end)
    source_v6: str = "::"


@asynccontextmanager
async def open_client(
    settings: ClientSettings | None = None, *, randomness: random.Random | None = None
) -> AsyncIterator["Client"]:
    """A client with one UDP socket per address family, for as long as the block lasts.

    ``randomness`` gives the request-ids and the jitter; by default the system's, which nobody guesses. What the block
    raises passes unchanged. Raises OSError where this machine gives no IPv4 socket.
    """
    settings = settings or ClientSettings()
    client = Client(settings, RequestTable(randomness or random.SystemRandom(), per_host=settings.per_host))
    failure: Exception | None = None
    try:
        client._open_sockets()
        async with trio.open_nursery() as nursery:
            for sock in client._sockets.values():
                nursery.start_soon(client._receive, sock)
            nursery.start_soon(client._keep_time)
            nursery.start_soon(client._send_later)
            try:
                yield client
            except Exception as error:  # re-raised below, outside the nursery, which would wrap it in a group
                failure = error
            nursery.cancel_scope.cancel()
    finally:
        client._close()
    if failure is not None:
        raise failure


class Client:
    """Thousands of sessions over one socket per address family; made by ``open_client``."""

    def __init__(self, settings: ClientSettings, table: RequestTable) -> None:
        self._settings = settings
        self._table = table
        self._sockets: dict[int, socket.socket] = {}
        self._parked: dict[Exchange, trio.lowlevel.Task] = {}
        self._variants: dict[tuple[Dialect, Ask], Variant] = {}
        self._alarm = trio.CancelScope()
        self._blocked = trio.Event()
        self._blocked_on: socket.socket | None = None
        self._closed = False

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
        dialects, fault = _dialects(credentials, source[0], version)
        timeout = self._settings.timeout if timeout is None else timeout
        retries = self._settings.retries if retries is None else retries
        if not 0 < timeout <= limits.MAX_TIMEOUT or not 0 <= retries <= limits.MAX_RETRIES:
            raise InputError(
                f"timeout {timeout} and retries {retries}: at most {limits.MAX_TIMEOUT:g} s and {limits.MAX_RETRIES}"
            )
        return Session(
            self._table.host(source, sockaddr),
            dialects,
            no_dialect=fault,
            timeout=timeout,
            retries=retries,
            accept_other_source=accept_other_source,
            conduct=self._conduct,
            compose=self._compose,
        )

    def _compose(self, dialect: Dialect, ask: Ask) -> Variant:
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

    async def _conduct(self, exchange: Exchange) -> None:
        """Take an exchange through the table to its end; a checkpoint, and cancelled it leaves the table."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise trio.ClosedResourceError("the client of this session is closed")
        table = self._table
        table.start(exchange, trio.current_time())
        self._flush()
        if exchange.state is State.DONE:  # this machine would not send it
            self._settle()
            await trio.lowlevel.cancel_shielded_checkpoint()
            return

        def abort(_: object) -> trio.lowlevel.Abort:
            del self._parked[exchange]
            table.cancel(exchange, trio.current_time())
            self._flush()
            self._settle()
            return trio.lowlevel.Abort.SUCCEEDED

        self._parked[exchange] = trio.lowlevel.current_task()
        self._settle()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def _settle(self) -> None:
        """Wake the tasks whose exchanges have ended, and set the alarm."""
        for exchange in self._table.take_finished():
            task = self._parked.pop(exchange, None)
            if task is not None:
                trio.lowlevel.reschedule(task)
        due = self._table.next_deadline()
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
                    self._blocked_on = None if error.errno in (errno.ENOBUFS, errno.ENOMEM) else sock
                    self._blocked.set()
                    return
                # Linux reports here what ICMP said of an earlier datagram, perhaps to another host: take that first.
                if self._take_errors(sock) and pending_errors < _PENDING_ERRORS:
                    pending_errors += 1
                    continue
                outcome = Outcome.UNREACHABLE if error.errno in NOTHING_THERE else Outcome.NOT_SENT
                reason = f"this machine cannot send there: {os.strerror(error.errno or 0)}"
                table.packet_failed(outcome, reason, trio.current_time())
            else:
                table.packet_sent(len(data))

    async def _send_later(self) -> None:
        """Go on with the outbox when a socket that was full has room again."""
        while True:
            await self._blocked.wait()
            self._blocked = trio.Event()
            if self._blocked_on is None:
                await trio.sleep(limits.SEND_PAUSE_SECONDS)
            else:
                await trio.lowlevel.wait_writable(self._blocked_on.fileno())
            self._flush()
            self._settle()

    async def _keep_time(self) -> None:
        while True:
            with trio.CancelScope(deadline=self._table.next_deadline()) as self._alarm:
                await trio.sleep_forever()
            self._table.handle_timeouts(trio.current_time())
            self._flush()
            self._settle()

    async def _receive(self, sock: socket.socket) -> None:
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
            self._flush()
            self._settle()

    def _take_errors(self, sock: socket.socket) -> bool:
        """Take in what ICMP said of datagrams that were sent; whether it said anything."""
        said, unreachable = read_errors(sock)
        for destination in unreachable:
            self._table.receive_unreachable(destination, trio.current_time())
        return said

    def _open_sockets(self) -> None:
        settings = self._settings
        self._sockets[socket.AF_INET] = open_socket(socket.AF_INET, settings.source_v4)
        try:
            self._sockets[socket.AF_INET6] = open_socket(socket.AF_INET6, settings.source_v6)
        except OSError:
            pass  # sessions with IPv6 addresses then end as NOT_SENT

    def _close(self) -> None:
        self._closed = True
        for sock in self._sockets.values():
            sock.close()
        now = trio.current_time()
        for exchange, task in self._parked.items():
            self._table.cancel(exchange, now)
            trio.lowlevel.reschedule(task, Error(trio.ClosedResourceError("the client of this session is closed")))
        self._parked.clear()


def _dialects(
    credentials: Sequence[Credential], address: str, version: Version
) -> tuple[tuple[Dialect, ...], Problem | None]:
    """The ways to speak to ``address`` in the order of trying, or why there is none."""
    versions = _VERSIONS.get(version)
    if versions is None:
        raise InputError(f"SNMP version {version!r} is none of {', '.join(_VERSIONS)}")
    allowed = [
        (place, credential.octets)
        for place, credential in enumerate(credentials)
        if isinstance(credential, Community) and may_go_to(credential, address)
    ][: limits.CREDENTIALS_PER_DEVICE]
    dialects = tuple([Dialect(number, community, place) for number in versions for place, community in allowed])
    if dialects:
        return dialects, None
    if not credentials:
        text = f"{address}: there is no credential to ask with"
    elif any(isinstance(credential, Community) for credential in credentials):
        text = f"{address}: no community may be sent there (see networks in the credentials)"
    else:
        text = f"{address}: only SNMPv3 users may be tried there, and ptscan does not speak SNMPv3 yet"
    return (), Problem(code=Outcome.NO_CREDENTIAL.value, text=text)
