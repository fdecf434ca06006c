"""A process, there to be killed, that stores batches and says what it was told of each: URL AGENT FIRST LAST SIZE."""

import sys

from proto_schema import READING, Batch, Reading, Record, encode
from ptscan.collector.storage import (
    Newcomer,
    StoreError,
    add_token,
    enrol,
    ensure_entity,
    get_agent,
    ingest,
    open_store,
)

AT = "2026-11-21T06:00:00Z"
NOW = 1_795_240_800.0


def body(sequence: int) -> bytes:
    return encode(
        Reading(device_id=f"device-{sequence % 50}", address="127.0.0.1", port=161, time=AT, meters={"total": sequence})
    )


def feed(url: str, agent: str, first: int, last: int, size: int) -> None:
    with open_store(url) as store:
        if store.read(get_agent, agent) is None:
            digest = agent.encode()
            place = store.write(ensure_entity, "customer", now=NOW)
            store.write(add_token, digest, entity_id=place.id, now=NOW, expires_at=NOW + 1)
            store.write(enrol, digest, Newcomer(id=agent, name=agent), now=NOW)
        for start in range(first, last + 1, size):
            numbers = range(start, min(start + size, last + 1))
            records = [Record(sequence=number, kind=READING, at=AT, body=body(number)) for number in numbers]
            reply = store.write(ingest, Batch(epoch="e1", records=records), agent_id=agent, now=NOW)
            print(reply.upto, flush=True)


if __name__ == "__main__":
    try:
        feed(sys.argv[1], sys.argv[2], *(int(word) for word in sys.argv[3:6]))
    except StoreError as error:
        sys.exit(f"{type(error).__name__}: {error}")
