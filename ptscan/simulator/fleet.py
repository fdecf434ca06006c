"""Made-up fleets: any number of devices of a few models, each a pure function of (seed, index, time)."""

from collections.abc import Iterable
from dataclasses import dataclass

from codec import Oid
from ptscan.simulator.errors import ModelError, PlanError
from ptscan.simulator.life import Individual, Moment, deal_round, scramble
from ptscan.simulator.limits import MAX_FLEET
from ptscan.simulator.model import ModelFile
from ptscan.simulator.model_files import load_models
from ptscan.simulator.rows import Render, compile_rows
from ptscan.simulator.standard import standard_rows
from ptscan.simulator.table import Table, View
from ptscan.simulator.truth import Truth, truth_of


class Model:
    """A model made ready to be played: its rows are shared by all of its devices."""

    def __init__(self, file: ModelFile) -> None:
        """Raises ModelError, which names the row."""
        self.file = file
        self.deal = deal_round(file.pages.mix) if file.pages is not None else ()
        lines = [line for line in file.vendor.rows.splitlines() if line and not line.startswith("#")]
        self.table: Table[bytes | Render] = Table(compile_rows([*standard_rows(file), *lines], file))


class FleetDevice:
    """One made-up device."""

    __slots__ = ("_individual", "_model")

    def __init__(self, model: Model, seed: int, index: int) -> None:
        self._model = model
        self._individual = Individual(model.file, model.deal, seed, index)

    @property
    def model(self) -> str:
        """The name of its model's file."""
        return self._model.file.name

    @property
    def is_printer(self) -> bool:
        """Whether it is a printer."""
        return self._model.file.kind == "printer"

    @property
    def what(self) -> str:
        return self.model

    def at(self, now: float) -> View:
        return _FleetView(self._model.table, self._individual, now)

    def truth(self, now: float) -> Truth:
        """What a perfect reader reports ``now`` simulated seconds after the simulation began."""
        return truth_of(Moment(self._individual, now))


class _FleetView:
    """The rows of a device at a moment; the moment is worked out when the first row needs it."""

    __slots__ = ("_individual", "_moment", "_now", "_table")

    def __init__(self, table: Table[bytes | Render], individual: Individual, now: float) -> None:
        self._table = table
        self._individual = individual
        self._now = now
        self._moment: Moment | None = None

    def _now_here(self) -> Moment:
        self._moment = moment = Moment(self._individual, self._now)
        return moment

    def get(self, oid: Oid) -> bytes | None:
        place = self._table.index.get(oid)
        if place is None:
            return None
        cell = self._table.cells[place]
        return cell if isinstance(cell, bytes) else cell(self._moment or self._now_here())

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        table = self._table
        for place in range(table.after(oid), len(table.oids)):
            cell = table.cells[place]
            if not isinstance(cell, bytes):
                rendered = cell(self._moment or self._now_here())
                if rendered is None:
                    continue
                cell = rendered
            return table.oids[place], cell
        return None

    def knows(self, prefix: Oid) -> bool:
        return self._table.knows(prefix)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices of a fleet, in order; the first N are the same whatever the fleet's size."""

    devices: tuple[FleetDevice, ...]

    @property
    def printers(self) -> int:
        """How many of the devices are printers."""
        return sum(device.is_printer for device in self.devices)


def make_fleet(count: int, seed: int = 7, *, models: Iterable[str] | None = None, others: bool = True) -> Fleet:
    """Make up ``count`` devices; the same seed gives the same devices.

    Every model has a share of each deck of devices (36 printers and 6 others, of the models that come with ptscan); in
    every second deck the rarer models take the place of some. ``models`` names the only ones to use, each as often as
    its share says; without ``others`` only printers are made. Raises PlanError for a count that can't be or an unknown
    model.
    """
    if not 1 <= count <= MAX_FLEET:
        raise PlanError(f"a fleet of {count}: give a number from 1 to {MAX_FLEET}")
    known = {file.name: file for file in load_models()}
    names = [name for name in known if others or known[name].kind == "printer"] if models is None else list(models)
    if not names:
        raise PlanError("a fleet of no models: name at least one")
    for name in names:
        if name not in known:
            raise PlanError(f"model {name!r} is unknown: choose from {', '.join(known)}")
    chosen = [Model(known[name]) for name in names]
    decks = make_decks(chosen) if models is None else [_cards(chosen)]
    size = len(decks[0])
    devices = []
    order: list[int] = []
    for index in range(count):
        round_number, place = divmod(index, size)
        if place == 0:
            order = sorted(range(size), key=lambda card: scramble(seed, 1_000, round_number, card))
        devices.append(FleetDevice(decks[round_number % len(decks)][order[place]], seed, index))
    return Fleet(tuple(devices))


def _cards(models: Iterable[Model]) -> list[Model]:
    return [model for model in models for _ in range(model.file.share)]


def make_decks(models: list[Model]) -> list[list[Model]]:
    """The deck of the common models, and the same deck with the rarer ones in the places that they name.

    Raises ModelError where there are not so many places.
    """
    usual = _cards(model for model in models if not model.file.instead_of)
    mixed = list(usual)
    for model in _cards(model for model in models if model.file.instead_of):
        names = [card.file.name for card in mixed]
        if model.file.instead_of not in names:
            raise ModelError(model.file.name, "instead_of", f"no place of {model.file.instead_of!r} is left")
        mixed[names.index(model.file.instead_of)] = model
    return [usual, mixed]
