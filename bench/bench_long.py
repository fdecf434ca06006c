"""A whole /8 on loopback where hardly anybody answers: time, probes a second, peak of memory. Takes minutes.

python bench/bench_long.py [--out FILE]
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness import Absent, Bench, Case, Column, Contestant, Sample, main
from harness.target import Network, Place, build
from sweepers import Entry, Job, Sweeper, taking_part
from tools import PTSCAN, c_limit, ptscan

CASE: Final = "127.0.0.0/8, one address of 1,000 answers, 3 rounds, whole process"
BENCH: Final = Bench(
    "long",
    "A whole /8",
    "16.8 million addresses of loopback, of which one in a thousand answers; three rounds over the silent ones. The C "
    "limit keeps an octet for each address, ptscan two bits.",
    (Case(CASE, "s", beside=(Column("found", "%"), Column("probes/s", ""), Column("resident", "MB"))),),
)
EIGHT: Final = Place(Network(addresses="127.0.0.0/8", port=19161, density=10))
LIMIT: Final = 900.0


def judge(sample: Sample) -> Sample:
    """Put speed and memory beside the time."""
    probes = sample.beside["probes"] * EIGHT.network.count
    beside = {"found": sample.beside["found"], "probes/s": probes / sample.beside["asking"]}
    return Sample(sample.value, {**beside, "resident": sample.beside["resident"]}, sample.note)


def whole_eight(job: Job) -> Sequence[str | Path]:
    """As a block, not as a range: the broadcast address of loopback takes no packets."""
    options = ["--port", str(job.port), "--format", "jsonl", "--quiet", "--rate", "max", "--retries", "2"]
    return [PTSCAN, "sweep", job.block, *options]


def contestants() -> Sequence[Contestant | Absent]:
    """ptscan and the C limit."""
    if (missing := build()) is not None:
        return [missing]
    sweepers: list[Sweeper] = [replace(ptscan("ptscan"), command=whole_eight), c_limit("-R", "3", "-w", "0")]
    return taking_part([Entry(CASE, EIGHT, replace(each, memory=True, limit=LIMIT), None, judge) for each in sweepers])


if __name__ == "__main__":
    sys.exit(main(BENCH, contestants, rounds=1, seconds=LIMIT))
