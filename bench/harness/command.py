"""The command line that every bench has: rounds, a bound in seconds, where the results go; and `--turn` for itself."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.process import TurnError
from harness.report import save
from harness.results import Bench, Sample
from harness.rounds import Absent, Contestant, figures_as_json, measure
from harness.table import text_report


def main(
    bench: Bench,
    contestants: Callable[[], Sequence[Contestant | Absent]],
    *,
    turn: Callable[[str], Mapping[str, float | Sample]] | None = None,
    rounds: int = 5,
    seconds: float = 60.0,
) -> int:
    """Measure ``bench`` as the command line says, print its table and save its results; return the exit code.

    ``rounds`` and ``seconds`` are the defaults: no round begins after so many seconds. With ``--turn NAME`` the
    process is a contestant's own: it prints what ``turn`` gives for that name and ends.
    """
    parser = argparse.ArgumentParser(description=bench.about)
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"turns of each (default {rounds})")
    parser.add_argument(
        "--seconds", type=float, default=seconds, metavar="S", help=f"begin no round after that (default {seconds:.0f})"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all samples there as JSON")
    if turn is not None:
        parser.add_argument("--turn", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if turn is not None and options.turn:
        try:
            print(figures_as_json(turn(options.turn)))
        except TurnError as trouble:
            print(trouble, file=sys.stderr)
            return 1
        return 0
    try:
        results = measure(bench, contestants(), rounds=options.rounds, seconds=options.seconds)
    except KeyboardInterrupt:  # the caller's namespaces and targets are taken away as this returns
        return 130
    print(text_report(results), flush=True)
    if options.out:
        save(results, options.out)
    return 0
