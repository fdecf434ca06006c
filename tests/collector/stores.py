"""What the tests of the store write into it."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from proto_schema import READING, Alert, Batch, Identity, Reading, Record, Status, Supply, encode
from ptscan.collector.storage import Newcomer, Store, add_token, enrol, ensure_entity
from ptscan.collector.storage.tables import readings, spools

AT = "2026-11-21T06:00:00Z"
NOW = 1_795_240_800.0


def toner(percent: float = 50.0, index: str = "1.1") -> Supply:
    return Supply(
        index=index, kind="toner", color="black", level=int(percent), capacity=100, percent=percent, state="ok"
    )


def a_reading(device: str = "acme-1", *, total: int = 7, at: str = AT, **fields: object) -> Reading:
    """A reading of a small printer; ``fields`` replace its own."""
    said: dict[str, object] = {
        "device_id": device,
        "address": "127.1.0.7",
        "port": 161,
        "time": at,
        "identity": Identity(manufacturer="Acme", model="One", serial=device),
        "meters": {"total": total, "color": 1},
        "supplies": [toner()],
        "status": Status(state="idle", conditions=["low-toner"]),
        "alerts": [Alert(severity="warning", code=1104, description="Toner low")],
    }
    return Reading(**said | fields)  # type: ignore[arg-type]


def record(sequence: int, reading: Reading | bytes | None = None, *, kind: str = READING) -> Record:
    body = reading if isinstance(reading, bytes) else encode(reading or a_reading(total=sequence))
    return Record(sequence=sequence, kind=kind, at=AT, body=body)


def batch(records: Iterable[Record], *, epoch: str = "e1") -> Batch:
    return Batch(epoch=epoch, records=list(records))


def an_agent(store: Store, agent_id: str = "a1", *, entity: str = "customer", now: float = NOW) -> int:
    """Enrol an agent; the number of its entity."""

    def write(connection: Connection) -> int:
        place = ensure_entity(connection, entity, now=now)
        digest = agent_id.encode().ljust(32, b".")
        add_token(connection, digest, entity_id=place.id, now=now, expires_at=now + 60)
        enrol(connection, digest, Newcomer(id=agent_id, name=f"agent {agent_id}"), now=now)
        return place.id

    return store.write(write)


def what_is_stored(store: Store) -> list[tuple[str, str, int, bytes]]:
    """Every reading there is as (agent, epoch, sequence, body), counted by nothing of the store's own."""
    columns = spools.c.agent_id, spools.c.epoch, readings.c.sequence, readings.c.body
    query = select(*columns).join(spools, spools.c.id == readings.c.spool_id)
    return sorted(store.read(lambda connection: [tuple(row) for row in connection.execute(query)]))
