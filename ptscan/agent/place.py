"""Where a collector is: a host and a port, as a person types them. Pure."""

import re
from typing import Final, NoReturn
from urllib.parse import urlsplit

import msgspec

from proto_schema import PORT
from ptscan.errors import InputError
from ptscan.link import host_and_port

_HOST: Final = re.compile(
    r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,251}[0-9A-Za-z.])?|[0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,15})?"
)
_MEND: Final = f"write it as https://collector.example or collector.example:{PORT}"


class PlaceError(InputError):
    """What was typed is no collector's address."""


class Place(msgspec.Struct, frozen=True):
    """Where a collector is."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


def parse_place(text: str) -> Place:
    """The place that ``https://host[:port]`` or ``host[:port]`` names; 7443 where no port is. Raises PlaceError."""
    text = text.strip()
    if not text.isprintable():  # urlsplit drops line breaks and reads what is left
        _refuse(text, "holds what is no text")
    bare = "://" not in text
    if bare and text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"  # an IPv6 address alone
    try:
        parts = urlsplit(f"https://{text}" if bare else text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        _refuse(text, "names no host and port")
    if parts.scheme != "https":
        _refuse(text, f"is {parts.scheme[:16]!r}, and a collector is spoken to by TLS alone")
    if parts.username is not None or parts.password is not None:
        raise PlaceError(f"the collector's address takes no user and password: {_MEND}; a proxy is named by --proxy")
    if parts.path.strip("/") or parts.query or parts.fragment:
        _refuse(text, "has something behind its host and port")
    if not _HOST.fullmatch(host) or port == 0:
        _refuse(text, "names no host and port")
    return Place(host=host, port=PORT if port is None else port)


def _refuse(text: str, fault: str) -> NoReturn:
    raise PlaceError(f"{text[:80]!r} {fault}: {_MEND}") from None
