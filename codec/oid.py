"""Object identifiers kept as their canonical BER content octets.

Canonical means that no sub-identifier is padded with leading 0x80 octets, so that two OIDs are equal exactly when their
octets are, and ``raw.startswith(prefix)`` is the subtree test. Order by arc is not the order of the octets where
sub-identifiers differ in their number of octets (16384 is 81 80 00, 16383 is ff 7f): ``oid_key`` mends that.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

from codec.errors import OidError
from codec.limits import MAX_ARCS, MAX_SUB_IDENTIFIER

Oid: TypeAlias = bytes

_CANONICAL = re.compile(
    # Each sub-identifier: no leading 0x80 (padding), at most 2^32-1 (8f ff ff ff 7f), an end. Nothing possessive: with
    # such quantifiers Python 3.11.2, which Debian 12 has, takes a cut sub-identifier for a whole one.
    rb"[\x00-\x7f]*(?:(?:[\x81-\xff][\x80-\xff]{0,2}|[\x81-\x8f][\x80-\xff]{3})[\x00-\x7f]+)*"
)
_PADDING = re.compile(rb"(?<![\x80-\xff])\x80+")
_LONG_SUB_IDENTIFIER = re.compile(rb"[\x80-\xff]+[\x00-\x7f]")
_WHOLE = bytes(range(0x80))  # octets that are a number, or end one
_CONTINUATIONS = bytes(range(0x80, 0x100))
_LONGEST = 5 * (MAX_ARCS - 1)  # octets: 2^32-1 takes five


def parse_oid(text: str) -> Oid:
    """Read dotted text, with or without a leading dot.

    Raises OidError, whose reason names the part that is wrong.
    """
    parts = text.removeprefix(".").split(".")
    if parts == [""]:
        raise OidError(f"{text!r} is empty: an object identifier has at least two numbers, as in 1.3")
    arcs = []
    for place, part in enumerate(parts, 1):
        if not part:
            raise OidError(f"{text!r}: number {place} is missing")
        if not (part.isascii() and part.isdigit()):
            raise OidError(f"{text!r}: number {place} is {part!r}, not a decimal number")
        digits = part.lstrip("0")
        if len(digits) > 10:  # before int(), which refuses texts of thousands of digits in its own way
            raise OidError(f"{text!r}: number {place} is over {MAX_SUB_IDENTIFIER}")
        arcs.append(int(digits or "0"))
    try:
        return oid_from_arcs(arcs)
    except OidError as error:
        raise OidError(f"{text!r}: {error.reason}") from None


def oid_from_arcs(arcs: Iterable[int]) -> Oid:
    """Encode a row of numbers; raises OidError, whose reason names the number that is wrong."""
    row = tuple(arcs)
    if len(row) < 2:
        raise OidError("an object identifier has at least two numbers, as in 1.3")
    if len(row) > MAX_ARCS:
        raise OidError(f"{len(row)} numbers, at most {MAX_ARCS} are allowed")
    for place, arc in enumerate(row, 1):
        if arc < 0:
            raise OidError(f"number {place} is negative")
        if arc > MAX_SUB_IDENTIFIER:
            raise OidError(f"number {place} is over {MAX_SUB_IDENTIFIER}")
    first, second = row[0], row[1]
    if first > 2:
        raise OidError(f"number 1 is {first}, only 0, 1 and 2 exist")
    if first < 2 and second > 39:
        raise OidError(f"number 2 is {second}, at most 39 is allowed under {first}")
    head = first * 40 + second
    if head > MAX_SUB_IDENTIFIER:
        raise OidError(f"number 2 is {second}, at most {MAX_SUB_IDENTIFIER - 80} is allowed under 2")
    octets = bytearray()
    for arc in (head, *row[2:]):
        if arc < 0x80:
            octets.append(arc)
        else:
            for shift in range((arc.bit_length() - 1) // 7 * 7, 0, -7):
                octets.append(0x80 | arc >> shift & 0x7F)
            octets.append(arc & 0x7F)
    return bytes(octets)


def oid_arcs(oid: Oid) -> tuple[int, ...]:
    """The numbers of an OID; raises OidError where the octets are none."""
    if not is_oid(oid):
        raise OidError(f"{oid.hex(' ') or 'no octets'}: not an object identifier in canonical form")
    arcs = []
    arc = 0
    for octet in oid:
        if octet < 0x80:
            arcs.append(arc << 7 | octet)
            arc = 0
        else:
            arc = arc << 7 | octet & 0x7F
    head = arcs[0]
    first = min(head // 40, 2)
    return first, head - 40 * first, *arcs[1:]


def format_oid(oid: Oid) -> str:
    """Dotted text without a leading dot; raises OidError where the octets are none."""
    return ".".join(map(str, oid_arcs(oid)))


def oid_key(oid: Oid) -> bytes:
    """A key that sorts as the numbers do: each number of several octets is led by an octet that tells how many."""
    if oid.isascii():
        return oid
    return _LONG_SUB_IDENTIFIER.sub(_led_by_size, oid)


def _led_by_size(match: re.Match[bytes]) -> bytes:
    octets = match[0]
    return bytes((0x80 | len(octets),)) + octets


def oid_precedes(a: Oid, b: Oid) -> bool:
    """Whether ``a`` comes strictly before ``b`` in the order of SNMP: by number, a prefix first."""
    stem = oid_stem(a)
    if b.startswith(stem) and b[len(stem) :].isascii():
        return a < b
    return oid_key(a) < oid_key(b)


def oid_stem(oid: Oid) -> bytes:
    """The octets up to the last number of several octets; behind it each octet is a number. Neighbours share it."""
    return oid[: len(oid.rstrip(_WHOLE)) + 1]


def is_oid(octets: bytes) -> bool:
    """Whether octets are a canonical OID within the limits."""
    size = len(octets)
    if 0 < size < MAX_ARCS and octets.isascii():
        return True
    if not 0 < size <= _LONGEST or not _CANONICAL.fullmatch(octets):
        return False
    return size < MAX_ARCS or not _has_too_many_numbers(octets)


def _has_too_many_numbers(octets: bytes) -> bool:
    return len(octets.translate(None, _CONTINUATIONS)) >= MAX_ARCS  # the first one stands for two


def canonical_oid(octets: bytes) -> Oid:
    """The canonical form of content octets from the wire: without padding, 0.0 for no octets at all.

    Raises OidError where the octets are no object identifier.
    """
    if not octets:
        return b"\x00"
    if octets[-1] >= 0x80:
        raise OidError("ends within a sub-identifier")
    if _has_too_many_numbers(octets):  # before the regular expressions, which take a hundred times longer an octet
        raise OidError(f"more than {MAX_ARCS} sub-identifiers")
    oid = _PADDING.sub(b"", octets)
    if not is_oid(oid):
        raise OidError(f"a sub-identifier is over {MAX_SUB_IDENTIFIER}")
    return oid
