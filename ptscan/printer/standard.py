"""The objects of the standard MIBs that a reading needs, and the names of their values.

Names are the MIBs' own; the names of values are theirs in kebab-case (``wasteToner`` -> ``waste-toner``).
"""

import re
from typing import Final

from codec import Oid, parse_oid

PROFILE: Final = "printer-mib"
"""The profile that a value of the standard MIBs is booked under."""

# SNMPv2-MIB (RFC 3418)
SYS_DESCR: Final = parse_oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
SYS_CONTACT: Final = parse_oid("1.3.6.1.2.1.1.4.0")
SYS_NAME: Final = parse_oid("1.3.6.1.2.1.1.5.0")
SYS_LOCATION: Final = parse_oid("1.3.6.1.2.1.1.6.0")

# IF-MIB (RFC 2863)
IF_TYPE: Final = parse_oid("1.3.6.1.2.1.2.2.1.3")
IF_PHYS_ADDRESS: Final = parse_oid("1.3.6.1.2.1.2.2.1.6")
IF_TYPE_LOOPBACK: Final = 24

# HOST-RESOURCES-MIB (RFC 2790)
HR_DEVICE_TYPE: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.2")
HR_DEVICE_DESCR: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.3")
HR_DEVICE_STATUS: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.5")
HR_DEVICE_PRINTER: Final = parse_oid("1.3.6.1.2.1.25.3.1.5")
HR_PRINTER_STATUS: Final = parse_oid("1.3.6.1.2.1.25.3.5.1.1")
HR_PRINTER_DETECTED_ERROR_STATE: Final = parse_oid("1.3.6.1.2.1.25.3.5.1.2")

# Printer-MIB (RFC 3805)
PRT_GENERAL_CURRENT_LOCALIZATION: Final = parse_oid("1.3.6.1.2.1.43.5.1.1.2")
PRT_CONSOLE_LOCALIZATION: Final = parse_oid("1.3.6.1.2.1.43.5.1.1.10")
PRT_GENERAL_PRINTER_NAME: Final = parse_oid("1.3.6.1.2.1.43.5.1.1.16")
PRT_GENERAL_SERIAL_NUMBER: Final = parse_oid("1.3.6.1.2.1.43.5.1.1.17")
PRT_LOCALIZATION_CHARACTER_SET: Final = parse_oid("1.3.6.1.2.1.43.7.1.1.4")
PRT_INPUT_MAX_CAPACITY: Final = parse_oid("1.3.6.1.2.1.43.8.2.1.9")
PRT_INPUT_CURRENT_LEVEL: Final = parse_oid("1.3.6.1.2.1.43.8.2.1.10")
PRT_INPUT_MEDIA_NAME: Final = parse_oid("1.3.6.1.2.1.43.8.2.1.12")
PRT_INPUT_NAME: Final = parse_oid("1.3.6.1.2.1.43.8.2.1.13")
PRT_INPUT_DESCRIPTION: Final = parse_oid("1.3.6.1.2.1.43.8.2.1.18")
PRT_MARKER_COUNTER_UNIT: Final = parse_oid("1.3.6.1.2.1.43.10.2.1.3")
PRT_MARKER_LIFE_COUNT: Final = parse_oid("1.3.6.1.2.1.43.10.2.1.4")
PRT_SUPPLIES_COLORANT_INDEX: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.3")
PRT_SUPPLIES_CLASS: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.4")
PRT_SUPPLIES_TYPE: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.5")
PRT_SUPPLIES_DESCRIPTION: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.6")
PRT_SUPPLIES_UNIT: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.7")
PRT_SUPPLIES_MAX_CAPACITY: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.8")
PRT_SUPPLIES_LEVEL: Final = parse_oid("1.3.6.1.2.1.43.11.1.1.9")
PRT_COLORANT_VALUE: Final = parse_oid("1.3.6.1.2.1.43.12.1.1.4")
PRT_CONSOLE_BUFFER_TEXT: Final = parse_oid("1.3.6.1.2.1.43.16.5.1.2")
PRT_ALERT_SEVERITY: Final = parse_oid("1.3.6.1.2.1.43.18.1.1.2")
PRT_ALERT_GROUP: Final = parse_oid("1.3.6.1.2.1.43.18.1.1.4")
PRT_ALERT_GROUP_INDEX: Final = parse_oid("1.3.6.1.2.1.43.18.1.1.5")
PRT_ALERT_CODE: Final = parse_oid("1.3.6.1.2.1.43.18.1.1.7")
PRT_ALERT_DESCRIPTION: Final = parse_oid("1.3.6.1.2.1.43.18.1.1.8")

