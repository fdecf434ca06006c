"""The outermost edge: whatever happens inside becomes one line on stderr and one exit code, never a traceback."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, NoReturn

from ptscan.cli.bugs import bug_line, show_if_debugging
from ptscan.cli.exits import Exit
from ptscan.cli.words import Words
from ptscan.errors import PtscanError

_FILES: Final = "close some programs, or raise the limit of open files: ulimit -n 256"


def command() -> NoReturn:
    """Be the ``ptscan`` command: run what was typed, and be gone.

    Nobody waits for an interpreter that takes itself apart, object by object, or that looks for garbage among modules
    being loaded: that is a fifth of a short run.
    """
    gc.disable()
    status = main()
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``ptscan ARGUMENTS`` (default: the process's own) and return the exit code."""

    def run() -> int:
        from ptscan.cli import app

        return app.run(sys.argv[1:] if arguments is None else list(arguments))

    return guarded(run)


def guarded(action: Callable[[], int]) -> int:
    """Return the exit code of ``action``, whatever it raises: told in one line on stderr, in full for PTSCAN_DEBUG."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # a terminated run keeps what it found, too
    try:
        return action()
    except BaseException as error:
        show_if_debugging(error)
        line, code = told(error)
        if line:
            Words().complain(line)
        return code
    finally:
        signal.signal(signal.SIGTERM, before)
        _settle_stdout()


def _weightiest(error: BaseException) -> BaseException:
    """Return what to tell of: a bug before an expected failure, a failure before an interruption."""

    def weight(leaf: BaseException) -> int:
        if isinstance(leaf, KeyboardInterrupt):
            return 3
        if isinstance(leaf, OSError):
            return 2
        return 1 if isinstance(leaf, PtscanError) else 0

    return min(_leaves(error), key=weight)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif type(error).__name__ == "TrioInternalError" and error.__cause__ is not None:
        # A signal that comes while Trio begins or ends is raised inside it, and it takes that for a bug of its own.
        yield from _leaves(error.__cause__)
    else:
        yield error


class Told(NamedTuple):
    """What a person is told of an exception: a line, empty where there is nothing to say, and the exit code."""

    line: str
    code: int


def told(error: BaseException) -> Told:
    """Return what to tell of ``error``, or of the weightiest in a group."""
    error = _weightiest(error)
    match error:
        case SystemExit():
            code = error.code if isinstance(error.code, int) else Exit.DONE if error.code is None else Exit.FAILED
            return Told("", code)
        case PtscanError():
            return Told(str(error), error.exit_code)
        case KeyboardInterrupt():
            return Told("interrupted", Exit.INTERRUPTED)
        case BrokenPipeError():  # ``| head`` has seen enough: nothing to say
            return Told("", Exit.FAILED)
        case OSError():
            if error.errno in (errno.EMFILE, errno.ENFILE):  # whichever file it was that came too late
                return Told(f"too many open files: {_FILES}", Exit.FAILED)
            where = f"{error.filename}: " if error.filename else ""
            return Told(f"{where}{error.strerror or error}", Exit.FAILED)
        case MemoryError():
            return Told("out of memory: give it a smaller range, or --format jsonl, which keeps nothing", Exit.FAILED)
        case _:
            return Told(bug_line(error), Exit.FAILED)


def _settle_stdout() -> None:
    """Flush stdout, or send what a broken one still buffers nowhere, so that the interpreter's own flush is silent."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
