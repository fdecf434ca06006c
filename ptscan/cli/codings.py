"""Texts within octets in wide letters, in full width or in base64: read, rewritten and spelled so again. Pure."""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from ptscan.cli.spellings import Hit

Rewrite: TypeAlias = Callable[[bytes], bytes]
"""A text -> what stands there instead, of as many octets."""

_WIDE: Final = re.compile(rb"[ -~](?:(\0\0\0|\0)[ -~])(?:\1[ -~]){2,}")  # UTF-16 or UTF-32
_FULL_WIDTH: Final = re.compile(rb"(?:\xef\xbc[\x90-\x99\xa1-\xba]|\xef\xbd[\x81-\x9a])[ -~\x81-\xba\xbc\xbd\xef]{6,}")
_FULL_LETTER: Final = re.compile(rb"\xef\xbc[\x90-\x99\xa1-\xba]|\xef\xbd[\x81-\x9a]")  # U+FF10 to U+FF5A
_EACH_LETTER: Final = re.compile(_FULL_LETTER.pattern + rb"|(?s:.)")
_TO_FULL_WIDTH: Final = 0xFEE0
_BASE64: Final = re.compile(rb"[0-9A-Za-z+/]{8,}")


def rewritten(value: bytes, hits: Sequence[Hit]) -> bytes:
    """A value in which what was hit is another."""
    pieces = []
    done = 0
    for start, end, hidden in hits:
        pieces += [value[done:start], hidden]
        done = end
    return b"".join((*pieces, value[done:])) if pieces else value


def _in_wide(found: "re.Match[bytes]", rewrite: Rewrite) -> bytes:
    """A text with zeros between its letters, rewritten."""
    made = bytearray(found[0])
    stride = 1 + len(found[1])
    made[::stride] = rewrite(found[0][::stride])
    return bytes(made)


def _in_full_width(text: bytes, rewrite: Rewrite) -> bytes:
    """A text with letters of full width, rewritten as if they were ASCII's."""
    plain = _FULL_LETTER.sub(lambda found: bytes((ord(found[0].decode()) - _TO_FULL_WIDTH,)), text)
    letters = iter(rewrite(plain))

    def spelled(found: "re.Match[bytes]") -> bytes:
        letter = next(letters)
        return chr(letter + _TO_FULL_WIDTH).encode() if len(found[0]) == 3 else bytes((letter,))

    return _EACH_LETTER.sub(spelled, text)


def _in_base64(found: "re.Match[bytes]", rewrite: Rewrite) -> Iterator[Hit]:
    """What changes in base64, which may begin at any of four letters; a word of one case is none."""
    run = found[0]
    if run.isdigit() or run in (run.upper(), run.lower()) or run.istitle():
        return
    for start in range(4):
        text = run[start:]
        text = text[: len(text) - (len(text) % 4 == 1)]
        octets = a2b_base64(text + b"=" * (-len(text) % 4))
        if (hidden := rewrite(octets)) != octets:
            made = b2a_base64(hidden, newline=False)[: len(text)]
            yield found.start() + start, found.start() + start + len(text), made
            return


def spelled_otherwise(value: bytes, rewrite: Rewrite) -> Iterator[Iterator[Hit]]:
    """What ``rewrite`` changes in the texts within a value that are spelled so."""
    if b"\0" in value:
        yield ((*found.span(), _in_wide(found, rewrite)) for found in _WIDE.finditer(value))
    if b"\xef" in value:
        yield ((*found.span(), _in_full_width(found[0], rewrite)) for found in _FULL_WIDTH.finditer(value))
    for found in _BASE64.finditer(value):
        yield _in_base64(found, rewrite)


def wide_rewritten(text: bytes, rewrite: Rewrite) -> bytes | None:
    """A text in wide letters, rewritten; None where it is none."""
    found = _WIDE.match(text)
    return None if found is None or text[found.end() :].strip(b"\0") else _in_wide(found, rewrite) + text[found.end() :]
