"""The forms under which one and the same secret stands in a device's answers, and the places where they stand. Pure.

Theory of operation. A text is compared by its letters and digits alone, in lower case: whatever blanks, dashes, dots or
colons stand between them, and whether it is a serial or the hexadecimal digits of a MAC, it is one needle, and its
pseudonym is written back letter by letter. Octets are compared as they are. A table of all needles is looked up once
for each place and gives the longest, which takes as long for a thousand of them as for one.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import compress
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Hit: TypeAlias = tuple[int, int, bytes]
"""From, to, and what stands there instead, of as many octets."""

SHORTEST_WITHIN: Final = 6  # letters and digits: what is shorter stands in other words by chance
_SHORTEST: Final = 4
_WIDEST_GAP: Final = 4  # octets between two letters of one text, as in "Doe, Jane"
_SYMBOLS: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + bytes(range(128, 256))
_BETWEEN: Final = bytes(sorted(set(range(256)) - set(_SYMBOLS)))
_IS_SYMBOL: Final = bytes(octet in _SYMBOLS for octet in range(256))
_NUMBERS: Final = tuple(b"%d" % digit for digit in range(1, 10))
_DEFAULT_HOST: Final = rb"(?i:npi|hp|brn|brw|km|rnp|xrx|et|lxk|sec|epson|canon|sharp|oki|zbr|mfp|prn)[-_]?"
_BEHIND_DEFAULT: Final = re.compile(rb"(?<![0-9A-Za-z])" + _DEFAULT_HOST + rb"\Z")
DEFAULT_HOST: Final = re.compile(_DEFAULT_HOST)
"""What may stand before the last digits of a MAC in the name that a maker gives a host; it is no secret."""

_T = TypeVar("_T")


class Where(Enum):
    """Where a form is what it looks like."""

    ANYWHERE = "anywhere"
    WORD = "as a word of its own"
    NUMBER = "with no other number beside it but zeros before it"
    TAIL = "behind the letters of a default host name, or as a word that is no number"


class Needle(NamedTuple):
    """A form and its pseudonym, letters and digits in lower case; where it counts.

    Something else may stand in it before the letters of the numbers ``breaks``; None: before any.
    """

    form: bytes
    hidden: bytes
    where: Where
    breaks: frozenset[int] | None = None

    def stands(self, value: bytes, places: list[int]) -> bool:
        """Whether it counts where its letters stand in ``value``."""
        start, end = places[0], places[-1] + 1
        before, behind = value[max(start - 1, 0) : start], value[end : end + 1]
        is_word = not (
            _is_of_word(behind) or (_is_of_word(before) and value[max(start - 2, 0) : start] not in (b"0x", b"0X"))
        )
        if end - start > len(places):
            gaps = {number for number in range(1, len(places)) if places[number] - places[number - 1] > 1}
            if self.breaks is not None and not gaps <= self.breaks:
                return False
            return is_word and all(places[number] - places[number - 1] <= _WIDEST_GAP for number in gaps)
        if self.where is Where.NUMBER:
            return before not in _NUMBERS and not behind.isdigit()
        if (
            self.where is Where.TAIL
            and not _is_of_word(behind)
            and _BEHIND_DEFAULT.search(value[max(start - 8, 0) : start])
        ):
            return True
        if self.where is Where.TAIL:
            return is_word and not self.form.isdigit()
        return is_word or self.where is Where.ANYWHERE


def letters_of(text: bytes) -> bytes:
    """What of a text is compared."""
    return text.translate(None, _BETWEEN).lower()


def text_needles(text: bytes, hidden: bytes) -> Iterator[Needle]:
    """The needles of a serial or a name and its pseudonym; none where it is so short that it may be anything."""
    form = letters_of(text)
    other = bytes(compress(hidden, text.translate(_IS_SYMBOL))).lower()
    if len(form) < _SHORTEST:
        return
    is_mixed = not (form.isdigit() or form.isalpha()) and len(form) >= SHORTEST_WITHIN
    where = (
        Where.ANYWHERE if is_mixed else Where.NUMBER if form.isdigit() and len(form) >= SHORTEST_WITHIN else Where.WORD
    )
    breaks = None if is_mixed else _breaks_of(text)
    yield Needle(form, other, where, breaks)
    if len(form) < SHORTEST_WITHIN:
        return
    if is_mixed:
        yield Needle(form[::-1], other[::-1], where)
    for change in (bytes.upper, bytes.lower, bytes):
        yield _digits(change(text), change(hidden))
    yield Needle(_as_netbios(text), _as_netbios(hidden), Where.ANYWHERE)


def mac_needles(mac: bytes, hidden: bytes) -> Iterator[Needle]:
    """The needles of a MAC's hexadecimal digits, either way round, without its zeros and as EUI-64; and as a number."""
    for octets, other in (
        (mac, hidden),
        (mac[::-1], hidden[::-1]),
        *zip(as_eui_64(mac), as_eui_64(hidden), strict=True),
    ):
        yield _digits(octets, other)
    short, instead = ("".join(f"{octet:x}" for octet in octets).encode() for octets in (mac, hidden))
    yield Needle(short, instead, Where.WORD)
    yield from _as_number(mac, hidden)


