"""What to ask a printer, in as few and as small PDUs as will do.

1. GET      the system group
2. GETNEXT  is it a printer at all? Asked only of what neither sysObjectID nor sysDescr names as one
3. GETNEXT  the first row of every table of which one row is enough, and the IEEE 1284 IDs
4. GETBULK  one column of each table that has several rows: how many rows the others are then asked for
5. GETBULK  the other columns of supplies, trays and alerts; devices or markers, where the first row tells nothing
6. GET      what the rows so far point to (the printer's own row, colorants), and the profiles' scalars
7. GETNEXT  the trees of makers who may have made it for this one, where its own objects told no counter
8. GET      rows of a profile that must not be walked
9. GETBULK  the tables of the profiles, side by side; interfaces, where the first is not the one that names the printer
10. GET     MACs that a GETBULK brought damaged

An early end at any step leaves a reading of what came before it.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from codec import Oid, oid_arcs, oid_from_arcs
from ptscan.printer import condition, macs, meters, neighbours, standard, supplies, trays
from ptscan.printer.rows import Columns, Index
from ptscan.profiles import NO_COUNT, Profile

SYSTEM: Final[tuple[Oid, ...]] = (
    standard.SYS_DESCR,
    standard.SYS_OBJECT_ID,
    standard.SYS_NAME,
    standard.SYS_LOCATION,
    standard.SYS_CONTACT,
)

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
    *macs.COLUMNS,
)
"""Columns whose first row is read."""

NEXT_PRINTER: Final[Oid] = oid_from_arcs((*oid_arcs(standard.PRT_GENERAL_CURRENT_LOCALIZATION), 1))
"""What a GETNEXT finds behind it is the row of a second printer at the same address (a print server with ports)."""

NEXT_MARKER: Final[Oid] = oid_from_arcs((*oid_arcs(standard.PRT_MARKER_LIFE_COUNT), 1, 1))
"""What a GETNEXT finds behind it is the life count of a second marker, if the printer has one."""

LEADS: Final[dict[Oid, tuple[Oid, ...]]] = {
    lead: tuple(column for column in columns if column not in (lead, standard.PRT_SUPPLIES_CLASS))
    for lead, columns in (
        (standard.PRT_SUPPLIES_LEVEL, supplies.COLUMNS),
        (standard.PRT_INPUT_CURRENT_LEVEL, trays.COLUMNS),
        (standard.PRT_ALERT_CODE, condition.ALERT_COLUMNS),
        (standard.PRT_CONSOLE_BUFFER_TEXT, ()),
    )
}
"""The column of each table that is read first -> the others."""

COLUMNS: Final[tuple[Oid, ...]] = (
    *(*HEAD, *LEADS, *chain.from_iterable(LEADS.values())),
    *(standard.PRT_COLORANT_VALUE, standard.PRT_SUPPLIES_CLASS),
)
"""Every column of the standard MIBs that a reading is made of."""

FIRST_ROWS: Final = 6
"""Rows that are asked for at first of a leading column; most printers have no more of anything."""
VENDOR_ROWS: Final = 10
"""Rows that are asked for at first of a vendor's table."""
SPARE_ROWS: Final = 2
"""Rows of a vendor's supplies that are asked for beyond those that the standard table has: it may leave some out."""
MAX_TABLE_ROWS: Final = 64
"""Rows of one standard table that are asked for."""
MAX_VENDOR_ROWS: Final = 192
"""The same of a vendor's table: large copiers count a hundred things, and those that matter may come last."""
MAX_COLORANT: Final = 255
MAX_LOCALIZATION: Final = 65535
"""As RFC 3805 has it (prtLocalizationIndex); a greater number may be none that an OID can hold."""
MAX_DAMAGED: Final = 4
"""MACs that are read once more by GET."""
MAX_OCTETS: Final = 256 * 1024
"""Octets that one reading may receive; an honest one stays within 8 KiB."""
MAX_SILENT: Final = 2
"""After so many requests without an answer, the reading goes with what there is."""
MAX_SECONDS: Final = 60.0
"""How long one reading may take in all."""


