"""What a device said -> facts, each with the rule and the object that it comes from.

Pure and total: a hostile value never raises, it becomes a problem or nothing. A field gets one fact: of several that
could fill it the one of higher confidence, then the earlier one. Meters that disagree are told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from codec import Oid, Varbind, parse_oid
from proto_schema import Problem
from ptscan.profiles.decoders import DECODERS, MAX_OCTETS, ieee1284, pml_text
from ptscan.profiles.labels import label_key
from ptscan.profiles.profile import Profile, RecordRule, ScalarRule, SumCheck, SupplyRule, TableRule
from ptscan.profiles.schema import Confidence, Prefer
from ptscan.profiles.values import MAX_METER, NO_COUNT, cells, count, label, octets, shown

MAX_PROBLEMS: Final = 16
DRIFT: Final = 5
"""Sides by which counts that were read one after the other may differ: a printer may print while it is read."""

_ALNUM: Final = re.compile(r"[^\W_]")
_RANK: Final[Mapping[Confidence, int]] = {"high": 0, "medium": 1, "low": 2}
_SYS_DESCR: Final = parse_oid("1.3.6.1.2.1.1.1.0")
_SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
_HR_DEVICE_DESCR: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.3")


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a profile knows how to read, and why it is believed.

    ``field`` is ``identity.serial``, ``meters.copy_mono``, ``display.1``, or ``supplies.KIND:COLOR.percent`` (kind
    ``colorant``: the toner or ink of that colour). Octets in ``value`` are text that is not decoded yet. ``prefer``
    says which value wins where the standard MIB tells the field too.
    """

    field: str
    value: str | int | float | bytes
    raw: Varbind
    profile: str
    rule: str
    confidence: Confidence
    source: str
    prefer: Prefer
    label: str | None = None

    @property
    def oid(self) -> Oid:
        """The object that told it; of a sum, the first of its parts."""
        return self.raw[0]


class Extraction(msgspec.Struct, frozen=True):
    """The facts, at most one for a field; ``parts`` are counts that only sums and checks use.

    ``spare`` are the other facts on the identity, the better first, for where a value turns out to be a placeholder.
    """

    facts: tuple[Fact, ...]
    spare: tuple[Fact, ...]
    problems: tuple[Problem, ...]
    parts: Mapping[str, int]


def extract(profile: Profile, values: Mapping[Oid, Varbind]) -> Extraction:
    """Read what ``profile`` knows out of everything that the device answered so far (``values``, by object)."""
    candidates: list[Fact] = []
    for table in profile.tables:
        candidates += _from_table(profile, table, values)
    for record in profile.records:
        candidates += _from_record(profile, record, values)
    for supply in profile.supplies:
        candidates += _from_supplies(profile, supply, values)
    for scalar in profile.scalars:
        candidates += _from_scalar(profile, scalar, values)
    candidates.sort(key=lambda fact: _RANK[fact.confidence])
    chosen: dict[str, Fact] = {}
    for fact in candidates:
        chosen.setdefault(fact.field, fact)
    for fact in (*_from_sums(profile, chosen), *_manufacturer(profile, values)):
        chosen.setdefault(fact.field, fact)
    problems = [*_too_long(profile, values), *_disagreements(candidates, chosen)]
    return Extraction(
        facts=tuple(fact for field, fact in chosen.items() if not field.startswith("meters._")),
        spare=tuple(f for f in candidates if f.field.startswith("identity.") and f is not chosen[f.field]),
        problems=tuple(problems[:MAX_PROBLEMS]),
        parts={name: number for name, number in _meters(chosen).items() if name.startswith("_")},
    )


def check_sums(checks: Iterable[SumCheck], meters: Mapping[str, int]) -> tuple[Problem, ...]:
    """Hold meters (and the parts of an extraction) against what must add up; one problem for each that does not."""
    problems = []
    for check in checks:
        total, added = meters.get(check.total), check.parts.add(meters)
        if total is None or added is None:
            continue
        if abs(total - added) <= max(DRIFT, check.tolerance * max(total, added)):
            continue
        names = " + ".join(name.strip("_").replace("_", " ") for name in check.parts.there(meters))
        text = f"{names} is {added}, but {check.total.replace('_', ' ')} is {total}"
        problems.append(Problem(code="sums-disagree", text=text))
    return tuple(problems)


