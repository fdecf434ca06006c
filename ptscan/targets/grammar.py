"""One target text -> the addresses it stands for, or what has to be looked up first.

A block (CIDR, or a pattern that ends in ``*``) has edges: its network and broadcast address, which nobody probes unless
they are named one by one. A range that was typed as a range is meant as it was typed. An address that stands alone
is *named*: it is probed whatever it is.
"""

import itertools
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ptscan.targets.address import IPV6, Address, parse_address
from ptscan.targets.errors import TargetError
from ptscan.targets.intervals import Interval
from ptscan.targets.limits import MAX_BLOCKS, MAX_IPV6_PREFIX, MAX_TEXT

FORMS: Final = (
    "write an address, a CIDR (10.0.0.0/16), a range (10.0.0.1-10.0.3.254, 10.0.0.1-50), a pattern (10.0.0-3.*), "
    "a host name, @file or local"
)

_NUMERIC: Final = re.compile(r"[0-9.*/-]+")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)"
                               r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?")  # fmt: skip
_IPV4_WITH_PORT: Final = re.compile(r"[0-9.]+:[0-9]+")
_ORDINALS: Final = ("first", "second", "third", "fourth")


@dataclass(frozen=True, slots=True)
class Piece:
    """The addresses of one text: ``wide`` in bulk, ``edges`` of its blocks, ``named`` one by one."""

    wide: tuple[Interval, ...] = ()
    edges: tuple[Address, ...] = ()
    named: tuple[Address, ...] = ()


class Lookup(Enum):
    """What the outside world has to be asked."""

    NAME = "host name"
    FILE = "@file"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that stands for something to look up: ``subject`` is the host name or the path."""

    kind: Lookup
    subject: str


def read_target(text: str, *, where: str = "", any_size: bool = False) -> Piece | Asked:
    """Read one target ``text``, found at ``where`` (a file and line, or nothing).

    ``any_size`` lifts the limit on IPv6 prefixes, for excludes. Raises TargetError.
    """
    try:
        return _read(text, any_size)
    except _FaultError as fault:
        raise TargetError(text, str(fault), where=where) from None


class _FaultError(Exception):
    """What is wrong with the text at hand."""


def _read(text: str, any_size: bool) -> Piece | Asked:
    if not text:
        raise _FaultError(f"an empty target; {FORMS}")
    if len(text) > MAX_TEXT:
        raise _FaultError(f"longer than {MAX_TEXT} characters; {FORMS}")
    if text.startswith("@"):
        if len(text) == 1:
            raise _FaultError("the file's name is missing after @")
        return Asked(Lookup.FILE, text[1:])
    if text == "local":
        return Asked(Lookup.LOCAL, "")
    if "," in text or ";" in text:
        raise _FaultError("several targets in one; put a space between them")
    if _NUMERIC.fullmatch(text):
        return _read_ipv4(text)
    if _IPV4_WITH_PORT.fullmatch(text):
        raise _FaultError("a target has no port; give the port with --port")
    if ":" in text:
        return _read_ipv6(text, any_size)
    if _HOST_NAME.fullmatch(text):
        return Asked(Lookup.NAME, text)
    raise _FaultError(f"not a target; {FORMS}")


def _read_ipv4(text: str) -> Piece:
    if "/" in text:
        return _read_ipv4_block(text)
    if text.count(".") == 6 and text.count("-") == 1:
        left, right = text.split("-")
        first, last = _ipv4(left), _ipv4(right)
        if first > last:
            raise _FaultError("the range ends before it begins; write the lower address first")
        return Piece(wide=((first, last),))
    octets = text.split(".")
    if len(octets) != 4:
        raise _FaultError(f"an IPv4 address has four numbers, not {len(octets)}; {FORMS}")
    if "-" in text or "*" in text:
        return _read_pattern(octets)
    return Piece(named=(_ipv4(text),))


def _read_ipv4_block(text: str) -> Piece:
    base, _, length_text = text.partition("/")
    if not length_text.isdecimal() or int(length_text) > 32:
        raise _FaultError(f"the prefix length is {length_text or 'missing'}; write /0 to /32")
    return _block(_ipv4(base), 32 - int(length_text))


def _block(base: Address, host_bits: int) -> Piece:
    """The CIDR block round ``base``: host bits that were typed are ignored, as everybody's tools do."""
    if host_bits == 0:
        return Piece(named=(base,))
    first = base >> host_bits << host_bits
    last = first | (1 << host_bits) - 1
    if host_bits == 1:  # RFC 3021 (and RFC 6164 for IPv6): both ends of a point-to-point link are hosts
        return Piece(wide=((first, last),))
    # IPv6 has no broadcast; its first address is every router's (subnet-router anycast, RFC 4291 section 2.6.1).
    return Piece(wide=((first, last),), edges=(first,) if first & IPV6 else (first, last))


