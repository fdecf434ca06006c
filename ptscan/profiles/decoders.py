"""How vendors pack values: string headers, IEEE 1284 device ids and the records of one object. Pure and total.

A decoder never raises on what a device sent: what it cannot read is simply not there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

MAX_OCTETS: Final = 4096
"""A string longer than this is no name, device id or counter record; it is not looked into."""

_IEEE1284_NAMES: Final[dict[bytes, str]] = {
    b"MFG": "MFG", b"MANUFACTURER": "MFG", b"MANUFACTURE": "MFG",
    b"MDL": "MDL", b"MODEL": "MDL",
    b"CLS": "CLS", b"CLASS": "CLS",
    b"DES": "DES", b"DESCRIPTION": "DES",
    b"SN": "SN", b"SERN": "SN", b"SERIALNUMBER": "SN",
    b"FWVER": "FWVER", b"FWV": "FWVER",
}  # fmt: skip
IEEE1284_KEYS: Final = frozenset(_IEEE1284_NAMES.values())


def ieee1284(octets: bytes) -> dict[str, bytes]:
    """Read an IEEE 1284 device id into the keys MFG, MDL, CLS, DES, SN, FWVER, whatever their spelling."""
    found: dict[str, bytes] = {}
    if octets[:1] < b" ":  # the id's two-octet length, which leads it on the parallel port and in some devices' answers
        octets = octets[2:]
    for part in octets[:MAX_OCTETS].split(b";"):
        key, colon, value = part.partition(b":")
        name = _IEEE1284_NAMES.get(key.strip().upper()) if colon else None
        if name and value.strip(b" \0"):
            found.setdefault(name, value.strip(b" \0"))
    return found


def pml_text(octets: bytes) -> bytes:
    """Cut the two-octet symbol-set header (01 15 for Roman-8) that leads strings of HP's PML."""
    return octets[2:] if len(octets) >= 2 and octets[0] in (0x00, 0x01) else octets


def brother_records(octets: bytes) -> Iterator[tuple[str, int]]:
    """Read Brother's packed records: id, 01, size, unsigned big-endian number of that size, until a lone ff.

    Counters have the size 04; older printers pack 02. Record ids come out as two lower-case hex digits. What follows a
    record that is cut short or does not fit the form is not looked at.
    """
    at = 0
    while at + 3 <= len(octets) and octets[at + 1] == 1 and octets[at + 2] in (2, 4):
        end = at + 3 + octets[at + 2]
        if end > len(octets):
            return
        yield f"{octets[at]:02x}", int.from_bytes(octets[at + 3 : end])
        at = end


Decoder = Callable[[bytes], Iterator[tuple[str, int]]]
DECODERS: Final[Mapping[str, Decoder]] = {"brother-records": brother_records}
"""The decoders that a profile may name."""
