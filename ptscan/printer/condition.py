"""What a printer says of its condition: status, conditions, alerts and the console's display."""

from typing import Final

from codec import Oid
from proto_schema import Alert, Status, Supply, Tray
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, book_fact, fact_text, facts_on
from ptscan.printer.rows import Columns, Index, index_text, number, octets, text

STATUS_COLUMNS: Final[tuple[Oid, ...]] = (
    standard.HR_DEVICE_STATUS,
    standard.HR_PRINTER_STATUS,
    standard.HR_PRINTER_DETECTED_ERROR_STATE,
)
ALERT_COLUMNS: Final[tuple[Oid, ...]] = (
    standard.PRT_ALERT_SEVERITY,
    standard.PRT_ALERT_GROUP,
    standard.PRT_ALERT_GROUP_INDEX,
    standard.PRT_ALERT_CODE,
    standard.PRT_ALERT_DESCRIPTION,
)

MAX_ALERTS: Final = 32
MAX_DISPLAY_LINES: Final = 16

_RUNNING, _WARNING, _TESTING, _DOWN = 2, 3, 4, 5  # hrDeviceStatus
_OTHER, _IDLE, _PRINTING, _WARMUP = 1, 3, 4, 5  # hrPrinterStatus


def read_status(columns: Columns, device: Index | None, ledger: Ledger) -> Status:
    """Return the status of the printer in hrDeviceTable's row ``device`` by the table of RFC 3805 section 2.2.13.2."""
    row = dict(columns.table(*STATUS_COLUMNS)).get(device, {}) if device is not None else {}
    state = status_name(number(row, standard.HR_DEVICE_STATUS), number(row, standard.HR_PRINTER_STATUS))
    if state != "unknown":
        proof = row.get(standard.HR_PRINTER_STATUS) or row.get(standard.HR_DEVICE_STATUS)
        ledger.book("status.state", state, proof, rule="hrDeviceStatus with hrPrinterStatus")
    errors = octets(row, standard.HR_PRINTER_DETECTED_ERROR_STATE)
    conditions = condition_names(errors) if errors is not None else []
    if errors is not None:
        ledger.book(
            "status.conditions",
            conditions,
            row[standard.HR_PRINTER_DETECTED_ERROR_STATE],
            rule="bits, the first octet's highest first",
        )
    return Status(state=state, conditions=conditions)


def status_name(device_status: int | None, printer_status: int | None) -> str:
    """Return the state that hrDeviceStatus and hrPrinterStatus stand for together; either may be absent."""
    if printer_status == _WARMUP:  # also "moving on-line", for which RFC 3805 pairs it with down
        return "warmup"
    if device_status == _DOWN:
        return "down"
    if device_status == _WARNING:
        return "warning"
    if printer_status in (_IDLE, _PRINTING):
        return "idle" if printer_status == _IDLE else "printing"
    if device_status == _RUNNING and printer_status == _OTHER:
        return "standby"
    return "unknown"


def condition_names(errors: bytes) -> list[str]:
    """Return the names of the bits set in hrPrinterDetectedErrorState; short octets are padded with zeros."""
    return [
        name
        for bit, name in enumerate(standard.ERROR_BITS)
        if bit >> 3 < len(errors) and errors[bit >> 3] & (0x80 >> (bit & 7))
    ]


def read_alerts(
    columns: Columns, charset: int | None, ledger: Ledger, *, supplies: list[Supply], trays: list[Tray]
) -> list[Alert]:
    """Return an Alert for each row of prtAlertTable, half rows included.

    Rows wander while a device is read, so that the same alert may show under two indexes: it is kept once.
    """
    alerts: list[Alert] = []
    seen = set()
    named = {("input", tray.index): tray.name for tray in trays}
    named |= {("marker-supplies", supply.index): supply.description for supply in supplies}
    for index, row in columns.table(*ALERT_COLUMNS):
        group_code = number(row, standard.PRT_ALERT_GROUP)
        group = standard.ALERT_GROUPS.get(group_code) if group_code is not None else None
        group_index = number(row, standard.PRT_ALERT_GROUP_INDEX)
        severity_code = number(row, standard.PRT_ALERT_SEVERITY)
        code = number(row, standard.PRT_ALERT_CODE)
        description = text(row, standard.PRT_ALERT_DESCRIPTION, charset)
        key = (group_code, group_index, code, description)
        if key in seen or len(alerts) == MAX_ALERTS:
            continue
        seen.add(key)
        location = None
        if group is not None and group_index is not None and group_index > 0:
            # prtAlertGroupIndex is the row's last index; the printer's hrDeviceIndex stands before it.
            row_index = index_text((*index[:1], group_index))
            location = named.get((group, row_index)) or f"{group} {group_index}"
        ledger.book(f"alerts.{len(alerts)}", description, next(iter(row.values())), rule="prtAlertTable")
        alerts.append(
            Alert(
                severity=standard.ALERT_SEVERITIES.get(severity_code, "other") if severity_code is not None else None,
                group=group,
                code=code,
                description=description,
                location=location,
            )
        )
    return alerts


def read_display(columns: Columns, charset: int | None, ledger: Ledger) -> list[str]:
    """Return the lines of the console's display that are not blank (prtConsoleDisplayBufferTable)."""
    lines: list[str] = []
    for _, row in columns.table(standard.PRT_CONSOLE_BUFFER_TEXT)[:MAX_DISPLAY_LINES]:
        if line := text(row, standard.PRT_CONSOLE_BUFFER_TEXT, charset):
            if not lines:
                ledger.book("display", None, row[standard.PRT_CONSOLE_BUFFER_TEXT], rule="prtConsoleDisplayBufferText")
            lines.append(line)
    return lines


def vendor_display(facts: Facts, charset: int | None, ledger: Ledger) -> list[str]:
    """Return the lines of the panel that a vendor's objects hold."""
    lines: list[str] = []
    for _, fact in facts_on("display", facts):
        if (line := fact_text(fact, charset)) is not None:
            if not lines:
                book_fact(ledger, "display", None, fact)
            lines.append(line)
    return lines
