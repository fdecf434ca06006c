"""A record judged: the reading in it with what the store keeps of it in columns, or why it is refused.

A refusal speaks of one record and is the same however often it is sent; nothing of the batch waits for it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from proto_schema import READING, READING_SCHEMA, Alert, Reading, Record, Refusal, Supply, WireError, decode
from ptscan.collector.storage import limits

NOTHING = b""
"""The digest of no rows."""
SAID: Final = (
    "address", "port", "manufacturer", "model", "serial", "mac", "name", "location", "firmware", "state", "conditions",
    "total", "color", "mono", "read_at", "supplies_digest", "alerts_digest",
)  # fmt: skip
"""The columns of a device that its last reading says."""
_PACK: Final = msgspec.msgpack.Encoder().encode


class Judged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that can be stored: what has a column or a row of its own, and the octets that all of it is in."""

    sequence: int
    body: bytes
    device_id: str
    read_at: float
    state: str
    total: int | None
    color: int | None
    mono: int | None
    said: tuple[object, ...]
    """The values of ``SAID``."""
    supplies: list[Supply]
    alerts: list[Alert]
    supplies_digest: bytes
    alerts_digest: bytes


class _RefusedError(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def judge(record: Record) -> Judged | Refusal:
    """What is to be stored of ``record``, or why nothing is.

    Codes: ``unknown-kind``, ``unknown-schema``, ``malformed``, ``mistyped``, ``too-deep``, ``too-long``, ``bad-time``,
    ``bad-device-id``, ``bad-address``, ``bad-text``, ``out-of-range``, ``too-many-rows``.
    """
    try:
        return _judged(record)
    except _RefusedError as refused:
        return Refusal(sequence=record.sequence, code=refused.code, text=str(refused))
    except WireError as error:
        return Refusal(sequence=record.sequence, code=error.code, text=error.text[:1_024])


def digest(rows: Sequence[msgspec.Struct]) -> bytes:
    """What tells whether rows changed; empty for none."""
    return blake2b(_PACK(rows), digest_size=16).digest() if rows else NOTHING


def _judged(record: Record) -> Judged:
    if record.kind != READING:
        raise _RefusedError("unknown-kind", f"a record of kind {record.kind[:64]!r}, and this collector knows readings")
    reading = decode(record.body, Reading)
    if reading.schema != READING_SCHEMA:
        raise _RefusedError("unknown-schema", f"a reading of {reading.schema[:64]!r}, not of {READING_SCHEMA}")
    _check_device(reading)
    _check_rows(reading)
    # PostgreSQL's text holds anything but NUL; what is in no column stays as it came, in the body.
    if b"\0" in record.body and _holds_nul(reading):
        raise _RefusedError("bad-text", "text with NUL in it")
    # What is kept of it has to be little: a transaction holds thousands.
    identity, status, meters = reading.identity, reading.status, reading.meters
    total, color, mono = meters.get("total"), meters.get("color"), meters.get("mono")
    read_at = _instant(reading.time)
    conditions = msgspec.json.encode(status.conditions).decode() if status.conditions else "[]"
    supplies_digest, alerts_digest = digest(reading.supplies), digest(reading.alerts)
    return Judged(
        sequence=record.sequence,
        body=record.body,
        device_id=reading.device_id,
        read_at=read_at,
        state=status.state,
        total=total,
        color=color,
        mono=mono,
        said=(
            reading.address, reading.port, identity.manufacturer, identity.model, identity.serial, identity.mac,
            identity.name, identity.location, identity.firmware, status.state, conditions, total, color, mono, read_at,
            supplies_digest, alerts_digest,
        ),
        supplies=reading.supplies,
        alerts=reading.alerts,
        supplies_digest=supplies_digest,
        alerts_digest=alerts_digest,
    )  # fmt: skip


def _instant(text: str) -> float:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.timestamp()
    except (ValueError, OverflowError):
        pass
    raise _RefusedError("bad-time", f"{text[:64]!r} is no time of RFC 3339 with its zone")


def _check_device(reading: Reading) -> None:
    if not 0 < len(reading.device_id) <= limits.DEVICE_ID:
        raise _RefusedError(
            "bad-device-id", f"an id of {len(reading.device_id)} characters; it has 1 to {limits.DEVICE_ID}"
        )
    if len(reading.address) > limits.ADDRESS or not 0 <= reading.port <= 65_535:
        raise _RefusedError("bad-address", f"{reading.address[:64]!r}, port {reading.port}")


def _check_rows(reading: Reading) -> None:
    supplies, alerts, meters = reading.supplies, reading.alerts, reading.meters
    for name, count, most in (
        ("supplies", len(supplies), limits.SUPPLIES),
        ("alerts", len(alerts), limits.ALERTS),
        ("meters", len(meters), limits.METERS),
    ):
        if count > most:
            raise _RefusedError("too-many-rows", f"{count} {name}, and {most} are the most")
    # Below, there is as much room as MessagePack has.
    highest = max(meters.values()) if meters else 0
    for alert in alerts:
        highest = max(highest, alert.code or 0)
    for supply in supplies:
        highest = max(highest, supply.level or 0, supply.capacity or 0)
    if highest > limits.INTEGER:
        raise _RefusedError("out-of-range", f"a number beyond {limits.INTEGER}")


def _holds_nul(reading: Reading) -> bool:
    kept = (reading.device_id, reading.address, reading.identity, reading.status, reading.supplies, reading.alerts)
    # As JSON at a glance; a text that says \\u0000 itself is looked at again.
    return b"\\u0000" in msgspec.json.encode(kept) and any("\0" in text for text in _texts(msgspec.to_builtins(kept)))


def _texts(value: object) -> Iterator[str]:
    """Every text in what is four levels deep at most."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
