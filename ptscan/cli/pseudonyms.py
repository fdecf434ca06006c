"""Names for what must not be told: of the same length and shape, the same for the same, and of use to nobody. Pure.

Whoever makes them throws the key away: without it a pseudonym leads back to nothing, not even by a table of all
serials or addresses that there are. What is public stays: the maker in a MAC (its first three octets), the private
range that an IPv4 address is of, a kind of IPv6 address.
"""

import re
from collections.abc import Iterable
from hashlib import shake_256
from ipaddress import IPv4Address
from typing import Final, TypeAlias

_WORD: Final = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
_KINDS: Final = (b"0123456789", b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX_KINDS: Final = (b"0123456789", b"abcdef", b"ABCDEF")
_MAKER_OCTETS: Final = 3
_CONVENTIONS: Final = (0, 255)  # numbers that stand for a network, or for all of its hosts
_ALIKE: Final = ((1, 10), (10, 16), (16, 100), (100, 256))  # octets of as many digits
_LINK_LOCAL: Final = 0xFE
_PARTLY: Final = (169, 172, 192)  # first numbers of which some are private

Packed: TypeAlias = bytes
"""An address in network order."""


class Pseudonyms:
    """Pseudonyms by ``key``, octets that nobody can guess."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def words(self, octets: bytes) -> bytes:
        """Each word of a text by itself, so that a host's name is the same alone and before its domain."""
        return _WORD.sub(lambda found: self.number(found[0]), octets)

    def number(self, octets: bytes, *, hexadecimal: bool = False) -> bytes:
        """A serial or another text as a whole: digits for digits, letters for letters of their case, the rest stays.

        ABC-123 and abc123 stay one and the same. Letters beyond ASCII become letters of ASCII, octet for octet.
        """
        plain = b"".join(_WORD.findall(octets)).lower()
        lots = iter(self._lots(b"text", plain, 2 * len(plain)))
        kinds = _HEX_KINDS if hexadecimal else _KINDS
        made = bytearray()
        drawn = False
        for octet in octets:
            kind = next((kind for kind in kinds if octet in kind), b"")
            if not kind and (octet in _KINDS[1] or octet in _KINDS[2] or octet >= 0x80):
                kind = _KINDS[1]
            if not kind:
                made.append(octet)
                continue
            lot = next(lots) << 8 | next(lots)
            place = max(kind.find(octet), 0)
            # The first is never the same, so that the whole is not.
            made.append(kind[lot % len(kind)] if drawn else kind[(place + 1 + lot % (len(kind) - 1)) % len(kind)])
            drawn = True
        return bytes(made)

    def mac(self, octets: bytes) -> bytes:
        """A MAC: the maker's octets stay, and with them whether it is universal; each other keeps its hex digits.

        Two that end alike still do: a printer's Wi-Fi may have the MAC of its cable but for a bit.
        """
        head, tail = octets[:_MAKER_OCTETS], octets[_MAKER_OCTETS:]
        lots = self._lots(b"mac", tail, len(tail))
        return head + bytes(map(_octet, tail, lots))

    def ipv6(self, packed: Packed) -> Packed:
        """An IPv6 address: its first octet and what is zero stay, each other octet keeps its hex digits.

        An interface identifier that was made of a MAC is made of its pseudonym. Loopback and groups stay.
        """
        if not names_a_host_6(packed):
            return packed
        prefix, identifier = packed[:8], packed[8:]
        if packed[0] != _LINK_LOCAL:
            prefix = prefix[:1] + bytes(map(_octet, prefix[1:], self._lots(b"ipv6", prefix, 7)))
        if (mac := mac_of_identifier(identifier)) is not None:
            return prefix + identifier_of_mac(self.mac(mac))
        return prefix + bytes(map(_octet, identifier, self._lots(b"ipv6", identifier, 8)))

    def ipv4(self, addresses: Iterable[Packed]) -> dict[Packed, Packed]:
        """All IPv4 addresses at once, none of which is another's pseudonym: neighbours stay neighbours.

        Each number keeps its digits. Addresses that name no host (0/8, loopback, masks, groups) are not there.
        """
        known = sorted({address for address in addresses if names_a_host(address)})
        told: dict[Packed, set[int]] = {}
        used: dict[Packed, set[int]] = {}
        for address in known:
            for length in range(4):
                told.setdefault(address[:length], set()).add(address[length])
        made: dict[Packed, Packed] = {b"": b""}
        for address in known:
            for place in range(4):
                start, prefix = address[:place], address[: place + 1]
                if prefix not in made:
                    avoided = told.get(made[start], set())
                    number = self._number_like(address, place, used.setdefault(start, set()), avoided)
                    used[start].add(number)
                    made[prefix] = made[start] + bytes((number,))
        return {address: made[address] for address in known}

    def _number_like(self, address: Packed, place: int, used: set[int], avoided: set[int]) -> int:
        """A number of as many digits for the one at ``place``, not of ``used``; if it can be, not one ``avoided``."""
        number = address[place]
        if place < _kept_octets(address) or number in _CONVENTIONS:
            return number
        free = [
            one
            for one in _numbers_at(address, place)
            if len(str(one)) == len(str(number)) and one not in used and one != number and one not in _CONVENTIONS
        ]
        lot = int.from_bytes(self._lots(b"ipv4", address[: place + 1], 8))
        best = [one for one in free if one not in avoided] or free or [number]
        return best[lot % len(best)]

    def _lots(self, what: bytes, octets: bytes, count: int) -> bytes:
        return shake_256(self._key + len(what).to_bytes() + what + octets).digest(count)


def names_a_host(address: Packed) -> bool:
    """Whether an IPv4 address is one of a host or of somebody's network, and no mask, loopback or group."""
    own = address[_kept_octets(address) :]
    return 0 < address[0] < 224 and address[0] != 127 and not set(own) <= {*_CONVENTIONS}


def is_private(address: Packed) -> bool:
    """Whether an IPv4 address is of a range that is of use inside a network only (RFC 1918, RFC 3927)."""
    return _kept_octets(address) > 0 and names_a_host(address)


def names_a_host_6(packed: Packed) -> bool:
    """Whether an IPv6 address is a host's: global, of a network of its own, or link-local (RFC 4291, RFC 4193)."""
    return packed[0] >> 5 == 1 or packed[0] in (0xFC, 0xFD) or packed[:2] == b"\xfe\x80"


def mac_of_identifier(identifier: bytes) -> bytes | None:
    """The MAC that an interface identifier of IPv6 was made of, or None (RFC 4291 appendix A)."""
    if identifier[3:5] != b"\xff\xfe":
        return None
    return bytes((identifier[0] ^ 2,)) + identifier[1:3] + identifier[5:]


def identifier_of_mac(mac: bytes) -> bytes:
    """The interface identifier that IPv6 makes of a MAC (RFC 4291 appendix A)."""
    return bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]


def _octet(octet: int, lot: int) -> int:
    """Another octet of as many digits, decimal and hexadecimal; 0 stays 0."""
    if octet == 0:
        return 0
    low, high = next(alike for alike in _ALIKE if octet < alike[1])
    return low + (octet - low + 1 + lot % (high - low - 1)) % (high - low)


def _kept_octets(address: Packed) -> int:
    """How many of the first octets tell only which private range it is."""
    first, second = address[0], address[1]
    if first == 10:
        return 1
    if (first, second) in ((192, 168), (169, 254)):
        return 2
    return 1 if first == 172 and 16 <= second < 32 else 0


def _numbers_at(address: Packed, place: int) -> Iterable[int]:
    """The numbers that may stand there without making the address one of another range."""
    if place == 0:
        return (one for one in range(256) if IPv4Address(bytes((one, 1, 1, 1))).is_global and one not in _PARTLY)
    if place == 1 and address[0] == 172 and _kept_octets(address):
        return range(16, 32)
    return range(256)
