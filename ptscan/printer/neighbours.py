"""Several printers behind one address: a print server with ports keeps a row of prtGeneralTable for each of them.

A reading is of one printer. Where there are more, it is of the first, the rows of the others are left out, and it says
so: merged counters and supplies would be nobody's.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from codec import Oid, Varbind, oid_arcs
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.placeholders import plain, serial_fault
from ptscan.printer.rows import Columns, Index
from ptscan.printer.text import decode_text

COLUMNS: Final[tuple[Oid, ...]] = (standard.HR_DEVICE_TYPE, standard.PRT_GENERAL_SERIAL_NUMBER)
"""What tells printers behind one address apart."""

_PRINTER_TABLES: Final[tuple[Oid, ...]] = (
    standard.PRT_GENERAL_CURRENT_LOCALIZATION,
    standard.PRT_GENERAL_SERIAL_NUMBER,
    standard.PRT_MARKER_LIFE_COUNT,
    standard.PRT_SUPPLIES_LEVEL,
    standard.PRT_INPUT_CURRENT_LEVEL,
)
_DEVICE_ARC: Final = 11
"""Where hrDeviceIndex stands in the name of an object of the Printer-MIB: behind group, table, entry and column."""


def may_be_several(columns: Columns) -> bool:
    """Whether the Printer-MIB has rows of more than one device; which they are, COLUMNS tell."""
    return len(_devices(columns)) > 1


def printers_behind(columns: Columns) -> list[int]:
    """Return the hrDeviceIndex of each printer, where there is more than one, else nothing.

    They are several where their serials differ, or where hrDeviceTable calls them all printers and no serial says that
    they are one: a machine with a fax or a scanner has rows of its own for these.
    """
    devices = _devices(columns)
    serials = {
        index[0]: plain(serial)
        for index, (_, _, octets) in columns.column(standard.PRT_GENERAL_SERIAL_NUMBER).items()
        if isinstance(octets, bytes) and (serial := decode_text(octets)) and serial_fault(serial) is None
    }
    typed = {
        index[0]
        for index, (_, _, kind) in columns.column(standard.HR_DEVICE_TYPE).items()
        if kind == standard.HR_DEVICE_PRINTER
    }
    if len(set(serials.values())) > 1:
        return sorted(serials)
    printers = sorted(device for device in devices if device in typed)
    told = {serials[device] for device in printers if device in serials}
    return printers if len(printers) > 1 and not told else []


def without_others(
    values: Mapping[Oid, Varbind], printers: Sequence[int], device: Index | None, ledger: Ledger
) -> dict[Oid, Varbind]:
    """Leave out what the Printer-MIB tells of other printers than ``device``, and say so."""
    shown = device[0] if device else printers[0]
    others = {printer for printer in printers if printer != shown}
    count = len(printers)
    ledger.problem(
        "several-printers",
        f"There are {count} printers behind this address: the reading is of the one with hrDeviceIndex {shown} alone.",
    )
    return {oid: varbind for oid, varbind in values.items() if not _belongs_to(oid, others)}


def _devices(columns: Columns) -> set[int]:
    return {index[0] for column in _PRINTER_TABLES for index in columns.column(column)}


def _belongs_to(oid: Oid, devices: set[int]) -> bool:
    """Whether this is an object of the Printer-MIB in a row of one of ``devices``."""
    if not oid.startswith(standard.PRINTER_MIB):
        return False
    arcs = oid_arcs(oid)
    return len(arcs) > _DEVICE_ARC and arcs[_DEVICE_ARC] in devices
