"""Where to listen, as a person writes it: ``HOST:PORT``. Pure."""

import ipaddress
import re
from typing import Final

import msgspec

from ptscan.collector import limits
from ptscan.errors import InputError
from ptscan.link import host_and_port

EVERYWHERE: Final = "*"
_ENDPOINT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\[\]]*))(?::([0-9]{1,5}))?")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


class Endpoint(msgspec.Struct, frozen=True):
    """Where to listen; ``host`` is ``*`` for every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


def read_endpoint(text: str, port: int) -> Endpoint:
    """What ``HOST:PORT`` says; ``HOST`` alone has ``port``, no host or ``*`` is everywhere, IPv6 stands in brackets.

    Raises:
        InputError: it says none.
    """
    if _is_address(text):  # an IPv6 address may stand alone
        return Endpoint(text, port)
    found = _ENDPOINT.fullmatch(text)
    if found is not None:
        host = found[1] or found[2] or EVERYWHERE
        number = int(found[3]) if found[3] else port
        if number <= 65_535 and (host == EVERYWHERE or _is_address(host) or (found[1] is None and is_host(host))):
            return Endpoint(host, number)
    raise InputError(f"{text[:80]!r} is no place to listen: write HOST:PORT, say 127.0.0.1:{port} or *:{port}")


def is_host(name: str) -> bool:
    """Whether ``name`` is a host name or an address."""
    return _is_address(name) or (
        len(name) <= limits.HOST_CHARACTERS
        and all(_LABEL.fullmatch(label) for label in name.removesuffix(".").split("."))
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
