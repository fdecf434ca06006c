"""``--previous FILE``: the readings of an earlier run, by device, that each new reading is held against.

The file is read as a whole before anything is asked, since the new readings may be written to it. What it holds is
kept packed, and a reading is taken apart when its device answers.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from proto_schema import READING_SCHEMA, Problem, Reading
from ptscan.cli.clean import one_line
from ptscan.errors import InputError
from ptscan.printer import APART, compare, known_by

MAX_LINE: Final = 1 << 20  # octets: no reading of ours is as long
MAX_ARRAY: Final = 256 << 20  # octets of a file that is one JSON array, and so is taken apart as a whole
MAX_READINGS: Final = 250_000
MAX_ID: Final = 4096  # characters of a device_id
_AS_WRITTEN: Final = "name the .json or .jsonl file of an earlier scan or read"


class PreviousError(InputError):
    """The file of --previous cannot be used; the line names it and says how to mend it."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"--previous {path}: {fault}")


class _Mac(msgspec.Struct, frozen=True):
    mac: str | None = None


class _Head(msgspec.Struct, frozen=True):
    """The part of a reading that says whose it is, and of when."""

    schema: str
    device_id: str
    time: str
    identity: _Mac = _Mac()


class _Kept(msgspec.Struct, frozen=True, gc=False):
    device_id: str
    time: str
    packed: bytes


class Earlier:
    """The last reading of each device of an earlier run."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def add(self, head: _Head, text: bytes) -> None:
        """Keep a reading, unless a later one of the same device is there."""
        kept = _Kept(head.device_id, head.time, zlib.compress(text, 1))
        for key in known_by(head.device_id, head.identity.mac):
            if key not in self._kept or self._kept[key].time <= kept.time:
                self._kept[key] = kept

    def beside(self, reading: Reading) -> Reading:
        """Return ``reading`` with what is to be said of it beside the earlier one of its device, if there is one.

        A device that was set apart from others of the same device_id stays apart.
        """
        kept = self._of(reading)
        if kept is None:
            return reading
        before = msgspec.json.decode(zlib.decompress(kept.packed), type=Reading)
        problems = list(compare(before, reading))
        if _is_apart(kept, reading):
            text = f"Another device was {reading.device_id} as well: this one is known as {kept.device_id}."
            problems = [problem for problem in problems if problem.code != "device-id-changed"]
            problems.append(Problem(code="duplicate-identity", text=text))
            reading = msgspec.structs.replace(reading, device_id=kept.device_id)
        return msgspec.structs.replace(reading, problems=[*reading.problems, *problems])

    def _of(self, reading: Reading) -> _Kept | None:
        found = [self._kept.get(key) for key in known_by(reading.device_id, reading.identity.mac)]
        there = [kept for kept in found if kept is not None]
        set_apart = (kept for kept in there if _is_apart(kept, reading))
        return next(set_apart, there[0] if there else None)


def _is_apart(kept: _Kept, reading: Reading) -> bool:
    """Whether the earlier reading bears an id of ours that set its device apart: anybody may have written the file."""
    identifier = kept.device_id
    is_ours = len(identifier) <= MAX_ID and one_line(identifier) == identifier
    return is_ours and identifier.startswith(reading.device_id + APART)


def load_earlier(path: Path | None) -> Earlier | None:
    """Read the file of an earlier run; None where none was named. Blocks. Raises PreviousError."""
    if path is None:
        return None
    earlier = Earlier()
    try:
        with path.open("rb") as file:
            for number, (place, text) in enumerate(_readings(path, file), 1):
                if number > MAX_READINGS:
                    raise PreviousError(path, f"holds more than {MAX_READINGS:,} readings: name that of one run")
                earlier.add(_head(path, place, text), text)
    except OSError as error:
        raise PreviousError(path, f"cannot be read: {error.strerror or error}") from error
    return earlier


def _readings(path: Path, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Give each reading's place in the file, for a person, and its JSON: of an array, or a line each."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if line.lstrip().startswith(b"[") and number == 1:
            yield from _array(path, line + file.read(MAX_ARRAY))
            return
        is_whole = line.endswith(b"\n") or len(line) < MAX_LINE
        if not is_whole:
            raise PreviousError(path, f"line {number} is longer than {MAX_LINE:,} octets: {_AS_WRITTEN}")
        if number > 1 and not line.endswith(b"\n") and not _is_json(line):
            return  # the run was killed while it wrote its last line
        if line.strip():
            yield f"line {number}", line


def _array(path: Path, text: bytes) -> Iterator[tuple[str, bytes]]:
    if len(text) > MAX_ARRAY:
        raise PreviousError(path, f"is larger than {MAX_ARRAY >> 20} MiB: lines (--format jsonl) may be more")
    try:
        readings = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PreviousError(path, f"is no JSON: {_AS_WRITTEN}") from error
    for number, reading in enumerate(readings, 1):
        yield f"reading {number}", bytes(reading)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _head(path: Path, place: str, text: bytes) -> _Head:
    """Check one reading and say whose it is."""
    try:
        head = msgspec.json.decode(text, type=_Head)
        msgspec.json.decode(text, type=Reading)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PreviousError(path, f"{place} is no reading of a printer: {_AS_WRITTEN}") from error
    if head.schema != READING_SCHEMA:
        raise PreviousError(path, f"{place} is of another schema than {READING_SCHEMA}: {_AS_WRITTEN}")
    return head
