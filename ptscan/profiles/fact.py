"""What a profile makes of a device's answers: facts, each with its proof, and the counters as they stand."""

from collections.abc import Mapping

import msgspec

from codec import Oid, Varbind
from proto_schema import Problem
from ptscan.profiles.profile import Profile, Rule
from ptscan.profiles.schema import Confidence, Prefer


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a profile knows how to read, and why it is believed.

    ``field`` is ``identity.serial``, ``meters.copy_mono``, ``display.1``, or ``supplies.KIND:COLOR.percent`` (kind
    ``colorant``: the toner or ink of that colour). Octets in ``value`` are text that is not decoded yet. ``prefer``
    says which value wins where the standard MIB tells the field too. ``label`` is what the device says beside it.
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


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A counter as the device tells it, whether it has a canonical meter (or is part of one) or not.

    ``label`` is the device's own, or the vendor's name for its code or object.
    """

    label: str
    value: int
    oid: Oid
    meter: str | None


class Extraction(msgspec.Struct, frozen=True):
    """The facts, at most one for a field; ``parts`` are counts that only sums and checks use.

    ``spare`` are the other facts on the identity, the better first, for where a value turns out to be a placeholder.
    """

    facts: tuple[Fact, ...]
    spare: tuple[Fact, ...]
    problems: tuple[Problem, ...]
    parts: Mapping[str, int]
    counters: tuple[Counter, ...]


def fact(
    profile: Profile, rule: Rule, field: str, value: str | int | float | bytes, raw: Varbind, *, how: str,
    prefer: Prefer, label: str | None = None,
) -> Fact:  # fmt: skip
    """A fact that ``rule`` of ``profile`` gives; ``how`` says in words which part of the rule."""
    return Fact(
        field=field, value=value, raw=raw, profile=profile.name, rule=how, confidence=rule.confidence,
        source=rule.source, label=label, prefer=prefer,
    )  # fmt: skip
