"""What was tried for a field that is missing: each object that could have told it, and what came back. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

import msgspec

from codec import NO_SUCH_OBJECT, Oid, Varbind
from proto_schema import Reading, Supply
from ptscan.printer import plan, standard
from ptscan.printer.evidence import Evidence
from ptscan.printer.kinds import family_of
from ptscan.printer.object_names import FIELD_OBJECTS, NAMES, ROW_OBJECTS, TABLES, index_of
from ptscan.printer.text import decode_text
from ptscan.profiles import NO_COUNT, Profile, ProfileSet, Rule, ScalarRule, SupplyRule, spoken

_CODES: Final = {-1: "no restriction", -2: "unknown", -3: "something is left"}
_SHORTEST_QUOTE: Final = 3
_MAC_OCTETS: Final = 6
MAX_ROWS: Final = 4
"""Rows of a column that are told for one field."""


class Came(Enum):
    """What came of an attempt."""

    NOT_KNOWN = "not-known"
    """The profile knows no object that tells it."""
    OTHER_MODEL = "other-model"
    """The rule does not hold for this model."""
    NOT_ASKED = "not-asked"
    """The object was not asked for: what came before made it useless, or the reading ended early."""
    NO_ANSWER = "no-answer"
    """It was asked for, and nothing came."""
    NO_SUCH_OBJECT = "no-such-object"
    NO_SUCH_INSTANCE = "no-such-instance"
    NO_ROW = "no-row"
    """The table was read and has no such row, or no row at all."""
    EMPTY = "empty"
    NO_NUMBER = "no-number"
    """A code that says that there is no number."""
    NO_PARTS = "no-parts"
    """A sum whose parts are not all there."""
    REFUSED = "refused"
    """A placeholder, or a value that may belong to several: a problem says why."""
    NOTHING_OF_IT = "nothing-of-it"
    """It was answered, and the rule finds nothing of the field in it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One object that was tried for ``path``, by which rule, and what came back.

    ``oid`` is None where a profile knows none; ``why`` adds to ``came`` what is to be said in words.
    """

    path: str
    profile: str
    came: Came
    rule: str = ""
    oid: Oid | None = None
    varbind: Varbind | None = None
    why: str | None = None


def attempts(
    reading: Reading,
    evidence: Sequence[Evidence],
    answers: Mapping[Oid, Varbind],
    profiles: Sequence[Profile],
    *,
    known: ProfileSet,
    asked: Collection[Oid],
) -> list[Attempt]:
    """Return what was tried for each path of ``missing``, at least one attempt for each of ``profiles``.

    ``profiles`` are those that were used, without the rules that do not hold for the model; ``known`` has them whole.
    """
    whole = {profile.name: profile for profile in known.profiles}
    search = _Search(reading, evidence, answers, frozenset(asked))
    found = []
    for path in reading.missing:
        for profile in profiles:
            tried = [
                *search.standard(path, profile),
                *search.rules(path, profile, whole.get(profile.name, profile)),
            ]
            found += tried or [Attempt(path=path, profile=profile.name, came=Came.NOT_KNOWN)]
    return found


class _Search:
    """Looks up what became of the objects of one reading."""

    def __init__(
        self, reading: Reading, evidence: Sequence[Evidence], answers: Mapping[Oid, Varbind], asked: frozenset[Oid]
    ) -> None:
        self._reading = reading
        self._answers = answers
        self._asked = asked
        self._booked = {item.path: item for item in evidence}
        self._supplies = {supply.index: supply for supply in reading.supplies}

    def standard(self, path: str, profile: Profile) -> Iterator[Attempt]:
        """What the standard MIBs could have told, for the profile that stands for them."""
        if profile.name != standard.PROFILE:
            return
        section, _, rest = path.partition(".")
        if section in ROW_OBJECTS and rest:
            yield from self._in_row(path, section, rest)
        for oid in FIELD_OBJECTS.get(path, ()):
            if oid in plan.SYSTEM:
                yield self._object(path, profile.name, NAMES[oid], oid)
            else:
                yield from self._column(path, profile.name, NAMES[oid], oid)

    def rules(self, path: str, used: Profile, whole: Profile) -> Iterator[Attempt]:
        """What the rules of a profile could have told; those that are not in ``used`` are for other models."""
        held = set(map(id, used.rules))
        for rule, how, oid, is_column in _sources(whole, path, self._supplies):
            if id(rule) not in held:
                yield Attempt(path=path, profile=used.name, came=Came.OTHER_MODEL, rule=how, oid=oid)
            elif isinstance(rule, SupplyRule) and path != "supplies":
                yield self._in_vendors_row(path, used.name, how, rule, oid)
            elif is_column:
                yield from list(self._column(path, used.name, how, oid))[:1]
            else:
                yield self._object(path, used.name, how, oid)
        for total in whole.sums:
            if path == f"meters.{total.meter}":
                parts = " + ".join(map(spoken, total.parts.names))
                yield Attempt(path=path, profile=used.name, came=Came.NO_PARTS, rule=f"sum of {parts}")

    def _in_row(self, path: str, section: str, rest: str) -> Iterator[Attempt]:
        index, _, field = rest.rpartition(".")
        base = self._booked.get(f"{section}.{index}")
        suffix = index_of(section, base.varbind[0]) if base and base.varbind else None
        columns = ROW_OBJECTS[section].get(field, ())
        if suffix is None:
            if columns:  # a vendor's supply, which the standard table does not have
                yield Attempt(path=path, profile=standard.PROFILE, came=Came.NO_ROW, oid=TABLES[section])
            return
        for column in columns:
            cell = self._answers.get(column + suffix)
            yield (
                self._of(path, standard.PROFILE, NAMES[column], cell)
                if cell is not None
                else self._none(path, standard.PROFILE, NAMES[column], column, Came.NO_ROW)
            )

    def _in_vendors_row(self, path: str, profile: str, how: str, rule: SupplyRule, column: Oid) -> Attempt:
        """The cell of a vendor's table in the row that is this supply; no row, where none of the table is."""
        supply = path.rpartition(".")[0] + "."
        for item in self._booked.values():
            if item.path.startswith(supply) and item.profile == profile and item.oid is not None:
                own = next((one for one in rule.columns if item.oid.startswith(one)), None)
                if own is not None and (cell := self._answers.get(column + item.oid[len(own) :])) is not None:
                    return self._of(path, profile, how, cell)
        return self._none(path, profile, how, column, Came.NO_ROW)

    def _object(self, path: str, profile: str, rule: str, oid: Oid) -> Attempt:
        cell = self._answers.get(oid)
        if cell is not None:
            return self._of(path, profile, rule, cell)
        # In v1 a GETNEXT from just before asks for it, and what is not there is passed over.
        came = Came.NO_SUCH_OBJECT if plan.before(oid) in self._asked else Came.NO_ANSWER
        return self._none(path, profile, rule, oid, came)

    def _column(self, path: str, profile: str, rule: str, column: Oid) -> Iterator[Attempt]:
        cells = [cell for oid, cell in self._answers.items() if oid.startswith(column)]
        for cell in cells[:MAX_ROWS]:
            yield self._of(path, profile, rule, cell)
        if not cells:
            yield self._none(path, profile, rule, column, Came.NO_ROW)

    def _none(self, path: str, profile: str, rule: str, oid: Oid, came: Came) -> Attempt:
        """Nothing came: was it asked for at all, itself, its parent (by GETNEXT) or rows of it?"""
        asked = not self._asked.isdisjoint((oid, plan.parent(oid), plan.before(oid)))
        if not asked and not any(name.startswith(oid) for name in self._asked):
            came = Came.NOT_ASKED
        return Attempt(path=path, profile=profile, came=came, rule=rule, oid=oid)

    def _of(self, path: str, profile: str, rule: str, cell: Varbind) -> Attempt:
        came, why = self._why(cell)
        return Attempt(path=path, profile=profile, came=came, rule=rule, oid=cell[0], varbind=cell, why=why)

    def _why(self, cell: Varbind) -> tuple[Came, str | None]:
        """Why what was answered is no value."""
        _, tag, value = cell
        if value is None:
            return (Came.NO_SUCH_OBJECT if tag == NO_SUCH_OBJECT else Came.NO_SUCH_INSTANCE), None
        if isinstance(value, int):
            if value in _CODES:
                return Came.NO_NUMBER, _CODES[value]
            return (Came.NO_NUMBER, "not counted") if value in NO_COUNT else (Came.NOTHING_OF_IT, None)
        text = decode_text(value)
        for problem in self._reading.problems:
            if text is not None and len(text) >= _SHORTEST_QUOTE and repr(text) in problem.text:
                return Came.REFUSED, problem.text
            if len(value) == _MAC_OCTETS and value.hex(":") in problem.text:
                return Came.REFUSED, problem.text
        return (Came.EMPTY if text is None else Came.NOTHING_OF_IT), None


