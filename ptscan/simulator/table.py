"""Rows in the order of SNMP, found by name or by what comes before them; pure.

``Table`` is shared by all devices of one model, so its cells may be finished varbinds or whatever the owner renders
them from. ``View`` is what a responder asks: one device at one moment.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from codec import Oid, oid_key
from ptscan.simulator.limits import MAX_KNOWN_PLACES

Cell = TypeVar("Cell")


class View(Protocol):
    """A device at one moment; values are whole encoded varbinds."""

    def get(self, oid: Oid) -> bytes | None:
        """The varbind of exactly this name, None where there is none."""

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        """The name and the varbind that come next after ``oid``, None at the end."""

    def knows(self, prefix: Oid) -> bool:
        """Whether any row lies below ``prefix``."""


class Device(Protocol):
    """Something that can be played on an address."""

    @property
    def what(self) -> str:
        """What is played, for a person: a model's name or a file."""

    def at(self, now: float) -> View:
        """The device ``now`` simulated seconds after the simulation began."""


class Table(Generic[Cell]):
    """Rows sorted by the numbers of their names."""

    __slots__ = ("_keys", "_known_places", "cells", "index", "oids")

    def __init__(self, rows: Mapping[Oid, Cell]) -> None:
        self.oids = sorted(rows, key=oid_key)
        self.cells = [rows[oid] for oid in self.oids]
        self.index = {oid: place for place, oid in enumerate(self.oids)}
        self._keys = [oid_key(oid) for oid in self.oids]
        self._known_places: dict[Oid, int] = {}

    def after(self, oid: Oid) -> int:
        """The place of the first row that comes strictly after ``oid``; the number of rows where none does."""
        place = self.index.get(oid)
        if place is not None:
            return place + 1
        place = self._known_places.get(oid)
        if place is None:
            place = bisect_right(self._keys, oid_key(oid))
            if len(self._known_places) >= MAX_KNOWN_PLACES:
                self._known_places.clear()
            self._known_places[oid] = place
        return place

    def knows(self, prefix: Oid) -> bool:
        """Whether any row lies below ``prefix``."""
        place = self.after(prefix)
        return place < len(self.oids) and self.oids[place].startswith(prefix)
