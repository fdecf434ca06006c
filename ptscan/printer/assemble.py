"""One Reading out of what a device answered: pure, so that a recording and a wire give the same.

The standard MIBs are read by RFC 3805's rules, the vendor's objects by the profiles; the module of each section joins
the two.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from codec import Oid, Varbind
from proto_schema import Reading
from ptscan.printer import condition, identity, joining, meters, neighbours, plan, standard, supplies, trays
from ptscan.printer.device_ids import device_id
from ptscan.printer.evidence import Evidence, Ledger
from ptscan.printer.facts import Facts
from ptscan.printer.rows import Columns, Index
from ptscan.profiles import Counter, Profile, check_sums, extract

_NEVER_MISSING: Final = frozenset({"index", "state"})


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Which device was asked, how and when; ``via`` is as ``snmp-2c``, ``time`` UTC in RFC 3339.

    ``engine_id`` is hexadecimal.
    """

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
    columns = Columns(values.values(), plan.COLUMNS)
    device = printer_row(columns)
    if printers := neighbours.printers_behind(columns):
        values = neighbours.without_others(values, printers, device, ledger)
        columns = Columns(values.values(), plan.COLUMNS)
    charset = _charset(columns, device, standard.PRT_GENERAL_CURRENT_LOCALIZATION)
    console_charset = _charset(columns, device, standard.PRT_CONSOLE_LOCALIZATION) or charset

    facts: Facts = {}
    parts: dict[str, int] = {}
    level_codes: dict[int, str] = {}
    counters: list[Counter] = []
    for profile in profiles:
        extraction = extract(profile, values)
        parts = {**extraction.parts, **parts}  # the most specific profile comes first, and its word stands
        level_codes = {**profile.level_codes, **level_codes}
        counters += extraction.counters
        for fact in (*extraction.facts, *extraction.spare):
            facts.setdefault(fact.field, []).append(fact)
        for problem in extraction.problems:
            ledger.problem(problem.code, problem.text)

    makers = [name for profile in profiles for name in profile.mfg]
    who = identity.read_identity(values, columns, device, facts, ledger, makers=makers)
    counted = meters.read_meters(columns, facts, ledger)
    for problem in check_sums(meters.sums_to_hold(profiles), parts | counted):
        ledger.problem(problem.code, problem.text)
    tray_rows = trays.read_trays(columns, charset, ledger)
    supply_rows = supplies.read_supplies(columns, charset, level_codes, ledger)
    supply_rows = joining.merge_supplies(supply_rows, facts, charset, ledger)
    supply_rows = joining.mark_coarse(supply_rows, who, profiles, ledger)
    status = condition.read_status(columns, device, ledger)
    alerts = condition.read_alerts(columns, console_charset, ledger, supplies=supply_rows, trays=tray_rows)
    display = condition.read_display(columns, console_charset, ledger) or condition.vendor_display(
        facts, console_charset, ledger
    )

    identifier, stable = device_id(
        who, profiles=profiles, engine_id=source.engine_id, address=source.address, port=source.port
    )
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
        meters_raw=meters.raw_meters(columns, counters, ledger),
    )
    reading = msgspec.structs.replace(reading, missing=missing_paths(reading), problems=ledger.problems)
    return Assembled(reading, tuple(ledger))


def printer_row(columns: Columns) -> Index | None:
    """Return the printer's hrDeviceIndex: the lowest in hrPrinterTable, else of the type hrDevicePrinter, else the one
    that the Printer-MIB's tables carry, else of the devices whose type is not told; not always 1."""
    for column in (standard.HR_PRINTER_STATUS, standard.HR_PRINTER_DETECTED_ERROR_STATE):
        if rows := columns.column(column):
            return min(rows)[:1]
    printers = [
        index for index, row in columns.column(standard.HR_DEVICE_TYPE).items() if row[2] == standard.HR_DEVICE_PRINTER
    ]
    if printers:
        return min(printers)[:1]
    for column in (
        standard.PRT_GENERAL_SERIAL_NUMBER,
        standard.PRT_MARKER_LIFE_COUNT,
        standard.PRT_SUPPLIES_DESCRIPTION,
    ):
        if rows := columns.column(column):
            return min(rows)[:1]
    typed = columns.column(standard.HR_DEVICE_TYPE)
    told = (*columns.column(standard.HR_DEVICE_DESCR), *columns.column(standard.HR_DEVICE_STATUS))
    return min((index for index in told if index not in typed), default=None)


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
    for number, alert in enumerate(reading.alerts):
        paths += [f"alerts.{number}.{field}" for field in alert.__struct_fields__ if getattr(alert, field) is None]
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
