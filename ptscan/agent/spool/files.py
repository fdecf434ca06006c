"""The spool's directory: who may use it, its lock and key, and the names of its files.

spool.key     the key that seals records, twice; locked by the process that uses the spool
spool.db      the records, with SQLite's -wal beside it
spool.log     a copy of that log, while a file that was not closed is opened
spool.note    what was wrong with the files, until somebody asks
spool.new     a salvaged file, whole, that takes the place of spool.db
damaged-N     a damaged spool.db, with its -wal, set aside
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.errors import SpoolError, SpoolInUseError
from ptscan.agent.spool.frame import KEY_OCTETS
from ptscan.tls import sync_folder

_LINE: Final = re.compile(rb"ptscan-spool (\d+) ([0-9a-f]{64}) ([0-9a-f]{16})")
_VERSION: Final = 1
FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""The disk has no room."""
_DAMAGED: Final = re.compile(r"damaged-(\d+)")
_MENDS: Final = {
    errno.EACCES: "run the agent as the user that owns it, or name another directory",
    errno.EPERM: "run the agent as the user that owns it, or name another directory",
    errno.EROFS: "it is on a disk that is mounted read-only: name another directory",
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the quota is used up: make room",
    errno.ENOTDIR: "a file stands where a directory should: name another one",
    errno.EEXIST: "a file stands where a directory should: name another one",
    errno.EIO: "the disk fails: replace it",
}


@dataclass(frozen=True)
class Files:
    """The names within one spool's directory."""

    directory: Path

    @property
    def key(self) -> Path:
        return self.directory / "spool.key"

    @property
    def records(self) -> Path:
        return self.directory / "spool.db"

    @property
    def salvaged(self) -> Path:
        return self.directory / "spool.new"

    @property
    def unfinished(self) -> Path:
        return self.directory / "spool.part"

    @property
    def log_copy(self) -> Path:
        return self.directory / "spool.log"

    @property
    def note(self) -> Path:
        return self.directory / "spool.note"

    @property
    def scratch(self) -> Path:
        return self.directory / "spool.copy"

    def quarantines(self) -> list[Path]:
        """The damaged files that were set aside, oldest first, without their logs."""
        numbered = [(int(match[1]), path) for path in self.directory.iterdir() if (match := _match(path))]
        return [path for _, path in sorted(numbered)]

    def next_quarantine(self) -> Path:
        """The name for one more."""
        numbers = [int(match[1]) for path in self.quarantines() if (match := _match(path))]
        return self.directory / f"damaged-{max(numbers, default=0) + 1}"


def _match(path: Path) -> re.Match[str] | None:
    return _DAMAGED.fullmatch(path.name)


def log_of(path: Path) -> Path:
    """SQLite's log of the file ``path``."""
    return path.with_name(path.name + "-wal")


def remove(path: Path) -> None:
    """Remove a file of SQLite's with all that it keeps beside it; it need not exist."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def write_whole(path: Path, octets: bytes) -> None:
    """Write a file that is whole and durable as soon as it has its name; raises OSError."""
    part = path.with_name(path.name + "-part")
    try:
        part.touch(mode=0o600)
        with part.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_again(path: Path, octets: bytes) -> None:
    """Write what a file begins with over itself, durably: that needs no room; raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        written = 0
        while written < len(octets):
            written += os.pwrite(file, octets[written:], written)
        os.fsync(file)
    finally:
        os.close(file)


def fault_of(error: OSError) -> str:
    """What went wrong with a file, and how to mend it."""
    mend = _MENDS.get(error.errno or 0, "look at the disk, or name another directory")
    return f"cannot be used: {error.strerror or error}: {mend}"


def prepare(directory: Path) -> Files:
    """Make the directory where it is missing, 0700, and see that nobody else can look into it; raises SpoolError."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)
        sync_folder(directory.parent)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise SpoolError(directory, f"belongs to user {found.st_uid}: run the agent as that user, or chown it")
    if found.st_mode & 0o077:
        raise SpoolError(directory, f"is open to others: chmod 700 {directory}")
    return Files(directory)


@contextmanager
def locked_key(files: Files) -> Iterator[tuple[int, bytes | None]]:
    """Lock the spool; yield the open key file and the key in it, None where there is none that can be believed.

    Raises SpoolInUseError, or SpoolError for a key file of a later version.
    """
    file = os.open(files.key, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpoolInUseError(files.directory) from None
        yield file, _read_key(file, files)
    finally:
        os.close(file)


def new_key() -> bytes:
    """Draw a key."""
    return secrets.token_bytes(KEY_OCTETS)


def new_epoch() -> str:
    """Draw an epoch: sixteen hexadecimal digits."""
    return secrets.token_hex(8)


def write_key(file: int, key: bytes) -> None:
    """Write ``key`` into the open key file, twice, durably."""
    line = b"ptscan-spool %d %s" % (_VERSION, key.hex().encode())
    line += b" " + _proof(line) + b"\n"
    os.pwrite(file, line + line, 0)
    os.ftruncate(file, 2 * len(line))
    os.fsync(file)


def _read_key(file: int, files: Files) -> bytes | None:
    later = False
    for match in _LINE.finditer(os.pread(file, 1 << 10, 0)):
        line, proof = match[0].rpartition(b" ")[::2]
        if proof == _proof(line):
            if int(match[1]) == _VERSION:
                return bytes.fromhex(match[2].decode())
            later = True
    if later:
        raise SpoolError(files.directory, "was kept by a later version of ptscan: run that one")
    return None


def _proof(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=8).hexdigest().encode()


def finish_replacement(files: Files) -> None:
    """Finish what an earlier process began: a salvaged file takes its place, a half-made one goes."""
    remove(files.unfinished)
    remove(files.scratch)
    for path in (files.log_copy, files.note):
        path.with_name(path.name + "-part").unlink(missing_ok=True)
    if files.salvaged.exists():
        replace(files)


def replace(files: Files) -> None:
    """Put the salvaged file, whole and durable, in place of the damaged one, whose log would ruin it and goes first."""
    log_of(files.records).unlink(missing_ok=True)
    files.records.with_name(files.records.name + "-shm").unlink(missing_ok=True)
    sync_folder(files.directory)
    os.replace(files.salvaged, files.records)
    sync_folder(files.directory)


def drop_quarantines(files: Files) -> bool:
    """Let go of all damaged files that were set aside; say whether there were any."""
    dropped = files.quarantines()
    for path in dropped:
        remove(path)
    return bool(dropped)


def set_aside(files: Files) -> Path:
    """Give the damaged file and its log second names, and let the oldest such go; return the file's."""
    quarantine = files.next_quarantine()
    log = files.log_copy if files.log_copy.exists() else log_of(files.records)  # SQLite may have let go of its own
    if log.exists():
        os.link(log, log_of(quarantine))
    if files.records.exists():
        os.link(files.records, quarantine)
    else:
        quarantine.touch(mode=0o600)
    sync_folder(files.directory)
    for old in files.quarantines()[: -limits.QUARANTINES]:
        remove(old)
    return quarantine
