"""What the standard objects are called in their MIBs, and which of them tell each field of a table's row."""

from typing import Final

from codec import Oid, parse_oid
from ptscan.printer import standard

NAMES: Final[dict[Oid, str]] = {
    standard.SYS_DESCR: "sysDescr",
    standard.SYS_OBJECT_ID: "sysObjectID",
    standard.SYS_CONTACT: "sysContact",
    standard.SYS_NAME: "sysName",
    standard.SYS_LOCATION: "sysLocation",
    standard.IF_TYPE: "ifType",
    standard.IF_PHYS_ADDRESS: "ifPhysAddress",
    standard.HR_DEVICE_TYPE: "hrDeviceType",
    standard.HR_DEVICE_DESCR: "hrDeviceDescr",
    standard.HR_DEVICE_STATUS: "hrDeviceStatus",
    standard.HR_PRINTER_STATUS: "hrPrinterStatus",
    standard.HR_PRINTER_DETECTED_ERROR_STATE: "hrPrinterDetectedErrorState",
    standard.PRT_GENERAL_PRINTER_NAME: "prtGeneralPrinterName",
    standard.PRT_GENERAL_SERIAL_NUMBER: "prtGeneralSerialNumber",
    standard.PRT_INPUT_MAX_CAPACITY: "prtInputMaxCapacity",
    standard.PRT_INPUT_CURRENT_LEVEL: "prtInputCurrentLevel",
    standard.PRT_INPUT_MEDIA_NAME: "prtInputMediaName",
    standard.PRT_INPUT_NAME: "prtInputName",
    standard.PRT_INPUT_DESCRIPTION: "prtInputDescription",
    standard.PRT_MARKER_COUNTER_UNIT: "prtMarkerCounterUnit",
    standard.PRT_MARKER_LIFE_COUNT: "prtMarkerLifeCount",
    standard.PRT_SUPPLIES_COLORANT_INDEX: "prtMarkerSuppliesColorantIndex",
    standard.PRT_SUPPLIES_CLASS: "prtMarkerSuppliesClass",
    standard.PRT_SUPPLIES_TYPE: "prtMarkerSuppliesType",
    standard.PRT_SUPPLIES_DESCRIPTION: "prtMarkerSuppliesDescription",
    standard.PRT_SUPPLIES_UNIT: "prtMarkerSuppliesSupplyUnit",
    standard.PRT_SUPPLIES_MAX_CAPACITY: "prtMarkerSuppliesMaxCapacity",
    standard.PRT_SUPPLIES_LEVEL: "prtMarkerSuppliesLevel",
    standard.PRT_COLORANT_VALUE: "prtMarkerColorantValue",
    standard.PRT_CONSOLE_BUFFER_TEXT: "prtConsoleDisplayBufferText",
    standard.PRT_ALERT_SEVERITY: "prtAlertSeverityLevel",
    standard.PRT_ALERT_GROUP: "prtAlertGroup",
    standard.PRT_ALERT_GROUP_INDEX: "prtAlertGroupIndex",
    standard.PRT_ALERT_CODE: "prtAlertCode",
    standard.PRT_ALERT_DESCRIPTION: "prtAlertDescription",
}

FIELD_OBJECTS: Final[dict[str, tuple[Oid, ...]]] = {
    "identity.model": (standard.HR_DEVICE_DESCR,),
    "identity.serial": (standard.PRT_GENERAL_SERIAL_NUMBER,),
    "identity.mac": (standard.IF_PHYS_ADDRESS,),
    "identity.name": (standard.SYS_NAME, standard.PRT_GENERAL_PRINTER_NAME),
    "identity.location": (standard.SYS_LOCATION,),
    "identity.contact": (standard.SYS_CONTACT,),
    "identity.description": (standard.SYS_DESCR,),
    "identity.sys_object_id": (standard.SYS_OBJECT_ID,),
    "meters.total": (standard.PRT_MARKER_LIFE_COUNT,),
    "supplies": (standard.PRT_SUPPLIES_LEVEL,),
    "trays": (standard.PRT_INPUT_CURRENT_LEVEL,),
    "status.state": (standard.HR_PRINTER_STATUS, standard.HR_DEVICE_STATUS),
    "status.conditions": (standard.HR_PRINTER_DETECTED_ERROR_STATE,),
    "display": (standard.PRT_CONSOLE_BUFFER_TEXT,),
}
"""Path of a reading -> the objects, or the columns, of the standard MIBs that tell it, the better first."""

ROW_OBJECTS: Final[dict[str, dict[str, tuple[Oid, ...]]]] = {
    "supplies": {
        "kind": (standard.PRT_SUPPLIES_TYPE, standard.PRT_SUPPLIES_DESCRIPTION),
        "color": (standard.PRT_SUPPLIES_COLORANT_INDEX, standard.PRT_SUPPLIES_DESCRIPTION),
        "description": (standard.PRT_SUPPLIES_DESCRIPTION,),
        "part_number": (standard.PRT_SUPPLIES_DESCRIPTION,),
        "serial": (standard.PRT_SUPPLIES_DESCRIPTION,),
        "level": (standard.PRT_SUPPLIES_LEVEL,),
        "capacity": (standard.PRT_SUPPLIES_MAX_CAPACITY,),
        "unit": (standard.PRT_SUPPLIES_UNIT,),
        "percent": (standard.PRT_SUPPLIES_LEVEL, standard.PRT_SUPPLIES_MAX_CAPACITY),
        "state": (standard.PRT_SUPPLIES_LEVEL,),
        "coarse": (standard.PRT_SUPPLIES_MAX_CAPACITY,),
    },
    "trays": {
        "name": (standard.PRT_INPUT_NAME, standard.PRT_INPUT_DESCRIPTION),
        "media": (standard.PRT_INPUT_MEDIA_NAME,),
        "level": (standard.PRT_INPUT_CURRENT_LEVEL,),
        "capacity": (standard.PRT_INPUT_MAX_CAPACITY,),
        "state": (standard.PRT_INPUT_CURRENT_LEVEL,),
    },
    "alerts": {
        "severity": (standard.PRT_ALERT_SEVERITY,),
        "group": (standard.PRT_ALERT_GROUP,),
        "code": (standard.PRT_ALERT_CODE,),
        "description": (standard.PRT_ALERT_DESCRIPTION,),
        "location": (standard.PRT_ALERT_GROUP_INDEX,),
    },
}
"""Section of a reading -> field of its rows -> the columns that tell it, the better first."""

TABLES: Final[dict[str, Oid]] = {
    "supplies": parse_oid("1.3.6.1.2.1.43.11.1.1"),
    "trays": parse_oid("1.3.6.1.2.1.43.8.2.1"),
    "alerts": parse_oid("1.3.6.1.2.1.43.18.1.1"),
}
"""Section of a reading -> the standard table that it is made of."""


def index_of(section: str, oid: Oid) -> bytes | None:
    """The octets of the index, where an object is a cell of the section's standard table; None otherwise."""
    for columns in ROW_OBJECTS[section].values():
        for column in columns:
            if oid.startswith(column):
                return oid[len(column) :]
    return None
