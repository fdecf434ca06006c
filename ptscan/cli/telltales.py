"""What in a recording tells whose device it is: serials, names of hosts and people, MACs, IP addresses, UUIDs. Pure.

They are learned from the recording itself: from the objects that hold them, the standard ones and those that a profile
knows, and by their form wherever they stand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from codec import IP_ADDRESS, OBJECT_IDENTIFIER, OCTET_STRING, Oid, Varbind, format_oid, oid_arcs, parse_oid
from ptscan.cli.keeping import EMPTIED, PRODUCT_TEXTS
from ptscan.cli.pseudonyms import is_private, names_a_host, names_a_host_6
from ptscan.printer import is_label, mac_fault, serial_fault
from ptscan.profiles import Fact, ProfileSet, extract

MAX_OF_A_KIND: Final = 512
"""MACs that are looked for everywhere; of a device that tells more of them, the others are masked in their columns."""
MAX_NAMES: Final = 2_048
"""Serials, and names, that a recording may tell; beyond that it is no printer's."""

SERIAL_COLUMNS: Final = tuple(map(parse_oid, ("1.3.6.1.2.1.43.5.1.1.17", "1.3.6.1.2.1.47.1.1.1.1.11")))
"""prtGeneralSerialNumber, entPhysicalSerialNum."""
NAME_COLUMNS: Final = (
    *EMPTIED,
    *map(
        parse_oid,
        (
            "1.3.6.1.2.1.43.5.1.1.16",  # prtGeneralPrinterName
            "1.3.6.1.2.1.31.1.1.1.18",  # ifAlias
            "1.3.6.1.2.1.47.1.1.1.1.14",  # entPhysicalAlias
            "1.3.6.1.2.1.47.1.1.1.1.15",  # entPhysicalAssetID
            "1.3.6.1.4.1.367.3.2.1.6.1.1.7",  # Ricoh: host name
            "1.3.6.1.4.1.1347.40.10.1.1.5",  # Kyocera: host name
        ),
    ),
)
MAC_COLUMNS: Final = tuple(
    map(parse_oid, ("1.3.6.1.2.1.2.2.1.6", "1.3.6.1.2.1.3.1.1.2", "1.3.6.1.2.1.4.22.1.2", "1.3.6.1.2.1.17"))
)
"""ifPhysAddress, the tables of neighbours, the bridge's."""

ADDRESS_TABLES: Final = tuple(parse_oid(f"1.3.6.1.2.1.{group}") for group in (3, 4, 6, 7, 55))
"""Tables of the groups at, ip, tcp, udp and ipv6, whose rows have addresses as their index."""
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
INDEX_ARCS: Final = 10
"""Numbers of an OID before which no index of ADDRESS_TABLES begins."""
_INET_ADDRESSES: Final[dict[tuple[int, ...], int]] = {(1, 4): 4, (2, 16): 16}  # type and length -> octets
_IPV6_ADDRESS_TABLES: Final = parse_oid("1.3.6.1.2.1.55")

_ENTERPRISES: Final = parse_oid("1.3.6.1.4.1")
_SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
_PADDING: Final = b"\0 \t\r\n"
_SHORTEST_NAME: Final = 3

