"""Addresses in a recording: MACs, IPv4 and IPv6, in values, in texts and in the index of an OID. Pure."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from codec import Oid, oid_arcs, parse_oid
from ptscan.cli.pseudonyms import is_private, names_a_host, names_a_host_6
from ptscan.printer import mac_fault

MAC_COLUMNS: Final = tuple(
    map(parse_oid, ("1.3.6.1.2.1.2.2.1.6", "1.3.6.1.2.1.3.1.1.2", "1.3.6.1.2.1.4.22.1.2", "1.3.6.1.2.1.17"))
)
"""ifPhysAddress, the tables of neighbours, the bridge's."""
ADDRESS_TABLES: Final = tuple(parse_oid(f"1.3.6.1.2.1.{group}") for group in (3, 4, 6, 7, 55))
"""Tables of the groups at, ip, tcp, udp and ipv6, whose rows have addresses as their index."""
INDEX_ARCS: Final = 10
"""Numbers of an OID before which no index of ADDRESS_TABLES begins."""

_ENTERPRISES: Final = parse_oid("1.3.6.1.4.1")
# An IPv4 address that is not dotted may be a subtree or count something, if not ...
_LARGE: Final = 100  # ... one number in a vendor's index is as large,
_TELLING: Final = 12  # ... or two numbers elsewhere.
_LEAST_INTEGER: Final = 1 << 24  # that is an address; a smaller one may count something

_NUMBER: Final = rb"(?:0|[1-9]\d{0,2})"
IPV4_TEXT: Final = rb"(?<![\d.])" + _NUMBER + rb"(?:\." + _NUMBER + rb"){3}(?![\d]|\.\d)"
IPV6_TEXT: Final = rb"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:.])"

_MAC_TEXT: Final = re.compile(
    rb"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?P<apart>[:-])(?:[0-9A-Fa-f]{2}(?P=apart)){4}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"
)
_MAC_DIGITS: Final = re.compile(rb"(?i)(?=.*[a-f])(?=.*\d)[0-9a-f]{12}")
_SAID_TO_BE_IP: Final = re.compile(rb"(?i)(?:\bip\w*|addr\w*|host\w*|gateway|dns\w*|server\w*|//|@)[\s:=(\[]*$")
_SAYING: Final = 32  # octets before an address, in which a text may say that it is one
_ENGINE_ID_OCTETS: Final = 11
# Table -> where in an index an IPv4 address begins.
_IPV4_INDEXES: Final = {
    "1.3.6.1.2.1.3.1.1": (2,),
    "1.3.6.1.2.1.4.20.1": (0,),
    "1.3.6.1.2.1.4.21.1": (0,),
    "1.3.6.1.2.1.4.22.1": (1,),
    "1.3.6.1.2.1.4.24.4.1": (0, 9),
    "1.3.6.1.2.1.6.13.1": (0, 5),
    "1.3.6.1.2.1.7.5.1": (0,),
}
_IN_INDEX: Final = tuple((parse_oid(table), starts) for table, starts in _IPV4_INDEXES.items())
_INET_ADDRESSES: Final[dict[tuple[int, ...], int]] = {(1, 4): 4, (2, 16): 16}  # type and length -> octets
_IPV6_ADDRESS_TABLES: Final = parse_oid("1.3.6.1.2.1.55")
_PADDING: Final = b"\0 \t\r\n"


def addresses_in_index(oid: Oid) -> Iterator[bytes]:
    """The IP addresses of hosts in an index: at their place, or behind their type and length (RFC 4001)."""
    for packed in _indexed(oid):
        if names_a_host(packed) if len(packed) == 4 else names_a_host_6(packed):
            yield packed


def _indexed(oid: Oid) -> Iterator[bytes]:
    """The addresses in an index: at their place, or behind their type and length (InetAddress, RFC 4001)."""
    if not oid.startswith(ADDRESS_TABLES):
        return
    for table, starts in _IN_INDEX:
        if oid.startswith(table):
            index = oid_arcs(oid)[len(oid_arcs(table)) + 1 :]
            for numbers in (index[start : start + 4] for start in starts):
                if len(numbers) == 4 and max(numbers) < 256:
                    yield bytes(numbers)
            return
    index = oid_arcs(oid)[INDEX_ARCS:]
    place = 0
    while place < len(index):
        length = _INET_ADDRESSES.get(index[place : place + 2], 0)
        numbers = index[place + 2 : place + 2 + length]
        if length and len(numbers) == length and max(numbers) < 256:
            yield bytes(numbers)
            place += 2 + length
        else:
            place += 1
    if oid.startswith(_IPV6_ADDRESS_TABLES) and len(index) >= 16 and max(index[-16:]) < 256:
        yield bytes(index[-16:])


