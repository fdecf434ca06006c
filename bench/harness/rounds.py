"""Alternating rounds: every contestant has its turn in each, so that a machine that drifts drifts under all of them."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from harness.machine import machine
from harness.process import TurnError, timed
from harness.results import Bench, Entry, Results, Sample

Turn: TypeAlias = Callable[[], Mapping[str, "float | Sample | TurnError"]]
"""One contestant's go at all cases: for each case's name a number, a Sample, or why there is none."""

_ALL: Final = ""  # of Entry.missing: what concerns every case


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who takes part: its name in the tables, its version, its turn; ``rounds`` caps how often a slow one has it."""

    name: str
    version: str
    turn: Turn
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """Who could not be had, and why: named in the tables and never silently missing."""

    name: str
    reason: str


def child(command: Sequence[str], *, limit: float = 300.0) -> Turn:
    """Make a turn of a process that prints its figures by case as one JSON object; ``limit`` in seconds."""

    def turn() -> Mapping[str, float | Sample]:
        run = timed(command, limit=limit)
        if run.code:
            raise TurnError(_last_line(run.stderr) or f"ended with {run.code}")
        try:
            return msgspec.json.decode(run.stdout, type=dict[str, float | Sample])
        except msgspec.MsgspecError as trouble:
            raise TurnError(f"printed no figures: {trouble}") from None

    return turn


def measure(
    bench: Bench,
    contestants: Sequence[Contestant | Absent],
    *,
    rounds: int,
    seconds: float,
    remarks: Sequence[str] = (),
) -> Results:
    """Give every contestant its turn in each of ``rounds``; no further round begins once ``seconds`` are over.

    Who begins changes from round to round. Who fails twice in a row is left out of the rounds that are left.
    """
    entries = {each.name: Entry(each.name) for each in contestants}
    playing = [each for each in contestants if isinstance(each, Contestant)]
    for each in contestants:
        if isinstance(each, Absent):
            entries[each.name].missing[_ALL] = each.reason
        else:
            entries[each.name].version = each.version
    results = Results(
        bench, machine(), time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), list(entries.values()), remarks=[*remarks]
    )
    began = time.monotonic()
    failures: dict[str, int] = {}
    while playing and results.rounds < rounds and (not results.rounds or time.monotonic() - began < seconds):
        turn = results.rounds % len(playing)
        for each in (*playing[turn:], *playing[:turn]):
            if failures.get(each.name, 0) > 1 or (each.rounds is not None and results.rounds >= each.rounds):
                continue
            _tell(f"{bench.name}: round {results.rounds + 1}, {each.name}")
            entry = entries[each.name]
            try:
                figures = each.turn()
            except TurnError as trouble:
                failures[each.name] = failures.get(each.name, 0) + 1
                entry.missing[_ALL] = str(trouble)
                continue
            failures[each.name] = 0
            for name, figure in figures.items():
                if isinstance(figure, TurnError):
                    entry.missing[name] = str(figure)
                else:
                    sample = figure if isinstance(figure, Sample) else Sample(figure)
                    entry.samples.setdefault(name, []).append(sample)
        results.rounds += 1
    results.seconds = time.monotonic() - began
    return results


def figures_as_json(figures: Mapping[str, "float | Sample"]) -> str:
    """What a turn's process prints for `child`."""
    return json.dumps(msgspec.to_builtins(figures))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _tell(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
