"""What is shipped: readings of a made-up fleet, as the reader gives them, in batches as an agent sends them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from proto_schema import READING, Batch, Reading, Record, encode

NETWORK: Final = "127.95.0.0/24"
DEVICES: Final = 60
BATCH_RECORDS: Final = 500
AT: Final = "2026-11-21T06:00:00Z"
PTSCAN: Final = Path(sys.executable).with_name("ptscan")


def make_readings(path: Path) -> None:
    """Play a fleet, scan it, and keep the readings in ``path``, one a line."""
    fleet = ("--fleet", str(DEVICES), "--network", NETWORK, "--port", "0", "--quiet")
    simulator = subprocess.Popen([PTSCAN, "sim", *fleet], stdout=subprocess.PIPE, text=True)
    try:
        ready = simulator.stdout.readline() if simulator.stdout else ""
        how = ("--port", ready.rsplit(" ", 1)[-1].strip(), "--format", "jsonl", "--quiet", "--rate", "max")
        subprocess.run([PTSCAN, "scan", NETWORK, *how, "-o", path], check=True)
    finally:
        simulator.terminate()
        simulator.wait()


def readings(path: Path, count: int) -> Iterator[Reading]:
    """``count`` readings of as many devices, made of those in ``path``."""
    known = [msgspec.json.decode(line, type=Reading) for line in path.read_bytes().splitlines()]
    for number in range(count):
        reading = known[number % len(known)]
        yield msgspec.structs.replace(
            reading,
            device_id=f"{reading.device_id}-{number}",
            meters={**reading.meters, "total": 1_000_000 + number},
        )


def batches(path: Path, count: int) -> list[bytes]:
    """The same as encoded batches."""
    records = [
        Record(sequence=number, kind=READING, at=AT, body=encode(reading))
        for number, reading in enumerate(readings(path, count), 1)
    ]
    return [
        encode(Batch(epoch="bench", records=records[start : start + BATCH_RECORDS]))
        for start in range(0, count, BATCH_RECORDS)
    ]
