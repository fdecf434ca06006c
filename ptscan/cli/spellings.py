"""The forms under which one and the same thing stands in a device's answers, and how each is rewritten. Pure.

A text comes in any case, with and without its dashes, as UTF-16, as hexadecimal or base64 text; a MAC as octets, as
digits with any separator, either way round, and in the words of other things.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

Rewrite: TypeAlias = Callable[[bytes], bytes]
"""What is found -> what stands there instead, of as many octets."""

SHORTEST_WITHIN: Final = 6  # letters and digits: what is shorter stands in other words by chance
_SHORTEST_WORD: Final = 4
_UTF_16: Final = ("utf-16-le", "utf-16-be")


class Spelling(NamedTuple):
    """A form, in lower case; the regular expression that finds it, whatever its case; and how it is rewritten."""

    form: bytes
    pattern: bytes
    rewrite: Rewrite


def text_spellings(text: bytes, rewrite: Rewrite) -> Iterator[Spelling]:
    """The forms of a serial or a name; none where it is so short that it may be anything."""
    pattern = _pattern_of(text)
    if pattern is None:
        return
    yield Spelling(text.lower(), pattern, rewrite)
    if len(text) < SHORTEST_WITHIN:
        return
    for coding in _UTF_16:
        wide = text.decode("latin-1").encode(coding)
        yield Spelling(wide.lower(), re.escape(wide), _through_utf_16(rewrite, coding))
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


def _pattern_of(text: bytes) -> bytes | None:
    """Where a text is found: within others where nothing else can be meant, else as a word of its own."""
    plain = b"".join(re.findall(rb"[0-9A-Za-z\x80-\xff]", text))
    if len(plain) < _SHORTEST_WORD:
        return None
    if plain.isdigit() and len(plain) >= SHORTEST_WITHIN:
        return rb"(?<![1-9])" + re.escape(text) + rb"(?!\d)"  # zeros may stand before it, no other number
    if len(plain) >= SHORTEST_WITHIN and not plain.isalpha() and not plain.isdigit():
        return re.escape(text)
    return rb"(?<![0-9A-Za-z])" + re.escape(text) + rb"(?![0-9A-Za-z])"


def _through_utf_16(rewrite: Rewrite, coding: str) -> Rewrite:
    return lambda octets: rewrite(octets.decode(coding).encode("latin-1")).decode("latin-1").encode(coding)


def _fixed(form: bytes, hidden: bytes) -> Spelling:
    """A form in any one case."""
    return Spelling(
        form.lower(), re.escape(form), lambda octets: hidden.upper() if octets.isupper() else hidden.lower()
    )


def _exact(form: bytes, hidden: bytes) -> Spelling:
    """A form in which the case tells, as in base64, or is none, as in octets."""
    return Spelling(form.lower(), re.escape(form), lambda octets: hidden if octets == form else octets)


def _mac_texts(mac: bytes) -> Iterator[str]:
    yield mac.hex()
    for separator in ":-. ":
        yield from (mac.hex(separator, octets) for octets in (1, 2, 3))
    yield ":".join(f"{octet:x}" for octet in mac)
