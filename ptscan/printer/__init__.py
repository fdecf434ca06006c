"""One printer in, one exact Reading out: what to ask, how to understand it, and where each value came from.

I/O: reader.
"""

from ptscan.printer.attempts import Attempt, Came
from ptscan.printer.device_ids import known_by
from ptscan.printer.doubles import APART, Roll, base_id, tell_apart
from ptscan.printer.evidence import Evidence
from ptscan.printer.explaining import Explanation, HeldSum, explain
from ptscan.printer.finding import session_of
from ptscan.printer.history import compare
from ptscan.printer.placeholders import is_label, mac_fault, serial_fault
from ptscan.printer.reader import DeviceReading, read_device

__all__ = [
    "APART",
    "Attempt",
    "Came",
    "DeviceReading",
    "Evidence",
    "Explanation",
    "HeldSum",
    "Roll",
    "base_id",
    "compare",
    "explain",
    "is_label",
    "known_by",
    "mac_fault",
    "read_device",
    "serial_fault",
    "session_of",
    "tell_apart",
]
