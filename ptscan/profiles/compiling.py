"""From a file's form to a profile ready for use, refusing what makes no sense and saying under which key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from codec import Oid, OidError, format_oid, parse_oid
from ptscan.profiles import schema
from ptscan.profiles.decoders import DECODERS, IEEE1284_KEYS
from ptscan.profiles.denied import denied, denied_walk
from ptscan.profiles.labels import label_key
from ptscan.profiles.meters import SUPPLY_STATES, field_fault, meter_fault, supply_fault
from ptscan.profiles.profile import (
    Ask,
    CoarseLevels,
    Parts,
    Patterns,
    Profile,
    RecordRule,
    ScalarRule,
    SumCheck,
    SumRule,
    SupplyRule,
    TableRule,
)


class FaultError(Exception):
    """What is wrong in a profile, and under which key."""

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(f"{key}: {fault}")
        self.key = key
        self.fault = fault


def compile_profile(form: schema.ProfileFile, file: str, *, check_patterns: bool) -> Profile:
    """Resolve a profile file; ``check_patterns`` compiles every pattern at once instead of when first needed.

    Raises FaultError, which names the key.
    """
    never = tuple(_oid(f"never_ask[{i}]", text) for i, text in enumerate(form.never_ask))
    pattern = _Pattern(check_patterns)
    match = form.match
    scalars = tuple(_scalar(f"scalars[{i}]", item, form, pattern) for i, item in enumerate(form.scalars))
    tables = tuple(_table(f"tables[{i}]", item, form) for i, item in enumerate(form.tables))
    records = tuple(_record(f"records[{i}]", item, form) for i, item in enumerate(form.records))
    supplies = tuple(_supply(f"supplies[{i}]", item, form) for i, item in enumerate(form.supplies))
    identify = _oids("identify", form.identify)
    trees = _oids("match.trees", match.trees)
    # A table without a label column is asked for the few rows that its index codes name, not walked.
    coded = (t.value + index for t in tables if t.label is None for index in t.index)
    ask = Ask(
        scalars=tuple(dict.fromkeys(chain((s.oid for s in scalars), (r.oid for r in records), coded))),
        tables=(
            *((t.label, t.value) for t in tables if t.label is not None),
            *((*s.name, s.percent) for s in supplies),
        ),
    )
    _refuse_denied(never, chain(ask.scalars, identify), chain(trees, *ask.tables))
    return Profile(
        name=form.name,
        vendor=form.vendor,
        source=form.source,
        file=file,
        ask=ask,
        printers=_oids("match.sys_object_id", match.sys_object_id),
        family=_oids("match.family", match.family),
        texts=pattern.all("match.texts", match.texts),
        models=pattern.all("match.models", match.models),
        boards=pattern.all("match.boards", match.boards),
        mfg=tuple(label_key(name) for name in match.mfg),
        trees=trees,
        others=_oids("other.sys_object_id", form.other.sys_object_id),
        other_texts=pattern.all("other.texts", form.other.texts),
        brands=tuple(
            (pattern.all(f"brands[{i}].pattern", [brand.pattern]), brand.name) for i, brand in enumerate(form.brands)
        ),
        identify=identify,
        scalars=scalars,
        tables=tables,
        records=records,
        supplies=supplies,
        sums=tuple(_sum(f"sums[{i}]", item) for i, item in enumerate(form.sums)),
        checks=tuple(_check(f"checks[{i}]", item) for i, item in enumerate(form.checks)),
        level_codes=_states("level_codes", form.level_codes),
        fragile=pattern.all("fragile", [item.pattern for item in form.fragile]),
        coarse=tuple(
            CoarseLevels(pattern.all(f"coarse[{i}].pattern", [item.pattern]), frozenset(item.levels), item.source)
            for i, item in enumerate(form.coarse)
        ),
    )


class _Pattern:
    def __init__(self, check: bool) -> None:
        self._check = check

    def all(self, key: str, texts: Sequence[str]) -> Patterns:
        if self._check:
            for text in texts:
                try:
                    re.compile(text)
                except re.error as error:
                    raise FaultError(key, f"{text!r} is no regular expression: {error}") from error
        return Patterns(texts)

    def cutting(self, key: str, text: str | None) -> Patterns | None:
        if text is None:
            return None
        pattern = self.all(key, [text])
        if self._check and re.compile(text).groups != 1:
            raise FaultError(key, f"{text!r} must have exactly one group, (...): the part to keep")
        return pattern


def _oid(key: str, text: str) -> Oid:
    try:
        return parse_oid(text)
    except OidError as error:
        raise FaultError(key, str(error)) from error


def _oids(key: str, texts: Sequence[str]) -> tuple[Oid, ...]:
    return tuple(_oid(f"{key}[{i}]", text) for i, text in enumerate(texts))


def _fit(key: str, fault: str | None) -> None:
    if fault is not None:
        raise FaultError(key, fault)


def _integer(key: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise FaultError(key, f"{text!r} is no integer")
    return int(text)


def _states(key: str, states: Mapping[str, str]) -> dict[int, str]:
    for text, state in states.items():
        if state not in SUPPLY_STATES:
            raise FaultError(f"{key}.{text}", f"no state {state!r}: {', '.join(sorted(SUPPLY_STATES))}")
    return {_integer(f"{key}.{text}", text): state for text, state in states.items()}


def _scalar(key: str, item: schema.Scalar, form: schema.ProfileFile, pattern: _Pattern) -> ScalarRule:
    _fit(f"{key}.field", field_fault(item.field))
    if item.field.endswith(".state"):
        raise FaultError(f"{key}.field", "a state comes from a table or a record, which know its codes")
    if item.confidence == "low":
        raise FaultError(f"{key}.confidence", "a value of low confidence is reported only from a table that labels it")
    if (item.format == "ieee1284") != (item.key is not None):
        raise FaultError(f"{key}.key", 'a key belongs to format = "ieee1284", and to it alone')
    if item.key is not None and item.key not in IEEE1284_KEYS:
        raise FaultError(f"{key}.key", f"no key {item.key!r}: {', '.join(sorted(IEEE1284_KEYS))}")
    standard = item.field.startswith(("identity.", "display.")) or item.field == "meters.total"
    return ScalarRule(
        oid=_oid(f"{key}.oid", item.oid),
        field=item.field,
        format=item.format,
        key=item.key,
        pattern=pattern.cutting(f"{key}.pattern", item.pattern),
        skip=frozenset(text.casefold() for text in item.skip),
        prefer=item.prefer or ("standard" if standard else "own"),
        confidence=item.confidence,
        source=item.source or form.source,
    )


def _table(key: str, item: schema.Table, form: schema.ProfileFile) -> TableRule:
    if not item.labels and not item.index:
        raise FaultError(key, "neither labels nor index: nothing would be read")
    if bool(item.labels) != (item.label is not None):
        raise FaultError(f"{key}.label", "the label column and labels belong together")
    if item.confidence == "low" and item.index:
        raise FaultError(f"{key}.confidence", "a value of low confidence is reported only where the device labels it")
    for text, meter in chain(item.labels.items(), item.index.items()):
        _fit(f"{key}: {text!r}", meter_fault(meter))
    value = _oid(f"{key}.value", item.value)
    return TableRule(
        value=value,
        label=None if item.label is None else _oid(f"{key}.label", item.label),
        labels=_labels(f"{key}.labels", item.labels),
        index={_oid(f"{key}.index", f"{item.value}.{text}")[len(value) :]: to for text, to in item.index.items()},
        confidence=item.confidence,
        source=item.source or form.source,
    )


def _labels(key: str, labels: Mapping[str, str]) -> dict[str, str]:
    keyed: dict[str, str] = {}
    for text, to in labels.items():
        if keyed.setdefault(label_key(text), to) != to:
            raise FaultError(key, f"{text!r} is there twice, as {keyed[label_key(text)]!r} and as {to!r}")
    return keyed


def _record(key: str, item: schema.Record, form: schema.ProfileFile) -> RecordRule:
    if item.decoder not in DECODERS:
        raise FaultError(f"{key}.decoder", f"no decoder {item.decoder!r}: {', '.join(sorted(DECODERS))}")
    for text, field in item.fields.items():
        _fit(f"{key}.fields.{text}", field_fault(field))
        if field.endswith(".state") != bool(item.states):
            raise FaultError(f"{key}.fields.{text}", "a state needs states, and states are for states alone")
    if item.confidence == "low":
        raise FaultError(f"{key}.confidence", "a value of low confidence is reported only from a table that labels it")
    return RecordRule(
        oid=_oid(f"{key}.oid", item.oid),
        decoder=item.decoder,
        fields=dict(item.fields),
        scale=item.scale,
        states=_states(f"{key}.states", item.states),
        confidence=item.confidence,
        source=item.source or form.source,
    )


def _supply(key: str, item: schema.SupplyTable, form: schema.ProfileFile) -> SupplyRule:
    for text, supply in item.names.items():
        _fit(f"{key}.names: {text!r}", supply_fault(supply))
    return SupplyRule(
        name=tuple(_oid(f"{key}.name[{i}]", column) for i, column in enumerate(item.name)),
        percent=_oid(f"{key}.percent", item.percent),
        names=_labels(f"{key}.names", item.names),
        codes=_states(f"{key}.codes", item.codes),
        confidence=item.confidence,
        source=item.source or form.source,
    )


def _parts(key: str, names: Sequence[str]) -> Parts:
    for name in names:
        _fit(key, meter_fault(name.removesuffix("?")))
    return Parts(
        needed=tuple(name for name in names if not name.endswith("?")),
        optional=tuple(name[:-1] for name in names if name.endswith("?")),
    )


def _sum(key: str, item: schema.Sum) -> SumRule:
    _fit(f"{key}.meter", meter_fault(item.meter))
    return SumRule(item.meter, _parts(f"{key}.of", item.of))


def _check(key: str, item: schema.Check) -> SumCheck:
    _fit(f"{key}.total", meter_fault(item.total))
    if not 0 <= item.tolerance < 1:
        raise FaultError(f"{key}.tolerance", "a share of the total: from 0 to below 1")
    return SumCheck(item.total, _parts(f"{key}.of", item.of), item.tolerance)


def _refuse_denied(never: Sequence[Oid], single: Iterable[Oid], walked: Iterable[Oid]) -> None:
    """Refuse a profile that would ask for what nobody may ask for, or for what it closes itself."""
    for oids, closed in ((single, denied), (walked, denied_walk)):
        for oid in oids:
            why = closed(oid)
            own = any(oid.startswith(root) or (closed is denied_walk and root.startswith(oid)) for root in never)
            if why or own:
                raise FaultError(format_oid(oid), f"must never be asked: {why or 'never_ask of this profile'}")
