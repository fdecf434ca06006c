"""What can be wrong with a recording, a model, a plan or a port.

InputError
├── RecordingError     a .snmprec file: path, line, fault, how to mend it
├── ModelError         a model of the made-up fleet: name, place in the file, fault
└── PlanError          what was asked for: addresses that are not loopback, more devices than addresses, a fault unknown
PtscanError
└── BindError          the port or the address can't be had
"""

from pathlib import Path

from ptscan.errors import InputError, PtscanError


class RecordingError(InputError):
    """A recording that can't be played. ``line`` counts from 1, None where the file as a whole is meant."""

    def __init__(self, path: Path | str, line: int | None, fault: str, mend: str) -> None:
        self.path = str(path)
        self.line = line
        self.fault = fault
        self.mend = mend
        where = self.path if line is None else f"{self.path}, line {line}"
        super().__init__(f"recording {where}: {fault}; {mend}")


class ModelError(InputError):
    """A model that can't be played; ``where`` names the key or the row."""

    def __init__(self, model: str, where: str, fault: str) -> None:
        self.model = model
        self.where = where
        self.fault = fault
        super().__init__(f"model {model}, {where}: {fault}")


class PlanError(InputError):
    """Something that was asked for can't be simulated; the text says what to ask for instead."""


class BindError(PtscanError):
    """The port can't be had on ``address``."""

    def __init__(self, address: str, port: int, reason: str) -> None:
        self.address = address
        self.port = port
        self.reason = reason
        super().__init__(f"can't listen on {address} port {port}: {reason}")
