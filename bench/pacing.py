"""How sweeps fare over links that drop, lose and delay, in virtual time: found, seconds, share of the ideal speed.

    python bench/pacing.py [--quick]

The ideal sends as many probes as a sweep of three rounds needs (four where a tenth is lost at random) at exactly what
the link carries and waits for nothing. No packet leaves the machine. The whole matrix takes about 20 minutes on two
cores, ``--quick`` two.
"""

import itertools
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "sweep"))

from links import Link, sweep

from ptscan.sweep.limits import KIND_RATE
from ptscan.sweep.pacing import make_pacer

TARGETS = 65_536
LOSSES = (0.0, 0.01, 0.1)
LATENCIES = (0.001, 0.05, 0.3)
DENSITIES = (1.0, 0.05, 0.01, 0.002)
CAPACITIES = (4_000.0, 10_000.0, 20_000.0, 50_000.0)
RATES: tuple[float | Literal["max"] | None, ...] = (None, "max", 50_000.0, 1_000_000.0)


class Case(NamedTuple):
    """One sweep."""

    capacity: float
    rate: float | Literal["max"] | None
    density: float
    loss: float
    latency: float
    seed: int


class Result(NamedTuple):
    """What became of it."""

    case: Case
    hosts: int
    found: int
    seconds: float
    ideal: float
    sending: float
    rounds: int
    limit: float | None


def run(case: Case) -> Result:
    """Sweep once, in virtual time."""
    link = Link(case.capacity, loss=case.loss, latency=case.latency, jitter=case.latency / 10, seed=case.seed)
    outcome = sweep(make_pacer(case.rate, 0.0), link, targets=TARGETS, density=case.density, seed=case.seed)
    rounds = 4 if case.loss > 0.05 else 3
    needed = TARGETS if case.density == 1 else rounds * TARGETS - (rounds - 1) * outcome.hosts
    cap = KIND_RATE if case.rate is None else case.capacity if case.rate == "max" else case.rate
    return Result(
        case=case,
        hosts=outcome.hosts,
        found=outcome.found,
        seconds=outcome.seconds,
        ideal=needed / min(cap, case.capacity),
        sending=outcome.sending,
        rounds=outcome.rounds + 1,
        limit=outcome.limit,
    )


def summary(title: str, results: list[Result]) -> str:
    """One line of the table."""
    hosts, found = sum(one.hosts for one in results), sum(one.found for one in results)
    ideal, seconds = sum(one.ideal for one in results), sum(one.seconds for one in results)
    sending, rounds = sum(one.sending for one in results), sum(one.rounds for one in results) / len(results)
    short = sum(one.hosts - one.found > 0.001 * one.hosts for one in results)
    share = f"{ideal / seconds:6.2f} {ideal / sending:8.2f}"
    return f"{title:34} {found / hosts:9.3%} {short:4d} of {len(results):<4d} {share} {rounds:7.1f}"


def main() -> None:
    """Run the matrix and print it, summed up by each of its dimensions."""
    quick = "--quick" in sys.argv
    axes = (
        (4_000.0, 20_000.0) if quick else CAPACITIES,
        ("max", 50_000.0) if quick else RATES,
        DENSITIES,
        (0.0, 0.1) if quick else LOSSES,
        (0.001, 0.3) if quick else LATENCIES,
        (1,) if quick else (1, 2),
    )
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(run, itertools.starmap(Case, itertools.product(*axes)), chunksize=4))
    print(f"{'':34} {'found':>9} {'< 99.9 %':>12} {'share':>6} {'sending':>8} {'rounds':>7}")
    for field in ("density", "capacity", "rate", "loss", "latency"):
        for value in dict.fromkeys(getattr(one.case, field) for one in results):
            print(summary(f"{field} {value}", [one for one in results if getattr(one.case, field) == value]))
    for density, loss in itertools.product(DENSITIES, axes[3]):
        chosen = [one for one in results if one.case.density == density and one.case.loss == loss]
        print(summary(f"density {density}, loss {loss}", chosen))
    print("\nthe least complete")
    for one in sorted(results, key=lambda one: one.found / max(1, one.hosts))[:10]:
        print(f"  {one.found / max(1, one.hosts):9.3%} {one.seconds:7.1f} s  {one.case}")
    print("the slowest")
    for one in sorted(results, key=lambda one: one.ideal / one.seconds)[:10]:
        print(f"  {one.ideal / one.seconds:9.2f} {one.seconds:7.1f} s  {one.case}")


if __name__ == "__main__":
    main()
