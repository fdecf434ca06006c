"""Varbinds seen before, looked up by their octets instead of decoded.

A fleet of printers says the same again and again: of what a scan reads, six varbinds in seven stood in another answer,
octet for octet, and most others differ in nothing but the value. So there are two dictionaries:

- whole varbinds: their octets, and what the walk (``decode_varbinds``) read in them. What it takes without a note it
  reads from these octets alone, so it would read the same again.
- heads: the octets before a value (the varbind's header, the name, the value's tag and length), and what stands there.
  The walk held these lengths against each other, so only the value is left to read.

All else is for the walk, and learned. Learning costs twice as much as walking, so it is paid from an account: what is
found pays in, what is learned draws, and so does what turns out to be malformed. A peer whose answers are always new
empties it, and gets the bare walk then, but for a trial now and then.
"""

from typing import Final

from codec.ber import read_long_length
from codec.limits import MAX_KNOWN_HEADS, MAX_KNOWN_OCTETS, MAX_KNOWN_VARBINDS, MAX_KNOWN_WITH_HEAD, MAX_VARBINDS
from codec.oid import Oid
from codec.tags import COUNTER64, INTEGER, IP_ADDRESS, NSAP, OCTET_STRING, OPAQUE, SEQUENCE
from codec.varbinds import LARGEST, Note, Varbind, decode_varbinds

_PRICE: Final = 8  # of learning a varbind; one that is found pays in 1
_MOST_CREDIT: Final = 1_024 * _PRICE  # the account begins with it
_REFUSALS: Final = 16 * MAX_KNOWN_VARBINDS  # varbinds not kept for want of room, until there is room again

# How a value is read is told by a limit, which its first octet has to stay below; from it on the value is the walk's.
_TEXT: Final = 0x100  # the value is its octets, whatever they are
_NUMBER: Final = 0x80  # a number that is not negative
_LEADING_ZERO: Final = 1  # a number of an octet more than its type has, as large unsigned ones are sent
_NEVER: Final = 0
_from_bytes: Final = int.from_bytes
_TEXT_SIZES: Final = {OCTET_STRING: range(0x80), OPAQUE: range(0x80), NSAP: range(0x80), IP_ADDRESS: (4,)}
_NUMBER_OCTETS: Final = {**dict.fromkeys((INTEGER, *LARGEST), 4), COUNTER64: 8}


def _limit(tag: int, size: int) -> int:
    if size in _TEXT_SIZES.get(tag, ()):
        return _TEXT
    octets = _NUMBER_OCTETS.get(tag, 0)
    if 0 < size <= octets:
        return _NUMBER
    return _LEADING_ZERO if octets and size == octets + 1 else _NEVER


class _Head:
    """What stands before a value, how to read the value, and how many more of its varbinds may be kept whole."""

    __slots__ = ("limit", "name", "room", "tag")

    def __init__(self, name: Oid, tag: int, limit: int) -> None:
        self.name = name
        self.tag = tag
        self.limit = limit
        self.room = MAX_KNOWN_WITH_HEAD


