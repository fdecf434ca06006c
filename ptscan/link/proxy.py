"""HTTP proxies: which one to use, and the CONNECT that asks it for a tunnel (RFC 9110 section 9.3.6). Pure."""

import re
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from ptscan.errors import InputError
from ptscan.link import limits

_NAMES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_PRINTABLE: Final = re.compile(r"[!-~]+")
_MEND: Final = "give it as http://host:port or http://user:password@host:port"


class ProxyError(InputError):
    """A proxy that was named wrongly."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP proxy. The password shows in no text of it."""

    host: str
    port: int
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self})"

    def __str__(self) -> str:
        return f"http://{'<secret>@' if self.user else ''}{host_and_port(self.host, self.port)}"


def parse_proxy(url: str) -> Proxy:
    """A proxy from its URL; raises ProxyError, which never shows what may be a password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
    except ValueError as error:
        raise ProxyError(f"the proxy's URL cannot be read; {_MEND}") from error
    if parts.scheme.lower() != "http":
        raise ProxyError(f"a proxy by {parts.scheme[:16]!r} is not supported; {_MEND}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not _PRINTABLE.fullmatch(host) or not port or parts.path.strip("/") or parts.query or parts.fragment:
        raise ProxyError(f"the proxy's URL names no host and port; {_MEND}")
    if ":" in user or not (user + password).isprintable():
        raise ProxyError("the proxy's user name may hold no colon, nor the password control characters; mend it there")
    return Proxy(host=host, port=port, user=user, password=password)


def proxy_from(environment: Mapping[str, str], host: str, port: int) -> Proxy | None:
    """The proxy that the environment names for a host: https_proxy or all_proxy, unless no_proxy takes it out."""
    url = next((environment[name] for name in _NAMES if environment.get(name)), "")
    if not url:
        return None
    exempt = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if any(_is_exempt(entry.strip(), host, port) for entry in exempt.split(",")):
        return None
    return parse_proxy(url)


def _is_exempt(entry: str, host: str, port: int) -> bool:
    """Whether an entry of no_proxy means a host: ``*``, a name and all below it, an address, a network, each with
    ``:port`` or without."""
    if entry == "*":
        return True
    name, colon, last = entry.rpartition(":")
    if colon and last.isdigit() and (":" not in name or name.endswith("]")):
        if int(last[:6]) != port:
            return False
        entry = name
    entry, host = entry.strip("[]").lower().lstrip("*").strip("."), host.strip("[]").lower().rstrip(".")
    if not entry:
        return False
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return host == entry or host.endswith(f".{entry}")


def connect_request(proxy: Proxy, host: str, port: int) -> bytes:
    """What asks a proxy for a tunnel to a host."""
    if not _PRINTABLE.fullmatch(host):
        raise ProxyError(f"no host to connect to: {host[:64]!r}; name it in ASCII, without blanks")
    target = host_and_port(host, port)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.user:
        lines.append(f"Proxy-Authorization: Basic {b64encode(f'{proxy.user}:{proxy.password}'.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def read_answer(octets: bytes) -> tuple[int, str] | None:
    """The status and reason of a proxy's whole answer, or None while more is to come.

    Raises ValueError for what is no answer, is too long, or has something behind it: a TLS server waits to be spoken
    to, so what comes before that is not its own.
    """
    end = min((octets.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if mark in octets), default=0)
    line = octets.partition(b"\n")[0] + b"\n"
    if not b"HTTP/1.".startswith(octets[:7]) or (b"\n" in octets and not _STATUS_LINE.fullmatch(line)):
        raise ValueError("it does not speak HTTP/1")
    if (end or len(octets)) > limits.PROXY_OCTETS:
        raise ValueError(f"its answer is longer than {limits.PROXY_OCTETS} octets")
    found = _STATUS_LINE.fullmatch(line)
    if not end or found is None:
        return None
    status = int(found[1])
    if 200 <= status < 300 and len(octets) > end:
        raise ValueError("it sends something of its own into the tunnel")
    return status, "".join(c for c in (found[2] or b"").decode("latin-1")[:80] if c.isascii() and c.isprintable())


def host_and_port(host: str, port: int) -> str:
    """``host:port``, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
