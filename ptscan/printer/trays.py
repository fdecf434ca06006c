"""Input trays by RFC 3805's prtInputTable."""

from typing import Final

from codec import Oid
from proto_schema import Tray
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.rows import Columns, index_text, number, text

COLUMNS: Final[tuple[Oid, ...]] = (
    standard.PRT_INPUT_MAX_CAPACITY,
    standard.PRT_INPUT_CURRENT_LEVEL,
    standard.PRT_INPUT_MEDIA_NAME,
    standard.PRT_INPUT_NAME,
    standard.PRT_INPUT_DESCRIPTION,
)

LOW_SHARE: Final = 0.1
"""At or below this share of its capacity a tray is ``low``."""


def read_trays(columns: Columns, charset: int | None, ledger: Ledger) -> list[Tray]:
    """Return a Tray for each row of prtInputTable, whatever columns it lacks."""
    trays = []
    for index, row in columns.table(*COLUMNS):
        path = f"trays.{index_text(index)}"
        ledger.book(path, None, row.get(standard.PRT_INPUT_CURRENT_LEVEL) or next(iter(row.values())), rule="RFC 3805")
        level = number(row, standard.PRT_INPUT_CURRENT_LEVEL)
        capacity = number(row, standard.PRT_INPUT_MAX_CAPACITY)
        trays.append(
            Tray(
                index=index_text(index),
                name=text(row, standard.PRT_INPUT_NAME, charset) or text(row, standard.PRT_INPUT_DESCRIPTION, charset),
                media=text(row, standard.PRT_INPUT_MEDIA_NAME, charset),
                level=level if level is not None and level >= 0 else None,
                # -1 (no restriction) and -2 (unknown) are no capacity; 0 is what some devices really say.
                capacity=capacity if capacity is not None and capacity >= 0 else None,
                state=_state(level, capacity),
            )
        )
    return trays


def _state(level: int | None, capacity: int | None) -> str:
    if level is None or level < 0:
        return {-1: "ok", -3: "some"}.get(level or 0, "unknown")
    if level == 0:
        return "empty"
    return "low" if capacity is not None and level <= capacity * LOW_SHARE else "ok"
