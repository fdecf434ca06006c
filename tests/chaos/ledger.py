"""What was meant to be spooled and what the spool acknowledged, written down beside it and read again by the checker.

One line for each, appended by one system call: `intent ID DIGEST .` before a put, `spooled ID SEQUENCE .` after it
returned, `refused ID WHY .` where it raised. A process that is killed may leave half a line; that is why each ends in
a dot and why each life begins with a new one. It shares no code with the spool or the store.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_INTENT, _SPOOLED, _REFUSED = "intent", "spooled", "refused"


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


class Ledger:
    """One life's pen."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.write(self._file, b"\n")

    def intend(self, bodies: Iterable[tuple[str, bytes]]) -> None:
        self._write(f"{_INTENT} {name} {digest_of(body)} .\n" for name, body in bodies)

    def spooled(self, numbers: Iterable[tuple[str, int]]) -> None:
        self._write(f"{_SPOOLED} {name} {number} .\n" for name, number in numbers)

    def refused(self, names: Iterable[str], why: str) -> None:
        self._write(f"{_REFUSED} {name} {why} .\n" for name in names)

    def _write(self, lines: Iterable[str]) -> None:
        octets = "".join(lines).encode()
        while octets:
            octets = octets[os.write(self._file, octets) :]


@dataclass
class Told:
    """All that a ledger says."""

    intended: dict[str, str] = field(default_factory=dict)
    """Name -> digest of its body."""
    spooled: dict[str, int] = field(default_factory=dict)
    """Name -> the number that the put returned for it."""
    refused: dict[str, str] = field(default_factory=dict)
    """Name -> why."""


def read_ledger(path: Path) -> Told:
    """What the ledger says; half a line says nothing."""
    told = Told()
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            match line.split():
                case [kind, name, digest, "."] if kind == _INTENT:
                    told.intended[name] = digest
                case [kind, name, number, "."] if kind == _SPOOLED:
                    told.spooled[name] = int(number)
                case [kind, name, why, "."] if kind == _REFUSED:
                    told.refused[name] = why
    return told
