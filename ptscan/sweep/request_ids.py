"""The request-id of a probe says, to us alone, which target it was sent to and when: matching without a table.

Theory of operation. A probe is a *position* in the order of the targets and a *round*. Its id, below one fixed bit, is

    (position xor mask) . tag        tag = PRF(key, round, position), 30 bits less those of a position, 22 at most

``key`` is drawn anew for each run, and ``mask`` from it; the key binds everything that makes a position mean an address
and port: the target set, the order's seed, the shard and the port are fixed for the run. The tags are a SHAKE-128
stream, a chunk of 256 positions at a time.

- The id of an answer gives its target back, whatever address the answer came from, in constant memory.
- Who knows no id (a blind forger) has to hit one value in 2^30 for a given target.
- Who saw ids (it was probed itself) and answers for *another* target has to guess that one's tag: 14 bits in a /16,
  22 in a /24, 6 in a /8. A source that guessed wrong once is no longer believed for others (see ``incoming``).

The 256 ids of a chunk are made as one long integer of 32-bit words, with a handful of operations on all of them at
once: 45 ns an id, a fifth of what a loop takes.
"""

import sys
from array import array
from hashlib import shake_128
from typing import Final

from ptscan.sweep.limits import CHUNK

_BASE_BITS: Final = 30
ID_BASE: Final = 1 << _BASE_BITS
"""The least id; up to 0x7fff_ffff they are positive and always four octets in BER."""

_OCTETS: Final = 4 * CHUNK
_ONES: Final = sum(1 << 32 * place for place in range(CHUNK))  # times n: n in each word
_CACHED_CHUNKS: Final = 512


class RequestIds:
    """Maps (round, position) of ``count`` positions to request-ids and back, under ``key``."""

    def __init__(self, count: int, *, key: bytes) -> None:
        self._count = count
        position_bits = max(CHUNK.bit_length() - 1, (count - 1).bit_length())
        self.tag_bits: Final = _BASE_BITS - position_bits
        """How many low bits of an id are its tag."""
        drawn = shake_128(b"mask" + key).digest(4)
        self.mask: Final = int.from_bytes(drawn, "big") >> 32 - position_bits
        """What the positions in ids are xored with."""
        self._key = key
        self._tags: Final = _ONES * ((1 << self.tag_bits) - 1)
        # What all chunks have in common: the bit that is always set, and the place in the chunk.
        self._places: Final = _ONES * ID_BASE | sum(
            (place ^ self.mask % CHUNK) << self.tag_bits + 32 * place for place in range(CHUNK)
        )
        self._chunks: dict[tuple[int, int], array[int]] = {}

    def of_chunk(self, round_: int, chunk: int) -> "array[int]":
        """Give the ids of the 256 positions from ``chunk`` * 256 in ``round_`` (fewer at the end of the order)."""
        ids = self._chunks.get((round_, chunk))
        if ids is None:
            if len(self._chunks) >= _CACHED_CHUNKS:
                del self._chunks[next(iter(self._chunks))]
            ids = self._chunks[round_, chunk] = self._make(round_, chunk)
        return ids

    def position_in(self, request_id: int) -> int | None:
        """Give the position that this id names, whatever its tag; None where it names none."""
        if request_id >> _BASE_BITS != 1:
            return None
        position = request_id - ID_BASE >> self.tag_bits ^ self.mask
        return position if position < self._count else None

    def match(self, request_id: int, *, rounds: int) -> tuple[int, int] | None:
        """Give the (round, position) whose id this is, among the first ``rounds`` rounds; None for a foreign one."""
        position = self.position_in(request_id)
        if position is None:
            return None
        chunk, place = divmod(position, CHUNK)
        for round_ in range(rounds - 1, -1, -1):
            if self.of_chunk(round_, chunk)[place] == request_id:
                return round_, position
        return None

    def _make(self, round_: int, chunk: int) -> "array[int]":
        stream = shake_128(b"tags" + self._key + round_.to_bytes(4, "big") + chunk.to_bytes(8, "big"))
        numbers = (chunk ^ self.mask // CHUNK) << self.tag_bits + CHUNK.bit_length() - 1
        words = int.from_bytes(stream.digest(_OCTETS), "little") & self._tags | self._places | _ONES * numbers
        ids = array("I", words.to_bytes(_OCTETS, "little"))
        if sys.byteorder == "big":
            ids.byteswap()
        return ids[: self._count - chunk * CHUNK]
