"""A process of a contestant: run to its end, timed as a whole, ended when it does not end by itself."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

POLL_SECONDS: Final = 0.02  # how often the peak of memory is looked up where it is asked for


class TurnError(Exception):
    """A turn that gave nothing or something wrong; the text stands in the table instead of a figure."""


class Run(NamedTuple):
    """What became of a process: its output, exit code, wall and CPU seconds, and peak memory (0: not asked for)."""

    stdout: str
    stderr: str
    code: int
    seconds: float
    cpu: float
    resident_mb: float


def timed(
    command: Sequence[str | Path],
    *,
    limit: float = 300.0,
    stdin: Path | None = None,
    stdout: Path | None = None,
    memory: bool = False,
    env: dict[str, str] | None = None,
) -> Run:
    """Run ``command`` and measure it from its start to its end, its own children included.

    ``stdin`` and ``stdout`` are files (the output then stands there and not in the Run). ``memory`` looks up the peak
    of its resident memory all the while, which takes a little time from it. After ``limit`` seconds its process group
    is ended and TurnError raised.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        taken = stdin.open("rb") if stdin else None
        given = stdout.open("wb") if stdout else None
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=taken or subprocess.DEVNULL,
            stdout=given or out,
            stderr=errors,
            env=None if env is None else {**os.environ, **env},
            start_new_session=True,
        )
        late = threading.Event()
        watch = threading.Timer(limit, _end, (process.pid, late))
        watch.start()
        peak = _Peak(process.pid) if memory else None
        try:
            _, status, usage = os.wait4(process.pid, 0)  # unlike communicate() it says what the process used
        except BaseException:
            _end(process.pid, late)
            os.waitpid(process.pid, 0)
            raise
        finally:
            seconds = time.perf_counter() - began
            watch.cancel()
            resident = peak.stop() if peak else 0.0
            process.returncode = 0  # it has been waited for: Popen need not
            for file in (taken, given):
                if file:
                    file.close()
        if late.is_set():
            raise TurnError(f"not done after {limit:.0f} s")
        code = os.waitstatus_to_exitcode(status)
        return Run(_text(out), _text(errors), code, seconds, usage.ru_utime + usage.ru_stime, resident)


class _Peak:
    """Looks up the peak of a process's memory: rusage's counts the parent that it was forked from."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            self._peak = max(self._peak, peak_of(self._status))


def peak_of(status: Path) -> float:
    """The peak of resident memory in MB that /proc/PID/status tells; 0 when the process is gone."""
    try:
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except (OSError, ValueError):
        pass
    return 0.0


def _end(pid: int, late: threading.Event) -> None:
    late.set()
    try:
        os.killpg(pid, signal.SIGKILL)  # its own session, so the group is it and its children
    except ProcessLookupError:
        pass


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
