"""How fast a network behind a gateway is swept: the tools that need a real interface, and ptscan beside them.

python bench/bench_namespaces.py [--rounds N] [--seconds S] [--out FILE]     (as root)
"""

import sys
from typing import Final

from harness import Absent, Bench, Case, Column, Contestant, main
from harness.namespaces import BLOCK, Pair, available, joined, trickle
from harness.target import Network, Place, build
from sweepers import Entry, Sweeper, c_limit, masscan, nmap, onesixtyone, ptscan, taking_part, zmap

CASE: Final = "65,536 hosts, all answer, whole process"
BENCH: Final = Bench(
    "namespaces",
    "Sweep through a real interface",
    "Two network namespaces joined by a veth pair, the target a /16 behind a gateway, port 161: what zmap, masscan and "
    "nmap need. zmap sends ptscan's request and waits one second for late answers, as ptscan does; masscan and nmap "
    "have their own requests. onesixtyone waits five seconds at its end in any case; *asking* leaves that out.",
    (Case(CASE, "s", beside=(Column("found", "%"), Column("asking", "s"), Column("cpu", "s"))),),
)


def sweepers(pair: Pair) -> list[Sweeper | Absent]:
    """The tools at their best and, where that is not too slow, at their defaults."""
    way = pair.way
    return [
        ptscan("ptscan", "--rate", "max"),
        c_limit(),
        onesixtyone("onesixtyone -w 0", 0),
        zmap("zmap, full speed", "-r", "0", "-c", "1", **way),
        zmap("zmap, 50,000/s", "-r", "50000", "-c", "1", **way),
        masscan("masscan, 100,000/s", 100_000, **way),
        masscan("masscan, 20,000/s, 1 retry", 20_000, "--retries", "1", **way),
        nmap("nmap -T5 --min-rate 20000", "-T5", "--min-rate", "20000", "--max-retries", "1", hosts=8192),
    ]


def run() -> int:
    """Measure in namespaces, or name the reason why not."""
    missing = build() or available()
    if missing is not None:
        return main(BENCH, lambda: [missing])
    with joined() as pair, trickle(pair):
        place = Place(Network(addresses=BLOCK, port=161), pair.near, pair.far)

        def contestants() -> list[Contestant | Absent]:
            return taking_part([Entry(CASE, place, each) for each in sweepers(pair)])

        return main(BENCH, contestants, rounds=5, seconds=75)


if __name__ == "__main__":
    sys.exit(run())
