"""What a device said -> facts, each with the rule and the object that it comes from.

Pure and total: a hostile value never raises, it becomes a problem or nothing. A field gets one fact: of several that
could fill it the one of higher confidence, then the earlier one. Meters that disagree are told.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from codec import Oid, Varbind
from proto_schema import Problem
from ptscan.profiles.counting import count_all
from ptscan.profiles.decoders import MAX_OCTETS
from ptscan.profiles.fact import Extraction, Fact
from ptscan.profiles.meters import preference, spoken
from ptscan.profiles.naming import manufacturer, text_facts
from ptscan.profiles.profile import Profile, SumCheck
from ptscan.profiles.schema import Confidence
from ptscan.profiles.supplying import supply_facts
from ptscan.profiles.values import MAX_METER, shown

MAX_PROBLEMS: Final = 16
DRIFT: Final = 5
"""Sides by which counts that were read one after the other may differ: a printer may print while it is read."""

_SUM_OF: Final = "sum of "
_RANK: Final[Mapping[Confidence, int]] = {"high": 0, "medium": 1, "low": 2}


def extract(profile: Profile, values: Mapping[Oid, Varbind]) -> Extraction:
    """Read what ``profile`` knows out of everything that the device answered so far (``values``, by object)."""
    problems = list(_too_long(profile, values))
    candidates, counters = count_all(profile, values)
    candidates += supply_facts(profile, values, problems)
    candidates += text_facts(profile, values)
    candidates.sort(key=lambda fact: _RANK[fact.confidence])
    chosen: dict[str, Fact] = {}
    for fact in candidates:
        chosen.setdefault(fact.field, fact)
    for fact in (*_from_sums(profile, chosen), *manufacturer(profile, values)):
        chosen.setdefault(fact.field, fact)
    problems += _disagreements(candidates, chosen)
    return Extraction(
        facts=tuple(fact for field, fact in chosen.items() if not field.startswith("meters._")),
        spare=tuple(f for f in candidates if f.field.startswith("identity.") and f is not chosen[f.field]),
        problems=tuple(problems[:MAX_PROBLEMS]),
        parts={name: number for name, number in _meters(chosen).items() if name.startswith("_")},
        counters=tuple(counters),
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
        names = " + ".join(map(spoken, check.parts.there(meters)))
        text = f"{names} is {added}, but {spoken(check.total)} is {total}"
        problems.append(Problem(code="sums-disagree", text=text))
    return tuple(problems)


def _meters(facts: Mapping[str, Fact]) -> dict[str, int]:
    """The counts among the facts, by the name of the meter or part."""
    return {
        field.removeprefix("meters."): fact.value
        for field, fact in facts.items()
        if field.startswith("meters.") and isinstance(fact.value, int)
    }


def _from_sums(profile: Profile, chosen: Mapping[str, Fact]) -> Iterator[Fact]:
    """The meters that are sums, each of what was read and of the sums before it."""
    known = dict(chosen)
    for rule in profile.sums:
        meters = _meters(known)
        value = rule.parts.add(meters)
        if value is None or rule.meter in meters or value > MAX_METER:
            continue
        used = [known[f"meters.{name}"] for name in rule.parts.there(meters)]
        worst = max(used, key=lambda fact: _RANK[fact.confidence])
        field = f"meters.{rule.meter}"
        added = Fact(
            field=field, value=value, raw=used[0].raw, profile=profile.name,
            rule=_SUM_OF + " + ".join(map(_added_up, used)), confidence=worst.confidence,
            source=worst.source, label=" + ".join(fact.label for fact in used if fact.label) or None,
            prefer=preference(field),
        )  # fmt: skip
        known[field] = added
        yield added


def _added_up(part: Fact) -> str:
    """The objects that a part of a sum comes from."""
    return part.rule.removeprefix(_SUM_OF) if part.rule.startswith(_SUM_OF) else shown(part.oid)


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
                f"{spoken(fact.field.removeprefix('meters.'))}: {shown(kept.oid)} says {kept.value}, "
                f"{shown(fact.oid)} says {fact.value}: the first is kept"
            )
            yield Problem(code="meters-disagree", text=text)
