"""A record as the spool's file has it: an envelope that proves itself, wherever in a file it is found.

    magic      8 octets
    seal      16 octets   BLAKE2b of all that follows, keyed by the spool's own key
    length     4 octets   of what follows
    epoch      8 octets
    sequence   8 octets
    kind, at   1 octet of length each, and as many
    subject    2 octets of length, and as many
    body       the rest

The key is random for each spool, so that no printer can put a record's likeness into its own name and have it found
by a search of a damaged file.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from ptscan.agent.spool import limits
from ptscan.agent.spool.errors import Damage

MAGIC: Final = b"\xf5ptscan\x01"
KEY_OCTETS: Final = 32
_SEAL_OCTETS: Final = 16
_LENGTH: Final = struct.Struct(">I")
_FIXED: Final = struct.Struct(">8sQBBH")
_HEADER_OCTETS: Final = len(MAGIC) + _SEAL_OCTETS + _LENGTH.size
EPOCH_PLACE: Final = _HEADER_OCTETS + 1
"""Where the epoch stands in a frame, counted as SQL counts: from one."""
MOST_OCTETS: Final = _HEADER_OCTETS + _FIXED.size + 2 * limits.WORD_OCTETS + limits.SUBJECT_OCTETS + limits.BODY_OCTETS


class Framed(NamedTuple):
    """What a frame holds."""

    epoch: str
    """Sixteen hexadecimal digits."""
    sequence: int
    kind: str
    at: str
    subject: str
    body: bytes


def encode_frame(record: Framed, key: bytes) -> bytes:
    """Return the envelope of ``record``, sealed with ``key``."""
    kind, at, subject = record.kind.encode(), record.at.encode(), record.subject.encode()
    fixed = _FIXED.pack(bytes.fromhex(record.epoch), record.sequence, len(kind), len(at), len(subject))
    content = b"".join((fixed, kind, at, subject, record.body))
    sealed = _LENGTH.pack(len(content)) + content
    return MAGIC + _seal(sealed, key) + sealed


def decode_frame(octets: bytes, key: bytes) -> Framed:
    """Return what a whole frame holds; raises Damage for anything that was not sealed with ``key``."""
    found = _frame_at(memoryview(octets), 0, key)
    if found is None or found[1] != len(octets):
        raise Damage("a record is not what was written")
    return found[0]


def find_frames(octets: bytes, key: bytes) -> Iterator[tuple[Framed, int]]:
    """Yield every whole frame within ``octets``, in order, each with the offset behind it."""
    view = memoryview(octets)
    place = octets.find(MAGIC)
    while place >= 0:
        found = _frame_at(view, place, key)
        if found is not None:
            yield found
        place = octets.find(MAGIC, found[1] if found is not None else place + 1)


def _frame_at(view: memoryview, place: int, key: bytes) -> tuple[Framed, int] | None:
    begin = place + _HEADER_OCTETS
    if len(view) < begin + _FIXED.size or bytes(view[place : place + len(MAGIC)]) != MAGIC:
        return None
    (length,) = _LENGTH.unpack_from(view, begin - _LENGTH.size)
    end = begin + length
    if not _FIXED.size <= length <= len(view) - begin:
        return None
    if _seal(view[begin - _LENGTH.size : end], key) != view[place + len(MAGIC) : begin - _LENGTH.size]:
        return None
    epoch, sequence, *lengths = _FIXED.unpack_from(view, begin)
    begin += _FIXED.size
    texts = []
    for octets in lengths:
        texts.append(str(view[begin : begin + octets], "utf-8"))
        begin += octets
    kind, at, subject = texts
    return Framed(epoch.hex(), sequence, kind, at, subject, bytes(view[begin:end])), end


def _seal(octets: bytes | memoryview, key: bytes) -> bytes:
    return hashlib.blake2b(octets, digest_size=_SEAL_OCTETS, key=key).digest()
