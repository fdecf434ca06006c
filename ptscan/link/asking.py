"""What is asked of the small pages by HTTP/1.1, and the heads of the answers (RFC 9110, RFC 9112). Pure."""

from collections.abc import Container
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import h11
import msgspec

LOOPBACK_NAMES: Final = frozenset({"localhost", "localhost."})

# What a browser may do with a page: show it, with a style and pictures from here, and nothing else.
_HEADERS: Final = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("connection", "close"),
]  # fmt: skip


class Shown(msgspec.Struct, frozen=True):
    """A page as it is now."""

    status: int
    media_type: str
    body: bytes


def plain(status: int, text: str) -> Shown:
    """A page of one line."""
    return Shown(status, "text/plain; charset=utf-8", text.encode() + b"\n")


def path_of(request: h11.Request, *, pages: Container[str], hosts: Container[str]) -> str | Shown:
    """The page that is asked for, or what is shown in its stead.

    The host that is asked for has to be an address or one of ``hosts``: another name that leads here was made to do so
    by somebody who wants a browser to read for him (DNS rebinding).
    """
    try:
        target = urlsplit(request.target.decode("ascii"))
        named = [value.decode("ascii") for name, value in request.headers if name == b"host"]
        host = urlsplit("//" + (target.netloc or named[0])).hostname or ""
    except (ValueError, IndexError):  # UnicodeError is a ValueError
        return plain(400, "this is no request for a page")
    if not _is_address(host) and host not in hosts:
        return plain(421, "this name is not served here; ask by the address, or by a name that the settings give")
    if request.method not in (b"GET", b"HEAD"):
        return plain(405, "pages are only shown: GET or HEAD")
    if target.path not in pages:
        return plain(404, "no such page")
    return target.path


def head_of(shown: Shown) -> h11.Response:
    """What precedes a page's body."""
    headers = [("content-type", shown.media_type), ("content-length", str(len(shown.body))), *_HEADERS]
    headers += [("allow", "GET, HEAD")] if shown.status == 405 else []
    return h11.Response(status_code=shown.status, headers=headers)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
