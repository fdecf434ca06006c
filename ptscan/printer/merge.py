"""What the profiles know joins what the standard MIBs tell, each value with its evidence.

A profile's fact says whether it is to be preferred to the standard's value. Serial and total are the standard's where
it tells them: they are the numbers that contracts name, and a vendor's differ at times.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from codec import Oid, Varbind
from proto_schema import Identity, Supply
from ptscan.printer import identity, meters, standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.rows import Columns, Index, oid_text
from ptscan.printer.supplies import is_receptacle, state_of
from ptscan.printer.text import decode_text
from ptscan.profiles import DRIFT, Fact, Profile, SumCheck, ieee1284

Facts: TypeAlias = dict[str, list[Fact]]
"""The facts of all profiles by field, the most specific profile's first."""

_NAMES: Final = frozenset({"manufacturer", "model", "serial", "firmware", "asset"})
"""The fields in which a dash means that there is nothing."""

_COLORANTS: Final = frozenset({"toner", "toner-cartridge", "ink", "ink-cartridge", None})
"""The kinds that a vendor may mean who names a supply by its colour alone."""


def merge_identity(
    values: Mapping[Oid, Varbind], columns: Columns, device: Index | None, facts: Facts, ledger: Ledger
) -> Identity:
    """Return who the printer is; a placeholder for a serial is refused, and the next source is asked."""
    fields: dict[str, str | None] = {}

    def keep(name: str, text: str | None, varbind: Varbind, rule: str, profile: str, confidence: str) -> None:
        if text is None or name in fields or (name in _NAMES and not any(map(str.isalnum, text))):
            return
        if name == "serial" and identity.is_placeholder(text, fields.get("model")):
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused.")
            return
        if name == "model":
            # Some put the whole device ID there, some append their firmware ("AltaLink C8045; SS 100.002…").
            if (named := ieee1284(text.encode()).get("MDL")) is not None:
                text = named.decode()
            text = identity.without_maker(text.partition(";")[0].rstrip() or text, fields.get("manufacturer"))
        fields[name] = text
        ledger.book(f"identity.{name}", text, varbind, rule=rule, profile=profile, confidence=confidence)

    def take(name: str, varbind: Varbind | None = None, rule: str = "") -> None:
        """Ask the facts that know better than the standard, then the standard, then the other facts."""
        for prefer in ("own", "standard"):
            for fact in facts.get(f"identity.{name}", ()):
                if fact.prefer == prefer:
                    keep(name, _text(fact), fact.raw, fact.rule, fact.profile, fact.confidence)
            if prefer == "own" and varbind and isinstance(varbind[2], bytes):
                keep(name, decode_text(varbind[2]), varbind, rule, standard.PROFILE, "high")

    descriptions = columns.column(standard.HR_DEVICE_DESCR)
    take("manufacturer")
    take("model", descriptions.get(device) if device else None, "hrDeviceDescr of the printer's row")
    take("serial", columns.first(standard.PRT_GENERAL_SERIAL_NUMBER), "prtGeneralSerialNumber")
    take("firmware")
    take("asset")
    take("name", values.get(standard.SYS_NAME), "sysName")
    take("name", columns.first(standard.PRT_GENERAL_PRINTER_NAME), "prtGeneralPrinterName")
    take("location", values.get(standard.SYS_LOCATION), "sysLocation")
    take("contact", values.get(standard.SYS_CONTACT), "sysContact")
    take("description", values.get(standard.SYS_DESCR), "sysDescr")
    if (chosen := identity.choose_mac(columns)) is not None:
        keep("mac", *chosen, "ifPhysAddress of the first interface that is no loopback", standard.PROFILE, "high")
    object_id = values.get(standard.SYS_OBJECT_ID)
    if object_id and (dotted := oid_text(object_id)) is not None:
        keep("sys_object_id", dotted, object_id, "sysObjectID", standard.PROFILE, "high")
    return Identity(**fields)


def merge_meters(columns: Columns, facts: Facts, ledger: Ledger) -> dict[str, int]:
    """Return the meters, the common ones first; where two sources differ, the first is kept and the ledger says so."""
    counted: dict[str, int] = {}
    if (total := meters.standard_total(columns, ledger)) is not None:
        counted["total"], varbind = total
        ledger.book("meters.total", counted["total"], varbind, rule="prtMarkerLifeCount of the first marker")
    for path, fact in _of("meters", facts):
        name = path.removeprefix("meters.")
        known = counted.get(name)
        if not isinstance(fact.value, int):
            continue
        # A life count of 0 beside a vendor's greater one is an object that is not kept, not a new machine.
        if known is None or (name == "total" and known == 0 < fact.value):
            counted[name] = fact.value
            _book(ledger, path, fact.value, fact)
        elif abs(known - fact.value) > DRIFT:
            kept = ledger[path]
            ledger.problem(
                "meters-disagree",
                f"{name} is {known} by {kept.rule} ({kept.profile}), but {fact.value} by {fact.rule} "
                f"({fact.profile}): the first is kept.",
            )
    return {name: counted[name] for name in sorted(counted, key=_meter_order)}


