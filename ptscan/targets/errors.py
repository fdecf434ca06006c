"""What can be wrong with a target: one error, whose line says what, where and how to mend it."""

from ptscan.errors import InputError


class TargetError(InputError):
    """A target text, a target file or an exclude is wrong.

    ``text`` is what was typed (or the file's path), ``where`` the file and line it stood in, empty for the command
    line; ``fault`` says what is wrong and how to mend it.
    """

    def __init__(self, text: str, fault: str, *, where: str = "") -> None:
        # The text may hold anything at all: what a terminal would obey is escaped.
        shown = text if text.isprintable() else ascii(text)[1:-1]
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}target '{shown}': {fault}" if shown else f"{prefix}{fault}")
        self.text = text
        self.fault = fault
        self.where = where
