"""A record judged: the reading in it with what the store keeps of it in columns, or why it is refused.

A refusal speaks of one record and is the same however often it is sent; nothing of the batch waits for it.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import msgspec

from proto_schema import READING, READING_SCHEMA, Reading, Record, Refusal, WireError, decode
from ptscan.collector.storage import limits

NOTHING = b""
"""The digest of no rows."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A record that can be stored."""

    sequence: int
    body: bytes
    reading: Reading
    read_at: float
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


def digest(rows: list[msgspec.Struct]) -> bytes:
    """What tells whether rows changed; empty for none."""
    return hashlib.blake2b(msgspec.msgpack.encode(rows), digest_size=16).digest() if rows else NOTHING


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
    return Judged(
        sequence=record.sequence,
        body=record.body,
        reading=reading,
        read_at=_instant(reading.time),
        supplies_digest=digest([*reading.supplies]),
        alerts_digest=digest([*reading.alerts]),
    )


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
    for name, count, most in (
        ("supplies", len(reading.supplies), limits.SUPPLIES),
        ("alerts", len(reading.alerts), limits.ALERTS),
        ("meters", len(reading.meters), limits.METERS),
    ):
        if count > most:
            raise _RefusedError("too-many-rows", f"{count} {name}, and {most} are the most")
    numbers = [*reading.meters.values()]
    numbers += [alert.code for alert in reading.alerts if alert.code]
    for supply in reading.supplies:
        numbers += (supply.level or 0, supply.capacity or 0)
    # Below, there is as much room as MessagePack has.
    if numbers and max(numbers) > limits.INTEGER:
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
