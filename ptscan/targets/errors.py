"""What can be wrong with a target: one error, whose line says what, where and how to mend it."""

from ptscan.errors import InputError


class TargetError(InputError):
    """A target text, a target file or an exclude is wrong.

    ``text`` is what was typed (or the file's path), ``where`` the file and line it stood in, empty for the command
    line; ``fault`` says what is wrong and how to mend it.
    """

    def __init__(self, text: str, fault: str, *, where: str = "") -> None:
        shown = text if len(text) <= 80 else text[:77] + "..."
        # The text may hold anything at all: backslash-escape what a terminal would obey.
        shown = shown if shown.isprintable() else ascii(shown)[1:-1]
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}target {shown!r}: {fault}" if shown else f"{prefix}{fault}")
        self.text = text
        self.fault = fault
        self.where = where
