"""Agents and collectors killed at random, for as long as is asked for, and not one reading lost or doubled.

    python tests/chaos/soak.py --kills 200 --store both

Prints one object of JSON. Its exit code is 1 where anything was not as it must be; the folder is kept then.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import trio

sys.path.append(str(Path(__file__).parents[1] / "collector"))

from faults import NAMESPACES, absent, clock_library, may_unshare, set_up_network, within_namespaces
from lives import open_nest
from pair import START_SECONDS, Pair, open_pair
from rounds import FAULTS, play
from servers import AbsentError, new_database, running_server
from tally import HopelessError, Tally

_EXAMPLES = 20


def read_words(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="in all, of each kind of store")
    parser.add_argument("--seconds", type=float, default=3_600.0, help="after which no round begins")
    parser.add_argument("--faults", default="all", help=f"all, or of {','.join(FAULTS)}; no:NAME leaves one out")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--pairs", type=int, default=2, help="of agent and collector at once, of each kind of store")
    parser.add_argument("--round", type=int, default=15, help="kills between two looks at what is stored")
    parser.add_argument("--puts", type=float, default=30.0, help="a second, of each agent")
    parser.add_argument("--start-seconds", type=float, default=START_SECONDS, help="a start takes, at most")
    parser.add_argument("--seed", type=int, help="of all that is drawn; the moments of a machine can't be drawn")
    parser.add_argument("--folder", type=Path, help="where all of it lies; made, and kept")
    parser.add_argument("--format", choices=("json",), default="json")
    return parser.parse_args(words)


def chosen_faults(text: str) -> tuple[list[str], dict[str, str]]:
    """The faults that are asked for and can be had here, and of the others why not."""
    asked = text.split(",")
    left_out = {name.removeprefix("no:") for name in asked if name.startswith("no:")}
    named = [name for name in asked if not name.startswith("no:")] or ["all"]
    wanted = [name for name in FAULTS if (name in named or "all" in named) and name not in left_out]
    if unknown := (set(named) | left_out) - {*FAULTS, "all"}:
        raise SystemExit(f"there is no fault {', '.join(sorted(unknown))}: name some of {', '.join(FAULTS)}")
    reasons = {name: reason for name in wanted if (reason := absent(name)) is not None}
    return [name for name in wanted if name not in reasons], reasons


async def soak(options: argparse.Namespace, folder: Path, server: str | None, faults: Sequence[str]) -> Tally:
    """Play rounds until the kills are done, or the time is over."""
    tally = Tally()
    kinds = ("sqlite", "postgresql") if options.store == "both" else (options.store,)
    # Only a process without threads can enter a disk of its own, and all of a pair has to see it.
    small = "disk" in faults
    clocks = bool({"clock", "renewal"} & set(faults))
    library = clock_library(folder) if clocks else None
    async with (
        open_nest("agent", library) as agents,
        open_nest("collector", library) as collectors,
        AsyncExitStack() as stack,
    ):
        left = dict.fromkeys(kinds, options.kills)
        pairs: list[tuple[str, Pair]] = []
        for kind in kinds:
            for number in range(options.pairs):
                name = f"{kind}-{number}"
                url = f"sqlite:///{folder / name / 'collector' / 'collector.db'}"
                if kind == "postgresql":
                    assert server is not None
                    url = stack.enter_context(new_database(server))
                pair = Pair(
                    name, folder / name, url, agents=agents, collectors=collectors, tally=tally,
                    lots=random.Random(f"{options.seed} {name}"), puts_per_second=options.puts,
                    start_seconds=options.start_seconds,
                )  # fmt: skip
                pairs.append((kind, await stack.enter_async_context(open_pair(pair, small=small, clocks=clocks))))
        ends_at = trio.current_time() + options.seconds
        cycles = {kind: cycle_of(faults, random.Random(f"{options.seed} {kind}")) for kind in kinds}
        async with trio.open_nursery() as nursery:

            async def keep_playing(kind: str, pair: Pair) -> None:
                try:
                    await _play(kind, pair, left, cycles[kind], options.round, ends_at)
                except HopelessError:
                    nursery.cancel_scope.cancel()

            for kind, pair in pairs:
                nursery.start_soon(keep_playing, kind, pair)
        for _, pair in pairs:
            if pair.verdict is not None:
                tally.readings["spooled"] += pair.verdict.spooled
                tally.readings["stored"] += pair.verdict.stored
                tally.readings["refused"] += pair.verdict.refused
                tally.readings["redelivered"] += pair.verdict.redelivered
                tally.readings["taken_after_a_kill"] += pair.verdict.taken_after_a_kill
    return tally


def cycle_of(faults: Sequence[str], lots: random.Random) -> Iterator[str]:
    """The faults in a random order, then in another, and so on."""
    while faults:
        yield from lots.sample(list(faults), len(faults))


async def _play(
    kind: str, pair: Pair, left: dict[str, int], cycle: Iterator[str], most: int, ends_at: float
) -> None:  # fmt: skip
    while left[kind] > 0 and trio.current_time() < ends_at:
        kills = min(most, left[kind])
        left[kind] -= kills
        done = await play(pair, next(cycle), kills)
        left[kind] -= done - kills


def report(options: argparse.Namespace, tally: Tally, seconds: float, absent: dict[str, str]) -> dict[str, object]:
    """What a run comes to."""
    return {
        "ok": not tally.faults,
        "kills": dict(tally.kills) | {"all": sum(tally.kills.values())},
        "readings": dict(tally.readings),
        "faults": {name: tally.faults[name] for name in ("lost", "doubled", "altered", "invented")} | tally.faults,
        "examples": tally.examples[:_EXAMPLES],
        "spool_findings": dict(tally.findings),
        "starts_refused_on_a_full_disk": tally.refused_starts,
        "rounds": dict(tally.rounds),
        "absent": absent,
        "start_seconds": {kind: _spread(each) for kind, each in tally.starts.items()},
        "cold_start_seconds": {kind: _spread(each) for kind, each in tally.cold_starts.items()},
        "heal_seconds": _spread([seconds for _, seconds in tally.heals]),
        "slowest_heals": [[name, round(each, 1)] for name, each in sorted(tally.heals, key=lambda heal: -heal[1])[:5]],
        "store": options.store,
        "seed": options.seed,
        "seconds": round(seconds, 1),
    }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 3),
        "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 3),
        "most": round(ordered[-1], 3),
    }


def main(words: Sequence[str]) -> int:
    options = read_words(words)
    if not within_namespaces() and may_unshare():
        os.environ[NAMESPACES] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, __file__, *words])
    if within_namespaces():
        set_up_network()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    faults, reasons = chosen_faults(options.faults)
    if options.folder is None:
        folder = Path(tempfile.mkdtemp(prefix="ptscan-soak-", dir="/tmp"))
    else:
        folder = options.folder
        folder.mkdir(mode=0o700)
    with ExitStack() as stack:
        server = None
        if options.store != "sqlite":
            try:
                server = stack.enter_context(running_server())
            except AbsentError as error:
                raise SystemExit(f"{error}, or name --store sqlite") from error
        began = time.monotonic()
        tally = trio.run(soak, options, folder, server, faults)
        told = report(options, tally, time.monotonic() - began, reasons)
    if told["ok"] and options.folder is None:
        shutil.rmtree(folder)
    else:
        told["folder"] = str(folder)
    print(json.dumps(told, indent=1))
    return 0 if told["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
