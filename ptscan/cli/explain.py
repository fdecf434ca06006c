"""``ptscan read --explain``: where every value of a reading came from, and what else was asked for."""

from collections.abc import Iterable
from typing import Final

from codec import Oid, Varbind, format_oid
from proto_schema import Reading
from ptscan.cli.endpoints import shown
from ptscan.cli.flat import Cell, Grid, supply_text
from ptscan.cli.netsnmp import TYPE_NAMES
from ptscan.cli.table import table
from ptscan.cli.words import counted
from ptscan.printer import STANDARD_OBJECTS, DeviceReading, Evidence
from ptscan.profiles import ProfileSet
from ptscan.snmp import Traffic

_RAW_OCTETS: Final = 24  # shown of a value, in hexadecimal and as text


def explanation(device: DeviceReading, traffic: Traffic, profiles: ProfileSet, *, terminal: bool) -> str:
    """Return the whole explanation of one device as lines for a person."""
    reading = device.reading
    asked = frozenset(traffic.asked)
    head = (
        f"{shown(reading.address, reading.port)}: device_id {reading.device_id}, "
        f"{' '.join(reading.via) or 'no answer'} at {reading.time}, {counted(traffic.requests, 'request')}, "
        f"{traffic.sent_octets + traffic.received_octets:,} octets"
    )
    evidence = Grid(
        ("field", "value", "object", "raw", "profile", "rule", "confidence"),
        [_evidence(item, reading) for item in device.evidence],
    )
    missing = Grid(("missing", "asked for it, in vain"), _missing(reading, profiles, asked))
    problems = Grid(("problem", "what it is"), [(problem.code, problem.text) for problem in reading.problems])
    parts = (head + "\n", *(table(grid, terminal) for grid in (evidence, missing, problems)))
    return "\n".join(part for part in parts if part)


def _evidence(item: Evidence, reading: Reading) -> tuple[Cell, ...]:
    value = item.value
    return (
        item.path,
        _row_text(item.path, reading) if value is None else ", ".join(value) if isinstance(value, list) else value,
        format_oid(item.oid) if item.oid else None,
        _raw(item.varbind) if item.varbind else None,
        item.profile,
        item.rule,
        item.confidence,
    )


def _row_text(path: str, reading: Reading) -> str | None:
    """Return what a path stands for that is no single value: a row of a table, or the display."""
    if path == "display":
        return " / ".join(reading.display)
    for supply in reading.supplies:
        if path == f"supplies.{supply.index}":
            return supply_text(supply)
    for tray in reading.trays:
        if path == f"trays.{tray.index}":
            return f"{tray.name or tray.index}: {tray.state if tray.level is None else tray.level} of {tray.capacity}"
    return None


def _missing(reading: Reading, profiles: ProfileSet, asked: frozenset[Oid]) -> list[tuple[Cell, ...]]:
    """Return what is missing, the fields of one row together, and what could have told it and was asked."""
    rows: dict[str, list[str]] = {}
    for path in reading.missing:
        table_row, _, column = path.rpartition(".")
        is_row = path.startswith(("supplies.", "trays."))
        rows.setdefault(table_row if is_row else path, []).append(column if is_row else "")
    return [
        (f"{path}: {', '.join(columns)}" if columns[0] else path, _tried(path, profiles, asked))
        for path, columns in rows.items()
    ]


def _raw(varbind: Varbind) -> str:
    """Return what the device sent: its type, and its octets in hexadecimal and as far as they are ASCII."""
    _, tag, value = varbind
    name = TYPE_NAMES[tag]
    if not isinstance(value, bytes):
        return f"{name} {value}"
    if name == "OBJECT IDENTIFIER":
        return f"{name} {format_oid(value)}"
    head = value[:_RAW_OCTETS]
    letters = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in head)
    rest = f" … {counted(len(value), 'octet')} in all" if len(value) > len(head) else ""
    return f'{name} {head.hex(" ")} "{letters}"{rest}'


def _tried(path: str, profiles: ProfileSet, asked: frozenset[Oid]) -> str:
    """Return the vendors' objects that could have told ``path`` and were asked for."""
    found = dict.fromkeys(oid for oid in _sources(path, profiles) if oid in asked)
    return ", ".join(map(format_oid, found)) or "-"


def _sources(path: str, profiles: ProfileSet) -> Iterable[Oid]:
    if path in STANDARD_OBJECTS:
        yield STANDARD_OBJECTS[path]
    meter = path.removeprefix("meters.")
    for profile in profiles.profiles:
        yield from (rule.oid for rule in profile.scalars if rule.field == path)
        yield from (rule.oid for rule in profile.records if path in rule.fields.values())
        for rule in profile.tables:
            if meter in rule.labels.values() or meter in rule.index.values():
                yield rule.value
