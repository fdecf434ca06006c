"""One Reading out of what a device answered: pure, so that a recording and a wire give the same.

For each field the candidates are asked in order: the most specific profile first, the standard MIB last. Only serial
and total come from the standard first: they are the numbers that a contract names, and a vendor's differs at times.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from codec import Oid, Varbind, format_oid
from proto_schema import Identity, Reading, Supply
from ptscan.printer import condition, identity, meters, standard, supplies, trays
from ptscan.printer.evidence import Evidence, Ledger
from ptscan.printer.rows import Columns, Index
from ptscan.printer.text import decode_text
from ptscan.profiles import DRIFT, Fact, Profile, SumCheck, check_sums, extract

STANDARD_COLUMNS: Final[tuple[Oid, ...]] = (
    standard.HR_DEVICE_TYPE,
    standard.HR_DEVICE_DESCR,
    *condition.STATUS_COLUMNS,
    standard.PRT_GENERAL_CURRENT_LOCALIZATION,
    standard.PRT_CONSOLE_LOCALIZATION,
    standard.PRT_GENERAL_PRINTER_NAME,
    standard.PRT_GENERAL_SERIAL_NUMBER,
    standard.PRT_LOCALIZATION_CHARACTER_SET,
    *meters.COLUMNS,
    *trays.COLUMNS,
    *supplies.COLUMNS,
    standard.PRT_COLORANT_VALUE,
    standard.PRT_CONSOLE_BUFFER_TEXT,
    *condition.ALERT_COLUMNS,
    *identity.MAC_COLUMNS,
)
"""Every column of the standard MIBs that a reading is made of."""

_NEVER_MISSING: Final = frozenset({"index", "state"})


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which device was asked, how and when; ``via`` is ``snmp-1`` or ``snmp-2c``, ``time`` UTC in RFC 3339."""

    address: str
    port: int
    time: str
    via: str | None
    engine_id: str | None = None


class Assembled(msgspec.Struct, frozen=True):
    """A reading and the evidence for each of its values."""

    reading: Reading
    evidence: tuple[Evidence, ...]


def assemble(values: Mapping[Oid, Varbind], profiles: Sequence[Profile], source: Source, ledger: Ledger) -> Assembled:
    """Put one Reading together from every varbind that a device answered with; total: no input raises."""
    columns = Columns(values.values(), STANDARD_COLUMNS)
    device = printer_row(columns)
    charset = _charset(columns, device, standard.PRT_GENERAL_CURRENT_LOCALIZATION)
    console_charset = _charset(columns, device, standard.PRT_CONSOLE_LOCALIZATION) or charset

    facts: dict[str, list[Fact]] = {}
    parts: dict[str, int] = {}
    level_codes: dict[int, str] = {}
    for profile in reversed(profiles):  # the most specific last, so that its word stands
        extraction = extract(profile, values)
        parts |= extraction.parts
        level_codes |= profile.level_codes
        for fact in extraction.facts:
            facts.setdefault(fact.field, []).insert(0, fact)
        for problem in extraction.problems:
            ledger.problem(problem.code, problem.text)

    who = _identity(values, columns, device, facts, ledger)
    counted = _meters(columns, facts, ledger)
    for problem in check_sums(_checks(profiles), parts | counted):
        ledger.problem(problem.code, problem.text)
    tray_rows = trays.read_trays(columns, charset, ledger)
    supply_rows = supplies.read_supplies(columns, charset, level_codes, ledger)
    supply_rows = _with_facts(supply_rows, facts, charset, ledger)
    _mark_coarse(supply_rows, who, profiles, ledger)
    status = condition.read_status(columns, device, ledger)
    alerts = condition.read_alerts(columns, console_charset, ledger, supplies=supply_rows, trays=tray_rows)
    display = condition.read_display(columns, console_charset, ledger) or _display(facts, console_charset, ledger)

    identifier, stable = identity.device_id(who, engine_id=source.engine_id, address=source.address, port=source.port)
    if not stable and profiles:
        ledger.problem(
            "unstable-identity", "The device tells no serial, MAC or engine ID: its device_id is its address."
        )
    reading = Reading(
        device_id=identifier,
        address=source.address,
        port=source.port,
        time=source.time,
        via=[source.via] if source.via else [],
        identity=who,
        meters=counted,
        supplies=supply_rows,
        trays=tray_rows,
        status=status,
        alerts=alerts,
        display=display,
        provenance=ledger.provenance(),
    )
    reading = msgspec.structs.replace(reading, missing=missing_paths(reading), problems=ledger.problems)
    return Assembled(reading, tuple(ledger))


