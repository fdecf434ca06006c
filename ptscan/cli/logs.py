"""The log of a daemon: each thing that happens is one line on standard error, and nothing waits for who reads it.

    time=2026-11-21T19:30:00Z level=warning kind=dial-tcp address=collector:7443 text="connection refused: …" times=3

A thread writes. It is given lines through a queue of limited length: while the log's reader is slow lines are lost, and
their number is told, but no daemon stands still because a terminal or a pipe does.
"""

import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from proto_schema import write_instant
from ptscan.cli.bugs import bug_line, show_if_debugging
from ptscan.cli.clean import one_line
from ptscan.cli.repeats import Key, Line, Repeats

if TYPE_CHECKING:
    from ptscan.link import Report, Trouble

MOST_WAITING: Final = 1_000
"""Lines that wait to be written."""
MOST_DETAILS: Final = 16
"""Files with tracebacks that one run leaves."""
GOODBYE_SECONDS: Final = 2.0
"""How long the end of a run waits for its last lines to be written."""

# What is told of course; a kind that is in none of these wants somebody's eye, and is a warning.
NEWS: Final = frozenset({
    "certificates-renewed", "enrolled", "enrolled-anew", "job-cancelled", "job-done", "pruned", "ready", "renewed",
    "resent", "store-opened", "store-recovered", "sweep-done",
})  # fmt: skip
# What costs data, or lets nobody in, until a person mends it.
ALARMS: Final = frozenset({
    "certificate-ended", "copied-key", "identity-unreadable", "refused", "spool-damaged", "spool-failed",
    "spool-failing", "spool-full", "spool-lost",
})  # fmt: skip
# What no peer and no disk should be able to cause: the traceback is kept.
BUGS: Final = frozenset({
    "call-failed", "connection-failed", "ingest-failed", "notes-failed", "page-failed", "reading-bug", "round-bug",
})  # fmt: skip


class _Entry(NamedTuple):
    at: str
    line: Line
    error: BaseException | None


@contextmanager
def open_log(*, news: bool = True) -> "Iterator[Report]":
    """Give what takes troubles and never waits or raises, from any thread; what waits is written when the block ends.

    At the end it waits GOODBYE_SECONDS at most. Without ``news`` only what somebody should see to is written.
    """
    log = _Log(news=news)
    thread = threading.Thread(target=log.write_all, name="ptscan-log", daemon=True)
    thread.start()
    try:
        yield log.hear
    finally:
        log.end()
        thread.join(GOODBYE_SECONDS)


class _Log:
    def __init__(self, *, news: bool) -> None:
        self._news = news
        self._repeats = Repeats()
        self._lock = threading.Lock()
        self._waiting: queue.Queue[_Entry | None] = queue.Queue(MOST_WAITING + 1)  # and the end
        self._lost = 0
        self._details = 0

    def hear(self, trouble: "Trouble") -> None:
        if trouble.kind in NEWS and not self._news:
            return
        with self._lock:
            key = Key(trouble.kind, one_line(trouble.address), one_line(trouble.text))
            for line in self._repeats.hear(key, time.monotonic()):
                self._put(line, trouble.error if line.key == key else None)

    def end(self) -> None:
        with self._lock:
            for line in self._repeats.rest():
                self._put(line, None)
            self._waiting.put(None)

    def _put(self, line: Line, error: BaseException | None) -> None:
        if self._waiting.qsize() >= MOST_WAITING:
            self._lost += 1
        else:
            self._waiting.put(_Entry(write_instant(time.time()), line, error))

    def write_all(self) -> None:
        """Write lines as they come, until the end; in the thread."""
        while (entry := self._waiting.get()) is not None:
            key, times = entry.line
            level = "error" if key.kind in ALARMS | BUGS else "info" if key.kind in NEWS else "warning"
            fields = {"time": entry.at, "level": level, "kind": key.kind, "address": key.address, "text": key.text}
            fields |= {"times": str(times)} if times > 1 else {}
            fields |= self._of_error(key, entry.error)
            _print(fields)
            del entry  # nor keep what an error holds until the next one comes
            with self._lock:
                lost, self._lost = self._lost, 0
            if lost:
                text = f"{lost:,} lines are lost, for who reads this log is slow"
                _print({"time": write_instant(time.time()), "level": "warning", "kind": "log-slow", "text": text})

    def _of_error(self, key: Key, error: BaseException | None) -> dict[str, str]:
        """What an error adds to the text: itself where that does not tell it, and of a bug where its traceback is."""
        if error is None:
            return {}
        if key.kind in BUGS:
            show_if_debugging(error)
            self._details += 1
            return {"detail": one_line(bug_line(error))} if self._details <= MOST_DETAILS else {}
        said = one_line(str(error))
        return {} if said in key.text else {"error": f"{type(error).__name__}: {said}"}


def _print(fields: dict[str, str]) -> None:
    """Write one line of logfmt to the process's standard error as it is then; a broken one is no news.

    structlog would take 5 MB of the 60 that an agent may have, for the same line.
    """
    if sys.stderr is not None:
        try:
            print(
                " ".join(f"{name}={_quoted(value)}" for name, value in fields.items() if value),
                file=sys.stderr,
                flush=True,
            )
        except (OSError, ValueError):
            pass


def _quoted(value: str) -> str:
    if not any(sign in value for sign in ' ="\\'):
        return value
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
