"""``ptscan read --explain``: where every value of a reading came from, and what was tried for each that is missing."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from codec import Oid, Varbind, format_oid
from proto_schema import Reading
from ptscan.cli.clean import one_line
from ptscan.cli.endpoints import shown
from ptscan.cli.flat import READINGS_AS_ASKED, Cell, Grid, Shape
from ptscan.cli.netsnmp import TYPE_NAMES
from ptscan.cli.table import screen_width, table, text
from ptscan.cli.words import counted
from ptscan.printer import Attempt, Came, DeviceReading, Evidence, HeldSum, explain, tell_apart
from ptscan.profiles import ProfileSet
from ptscan.snmp import Traffic

RAW_OCTETS: Final = 24  # shown of a value beside its field; longer ones stand below, in whole
ROW_OCTETS: Final = 16
MAX_OCTETS: Final = 1_024  # shown of one value in whole
_BLOCK_CELLS: Final = 5
NARROW: Final = 140  # columns of a screen that no table of this kind fits into

_WORDS: Final = {
    Came.NOT_KNOWN: "not in this profile",
    Came.OTHER_MODEL: "not for this model",
    Came.NOT_ASKED: "not asked",
    Came.NO_ANSWER: "no answer",
    Came.NO_SUCH_OBJECT: "noSuchObject",
    Came.NO_SUCH_INSTANCE: "noSuchInstance",
    Came.NO_ROW: "no such row",
    Came.EMPTY: "empty",
    Came.NO_NUMBER: "no number",
    Came.NO_PARTS: "parts of the sum are missing",
    Came.REFUSED: "refused",
    Came.NOTHING_OF_IT: "says nothing of it",
}


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A value and its proof: ``raw`` is what the device sent, octets in hexadecimal, ``text`` those as far as ASCII."""

    path: str
    value: str | int | float | list[str] | None
    oid: str | None
    type: str | None
    raw: int | str | None
    text: str | None
    profile: str
    rule: str
    confidence: str
    source: str | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An object that could have told a missing field, and what ``came`` back (see ``printer.Came``)."""

    path: str
    profile: str
    rule: str
    oid: str | None
    came: str
    why: str | None
    type: str | None
    raw: int | str | None
    text: str | None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One device's reading with all that stands behind it."""

    reading: Reading
    profiles: list[str]
    requests: int
    sent_octets: int
    received_octets: int
    evidence: list[Proven]
    tried: list[Tried]
    sums: list[HeldSum]


def explained(device: DeviceReading, traffic: Traffic, profiles: ProfileSet) -> Explained:
    """Explain one device's reading; ``traffic`` says what it was asked, ``profiles`` are all there are."""
    explanation = explain(device, profiles, traffic.asked)
    return Explained(
        reading=device.reading,
        profiles=[profile.name for profile in device.profiles],
        requests=traffic.requests,
        sent_octets=traffic.sent_octets,
        received_octets=traffic.received_octets,
        evidence=list(map(_proven, explanation.proofs)),
        tried=list(map(_tried, explanation.attempts)),
        sums=explanation.sums,
    )


def _proven(item: Evidence) -> Proven:
    kind, raw, text = _raw_of(item.varbind)
    return Proven(
        path=item.path, value=item.value, oid=_dotted(item.oid), type=kind, raw=raw, text=text,
        profile=item.profile, rule=item.rule, confidence=item.confidence, source=item.source,
    )  # fmt: skip


def _tried(item: Attempt) -> Tried:
    kind, raw, text = _raw_of(item.varbind)
    return Tried(
        path=item.path, profile=item.profile, rule=item.rule, oid=_dotted(item.oid), came=item.came.value, why=item.why,
        type=kind, raw=raw, text=text,
    )  # fmt: skip


def _dotted(oid: Oid | None) -> str | None:
    return None if oid is None else format_oid(oid)


def _raw_of(varbind: Varbind | None) -> tuple[str | None, int | str | None, str | None]:
    """The type of a value, the value (octets in hexadecimal), and its octets as far as they are ASCII."""
    if varbind is None:
        return None, None, None
    _, tag, value = varbind
    kind = TYPE_NAMES[tag]
    if not isinstance(value, bytes):
        return kind, value, None
    if kind == "OBJECT IDENTIFIER":
        return kind, format_oid(value), None
    return kind, value.hex(), "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in value)


def _told_apart(records: Sequence[Explained]) -> list[Explained]:
    readings = tell_apart([one.reading for one in records])
    return [msgspec.structs.replace(one, reading=reading) for one, reading in zip(records, readings, strict=True)]


def _drawn(records: Sequence[Explained], terminal: bool) -> str:
    narrow = terminal and screen_width() < NARROW
    return "\n\n".join("\n".join(_parts(one, terminal, narrow)) for one in records)


def _parts(one: Explained, terminal: bool, narrow: bool) -> Iterator[str]:
    reading = one.reading
    yield (
        f"{shown(reading.address, reading.port)}: device_id {one_line(reading.device_id)}, "
        f"{' '.join(reading.via) or 'no answer'} at {reading.time}, {counted(one.requests, 'request')}, "
        f"{one.sent_octets + one.received_octets:,} octets; by the profiles {', '.join(one.profiles) or 'of none'}\n"
    )
    for grid in (_evidence(one.evidence), _missing(one.tried), _sums(one.sums), _problems(reading)):
        if grid.rows:
            yield _blocks(grid) if narrow and len(grid.header) > _BLOCK_CELLS else table(grid, terminal)
    if long := _long_values(one):
        yield long


