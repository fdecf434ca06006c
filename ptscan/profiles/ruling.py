"""From a rule's form to a rule ready for use, refusing what makes no sense."""

from collections.abc import Sequence
from itertools import chain
from typing import Final, TypedDict

from ptscan.profiles import schema
from ptscan.profiles.decoders import DECODERS, IEEE1284_KEYS
from ptscan.profiles.faults import FaultError, PatternChecker, fit, to_column, to_labels, to_oid, to_states
from ptscan.profiles.labels import label_key
from ptscan.profiles.meters import SUPPLY_COLORS, SUPPLY_KINDS, field_fault, meter_fault, preference, supply_fault
from ptscan.profiles.profile import Parts, Patterns, RecordRule, ScalarRule, SumCheck, SumRule, SupplyRule, TableRule
from ptscan.profiles.schema import Confidence

_LOW: Final = "a value of low confidence is reported only from a table that labels it"
_ON: Final = " *"
"""Ends a name that fits every name which begins like it."""


class _Common(TypedDict):
    confidence: Confidence
    source: str
    only: Patterns | None
    unless: Patterns | None


class Ruler:
    """Makes the rules of one profile."""

    def __init__(self, form: schema.ProfileFile, patterns: PatternChecker) -> None:
        self._source = form.source
        self._patterns = patterns

    def scalar(self, key: str, item: schema.Scalar) -> ScalarRule:
        """One object -> one field."""
        fit(f"{key}.field", field_fault(item.field))
        if item.field.endswith(".state"):
            raise FaultError(f"{key}.field", "a state comes from a table or a record, which know its codes")
        if item.confidence == "low":
            raise FaultError(f"{key}.confidence", _LOW)
        if (item.format == "ieee1284") != (item.key is not None):
            raise FaultError(f"{key}.key", 'a key belongs to format = "ieee1284", and to it alone')
        if item.key is not None and item.key not in IEEE1284_KEYS:
            raise FaultError(f"{key}.key", f"no key {item.key!r}: {', '.join(sorted(IEEE1284_KEYS))}")
        return ScalarRule(
            oid=to_oid(f"{key}.oid", item.oid),
            field=item.field,
            label=item.label,
            format=item.format,
            key=item.key,
            pattern=self._patterns.cutting(f"{key}.pattern", item.pattern),
            skip=frozenset(text.casefold() for text in item.skip),
            prefer=item.prefer or preference(item.field),
            **self._common(key, item),
        )

    def table(self, key: str, item: schema.Table) -> TableRule:
        """Rows -> meters."""
        if not item.labels and not item.index:
            raise FaultError(key, "neither labels nor index: nothing would be read")
        if bool(item.labels) != (item.label is not None):
            raise FaultError(f"{key}.label", "the label column and labels belong together")
        if not item.walk and not item.index:
            raise FaultError(f"{key}.walk", "without a walk only the rows of index are asked, and there is none")
        if item.confidence == "low" and item.index:
            raise FaultError(f"{key}.confidence", _LOW)
        for text, meter in chain(item.labels.items(), item.index.items()):
            fit(f"{key}: {text!r}", meter_fault(meter))
        value = to_oid(f"{key}.value", item.value)

        def index(text: str) -> bytes:
            return to_oid(f"{key}.index", f"{item.value}.{text}")[len(value) :]

        walked = item.label is not None and item.walk
        if bool(item.units) != (item.unit is not None):
            raise FaultError(f"{key}.unit", "the column of units and units belong together")
        if item.unit is not None and not walked:
            raise FaultError(f"{key}.unit", "a unit is read only beside the labels of a table that is walked")
        return TableRule(
            value=value,
            label=to_column(f"{key}.label", item.label),
            labels=to_labels(f"{key}.labels", item.labels),
            index={index(text): to for text, to in item.index.items()},
            names=to_labels(f"{key}.names", item.names),
            index_names={} if walked else {index(text): to for text, to in item.names.items() if text in item.index},
            unit=to_column(f"{key}.unit", item.unit),
            units=frozenset(map(label_key, item.units)),
            walk=item.walk,
            add=item.add,
            **self._common(key, item),
        )

    def record(self, key: str, item: schema.Record) -> RecordRule:
        """Numbers packed into a string -> fields."""
        if item.decoder not in DECODERS:
            raise FaultError(f"{key}.decoder", f"no decoder {item.decoder!r}: {', '.join(sorted(DECODERS))}")
        for text, field in item.fields.items():
            fit(f"{key}.fields.{text}", field_fault(field))
            if field.endswith(".state") != bool(item.states):
                raise FaultError(f"{key}.fields.{text}", "a state needs states, and states are for states alone")
        if item.confidence == "low":
            raise FaultError(f"{key}.confidence", _LOW)
        return RecordRule(
            oid=to_oid(f"{key}.oid", item.oid),
            decoder=item.decoder,
            fields=dict(item.fields),
            names=dict(item.names),
            scale=item.scale,
            states=to_states(f"{key}.states", item.states),
            **self._common(key, item),
        )

    def supply(self, key: str, item: schema.SupplyTable) -> SupplyRule:
        """Rows -> supplies."""
        for column, words, what in (
            (item.name, item.names, "name"), (item.type, item.types, "type"), (item.color, item.colors, "color"),
        ):  # fmt: skip
            if bool(column) != bool(words):
                raise FaultError(f"{key}.{what}", f"{what} and {what}s belong together")
        if not item.name and item.type is None:
            raise FaultError(key, "neither name nor type: nothing says which supply a row is")
        if (item.percent is None) == (item.level is None) or (item.level is None) != (item.capacity is None):
            raise FaultError(key, "what is left is percent, or level and capacity")
        for text, supply in item.names.items():
            fit(f"{key}.names: {text!r}", supply_fault(supply))
        for text, kind in item.types.items():
            if kind not in SUPPLY_KINDS:
                raise FaultError(f"{key}.types.{text}", f"no supply kind {kind!r}: {', '.join(sorted(SUPPLY_KINDS))}")
        for text, color in item.colors.items():
            if color not in SUPPLY_COLORS:
                raise FaultError(f"{key}.colors.{text}", f"no supply colour {color!r}")
        fronts = to_labels(f"{key}.names", {text: to for text, to in item.names.items() if text.endswith(_ON)})
        if "" in fronts:
            raise FaultError(f"{key}.names", f"{_ON.strip()!r} alone is every name")
        texts = {"description": item.description, "serial": item.serial, "part_number": item.part_number}
        return SupplyRule(
            name=tuple(to_oid(f"{key}.name[{i}]", column) for i, column in enumerate(item.name)),
            names=to_labels(f"{key}.names", {text: to for text, to in item.names.items() if not text.endswith(_ON)}),
            fronts=tuple(sorted(fronts.items(), key=lambda front: -len(front[0]))),
            type=to_column(f"{key}.type", item.type),
            types=to_labels(f"{key}.types", item.types),
            color=to_column(f"{key}.color", item.color),
            colors=to_labels(f"{key}.colors", item.colors),
            percent=to_column(f"{key}.percent", item.percent),
            level=to_column(f"{key}.level", item.level),
            capacity=to_column(f"{key}.capacity", item.capacity),
            codes=to_states(f"{key}.codes", item.codes),
            rows=tuple(to_oid(f"{key}.rows", f"1.3.{text}")[1:] for text in item.rows),
            texts={field: to_oid(f"{key}.{field}", text) for field, text in texts.items() if text is not None},
            **self._common(key, item),
        )

    def _common(self, key: str, item: schema.Rule) -> _Common:
        return {
            "confidence": item.confidence,
            "source": item.source or self._source,
            "only": self._patterns.one(f"{key}.only", item.only),
            "unless": self._patterns.one(f"{key}.unless", item.unless),
        }


def make_sum(key: str, item: schema.Sum) -> SumRule:
    """A meter that is a sum."""
    fit(f"{key}.meter", meter_fault(item.meter))
    return SumRule(item.meter, _parts(f"{key}.of", item.of))


def make_check(key: str, item: schema.Check) -> SumCheck:
    """Meters that must add up."""
    fit(f"{key}.total", meter_fault(item.total))
    if not 0 <= item.tolerance < 1:
        raise FaultError(f"{key}.tolerance", "a share of the total: from 0 to below 1")
    return SumCheck(item.total, _parts(f"{key}.of", item.of), item.tolerance)


def _parts(key: str, names: Sequence[str]) -> Parts:
    for name in names:
        fit(key, meter_fault(name.removesuffix("?")))
    return Parts(
        needed=tuple(name for name in names if not name.endswith("?")),
        optional=tuple(name[:-1] for name in names if name.endswith("?")),
    )