def _from_table(profile: Profile, rule: TableRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    for index, varbind in cells(values, rule.value):
        number = count(varbind)
        if number is None:
            continue
        text = None if rule.label is None else label(values.get(rule.label + index))
        meter = None if text is None else rule.labels.get(label_key(text))
        how = f"label {text!r}" if meter else "code in the index"
        meter = meter or rule.index.get(index)
        if meter is not None:
            yield Fact(
                field=f"meters.{meter}", value=number, raw=varbind, profile=profile.name, rule=how,
                confidence=rule.confidence, source=rule.source, label=text, prefer=_preference(meter),
            )  # fmt: skip


def _preference(meter: str) -> Prefer:
    """The life count of the standard MIB is the total; of every other meter the vendor knows more."""
    return "standard" if meter == "total" else "own"


def _from_record(profile: Profile, rule: RecordRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    varbind = values.get(rule.oid)
    packed = octets(varbind)
    if varbind is None or packed is None:
        return
    for name, number in DECODERS[rule.decoder](packed):
        field = rule.fields.get(name)
        value = None if field is None else _recorded(rule, field, number)
        if field is not None and value is not None:
            yield Fact(
                field=field, value=value, raw=varbind, profile=profile.name,
                rule=f"record {name}", confidence=rule.confidence, source=rule.source,
                prefer=_preference(field.removeprefix("meters.")),
            )  # fmt: skip


def _recorded(rule: RecordRule, field: str, number: int) -> str | int | float | None:
    if field.endswith(".state"):
        return rule.states.get(number)
    if field.endswith(".percent"):
        percent = round(number * rule.scale, 1)
        return percent if percent <= 100 else None
    return None if number in NO_COUNT else number


def _from_supplies(profile: Profile, rule: SupplyRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    for index, varbind in cells(values, rule.percent):
        said = [text for name in rule.name if (text := label(values.get(name + index))) is not None]
        text, supply = next(
            ((text, rule.names[key]) for text in said if (key := label_key(text)) in rule.names), ("", None)
        )
        level = varbind[2]
        if supply is None or not isinstance(level, int):
            continue
        state = rule.codes.get(level)
        if state is not None or 0 <= level <= 100:
            yield Fact(
                field=f"supplies.{supply}.{'state' if state else 'percent'}", value=state or float(level),
                raw=varbind, profile=profile.name, rule=f"name {text!r}",
                confidence=rule.confidence, source=rule.source, label=text, prefer="own",
            )  # fmt: skip


def _from_scalar(profile: Profile, rule: ScalarRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    varbind = values.get(rule.oid)
    value = None if varbind is None else _scalar_value(rule, varbind)
    if varbind is not None and value is not None:
        yield Fact(
            field=rule.field, value=value, raw=varbind, profile=profile.name, rule=_how(rule),
            confidence=rule.confidence, source=rule.source, prefer=rule.prefer,
        )  # fmt: skip


def _scalar_value(rule: ScalarRule, varbind: Varbind) -> int | float | bytes | None:
    if rule.field.startswith("meters."):
        return count(varbind)
    if rule.field.endswith(".percent"):
        percent = count(varbind)
        return float(percent) if percent is not None and percent <= 100 else None
    text = octets(varbind)
    return None if text is None else _cut(rule, text)


def _how(rule: ScalarRule) -> str:
    if rule.key is not None:
        return f"IEEE 1284 key {rule.key}"
    if rule.pattern is not None:
        return f"pattern {rule.pattern.texts[0]}"
    return "scalar" if rule.format == "plain" else f"scalar, {rule.format}"


def _cut(rule: ScalarRule, text: bytes) -> bytes | None:
    """The octets that a rule keeps of a text, or None where nothing is left."""
    if rule.format == "pml":
        text = pml_text(text)
    elif rule.key is not None:
        text = ieee1284(text).get(rule.key, b"")
    if rule.pattern is not None:
        # Latin-1 gives every octet a character, so that what is cut out turns back into the device's own octets.
        match = rule.pattern.search(text.decode("latin-1"))
        text = (match[1] or "").encode("latin-1") if match else b""
    text = text.strip(b" \t\r\n\0")
    plain = text.decode("latin-1")
    if plain.casefold() in rule.skip or (rule.field.startswith("identity.") and not _ALNUM.search(plain)):
        return None
    return text or None


def _meters(facts: Mapping[str, Fact]) -> dict[str, int]:
    """The counts among the facts, by the name of the meter or part."""
    return {
        field.removeprefix("meters."): fact.value
        for field, fact in facts.items()
        if field.startswith("meters.") and isinstance(fact.value, int)
    }


def _from_sums(profile: Profile, chosen: Mapping[str, Fact]) -> Iterator[Fact]:
    meters = _meters(chosen)
    for rule in profile.sums:
        value = rule.parts.add(meters)
        if value is None or rule.meter in meters or value > MAX_METER:
            continue
        used = [chosen[f"meters.{name}"] for name in rule.parts.there(meters)]
        worst = max(used, key=lambda fact: _RANK[fact.confidence])
        yield Fact(
            field=f"meters.{rule.meter}", value=value, raw=used[0].raw, profile=profile.name,
            rule="sum of " + " + ".join(shown(fact.oid) for fact in used), confidence=worst.confidence,
            source=worst.source, label=" + ".join(fact.label for fact in used if fact.label) or None,
            prefer=_preference(rule.meter),
        )  # fmt: skip


def _manufacturer(profile: Profile, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    """Who made the printer: a brand that its texts name, the maker of its IEEE 1284 id, else the profile's vendor."""
    models = {rule.oid for rule in profile.scalars if rule.field == "identity.model"}
    texts = [varbind for oid, varbind in values.items() if _names_a_maker(varbind) or oid in models]
    makers = [(ieee1284(octets(varbind) or b"").get("MFG"), varbind) for varbind in texts]

    def fact(name: str | bytes, varbind: Varbind, rule: str, confidence: Confidence) -> Fact:
        return Fact(
            field="identity.manufacturer", value=name, raw=varbind, profile=profile.name, rule=rule,
            confidence=confidence, source=profile.source, prefer="own",
        )  # fmt: skip

    for pattern, name in profile.brands:
        for text, varbind in (*makers, *((octets(varbind), varbind) for varbind in texts)):
            if text and pattern.search(text.decode("latin-1")):
                yield fact(name, varbind, f"brand {pattern.texts[0]}", "high")
    for maker, varbind in makers:
        if maker is not None and not profile.makes(maker.decode("latin-1")):
            yield fact(maker, varbind, "IEEE 1284 key MFG", "high")
    evidence = values.get(_SYS_OBJECT_ID) or next(iter(texts), None)
    if evidence is None:
        evidence = next((item for oid, item in values.items() if oid.startswith(profile.trees)), None)
    if profile.vendor and evidence is not None:
        yield fact(profile.vendor, evidence, "vendor of the profile", "medium")


def _names_a_maker(varbind: Varbind) -> bool:
    """Whether this is sysDescr, hrDeviceDescr or an IEEE 1284 id, wherever the device keeps it."""
    oid, _, value = varbind
    if not isinstance(value, bytes):
        return False
    return oid == _SYS_DESCR or oid.startswith(_HR_DEVICE_DESCR) or (b";" in value and "MFG" in ieee1284(value))


def _too_long(profile: Profile, values: Mapping[Oid, Varbind]) -> Iterator[Problem]:
    for oid in profile.ask.scalars:
        varbind = values.get(oid)
        if varbind is not None and isinstance(varbind[2], bytes) and len(varbind[2]) > MAX_OCTETS:
            text = f"{shown(oid)}: a string of {len(varbind[2])} octets is not looked into"
            yield Problem(code="value-too-long", text=text)


def _disagreements(candidates: Iterable[Fact], chosen: Mapping[str, Fact]) -> Iterator[Problem]:
    for fact in candidates:
        kept = chosen[fact.field]
        if not (fact.field.startswith("meters.") and isinstance(fact.value, int) and isinstance(kept.value, int)):
            continue
        if abs(kept.value - fact.value) > DRIFT:
            text = (
                f"{fact.field}: {shown(kept.oid)} says {kept.value}, "
                f"{shown(fact.oid)} says {fact.value}: the first is kept"
            )
            yield Problem(code="meters-disagree", text=text)
