"""What a word that is none was meant to be: how a fault in a profile is mended."""

from collections.abc import Iterable

_FEW = 12


def instead(word: str, words: Iterable[str]) -> str:
    """Say which of ``words`` was meant, or which there are, or where they are listed."""
    from difflib import get_close_matches  # only whoever made a mistake waits for it

    known = sorted(filter(None, words))
    if close := get_close_matches(word, known, n=1):
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(known)}" if len(known) <= _FEW else "FORMAT.md lists those that there are"
