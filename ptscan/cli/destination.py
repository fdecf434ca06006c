"""Where data goes: stdout, or a file that appears whole or not at all."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

from ptscan.errors import PtscanError

STDOUT_NAME: Final = "standard output"

MENDS: Final = {
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "make its folder first",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "name a place where you may write",
    errno.EPERM: "name a place where you may write",
    errno.EROFS: "name a place where you may write",
    errno.ENOSPC: "free some room, or write elsewhere with -o FILE",
    errno.EDQUOT: "free some room, or write elsewhere with -o FILE",
}
"""What to do about an error of the system with a file."""


class OutputError(PtscanError):
    """What was found could not be written: ``place`` is the file, or standard output."""

    def __init__(self, place: str, error: OSError) -> None:
        mend = MENDS.get(error.errno or 0)
        super().__init__(f"cannot write {place}: {error.strerror or error}" + (f": {mend}" if mend else ""))
        self.place = place


class Destination:
    """Takes octets; an error names the place. A reader that went away stays a BrokenPipeError, which is no news."""

    def __init__(self, file: BinaryIO, place: str, encoding: str = "utf-8", *, is_file: bool = False) -> None:
        self._file = file
        self.place = place
        self.encoding = encoding  # of text for a person; data are UTF-8 everywhere
        self.is_file = is_file  # a file on a disk: what is written to it waits for nobody

    @property
    def octets(self) -> int:
        """How many octets the file holds."""
        return self._file.tell()

    def write(self, data: bytes) -> None:
        """Write ``data`` and hand it to the system at once."""
        try:
            self._file.write(data)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(self.place, error) from error

    def is_terminal(self) -> bool:
        """Return whether a person reads along."""
        return self._file.isatty()


def print_data(text: str) -> None:
    """Write ``text`` to stdout at once. Raises OutputError."""
    with open_destination(None, whole=False) as destination:
        destination.write(text.encode())


@contextmanager
def open_destination(path: Path | None, *, whole: bool, append: bool = False) -> Iterator[Destination]:
    """Open ``path``, or stdout for None; with ``append`` behind what it holds, unless it is written ``whole``.

    With ``whole`` a file is written under a temporary name beside it and takes its name at the end; when an exception
    passes, the temporary file goes and an older file of that name stays. Pipes and devices are written straight.
    Raises OutputError.
    """
    if path is None:
        if sys.stdout is None:
            raise OutputError(STDOUT_NAME, OSError("it is closed"))
        yield Destination(sys.stdout.buffer, STDOUT_NAME, sys.stdout.encoding)
        return
    place = str(path)
    target = Path(os.path.realpath(path))  # a link keeps pointing where it points
    try:
        straight = not whole or (target.exists() and not S_ISREG(target.stat().st_mode))
        if straight:
            written = target
            file = open(target, "ab" if append and not whole else "wb")  # noqa: SIM115 - closed below
        else:
            written = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
            file = open(written, "xb")  # noqa: SIM115 - closed below, before it takes its name
    except OSError as error:
        raise OutputError(place, error) from error
    try:
        yield Destination(file, place, is_file=S_ISREG(os.fstat(file.fileno()).st_mode))
        try:
            file.close()
            if not straight:
                if target.exists():
                    os.chmod(written, target.stat().st_mode & 0o7777)
                os.replace(written, target)
        except OSError as error:
            raise OutputError(place, error) from error
    except BaseException:
        with suppress(OSError):
            file.close()
        if not straight:
            written.unlink(missing_ok=True)
        raise
