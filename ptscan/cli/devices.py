"""Reads one device for ``scan`` and ``read``: whatever it does costs its own reading alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from ptscan.cli.bugs import bug_line
from ptscan.cli.previous import Earlier
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import ProfileSet
from ptscan.snmp import Outcome, Session, Traffic

READ_AT_ONCE: Final = 256  # devices; each has one request in flight


@dataclass(frozen=True)
class Done:
    """What reading the device at ``address`` came to; without ``device``, ``fault`` tells of a bug of ours."""

    address: str
    port: int
    device: DeviceReading | None
    traffic: Traffic
    fault: str | None
    """Why there is no reading of a printer; None where there is one."""

    @property
    def outcome(self) -> Outcome:
        """How the device answered."""
        return Outcome.OK if self.device is None else self.device.outcome


async def read_at(session: Session, profiles: ProfileSet, earlier: Earlier | None = None) -> Done:
    """Read the device of ``session`` and hold it against an ``earlier`` run.

    Raises nothing, and is bounded in time as ``read_device`` is.
    """
    device = fault = None
    try:
        device = await read_device(session, profiles, at=datetime.now(UTC))
        if earlier is not None:
            device = msgspec.structs.replace(device, reading=earlier.beside(device.reading))
    except Exception as error:
        fault = bug_line(error)
    else:
        if device.outcome is not Outcome.OK or not device.is_printer:
            fault = device.reading.problems[0].text.rstrip(".")
    return Done(session.address, session.port, device, session.traffic, fault)
