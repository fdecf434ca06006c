"""What a killed run had written and not yet noted: the last lines of its JSON Lines file, the torn one mended."""

from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Final

import msgspec

from ptscan.cli.destination import OutputError
from ptscan.cli.journal import Journal
from ptscan.snmp import Community
from ptscan.sweep import SweepPlan
from ptscan.targets import TargetOrder, parse_address

_MAX_LINE: Final = 1 << 20  # octets: no record of ours is as long


class Written(msgspec.Struct):
    """The part of a line that says whose it is."""

    address: str
    port: int


def recover(journal: Journal, plan: SweepPlan[Community], path: Path) -> None:
    """Mark in ``journal`` the findings that a killed run of ``plan`` had written to ``path``; raises OutputError."""
    order = TargetOrder(plan.targets, journal.seed, shard=plan.shard)
    for line in salvaged(path, journal.output_octets):
        try:
            position = order.position_of(parse_address(line.address))
        except ValueError:
            continue
        if position is not None and line.port == plan.port:
            journal.mark([position])


def salvaged(path: Path, known: int) -> Iterator[Written]:
    """Give whose lines stand in ``path`` behind its first ``known`` octets, then make its end the end of a line.

    A last line that the kill has cut short goes. What is no line of ours is passed over. Raises OutputError.
    """
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode) or known > status.st_size:  # no file, or not the one that was written
            return
        with path.open("r+b") as file:
            file.seek(known)
            end = known
            while line := file.readline(_MAX_LINE):
                whole = line.endswith(b"\n")
                record = _record(line)
                if record is not None:
                    yield record
                if whole:
                    end = file.tell()
                elif record is None and line.startswith(b"{") and len(line) < _MAX_LINE:
                    file.truncate(end)
                elif len(line) < _MAX_LINE:
                    file.write(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(str(path), error) from error


def _record(line: bytes) -> Written | None:
    try:
        return msgspec.json.decode(line, type=Written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
