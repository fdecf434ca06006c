"""The proof of every single value of a reading: also of the fields of a row, which a reading books together. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from codec import Oid, Varbind, oid_key, parse_oid
from proto_schema import Alert, RawMeter, Reading, Supply, Tray
from ptscan.printer import standard
from ptscan.printer.evidence import Evidence, FieldValue
from ptscan.printer.object_names import NAMES, ROW_OBJECTS, index_of
from ptscan.printer.text import decode_text
from ptscan.profiles import Profile, extract

_BY_LEVEL: Final = frozenset({"percent", "state", "coarse"})
"""Fields of a row that are understood from its level, as the row's own rule says."""


def prove(
    reading: Reading, evidence: Sequence[Evidence], values: Mapping[Oid, Varbind], profiles: Sequence[Profile]
) -> list[Evidence]:
    """Return the proof of each value of ``reading``, in its order; ``evidence`` is what was booked of ``values``.

    Paths are those of ``missing``, with ``device_id``, ``meters_raw.0`` and ``display.0`` beside them.
    """
    booked = {item.path: item for item in evidence}
    proofs = [_device_id(reading, booked)]
    proofs += (item for item in evidence if item.path.startswith(("identity.", "meters.")))
    proofs += (_counter(number, raw, values, profiles) for number, raw in enumerate(reading.meters_raw))
    for supply in reading.supplies:
        proofs += _fields("supplies", supply.index, supply, booked, values)
    for tray in reading.trays:
        proofs += _fields("trays", tray.index, tray, booked, values)
    proofs += (item for item in evidence if item.path.startswith("status."))
    for number, alert in enumerate(reading.alerts):
        proofs += _fields("alerts", str(number), alert, booked, values)
    proofs += _display(reading, booked, values, profiles)
    return proofs


def _device_id(reading: Reading, booked: Mapping[str, Evidence]) -> Evidence:
    kind = reading.device_id.partition(":")[0]
    by_mac = kind == "mac"
    proof = booked.get("identity.mac" if by_mac else "identity.serial")
    rule = "maker and serial"
    if by_mac:
        rule = "MAC, for want of a serial"
    elif kind in ("engine", "address"):
        proof, rule = None, f"{kind}, for want of serial and MAC"
    return Evidence(
        path="device_id",
        value=reading.device_id,
        varbind=proof.varbind if proof else None,
        profile=proof.profile if proof else "",
        rule=rule,
        confidence=proof.confidence if proof else "high",
    )


def _counter(number: int, raw: RawMeter, values: Mapping[Oid, Varbind], profiles: Sequence[Profile]) -> Evidence:
    oid = parse_oid(raw.oid)
    of = next((profile.name for profile in profiles if oid.startswith(profile.allow)), standard.PROFILE)
    meter = f"in meters.{raw.meter}" if raw.meter else "no canonical meter"
    return Evidence(
        path=f"meters_raw.{number}",
        value=raw.value,
        varbind=values.get(oid),
        profile=of,
        rule=f"{raw.label!r}: {meter}",
    )


def _fields(
    section: str,
    index: str,
    row: Supply | Tray | Alert,
    booked: Mapping[str, Evidence],
    values: Mapping[Oid, Varbind],
) -> Iterator[Evidence]:
    """Each field of a row that tells something; what was booked for it alone, else its cell of the standard table."""
    base = booked.get(f"{section}.{index}")
    suffix = index_of(section, base.varbind[0]) if base and base.varbind else None
    for field in row.__struct_fields__:
        value = getattr(row, field)
        if field == "index" or value is None or value is False:
            continue
        path = f"{section}.{index}.{field}"
        if (own := booked.get(path)) is not None:
            yield own
        elif base is not None:
            cell = None if suffix is None else _cell(ROW_OBJECTS[section].get(field, ()), suffix, values)
            yield _of_row(path, value, base, cell, field)


def _cell(columns: Sequence[Oid], suffix: bytes, values: Mapping[Oid, Varbind]) -> tuple[str, Varbind] | None:
    """The first of some columns that says anything in a row, with its name."""
    found = ((NAMES[column], values[column + suffix]) for column in columns if column + suffix in values)
    return next(((name, cell) for name, cell in found if cell[2] != b""), None)


def _of_row(path: str, value: FieldValue, base: Evidence, cell: tuple[str, Varbind] | None, field: str) -> Evidence:
    name, varbind = cell or ("", base.varbind)
    rule = base.rule if field in _BY_LEVEL or not name else name
    return msgspec.structs.replace(base, path=path, value=value, varbind=varbind, rule=rule)


def _display(
    reading: Reading, booked: Mapping[str, Evidence], values: Mapping[Oid, Varbind], profiles: Sequence[Profile]
) -> Iterator[Evidence]:
    """Each line of the display with its own object."""
    base = booked.get("display")
    if base is None or base.varbind is None:
        return
    if base.varbind[0].startswith(standard.PRT_CONSOLE_BUFFER_TEXT):
        rows = sorted((oid for oid in values if oid.startswith(standard.PRT_CONSOLE_BUFFER_TEXT)), key=oid_key)
        cells = [values[oid] for oid in rows if _says(values[oid])]
    else:
        facts = (fact for profile in profiles for fact in extract(profile, values).facts)
        cells = [fact.raw for fact in facts if fact.field.startswith("display.") and _says(fact.raw)]
    for number, (line, cell) in enumerate(zip(reading.display, cells, strict=False)):
        yield msgspec.structs.replace(base, path=f"display.{number}", value=line, varbind=cell)


def _says(varbind: Varbind) -> bool:
    return isinstance(varbind[2], bytes) and decode_text(varbind[2]) is not None
