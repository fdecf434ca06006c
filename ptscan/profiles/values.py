"""Answers made usable: counts, octets, labels, cells of a column, records: each bounded, each absent where none is."""

from collections.abc import Iterator, Mapping
from typing import Final

from codec import OCTET_STRING, TIMETICKS, CodecError, Oid, Varbind, format_oid, oid_arcs
from ptscan.profiles.decoders import DECODERS, MAX_OCTETS
from ptscan.profiles.profile import MAX_TEXT, Patterns, RecordRule

MAX_METER: Final = 2**63 - 1
MAX_ROWS: Final = 256
"""Rows of one vendor table that are looked at."""
NO_COUNT: Final = frozenset({0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD})
"""What devices answer for a counter that they do not keep: the greatest number, or -1, -2, -3 without a sign."""


def count(varbind: Varbind, pattern: Patterns | None = None) -> int | None:
    """A number that is not negative, also one written in digits; None for anything else.

    ``pattern`` cuts the digits out of a text.
    """
    _, tag, value = varbind
    if isinstance(value, bytes):
        if tag != OCTET_STRING:  # the octets of an OID or of an address may look like digits
            return None
        digits = value.strip(b" \0")
        if pattern is not None:
            match = pattern.search(value.decode("latin-1"))
            digits = (match[1] or "").replace(",", "").encode("latin-1") if match else b""
        if not (digits.isdigit() and len(digits) <= 18):
            return None
        value = int(digits)
    if value is None or tag == TIMETICKS or not 0 <= value <= MAX_METER or value in NO_COUNT:
        return None
    return value


def octets(varbind: Varbind | None) -> bytes | None:
    """The octets of a string of at most MAX_OCTETS; None for anything else."""
    value = None if varbind is None else varbind[2]
    return value if isinstance(value, bytes) and len(value) <= MAX_OCTETS else None


def label(varbind: Varbind | None) -> str | None:
    """The label or the type code in a label column, as text."""
    value = None if varbind is None else varbind[2]
    if isinstance(value, int):
        return str(value)
    if value is None or len(value) > MAX_TEXT:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def cells(values: Mapping[Oid, Varbind], column: Oid) -> Iterator[tuple[Oid, Varbind]]:
    """The cells of a column as (index, varbind), at most MAX_ROWS."""
    found = 0
    for oid, varbind in values.items():
        if oid.startswith(column) and len(oid) > len(column):
            yield oid[len(column) :], varbind
            found += 1
            if found == MAX_ROWS:
                return


def records(rule: RecordRule, values: Mapping[Oid, Varbind], section: str) -> Iterator[tuple[str, str, int, Varbind]]:
    """The records of one object that fill fields of ``section``: (id, field, number, the object).

    To the meters belong those that have a name and fill no field, with an empty one.
    """
    varbind = values.get(rule.oid)
    packed = octets(varbind)
    if varbind is None or packed is None:
        return
    for name, number in DECODERS[rule.decoder](packed):
        field = rule.fields.get(name, "")
        if field.startswith(f"{section}.") or (section == "meters" and not field and name in rule.names):
            yield name, field, number, varbind


def index_text(index: Oid) -> str:
    """The arcs of an index as people write them: ``101``, ``2.1.4``."""
    try:
        return ".".join(map(str, oid_arcs(b"\x2b" + index)[2:]))  # 1.3 stands in for the two arcs of the first octet
    except CodecError:
        return index.hex()


def shown(oid: Oid) -> str:
    """Dotted text, or hex for octets that are no OID."""
    try:
        return format_oid(oid)
    except CodecError:
        return oid.hex()
