"""What a ledger says against what a store holds, read by plain SQL: nothing here is the spool's or the store's code.

A reading carries its name in `identity.asset`. Lost: the spool acknowledged it and it is not stored. Doubled: stored
more than once. Altered: its octets, its number or the columns beside it are not those of the ledger. Invented: stored,
and never meant to be. Taken: its put was refused by a process that came to its own end, and it is stored all the same.
Unmarked: the readings and the intervals of what was received do not say the same.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec
from ledger import Told, digest_of

_SHOWN = 10
_READINGS = """
    SELECT s.agent_id, r.spool_id, r.sequence, r.body, r.total, d.device_id
    FROM readings r JOIN spools s ON s.id = r.spool_id JOIN devices d ON d.id = r.device_id
"""
_ORPHANS = """
    SELECT count(*) FROM readings
    WHERE spool_id NOT IN (SELECT id FROM spools) OR device_id NOT IN (SELECT id FROM devices)
"""
_REDELIVERED = "SELECT CAST(coalesce(sum(redelivered), 0) AS BIGINT) FROM spools"
_AGENTS = "SELECT id FROM agents"
_RECEIVED = "SELECT spool_id, first, last FROM received ORDER BY spool_id, first"

Row = tuple[str, int, int, bytes, int | None, str]
Interval = tuple[int, int, int]


@dataclass
class Stored:
    """What a store holds, as it is."""

    rows: Iterable[Row]
    received: list[Interval]
    agents: list[str] = field(default_factory=list)
    orphans: int = 0
    redelivered: int = 0
    faults: list[str] = field(default_factory=list)
    """What the database says of its own file."""


@dataclass
class Verdict:
    """How many of each fault there are, and the first few by name."""

    spooled: int
    stored: int
    refused: int
    redelivered: int = 0
    """As the store counted them: what came again, and was passed over."""
    taken_after_a_kill: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def cry(self, fault: str, text: str) -> None:
        self.counts[fault] += 1
        if self.counts[fault] <= _SHOWN:
            self.examples.append(f"{fault}: {text}")

    @property
    def good(self) -> bool:
        return not self.counts


def compare(told: Told, stored: Stored, agent_id: str, *, killed: Collection[str] = ()) -> Verdict:
    """Hold what is stored against what was told.

    A life's readings are named after it. Of a life that was ``killed``, a put that was refused may be stored after all.
    """
    verdict = Verdict(spooled=len(told.spooled), stored=0, refused=len(told.refused), redelivered=stored.redelivered)
    for fault in stored.faults:
        verdict.cry("damaged", fault)
    if stored.orphans:
        verdict.cry("damaged", f"{stored.orphans} readings belong to no spool or no device")
    seen: Counter[str] = Counter()
    numbers: dict[int, list[int]] = {}
    for agent, spool, sequence, body, total, device in stored.rows:
        verdict.stored += 1
        numbers.setdefault(spool, []).append(sequence)
        name, said_total, said_device = _said(bytes(body))
        where = f"{name} (spool {spool}, number {sequence})"
        if agent != agent_id:
            verdict.cry("invented", f"{where} is stored as agent {agent}'s")
        if name not in told.intended:
            verdict.cry("invented", f"{where} was never meant to be spooled")
            continue
        seen[name] += 1
        if told.intended[name] != digest_of(bytes(body)):
            verdict.cry("altered", f"{where} has other octets")
        elif told.spooled.get(name, sequence) != sequence:
            verdict.cry("altered", f"{where} was acknowledged as number {told.spooled[name]}")
        elif (said_total, said_device) != (total, device):
            verdict.cry("altered", f"{where} stands as total {total} of device {device}")
        if name in told.refused and name.partition("-")[0] in killed:
            verdict.taken_after_a_kill += 1
        elif name in told.refused:
            verdict.cry("taken", f"{where} was refused: {told.refused[name]}")
    for name, count in seen.items():
        if count > 1:
            verdict.cry("doubled", f"{name} is stored {count} times")
    for name, number in told.spooled.items():
        if name not in seen:
            verdict.cry("lost", f"{name} (number {number})")
    for spool, first, last in _differences(numbers, stored.received):
        verdict.cry("unmarked", f"spool {spool}, numbers {first} to {last}")
    return verdict


def _said(body: bytes) -> tuple[str, object, object]:
    """The name, the total and the device that a body tells; a body that is none has no name."""
    try:
        said = msgspec.msgpack.decode(body)
        return str(said["identity"]["asset"]), said["meters"]["total"], said["device_id"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return f"octets {body[:16].hex()}", None, None


def _differences(numbers: dict[int, list[int]], received: list[Interval]) -> Iterator[Interval]:
    """Intervals that are only in one of the two."""
    stored = {(spool, first, last) for spool, each in numbers.items() for first, last in _runs(each)}
    yield from sorted(stored ^ set(received))


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in sorted(set(numbers)):
        if first is None or last is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def read_sqlite(path: Path) -> Stored:
    """Read a store's file, its log with it, without writing to either; a file that can't be read holds nothing."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            faults = _faults(connection)
            faults += [f"row {row} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
            return Stored(
                rows=connection.execute(_READINGS).fetchall(),
                received=connection.execute(_RECEIVED).fetchall(),
                agents=[name for (name,) in connection.execute(_AGENTS)],
                orphans=connection.execute(_ORPHANS).fetchone()[0],
                redelivered=connection.execute(_REDELIVERED).fetchone()[0],
                faults=faults,
            )
    except sqlite3.DatabaseError as error:
        return Stored(rows=[], received=[], faults=[str(error)])


def faults_of_file(path: Path) -> list[str]:
    """What SQLite says of a file that nobody has open, and that has no log beside it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            return _faults(connection)
    except sqlite3.DatabaseError as error:
        return [str(error)]


def _faults(connection: sqlite3.Connection) -> list[str]:
    said = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(20)")]
    return [] if said == ["ok"] else said


def read_postgresql(url: str) -> Stored:
    """Read a store's database."""
    import psycopg

    with psycopg.connect(url) as connection:
        return Stored(
            rows=connection.execute(_READINGS).fetchall(),
            received=connection.execute(_RECEIVED).fetchall(),
            agents=[name for (name,) in connection.execute(_AGENTS)],
            orphans=(connection.execute(_ORPHANS).fetchone() or (0,))[0],
            redelivered=(connection.execute(_REDELIVERED).fetchone() or (0,))[0],
        )


def read_store(url: str) -> Stored:
    """Read whichever of the two it is."""
    if url.startswith("sqlite:///"):
        return read_sqlite(Path(url.removeprefix("sqlite:///")))
    return read_postgresql(url)
