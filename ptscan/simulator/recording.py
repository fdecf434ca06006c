"""Recordings: rows of ``OID|TAG|VALUE`` both ways, and played; pure.

TAG is the decimal BER tag of the value, with an ``x`` behind it where VALUE is hexadecimal content octets:

    2 INTEGER   4 OCTET STRING   5 NULL   6 OBJECT IDENTIFIER   64 IpAddress   65 Counter32   66 Gauge32   67 TimeTicks
    68 Opaque   69 NSAP          70 Counter64                   71 UInteger32

A text value is octets: whatever the file holds between the second bar and the end of the line goes onto the wire, of
any character set, further bars included. There is no escape: octets that would break the line are written as
hexadecimal. Blank lines and lines that begin with ``#`` are passed over. Numbers are played as they are written, also
those that don't fit their type: real devices send such.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import NoReturn

from codec import (
    COUNTER32,
    COUNTER64,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NSAP,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    TIMETICKS,
    UINTEGER32,
    Oid,
    OidError,
    Value,
    Varbind,
    format_oid,
    oid_key,
    oid_precedes,
    parse_oid,
)
from ptscan.simulator.encoding import content_of, signed, varbind
from ptscan.simulator.errors import RecordingError
from ptscan.simulator.limits import MAX_RECORDING_OCTETS, MAX_RECORDING_ROWS, MAX_VALUE_OCTETS
from ptscan.simulator.table import Table, View

_NUMBER_LIMITS = {
    COUNTER32: 0xFFFF_FFFF,
    GAUGE32: 0xFFFF_FFFF,
    TIMETICKS: 0xFFFF_FFFF,
    UINTEGER32: 0xFFFF_FFFF,
    COUNTER64: 0xFFFF_FFFF_FFFF_FFFF,
}
_NUMBERS = frozenset({INTEGER, *_NUMBER_LIMITS})
_STRINGS = frozenset({OCTET_STRING, OPAQUE, NSAP})
_TAGS = _NUMBERS | _STRINGS | {NULL, OBJECT_IDENTIFIER, IP_ADDRESS}
_TAG = re.compile(rb"(\d{1,3})(x?)")
_INTEGER = re.compile(r"[+-]?\d{1,20}")
_PLAIN_TEXT = re.compile(rb"(?:[!-{}~](?:[ -{}~]*[!-{}~])?)?")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded device; a recording is its own view, because it never changes.

    ``notes`` says, in words for a person, what was odd in the file but could be played.
    """

    path: str
    table: Table[bytes] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        return self.path

    @property
    def varbinds(self) -> tuple[Varbind, ...]:
        """Every row in order, decoded."""
        return tuple(_decode(oid, cell) for oid, cell in zip(self.table.oids, self.table.cells, strict=True))

    def at(self, now: float) -> View:
        return self

    def get(self, oid: Oid) -> bytes | None:
        place = self.table.index.get(oid)
        return None if place is None else self.table.cells[place]

    def step(self, oid: Oid) -> tuple[Oid, bytes] | None:
        table = self.table
        place = table.after(oid)
        return (table.oids[place], table.cells[place]) if place < len(table.oids) else None

    def knows(self, prefix: Oid) -> bool:
        return self.table.knows(prefix)


def parse_recording(data: bytes, path: Path | str) -> Recording:
    """Read the octets of a ``.snmprec`` file.

    ``path`` is only named in errors. Rows may stand in any order and more than once (the last one is played): the
    recording's ``notes`` say so. Raises RecordingError, which names the file, the line, the fault and how to mend it.
    """
    if len(data) > MAX_RECORDING_OCTETS:
        raise RecordingError(path, None, f"{len(data)} octets, at most {MAX_RECORDING_OCTETS} are played", "split it")
    rows: dict[Oid, bytes] = {}
    previous: Oid | None = None
    unsorted = doubled = 0
    first_unsorted = first_doubled = 0
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        oid, cell = parse_row(line.removesuffix(b"\r"), number, path)
        if oid in rows:
            doubled += 1
            first_doubled = first_doubled or number
        elif previous is not None and not oid_precedes(previous, oid):
            unsorted += 1
            first_unsorted = first_unsorted or number
        previous = oid
        rows[oid] = cell
        if len(rows) > MAX_RECORDING_ROWS:
            raise RecordingError(path, number, f"more than {MAX_RECORDING_ROWS} rows", "split the recording")
    if not rows:
        raise RecordingError(
            path, None, "no row in it", "each line has to be OID|TAG|VALUE, as in 1.3.6.1.2.1.1.5.0|4|name"
        )
    notes = []
    if doubled:
        notes.append(f"{doubled} rows stand more than once (first on line {first_doubled}): the last one is played")
    if unsorted:
        notes.append(f"{unsorted} rows out of order (first on line {first_unsorted}): played in order")
    return Recording(str(path), Table(rows), tuple(notes))


