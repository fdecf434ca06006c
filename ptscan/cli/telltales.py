"""What in a recording tells whose device it is: serials, names of hosts and people, MACs, IP addresses, UUIDs. Pure.

They are learned from the recording itself: from the objects that hold them, the standard ones and those that a profile
knows, and by their form wherever they stand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from codec import IP_ADDRESS, OBJECT_IDENTIFIER, OCTET_STRING, Oid, Varbind, format_oid, parse_oid
from ptscan.cli.host_addresses import (
    IPV6_TEXT,
    addresses_in_index,
    ipv4_in_text,
    ipv6_in_text,
    mac_is_anyones,
    mac_of,
    macs_in,
)
from ptscan.cli.keeping import EMPTIED, PRODUCT_TEXTS
from ptscan.cli.pseudonyms import names_a_host
from ptscan.printer import is_label, serial_fault
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
_OF_PEOPLE: Final = (parse_oid("1.3.6.1.2.1.1.4"), parse_oid("1.3.6.1.2.1.1.6"))  # sysContact, sysLocation
_ENTERPRISES: Final = parse_oid("1.3.6.1.4.1")
_SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
_PADDING: Final = b"\0 \t\r\n"
_SHORTEST_NAME: Final = 3
_SHORTEST_NUMBER: Final = 6
_LONGEST_WORD: Final = 16
_LONGEST_PLACE: Final = 255  # octets (DisplayString)
_MOST_WORDS: Final = 8  # of a name or a place, any few of which may stand elsewhere
_ANYBODYS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        printer admin administrator office network localhost default home root it support service help desk helpdesk
        call contact manager department team mail info company corp internal local intranet domain print printers
        printing server device scan scanner copy copier fax room floor building level main ground hall the of and
        for at near next tray paper toner ink black cyan magenta yellow color colour cartridge drum waste cover door
        front rear left right top bottom upper lower side unit ready error warning
        laser inkjet low empty full open closed jam power sleep normal online offline busy manual auto
        """,
    )
)

_SERIAL: Final = re.compile(
    rb"(?i)\b(?:S/?N[:=#] ?|SER(?:N|IAL(?:[ _-]?(?:NUMBER|NUM|NO))?)?\.?\s?[:=#]\s?|SN(?=[0-9]))"
    rb"([0-9A-Z][0-9A-Z-]{3,31})"
)
UUID_TEXT: Final = rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
_EMAIL: Final = re.compile(rb"(?i)(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_INTRANET: Final = re.compile(
    rb"(?i)(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|localdomain|corp|internal|intranet|intra|home)(?![\w.-])"
)
_HOST_IN_URL: Final = re.compile(rb"(?i)\b[a-z]{2,8}://([a-z0-9_-]+)(?=[:/]|$)")  # without a dot: no public one
_HOST: Final = re.compile(rb"(?i)(?!www\.|.*\.arpa$)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6}")
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
    """What the device calls its product, and all makers, in lower case: a name that is part of it is nobody's."""


def telltales_of(varbinds: Iterable[Varbind], profiles: ProfileSet) -> Telltales:
    """Learn from a recording what tells whose device it is."""
    values = {varbind[0]: varbind for varbind in varbinds}
    facts = list(_facts(values, profiles))
    found = Telltales()
    own = (_UNAME.sub(rb"\1", text_of(row).lower()) for oid, row in values.items() if oid.startswith(PRODUCT_TEXTS))
    found.products = b"\n".join([*own, *(profile.vendor.lower().encode() for profile in profiles.profiles)])
    models = [fact.value for fact in facts if fact.field in ("identity.model", "identity.manufacturer")]
    called = [_plain(model) for model in models if isinstance(model, bytes)]
    firmware = {fact.value for fact in facts if fact.field == "identity.firmware"}
    for serial in _serials(values, facts):
        if serial_fault(_plain(serial), called) is None and not is_label(_plain(serial)):
            _take(found.serials, serial)
    for one in facts:
        if one.field in ("identity.name", "identity.asset") and isinstance(one.value, bytes):
            _add_name(found, one.value.strip(_PADDING))
        if one.field == "identity.mac" and isinstance(one.raw[2], bytes) and (mac := mac_of(one.raw[2])) is not None:
            found.macs.add(mac)
    for oid, tag, value in values.values():
        for packed in addresses_in_index(oid):
            (found.ipv4 if len(packed) == 4 else found.ipv6).add(packed)
        if not isinstance(value, bytes):
            continue
        if oid.startswith(NAME_COLUMNS):
            _add_name(found, value.strip(_PADDING))
        if oid.startswith(_OF_PEOPLE):
            _add_phrases(found, value)
        if tag == IP_ADDRESS and len(value) == 4 and names_a_host(value):
            found.ipv4.add(value)
        elif tag != OBJECT_IDENTIFIER:
            text = value.strip(_PADDING)
            _learn_from_text(found, value, is_version=text in firmware)
            if oid.startswith(_ENTERPRISES) and text not in firmware and _HOST.fullmatch(text):
                _add_name(found, text)
            found.macs.update(mac for mac in macs_in(oid, value) if mac_is_anyones(mac))
    _learn_from_binary(found, values)
    return found


