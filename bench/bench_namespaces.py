"""How fast a network behind a gateway is swept: the tools that need a real interface, and ptscan beside them.

python bench/bench_namespaces.py [--rounds N] [--seconds S] [--out FILE]     (as root)
"""

import sys
from typing import Final

from harness import Absent, Bench, Case, Column, Contestant, main
from harness.namespaces import BLOCK, Pair, available, joined, trickle
from harness.target import Network, Place, build
from sweepers import Entry, Sweeper, taking_part
from tools import c_limit, masscan, nmap, onesixtyone, ptscan, zmap

CASE: Final = "65,536 hosts, all answer, whole process"
BENCH: Final = Bench(
    "namespaces",
    "Sweep through a real interface",
    "Two network namespaces joined by a veth pair, the target a /16 behind a gateway, port 161: what zmap, masscan and "
    "nmap need. zmap sends ptscan's request and waits one second for late answers, as ptscan does; masscan and nmap "
    "have their own requests. onesixtyone waits five seconds at its end in any case; *asking* leaves that out.",
    (Case(CASE, "s", beside=(Column("found", "%"), Column("asking", "s"), Column("cpu", "s"))),),
)


def sweepers(pair: Pair) -> list[tuple[Sweeper | Absent, int | None]]:
    """The tools, and how many rounds a slow one has."""
    way = pair.way
    return [
        (ptscan("ptscan", "--rate", "max"), None),
        (c_limit(), None),
        (zmap("zmap, full speed", "-r", "0", "-c", "1", **way), None),
        (zmap("zmap, 50,000/s", "-r", "50000", "-c", "1", **way), 3),
        (onesixtyone("onesixtyone -w 0", 0), 3),
        (masscan("masscan, 100,000/s", 100_000, **way), 3),
        (masscan("masscan, 20,000/s, 1 retry", 20_000, "--retries", "1", **way), 2),
        (nmap("nmap -T5 --min-rate 20000", "-T5", "--min-rate", "20000", "--max-retries", "1", hosts=8192), 2),
    ]


def run() -> int:
    """Measure in namespaces, or name the reason why not."""
    missing = build() or available()
    if missing is not None:
        return main(BENCH, lambda: [missing])
    with joined() as pair, trickle(pair):
        place = Place(Network(addresses=BLOCK, port=161), pair.near, pair.far)

        def contestants() -> list[Contestant | Absent]:
            return taking_part([Entry(CASE, place, sweeper, rounds) for sweeper, rounds in sweepers(pair)])

        return main(BENCH, contestants, rounds=5, seconds=90)


if __name__ == "__main__":
    sys.exit(run())
