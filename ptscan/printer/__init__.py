"""One printer in, one exact Reading out: what to ask, how to understand it, and where each value came from.

I/O: reader.
"""

from ptscan.printer.evidence import Evidence
from ptscan.printer.reader import DeviceReading, read_device

__all__ = ["DeviceReading", "Evidence", "read_device"]
