"""What a machine does to a process: its disk is full, its disk fails, its network goes, its clock jumps.

Each is there for a while: `async with` begins it and ends it. All of it happens in namespaces of the run's own.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import trio

NAMESPACES = "PTSCAN_SOAK_NAMESPACES"
"""Set in the environment of a run that has a network and mounts of its own."""
_CLOCK = Path(__file__).with_name("clock.c")
_TRACED = "fsync,fdatasync,pwrite64,ftruncate"


def within_namespaces() -> bool:
    return NAMESPACES in os.environ


def absent(fault: str) -> str | None:
    """Why a fault can't be had here; None where it can."""
    if fault in {"links", "disk"} and not within_namespaces():
        return "namespaces need root, unshare and ip"
    if fault == "fsync" and not _may_trace():
        return "strace is absent, or may not trace here: apt-get install strace"
    if fault in {"clock", "renewal"} and shutil.which("cc") is None:
        return "there is no C compiler for the clock: apt-get install gcc"
    return None


def may_unshare() -> bool:
    """Whether a network and mounts of our own can be had here."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode == 0


def _may_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        words = ["strace", "-qq", "-o", os.devnull, "-p", str(sleeper.pid)]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as tracer:
            try:
                tracer.wait(0.3)
            except subprocess.TimeoutExpired:
                return True
            finally:
                for process in (tracer, sleeper):
                    process.kill()
    return False


def set_up_network() -> None:
    """Bring loopback up in a network of our own, where it begins by being down."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@asynccontextmanager
async def links_down() -> AsyncIterator[None]:
    """No packet goes anywhere: what is sent is lost without a word."""
    await trio.run_process(["ip", "link", "set", "lo", "down"])
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            await trio.run_process(["ip", "link", "set", "lo", "up"])


@contextmanager
def small_disk(folder: Path, mebioctets: int) -> Iterator[None]:
    """A disk of its own at ``folder``, which is in memory."""
    folder.mkdir(mode=0o700, exist_ok=True)
    options = f"size={mebioctets}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "ptscan-soak", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@asynccontextmanager
async def full_disk(folder: Path) -> AsyncIterator[None]:
    """The disk at ``folder`` has no room left."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free)
            file.seek(0, os.SEEK_END)
            while True:
                file.write(bytes(4_096))
        yield
    finally:
        filler.unlink(missing_ok=True)


@asynccontextmanager
async def failing_disk(pid: int, error: str, first: int) -> AsyncIterator[None]:
    """From the ``first`` on, each write and sync of a process fails with ``error``."""
    inject = f"inject={_TRACED}:error={error}:when={first}+"
    words = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={_TRACED}", "-e", inject, "-p", str(pid)]
    process = await trio.lowlevel.open_process(words, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


def clock_library(folder: Path) -> Path:
    """What has to be loaded into a process whose clock is to jump."""
    library = folder / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_CLOCK)], check=True)
    return library


class Clock:
    """The wall clock of those processes that are told of its ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(8))

    def set(self, seconds: int) -> None:
        """Set it so many seconds ahead of the true one, at once."""
        with self.path.open("r+b", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))
