"""Files that are ours alone: read only where nobody else can, replaced whole and durably. I/O.

A folder has mode 0700 and a file 0600 and both are of the user who runs this; anything else is refused with a mend, as
ssh does, because a key that others may have read is no key. A new content is written beside, synced, renamed over the
old one and the folder synced: after a kill or a power cut there is the old file or the new one, whole.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ptscan.tls import limits
from ptscan.tls.errors import PrivateFileError

_NEW: Final = ".new"  # fixed: one writer per folder, and what a kill left behind is overwritten, never collected


def open_private_folder(folder: Path) -> None:
    """Make ``folder`` with mode 0700, or see that it is ours alone. Raises PrivateFileError."""
    with _told(folder, "make or open"):
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise PrivateFileError(folder, "it is no folder: name another place")
    _ours(folder, status, "700")


def read_private(path: Path, *, most: int = limits.PRIVATE_FILE_OCTETS) -> bytes | None:
    """The content of ``path``, None where there is none. Raises PrivateFileError, also where others may read it.

    ``most`` are the octets that it may have.
    """
    with _told(path, "read"):
        try:
            # O_NONBLOCK: a named pipe in its place must not keep us.
            number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(number, "rb") as file:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                raise PrivateFileError(path, "it is no file: move it away")
            _ours(path, status, "600")
            content = file.read(most + 1)
    if len(content) > most:
        raise PrivateFileError(path, f"it has more than {most} octets: it is none of ours")
    return content


def write_private(path: Path, content: bytes, *, most: int = limits.PRIVATE_FILE_OCTETS) -> None:
    """Put ``content`` at ``path``, mode 0600, whole or not at all, and durably. Raises PrivateFileError."""
    if len(content) > most:
        raise ValueError("more than would be read again")
    new = path.with_name(path.name + _NEW)
    with _told(path, "write"):
        new.unlink(missing_ok=True)
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(number, "wb") as file:
                os.fchmod(number, 0o600)  # whatever the umask says
                file.write(content)
                file.flush()
                os.fsync(number)
            os.replace(new, path)
        except BaseException:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def remove_private(path: Path) -> None:
    """Remove ``path``, durably; no fault where there is none. Raises PrivateFileError."""
    with _told(path, "remove"):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a loss of power. Raises OSError."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _ours(path: Path, status: os.stat_result, mode: str) -> None:
    if status.st_uid != os.geteuid():
        raise PrivateFileError(path, "it belongs to another user: run as that user, or `chown` it")
    if status.st_mode & 0o077:
        raise PrivateFileError(path, f"others can read or write it: `chmod {mode}` it; if they may have, enrol again")


@contextmanager
def _told(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PrivateFileError(path, f"cannot {verb} it: {error.strerror or error}") from error
