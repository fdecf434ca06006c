"""Recordings of real printers: every fact that their raw octets prove is read, and nothing else is a printer."""

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from codec import COUNTER64, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Oid, Varbind
from ptscan.printer import DeviceReading, plan, read_device
from ptscan.printer.assemble import Source, assemble
from ptscan.printer.evidence import MAX_PROBLEMS, Ledger
from ptscan.profiles import load_profiles
from ptscan.simulator import load_recording

from .stage import AT, played, session_with

Facts = Callable[[Mapping[str, Any]], Iterator[tuple[str, Callable[[Mapping[str, Any]], object]]]]


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    """What is proven of each recording."""
    proven = json.loads((shared / "printers" / "expected.json").read_text())
    return {name: entry for name, entry in proven.items() if (shared / "printers" / name).suffix == ".snmprec"}


@pytest.fixture(scope="module")
def readings(shared: Path, expected: dict[str, Any]) -> dict[str, DeviceReading]:
    """Every recording, played and read."""

    async def read_all() -> dict[str, DeviceReading]:
        names = sorted(expected)
        recordings = [load_recording(shared / "printers" / name) for name in names]
        async with played(*recordings, network="127.70.8.0/22") as (client, places):
            sessions = [session_with(client, place, timeout=5) for place in places]
            read = [await read_device(session, PROFILES, at=AT) for session in sessions]
        return dict(zip(names, read, strict=True))

    return trio.run(read_all)


@pytest.fixture(scope="module")
def facts(shared: Path) -> Facts:
    """The judge's own checks of one recording's facts."""
    spec = importlib.util.spec_from_file_location("judge", shared / "printers" / "judge.py")
    assert spec is not None
    assert spec.loader is not None
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    return judge.facts  # type: ignore[no-any-return]


def test_every_printer_is_found_and_nothing_else(expected: dict[str, Any], readings: dict[str, DeviceReading]) -> None:
    assert {name: read.is_printer for name, read in readings.items()} == {
        name: bool(entry.get("is_printer")) for name, entry in expected.items()
    }


def test_every_proven_fact_is_in_the_reading(
    expected: dict[str, Any], readings: dict[str, DeviceReading], facts: Facts
) -> None:
    wrong = []
    for name, read in readings.items():
        reading = json.loads(msgspec.json.encode(read.reading))
        for what, check in facts(expected[name].get("fields", {})) if read.is_printer else ():
            if (miss := check(reading)) is not None:
                wrong.append((name, what, miss))
    assert wrong == []


PROFILES = load_profiles()
oids = st.sampled_from(
    [*plan.COLUMNS, *(oid for profile in PROFILES.profiles for oid in profile.ask.scalars)]
    + [column for profile in PROFILES.profiles for table in profile.ask.tables for column in table]
)
values = st.one_of(
    st.tuples(st.sampled_from([INTEGER, COUNTER64]), st.integers(-(2**31), 2**64 - 1)),
    st.tuples(st.just(OCTET_STRING), st.binary(max_size=60)),
    st.tuples(st.just(OBJECT_IDENTIFIER), st.sampled_from([b"\x2b\x06", b""])),
)


@settings(deadline=None)
@given(st.dictionaries(st.tuples(oids, st.binary(max_size=3)), values, max_size=50))
def test_whatever_a_device_answers_a_reading_comes_of_it(told: dict[tuple[Oid, bytes], tuple[int, Any]]) -> None:
    answered: dict[Oid, Varbind] = {}
    for (column, index), (tag, value) in told.items():
        oid = column + bytes(octet & 0x7F for octet in index)
        answered[oid] = (oid, tag, value)
    source = Source(address="127.0.0.1", port=161, time="2026-11-21T00:00:00Z", via="snmp-2c")
    for profile in PROFILES.profiles:
        reading = assemble(answered, (profile, PROFILES.generic), source, Ledger()).reading
        assert len(reading.problems) <= MAX_PROBLEMS
        assert all(count >= 0 for count in reading.meters.values())
        assert all(row.percent is None or 0 <= row.percent <= 100 for row in reading.supplies)
        assert msgspec.json.decode(msgspec.json.encode(reading), type=type(reading)) == reading
