"""Labels of devices made comparable: case, blanks, punctuation and width put aside, letters of every script kept."""

import re
import unicodedata

_APART = re.compile(r"[\W_]+")


def label_key(text: str) -> str:
    """The form under which labels are compared: ``Total (Black/Small)`` and ``total black / small`` are one."""
    return _APART.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
