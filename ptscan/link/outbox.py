"""Octets that wait, to be sent or to be whole: given in any lengths, taken in others, long ones copied once. Pure."""

from collections import deque
from typing import Final

from ptscan.link import limits

_CRUMBS: Final = 1 << 10


class Outbox:
    """A queue of octets; ``len`` says how many wait."""

    __slots__ = ("_begun", "_octets", "_parts")

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._begun = 0
        self._octets = 0

    def __len__(self) -> int:
        return self._octets

    def add(self, octets: bytes) -> None:
        """Put octets behind those that wait; crumbs are put together, for each part costs some forty octets more."""
        if not octets:
            return
        if self._parts and len(self._parts[-1]) + len(octets) <= _CRUMBS:
            self._parts[-1] += octets
        else:
            self._parts.append(octets)
        self._octets += len(octets)

    def take(self, most: int) -> bytes:
        """Take up to ``most`` octets out from the front."""
        taken: list[bytes] = []
        while most > 0 and self._parts:
            part = self._parts[0]
            piece = part[self._begun : self._begun + most]
            taken.append(piece)
            most -= len(piece)
            self._octets -= len(piece)
            self._begun += len(piece)
            rest = len(part) - self._begun
            if not rest:
                self._parts.popleft()
                self._begun = 0
            elif rest < limits.UNSENT_STREAM_OCTETS <= self._begun:  # its sender may have gone on: keep the rest alone
                self._parts[0] = part[self._begun :]
                self._begun = 0
        return b"".join(taken)

    def clear(self) -> None:
        """Forget what waits."""
        self._parts.clear()
        self._begun = self._octets = 0