def printer_row(columns: Columns) -> Index | None:
    """Return the printer's hrDeviceIndex: the lowest in hrPrinterTable, else of the type hrDevicePrinter, else the one
    that the Printer-MIB's tables carry; not always 1."""
    for column in (standard.HR_PRINTER_STATUS, standard.HR_PRINTER_DETECTED_ERROR_STATE):
        if rows := columns.column(column):
            return min(rows)[:1]
    printers = [
        index for index, row in columns.column(standard.HR_DEVICE_TYPE).items() if row[2] == standard.HR_DEVICE_PRINTER
    ]
    if printers:
        return min(printers)
    for column in (
        standard.PRT_GENERAL_SERIAL_NUMBER,
        standard.PRT_MARKER_LIFE_COUNT,
        standard.PRT_SUPPLIES_DESCRIPTION,
    ):
        if rows := columns.column(column):
            return min(rows)[:1]
    return None


def missing_paths(reading: Reading) -> list[str]:
    """Return the path of every field that the device did not tell."""
    who = reading.identity
    paths = [f"identity.{name}" for name in who.__struct_fields__ if getattr(who, name) is None]
    paths += [f"meters.{name}" for name in meters.COMMON if name not in reading.meters]
    for name, rows in (("supplies", reading.supplies), ("trays", reading.trays)):
        if not rows:
            paths.append(name)
        for row in rows:
            for field in row.__struct_fields__:
                if field not in _NEVER_MISSING and getattr(row, field) is None:
                    paths.append(f"{name}.{row.index}.{field}")
    if reading.status.state == "unknown":
        paths.append("status.state")
    if "status.conditions" not in reading.provenance:
        paths.append("status.conditions")
    if not reading.display:
        paths.append("display")
    return paths


def _charset(columns: Columns, device: Index | None, localization: Oid) -> int | None:
    """The MIBenum of the charset that the device's ``localization`` object points to (RFC 3805 section 2.2.1.1)."""
    sets = columns.column(standard.PRT_LOCALIZATION_CHARACTER_SET)
    if not sets:
        return None
    current = columns.column(localization).get(device) if device else None
    index = (*device, current[2]) if device and current and isinstance(current[2], int) else min(sets)
    named = sets.get(index)
    return named[2] if named and isinstance(named[2], int) else None


def _identity(
    values: Mapping[Oid, Varbind],
    columns: Columns,
    device: Index | None,
    facts: Mapping[str, list[Fact]],
    ledger: Ledger,
) -> Identity:
    fields: dict[str, str | None] = {}

    def keep(name: str, text: str | None, varbind: Varbind | None, rule: str, profile: str, confidence: str) -> None:
        """Take a text for a field that has none yet."""
        if text is None or fields.get(name) is not None:
            return
        if name == "serial" and identity.is_placeholder(text, fields.get("model")):
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused.")
            return
        if name == "model":
            text = identity.without_maker(text, fields.get("manufacturer"))
        fields[name] = text
        ledger.book(f"identity.{name}", text, varbind, rule=rule, profile=profile, confidence=confidence)

    def take(name: str, varbind: Varbind | None = None, rule: str = "") -> None:
        """Ask the profiles that know better than the standard, then the standard, then the others."""
        offers = facts.get(f"identity.{name}", ())
        for prefer in ("own", "standard"):
            for fact in offers:
                if fact.prefer == prefer:
                    text = decode_text(fact.value) if isinstance(fact.value, bytes) else str(fact.value)
                    keep(name, text, fact.raw, fact.rule, fact.profile, fact.confidence)
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
    if object_id and isinstance(object_id[2], bytes):
        keep("sys_object_id", format_oid(object_id[2]), object_id, "sysObjectID", standard.PROFILE, "high")
    return Identity(**fields)


def _checks(profiles: Sequence[Profile]) -> list[SumCheck]:
    """The sums to hold: for each total the most specific profile's, since it knows what a device counts into it."""
    checks: dict[str, list[SumCheck]] = {}
    for profile in profiles:
        own: dict[str, list[SumCheck]] = {}
        for check in profile.checks:
            own.setdefault(check.total, []).append(check)
        checks = own | checks
    return [check for found in checks.values() for check in found]


