"""Varbind lists of a shape seen before, taken apart by one struct unpack.

The shape of a varbind list is every octet of it but those of the values: tags, lengths, names, and the values that are
OIDs. A device that is asked the same again answers in the same shape. Such a list needs no walk: a compiled struct
takes its values out, and where every octet of structure is the one that the walk once checked, it is checked as
strictly. Where one differs, or a value is one that the walk would mend or refuse, the list is left to the memory of
varbinds (``known``) and the walk: what comes out is the same with and without.

To learn a shape costs about three times the walk, so it is done where it is likely to pay: for a kind of list (its size
and its first name) that came often, and less and less often where the shape keeps failing, as in a fleet whose answers
only happen to be of one size.
"""

import struct
from collections.abc import Sequence
from typing import Final

from codec.ber import read_content
from codec.known import KnownVarbinds
from codec.limits import MAX_INTEGER_MAGNITUDE, MAX_SHAPE_OCTETS, MAX_SHAPES, MAX_SIGHTINGS
from codec.tags import COUNTER64, INTEGER, OBJECT_IDENTIFIER, SEQUENCE
from codec.varbinds import LARGEST, Note, Value, Varbind

WORTHWHILE: Final = 256  # octets of a list below which known varbinds are as fast; from here on its size takes two
_NAME_SIZE: Final = 12  # what is taken for the first name's size where lengths are in the long form
_PATIENCE: Final = 32  # lists of a kind until its shape is learned, and misses until it is given up; then doubled
_SIGNED: Final = {1: "b", 2: "h", 4: "i"}

_from_bytes: Final = int.from_bytes


class _Shape:
    """One varbind list without its values."""

    __slots__ = ("_constants", "_mask", "_names", "_structure", "_tags", "_triples", "_unpack", "_wide")

    def __init__(self, octets: bytes, varbinds: Sequence[Varbind]) -> None:
        """Learn from a list that ``decode_varbinds`` read without a note, and from what it gave."""
        self._names = [name for name, _, _ in varbinds]
        self._tags = [tag for _, tag, _ in varbinds]
        self._constants: list[tuple[int, Value]] = []  # values that lie in the structure
        self._triples: list[int] = []  # numbers of three octets, read with the length octet before them
        self._wide: list[tuple[int, int, int]] = []  # other numbers that struct has no code for, and their range
        layout = [">"]
        end = len(octets)
        mask = bytearray(b"\xff" * end)  # the bits of the structure
        settled = stop = 0
        for place, (_, tag, value) in enumerate(varbinds):
            content, stop = read_content(octets, stop, end, SEQUENCE)
            _, content = read_content(octets, content, end, OBJECT_IDENTIFIER)
            start, _ = read_content(octets, content, end, tag)
            size = stop - start
            if value is None or tag == OBJECT_IDENTIFIER:
                self._constants.append((place, value))
                layout.append("0s")
                continue
            mask[start:stop] = bytes(size)
            begin, code = start, f"{size}s"
            if tag == INTEGER or tag in LARGEST:
                largest = LARGEST.get(tag, MAX_INTEGER_MAGNITUDE)
                if size in _SIGNED or (size == 8 and tag == COUNTER64):
                    code = _SIGNED.get(size, "q")
                    if tag != INTEGER:
                        mask[start] = 0x80  # so that a negative one is not of the shape
                elif size == 3 and octets[start] < 0x80:
                    mask[start] = 0x80
                    begin, code = start - 1, "I"
                    self._triples.append(place)
                elif octets[start] == 0 and (size == 5 or (size == 9 and tag == COUNTER64)):
                    mask[start] = 0xFF
                    begin, code = start + 1, "I" if size == 5 else "Q"
                else:
                    self._wide.append((place, -largest if tag == INTEGER else 0, largest))
            layout.append(f"{begin - settled}x{code}")
            settled = stop
        layout.append(f"{end - settled}x")
        self._unpack = struct.Struct("".join(layout)).unpack_from
        self._mask = _from_bytes(mask, "little")
        self._structure = _from_bytes(octets, "little") & self._mask

    def read(self, data: bytes, start: int, end: int) -> list[Varbind] | None:
        """The varbinds of the list ``data[start:end]``, of this size, or None where it is not quite of this shape."""
        # One AND of long integers holds all of the structure, and the signs, against what was learned. Little-endian,
        # as that is the order in which Python keeps them, and a tenth faster.
        if _from_bytes(data[start:end], "little") & self._mask != self._structure:
            return None
        values = list(self._unpack(data, start))
        for place in self._triples:
            values[place] -= 0x0300_0000
        for place, lowest, largest in self._wide:
            number = _from_bytes(values[place], "big", signed=True)
            if not lowest <= number <= largest:
                return None
            values[place] = number
        for place, constant in self._constants:
            values[place] = constant
        return list(zip(self._names, self._tags, values, strict=False))  # of one length, as they were made


class _Kind:
    """Lists of one size and one first name: how often to look yet until their shape is learned, and the shape."""

    __slots__ = ("patience", "shape", "wait")

    def __init__(self) -> None:
        self.shape: _Shape | None = None
        self.wait = self.patience = _PATIENCE

    def is_due(self) -> bool:
        """Count a list that was of no known shape: whether to learn its shape. A shape that fails is given up."""
        self.wait -= 1
        if self.wait > 0:
            return False
        if self.shape is not None:
            self.shape = None
            self.patience *= 2
            self.wait = self.patience
            return False
        return True


class Shapes:
    """A bounded memory of the shapes of varbind lists, before one of ``known`` varbinds."""

    __slots__ = ("_kinds", "_known", "_learned")

    def __init__(self, known: KnownVarbinds) -> None:
        self._known = known
        self._kinds: dict[bytes, _Kind] = {}
        self._learned = 0

    def read(self, data: bytes, start: int, end: int, notes: list[Note]) -> list[Varbind]:
        """What ``decode_varbinds`` gives for a list of WORTHWHILE octets or more, faster where it is known."""
        if end - start > MAX_SHAPE_OCTETS:
            return self._known.read(data, start, end, notes)
        # A kind: the list's size, which are the two octets before it, and the first name, which is what tells shapes of
        # one size apart; a value in the key would never come again.
        name_size = data[start + 3] if data[start + 1] < 0x80 else _NAME_SIZE
        key = data[start - 2 : start + 4 + name_size]
        kind = self._kinds.get(key)
        if kind is not None and kind.shape is not None:
            varbinds = kind.shape.read(data, start, end)
            if varbinds is not None:
                return varbinds
        noted = len(notes)
        varbinds = self._known.read(data, start, end, notes)
        if len(notes) == noted:
            if kind is None:
                if len(self._kinds) >= MAX_SIGHTINGS:
                    self._forget()
                self._kinds[key] = _Kind()
            elif kind.is_due() and self._known.afford(len(varbinds)):
                if self._learned >= MAX_SHAPES:
                    self._forget()
                    self._kinds[key] = kind
                self._learned += 1
                kind.shape = _Shape(data[start:end], varbinds)
                kind.wait = kind.patience
        return varbinds

    def _forget(self) -> None:
        self._kinds.clear()
        self._learned = 0