def _read_pattern(octets: list[str]) -> Piece:
    spans = [_octet_span(octet, place) for place, octet in enumerate(octets)]
    stars = len(list(itertools.takewhile(lambda octet: octet == "*", reversed(octets))))
    if stars:  # 10.1.*.* is 10.1.0.0/16, with its edges
        heads, width = spans[: 4 - stars], 8 * stars
    else:  # the last span is one interval, the others are counted out
        heads, width = spans[:3], 8
    blocks = 1
    for low, high in heads:
        blocks *= high - low + 1
    if blocks > MAX_BLOCKS:
        raise _FaultError(f"the pattern stands for {blocks:,} separate blocks, {MAX_BLOCKS:,} at most; split it")
    wide: list[Interval] = []
    edges: list[Address] = []
    for head in itertools.product(*(range(low, high + 1) for low, high in heads)):
        base = 0
        for octet in head:
            base = base << 8 | octet
        base <<= width
        if stars:
            piece = _block(base, width)
            wide += piece.wide
            edges += piece.edges
        else:
            wide.append((base + spans[3][0], base + spans[3][1]))
    return Piece(tuple(wide), tuple(edges))


def _octet_span(text: str, place: int) -> tuple[int, int]:
    if text == "*":
        return 0, 255
    low_text, dash, high_text = text.partition("-")
    low = _octet(low_text, place)
    high = _octet(high_text, place) if dash else low
    if low > high:
        raise _FaultError(f"the {_ORDINALS[place]} number's range ends before it begins; write the lower one first")
    return low, high


def _octet(text: str, place: int) -> int:
    ordinal = _ORDINALS[place]
    if not text.isdecimal():
        raise _FaultError(f"the {ordinal} number is {text!r}; write 0 to 255" if text else f"no {ordinal} number")
    if len(text) > 1 and text[0] == "0":
        raise _FaultError(f"the {ordinal} number, {text}, begins with 0, which some read as octal; leave the 0 out")
    if len(text) > 3 or int(text) > 255:
        raise _FaultError(f"the {ordinal} number, {text}, is above 255")
    return int(text)


def _ipv4(text: str) -> Address:
    octets = text.split(".")
    if len(octets) != 4:
        raise _FaultError(f"{text or 'nothing'} is not an IPv4 address, which has four numbers")
    number = 0
    for place, octet in enumerate(octets):
        number = number << 8 | _octet(octet, place)
    return number


def _read_ipv6(text: str, any_size: bool) -> Piece:
    base, slash, length_text = text.partition("/")
    if "%" in text:
        raise _FaultError("an address with a zone (%interface) cannot be probed; write a routable address")
    if not slash:
        left, dash, right = text.partition("-")
        if not dash:
            return Piece(named=(_ipv6(text),))
        first, last = _ipv6(left), _ipv6(right)
        if first > last or (first ^ last) & IPV6:
            raise _FaultError("the range ends before it begins; write the lower address first")
        _check_ipv6_size(last - first + 1, any_size)
        return Piece(wide=((first, last),))
    address = _ipv6(base)
    if not length_text.isdecimal() or int(length_text) > 128:
        raise _FaultError(f"the prefix length is {length_text or 'missing'}; write /112 to /128")
    host_bits = 128 - int(length_text)
    if not address & IPV6 and host_bits > 32:
        raise _FaultError("an IPv4-mapped prefix is shorter than /96; write the IPv4 prefix")
    _check_ipv6_size(1 << host_bits, any_size or not address & IPV6)
    if host_bits == 128:
        return Piece(wide=((IPV6, IPV6 | (1 << 128) - 1),))
    return _block(address, host_bits)


def _check_ipv6_size(count: int, any_size: bool) -> None:
    if count > MAX_IPV6_PREFIX and not any_size:
        raise _FaultError(f"an IPv6 target has at most {MAX_IPV6_PREFIX:,} addresses; write /112 or longer")


def _ipv6(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError:
        raise _FaultError(f"{text or 'nothing'} is not an IPv6 address; {FORMS}") from None