class KnownVarbinds:
    """A bounded memory of varbinds."""

    __slots__ = ("_credit", "_find", "_find_head", "_heads", "_refused", "_varbinds")

    def __init__(self) -> None:
        self._varbinds: dict[bytes, Varbind] = {}
        self._heads: dict[bytes, _Head] = {}
        self._find = self._varbinds.get
        self._find_head = self._heads.get
        self._credit = _MOST_CREDIT
        self._refused = 0

    def afford(self, count: int) -> bool:
        """Pay for learning so many varbinds, if there is credit for them."""
        price = count * _PRICE
        if self._credit < price:
            return False
        self._credit -= price
        return True

    def read(self, data: bytes, start: int, end: int, notes: list[Note]) -> list[Varbind]:
        """What ``decode_varbinds`` gives, faster where the varbinds or their heads are known."""
        if self._credit < _PRICE:
            self._credit += 1  # so that every eighth list is tried
            return decode_varbinds(data, start, end, notes)
        noted = len(notes)
        varbinds: list[Varbind] = []
        append = varbinds.append
        find = self._find
        find_head = self._find_head
        pos = start
        try:
            while pos < end:
                # The octets of a varbind, if its length is in the short form; if not, they are no key of `find`.
                stop = pos + data[pos + 1] + 2
                varbind = find(data[pos:stop])
                if varbind is None:
                    mark = pos + data[pos + 3] + 6
                    head = find_head(data[pos:mark])
                    if head is not None and stop <= end and ((limit := head.limit) > 0xFF or data[mark] < limit):
                        if limit > 0xFF:
                            varbind = (head.name, head.tag, data[mark:stop])
                        else:
                            varbind = (head.name, head.tag, _from_bytes(data[mark:stop], "big"))
                        if head.room:
                            self._keep(data[pos:stop], varbind, head)
                    else:
                        stop = self._learn(data, pos, end, notes, varbinds)
                        if not stop:
                            break
                        pos = stop
                        continue
                append(varbind)
                pos = stop
        except IndexError:  # the datagram ends too early: the walk says where
            pass
        if pos > end or len(varbinds) > MAX_VARBINDS:  # the list ends within its last varbind, or is too long
            self._credit = max(0, self._credit - len(varbinds))  # so that this is not done twice for ever
            del notes[noted:]
            return decode_varbinds(data, start, end, notes)
        if self._credit < _MOST_CREDIT:
            self._credit += len(varbinds)
        if pos < end:
            return decode_varbinds(data, pos, end, notes, varbinds)
        return varbinds

    def _learn(self, data: bytes, pos: int, end: int, notes: list[Note], varbinds: list[Varbind]) -> int:
        """Add the varbind at ``pos`` to ``varbinds`` and to memory; give where it stops, 0 to leave it to the walk.

        Raises what the walk does.
        """
        if data[pos] != SEQUENCE or len(varbinds) > MAX_VARBINDS:
            return 0
        size, begin = data[pos + 1], pos + 2
        if size >= 0x80:
            size, begin = read_long_length(data, pos + 1)
        stop = begin + size
        if stop > end:
            return 0
        octets = data[pos:stop]
        if begin != pos + 2:
            varbind = self._varbinds.get(octets)
            if varbind is not None:
                varbinds.append(varbind)
                return stop
        if not self.afford(1) or len(octets) > MAX_KNOWN_OCTETS:
            return 0
        noted = len(notes)
        decode_varbinds(data, pos, stop, notes, varbinds)
        if len(notes) == noted:
            varbind = varbinds[-1]
            self._keep(octets, varbind, self._head(octets, begin - pos, varbind))
        return stop

    def _head(self, octets: bytes, begin: int, varbind: Varbind) -> _Head:
        """The head of a varbind whose content begins at ``begin``, known or new."""
        name, tag, _ = varbind
        mark = begin + len(name) + 4
        key = octets[:mark]
        head = self._heads.get(key)
        if head is None:
            size = len(octets) - mark
            # With every length in the short form the head is as long as the loop of `read` takes it to be.
            is_short = begin == 2 and octets[3] == len(name) and octets[mark - 1] == size
            head = _Head(name, tag, _limit(tag, size) if is_short else _NEVER)
            if len(self._heads) >= MAX_KNOWN_HEADS:
                self._heads.clear()
                self._varbinds.clear()
            self._heads[key] = head
        return head

    def _keep(self, octets: bytes, varbind: Varbind, head: _Head) -> None:
        if not head.room:
            return
        if len(self._varbinds) >= MAX_KNOWN_VARBINDS:
            # Full of what may never come again. Now and then, so that it costs next to nothing, all get a new chance.
            self._refused += 1
            if self._refused < _REFUSALS:
                return
            self._refused = 0
            self._varbinds.clear()
            for one in self._heads.values():
                one.room = MAX_KNOWN_WITH_HEAD
        head.room -= 1
        self._varbinds[octets] = varbind