def pointed_at(columns: Columns, device: Index | None) -> list[Oid]:
    """Return the objects that the rows so far point to and that did not come with them.

    The printer's row may stand behind others in hrDeviceTable, its current localisation behind other languages; of the
    colorants only those are read that a supply has, and the class only of supplies of which nothing is left.
    """
    wanted: list[Oid] = []
    if device is not None:
        row = (standard.HR_DEVICE_DESCR, standard.HR_DEVICE_STATUS)
        wanted += [column + suffix(device) for column in row if device not in columns.column(column)]
        if sets := columns.column(standard.PRT_LOCALIZATION_CHARACTER_SET):
            for localization in (standard.PRT_GENERAL_CURRENT_LOCALIZATION, standard.PRT_CONSOLE_LOCALIZATION):
                current = columns.column(localization).get(device)
                code = current[2] if current else None
                if isinstance(code, int) and 0 < code <= MAX_LOCALIZATION and (*device, code) not in sets:
                    wanted.append(standard.PRT_LOCALIZATION_CHARACTER_SET + suffix((*device, code)))
    for index, (_, _, level) in columns.column(standard.PRT_SUPPLIES_LEVEL).items():
        if level == 0:  # its class tells whether it is empty or full; of no other level it tells anything
            wanted.append(standard.PRT_SUPPLIES_CLASS + suffix(index))
    for index, (_, _, colorant) in columns.column(standard.PRT_SUPPLIES_COLORANT_INDEX).items():
        if isinstance(colorant, int) and 0 < colorant <= MAX_COLORANT:
            wanted.append(standard.PRT_COLORANT_VALUE + suffix((*index[:-1], colorant)))
    return list(dict.fromkeys(wanted))


def rest_of_tables(columns: Columns) -> list[tuple[Oid, tuple[Oid, ...]]]:
    """Return the column of each table that was read first and what is left of it to read.

    Of supplies and trays a device may lack the leading column and have the others. Alerts and the display are empty
    most of the time and are not asked for again.
    """
    always = (standard.PRT_SUPPLIES_LEVEL, standard.PRT_INPUT_CURRENT_LEVEL)
    return [(lead, others) for lead, others in LEADS.items() if others and (columns.column(lead) or lead in always)]


def rows_behind(columns: Columns) -> list[tuple[Oid, ...]]:
    """Return the tables whose first row is not the one that was meant, so that the others have to be read.

    A device without hrPrinterTable may have its printer behind processor and network in hrDeviceTable, a first marker
    may not know its count, and there may be several printers.
    """
    tables: list[tuple[Oid, ...]] = []
    first = columns.first(standard.HR_DEVICE_TYPE)
    printers = columns.column(standard.HR_PRINTER_STATUS) or columns.column(standard.HR_PRINTER_DETECTED_ERROR_STATE)
    if first and first[2] != standard.HR_DEVICE_PRINTER and not printers:
        tables.append((standard.HR_DEVICE_TYPE,))
    count = columns.first(standard.PRT_MARKER_LIFE_COUNT)
    several = len(columns.column(standard.PRT_MARKER_LIFE_COUNT)) > 1
    if several or (count and isinstance(count[2], int) and (count[2] < 0 or count[2] in NO_COUNT)):
        tables.append(meters.COLUMNS)
    if neighbours.may_be_several(columns):
        tables.append(neighbours.COLUMNS)
    return tables


def supply_rows(columns: Columns, profiles: Sequence[Profile]) -> list[tuple[Oid, ...]]:
    """Return the rows of the profiles' supplies that are asked by GET: somewhat more than the standard table has."""
    known = len(columns.column(standard.PRT_SUPPLIES_LEVEL))
    return [row for profile in profiles for rows in profile.ask.rows for row in rows[: known + SPARE_ROWS]]


def interfaces_open(columns: Columns) -> bool:
    """Whether another interface than the first may name the printer better, so that the others have to be read."""
    return any(map(columns.first, macs.COLUMNS)) and not macs.is_final(columns)


def parent(oid: Oid) -> Oid:
    """The object without its last arc: a GETNEXT from there gives the first object below."""
    return oid_from_arcs(oid_arcs(oid)[:-1])


def before(oid: Oid) -> Oid:
    """What stands just before the object: a GETNEXT from there gives it, whatever rows stand beside it."""
    *above, last = oid_arcs(oid)
    return oid_from_arcs((*above, last - 1) if last else above)


def suffix(index: Index) -> bytes:
    """The BER octets of an index, to be put behind a column's."""
    return oid_from_arcs((1, 3, *index))[1:]
