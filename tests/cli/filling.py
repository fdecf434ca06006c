"""What the tests of the collector's shell put into its store, by what the collector itself offers."""

from sqlalchemy import Connection

from proto_schema import READING, Alert, Batch, Identity, Reading, Record, Status, Supply, encode
from ptscan.collector import Newcomer, Store, add_token, enrol, ensure_entity, ingest

AT = "2026-11-21T06:00:00Z"
NOW = 1_795_240_800.0  # AT


def toner(percent: float, *, color: str = "black", state: str = "ok") -> Supply:
    return Supply(index=color, kind="toner", color=color, percent=percent, state=state)


def a_reading(device: str, *, total: int = 7, at: str = AT, supplies: list[Supply] | None = None) -> Reading:
    """A reading of a small printer."""
    return Reading(
        device_id=device,
        address="127.1.0.7",
        port=161,
        time=at,
        identity=Identity(manufacturer="Acme", model="One", serial=device),
        meters={"total": total, "color": 1},
        supplies=[toner(50)] if supplies is None else supplies,
        status=Status(state="idle", conditions=["low-toner"]),
        alerts=[Alert(severity="warning", code=1104, description="Toner low")],
    )


def put(store: Store, agent_id: str, *readings: Reading, first: int = 1) -> None:
    """Store readings as an agent's, numbered from ``first`` on."""
    records = [
        Record(sequence=number, kind=READING, at=AT, body=encode(reading))
        for number, reading in enumerate(readings, first)
    ]
    store.write(ingest, Batch(epoch="e1", records=records), agent_id=agent_id, now=NOW)


def an_agent(store: Store, agent_id: str, *, entity: str) -> None:
    """Enrol an agent, called ``agent ID``."""

    def write(connection: Connection) -> None:
        place = ensure_entity(connection, entity, now=NOW)
        digest = agent_id.encode().ljust(32, b".")
        add_token(connection, digest, entity_id=place.id, now=NOW, expires_at=NOW + 60)
        enrol(connection, digest, Newcomer(id=agent_id, name=f"agent {agent_id}"), now=NOW)

    store.write(write)
