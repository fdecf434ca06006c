"""What a device said -> facts, each with the rule and the object that it comes from.

Pure and total: a hostile value never raises, it becomes a problem or nothing. A field gets one fact: of several that
could fill it, the one of higher confidence, then the earlier rule of the file. Meters that disagree are told.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from codec import TIMETICKS, Oid, Varbind, format_oid, parse_oid
from proto_schema import Problem
from ptscan.profiles.decoders import DECODERS, MAX_OCTETS, ieee1284, pml_text
from ptscan.profiles.labels import label_key
from ptscan.profiles.profile import MAX_TEXT, Profile, RecordRule, ScalarRule, SumCheck, SupplyRule, TableRule
from ptscan.profiles.schema import Confidence, Prefer

MAX_METER: Final = 2**63 - 1
MAX_ROWS: Final = 256
"""Rows of one vendor table that are looked at."""
MAX_PROBLEMS: Final = 16
DRIFT: Final = 5
"""Sides by which counts that were read one after the other may differ: a printer may print while it is read."""
_NO_COUNT: Final = frozenset({0x7FFFFFFF, 0xFFFFFFFF})
"""What devices answer for a counter that they do not keep."""

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
    oid: Oid
    raw: Varbind
    profile: str
    rule: str
    confidence: Confidence
    source: str
    prefer: Prefer
    label: str | None = None


class Extraction(msgspec.Struct, frozen=True):
    """The facts, at most one for a field; ``parts`` are counts that only sums and checks use."""

    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...]
    parts: Mapping[str, int]


def extract(profile: Profile, values: Mapping[Oid, Varbind]) -> Extraction:
    """Read what ``profile`` knows out of everything that the device answered so far (``values``, by object)."""
    problems: list[Problem] = []
    candidates: list[Fact] = []
    for table in profile.tables:
        candidates += _from_table(profile, table, values)
    for record in profile.records:
        candidates += _from_record(profile, record, values, problems)
    for supply in profile.supplies:
        candidates += _from_supplies(profile, supply, values)
    for scalar in profile.scalars:
        candidates += _from_scalar(profile, scalar, values, problems)
    chosen = _choose(candidates, problems)
    for fact in _from_sums(profile, chosen):
        chosen.setdefault(fact.field, fact)
    manufacturer = _manufacturer(profile, values)
    if manufacturer is not None:
        chosen.setdefault(manufacturer.field, manufacturer)
    return Extraction(
        facts=tuple(fact for field, fact in chosen.items() if not field.startswith("meters._")),
        problems=tuple(problems[:MAX_PROBLEMS]),
        parts={
            field.removeprefix("meters."): fact.value
            for field, fact in chosen.items()
            if field.startswith("meters._") and isinstance(fact.value, int)
        },
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
        names = " + ".join(n for n in check.parts.needed + check.parts.optional if n in meters)
        text = f"{names.replace('_', ' ').strip()} is {added}, but {check.total.replace('_', ' ')} is {total}"
        problems.append(Problem(code="sums-disagree", text=text))
    return tuple(problems)


def _choose(candidates: list[Fact], problems: list[Problem]) -> dict[str, Fact]:
    chosen: dict[str, Fact] = {}
    for fact in sorted(candidates, key=lambda fact: _RANK[fact.confidence]):
        first = chosen.setdefault(fact.field, fact)
        if (
            fact.field.startswith("meters.")
            and isinstance(first.value, int)
            and isinstance(fact.value, int)
            and abs(first.value - fact.value) > DRIFT
        ):
            text = (
                f"{fact.field}: {_shown(first.oid)} says {first.value}, "
                f"{_shown(fact.oid)} says {fact.value}: the first is kept"
            )
            problems.append(Problem(code="meters-disagree", text=text))
    return chosen


def _shown(oid: Oid) -> str:
    try:
        return format_oid(oid)
    except ValueError:
        return oid.hex()


def _count(varbind: Varbind) -> int | None:
    """A count: a number that is not negative, also one written in digits; None for anything else."""
    _, tag, value = varbind
    if isinstance(value, bytes):
        digits = value.strip(b" \0")
        if not (digits.isdigit() and len(digits) <= 18):
            return None
        value = int(digits)
    if value is None or tag == TIMETICKS or not 0 <= value <= MAX_METER or value in _NO_COUNT:
        return None
    return value


def _octets(varbind: Varbind, problems: list[Problem]) -> bytes | None:
    value = varbind[2]
    if not isinstance(value, bytes):
        return None
    if len(value) > MAX_OCTETS:
        text = f"{_shown(varbind[0])}: a string of {len(value)} octets is not looked into"
        problems.append(Problem(code="value-too-long", text=text))
        return None
    return value


def _label(varbind: Varbind | None) -> str | None:
    """The label or the type code in a label column, as text."""
    value = varbind[2] if varbind is not None else None
    if isinstance(value, int):
        return str(value)
    if value is None or len(value) > MAX_TEXT:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _rows(values: Mapping[Oid, Varbind], column: Oid) -> Iterator[tuple[Oid, Varbind]]:
    """The cells of a column as (index, varbind), at most MAX_ROWS."""
    found = 0
    for oid, varbind in values.items():
        if oid.startswith(column) and len(oid) > len(column):
            yield oid[len(column) :], varbind
            found += 1
            if found == MAX_ROWS:
                return


def _from_table(profile: Profile, rule: TableRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    for index, varbind in _rows(values, rule.value):
        count = _count(varbind)
        if count is None:
            continue
        label = None if rule.label is None else _label(values.get(rule.label + index))
        meter = None if label is None else rule.labels.get(label_key(label))
        how = f"label {label!r}" if meter else f"code in index of {_shown(varbind[0])}"
        meter = meter or rule.index.get(index)
        if meter is not None:
            yield Fact(
                field=f"meters.{meter}", value=count, oid=varbind[0], raw=varbind, profile=profile.name, rule=how,
                confidence=rule.confidence, source=rule.source, label=label, prefer=_preference(meter),
            )  # fmt: skip


def _preference(meter: str) -> Prefer:
    """The life count of the standard MIB is the total; for every other meter the vendor knows more."""
    return "standard" if meter == "total" else "own"


def _from_record(
    profile: Profile, rule: RecordRule, values: Mapping[Oid, Varbind], problems: list[Problem]
) -> Iterator[Fact]:
    varbind = values.get(rule.oid)
    octets = _octets(varbind, problems) if varbind is not None else None
    if varbind is None or octets is None:
        return
    for name, number in DECODERS[rule.decoder](octets):
        field = rule.fields.get(name)
        if field is None:
            continue
        value = _recorded(rule, field, number)
        if value is None:
            continue
        yield Fact(
            field=field, value=value, oid=varbind[0], raw=varbind, profile=profile.name,
            rule=f"{rule.decoder} record {name}", confidence=rule.confidence, source=rule.source, label=name,
            prefer=_preference(field.removeprefix("meters.")),
        )  # fmt: skip


def _recorded(rule: RecordRule, field: str, number: int) -> str | int | float | None:
    if field.endswith(".state"):
        return rule.states.get(number)
    if field.endswith(".percent"):
        percent = round(number * rule.scale, 1)
        return percent if 0 <= percent <= 100 else None
    return None if number in _NO_COUNT else number


def _from_supplies(profile: Profile, rule: SupplyRule, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    for index, varbind in _rows(values, rule.percent):
        label = _label(values.get(rule.name + index))
        supply = None if label is None else rule.names.get(label_key(label))
        level = varbind[2]
        if supply is None or not isinstance(level, int):
            continue
        state = rule.codes.get(level)
        value = state if state is not None else level if 0 <= level <= 100 else None
        if value is not None:
            yield Fact(
                field=f"supplies.{supply}.{'state' if state else 'percent'}",
                value=value if state else float(value), oid=varbind[0], raw=varbind, profile=profile.name,
                rule=f"name {label!r}", confidence=rule.confidence, source=rule.source, label=label, prefer="own",
            )  # fmt: skip


def _from_scalar(
    profile: Profile, rule: ScalarRule, values: Mapping[Oid, Varbind], problems: list[Problem]
) -> Iterator[Fact]:
    varbind = values.get(rule.oid)
    if varbind is None or varbind[2] is None:
        return
    value: int | bytes | None
    if rule.field.startswith("meters."):
        value = _count(varbind)
    else:
        octets = _octets(varbind, problems)
        value = None if octets is None else _cut(rule, octets)
    if value is not None:
        yield Fact(
            field=rule.field, value=value, oid=varbind[0], raw=varbind, profile=profile.name, rule=_how(rule),
            confidence=rule.confidence, source=rule.source, prefer=rule.prefer,
        )  # fmt: skip


def _how(rule: ScalarRule) -> str:
    if rule.format == "ieee1284":
        return f"IEEE 1284 key {rule.key}"
    if rule.pattern is not None:
        return f"pattern {rule.pattern.texts[0]}"
    return "scalar" if rule.format == "plain" else f"scalar, {rule.format}"


def _cut(rule: ScalarRule, octets: bytes) -> bytes | None:
    """The octets that a rule keeps of a text, or None where nothing is left."""
    if rule.format == "pml":
        octets = pml_text(octets)
    elif rule.key is not None:
        octets = ieee1284(octets).get(rule.key, b"")
    if rule.pattern is not None:
        # Latin-1 gives every octet a character, so that what is cut out turns back into the device's own octets.
        match = rule.pattern.search(octets.decode("latin-1"))
        octets = (match[1] or "").encode("latin-1") if match else b""
    octets = octets.strip(b" \t\r\n\0")
    return None if not octets or octets.decode("latin-1").casefold() in rule.skip else octets


def _from_sums(profile: Profile, chosen: Mapping[str, Fact]) -> Iterator[Fact]:
    meters = {
        field.removeprefix("meters."): fact.value
        for field, fact in chosen.items()
        if field.startswith("meters.") and isinstance(fact.value, int)
    }
    for rule in profile.sums:
        value = rule.parts.add(meters)
        if value is None or rule.meter in meters or value > MAX_METER:
            continue
        used = [chosen[f"meters.{name}"] for name in rule.parts.needed + rule.parts.optional if name in meters]
        worst = max(used, key=lambda fact: _RANK[fact.confidence])
        meters[rule.meter] = value
        yield Fact(
            field=f"meters.{rule.meter}", value=value, oid=used[0].oid, raw=used[0].raw, profile=profile.name,
            rule="sum of " + " + ".join(_shown(fact.oid) for fact in used), confidence=worst.confidence,
            source=worst.source, label=" + ".join(fact.label for fact in used if fact.label) or None,
            prefer=_preference(rule.meter),
        )  # fmt: skip


def _manufacturer(profile: Profile, values: Mapping[Oid, Varbind]) -> Fact | None:
    """Who made the printer: a brand that its texts name, the maker of its IEEE 1284 id, else the profile's vendor."""
    texts = [varbind for oid in (_SYS_DESCR, *profile.identify) if (varbind := values.get(oid)) is not None]
    texts += [varbind for _, varbind in _rows(values, _HR_DEVICE_DESCR)]
    makers = [(ieee1284(v[2]).get("MFG", b""), v) for v in texts if isinstance(v[2], bytes)]

    def fact(name: str | bytes, varbind: Varbind, rule: str, confidence: Confidence) -> Fact:
        return Fact(
            field="identity.manufacturer", value=name, oid=varbind[0], raw=varbind, profile=profile.name, rule=rule,
            confidence=confidence, source=profile.source, prefer="own",
        )  # fmt: skip

    for pattern, name in profile.brands:
        for octets, varbind in [*makers, *((v[2], v) for v in texts)]:
            if isinstance(octets, bytes) and pattern.search(octets[:MAX_TEXT].decode("latin-1")):
                return fact(name, varbind, f"brand {pattern.texts[0]}", "high")
    for maker, varbind in makers:
        if maker and maker.decode("latin-1").casefold() not in profile.mfg:
            return fact(maker, varbind, "IEEE 1284 key MFG", "high")
    if not profile.vendor:
        return None
    evidence = values.get(_SYS_OBJECT_ID) or next(iter(texts), None) or next(iter(values.values()), None)
    return None if evidence is None else fact(profile.vendor, evidence, "vendor of the profile", "medium")
