"""What went wrong on one connection, for a log. Pure."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong on one connection: ``kind`` is stable, ``text`` for people."""

    kind: str
    address: str
    text: str
    error: BaseException | None = None


Report: TypeAlias = Callable[[Trouble], None]
"""Where troubles go; it neither waits nor raises."""
