"""The outermost edge: whatever happens inside becomes one line on stderr and one exit code, never a traceback."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

from ptscan.cli.bugs import bug_line, show_if_debugging
from ptscan.cli.exits import Exit
from ptscan.cli.words import Words
from ptscan.errors import PtscanError


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
        return _said(_weightiest(error))
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


def _said(error: BaseException) -> int:
    """Tell of ``error`` in one line and return its exit code."""
    complain = Words().complain
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else Exit.DONE if error.code is None else Exit.FAILED
        case PtscanError():
            complain(str(error))
            return error.exit_code
        case KeyboardInterrupt():
            complain("interrupted")
            return Exit.INTERRUPTED
        case BrokenPipeError():  # ``| head`` has seen enough: nothing to say
            return Exit.FAILED
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
            return Exit.FAILED
        case MemoryError():
            complain("out of memory: give it a smaller range, or --format jsonl, which keeps nothing")
            return Exit.FAILED
        case _:
            complain(bug_line(error))
            return Exit.FAILED


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
