"""How fast the codec is, beside pyasn1 and x690/puresnmp, in one run.

Each contestant runs in a process of its own, in turns, for several rounds; each has to give the right result before it
is timed. Printed are medians over the rounds with their spread, and ratios to ours. The work is the same for all: a
request from its parts to octets, an answer from octets to names, types and values (x690 reads lazily: its values are
asked for). Ours alone: answers of a known shape, a fleet whose answers differ in the widths of their values, encoding,
and messages of 60,000 octets made to be slow, beside an honest one. Losing cases stay in.

    python bench/bench_codec.py [--rounds N] [--json FILE]
"""

import argparse
import importlib
import json
import platform
import random
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import codec
from codec import Message, PduType, RequestTemplate, Shapes, Varbind, decode_message, encode_response, parse_oid
from codec.ber import encode_tlv
from codec.message import encode_message
from codec.pdu import encode_pdu

PEERS = Path(__file__).resolve().parents[1] / "tests" / "codec"  # those of the differential tests
CONTESTANTS = ("codec", "pyasn1", "x690")
REQUEST_ID = 0x1234_5678


class Case(NamedTuple):
    """What is timed, what it has to give, and how many units (varbinds, or 1) one call is."""

    call: Callable[[], object]
    expected: object
    units: int = 1


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


def answer(varbinds: list[Varbind]) -> Message:
    return Message(codec.V2C, b"public", PduType.RESPONSE, REQUEST_ID, 0, 0, varbinds)


NAMES = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in range(1, 11)]
GET = Message(codec.V2C, b"public", PduType.GET, REQUEST_ID, 0, 0, [(name, codec.NULL, None) for name in NAMES])
ANSWERS = {
    "60 varbinds, Printer-MIB": answer(table("1.3.6.1.2.1.43.11.1.1", 60)),
    "60 varbinds, vendor's arcs": answer(table("1.3.6.1.4.1.2435.2.3.9.4.2.1", 60)),
    "1 varbind": answer(table("1.3.6.1.2.1.43.11.1.1", 1)),
}


def fleet(count: int) -> list[Message]:
    """Answers to one request from many printers, every third value of a width of its own."""
    chance = random.Random(7)
    messages = []
    for _ in range(count):
        varbinds = table("1.3.6.1.2.1.43.11.1.1", 60)
        for place in range(0, 60, 3):
            name, _, _ = varbinds[place]
            varbinds[place] = (name, codec.INTEGER, chance.randrange(1 << chance.choice((7, 15, 23))))
        messages.append(answer(varbinds))
    return messages


