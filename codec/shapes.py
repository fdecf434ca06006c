"""Answers of a shape seen before, taken apart by one struct unpack.

The shape of a varbind list is every octet of it but those of the values: tags, lengths, names, and the values that are
OIDs. A device that is asked the same again answers in the same shape, and so do its sisters. Such a list needs no walk:
a compiled struct takes it apart into pieces of structure and values in turns, and where every piece of structure is the
octets that the walk once checked, it is checked as strictly. Where a piece differs, or a value is one that the walk
would mend or refuse, the walk decides: what comes out, errors and notes included, is the same with and without.

To learn a shape costs about three times the walk, so it is done at the second sight of a key (the size of the list and
its first name), and anew where a shape keeps failing, ever less often.
"""

import struct
from collections.abc import Sequence
from typing import Final, TypeAlias

from codec.ber import read_content
from codec.limits import MAX_INTEGER_MAGNITUDE, MAX_SHAPE_OCTETS, MAX_SHAPES, MAX_SIGHTINGS
from codec.tags import COUNTER64, INTEGER, OBJECT_IDENTIFIER, SEQUENCE
from codec.varbinds import LARGEST, Note, Value, Varbind, decode_varbinds

_WORTHWHILE: Final = 64  # octets of a list below which the walk is as fast
_NAME_SIZE: Final = 12  # what is taken for the first name's size where lengths are in the long form
_PATIENCE: Final = 8  # misses until a shape is learned anew, doubled each time
_SIGNED: Final = {1: "b", 2: "h", 4: "i"}

_Key: TypeAlias = tuple[int, bytes]


class _Shape:
    """One varbind list without its values."""

    __slots__ = (
        *("_constants", "_misses", "_names", "_structure", "_tags", "_triples", "_unpack", "_unsigned", "_wide"),
        "patience",
    )

    def __init__(self, octets: bytes, varbinds: Sequence[Varbind], patience: int) -> None:
        """Learn from a list that ``decode_varbinds`` read without a note, and from what it gave."""
        self.patience = patience
        self._misses = 0
        self._names = [name for name, _, _ in varbinds]
        self._tags = [tag for _, tag, _ in varbinds]
        self._constants: list[tuple[int, Value]] = []  # values that lie in the structure
        self._unsigned: list[int] = []  # numbers that may not be negative
        self._triples: list[int] = []  # numbers of three octets, with the length octet before them
        self._wide: list[tuple[int, int, int]] = []  # other numbers that struct has no code for, and their range
        layout = [">"]
        end = len(octets)
        settled = stop = 0
        for place, (_, tag, value) in enumerate(varbinds):
            content, stop = read_content(octets, stop, end, SEQUENCE)
            _, content = read_content(octets, content, end, OBJECT_IDENTIFIER)
            start, _ = read_content(octets, content, end, tag)
            size = stop - start
            code = f"{size}s"
            if value is None or tag == OBJECT_IDENTIFIER:
                self._constants.append((place, value))
                code = "0s"
            elif tag == INTEGER or tag in LARGEST:
                largest = LARGEST.get(tag, MAX_INTEGER_MAGNITUDE)
                if size in _SIGNED or (size == 8 and tag == COUNTER64):
                    code = _SIGNED.get(size, "q")
                    if tag != INTEGER:
                        self._unsigned.append(place)
                elif size == 3:
                    start -= 1
                    code = "I"
                    self._triples.append(place)
                elif octets[start] == 0 and (size == 5 or (size == 9 and tag == COUNTER64)):
                    start += 1
                    code = "I" if size == 5 else "Q"
                else:
                    self._wide.append((place, -largest if tag == INTEGER else 0, largest))
            layout.append(f"{start - settled}s{code}")
            settled = start if code == "0s" else stop
        layout.append(f"{end - settled}s")
        self._unpack = struct.Struct("".join(layout)).unpack_from
        self._structure = self._unpack(octets)[::2]

    def has_failed_enough(self) -> bool:
        """Count one more answer that was not of this shape: whether to learn it anew."""
        self._misses += 1
        return self._misses >= self.patience

    def read(self, data: bytes, start: int) -> list[Varbind] | None:
        """The varbinds of a list of this length at ``start``, or None where it is not quite of this shape."""
        pieces = self._unpack(data, start)
        if pieces[::2] != self._structure:
            return None
        values = list(pieces[1::2])
        for place in self._unsigned:
            if values[place] < 0:
                return None
        for place in self._triples:
            values[place] -= 0x0300_0000
            if not 0 <= values[place] < 0x80_0000:
                return None
        for place, lowest, largest in self._wide:
            number = int.from_bytes(values[place], "big", signed=True)
            if not lowest <= number <= largest:
                return None
            values[place] = number
        for place, constant in self._constants:
            values[place] = constant
        return list(zip(self._names, self._tags, values, strict=True))


class Shapes:
    """A bounded memory of shapes that ``decode_message`` can be given; one for each client."""

    __slots__ = ("_shapes", "_sightings")

    def __init__(self) -> None:
        self._shapes: dict[_Key, _Shape] = {}
        self._sightings: dict[_Key, None] = {}

    def read(self, data: bytes, start: int, end: int, notes: list[Note]) -> list[Varbind]:
        """What ``decode_varbinds`` gives, faster where the shape is known."""
        size = end - start
        if size < _WORTHWHILE:
            return decode_varbinds(data, start, end, notes)
        # The first name is what tells shapes of one length apart; a value in the key would never come again.
        name_size = data[start + 3] if data[start + 1] < 0x80 else _NAME_SIZE
        key = (size, data[start : start + 4 + name_size])
        shape = self._shapes.get(key)
        if shape is not None:
            known = shape.read(data, start)
            if known is not None:
                return known
        noted = len(notes)
        varbinds = decode_varbinds(data, start, end, notes)
        if len(notes) == noted and size <= MAX_SHAPE_OCTETS:
            if key not in self._sightings:
                _make_room(self._sightings, MAX_SIGHTINGS)
                self._sightings[key] = None
            elif shape is None:
                _make_room(self._shapes, MAX_SHAPES)
                self._shapes[key] = _Shape(data[start:end], varbinds, _PATIENCE)
            elif shape.has_failed_enough():
                self._shapes[key] = _Shape(data[start:end], varbinds, 2 * shape.patience)
        return varbinds


def _make_room(memory: dict[_Key, _Shape] | dict[_Key, None], limit: int) -> None:
    if len(memory) >= limit:
        del memory[next(iter(memory))]  # the oldest
