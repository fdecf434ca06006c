"""Runs the benches one after another, each bounded, and publishes what they gave: `make bench`."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import headline
from goals import table
from harness.report import PAGE, PUBLISHED, ROOT, load, publish
from harness.rivals import prepare
from harness.target import build

HERE: Final = Path(__file__).resolve().parent


class Part(NamedTuple):
    """One bench: its script, what it takes by default, and whether it only runs when it is named."""

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    on_demand: bool = False


PARTS: Final = (
    Part("sweep", "bench_sweep.py"),
    Part("namespaces", "bench_namespaces.py"),
    Part("completeness", "bench_completeness.py"),
    Part("client", "bench_client.py"),
    Part("usm", "bench_usm.py"),
    Part("codec", "bench_codec.py"),
    Part("memory", "bench_memory.py"),
    Part("ship", "bench_ship.py"),
    Part("long", "bench_long.py", on_demand=True),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench BENCH='...'", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of each contestant, instead of each bench's own")
    parser.add_argument("--seconds", type=float, metavar="S", help="begin no round after that, in each bench")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the page anew from results.json")
    options = parser.parse_args()
    chosen = [part for part in PARTS if (part.name in options.only if options.only else not part.on_demand)]
    failed = []
    if not options.render:
        missing = build()  # once more in each bench, which then finds it done
        for trouble in [*prepare(), *([missing.reason] if missing else [])]:
            print(f"  {trouble}", file=sys.stderr)
        failed = [part.name for part in chosen if not _run(part, options)]
    known = load(PUBLISHED)
    publish(known, names, preface=table(known))
    headline.write(known)
    print(f"written: {PAGE.relative_to(ROOT)} and its plots, README.md, {PUBLISHED.relative_to(ROOT)}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(part: Part, options: argparse.Namespace) -> bool:
    command = [sys.executable, str(HERE / part.script), *part.arguments, "--out", str(PUBLISHED)]
    command += ["--rounds", str(options.rounds)] if options.rounds else []
    command += ["--seconds", str(options.seconds)] if options.seconds else []
    began = time.monotonic()
    print(f"== {part.name}", file=sys.stderr, flush=True)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    process = subprocess.Popen(command, env=environment)
    try:
        right = process.wait() == 0
    except KeyboardInterrupt:
        process.wait()  # it got the Ctrl-C too, and has namespaces to take away: subprocess.run would kill it
        raise
    print(f"== {part.name}: {time.monotonic() - began:.0f} s\n", file=sys.stderr, flush=True)
    return right


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