def hostile() -> dict[str, bytes]:
    """Messages of about 60,000 octets: an honest one first, then some that are made to be slow."""
    parts = {
        "honest": (NAMES[0] + b"\x01", codec.INTEGER, b"\x12\x67"),
        "padded names": (NAMES[0] + b"\x80\x01", codec.INTEGER, b"\x01"),
        "padded names and values": (b"\x2b\x80\x01\x02", codec.OBJECT_IDENTIFIER, b"\x2b\x80\x01\x02\x03"),
        "empty names and values": (b"", codec.OBJECT_IDENTIFIER, b""),
        "masked counters": (NAMES[0], codec.COUNTER64, b"\xff"),
        "too many varbinds": (b"\x2b", codec.NULL, b""),
        "one name of padding": (b"\x80\x01" * 29_900, codec.NULL, b""),
        "one name of numbers, the last too large": (b"\x01" * 59_900 + b"\x90\x80\x80\x80\x00", codec.NULL, b""),
        "one number of padding": (b"\x80" * 59_900 + b"\x01", codec.NULL, b""),
        "one name without an end": (b"\xff" * 59_900, codec.NULL, b""),
    }
    messages = {}
    for label, (name, tag, content) in parts.items():
        varbind = encode_tlv(0x30, encode_tlv(0x06, name) + encode_tlv(tag, content))
        varbinds = encode_tlv(0x30, varbind * (60_000 // len(varbind)))
        messages[label] = encode_message(codec.V2C, b"public", encode_pdu(PduType.RESPONSE, (1, 0, 0), varbinds))
    return messages


def octets(message: Message) -> bytes:
    return encode_response(message.version, message.community, message.request_id, message.varbinds)


def build_request() -> bytes:
    return RequestTemplate(codec.V2C, b"public", PduType.GET, NAMES).encode(REQUEST_ID)


def decode_all(datagrams: Iterable[bytes], shapes: Shapes | None = None) -> list[object]:
    return [decode_message(data, shapes) for data in datagrams]


def is_accepted(data: bytes) -> bool:
    """Whether the message was accepted."""
    try:
        decode_message(data)
    except codec.DecodeError:
        return False
    return True


def our_cases() -> dict[str, Case]:
    template = RequestTemplate(codec.V2C, b"public", PduType.GET, NAMES)
    cases = {
        "encode a GET of 10": Case(partial(template.encode, REQUEST_ID), build_request()),
        "encode a GET of 10, template and all": Case(build_request, build_request()),
    }
    for name, message in ANSWERS.items():
        data, units = octets(message), len(message.varbinds)
        cases[f"decode {name}"] = Case(partial(decode_message, data), message, units)
        cases[f"decode {name}, shape known"] = Case(partial(decode_message, data, Shapes()), message, units)
        cases[f"encode {name}"] = Case(partial(octets, message), data, units)
    messages = fleet(200)
    datagrams = [octets(message) for message in messages]
    cases["decode a varied fleet"] = Case(partial(decode_all, datagrams), messages, 60 * len(messages))
    cases["decode a varied fleet, with shapes"] = cases["decode a varied fleet"]._replace(
        call=partial(decode_all, datagrams, Shapes())
    )
    for name, data in hostile().items():
        cases[f"60,000 octets: {name}"] = Case(partial(is_accepted, data), name in ("honest", "one number of padding"))
    return cases


def their_cases(module: str) -> dict[str, Case]:
    sys.path.append(str(PEERS))
    peer = importlib.import_module(module)
    cases = {"encode a GET of 10": Case(partial(peer.encode, GET), build_request())}
    for name, message in ANSWERS.items():
        cases[f"decode {name}"] = Case(partial(peer.decode, octets(message)), message, len(message.varbinds))
    return cases


def time_one(contestant: str) -> dict[str, float]:
    """Microseconds a unit for each case, the best of some short loops."""
    times = {}
    cases = our_cases() if contestant == "codec" else their_cases(f"peer_{contestant}")
    for name, (call, expected, units) in cases.items():
        if call() != expected:
            raise SystemExit(f"{contestant}: {name}: the result is wrong")
        timer = timeit.Timer(call)
        loops = max(1, timer.autorange()[0] // 10)  # of some 20 to 50 ms, so that the best of them meets no other work
        times[name] = min(timer.repeat(10, loops)) / loops / units * 1e6
    return times


def print_table(samples: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'':42}" + "".join(f"{contestant:>28}" for contestant in CONTESTANTS))
    for name, by_contestant in samples.items():
        ours = statistics.median(by_contestant["codec"])
        row = f"{name:42}"
        for contestant in CONTESTANTS:
            cell = ""
            if contestant in by_contestant:
                values = by_contestant[contestant]
                median = statistics.median(values)
                cell = f"{median:.2f} ({min(values):.2f}-{max(values):.2f})"
                if contestant != "codec":
                    cell += f" x{median / ours:.0f}"
            row += f"{cell:>28}"
        print(row.rstrip())


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
    print(
        f"{environment}; microseconds a varbind, request or message: median of {options.rounds} rounds (least-most)\n"
    )
    print_table(samples)
    if options.json:
        figures = {"environment": environment, "unit": "microseconds", "samples": samples}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