def _evidence(proofs: Sequence[Proven]) -> Grid:
    header = ("field", "value", "object", "profile", "rule", "confidence", "because", "raw")
    return Grid(
        header,
        [
            (
                item.path,
                _value(item),
                item.oid,
                item.profile or None,
                item.rule,
                item.confidence,
                item.source,
                _short(item),
            )
            for item in proofs
        ],
    )


def _value(item: Proven) -> Cell:
    return ", ".join(item.value) or "none" if isinstance(item.value, list) else item.value


def _short(item: Proven | Tried) -> str | None:
    """What the device sent, in one line: the type, and of octets the first in hexadecimal and as text."""
    if item.type is None or item.raw is None:
        return None
    if item.text is None or not isinstance(item.raw, str):
        return f"{item.type} {item.raw}"
    size = len(item.text)
    rest = f" … {counted(size, 'octet')} in all" if size > RAW_OCTETS else ""
    return f'{item.type} {_spaced(item.raw[: 2 * RAW_OCTETS])} "{item.text[:RAW_OCTETS]}"{rest}'


def _spaced(digits: str) -> str:
    return bytes.fromhex(digits).hex(" ")


def _missing(tried: Sequence[Tried]) -> Grid:
    """What was tried, the fields of one row of a table together where the same came of them."""
    rows: dict[tuple[Cell, ...], list[str]] = {}
    for path, profile, item in _worth_telling(tried):
        head, _, field = path.rpartition(".")
        of_row = path.startswith(("supplies.", "trays.", "alerts."))
        key = (head if of_row else path, profile, item.rule or None, item.oid, _what_came(item, profile), _short(item))
        rows.setdefault(key, []).append(field if of_row else "")
    return Grid(
        ("missing", "profile", "tried", "object", "what came", "fields", "raw"),
        [(*rest, ", ".join(fields) or None, raw) for (*rest, raw), fields in rows.items()],
    )


def _worth_telling(tried: Sequence[Tried]) -> Iterator[tuple[str, str, Tried]]:
    """Each attempt with its path and its profile; of what no profile knows one line for all of them."""
    known = {item.path for item in tried if item.came != Came.NOT_KNOWN.value}
    unknown: dict[str, list[str]] = {}
    for item in tried:
        unknown.setdefault(item.path, []).append(item.profile)
    for item in tried:
        if item.came != Came.NOT_KNOWN.value:
            yield item.path, item.profile, item
        elif item.path not in known and (profiles := unknown.pop(item.path, [])):
            yield item.path, ", ".join(profiles), item


def _what_came(item: Tried, profile: str) -> str:
    words = _WORDS[Came(item.came)]
    if item.came == Came.NOT_KNOWN.value and ", " in profile:
        words = "not in these profiles"
    return f"{words}: {item.why}" if item.why else words


def _sums(sums: Sequence[HeldSum]) -> Grid:
    return Grid(
        ("sum", "parts", "added", "told", "holds"),
        [
            (
                one.whole,
                " + ".join(f"{name} {value}" for name, value in one.parts.items()),
                (added := sum(one.parts.values())),
                one.value,
                ("yes" if one.holds else "no") + (f", {abs(added - one.value):,} apart" if added != one.value else ""),
            )
            for one in sums
        ],
    )


def _problems(reading: Reading) -> Grid:
    return Grid(("problem", "what it is"), [(problem.code, problem.text) for problem in reading.problems])


def _blocks(grid: Grid) -> str:
    """A grid for a narrow screen: what a row is about in one line, where it comes from and its octets below."""
    lines = []
    for first, second, *others, last in grid.rows:
        lines.append(f"{text(first)}: {text(second)}")
        rest = "  ".join(text(cell) for cell in others if cell is not None)
        lines += [f"    {line}" for line in (rest, None if last is None else text(last)) if line]
    return "\n".join(lines) + "\n"


def _long_values(one: Explained) -> str:
    """The values that were cut above, each once and in whole, as a dump of its octets."""
    lines = []
    seen = set()
    items: list[Proven | Tried] = [*one.evidence, *one.tried]
    for item in items:
        if item.text is None or len(item.text) <= RAW_OCTETS or item.oid in seen or not isinstance(item.raw, str):
            continue
        seen.add(item.oid)
        lines.append(f"{item.oid} = {item.type}, {counted(len(item.text), 'octet')}:")
        for at in range(0, min(len(item.text), MAX_OCTETS), ROW_OCTETS):
            digits = _spaced(item.raw[2 * at : 2 * (at + ROW_OCTETS)])
            lines.append(f"    {at:04x}  {digits:<{3 * ROW_OCTETS}} {item.text[at : at + ROW_OCTETS]}")
        if len(item.text) > MAX_OCTETS:
            lines.append("    …")
    return "\n".join(lines) + "\n" if lines else ""


def _rows(records: Sequence[Explained]) -> Grid:
    """One row for each value and each attempt, for a spreadsheet."""
    header = ("address", "port", "device_id", "path", "value", "oid", "type", "raw", "text", "profile", "rule",
              "confidence", "source", "came", "why")  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in records:
        place = one.reading.address, one.reading.port, one.reading.device_id
        rows += (
            (*place, it.path, _value(it), it.oid, it.type, it.raw, it.text, it.profile, it.rule, it.confidence,
             it.source, None, None)
            for it in one.evidence
        )  # fmt: skip
        rows += (
            (*place, it.path, None, it.oid, it.type, it.raw, it.text, it.profile, it.rule, None, None, it.came, it.why)
            for it in one.tried
        )
    return Grid(header, rows)


def _short_rows(records: Sequence[Explained]) -> Grid:
    return READINGS_AS_ASKED.short([one.reading for one in records])


EXPLANATIONS: Final = Shape[Explained](_rows, _short_rows, draw=_drawn, revise=_told_apart)