def text_of(varbind: Varbind) -> bytes:
    """The octets of a text without the padding that devices add; b"" for anything else."""
    _, tag, value = varbind
    return value.strip(_PADDING) if tag == OCTET_STRING and isinstance(value, bytes) else b""


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


def is_product(found: Telltales, name: bytes) -> bool:
    """Whether a name is what the device calls its product, or a part of that in whole words."""
    words = rb"(?<![0-9a-z])" + re.escape(name.lower()) + rb"(?![0-9a-z])"
    return re.search(words, found.products) is not None


def _add_name(found: Telltales, name: bytes) -> None:
    """Take a name, and of a host's the parts, unless it is anybody's: a product's, a word for none, a small number."""
    if _is_anybodys(name) or is_product(found, name):
        return
    _take(found.names, name)
    user, at, place = name.rpartition(b"@")
    host, dot, domain = place.partition(b".")
    if dot and b" " not in name:
        *_, company = [label for label in place.split(b".")[:-1] if len(label) > _SHORTEST_NAME] or [b""]
        for part in (user, domain if not at else place, host if not at else b"", company):
            if len(part) > _SHORTEST_NAME and not _is_anybodys(part) and not is_product(found, part):
                _take(found.names, part)


def _add_phrases(found: Telltales, text: bytes) -> None:
    """Take each few words in a row of a contact or a place, the last before them, too: one alone is anybody's."""
    words = re.findall(rb"[0-9A-Za-z\x80-\xff]+", re.sub(rb"\S*@\S*", b"", text[:_LONGEST_PLACE]))[:_MOST_WORDS]
    rows = [words[start:end] for start in range(len(words)) for end in range(start + 2, len(words) + 1)]
    for row in (*rows, *([last, *first] for *first, last in rows)):
        own = [word for word in row if len(word) >= _SHORTEST_NAME and not word.isdigit() and not _is_anybodys(word)]
        if own and len(b"".join(row)) >= _SHORTEST_NUMBER:
            _add_name(found, b" ".join(row))


def _is_anybodys(name: bytes) -> bool:
    plain = _plain(name)
    if len(name) < _SHORTEST_NAME or plain.lower() in _ANYBODYS:
        return True
    if name.isdigit():
        return len(name) < _SHORTEST_NUMBER
    return _SHORTEST_NAME < len(name) <= _LONGEST_WORD and serial_fault(plain) is not None


def _take(kept: set[bytes], one: bytes) -> None:
    if len(kept) < MAX_NAMES:
        kept.add(one)


def _learn_from_text(found: Telltales, text: bytes, *, is_version: bool) -> None:
    for name in (*_EMAIL.findall(text), *_INTRANET.findall(text)):
        _take(found.names, name)
        _add_name(found, name)
    for host in _HOST_IN_URL.findall(text):
        if not host.isdigit():
            _add_name(found, host)
    found.uuids.update(re.findall(UUID_TEXT, text))
    found.ipv6.update(filter(None, map(ipv6_in_text, re.findall(IPV6_TEXT, text))))
    if not is_version:
        found.ipv4.update(ipv4_in_text(text))


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
