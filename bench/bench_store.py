"""The store alone: readings a second in one transaction after another, without a link or an agent.

python bench/bench_store.py [URL]...   each an empty store; without one, a SQLite file that is deleted again
"""

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec.structs import replace
from shipping.payload import AT, make_readings, readings

from proto_schema import READING, Batch, Reading, Record, decode, encode
from ptscan.collector import Newcomer, Parcel, Store, add_token, counts, enrol, ensure_entity, ingest_all, open_store

NOW: Final = 1_795_240_800.0
ROUNDS: Final = 12
SMALL_OCTETS: Final = 2_100
"""The mean of the small readings: those of devices that say little."""
# Agents whose batches come together, and readings in each batch.
SHAPES: Final = ((1, 600), (5, 600), (100, 10))


def small(found: Sequence[Reading]) -> list[Reading]:
    """The shortest of them, as many as have the mean length."""
    kept = sorted(found, key=lambda reading: len(encode(reading)))
    while statistics.mean(len(encode(reading)) for reading in kept) > SMALL_OCTETS:
        kept.pop()
    return kept


def prepare(store: Store, agent_ids: Sequence[str]) -> None:
    """Enrol the agents, in one entity."""
    place = store.write(ensure_entity, "bench", now=NOW).id
    for agent_id in agent_ids:
        digest = agent_id.encode()
        store.write(add_token, digest, entity_id=place, now=NOW, expires_at=NOW + 1)
        store.write(enrol, digest, Newcomer(id=agent_id, name=agent_id), now=NOW)


def measure(store: Store, kinds: Sequence[Reading], agents: int, size: int) -> str:
    """Each agent sends a batch of the same devices in each round; the first round, which makes them, is not counted."""
    before = store.read(counts).readings
    agent_ids = [f"{agents}-{size}-{len(kinds)}-{number}" for number in range(agents)]
    prepare(store, agent_ids)
    wall, work = [], []
    for turn in range(ROUNDS):
        sent = []
        for place, agent_id in enumerate(agent_ids):
            records = []
            for number in range(size):
                device = place * size + number
                reading = kinds[device % len(kinds)]
                meters = {**reading.meters, "total": turn}
                changed = replace(reading, device_id=f"{agents}-{device}", meters=meters)
                records.append(Record(sequence=turn * size + number + 1, kind=READING, at=AT, body=encode(changed)))
            sent.append((agent_id, encode(Batch(epoch="bench", records=records))))
        began, worked = time.perf_counter(), time.process_time()
        parcels = [Parcel(agent_id, decode(octets, Batch)) for agent_id, octets in sent]
        store.write(ingest_all, parcels, now=NOW)
        wall.append(agents * size / (time.perf_counter() - began))
        work.append((time.process_time() - worked) / agents / size * 1e6)
    stored = store.read(counts)
    if stored.doubled or stored.readings - before != ROUNDS * agents * size:
        raise SystemExit(f"not what was sent: {stored}")
    middle, best = statistics.median(wall[1:]), max(wall[1:])
    return f"{middle:9,.0f} /s median {best:9,.0f} best {statistics.median(work[1:]):7.1f} µs of this process each"


def main() -> None:
    """Measure each store with each shape of batches."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "readings.jsonl"
        make_readings(path)
        full = list(readings(path, len(path.read_bytes().splitlines())))
        for url in sys.argv[1:] or [f"sqlite:///{folder}/store.db"]:
            with open_store(url) as store:
                print(f"{store.name}: {store.guard()}")
                for kinds in (small(full), full):
                    octets = statistics.mean(len(encode(reading)) for reading in kinds)
                    for agents, size in SHAPES:
                        print(f"{octets:6,.0f} octets, {agents:3} x {size:3}: {measure(store, kinds, agents, size)}")


if __name__ == "__main__":
    main()
