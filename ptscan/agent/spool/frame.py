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
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from ptscan.agent.spool import limits
from ptscan.agent.spool.errors import Damage

MAGIC: Final = b"\xf5ptscan\x01"
KEY_OCTETS: Final = 32
_SEAL_OCTETS: Final = 16
_LENGTH: Final = struct.Struct(">I")
_FIXED: Final = struct.Struct(">8sQBBH")
_WHOLE: Final = struct.Struct(">8s16sI8sQBBH")
_HEADER_OCTETS: Final = len(MAGIC) + _SEAL_OCTETS + _LENGTH.size
_SEALED: Final = slice(_HEADER_OCTETS - _LENGTH.size, None)
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
    length = _FIXED.size + len(kind) + len(at) + len(subject) + len(record.body)
    fixed = _FIXED.pack(bytes.fromhex(record.epoch), record.sequence, len(kind), len(at), len(subject))
    sealed = b"".join((_LENGTH.pack(length), fixed, kind, at, subject, record.body))
    return MAGIC + _seal(sealed, key) + sealed


def decode_frame(octets: bytes, key: bytes) -> Framed:
    """Return what a whole frame holds; raises Damage for anything that was not sealed with ``key``."""
    if len(octets) < _WHOLE.size:
        raise Damage("a record is not what was written")
    magic, seal, length, epoch, sequence, kind, at, subject = _WHOLE.unpack_from(octets)
    if magic != MAGIC or length != len(octets) - _HEADER_OCTETS or seal != _seal(octets[_SEALED], key):
        raise Damage("a record is not what was written")
    end_of_kind = _WHOLE.size + kind
    end_of_at = end_of_kind + at
    body = end_of_at + subject
    return Framed(
        epoch.hex(),
        sequence,
        octets[_WHOLE.size : end_of_kind].decode(),
        octets[end_of_kind:end_of_at].decode(),
        octets[end_of_at:body].decode(),
        octets[body:],
    )


def find_frames(octets: bytes, key: bytes) -> Iterator[tuple[Framed, int]]:
    """Yield every whole frame within ``octets``, in order, each with the offset behind it."""
    place = octets.find(MAGIC)
    while place >= 0:
        end = place + 1
        if len(octets) - place >= _WHOLE.size:
            length = _LENGTH.unpack_from(octets, place + _SEALED.start)[0]
            whole = place + _HEADER_OCTETS + length
            record = None
            if _FIXED.size <= length and whole <= len(octets):
                with suppress(Damage):
                    record = decode_frame(octets[place:whole], key)
            if record is not None:
                yield record, whole
                end = whole
        place = octets.find(MAGIC, end)


def _seal(octets: bytes, key: bytes) -> bytes:
    seal = hasher(key, _SEAL_OCTETS).copy()
    seal.update(octets)
    return seal.digest()


@lru_cache(maxsize=8)
def hasher(key: bytes, octets: int) -> "hashlib.blake2b":
    """Return a hasher that was begun with ``key``, to be copied: half of what a small seal costs is its key."""
    return hashlib.blake2b(digest_size=octets, key=key)
