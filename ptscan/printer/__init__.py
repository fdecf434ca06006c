"""One printer in, one exact Reading out: what to ask, how to understand it, and where each value came from.

I/O: reader.
"""

from ptscan.printer.device_ids import known_by
from ptscan.printer.doubles import APART, Roll, tell_apart
from ptscan.printer.evidence import Evidence
from ptscan.printer.history import compare
from ptscan.printer.placeholders import mac_fault, serial_fault
from ptscan.printer.reader import DeviceReading, read_device
from ptscan.printer.standard import STANDARD_OBJECTS

__all__ = [
    "APART",
    "STANDARD_OBJECTS",
    "DeviceReading",
    "Evidence",
    "Roll",
    "compare",
    "known_by",
    "mac_fault",
    "read_device",
    "serial_fault",
    "tell_apart",
]
