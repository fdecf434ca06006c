"""Records that were refused: told to the agent as briefly as there are many, and the latest kept for people to see."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from proto_schema import Refusal
from ptscan.collector.storage import limits
from ptscan.collector.storage.bulk import add_many, find_many, remove_many
from ptscan.collector.storage.tables import refusals

_KEY: Final = ("spool_id", "sequence")
_ROW: Final = (*_KEY, "code", "text", "tries", "refused_at")


def briefly(refused: Sequence[Refusal]) -> list[Refusal]:
    """``refused`` with texts so short that all of it goes into one message."""
    most = max(limits.REFUSAL_TEXT, limits.REFUSALS_TEXT // max(1, len(refused)))
    return [
        one if len(one.text) <= most else msgspec.structs.replace(one, text=one.text[: most - 1] + "…")
        for one in refused
    ]


def keep_refusals(
    connection: Connection, spools: Iterable[tuple[int, Mapping[int, Refusal], Sequence[int]]], *, now: float
) -> None:
    """Keep the latest of what was refused of each spool, by its number; forget the refusals of what was stored."""
    spools = list(spools)
    tries: dict[int, dict[int, int]] = {}
    numbers = sorted((number,) for number, _, _ in spools)
    for row in find_many(connection, refusals, ("spool_id",), (*_KEY, "tries"), numbers):
        tries.setdefault(row.spool_id, {})[row.sequence] = row.tries
    doomed: list[tuple[int, int]] = []
    rows: list[tuple[object, ...]] = []
    for number, refused, stored in spools:
        there = tries.get(number, {})
        kept = [refused[sequence] for sequence in sorted(refused)[-limits.REFUSALS :]]
        gone = {one.sequence for one in kept} | set(stored)
        oldest = sorted(set(there) - gone)
        gone |= set(oldest[: max(0, len(oldest) + len(kept) - limits.REFUSALS)])
        doomed += [(number, sequence) for sequence in sorted(gone & set(there))]
        rows += [
            (number, one.sequence, one.code, one.text.replace("\0", ""), there.get(one.sequence, 0) + 1, now)
            for one in kept
        ]
    remove_many(connection, refusals, _KEY, doomed)
    add_many(connection, refusals, _ROW, rows)