_SERIAL: Final = re.compile(
    rb"(?i)\b(?:S/?N[:=#] ?|SER(?:N|IAL(?:[ _-]?(?:NUMBER|NUM|NO))?)?\.?\s?[:=#]\s?|SN(?=[0-9]))"
    rb"([0-9A-Z][0-9A-Z-]{3,31})"
)
MAC_TEXT: Final = (
    rb"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?P<apart>[:-])(?:[0-9A-Fa-f]{2}(?P=apart)){4}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])"
)
_MAC_DIGITS: Final = re.compile(rb"(?i)(?=.*[a-f])(?=.*\d)[0-9a-f]{12}")
_NUMBER: Final = rb"(?:0|[1-9]\d{0,2})"
IPV4_TEXT: Final = rb"(?<![\d.])" + _NUMBER + rb"(?:\." + _NUMBER + rb"){3}(?![\d]|\.\d)"
IPV6_TEXT: Final = rb"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:.])"
UUID_TEXT: Final = rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
_SAID_TO_BE_IP: Final = re.compile(rb"(?i)(?:\bip\w*|addr\w*|host\w*|gateway|dns\w*|server\w*|//|@)[\s:=(\[]*$")
_EMAIL: Final = re.compile(rb"(?i)[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_INTRANET: Final = re.compile(
    rb"(?i)(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|localdomain|corp|internal|intranet|intra|home)(?![\w.-])"
)
_HOST_IN_URL: Final = re.compile(rb"(?i)\b[a-z]{2,8}://([a-z0-9_-]+)(?=[:/]|$)")  # without a dot: no public one
# What uname says begins with the system and the host: the host is no product.
_UNAME: Final = re.compile(rb"^(linux|sunos|freebsd|netbsd|openbsd|aix|hp-ux) (\S+)")


@dataclass
class Telltales:
    """What was found, in the device's own octets; addresses in network order, MACs as six octets."""

    serials: set[bytes] = field(default_factory=set)
    names: set[bytes] = field(default_factory=set)
    macs: set[bytes] = field(default_factory=set)
    ipv4: set[bytes] = field(default_factory=set)
    ipv6: set[bytes] = field(default_factory=set)
    uuids: set[bytes] = field(default_factory=set)
    products: bytes = b""
    """What the device calls its product, in lower case: a name that is part of it is nobody's."""


def telltales_of(varbinds: Iterable[Varbind], profiles: ProfileSet) -> Telltales:
    """Learn from a recording what tells whose device it is."""
    values = {varbind[0]: varbind for varbind in varbinds}
    facts = list(_facts(values, profiles))
    found = Telltales()
    found.products = b"\n".join(
        _UNAME.sub(rb"\1", text_of(varbind).lower()) for oid, varbind in values.items() if oid.startswith(PRODUCT_TEXTS)
    )
    models = [fact.value for fact in facts if fact.field in ("identity.model", "identity.manufacturer")]
    called = [_plain(model) for model in models if isinstance(model, bytes)]
    firmware = {fact.value for fact in facts if fact.field == "identity.firmware"}
    for serial in _serials(values, facts):
        if serial_fault(_plain(serial), called) is None and not is_label(_plain(serial)):
            _take(found.serials, serial)
    for one in facts:
        if one.field in ("identity.name", "identity.asset") and isinstance(one.value, bytes):
            _add_name(found, one.value.strip(_PADDING))
    for oid, tag, value in values.values():
        addresses = list(_indexed(oid))
        found.ipv4.update(address for address in addresses if len(address) == 4 and names_a_host(address))
        found.ipv6.update(address for address in addresses if len(address) == 16 and names_a_host_6(address))
        if not isinstance(value, bytes):
            continue
        if oid.startswith(NAME_COLUMNS):
            _add_name(found, value.strip(_PADDING))
        if tag == IP_ADDRESS and len(value) == 4 and names_a_host(value):
            found.ipv4.add(value)
        elif tag != OBJECT_IDENTIFIER:
            _learn_from_text(found, value, is_version=value.strip(_PADDING) in firmware)
            found.macs.update(mac for mac in _macs(oid, value) if mac_is_anyones(mac))
    _learn_from_binary(found, values)
    return found


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


def text_of(varbind: Varbind) -> bytes:
    """The octets of a text without the padding that devices add; b"" for anything else."""
    _, tag, value = varbind
    return value.strip(_PADDING) if tag == OCTET_STRING and isinstance(value, bytes) else b""


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