def _mark_coarse(rows: list[Supply], who: Identity, profiles: Sequence[Profile], ledger: Ledger) -> None:
    """Say where a model is known to tell its levels in a few steps only."""
    levels = {row.level for row in rows if row.level is not None}
    text = " ".join(filter(None, (who.manufacturer, who.model, who.description)))
    for profile in profiles:
        for coarse in profile.coarse:
            if levels and levels <= coarse.levels and coarse.pattern.search(text):
                steps = ", ".join(map(str, sorted(coarse.levels)))
                ledger.problem("coarse-levels", f"This model tells its supply levels in steps only: {steps}.")


def _meters(columns: Columns, facts: Mapping[str, list[Fact]], ledger: Ledger) -> dict[str, int]:
    counted: dict[str, int] = {}
    if (total := meters.standard_total(columns, ledger)) is not None:
        counted["total"], varbind = total
        ledger.book("meters.total", counted["total"], varbind, rule="prtMarkerLifeCount of the first marker")
    for path, candidates in facts.items():
        section, _, name = path.partition(".")
        if section != "meters":
            continue
        for fact in candidates:
            if not isinstance(fact.value, int):
                continue
            known = counted.get(name)
            # A life count of 0 beside a vendor's greater one is an object that is not kept, not a new machine.
            if known is None or (name == "total" and known == 0 < fact.value):
                counted[name] = fact.value
                ledger.book(
                    path, fact.value, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence
                )
            elif abs(known - fact.value) > DRIFT:
                kept = ledger[path]
                ledger.problem(
                    "meters-disagree",
                    f"{name} is {known} by {kept.rule} ({kept.profile}), but {fact.value} by {fact.rule} "
                    f"({fact.profile}): the first is kept.",
                )
    return {name: counted[name] for name in sorted(counted, key=_meter_order)}


def _meter_order(name: str) -> tuple[int, str]:
    return (meters.COMMON.index(name) if name in meters.COMMON else len(meters.COMMON), name)


_ANY_COLORANT: Final = frozenset({"toner", "toner-cartridge", "ink", "ink-cartridge", None})


def _with_facts(
    rows: list[Supply], facts: Mapping[str, list[Fact]], charset: int | None, ledger: Ledger
) -> list[Supply]:
    """Fill what the standard table leaves open from a vendor's; a supply that only the vendor knows is added.

    A vendor names its supplies by kind and colour, not by the standard's index: what fits several rows fits none.
    """
    known = {row.index: row for row in rows}
    changes: dict[str, dict[str, str | float | None]] = {}
    for path, candidates in facts.items():
        section, _, rest = path.partition(".")
        key, _, field = rest.rpartition(".")
        if section != "supplies":
            continue
        fact = candidates[0]
        fitting = [row.index for row in known.values() if _fits(row, key)]
        if len(fitting) > 1:
            ledger.problem("supply-ambiguous", f"{fact.rule} ({fact.profile}) fits {len(fitting)} supplies: not used.")
            continue
        index = fitting[0] if fitting else key
        old = getattr(known[index], field) if index in known else None
        if old is not None and old not in ("unknown", "some"):
            continue
        value = decode_text(fact.value, charset) if isinstance(fact.value, bytes) else fact.value
        changes.setdefault(index, {})[field] = value
        ledger.book(
            f"supplies.{index}.{field}", value, fact.raw, rule=fact.rule, profile=fact.profile,
            confidence=fact.confidence,
        )  # fmt: skip
    for index, fields in changes.items():
        row = known.get(index) or _named_supply(index)
        percent = fields.get("percent")
        if isinstance(percent, int | float) and "state" not in fields:
            fields["state"] = supplies.state_of(None, percent, receptacle=supplies.is_receptacle(row.kind))
        known[index] = msgspec.structs.replace(row, **fields)
    return list(known.values())


def _fits(row: Supply, key: str) -> bool:
    kind, _, color = key.partition(":")
    if kind == "colorant":
        return row.kind in _ANY_COLORANT and row.color == color
    return row.kind in (kind, f"{kind}-cartridge") and (not color or row.color == color)


def _named_supply(key: str) -> Supply:
    kind, _, color = key.partition(":")
    return Supply(index=key, kind=None if kind == "colorant" else kind, color=color or None)


def _display(facts: Mapping[str, list[Fact]], charset: int | None, ledger: Ledger) -> list[str]:
    lines = []
    for path, candidates in facts.items():
        fact = candidates[0]
        if path.startswith("display.") and isinstance(fact.value, bytes) and (line := decode_text(fact.value, charset)):
            ledger.book("display", None, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence)
            lines.append(line)
    return lines