def parse_row(line: bytes, number: int, path: Path | str) -> tuple[Oid, bytes]:
    """The name and the whole varbind of one line; raises RecordingError."""

    def broken(fault: str, mend: str) -> NoReturn:
        raise RecordingError(path, number, fault, mend) from None

    parts = line.split(b"|", 2)
    if len(parts) < 3:
        broken("not OID|TAG|VALUE", "mend or remove the line")
    name, tag_text, value = parts
    try:
        oid = parse_oid(_ascii(name.strip(b". \t")))
    except OidError as error:
        broken(str(error), "write the OID as numbers with dots between them")
    match = _TAG.fullmatch(tag_text.strip())
    if match is None:
        if b":" in tag_text:
            broken(f"tag {_ascii(tag_text)!r} asks for a variation module", "record plain values instead")
        broken(f"tag {_ascii(tag_text)!r} is no number", "write the decimal BER tag, 4 for text, 4x for hexadecimal")
    tag = int(match[1])
    if tag not in _TAGS:
        broken(f"tag {tag} is no type of SNMP", "known are " + ", ".join(map(str, sorted(_TAGS))))
    try:
        content = bytes.fromhex(_ascii(value)) if match[2] else _content(tag, value)
    except (ValueError, OidError) as error:
        kind = "hexadecimal octets" if match[2] else _EXPECTED.get(tag, "a value of its type")
        why = f" ({error})" if isinstance(error, OidError) else ""
        broken(f"value {_ascii(value[:60])!r} is not {kind}{why}", "mend or remove the line")
    if len(content) > MAX_VALUE_OCTETS:
        broken(f"value of {len(content)} octets, at most {MAX_VALUE_OCTETS} fit into an answer", "shorten it")
    return oid, varbind(oid, tag, content)


_EXPECTED = {
    **dict.fromkeys(_NUMBERS, "a whole number of at most 64 bits"),
    OBJECT_IDENTIFIER: "numbers with dots between them",
    IP_ADDRESS: "an IPv4 address",
    NULL: "empty",
}


def _ascii(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")


def _content(tag: int, value: bytes) -> bytes:
    """The content octets of a value written as text; raises ValueError or OidError."""
    if tag in _STRINGS:
        return value
    text = _ascii(value).strip()
    if tag in _NUMBERS:
        if text and not _INTEGER.fullmatch(text):
            raise ValueError(text)
        number = int(text or "0")
        if not -(2**63) <= number < 2**64:
            raise ValueError(text)
        return signed(number)
    if tag == OBJECT_IDENTIFIER:
        return parse_oid(text.strip(".") or "0.0")
    if tag == IP_ADDRESS:
        try:
            return IPv4Address(text).packed
        except AddressValueError as error:
            raise ValueError(text) from error
    if text:
        raise ValueError(text)
    return b""


def _decode(oid: Oid, cell: bytes) -> Varbind:
    tag, content = content_of(cell, oid)
    value: Value = content
    if tag in _NUMBERS:
        number = int.from_bytes(content, "big", signed=True)
        value = number & _NUMBER_LIMITS[tag] if tag in _NUMBER_LIMITS else number
    elif tag == NULL:
        value = None
    return oid, tag, value


def format_recording(varbinds: Iterable[Varbind]) -> bytes:
    """Write varbinds as the octets of a ``.snmprec`` file, in order, the last one where a name comes twice.

    ``parse_recording`` gives the same varbinds back exactly. Text of printable ASCII stays legible, unless it holds a
    bar or begins or ends with a blank; everything else is hexadecimal. Raises ValueError for the three exceptions of
    SNMPv2 (they say that there is no value) and for a value that does not fit its tag.
    """
    rows = {oid: (tag, value) for oid, tag, value in varbinds}
    lines = []
    for oid in sorted(rows, key=oid_key):
        tag, value = rows[oid]
        mark, text = _format_value(tag, value)
        lines.append(b"%s|%d%s|%s\n" % (format_oid(oid).encode(), tag, mark, text))
    return b"".join(lines)


def _format_value(tag: int, value: Value) -> tuple[bytes, bytes]:
    if tag in _NUMBERS and isinstance(value, int):
        return b"", b"%d" % value
    if tag == NULL and value is None:
        return b"", b""
    if isinstance(value, bytes):
        if tag == OBJECT_IDENTIFIER:
            return b"", format_oid(value).encode()
        if tag == IP_ADDRESS:
            return (b"", str(IPv4Address(value)).encode()) if len(value) == 4 else (b"x", value.hex().encode())
        if tag in _STRINGS:
            return (b"", value) if _PLAIN_TEXT.fullmatch(value) else (b"x", value.hex().encode())
    raise ValueError(f"a value of Python type {type(value).__name__} can't be recorded with tag {tag}")