def ipv4_needles(packed: bytes, hidden: bytes) -> Iterator[Needle]:
    """The needles of an IPv4 address: its hexadecimal digits, and as a number."""
    if not packed.hex().isdigit():
        yield Needle(packed.hex().encode(), hidden.hex().encode(), Where.WORD)
    yield from _as_number(packed, hidden)


def as_eui_64(mac: bytes) -> Iterator[bytes]:
    """A MAC as eight octets: as it is, and with the bit turned that IPv6 turns (RFC 4291 appendix A)."""
    for first in (mac[0], mac[0] ^ 2):
        yield bytes((first,)) + mac[1:3] + b"\xff\xfe" + mac[3:]


def _as_number(octets: bytes, hidden: bytes) -> Iterator[Needle]:
    form = str(int.from_bytes(octets)).encode()
    yield Needle(form, str(int.from_bytes(hidden)).encode().zfill(len(form))[-len(form) :], Where.WORD, frozenset())


def _digits(octets: bytes, hidden: bytes) -> Needle:
    return Needle(octets.hex().encode(), hidden.hex().encode(), Where.ANYWHERE)


def _as_netbios(text: bytes) -> bytes:
    """The first-level encoding of a NetBIOS name: each half octet a letter (RFC 1001 section 14.1)."""
    return text.upper().hex().translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop")).encode()


def _breaks_of(text: bytes) -> frozenset[int]:
    """The numbers of the letters before which something else stands."""
    places = list(compress(range(len(text)), text.translate(_IS_SYMBOL)))
    return frozenset(number for number in range(1, len(places)) if places[number] - places[number - 1] > 1)


def _is_of_word(octet: bytes) -> bool:
    return octet.isascii() and octet.isalnum()


class Table(Generic[_T]):
    """What is known by its octets: at a place of others the longest of them."""

    def __init__(self, known: dict[bytes, _T]) -> None:
        self._known = known
        lengths: dict[bytes, set[int]] = {}
        for form in known:
            lengths.setdefault(form[:_SHORTEST], set()).add(len(form))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}

    def at(self, octets: bytes) -> Iterator[tuple[int, int, _T]]:
        """Where one of them stands: from, to, and which; at each place the longest first, also those that overlap."""
        lengths_of = self._lengths.get
        for place in range(len(octets) - _SHORTEST + 1) if self._known else ():
            for length in lengths_of(octets[place : place + _SHORTEST], ()):
                known = octets[place : place + length]
                if (found := self._known.get(known)) is not None:
                    yield place, place + len(known), found


class Needles:
    """Finds needles in texts."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        known: dict[bytes, Needle] = {}
        for needle in needles:
            known.setdefault(needle.form, needle)
        self._table = Table(known)

    def hits(self, value: bytes) -> Iterator[Hit]:
        """Each place where one counts."""
        places: list[int] = []
        done = 0
        for start, end, needle in self._table.at(letters_of(value)):
            places = places or list(compress(range(len(value)), value.translate(_IS_SYMBOL)))
            if start >= done and needle.stands(value, places[start:end]):
                done = end
                yield places[start], places[end - 1] + 1, _written(value, places[start:end], needle.hidden)


def _written(value: bytes, places: list[int], letters: bytes) -> bytes:
    """What ``letters`` make of a part of ``value``, each in the case of the one that it takes the place of."""
    part = bytearray(value[places[0] : places[-1] + 1])
    is_upper = part.isupper()
    for place, letter in zip(places, letters, strict=True):
        octet = value[place : place + 1]
        upper = octet.isupper() or (octet.isdigit() and is_upper)
        part[place - places[0]] = ord(bytes((letter,)).upper()) if upper else letter
    return bytes(part)
