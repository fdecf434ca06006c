"""The headers of a gRPC call: path, content type, deadline, encoding, status and metadata, both ways. Pure.

Sources: gRPC's doc/PROTOCOL-HTTP2.md, RFC 9113 section 8.
"""

import re
from collections.abc import Iterable, Mapping
from math import inf
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import msgspec

from ptscan.link.status import CallError, Status, status_of_http

CONTENT_TYPE: Final = "application/grpc+msgpack"
ENCODINGS: Final = ("identity", "gzip")

Headers = list[tuple[str, str]]

_CONTENT_TYPES: Final = frozenset({"application/grpc", CONTENT_TYPE, "application/grpc+json"})
_UNITS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_TIMEOUT: Final = re.compile(r"([0-9]{1,8})([HMSmun])")
_PATH: Final = re.compile(r"/([A-Za-z_][\w.]*)/([A-Za-z_]\w*)", re.ASCII)
_KNOWN: Final = frozenset(map(int, Status))
_MOST_MESSAGE: Final = 1024
_OWN: Final = frozenset({"te", "user-agent", "content-type", "content-length"})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. ``timeout`` is what is left of its deadline in seconds, ``inf`` where it has none."""

    path: str
    timeout: float
    encoding: str = "identity"
    accepts_gzip: bool = False
    is_json: bool = False
    metadata: Mapping[str, str] = {}


class RefusalError(Exception):
    """What is no gRPC call: the HTTP status that says so."""

    def __init__(self, http_status: int) -> None:
        super().__init__(f"HTTP {http_status}")
        self.http_status = http_status


def request_headers(path: str, *, authority: str, timeout: float | None, scheme: str = "https", compress: bool = True,
                    metadata: Mapping[str, str] | None = None) -> Headers:  # fmt: skip
    """The headers that begin a call; ``timeout`` in seconds from now."""
    headers = [(":method", "POST"), (":scheme", scheme), (":path", path), (":authority", authority), ("te", "trailers")]
    if timeout is not None:
        headers.append(("grpc-timeout", format_timeout(timeout)))
    headers += [("content-type", CONTENT_TYPE), ("grpc-accept-encoding", ",".join(ENCODINGS))]
    headers += [("grpc-encoding", "gzip")] if compress else []
    return headers + list((metadata or {}).items())


def read_request(headers: Iterable[tuple[str, str]]) -> Request:
    """Understand the headers of a call.

    Raises RefusalError for what is no gRPC at all, CallError for a call that cannot be taken.
    """
    told: dict[str, str] = {}
    for name, value in headers:
        told.setdefault(name, value)
    method = told.get(":method")
    if method != "POST":
        raise RefusalError(404 if method in ("GET", "HEAD") else 405)
    kind = told.get("content-type", "")
    if not is_grpc(kind):
        raise RefusalError(415)
    path = told.get(":path", "")
    if not _PATH.fullmatch(path):
        raise CallError(Status.UNIMPLEMENTED, "no such method")
    encoding = told.get("grpc-encoding", "identity")
    if encoding not in ENCODINGS:
        raise CallError(Status.UNIMPLEMENTED, f"no encoding {encoding[:32]!r}: {', '.join(ENCODINGS)}")
    accepted = {word.strip() for word in told.get("grpc-accept-encoding", "").split(",")}
    return Request(
        path=path,
        timeout=parse_timeout(told["grpc-timeout"]) if "grpc-timeout" in told else inf,
        encoding=encoding,
        accepts_gzip="gzip" in accepted,
        is_json=kind.lower().startswith("application/grpc+json"),
        metadata={n: v for n, v in told.items() if not n.startswith((":", "grpc-")) and n not in _OWN},
    )


def response_headers(*, compress: bool, is_json: bool = False) -> Headers:
    """What precedes a server's messages."""
    headers = [(":status", "200"), ("content-type", "application/grpc+json" if is_json else CONTENT_TYPE)]
    return headers + [("grpc-accept-encoding", ",".join(ENCODINGS))] + ([("grpc-encoding", "gzip")] if compress else [])


def trailers(status: Status, message: str = "") -> Headers:
    """What ends a call."""
    ended = [("grpc-status", str(int(status)))]
    text = quote(message.strip()[:_MOST_MESSAGE], safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~", errors="replace")
    return ended + ([("grpc-message", text)] if text else [])


def read_status(headers: Iterable[tuple[str, str]], *, http_status: int = 200) -> tuple[Status, str]:
    """The status and message, one line, of a call's trailers; of an answer without any what its HTTP status means."""
    told = dict(headers)
    code = told.get("grpc-status")
    message = unquote_to_bytes(told.get("grpc-message", "")[: 12 * _MOST_MESSAGE]).decode("utf-8", "replace")
    message = "".join(letter if letter.isprintable() else " " for letter in message[:_MOST_MESSAGE])
    if code is None:
        return status_of_http(http_status), f"HTTP {http_status}, and no grpc-status"
    if code.isascii() and code.isdigit() and len(code) <= 2 and int(code) in _KNOWN:
        return Status(int(code)), message
    return Status.UNKNOWN, message or f"an unknown grpc-status, {code[:16]!r}"


def is_grpc(content_type: str) -> bool:
    """Whether a content type is one of those that are understood."""
    return content_type.partition(";")[0].strip().lower() in _CONTENT_TYPES


def parse_timeout(text: str) -> float:
    """Seconds of a grpc-timeout such as ``100m``."""
    found = _TIMEOUT.fullmatch(text)
    if found is None:
        raise CallError(Status.INVALID_ARGUMENT, f"no grpc-timeout: {text[:16]!r}")
    return int(found[1]) * _UNITS[found[2]]


def format_timeout(seconds: float) -> str:
    """A grpc-timeout in the finest unit of which eight digits hold it; what is over is no time at all."""
    seconds = min(seconds, 1e12)
    for unit in ("n", "u", "m", "S", "M", "H"):
        if (count := max(0, int(seconds / _UNITS[unit]))) < 10**8:
            return f"{count}{unit}"
    return f"{10**8 - 1}H"
