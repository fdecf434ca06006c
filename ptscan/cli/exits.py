"""The exit codes of the contract."""

from enum import IntEnum


class Exit(IntEnum):
    """How a run ended, as a shell script sees it."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    DONE_IN_PART = 3
    INTERRUPTED = 130


def judged(*, right: int, wrong: int) -> Exit:
    """Return the code for ``right`` things done and ``wrong`` ones that failed and were named."""
    if not wrong:
        return Exit.DONE
    return Exit.DONE_IN_PART if right else Exit.FAILED
