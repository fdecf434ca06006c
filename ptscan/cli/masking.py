"""Masks a recording: what tells whose device it is becomes something of the same shape, the same wherever it stands.

Theory of operation. First the recording is searched for serials, names, MACs, IP addresses and UUIDs
(:mod:`ptscan.cli.telltales`). Then every value is rewritten at every place where one of them stands: alone or in a
longer text, behind a header or in a packed record, in whichever spelling (:mod:`ptscan.cli.spellings`), and as the
numbers of an OID. A pseudonym (:mod:`ptscan.cli.pseudonyms`) has as many octets as what it stands for, so that lengths
and packed records stay as they are. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address
from itertools import chain
from typing import Final, NamedTuple

from codec import IP_ADDRESS, OBJECT_IDENTIFIER, Oid, Varbind, oid_arcs, oid_from_arcs, oid_key, parse_oid
from ptscan.cli.host_addresses import (
    ADDRESS_TABLES,
    INDEX_ARCS,
    IPV4_TEXT,
    IPV6_TEXT,
    MAC_COLUMNS,
    ipv6_in_text,
    mac_is_anyones,
)
from ptscan.cli.keeping import EMPTIED
from ptscan.cli.pseudonyms import Pseudonyms
from ptscan.cli.spellings import (
    SHORTEST_WITHIN,
    Finder,
    Spelling,
    Where,
    digits_rewritten,
    mac_spellings,
    text_spellings,
)
from ptscan.cli.telltales import (
    MAX_OF_A_KIND,
    NAME_COLUMNS,
    UUID_TEXT,
    Telltales,
    is_product,
    telltales_of,
    text_of,
)
from ptscan.profiles import ProfileSet

# What may stand before the last digits of a MAC in the name that a maker gives a host; it is no secret.
_DEFAULT_HOST: Final = re.compile(
    rb"(?i)(?:npi|hp|brn|brw|km|rnp|xrx|et|lxk|sec|epson|canon|sharp|oki|zbr|mfp|prn)[-_]?"
)
_ENTERPRISES: Final = parse_oid("1.3.6.1.4.1")
_TABLE_ARCS: Final = 8  # of an OID, before which no index begins
_LARGE: Final = 100  # one number of an IPv4 address in a vendor's index: others are subtrees that look like one
_ANY_IP_OR_UUID: Final = re.compile(b"|".join((UUID_TEXT, IPV6_TEXT, IPV4_TEXT)))


class Masked(NamedTuple):
    """A recording without what tells whose it is, sorted; how much of each kind it told, and in how many objects."""

    varbinds: list[Varbind]
    serials: int
    names: int
    macs: int
    addresses: int
    uuids: int
    objects: int


def mask(varbinds: Sequence[Varbind], profiles: ProfileSet, *, key: bytes) -> Masked:
    """Mask a recording by ``key``: octets that nobody can guess, to be thrown away."""
    found = telltales_of(varbinds, profiles)
    masking = _Masking(found, Pseudonyms(key))
    masked = [masking.varbind(varbind) for varbind in varbinds]
    return Masked(
        varbinds=sorted(masked, key=lambda varbind: oid_key(varbind[0])),
        serials=len(found.serials),
        names=len(found.names),
        macs=len(found.macs),
        addresses=len(found.ipv4) + len(found.ipv6),
        uuids=len(found.uuids),
        objects=sum(before != after for before, after in zip(varbinds, masked, strict=True)),
    )


class _Masking:
    """Rewrites what was found."""

    def __init__(self, found: Telltales, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._found = found
        self._macs = {mac: pseudonyms.mac(mac) for mac in sorted(found.macs)}
        self._tails = {mac[3:].hex().encode(): made[3:] for mac, made in self._macs.items()}
        self._ipv4 = pseudonyms.ipv4(found.ipv4)
        self._ipv6 = {packed: pseudonyms.ipv6(packed) for packed in found.ipv6}
        self._names = {name.lower() for name in found.names}
        spellings = list(chain(self._mac_spellings(), self._serial_spellings(found)))
        tails = (Spelling(tail, Where.ANYWHERE, self._tail) for tail in self._tails)
        self._in_names = Finder([*spellings, *tails], _ANY_IP_OR_UUID, self._rewritten)
        spellings += chain.from_iterable(text_spellings(name, self._name) for name in sorted(found.names))
        self._everywhere = Finder(spellings, _ANY_IP_OR_UUID, self._rewritten)
        pairs = [*self._ipv6.items(), *self._macs.items(), *self._ipv4.items(), *self._letters(found)]
        self._indexes = {tuple(octets): tuple(hidden) for octets, hidden in pairs}
        self._lengths = sorted({len(numbers) for numbers in self._indexes}, reverse=True)

    def varbind(self, varbind: Varbind) -> Varbind:
        """One row of the recording, masked in its name and its value."""
        oid, tag, value = varbind
        if isinstance(value, bytes):
            if tag == IP_ADDRESS:
                value = self._ipv4.get(value, value)
            elif tag == OBJECT_IDENTIFIER:
                value = self._oid(value)
            else:
                value = self._octets(varbind, value)
        return self._oid(oid), tag, value

    def _octets(self, varbind: Varbind, value: bytes) -> bytes:
        oid, text = varbind[0], text_of(varbind)
        if oid.startswith(MAC_COLUMNS) and mac_is_anyones(value):
            return self._pseudonyms.mac(value)
        if (address := self._ipv4.get(value) or self._ipv6.get(value)) is not None:
            return address
        if len(value) == 9 and value[0] >> 7 and value[4] == 1:  # an engine ID made of an address (RFC 3411 section 5)
            return value[:5] + self._ipv4.get(value[5:], value[5:])
        if text and (self._is_name(oid, text) or text.lower() in self._names):
            head, _, tail = value.partition(text)
            return head + self._name(text) + tail
        return self._everywhere.rewrite(value)

    def _is_name(self, oid: Oid, text: bytes) -> bool:
        """Whether an object holds a name: whatever it is, or in those that a maker may fill what is no product's."""
        return oid.startswith(EMPTIED) or (oid.startswith(NAME_COLUMNS) and not is_product(self._found, text))

    def _rewritten(self, octets: bytes) -> bytes:
        """An IP address or a UUID."""
        if re.fullmatch(UUID_TEXT, octets):
            head, _, node = octets.rpartition(b"-")
            known = self._macs.get(bytes.fromhex(node.decode()))
            made = self._pseudonyms.number(node, hexadecimal=True) if known is None else digits_rewritten(node, known)
            return self._pseudonyms.number(head, hexadecimal=True) + b"-" + made
        if b":" in octets:
            packed = ipv6_in_text(octets)
            return octets if packed is None else _spelled_like(octets, self._pseudonyms.ipv6(packed))
        try:
            packed = IPv4Address(octets.decode()).packed
        except AddressValueError:
            return octets
        return ".".join(map(str, self._ipv4.get(packed, packed))).encode()

    def _name(self, name: bytes) -> bytes:
        """A name, word by word; what else is known stays the same in it as elsewhere, also the end of a MAC."""
        if b"\0" in name:  # UTF-16, whose letters are no words
            return self._pseudonyms.number(name)
        made = b""
        done = 0
        for start, end, rewrite in self._in_names.hits(name):
            before, octets = name[done:start], name[start:end]
            kept = done == 0 and octets.lower() in self._tails and _DEFAULT_HOST.fullmatch(before)
            made += before if kept else self._pseudonyms.words(before)
            hidden = rewrite(octets)
            made += self._pseudonyms.words(octets) if hidden == octets else hidden
            done = end
        return made + self._pseudonyms.words(name[done:])

    def _tail(self, digits: bytes) -> bytes:
        """The last digits of a MAC, which a default host name ends with."""
        return digits_rewritten(digits, self._tails[digits.lower()])

    def _mac_spellings(self) -> Iterator[Spelling]:
        for mac, made in list(self._macs.items())[:MAX_OF_A_KIND]:
            yield from mac_spellings(mac, made)

    def _serial_spellings(self, found: Telltales) -> Iterator[Spelling]:
        for serial in sorted(found.serials):
            for spelled in {serial, b"".join(re.findall(rb"[0-9A-Za-z]+", serial))}:
                yield from text_spellings(spelled, self._pseudonyms.number)

    def _letters(self, found: Telltales) -> Iterator[tuple[bytes, bytes]]:
        """Texts that may be an index, letter by letter."""
        for texts, rewrite in ((found.serials, self._pseudonyms.number), (found.names, self._name)):
            for text in sorted(texts):
                if len(text) >= SHORTEST_WITHIN:
                    yield from ((form, rewrite(form)) for form in (text, text.upper(), text.lower()))

    def _oid(self, oid: Oid) -> Oid:
        """An OID, in whose index an address, a MAC or a text may stand."""
        arcs = list(oid_arcs(oid))
        place = INDEX_ARCS if oid.startswith(ADDRESS_TABLES) else _TABLE_ARCS
        while place < len(arcs):
            numbers, hidden = self._index_at(oid, arcs, place)
            arcs[place : place + len(numbers)] = hidden
            place += len(numbers)
        return oid_from_arcs(arcs)

    def _index_at(self, oid: Oid, arcs: Sequence[int], place: int) -> tuple[Sequence[int], Sequence[int]]:
        """What stands at a place of an OID, the longest that is known or one number, and what takes its place."""
        for length in self._lengths:
            numbers = tuple(arcs[place : place + length])
            hidden = self._indexes.get(numbers)
            if hidden is not None and (length > 4 or _holds_addresses(oid, numbers)):
                return numbers, hidden
        return arcs[place : place + 1], arcs[place : place + 1]


def _holds_addresses(oid: Oid, numbers: Sequence[int]) -> bool:
    """Whether four numbers of an OID may be an IPv4 address: in a vendor's subtree others may look like one."""
    return oid.startswith(ADDRESS_TABLES) or (oid.startswith(_ENTERPRISES) and max(numbers) >= _LARGE)


def _spelled_like(text: bytes, packed: bytes) -> bytes:
    """An IPv6 address spelled as ``text`` spells another, with as many digits in each group."""
    left, apart, right = text.partition(b"::")
    groups = [packed[place : place + 2].hex().encode() for place in range(0, 16, 2)]
    before, after = (part.split(b":") if part else [] for part in (left, right))

    def spelled(group: bytes, other: bytes) -> bytes:
        return (other.upper() if text.isupper() else other)[-len(group) :]

    head = b":".join(map(spelled, before, groups))
    return head + apart + b":".join(map(spelled, after, groups[len(groups) - len(after) :]))