def _sources(profile: Profile, path: str, supplies: Mapping[str, Supply]) -> Iterator[tuple[Rule, str, Oid, bool]]:
    """Each rule that could tell ``path``: how, and its object; or its column, which was walked."""

    def means(field: str) -> bool:
        if path == "display":
            return field.startswith("display.")
        return field == path or _is_of_supply(field, path, supplies)

    for scalar in profile.scalars:
        if means(scalar.field):
            yield scalar, _how(scalar), scalar.oid, False
    for record in profile.records:
        for name, field in record.fields.items():
            if means(field):
                yield record, f"record {name}", record.oid, False
    for table in profile.tables:
        if path.removeprefix("meters.") in (*table.labels.values(), *table.index.values()):
            yield table, "row by its label or code", table.value, True
    for rule in profile.supplies:
        left = rule.percent or rule.level
        columns = {"percent": left, "state": left, **rule.texts}
        column = left if path == "supplies" else columns.get(path.rpartition(".")[2])
        if path.startswith("supplies") and column is not None:
            yield rule, "row by its name or codes", column, True


def _how(rule: ScalarRule) -> str:
    if rule.key is not None:
        return f"IEEE 1284 key {rule.key}"
    return rule.label or (f"pattern {rule.pattern.texts[0]}" if rule.pattern else "object")


def _is_of_supply(field: str, path: str, supplies: Mapping[str, Supply]) -> bool:
    """Whether a rule's ``supplies.toner:black.percent`` is the percent of the row that is missing it."""
    key, _, leaf = field.removeprefix("supplies.").rpartition(".")
    index, _, missing = path.removeprefix("supplies.").rpartition(".")
    supply = supplies.get(index)
    if leaf != missing or supply is None or not (field.startswith("supplies.") and path.startswith("supplies.")):
        return False
    kind, _, color = key.partition(":")
    return family_of(kind) == family_of(supply.kind) and color in ("", supply.color)
