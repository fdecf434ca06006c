"""How fast the codec is, beside pyasn1 and x690/puresnmp, in one run.

Each contestant runs in a process of its own, in turns, for several rounds; each has to give the right result before it
is timed. Printed are medians over the rounds with their spread, and ratios to ours. The work is the same for all: a
request from its parts to octets, an answer from octets to names, types and values (x690 reads lazily: its values are
asked for). Losing cases stay in.

    python bench/bench_codec.py [--rounds N] [--json FILE]
"""

import argparse
import importlib
import json
import platform
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import codec
from codec import Message, PduType, RequestTemplate, Varbind, decode_message, encode_response, parse_oid

PEERS = Path(__file__).resolve().parents[1] / "tests" / "codec"  # those of the differential tests
CONTESTANTS = ("codec", "pyasn1", "x690")
REQUEST_ID = 0x1234_5678


def table(prefix: str, count: int) -> list[Varbind]:
    """Rows as a printer has them: small and large numbers, texts, counters; one type after the other."""
    values: list[tuple[int, codec.Value]] = [
        (codec.INTEGER, 3),
        (codec.INTEGER, 12_500),
        (codec.OCTET_STRING, b"Black Toner Cartridge"),
        (codec.COUNTER32, 3_000_000_123),
        (codec.GAUGE32, 1_482_337),
        (codec.INTEGER, -2),
    ]
    return [(parse_oid(f"{prefix}.{row % 9 + 1}.1.{row // 9 + 1}"), *values[row % len(values)]) for row in range(count)]


NAMES = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in range(1, 11)]
GET = Message(codec.V2C, b"public", PduType.GET, REQUEST_ID, 0, 0, [(name, codec.NULL, None) for name in NAMES])


def answer(varbinds: list[Varbind]) -> Message:
    return Message(codec.V2C, b"public", PduType.RESPONSE, REQUEST_ID, 0, 0, varbinds)


ANSWERS = {
    "60 varbinds, Printer-MIB": answer(table("1.3.6.1.2.1.43.11.1.1", 60)),
    "60 varbinds, vendor's arcs": answer(table("1.3.6.1.4.1.2435.2.3.9.4.2.1", 60)),
    "1 varbind": answer(table("1.3.6.1.2.1.43.11.1.1", 1)),
}


def octets(message: Message) -> bytes:
    return encode_response(message.version, message.community, message.request_id, message.varbinds)


def build_request() -> bytes:
    return RequestTemplate(codec.V2C, b"public", PduType.GET, NAMES).encode(REQUEST_ID)


class Case(NamedTuple):
    """What is timed, what it has to give, and how many units (varbinds, or 1) one call is."""

    call: Callable[[], object]
    expected: object
    units: int = 1


def our_cases() -> dict[str, Case]:
    template = RequestTemplate(codec.V2C, b"public", PduType.GET, NAMES)
    found = {
        "encode a GET of 10": Case(partial(template.encode, REQUEST_ID), build_request()),
        "encode a GET of 10, template and all": Case(build_request, build_request()),
    }
    for name, message in ANSWERS.items():
        data, units = octets(message), len(message.varbinds)
        found[f"decode {name}"] = Case(partial(decode_message, data), message, units)
        found[f"encode {name}"] = Case(partial(octets, message), data, units)
    return found


def their_cases(module: str) -> dict[str, Case]:
    sys.path.append(str(PEERS))
    peer = importlib.import_module(module)
    found = {"encode a GET of 10": Case(partial(peer.encode, GET), build_request())}
    for name, message in ANSWERS.items():
        found[f"decode {name}"] = Case(partial(peer.decode, octets(message)), message, len(message.varbinds))
    return found


def time_one(contestant: str) -> dict[str, float]:
    """Microseconds a unit for each case, the best of a few short loops."""
    times = {}
    cases = our_cases() if contestant == "codec" else their_cases(f"peer_{contestant}")
    for name, (call, expected, units) in cases.items():
        if call() != expected:
            raise SystemExit(f"{contestant}: {name}: the result is wrong")
        timer = timeit.Timer(call)
        loops, _ = timer.autorange()
        loops = max(1, loops // 10)  # loops of about 20 to 50 ms, so that the best of them meets an idle moment
        times[name] = min(timer.repeat(10, loops)) / loops / units * 1e6
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of each contestant (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        print(json.dumps(time_one(options.contestant)))
        return 0
    samples: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.rounds):
        for contestant in CONTESTANTS:
            command = [sys.executable, __file__, "--contestant", contestant]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            for name, microseconds in json.loads(run.stdout).items():
                samples.setdefault(name, {}).setdefault(contestant, []).append(microseconds)
    environment = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{environment}; microseconds (a varbind, or a request), median of {options.rounds} rounds (least-most)\n")
    print(f"{'':38}" + "".join(f"{contestant:>26}" for contestant in CONTESTANTS))
    figures = {}
    for name, by_contestant in samples.items():
        medians = {contestant: statistics.median(values) for contestant, values in by_contestant.items()}
        cells = []
        for contestant in CONTESTANTS:
            values = by_contestant.get(contestant)
            if values is None:
                cells.append("")
                continue
            spread = f"{medians[contestant]:.2f} ({min(values):.2f}-{max(values):.2f})"
            ratio = "" if contestant == "codec" else f" x{medians[contestant] / medians['codec']:.0f}"
            cells.append(spread + ratio)
        print(f"{name:38}" + "".join(f"{cell:>26}" for cell in cells))
        figures[name] = by_contestant
    if options.json:
        text = json.dumps({"environment": environment, "unit": "microseconds", "samples": figures}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
