"""The frame of every bench: contestants in alternating rounds, checked samples, one table, one JSON file, one plot.

A bench script names its cases and its contestants and hands both to `main`, which measures, prints and saves::

    from harness import Absent, Bench, Case, Contestant, child, main, rival_python

    BENCH = Bench("codec", "Codec", about="...", cases=(Case("encode a GET of 10", "µs"),))

    def contestants() -> list[Contestant | Absent]:
        ours = Contestant("ptscan", version, child([sys.executable, __file__, "--turn", "ptscan"]))
        rival = rival_python("pyasn1")                       # the interpreter of bench/.rivals, or why there is none
        ...

    if __name__ == "__main__":
        sys.exit(main(BENCH, contestants, turn=time_one))    # turn: what `--turn NAME` prints as JSON

A *turn* is one contestant's go at all cases: a function that gives, for each case's name, a number or a `Sample`. It
has to check its results before it times them, and to raise `TurnError` when they are wrong: then the table says so.
`child(command)` makes a turn of a process of its own that prints `{"case": 1.5, "other": {"value": 2, "beside":
{"found": 0.99}}}` on stdout. A case that a contestant does not give is left empty.
"""

from harness.command import main
from harness.machine import package_version
from harness.process import TurnError, timed
from harness.results import Bench, Case, Column, Results, Sample
from harness.rivals import program, rival_python
from harness.rounds import Absent, Contestant, Turn, child

__all__ = [
    "Absent",
    "Bench",
    "Case",
    "Column",
    "Contestant",
    "Results",
    "Sample",
    "Turn",
    "TurnError",
    "child",
    "main",
    "package_version",
    "program",
    "rival_python",
    "timed",
]
