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
from ptscan.profiles import Fact, Profile, extract

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

_STANDARD_FIRST: Final = frozenset({"identity.serial", "meters.total"})
_SUPPLY_FIELDS: Final = frozenset(Supply.__struct_fields__) - {"index"}
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
    for profile in profiles:
        extraction = extract(profile, values)
        for fact in extraction.facts:
            facts.setdefault(fact.field, []).append(fact)
        for problem in extraction.problems:
            ledger.problem(problem.code, problem.text)

    who = _identity(values, columns, device, facts, charset, ledger)
    counted = _meters(columns, facts, ledger)
    tray_rows = trays.read_trays(columns, charset, ledger)
    supply_rows = _with_facts(supplies.read_supplies(columns, charset, ledger), facts, charset, ledger)
    status = condition.read_status(columns, device, ledger)
    alerts = condition.read_alerts(columns, console_charset, ledger, supplies=supply_rows, trays=tray_rows)
    display = condition.read_display(columns, console_charset, ledger) or _display(facts, console_charset, ledger)

    identifier, stable = identity.device_id(who, engine_id=source.engine_id, address=source.address, port=source.port)
    if not stable:
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
    charset: int | None,
    ledger: Ledger,
) -> Identity:
    fields: dict[str, str | None] = {}

    def offer(name: str, varbind: Varbind | None, rule: str) -> None:
        """Take the standard object for a field that has no value yet."""
        if fields.get(name) is None and varbind and isinstance(varbind[2], bytes):
            keep(name, decode_text(varbind[2]), varbind, rule, standard.PROFILE, "high")

    def keep(name: str, text: str | None, varbind: Varbind | None, rule: str, profile: str, confidence: str) -> None:
        if text is None or fields.get(name) is not None:
            return
        if name == "serial" and identity.is_placeholder(text, fields.get("model")):
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused.")
            return
        if name == "model":
            text = identity.without_maker(text, fields.get("manufacturer"))
        fields[name] = text
        ledger.book(f"identity.{name}", text, varbind, rule=rule, profile=profile, confidence=confidence)

    def take_facts(name: str) -> None:
        for fact in facts.get(f"identity.{name}", ()):
            value = fact.value
            text = decode_text(value) if isinstance(value, bytes) else str(value)
            keep(name, text, fact.raw, fact.rule, fact.profile, fact.confidence)

    device_descr = columns.column(standard.HR_DEVICE_DESCR)
    take_facts("manufacturer")
    take_facts("model")
    offer("model", device_descr.get(device) if device else columns.first(standard.HR_DEVICE_DESCR), "hrDeviceDescr")
    offer("serial", columns.first(standard.PRT_GENERAL_SERIAL_NUMBER), "prtGeneralSerialNumber")
    for name in ("serial", "firmware", "asset", "name", "location", "contact", "mac"):
        take_facts(name)
    offer("name", values.get(standard.SYS_NAME), "sysName")
    offer("name", columns.first(standard.PRT_GENERAL_PRINTER_NAME), "prtGeneralPrinterName")
    offer("location", values.get(standard.SYS_LOCATION), "sysLocation")
    offer("contact", values.get(standard.SYS_CONTACT), "sysContact")
    offer("description", values.get(standard.SYS_DESCR), "sysDescr")
    if (chosen := identity.choose_mac(columns)) is not None:
        mac, varbind = chosen
        fields["mac"] = mac
        ledger.book("identity.mac", mac, varbind, rule="ifPhysAddress of the first interface that is no loopback")
    object_id = values.get(standard.SYS_OBJECT_ID)
    if object_id and isinstance(object_id[2], bytes):
        fields["sys_object_id"] = format_oid(object_id[2])
        ledger.book("identity.sys_object_id", fields["sys_object_id"], object_id, rule="sysObjectID")
    return Identity(**fields)


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
            if not isinstance(fact.value, int) or fact.value < 0:
                continue
            known = counted.get(name)
            if known is None or (name == "total" and known == 0 < fact.value):
                counted[name] = fact.value
                ledger.book(
                    path, fact.value, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence
                )
            elif known != fact.value:
                ledger.problem(
                    "meter-disagrees",
                    f"{name} is {known} by {ledger[path].rule}, but {fact.value} by {fact.rule} ({fact.profile}).",
                )
    meters.check_sums(counted, ledger)
    return {name: counted[name] for name in sorted(counted, key=_meter_order)}


def _meter_order(name: str) -> tuple[int, str]:
    return (meters.COMMON.index(name) if name in meters.COMMON else len(meters.COMMON), name)


def _with_facts(
    rows: list[Supply], facts: Mapping[str, list[Fact]], charset: int | None, ledger: Ledger
) -> list[Supply]:
    """Fill what the standard table leaves open from a vendor's; a row that only the vendor knows is added."""
    known = {row.index: row for row in rows}
    changes: dict[str, dict[str, str | int | float | None]] = {}
    for path, candidates in facts.items():
        section, _, rest = path.partition(".")
        index, _, field = rest.rpartition(".")
        if section != "supplies" or field not in _SUPPLY_FIELDS or not index:
            continue
        row = known.get(index)
        old = getattr(row, field) if row else None
        if old is not None and old not in ("unknown", "some"):
            continue
        fact = candidates[0]
        value = decode_text(fact.value, charset) if isinstance(fact.value, bytes) else fact.value
        changes.setdefault(index, {})[field] = value
        ledger.book(path, value, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence)
    for index, fields in changes.items():
        row = known.get(index) or Supply(index=index)
        percent = fields.get("percent")
        if isinstance(percent, int | float):
            fields["percent"] = round(min(100.0, max(0.0, float(percent))), 1)
            fields.setdefault(
                "state", supplies.state_of(None, fields["percent"], receptacle=supplies.is_receptacle(row.kind))
            )
        known[index] = msgspec.structs.replace(row, **fields)
    return list(known.values())


def _display(facts: Mapping[str, list[Fact]], charset: int | None, ledger: Ledger) -> list[str]:
    lines = []
    for path, candidates in facts.items():
        fact = candidates[0]
        if path.startswith("display.") and isinstance(fact.value, bytes) and (line := decode_text(fact.value, charset)):
            ledger.book("display", None, fact.raw, rule=fact.rule, profile=fact.profile, confidence=fact.confidence)
            lines.append(line)
    return lines
