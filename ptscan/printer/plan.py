"""What to ask a printer, in as few and as small PDUs as will do.

1. GET      the system group
2. GETNEXT  is it a printer at all? Asked only of what neither sysObjectID nor sysDescr names as one
3. GETBULK  the first rows of the tables that have one row a printer
4. GET      the scalars of the vendor's profile, and what step 3 pointed to
5. GETBULK  supplies; trays; alerts, display, colorants and interfaces; the tables of the vendor's profile
"""

from collections.abc import Mapping
from typing import Final

from codec import Oid, Varbind, oid_from_arcs, parse_oid
from ptscan.printer import condition, identity, meters, standard, supplies, trays
from ptscan.printer.rows import Columns, Index

SYSTEM: Final[tuple[Oid, ...]] = (
    standard.SYS_DESCR,
    standard.SYS_OBJECT_ID,
    standard.SYS_NAME,
    standard.SYS_LOCATION,
    standard.SYS_CONTACT,
)

DEVICE_IDS: Final[tuple[Oid, ...]] = tuple(
    map(
        parse_oid,
        (
            "1.3.6.1.4.1.2699.1.2.1.2.1.1.3",  # ppmPrinterIEEE1284DeviceId (PWG 5107.1)
            "1.3.6.1.4.1.11.2.3.9.1.1.7",  # HP's tree, answered by many makers' boards
            "1.3.6.1.4.1.2435.2.3.9.1.1.7",  # Brother's
        ),
    )
)
"""Where printers keep their IEEE 1284 device ID."""

HEAD: Final[tuple[Oid, ...]] = (
    standard.HR_DEVICE_TYPE,
    standard.HR_DEVICE_DESCR,
    *condition.STATUS_COLUMNS,
    standard.PRT_GENERAL_CURRENT_LOCALIZATION,
    standard.PRT_CONSOLE_LOCALIZATION,
    standard.PRT_GENERAL_PRINTER_NAME,
    standard.PRT_GENERAL_SERIAL_NUMBER,
    standard.PRT_LOCALIZATION_CHARACTER_SET,
    *meters.COLUMNS,
)
HEAD_ROWS: Final = 2

TABLES: Final[tuple[tuple[Oid, ...], ...]] = (
    supplies.COLUMNS,
    trays.COLUMNS,
    (
        *condition.ALERT_COLUMNS,
        standard.PRT_CONSOLE_BUFFER_TEXT,
        standard.PRT_COLORANT_VALUE,
        *identity.MAC_COLUMNS,
    ),
)
"""Columns that are walked side by side."""

MAX_TABLE_ROWS: Final = 64
"""Rows of one table that are asked for."""
MAX_OCTETS: Final = 256 * 1024
"""Octets that one reading may receive; an honest one stays within 8 KiB."""
MAX_SILENT: Final = 2
"""After so many requests without an answer, the reading goes with what there is."""
MAX_SECONDS: Final = 60.0
"""How long one reading may take in all."""


def pointed_at(columns: Columns, device: Index | None) -> list[Oid]:
    """Return the objects that the first rows point to and that did not come with them.

    The printer's row may stand behind others in hrDeviceTable, and its current localisation behind other languages.
    """
    if device is None:
        return []
    wanted = [
        column + suffix(device)
        for column in (standard.HR_DEVICE_DESCR, standard.HR_DEVICE_STATUS)
        if device not in columns.column(column)
    ]
    sets = columns.column(standard.PRT_LOCALIZATION_CHARACTER_SET)
    for localization in (standard.PRT_GENERAL_CURRENT_LOCALIZATION, standard.PRT_CONSOLE_LOCALIZATION):
        current = columns.column(localization).get(device)
        if sets and current and isinstance(current[2], int) and current[2] > 0:
            index = (*device, current[2])
            oid = standard.PRT_LOCALIZATION_CHARACTER_SET + suffix(index)
            if index not in sets and oid not in wanted:
                wanted.append(oid)
    return wanted


def suffix(index: Index) -> bytes:
    """The BER octets of an index, to be put behind a column's."""
    return oid_from_arcs((1, 3, *index))[1:]


def proves_printer(values: Mapping[Oid, Varbind]) -> bool:
    """Whether an answer holds a row of the Printer-MIB, or a 1284 device ID that does not say another class."""
    for oid, (_, _, value) in values.items():
        if value is None:
            continue
        if oid.startswith(standard.PRINTER_TREES):
            return True
        if oid.startswith(DEVICE_IDS) and isinstance(value, bytes):
            upper = value.upper()
            if b"CLS:" not in upper and b"CLASS:" not in upper:
                return b"MDL:" in upper or b"MODEL:" in upper
            if b":PRINTER" in upper.replace(b" ", b""):
                return True
    return False
