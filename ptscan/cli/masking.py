"""Masks a recording: what tells whose device it is becomes something of the same shape, the same wherever it stands.

Theory of operation. First the recording is searched for serials, names, MACs, IP addresses and UUIDs
(:mod:`ptscan.cli.telltales`). Then every value is rewritten at every place where one of them stands: as letters and
digits (:mod:`ptscan.cli.spellings`), as octets, as the numbers of an OID or of a text, as a whole INTEGER; a text
in wide letters or base64 likewise (:mod:`ptscan.cli.codings`). A pseudonym (:mod:`ptscan.cli.pseudonyms`) has as many
octets as what it stands for, so that lengths and packed records stay as they are. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from codec import IP_ADDRESS, OBJECT_IDENTIFIER, Oid, Varbind, oid_arcs, oid_from_arcs, oid_key
from ptscan.cli.codings import rewritten, spelled_otherwise, wide_rewritten
from ptscan.cli.host_addresses import (
    ADDRESS_TABLES,
    INDEX_ARCS,
    IPV6_TEXT,
    MAC_COLUMNS,
    as_integers,
    holds_addresses,
    ipv6_in_text,
    ipv6_spelled_like,
    is_telling,
    mac_is_anyones,
)
from ptscan.cli.keeping import EMPTIED
from ptscan.cli.pseudonyms import Pseudonyms
from ptscan.cli.spellings import (
    DEFAULT_HOST,
    SHORTEST_WITHIN,
    Hit,
    Needle,
    Needles,
    Table,
    Where,
    as_eui_64,
    ipv4_needles,
    mac_needles,
    text_needles,
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

_TABLE_ARCS: Final = 8  # of an OID, before which no index begins
_ADDRESS_OR_UUID: Final = re.compile(b"|".join((UUID_TEXT, IPV6_TEXT)))
# Four numbers or more with the same between them.
_NUMBERS: Final = {
    apart: re.compile(rb"(?<!\d)(?<!\d%b)\d{1,10}(?:%b\d{1,10}){3,}(?!%b?\d)" % ((re.escape(apart),) * 3))
    for apart in (b".", b"-", b"_", b",", b" ", b":")
}


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
        self._tails = {mac[3:]: made[3:] for mac, made in self._macs.items()}
        self._ipv4 = pseudonyms.ipv4(found.ipv4)
        self._ipv6 = {packed: pseudonyms.ipv6(packed) for packed in found.ipv6}
        self._names = {name.lower() for name in found.names}
        addresses = [*self._ipv6.items(), *self._macs.items(), *self._ipv4.items()]
        addresses += [(octets[::-1], hidden[::-1]) for octets, hidden in addresses]
        self._integers = dict(as_integers([*self._macs.items(), *self._ipv4.items()]))
        self._octets = Table(dict(reversed([*self._within_octets(addresses)])))
        self._indexes = {tuple(octets): tuple(hidden) for octets, hidden in reversed(addresses)}
        self._lengths = sorted({len(numbers) for numbers in self._indexes}, reverse=True)
        needles = [*self._address_needles(), *self._serial_needles()]
        tails = [(octets.hex().encode(), hidden.hex().encode()) for octets, hidden in self._tails.items()]
        self._in_names = Needles([*needles, *(Needle(*tail, Where.ANYWHERE) for tail in tails)])
        needles += chain.from_iterable(text_needles(name, self._name(name)) for name in sorted(found.names))
        self._everywhere = Needles([*needles, *(Needle(*tail, Where.TAIL) for tail in tails)])
        self._indexes |= {tuple(text): tuple(hidden) for text, hidden in self._letters()}
        self._lengths = sorted({len(numbers) for numbers in self._indexes}, reverse=True)

    def varbind(self, varbind: Varbind) -> Varbind:
        """One row of the recording, masked in its name and its value."""
        oid, tag, value = varbind
        if isinstance(value, int):
            value = self._integers.get(value, value)
        elif isinstance(value, bytes):
            if tag == IP_ADDRESS:
                value = self._ipv4.get(value, value)
            elif tag == OBJECT_IDENTIFIER:
                value = self._oid(value)
            else:
                value = self._value(varbind, value)
        return self._oid(oid), tag, value

    def _value(self, varbind: Varbind, value: bytes) -> bytes:
        oid, text = varbind[0], text_of(varbind)
        if oid.startswith(MAC_COLUMNS) and mac_is_anyones(value):
            return self._pseudonyms.mac(value)
        address = self._ipv4.get(value) or self._ipv6.get(value)
        if address is None and not value.isalnum() and value[:2] != b"\0\0":
            address = self._tails.get(value)
        if address is not None:
            return address
        if len(value) == 9 and value[0] >> 7 and value[4] == 1:  # an engine ID made of an address (RFC 3411 section 5)
            return value[:5] + self._ipv4.get(value[5:], value[5:])
        if text and (self._is_name(oid, text) or text.lower() in self._names):
            head, _, tail = value.partition(text)
            return head + self._name(text) + tail
        return rewritten(value, self._hits(value, self._everywhere))

    def _is_name(self, oid: Oid, text: bytes) -> bool:
        """Whether an object holds a name: whatever it is, or in those that a maker may fill what is no product's."""
        return oid.startswith(EMPTIED) or (oid.startswith(NAME_COLUMNS) and not is_product(self._found, text))

    def _name(self, name: bytes) -> bytes:
        """A name, word by word; what else is known stays the same in it as elsewhere, also the end of a MAC."""
        if (made := wide_rewritten(name, self._name)) is not None:
            return made
        made = b""
        done = 0
        for start, end, hidden in self._hits(name, self._in_names):
            before = name[done:start]
            is_tail = len(hidden) == SHORTEST_WITHIN and not done and DEFAULT_HOST.fullmatch(before)
            made += (before if is_tail else self._pseudonyms.words(before)) + hidden
            done = end
        return made + self._pseudonyms.words(name[done:])

    def _hits(self, value: bytes, needles: Needles, *, spelled: bool = True) -> list[Hit]:
        """What changes in a value, in order; where two overlap, what is found by the surer way."""
        ways: list[Iterator[Hit]] = [self._addresses(value), self._dotted(value), needles.hits(value)]
        ways.append((start, end, hidden) for start, end, hidden in self._octets.at(value))
        if spelled:
            ways += spelled_otherwise(value, lambda text: rewritten(text, self._hits(text, needles, spelled=False)))
        taken = bytearray(len(value))
        hits = []
        for start, end, hidden in chain.from_iterable(ways):
            if value[start:end] != hidden and not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                hits.append((start, end, hidden))
        return sorted(hits)

    def _addresses(self, value: bytes) -> Iterator[Hit]:
        """IPv6 addresses and UUIDs in a text."""
        for found in _ADDRESS_OR_UUID.finditer(value) if value.count(b":") > 1 or value.count(b"-") > 3 else ():
            packed = ipv6_in_text(found[0]) if b":" in found[0] else None
            if packed is not None:
                yield *found.span(), ipv6_spelled_like(found[0], self._pseudonyms.ipv6(packed))
            elif b":" not in found[0]:
                yield *found.span(), self._uuid(found[0])

    def _uuid(self, text: bytes) -> bytes:
        head, _, node = text.rpartition(b"-")
        known = self._macs.get(bytes.fromhex(node.decode()))
        made = self._pseudonyms.number(node, hexadecimal=True) if known is None else known.hex().encode()
        return self._pseudonyms.number(head, hexadecimal=True) + b"-" + (made.upper() if node.isupper() else made)

    def _dotted(self, value: bytes) -> Iterator[Hit]:
        """Addresses and texts as decimal numbers with dots or the like between them, zeros before them or not."""
        for apart, pattern in _NUMBERS.items() if self._indexes else ():
            for found in pattern.finditer(value) if value.count(apart) > 2 else ():
                texts = found[0].split(apart)
                numbers = list(map(int, texts))
                if len(numbers) == 4 and apart != b"." and not is_telling(numbers):
                    continue
                hidden = self._numbers(numbers)
                if hidden != numbers:
                    made = [
                        (b"%0*d" % (len(text), number))[-len(text) :]
                        for text, number in zip(texts, hidden, strict=True)
                    ]
                    yield *found.span(), apart.join(made)

    def _address_needles(self) -> Iterator[Needle]:
        for mac, made in list(self._macs.items())[:MAX_OF_A_KIND]:
            yield from mac_needles(mac, made)
        for packed, made in self._ipv4.items():
            yield from ipv4_needles(packed, made)

    def _serial_needles(self) -> Iterator[Needle]:
        for serial in sorted(self._found.serials):
            for spelled in {serial, b"".join(re.findall(rb"[0-9A-Za-z]+", serial))}:
                yield from text_needles(spelled, self._pseudonyms.number(spelled))

    def _within_octets(self, addresses: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """What may stand within other octets."""
        for mac, made in self._macs.items():
            yield from zip(as_eui_64(mac), as_eui_64(made), strict=True)
        for octets, hidden in addresses:
            if len(octets) > 4 or (is_telling(octets) and any(octet < 32 or octet > 126 for octet in octets)):
                yield octets, hidden

    def _letters(self) -> Iterator[tuple[bytes, bytes]]:
        """Texts that may be an index, letter by letter."""
        for texts, rewrite in ((self._found.serials, self._pseudonyms.number), (self._found.names, self._name)):
            for text in sorted(texts):
                if len(text) >= SHORTEST_WITHIN:
                    yield from ((form, rewrite(form)) for form in (text, text.upper(), text.lower()))

    def _oid(self, oid: Oid) -> Oid:
        """An OID, in whose index an address, a MAC or a text may stand."""
        arcs = list(oid_arcs(oid))
        place = INDEX_ARCS if oid.startswith(ADDRESS_TABLES) else _TABLE_ARCS
        return oid_from_arcs(self._numbers(arcs, place, oid))

    def _numbers(self, numbers: Sequence[int], place: int = 0, oid: Oid | None = None) -> list[int]:
        """Numbers from a place on, of ``oid`` or a text, with others for what is known: the longest at each place."""
        made = list(numbers)
        while place < len(numbers):
            for length in self._lengths:
                known = tuple(numbers[place : place + length])
                hidden = self._indexes.get(known)
                if hidden is None or (len(known) == 4 and not _may_be_address(numbers, known, oid)):
                    continue
                made[place : place + len(known)] = hidden
                place += len(known) - 1
                break
            place += 1
        return made


def _may_be_address(numbers: Sequence[int], four: Sequence[int], oid: Oid | None) -> bool:
    """Whether four of ``numbers`` are an IPv4 address and not the part of a version."""
    return len(numbers) == 4 if oid is None else holds_addresses(oid, four)
