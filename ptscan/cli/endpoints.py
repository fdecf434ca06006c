"""``ADDRESS[:PORT]`` as a person writes it: IPv4, ``[IPv6]:PORT``, IPv6 alone or a host name."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from ptscan.errors import InputError

_HOST_NAME: Final = re.compile(r"\w[\w-]*(\.\w[\w-]*)*\.?")
_NUMERIC: Final = re.compile(r"[0-9.]+|0[xX][0-9a-fA-F.xX]*")  # what getaddrinfo would take for an abbreviated IPv4


class EndpointError(InputError):
    """What was typed names no single address."""


@dataclass(frozen=True)
class Endpoint:
    """One device to ask: ``host`` is a literal address, or a host name still to be resolved if ``is_name``."""

    host: str
    port: int
    is_name: bool = False


def parse_port(text: str) -> int:
    """Return the UDP port that ``text`` writes; raises EndpointError outside 1 to 65535."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise EndpointError(f'"{text}" is no port: use a number from 1 to 65535')
    return int(text)


def parse_endpoint(text: str, default_port: int) -> Endpoint:
    """Return the endpoint that ``text`` names; raises EndpointError that says what is wrong with it."""
    if "/" in text or "*" in text:
        raise EndpointError(f'"{text}" is a range, and this verb asks single addresses: use ptscan scan {text}')
    host, port = text, default_port
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in host:
            raise EndpointError(f'"{text}" is no address: write an IPv6 address with a port as [fe80::1]:161')
        if rest:
            port = _port_of(text, rest[1:])
    elif text.count(":") == 1:
        host, _, written = text.partition(":")
        port = _port_of(text, written)
    if ":" in host:
        return Endpoint(_ipv6(host), port)
    if _NUMERIC.fullmatch(host):
        return Endpoint(_ipv4(host), port)
    if not _HOST_NAME.fullmatch(host) or len(host) > 253:
        raise EndpointError(
            f'"{text}" is no address and no host name: write it as 10.0.0.7, 10.0.0.7:161 or [fe80::1]:161'
        )
    return Endpoint(host, port, is_name=True)


def _port_of(text: str, written: str) -> int:
    try:
        return parse_port(written)
    except EndpointError as error:
        raise EndpointError(f'in "{text}" {error}') from None


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise EndpointError(f'"{text}" is no IPv4 address: write four numbers from 0 to 255, as 10.0.0.7') from None


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise EndpointError(f'"{text}" is no IPv6 address: write it as fe80::1 or [fe80::1]:161') from None


def shown(address: str, port: int) -> str:
    """Return ``address`` with ``port`` as it could be typed again, without the port where that is SNMP's own 161."""
    if port == 161:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
