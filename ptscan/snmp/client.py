"""The client: opens the sockets and makes sessions. I/O."""

import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import trio

from codec import RequestTemplate
from ptscan.errors import InputError, PtscanError
from ptscan.snmp import limits
from ptscan.snmp.credentials import Credential, User
from ptscan.snmp.dialect import DISCOVERY, Version, dialects_for, go_anywhere, users_for, why_no_dialect
from ptscan.snmp.dialogue import Device, Dialects
from ptscan.snmp.driver import Driver
from ptscan.snmp.exchange import Host, Variant
from ptscan.snmp.plan import Ask
from ptscan.snmp.session import Session
from ptscan.snmp.sockets import DatagramSocket, open_socket, socket_address
from ptscan.snmp.table import RequestTable

if TYPE_CHECKING:
    from ptscan.snmp.meeting import Meetings

ANY_V6: Final = "::"
Users: TypeAlias = list[tuple[int, User]]


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
    """Thousands of sessions over one socket per address family; made by ``open_client``."""

    def __init__(self, settings: ClientSettings, table: RequestTable, sockets: Mapping[int, DatagramSocket]) -> None:
        self._settings = settings
        self._driver = Driver(table, sockets)
        self._variants: dict[tuple[Dialects, Ask], tuple[Variant, ...]] = {}
        self._usual: tuple[Sequence[Credential], Version, Dialects, Users] = ((), "auto", (), [])
        """The last credentials that may go to any address, and what they come to."""
        self._meetings: Meetings | None = None
        """Where devices are got to know in SNMPv3, from the first session on that has a user."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Client"]:
        """Serve sessions for as long as the block lasts, then close the sockets."""
        failure: Exception | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._driver.run)
                try:
                    yield self
                except Exception as error:  # re-raised below, outside the nursery, which would wrap it in a group
                    failure = error
                nursery.cancel_scope.cancel()
        finally:
            self._driver.close()
        if failure is not None:
            raise failure

    @property
    def strays(self) -> int:
        """Datagrams that answered nothing that was asked."""
        return self._driver.table.strays

    @property
    def malformed(self) -> int:
        """Datagrams that were no SNMP message."""
        return self._driver.table.malformed

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

        Only those of ``credentials`` that may go to the address are tried, in their order: communities first, which are
        cheap, and where they get no answer the users of SNMPv3. ``timeout`` is in seconds. ``accept_other_source``:
        also take answers from another address or port, when request-id and community match. Raises AddressError.
        """
        source, sockaddr = socket_address(address, port)
        dialects, users = self._ways(credentials, source[0], version)
        timeout = self._settings.timeout if timeout is None else timeout
        retries = self._settings.retries if retries is None else retries
        if not 0 < timeout <= limits.MAX_TIMEOUT or not 0 <= retries <= limits.MAX_RETRIES:
            raise InputError(
                f"timeout {timeout} and retries {retries}: at most {limits.MAX_TIMEOUT:g} s and {limits.MAX_RETRIES}"
            )
        meeting = introduction = None
        if users:
            meeting, introduction = self._open_meetings().introduce(source, users)
        device = Device(
            Host(source, sockaddr),
            dialects,
            self._compose,
            timeout=timeout,
            retries=retries,
            accept_other_source=accept_other_source,
            introduction=introduction,
        )
        no_dialect = None if dialects else why_no_dialect(credentials, source[0], version)
        return Session(device, self._driver, no_dialect=no_dialect, meeting=meeting)

    def _open_meetings(self) -> "Meetings":
        if self._meetings is None:
            from ptscan.snmp.meeting import Meetings  # and ciphers: 40 ms and 8 MB for those who need them

            table = self._driver.table
            self._meetings = Meetings(table.randomness, table.decoder)
        return self._meetings

    def _ways(self, credentials: Sequence[Credential], address: str, version: Version) -> tuple[Dialects, Users]:
        """Dialects and users, found once for all devices where the very same credentials may go anywhere."""
        usual, usual_version, dialects, users = self._usual
        if credentials is usual and version == usual_version:
            return dialects, users
        dialects = dialects_for(credentials, address, version)
        users = users_for(credentials, address) if dialects and dialects[-1] is DISCOVERY else []
        if isinstance(credentials, tuple) and go_anywhere(credentials):  # which nobody can change behind our back
            self._usual = (credentials, version, dialects, users)
        return dialects, users

    def _compose(self, dialects: Dialects, ask: Ask) -> tuple[Variant, ...]:
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
