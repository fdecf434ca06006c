"""From a file's form to a profile ready for use, refusing what makes no sense and saying under which key."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from codec import Oid, format_oid, oid_arcs, parse_oid
from ptscan.profiles import schema
from ptscan.profiles.allow_list import STANDARD
from ptscan.profiles.deny_list import denied, denied_walk, leads_to_action
from ptscan.profiles.faults import FaultError, PatternChecker, to_oids, to_states
from ptscan.profiles.labels import label_key
from ptscan.profiles.profile import CoarseLevels, Profile
from ptscan.profiles.ruling import Ruler, make_check, make_sum

_ENTERPRISES: Final = parse_oid("1.3.6.1.4.1")


def compile_profile(form: schema.ProfileFile, file: str, *, check_patterns: bool) -> Profile:
    """Resolve a profile file; ``check_patterns`` compiles every pattern at once instead of when first needed.

    Raises FaultError, which names the key.
    """
    never = to_oids("never_ask", form.never_ask)
    patterns = PatternChecker(check_patterns)
    rule = Ruler(form, patterns)
    match = form.match
    profile = Profile(
        name=form.name,
        vendor=form.vendor,
        source=form.source,
        file=file,
        printers=to_oids("match.sys_object_id", match.sys_object_id),
        family=to_oids("match.family", match.family),
        texts=patterns.all("match.texts", match.texts),
        models=patterns.all("match.models", match.models),
        boards=patterns.all("match.boards", match.boards),
        mfg=tuple(label_key(name) for name in match.mfg),
        trees=to_oids("match.trees", match.trees),
        also=tuple(match.also),
        allow=_allow(to_oids("allow", form.allow)),
        never_ask=never,
        others=to_oids("other.sys_object_id", form.other.sys_object_id),
        other_texts=patterns.all("other.texts", form.other.texts),
        brands=tuple(
            (patterns.all(f"brands[{i}].pattern", [brand.pattern]), brand.name) for i, brand in enumerate(form.brands)
        ),
        identify=to_oids("identify", form.identify),
        scalars=tuple(rule.scalar(f"scalars[{i}]", item) for i, item in enumerate(form.scalars)),
        tables=tuple(rule.table(f"tables[{i}]", item) for i, item in enumerate(form.tables)),
        records=tuple(rule.record(f"records[{i}]", item) for i, item in enumerate(form.records)),
        supplies=tuple(rule.supply(f"supplies[{i}]", item) for i, item in enumerate(form.supplies)),
        sums=tuple(make_sum(f"sums[{i}]", item) for i, item in enumerate(form.sums)),
        checks=tuple(make_check(f"checks[{i}]", item) for i, item in enumerate(form.checks)),
        level_codes=to_states("level_codes", form.level_codes),
        fragile=patterns.all("fragile", [item.pattern for item in form.fragile]),
        coarse=tuple(
            CoarseLevels(patterns.all(f"coarse[{i}].pattern", [item.pattern]), frozenset(item.levels))
            for i, item in enumerate(form.coarse)
        ),
        form=form,
    )
    single = (*profile.ask.scalars, *profile.identify, *chain.from_iterable(chain.from_iterable(profile.ask.rows)))
    walked = tuple(chain.from_iterable(profile.ask.tables))
    _refuse_denied(never, single, (*profile.trees, *walked))
    _refuse_not_allowed(profile.allow, (*single, *walked))
    _refuse_strays(profile.trees, (*profile.identify, *walked))
    return profile


def _allow(subtrees: tuple[Oid, ...]) -> tuple[Oid, ...]:
    for i, oid in enumerate(subtrees):
        if oid.startswith(_ENTERPRISES) and len(oid_arcs(oid)) < len(oid_arcs(_ENTERPRISES)) + 2:
            raise FaultError(f"allow[{i}]", f"{format_oid(oid)} is all that a vendor has: name the parts that are read")
        if not oid.startswith(_ENTERPRISES) and not oid.startswith(STANDARD):
            raise FaultError(f"allow[{i}]", f"{format_oid(oid)} is no vendor's: below 1.3.6.1.4.1 only")
    return subtrees


def _refuse_strays(trees: Iterable[Oid], stepped: Iterable[Oid]) -> None:
    """Refuse trees that are no printer's, and a GETNEXT or a walk that could end where reading acts."""
    for i, oid in enumerate(trees):
        is_vendors = oid.startswith(_ENTERPRISES) and len(oid_arcs(oid)) > len(oid_arcs(_ENTERPRISES))
        if not is_vendors and not oid.startswith(STANDARD):
            raise FaultError(f"match.trees[{i}]", f"{format_oid(oid)} is no vendor's: below 1.3.6.1.4.1 only")
    for oid in stepped:
        if leads_to_action(oid):
            fault = "must not be walked, for reading what stands behind it acts: name the rows (rows, or walk = false)"
            raise FaultError(format_oid(oid), fault)


def _refuse_denied(never: Sequence[Oid], single: Iterable[Oid], walked: Iterable[Oid]) -> None:
    """Refuse a profile that would ask for what nobody may ask for, or for what it closes itself."""
    for oids, closed in ((single, denied), (walked, denied_walk)):
        for oid in oids:
            why = closed(oid)
            own = any(oid.startswith(root) or (closed is denied_walk and root.startswith(oid)) for root in never)
            if why or own:
                raise FaultError(format_oid(oid), f"must never be asked: {why or 'never_ask of this profile'}")


def _refuse_not_allowed(allow: tuple[Oid, ...], asked: Iterable[Oid]) -> None:
    """Refuse a profile that would ask for an object outside of the standard MIBs and of its own ``allow``."""
    inside = (*STANDARD, *allow)
    for oid in asked:
        if not oid.startswith(inside):
            raise FaultError("allow", f"{format_oid(oid)} is asked for and lies below none of the subtrees of allow")
