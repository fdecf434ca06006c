"""Words for a person, on stderr: one clean line each, above the progress display where there is one."""

import sys
from collections.abc import Callable

from ptscan.cli.clean import one_line


class Words:
    """Says things on stderr: ``say`` what ``--quiet`` silences, ``complain`` what it does not."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.print_above: Callable[[str], None] | None = None  # set while a progress display holds the last lines

    def say(self, text: str) -> None:
        """Print a remark."""
        if not self.quiet:
            self._print(text)

    def complain(self, text: str) -> None:
        """Print something that went wrong, as ``ptscan: TEXT``."""
        self._print(f"ptscan: {text}")

    def _print(self, text: str) -> None:
        line = one_line(text)
        if self.print_above is not None:
            self.print_above(line)
        elif sys.stderr is not None:  # None where the shell closed it (2>&-)
            try:
                print(line, file=sys.stderr, flush=True)
            except OSError:
                pass  # nobody can be told that nobody can be told


def counted(number: int, thing: str, things: str = "") -> str:
    """Return ``1 printer``, ``2 printers``; ``things`` is the plural where it is not made by an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {things or thing + 's'}"


def stderr_is_terminal() -> bool:
    """Return whether a person watches stderr."""
    return sys.stderr is not None and sys.stderr.isatty()
