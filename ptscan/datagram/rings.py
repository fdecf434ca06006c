"""Memory laid out once for many datagrams: headers, addresses and octets, of which a batch patches its columns only.

Theory of operation. ``sendmmsg`` and ``recvmmsg`` take an array of headers that point to addresses and octets. A ring
builds all of it once, for a fixed number of slots. From one batch to the next only each slot's address and stamp
differ, or what the kernel wrote. Seen as machine words these lie at equal distances, so that one assignment to a slice
with a stride patches or reads them for the whole batch, with no line of Python per datagram. A stamp may stand anywhere
in its datagram: the octets begin in their slot so that the stamp falls on a whole word.
"""

import ctypes
import mmap
import socket
import sys
from array import array
from collections.abc import Sequence
from typing import Final, Literal

from ptscan.datagram.datagrams import Received, Stencil
from ptscan.datagram.limits import MAX_ANSWER, RECEIVE_BATCH, SEND_BATCH, SEND_RING
from ptscan.datagram.shapes import Header, Message, Vector

_WORD: Final = 4
_HEADER: Final = ctypes.sizeof(Header)
_LOW_32_BITS: Final = (1 << 32) - 1
_LOW_128_BITS: Final = (1 << 128) - 1


class _Ring:
    """Headers, vectors, addresses and octets of ``slots`` datagrams, in one piece of memory that lives as long as this.

    A slot of octets has ``stride`` of them, of which a datagram's are the ``length`` from ``lead`` on.
    """

    def __init__(self, slots: int, *, is_ipv4: bool, stride: int, lead: int = 0, length: int) -> None:
        # struct sockaddr_in and sockaddr_in6: octets in all, and of the address; the port is at 2 in both.
        self.name_size, self._address = (16, range(4, 8)) if is_ipv4 else (28, range(8, 24))
        vector = ctypes.sizeof(Vector)
        self.slots: Final = slots
        vectors = slots * _HEADER
        self.names: Final = vectors + slots * vector
        self.octets: Final = -(-(self.names + slots * self.name_size) // 16) * 16
        # Private pages that the system gives when they are first touched, and a slice of which is at once bytes.
        self.memory: Final = mmap.mmap(-1, self.octets + slots * stride, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.address: Final = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        message = Message(name_length=self.name_size, vector_count=1)
        self.memory[:vectors] = bytes(Header(message=message)) * slots
        self.memory[vectors : self.names] = bytes(Vector(length=length)) * slots
        for field, stride_of_field, first, step in (
            (Message.name.offset, _HEADER, self.names, self.name_size),
            (Message.vectors.offset, _HEADER, vectors, vector),
            (vectors + Vector.base.offset, vector, self.octets + lead, stride),
        ):
            start = self.address + first
            self.column("L", field, stride_of_field)[:] = array("L", range(start, start + slots * step, step))

    def column(self, code: Literal["H", "I", "L"], first: int, stride: int) -> "memoryview[int]":
        """See the machine words (of ``code``, as in ``array``) that begin at ``first``, one every ``stride`` octets."""
        size = array(code).itemsize
        end = first + self.slots * stride
        whole = memoryview(self.memory)[: end // size * size].cast(code)
        return whole[first // size : end // size : stride // size]

    def address_columns(self) -> "list[memoryview[int]]":
        """See the words of each slot's address: one of IPv4, four of IPv6, the first first."""
        return [self.column("I", self.names + place, self.name_size) for place in self._address[::_WORD]]


class SendRing:
    """Slots for datagrams of one ``stencil``, all to one ``port``."""

    def __init__(self, stencil: Stencil, *, port: int, is_ipv4: bool) -> None:
        octets = stencil.octets[: stencil.offset] + bytes(_WORD) + stencil.octets[stencil.offset + _WORD :]
        lead = -stencil.offset % _WORD
        stride = -(-(lead + len(octets)) // _WORD) * _WORD
        self.slots: Final = max(1, min(SEND_BATCH, SEND_RING // stride))
        ring = _Ring(self.slots, is_ipv4=is_ipv4, stride=stride, lead=lead, length=len(octets))
        family = socket.AF_INET if is_ipv4 else socket.AF_INET6
        name = family.to_bytes(2, sys.byteorder) + port.to_bytes(2, "big")
        names = name.ljust(ring.name_size, b"\0") * self.slots
        ring.memory[ring.names : ring.names + len(names)] = names
        ring.memory[ring.octets :] = (bytes(lead) + octets).ljust(stride, b"\0") * self.slots
        self._stamps = ring.column("I", ring.octets + lead + stencil.offset, stride)
        self._addresses = ring.address_columns()
        self._ring = ring

    def load(self, stamps: Sequence[int], addresses: Sequence[int]) -> None:
        """Patch as many slots as there are ``stamps``, from the first on."""
        count = len(stamps)
        self._stamps[:count] = _in_network_order(array("I", stamps))
        if len(self._addresses) == 1:
            self._addresses[0][:count] = _in_network_order(_low_words(addresses))
            return
        words = memoryview(_five_words_each(addresses)).cast("I")
        for place, column in enumerate(self._addresses):
            column[:count] = words[place + 1 :: 5]

    def headers(self, place: int) -> int:
        """Where in memory the header of slot ``place`` lies."""
        return self._ring.address + place * _HEADER


class ReceiveRing:
    """Slots for RECEIVE_BATCH datagrams of up to MAX_ANSWER octets.

    The kernel is told anew how long an address may be only where it wrote another length: never, as every datagram of a
    family comes with an address of one length.
    """

    def __init__(self, *, is_ipv4: bool) -> None:
        ring = self._ring = _Ring(RECEIVE_BATCH, is_ipv4=is_ipv4, stride=MAX_ANSWER, length=MAX_ANSWER)
        self._starts = tuple(range(ring.octets, ring.octets + RECEIVE_BATCH * MAX_ANSWER, MAX_ANSWER))
        self._lengths = ring.column("I", Header.moved.offset, _HEADER)
        self._ports = ring.column("H", ring.names + 2, ring.name_size)
        self._addresses = ring.address_columns()
        self.headers: Final = ring.address

    def take(self, count: int) -> Received:
        """Give what lies in the first ``count`` slots."""
        memory = self._ring.memory
        payloads = [
            memory[start : start + length]
            for start, length in zip(self._starts, self._lengths[:count].tolist(), strict=False)
        ]
        ports = _in_network_order(array("H", self._ports[:count].tobytes())).tolist()
        columns = [_in_network_order(array("I", column[:count].tobytes())).tolist() for column in self._addresses]
        if len(columns) == 1:
            return Received(payloads, columns[0], ports)
        sources = [a << 96 | b << 64 | c << 32 | d for a, b, c, d in zip(*columns, strict=True)]
        return Received(payloads, sources, ports)


def _in_network_order(column: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        column.byteswap()
    return column


def _low_words(addresses: Sequence[int]) -> "array[int]":
    try:
        return array("I", addresses)
    except OverflowError:
        return array("I", [address & _LOW_32_BITS for address in addresses])


def _five_words_each(addresses: Sequence[int]) -> bytes:
    """Give the low 160 bits of each: a word of bits to be ignored, which saves masking them, and the address's four."""
    try:
        return b"".join([address.to_bytes(20, "big") for address in addresses])
    except OverflowError:
        return b"".join([(address & _LOW_128_BITS).to_bytes(20, "big") for address in addresses])
