"""The request-id of a probe says, to us alone, which target it was sent to and when: matching without a table.

Theory of operation. A probe is a *position* in the order of the targets and a *round*. Its id, below one fixed bit, is

    (position xor mask[tag]) . tag        tag = PRF(key, round, position), 30 bits less those of a position

``key`` is drawn anew for each run and binds everything that makes a position mean an address and port: the target
set, the order's seed, the shard and the port are fixed for the run. The tag is cut from a SHAKE-128 stream, a chunk of
256 positions at a time, which costs a few nanoseconds an id; ``mask`` is a secret table indexed by the tag's low bits.

- The id of an answer gives its target back, whatever address the answer came from, in constant memory.
- Who knows no id (a blind forger) has to hit one value in 2^30 for a given target.
- Who saw ids (it was probed itself) and answers for *another* target has to guess that one's tag: 14 bits in a /16,
  22 in a /24, 6 in a /8. A source that guessed wrong once is no longer believed for others (see ``core``).
"""

from hashlib import shake_128
from typing import Final

from ptscan.sweep.limits import CHUNK

_BASE_BITS: Final = 30
ID_BASE: Final = 1 << _BASE_BITS
"""The least id; up to 0x7fff_ffff they are positive and always four octets in BER."""

_MASK_INDEX_BITS: Final = 12
_CACHED_CHUNKS: Final = 512


class RequestIds:
    """Maps (round, position) of ``count`` positions to request-ids and back, under ``key``."""

    def __init__(self, count: int, *, key: bytes) -> None:
        self._count = count
        position_bits = max(1, (count - 1).bit_length())
        self._tag_bits = _BASE_BITS - position_bits
        self._index_bits = min(_MASK_INDEX_BITS, self._tag_bits)
        self._key = key
        size = 1 << self._index_bits
        words = memoryview(shake_128(b"masks" + key).digest(4 * size)).cast("I")
        self._masks = [word >> 32 - position_bits for word in words]
        self._tags: dict[tuple[int, int], memoryview[int]] = {}

    @property
    def layout(self) -> tuple[int, list[int], int]:
        """Bits of a tag, the masks, and the bits of an id that index them: for who matches ids by the thousand."""
        return self._tag_bits, self._masks, (1 << self._index_bits) - 1

    def of_chunk(self, round_: int, chunk: int) -> list[int]:
        """Give the ids of the 256 positions from ``chunk`` * 256 in ``round_`` (fewer at the end of the order)."""
        start = chunk * CHUNK
        positions = range(start, min(start + CHUNK, self._count))
        masks, bits, low, shift = self._masks, self._tag_bits, (1 << self._index_bits) - 1, 32 - self._tag_bits
        return [
            ID_BASE | (position ^ masks[(tag := word >> shift) & low]) << bits | tag
            for position, word in zip(positions, self._tag_words(round_, chunk), strict=False)
        ]

    def match(self, request_id: int, *, rounds: int) -> tuple[int, int] | None:
        """Give the (round, position) whose id this is, among the first ``rounds`` rounds; None for a foreign one."""
        if request_id >> _BASE_BITS != 1:
            return None
        tag = request_id & (1 << self._tag_bits) - 1
        position = (request_id - ID_BASE >> self._tag_bits) ^ self._masks[tag & (1 << self._index_bits) - 1]
        if position >= self._count:
            return None
        chunk, place = divmod(position, CHUNK)
        for round_ in range(rounds - 1, -1, -1):
            if self._tag_words(round_, chunk)[place] >> 32 - self._tag_bits == tag:
                return round_, position
        return None

    def _tag_words(self, round_: int, chunk: int) -> "memoryview[int]":
        place = (round_, chunk)
        words = self._tags.get(place)
        if words is None:
            if len(self._tags) >= _CACHED_CHUNKS:
                del self._tags[next(iter(self._tags))]
            stream = shake_128(b"tags" + self._key + round_.to_bytes(4, "big") + chunk.to_bytes(8, "big"))
            words = self._tags[place] = memoryview(stream.digest(4 * CHUNK)).cast("I")
        return words