def _facts(values: Mapping[Oid, Varbind], profiles: ProfileSet) -> Iterator[Fact]:
    """What any profile knows of the vendors' objects, and the device's own profiles of the standard ones."""
    texts = [text_of(varbind).decode("latin-1") for oid, varbind in values.items() if oid.startswith(PRODUCT_TEXTS)]
    texts += [text_of(values[oid]).decode("latin-1") for oid in profiles.identify if oid in values]
    _, tag, object_id = values.get(_SYS_OBJECT_ID, (b"", 0, None))
    dotted = format_oid(object_id) if tag == OBJECT_IDENTIFIER and isinstance(object_id, bytes) else None
    own = {profile.name for profile in profiles.match(dotted, texts, answered=values)}
    for profile in profiles.profiles:
        extraction = extract(profile, values)
        for fact in (*extraction.facts, *extraction.spare):
            if profile.name in own or fact.oid.startswith(_ENTERPRISES):
                yield fact


def _serials(values: Mapping[Oid, Varbind], facts: Iterable[Fact]) -> Iterator[bytes]:
    for fact in facts:
        if fact.field.endswith(".serial") and isinstance(fact.value, bytes):
            yield fact.value.strip(_PADDING)
    for oid, varbind in values.items():
        if text := text_of(varbind):
            if oid.startswith(SERIAL_COLUMNS):
                yield text
            yield from (serial for serial in _SERIAL.findall(text) if not serial.isalpha())


def _plain(text: bytes) -> str:
    return text.decode("latin-1")


def _add_name(found: Telltales, name: bytes) -> None:
    if len(name) < _SHORTEST_NAME or name.lower() in found.products:
        return
    _take(found.names, name)
    host, dot, domain = name.partition(b".")
    if dot and b" " not in name:
        for part in (host, domain):
            if len(part) > _SHORTEST_NAME and not part.isdigit():
                _take(found.names, part)


def _take(kept: set[bytes], one: bytes) -> None:
    if len(kept) < MAX_NAMES:
        kept.add(one)


def _learn_from_text(found: Telltales, text: bytes, *, is_version: bool) -> None:
    for name in (*_EMAIL.findall(text), *_INTRANET.findall(text)):
        _take(found.names, name)
    for host in _HOST_IN_URL.findall(text):
        if not host.isdigit():
            _add_name(found, host)
    found.uuids.update(re.findall(UUID_TEXT, text))
    found.ipv6.update(filter(None, map(ipv6_in_text, re.findall(IPV6_TEXT, text))))
    if is_version:
        return
    for match in re.finditer(IPV4_TEXT, text):
        try:
            packed = IPv4Address(match[0].decode()).packed
        except AddressValueError:
            continue
        if is_private(packed) or (names_a_host(packed) and _SAID_TO_BE_IP.search(text[: match.start()])):
            found.ipv4.add(packed)


def _macs(oid: Oid, value: bytes) -> Iterator[bytes]:
    """The MACs that an object holds for certain: by its column, or by the form of its text."""
    if len(value) == 6 and oid.startswith(MAC_COLUMNS):
        yield value
    for match in re.finditer(MAC_TEXT, value):
        yield bytes.fromhex(match[0].replace(b":", b"").replace(b"-", b"").decode())
    text = value.strip(_PADDING)
    if _MAC_DIGITS.fullmatch(text):
        yield bytes.fromhex(text.decode())
    if len(value) == 11 and value[0] >> 7 and value[4] == 3:  # an engine ID made of a MAC (RFC 3411 section 5)
        yield value[5:]


def _learn_from_binary(found: Telltales, values: Mapping[Oid, Varbind]) -> None:
    """Six and sixteen octets are addresses where their first ones are those of an address that is known."""
    makers = {mac[:3] for mac in found.macs}
    networks = {packed[:8] for packed in found.ipv6} | {b"\xfe\x80" + bytes(6)}
    for _, tag, value in values.values():
        if tag == OCTET_STRING and isinstance(value, bytes):
            if len(value) == 6 and value[:3] in makers and not value.isalnum() and mac_is_anyones(value):
                found.macs.add(value)
            elif len(value) == 16 and value[:8] in networks:
                found.ipv6.add(value)