def sums_to_hold(profiles: Sequence[Profile]) -> list[SumCheck]:
    """Return the sums to hold: for each total the most specific profile's, which knows what counts into it."""
    checks: dict[str, list[SumCheck]] = {}
    for profile in profiles:
        own: dict[str, list[SumCheck]] = {}
        for check in profile.checks:
            own.setdefault(check.total, []).append(check)
        checks = own | checks
    return [check for found in checks.values() for check in found]


def merge_supplies(rows: list[Supply], facts: Facts, charset: int | None, ledger: Ledger) -> list[Supply]:
    """Fill what the standard table leaves open from a vendor's; a supply that only the vendor knows is added.

    A vendor names its supplies by kind and colour, not by the standard's index: what fits several rows fits none.
    """
    known = {row.index: row for row in rows}
    changes: dict[str, dict[str, str | float | None]] = {}
    for path, fact in _of("supplies", facts):
        key, _, field = path.removeprefix("supplies.").rpartition(".")
        fitting = [row.index for row in rows if _fits(row, key)]
        if len(fitting) > 1:
            ledger.problem("supply-ambiguous", f"{fact.rule} ({fact.profile}) fits {len(fitting)} supplies: not used.")
            continue
        index = fitting[0] if fitting else key.rstrip(":")
        if index in known and getattr(known[index], field) not in (None, "unknown", "some"):
            continue
        if field in changes.setdefault(index, {}):
            continue
        if index not in known and not changes[index]:
            _book(ledger, f"supplies.{index}", None, fact)
        value = changes[index][field] = _text(fact, charset) if isinstance(fact.value, bytes) else fact.value
        _book(ledger, f"supplies.{index}.{field}", value, fact)
    for index, fields in changes.items():
        row = known.get(index) or _named_supply(index)
        percent = fields.get("percent")
        if isinstance(percent, int | float) and "state" not in fields:
            fields["state"] = state_of(None, percent, receptacle=is_receptacle(row.kind))
        known[index] = msgspec.structs.replace(row, **fields)
    return list(known.values())


def mark_coarse(rows: list[Supply], who: Identity, profiles: Sequence[Profile], ledger: Ledger) -> None:
    """Say where a model is known to tell its levels in a few steps only."""
    levels = {row.level for row in rows if row.level is not None}
    text = " ".join(filter(None, (who.manufacturer, who.model, who.description)))
    for profile in profiles:
        for coarse in profile.coarse:
            if levels and levels <= coarse.levels and coarse.pattern.search(text):
                steps = ", ".join(map(str, sorted(coarse.levels)))
                ledger.problem("coarse-levels", f"This model tells its supply levels in steps only: {steps}.")


def vendor_display(facts: Facts, charset: int | None, ledger: Ledger) -> list[str]:
    """Return the lines of the panel that a vendor's objects hold."""
    lines: list[str] = []
    for _, fact in _of("display", facts):
        if (line := _text(fact, charset)) is not None:
            if not lines:
                _book(ledger, "display", None, fact)
            lines.append(line)
    return lines


def _of(section: str, facts: Facts) -> list[tuple[str, Fact]]:
    """The facts on one section of the reading, with their paths."""
    return [(path, fact) for path, found in facts.items() if path.startswith(f"{section}.") for fact in found]


def _text(fact: Fact, charset: int | None = None) -> str | None:
    return decode_text(fact.value, charset) if isinstance(fact.value, bytes) else str(fact.value)


def _book(ledger: Ledger, path: str, value: str | float | None, fact: Fact) -> None:
    ledger.book(path, value, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence)


def _meter_order(name: str) -> tuple[int, str]:
    return (meters.COMMON.index(name) if name in meters.COMMON else len(meters.COMMON), name)


def _fits(row: Supply, key: str) -> bool:
    kind, _, color = key.partition(":")
    if kind == "colorant":
        return row.kind in _COLORANTS and row.color == color
    return row.kind in (kind, f"{kind}-cartridge") and (not color or row.color == color)


def _named_supply(key: str) -> Supply:
    kind, _, color = key.partition(":")
    return Supply(index=key, kind=None if kind == "colorant" else kind, color=color or None)
