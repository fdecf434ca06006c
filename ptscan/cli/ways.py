"""From what was typed to what the rooms below take: the client, and the address of a device."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio

from ptscan.cli.endpoints import Endpoint, EndpointError
from ptscan.cli.options import Asking
from ptscan.snmp import ClientSettings, Credential, Outcome, Session, open_client

_MENDS: Final = {
    Outcome.SILENT: ": check the address, the community or user, and that SNMP is switched on",
    Outcome.UNREACHABLE: ": check the address, the port and the way there",
    Outcome.REFUSED: ": give another one with --community or --credentials",
}
_ABOUT_A_USER: Final = "SNMPv3 user "  # what is said of one says how to mend it


def client_settings(asking: Asking) -> ClientSettings:
    """Return the client's settings: the room's own defaults but for what was asked."""
    usual = ClientSettings()
    return ClientSettings(
        timeout=usual.timeout if asking.timeout is None else asking.timeout,
        retries=usual.retries if asking.retries is None else asking.retries,
    )


@asynccontextmanager
async def open_session(endpoint: Endpoint, asking: Asking, credentials: Sequence[Credential]) -> AsyncIterator[Session]:
    """Open a session with the one device at ``endpoint``; raises EndpointError for a name that has no address."""
    address = await address_of(endpoint)
    async with open_client(client_settings(asking)) as client:
        yield client.session(
            address,
            endpoint.port,
            credentials=credentials,
            version=asking.snmp_version,
            accept_other_source=True,
        )


async def address_of(endpoint: Endpoint) -> str:
    """Return the literal address of ``endpoint``; raises EndpointError for a name that has none."""
    if not endpoint.is_name:
        return endpoint.host
    try:
        answers = await trio.socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        fault = error.strerror if isinstance(error, OSError) else None
        raise EndpointError(
            f'"{endpoint.host}" was not found ({fault or error}): check the name, or write the address'
        ) from error
    answers.sort(key=lambda answer: answer[0] != socket.AF_INET)  # printers speak IPv4 first
    return str(answers[0][4][0])


def failure_line(place: tuple[str, int], text: str, outcome: Outcome) -> str:
    """Return what went wrong with the device at ``place`` (address, port) as a line that names it and the mend."""
    return _where(place) + what_failed(place, text, outcome)


def what_failed(place: tuple[str, int], text: str, outcome: Outcome) -> str:
    """Return the same without the place."""
    what = text.removeprefix(_where(place)).removeprefix(f"{place[0]}: ")
    return what if what.startswith(_ABOUT_A_USER) else what + _MENDS.get(outcome, "")


def _where(place: tuple[str, int]) -> str:
    return "{} port {}: ".format(*place)