def mac_is_anyones(mac: bytes) -> bool:
    """Whether a MAC leads to a device: it is no placeholder, whatever its two flags say."""
    return len(mac) == 6 and mac_fault(bytes((mac[0] & 0xFC, *mac[1:])).hex(":")) is None


def ipv6_in_text(text: bytes) -> bytes | None:
    """The IPv6 address of a host that a text stands for, in network order, or None."""
    try:
        packed = IPv6Address(text.decode("ascii")).packed
    except (AddressValueError, UnicodeDecodeError):
        return None
    return packed if names_a_host_6(packed) else None


def ipv4_in_text(text: bytes) -> Iterator[bytes]:
    """The IPv4 addresses in a text: private ones, and others where the text says that it is one; no version numbers."""
    for match in re.finditer(IPV4_TEXT, text):
        try:
            packed = IPv4Address(match[0].decode()).packed
        except AddressValueError:
            continue
        if is_private(packed) or (
            names_a_host(packed) and _SAID_TO_BE_IP.search(text[max(match.start() - _SAYING, 0) : match.start()])
        ):
            yield packed


def mac_of(value: bytes) -> bytes | None:
    """The MAC that a value of a vendor's MAC object is, as octets or as digits, or None."""
    digits = re.sub(rb"[^0-9A-Fa-f]", b"", value)
    octets = value if len(value) == 6 else bytes.fromhex(digits.decode()) if len(digits) == 12 else b""
    return octets if mac_is_anyones(octets) else None


def macs_in(oid: Oid, value: bytes) -> Iterator[bytes]:
    """The MACs that an object holds for certain: by its column, or by the form of its text."""
    if len(value) == 6 and oid.startswith(MAC_COLUMNS):
        yield value
    for match in _MAC_TEXT.finditer(value):
        yield bytes.fromhex(match[0].replace(b":", b"").replace(b"-", b"").decode())
    text = value.strip(_PADDING)
    if _MAC_DIGITS.fullmatch(text):
        yield bytes.fromhex(text.decode())
    if (
        len(value) == _ENGINE_ID_OCTETS and value[0] >> 7 and value[4] == 3
    ):  # an engine ID made of a MAC (RFC 3411 section 5)
        yield value[5:]


def ipv6_spelled_like(text: bytes, packed: bytes) -> bytes:
    """An IPv6 address spelled as ``text`` spells another, with as many digits in each group."""
    left, apart, right = text.partition(b"::")
    groups = [packed[place : place + 2].hex().encode() for place in range(0, 16, 2)]
    before, after = (part.split(b":") if part else [] for part in (left, right))

    def spelled(group: bytes, other: bytes) -> bytes:
        return (other.upper() if text.isupper() else other)[-len(group) :]

    head = b":".join(map(spelled, before, groups))
    return head + apart + b":".join(map(spelled, after, groups[len(groups) - len(after) :]))


def holds_addresses(oid: Oid, numbers: Sequence[int]) -> bool:
    """Whether four numbers of an OID may be an IPv4 address: in a vendor's subtree others may look like one."""
    is_large = max(numbers) >= _LARGE or sorted(numbers)[1] >= _TELLING
    return oid.startswith(ADDRESS_TABLES) or (oid.startswith(_ENTERPRISES) and is_large)


def is_telling(numbers: Sequence[int]) -> bool:
    """Whether four numbers are hardly anything but the IPv4 address that they are."""
    return sum(number >= _TELLING for number in numbers) > 1


def as_integers(pairs: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[int, int]]:
    """Addresses as an INTEGER or a counter, either way round, with a sign or without."""
    for octets, hidden in pairs:
        for order in ("big", "little") if len(octets) == 4 else ("big",):
            for signed in (True, False):
                number = int.from_bytes(octets, order, signed=signed)
                if abs(number) >= _LEAST_INTEGER:
                    yield number, int.from_bytes(hidden, order, signed=signed)
