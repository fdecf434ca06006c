"""The forms under which one and the same thing stands in a device's answers, and how each is rewritten. Pure.

A text comes in any case, with and without its dashes, as UTF-16, as hexadecimal or base64 text; a MAC as octets, as
digits with any separator, either way round, and in the words of other things.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

Rewrite: TypeAlias = Callable[[bytes], bytes]
"""What is found -> what stands there instead, of as many octets."""

SHORTEST_WITHIN: Final = 6  # letters and digits: what is shorter stands in other words by chance
_SHORTEST_WORD: Final = 4
_NUMBERS: Final = tuple(b"%d" % digit for digit in range(1, 10))
_UTF_16: Final = ("utf-16-le", "utf-16-be")


class Where(Enum):
    """Where a form is what it looks like."""

    ANYWHERE = "anywhere"
    WORD = "as a word of its own"
    NUMBER = "with no other number beside it but zeros before it"


class Spelling(NamedTuple):
    """A form, in lower case; where it counts, whatever its case; and how it is rewritten."""

    form: bytes
    where: Where
    rewrite: Rewrite

    def fits(self, octets: bytes, start: int) -> bool:
        """Whether it counts where it stands in ``octets``."""
        end = start + len(self.form)
        before, behind = octets[max(start - 1, 0) : start], octets[end : end + 1]
        if self.where is Where.NUMBER:
            return before not in _NUMBERS and not behind.isdigit()
        return self.where is Where.ANYWHERE or not (_is_of_word(before) or _is_of_word(behind))


def text_spellings(text: bytes, rewrite: Rewrite) -> Iterator[Spelling]:
    """The forms of a serial or a name; none where it is so short that it may be anything."""
    where = _where(text)
    if where is None:
        return
    yield Spelling(text.lower(), where, rewrite)
    if len(text) < SHORTEST_WITHIN:
        return
    for coding in _UTF_16:
        wide = text.decode("latin-1").encode(coding)
        yield Spelling(wide.lower(), Where.ANYWHERE, _through_utf_16(rewrite, coding))
    for spelled in (text, text.upper(), text.lower()):
        hidden = rewrite(spelled)
        yield _fixed(spelled.hex().encode(), hidden.hex().encode())
        whole = len(text) // 3 * 4  # what follows in base64 depends on what follows in the text
        yield _exact(b64encode(spelled)[:whole], b64encode(hidden)[:whole])


def mac_spellings(mac: bytes, hidden: bytes) -> Iterator[Spelling]:
    """The forms of a MAC, six octets, of which ``hidden`` takes the place."""
    for octets, other in ((mac, hidden), (mac[::-1], hidden[::-1])):
        yield _exact(octets, other)
        yield _exact(b64encode(octets), b64encode(other))
        for text, told in zip(_mac_texts(octets), _mac_texts(other), strict=True):
            yield _fixed(text.encode(), told.encode())
            for coding in _UTF_16:
                yield _fixed(text.encode(coding), told.encode(coding))


def digits_rewritten(digits: bytes, hidden: bytes) -> bytes:
    """Hexadecimal digits of ``hidden`` in the case of ``digits``."""
    text = hidden.hex().encode()
    return text.upper() if digits.isupper() else text


def _where(text: bytes) -> Where | None:
    """Where a text counts: within others where nothing else can be meant, else as a word of its own."""
    plain = b"".join(re.findall(rb"[0-9A-Za-z\x80-\xff]", text))
    if len(plain) < _SHORTEST_WORD:
        return None
    if len(plain) < SHORTEST_WITHIN or plain.isalpha():
        return Where.WORD
    return Where.NUMBER if plain.isdigit() else Where.ANYWHERE


def _is_of_word(octet: bytes) -> bool:
    return octet.isascii() and octet.isalnum()


def _through_utf_16(rewrite: Rewrite, coding: str) -> Rewrite:
    return lambda octets: rewrite(octets.decode(coding).encode("latin-1")).decode("latin-1").encode(coding)


def _fixed(form: bytes, hidden: bytes) -> Spelling:
    """A form in any one case."""
    return Spelling(form.lower(), Where.ANYWHERE, lambda octets: hidden.upper() if octets.isupper() else hidden.lower())


def _exact(form: bytes, hidden: bytes) -> Spelling:
    """A form in which the case tells, as in base64, or is none, as in octets."""
    return Spelling(form.lower(), Where.ANYWHERE, lambda octets: hidden if octets == form else octets)


def _mac_texts(mac: bytes) -> Iterator[str]:
    yield mac.hex()
    for separator in ":-. ":
        yield from (mac.hex(separator, octets) for octets in (1, 2, 3))
    yield ":".join(f"{octet:x}" for octet in mac)


class Finder:
    """Finds spellings, the longest at each place, and what fits ``others``, a regular expression.

    A table of forms by their first octet and length takes as long for a thousand forms as for one, which a regular
    expression of them does not.
    """

    def __init__(self, spellings: Iterable[Spelling], others: "re.Pattern[bytes]", rewrite_other: Rewrite) -> None:
        self._spellings: dict[bytes, Spelling] = {}
        for spelling in spellings:
            self._spellings.setdefault(spelling.form, spelling)
        lengths: dict[int, set[int]] = {}
        for form in self._spellings:
            lengths.setdefault(form[0], set()).add(len(form))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._others = others
        self._rewrite_other = rewrite_other

    def hits(self, octets: bytes) -> Iterator[tuple[int, int, Rewrite]]:
        """Each place where something stands: from, to, and how it is rewritten; none overlaps another."""
        lowered = octets.lower()
        others = {match.start(): match.end() for match in self._others.finditer(octets)}
        place = 0
        while place < len(octets):
            spelling = self._at(lowered, place)
            if spelling is not None:
                yield place, place + len(spelling.form), spelling.rewrite
                place += len(spelling.form)
            elif place in others:
                yield place, others[place], self._rewrite_other
                place = others[place]
            else:
                place += 1

    def rewrite(self, octets: bytes) -> bytes:
        """Rewrite whatever is found."""
        pieces = []
        done = 0
        for start, end, rewrite in self.hits(octets):
            pieces += [octets[done:start], rewrite(octets[start:end])]
            done = end
        return b"".join((*pieces, octets[done:])) if pieces else octets

    def _at(self, lowered: bytes, place: int) -> Spelling | None:
        for length in self._lengths.get(lowered[place], ()):
            spelling = self._spellings.get(lowered[place : place + length])
            if spelling is not None and spelling.fits(lowered, place):
                return spelling
        return None
