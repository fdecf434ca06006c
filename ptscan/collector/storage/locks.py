"""One writer at a time for a SQLite file, over all threads and processes, and nobody in it while it is replaced.

SQLite's own lock is not enough: before 3.51.3 two connections that write or checkpoint one WAL at the same moment can
lose committed pages (sqlite.org/wal.html, "the WAL-reset bug"). So every transaction that writes, with the checkpoint
in its commit, and every close of a writing connection is inside of this lock; connections that only read are opened
read-only and never checkpoint.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ptscan.collector.storage import limits
from ptscan.collector.storage.errors import StoreBusyError

_POLL_SECONDS = 0.005


class FileLock:
    """``PATH.lock`` is held for each write, ``PATH.users`` is shared by everybody who has the store open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._write = _open(path.with_name(path.name + ".lock"))
        self._users = _open(path.with_name(path.name + ".users"))

    def close(self) -> None:
        """Let go of everything."""
        os.close(self._write)
        os.close(self._users)

    def share(self) -> None:
        """Be one of those who have the store open.

        Raises:
            StoreBusyError: it is being replaced.
        """
        if not _try(self._users, fcntl.LOCK_SH):
            raise StoreBusyError(f"{self._path} is being restored: wait until that is done")

    def take(self) -> None:
        """Be the only one who has the store open.

        Raises:
            StoreBusyError: somebody else has.
        """
        if not _try(self._users, fcntl.LOCK_EX):
            raise StoreBusyError(f"{self._path} is open elsewhere: stop the collector first")

    @contextmanager
    def writing(self, wait: float = limits.WAIT_SECONDS) -> Iterator[None]:
        """Be the only one who writes.

        Raises:
            StoreBusyError: after ``wait`` seconds.
        """
        deadline = time.monotonic() + wait
        if not self._thread.acquire(timeout=wait):
            raise StoreBusyError(f"{self._path} was written to for {wait:g} s: is something stuck?")
        try:
            while not _try(self._write, fcntl.LOCK_EX):
                if time.monotonic() >= deadline:
                    raise StoreBusyError(f"another process wrote to {self._path} for {wait:g} s: is it stuck?")
                time.sleep(_POLL_SECONDS)
            try:
                yield
            finally:
                fcntl.flock(self._write, fcntl.LOCK_UN)
        finally:
            self._thread.release()


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