PRINTER_MIB: Final = parse_oid("1.3.6.1.2.1.43")

PRINTER_TREES: Final[tuple[Oid, ...]] = tuple(
    parse_oid(f"1.3.6.1.2.1.43.{table}") for table in ("5.1.1.16", "5.1.1.17", "8.2.1", "10.2.1", "11.1.1")
)
"""What in the Printer-MIB proves a printer by one row; hosts with print queues have none of it.

Of prtGeneralTable the name and the serial alone: a GETNEXT of the table as a whole could pass the people in it.
"""


def kebab(name: str) -> str:
    """Turn a MIB's camelCase label into kebab-case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _numbered(names: str, first: int = 1) -> dict[int, str]:
    return {number: kebab(name) for number, name in enumerate(names.split(), first)}


# PrtMarkerSuppliesTypeTC (IANA-PRINTER-MIB, RFC 3805 section 6)
SUPPLY_KINDS: Final = _numbered(
    "other unknown toner wasteToner ink inkCartridge inkRibbon wasteInk opc developer fuserOil solidWax ribbonWax "
    "wasteWax fuser coronaWire fuserOilWick cleanerUnit fuserCleaningPad transferUnit tonerCartridge fuserOiler water "
    "wasteWater glueWaterAdditive wastePaper bindingSupply bandingSupply stitchingWire shrinkWrap paperWrap staples "
    "inserts covers"
)
# PrtMarkerSuppliesSupplyUnitTC
SUPPLY_UNITS: Final = {
    1: "other", 2: "unknown", 3: "ten-thousandths-of-inches", 4: "micrometers", 7: "impressions", 8: "sheets",
    11: "hours", 12: "thousandths-of-ounces", 13: "tenths-of-grams", 14: "hundredths-of-fluid-ounces",
    15: "tenths-of-milliliters", 16: "feet", 17: "meters", 18: "items", 19: "percent",
}  # fmt: skip
SUPPLY_UNIT_PERCENT: Final = 19
# PrtMarkerSuppliesClassTC
SUPPLY_CLASS_CONSUMED: Final = 3
SUPPLY_CLASS_RECEPTACLE: Final = 4

# PrtMarkerCounterUnitTC
COUNTER_UNITS: Final = {
    3: "ten-thousandths-of-inches", 4: "micrometers", 5: "characters", 6: "lines", 7: "impressions", 8: "sheets",
    9: "dot-rows", 11: "hours", 16: "feet", 17: "meters",
}  # fmt: skip

# PrtAlertSeverityLevelTC; 2 was never assigned.
ALERT_SEVERITIES: Final = {1: "other", 3: "critical", 4: "warning", 5: "warning-binary-change-event"}
# PrtAlertGroupTC
ALERT_GROUPS: Final = {
    1: "other",
    **_numbered(
        "hostResourcesMIBStorageTable hostResourcesMIBDeviceTable generalPrinter cover localization input output "
        "marker markerSupplies markerColorant mediaPath channel interpreter consoleDisplayBuffer consoleLights alert",
        first=3,
    ),
    **_numbered("finDevice finSupply finSupplyMediaInput finAttribute", first=30),
}

# hrPrinterDetectedErrorState (RFC 2790, with the second octet of RFC 3805): bit 0 is the first octet's highest.
ERROR_BITS: Final = tuple(
    _numbered(
        "lowPaper noPaper lowToner noToner doorOpen jammed offline serviceRequested inputTrayMissing outputTrayMissing "
        "markerSupplyMissing outputNearFull outputFull inputTrayEmpty overduePreventMaint"
    ).values()
)
