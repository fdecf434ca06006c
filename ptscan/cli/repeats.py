"""What of the things that happen is told at once, and what is only counted: a log that nobody can flood. Pure.

The same (kind, address, text) is told when it comes first and then once a minute at most, with how often it came. Of
one kind with ever new addresses or texts so many lines a minute are told; the others are counted, and their number is
told.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

EVERY_SECONDS: Final = 60.0
MOST_KNOWN: Final = 1_024
"""Different ones that are remembered."""
MOST_OF_A_KIND: Final = 120
"""Lines of one kind in EVERY_SECONDS."""


class Key(NamedTuple):
    """What makes two troubles the same."""

    kind: str
    address: str
    text: str


class Line(NamedTuple):
    """A line of the log: what happened, and how often since it was told last."""

    key: Key
    times: int = 1


class _Window:
    """The lines of one kind since ``began``."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.told = 0
        self.left_out = 0


class Repeats:
    """Decides what is told; ``now`` never goes back."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, tuple[float, int]] = OrderedDict()  # told when, and how often since; oldest first
        self._kinds: OrderedDict[str, _Window] = OrderedDict()  # the one that began first is the first

    def hear(self, key: Key, now: float) -> list[Line]:
        """What to tell when ``key`` happens: what waited long enough, then this, unless it waits, too."""
        lines = self.due(now)
        if key in self._known:
            told_at, times = self._known[key]
            self._known[key] = told_at, times + 1
            return lines
        if not self._has_room(key.kind, now):
            return lines
        if len(self._known) >= MOST_KNOWN:
            oldest, (_, times) = self._known.popitem(last=False)
            lines += [Line(oldest, times)] if times else []
        self._known[key] = now, 0
        return [*lines, Line(key)]

    def due(self, now: float) -> list[Line]:
        """What has waited for a minute."""
        lines: list[Line] = []
        while self._known and next(iter(self._known.values()))[0] + EVERY_SECONDS <= now:
            key, (_, times) = self._known.popitem(last=False)
            if times:
                lines.append(Line(key, times))
                self._known[key] = now, 0
        while self._kinds and next(iter(self._kinds.values())).began + EVERY_SECONDS <= now:
            kind, window = self._kinds.popitem(last=False)
            lines += _left_out(kind, window)
        return lines

    def rest(self) -> list[Line]:
        """What was counted and not told yet, at the end."""
        lines = [Line(key, times) for key, (_, times) in self._known.items() if times]
        for kind, window in self._kinds.items():
            lines += _left_out(kind, window)
        self._known.clear()
        self._kinds.clear()
        return lines

    def _has_room(self, kind: str, now: float) -> bool:
        window = self._kinds.setdefault(kind, _Window(now))
        if window.told < MOST_OF_A_KIND:
            window.told += 1
            return True
        window.left_out += 1
        return False


def _left_out(kind: str, window: _Window) -> list[Line]:
    if not window.left_out:
        return []
    return [Line(Key(kind, "", f"{window.left_out:,} more of this kind in a minute were not told"))]
