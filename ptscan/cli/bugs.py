"""A bug of ours, told in one line: the traceback goes into a file that can be sent to the makers."""

import os
import sys
from typing import Final

DEBUG_VARIABLE: Final = "PTSCAN_DEBUG"


def bug_line(error: BaseException) -> str:
    """Return the line that tells of ``error``, whose traceback is kept in a file that only this account can read."""
    import tempfile  # here, for no run without a bug should wait for them
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        handle, path = tempfile.mkstemp(prefix="ptscan-bug-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        kept = f"the detail is in {path}"
    except OSError as unwritable:
        kept = f"the detail could not be kept ({unwritable.strerror}): run it again with {DEBUG_VARIABLE}=1"
    return f"this is a bug in ptscan, {type(error).__name__}: {error}; {kept}, please report it"


def show_if_debugging(error: BaseException) -> None:
    """Print the traceback of ``error`` for who has set PTSCAN_DEBUG."""
    if os.environ.get(DEBUG_VARIABLE) and sys.stderr is not None:
        import traceback

        traceback.print_exception(error)
