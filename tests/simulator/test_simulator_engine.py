"""Engines: who a station is, the same on every run and nobody else, and a clock that only a reboot sets back."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from codec import Report, check_engine_id, engine_enterprise, engine_mac
from ptscan.simulator import Station, load_recordings, make_engines, make_fleet, make_plan, parse_recording
from ptscan.simulator.engine import MOST, Engine, timely
from ptscan.simulator.table import Device


def engines(devices: Iterable[Device]) -> list[Engine]:
    return list(make_engines(make_plan(list(devices), network="127.50.0.0/16").stations).values())


def ids_of(*recordings: str) -> list[bytes]:
    return [engine.engine_id for engine in engines(parse_recording(rows.encode(), "rows") for rows in recordings)]


OBJECT_ID = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3\n"
MAC = "1.3.6.1.2.1.2.2.1.6.2|4x|0017a4000001\n"

# --- who ---


def test_a_fleet_has_as_many_engines_as_devices_and_the_same_ones_each_time() -> None:
    once, again = (
        [engine.engine_id for engine in engines(make_fleet(600, seed=3).devices)],
        [engine.engine_id for engine in engines(make_fleet(700, seed=3).devices)],
    )
    assert len(set(once)) == 600
    assert again[:600] == once


def test_the_maker_and_the_mac_address_are_the_devices_own() -> None:
    (engine_id,) = ids_of(OBJECT_ID + MAC)
    assert engine_id.hex() == "8000000b" + "03" + "0017a4000001"
    assert (engine_enterprise(engine_id), engine_mac(engine_id)) == (11, bytes.fromhex("0017a4000001"))


def test_without_a_mac_address_it_is_the_stations_address_as_text() -> None:
    for rows in (OBJECT_ID, OBJECT_ID + "1.3.6.1.2.1.2.2.1.6.1|4|\n1.3.6.1.2.1.2.2.1.6.2|4x|000000000000\n"):
        assert ids_of(rows) == [bytes.fromhex("8000000b04") + b"127.50.0.1"]


@pytest.mark.parametrize(
    "rows", ["1.3.6.1.2.1.1.5.0|4|x", "1.3.6.1.2.1.1.2.0|6|0.0", "1.3.6.1.2.1.1.2.0|6x|80", "1.3.6.1.2.1.1.2.0|2|1"]
)
def test_of_no_maker_the_number_for_examples_is_taken(rows: str) -> None:
    assert engine_enterprise(ids_of(rows)[0]) == 32473


def test_a_device_that_tells_its_engine_id_has_that_one() -> None:
    told = "1.3.6.1.6.3.10.2.1.1.0|4x|800007e5807f0001\n"
    assert ids_of(OBJECT_ID + MAC + told) == [bytes.fromhex("800007e5807f0001")]
    too_short = "1.3.6.1.6.3.10.2.1.1.0|4x|80\n"
    assert ids_of(OBJECT_ID + MAC + too_short) == ids_of(OBJECT_ID + MAC)


def test_one_recording_at_three_addresses_is_three_engines() -> None:
    told = "1.3.6.1.6.3.10.2.1.1.0|4x|800007e5807f0001\n"
    one, two, three = ids_of(*[OBJECT_ID + MAC + told] * 3)
    assert (engine_mac(one), engine_mac(two)) == (None, bytes.fromhex("0017a4000001"))
    assert three.endswith(b"127.50.0.3")


def test_every_real_recording_has_a_proper_engine(shared: Path) -> None:
    found = engines(load_recordings([shared / "printers"]))
    for engine in found:
        check_engine_id(engine.engine_id)
    assert len({engine.engine_id for engine in found}) == len(found)


def test_the_longest_address_fits() -> None:
    (engine,) = make_engines([Station("::1", parse_recording(b"1.3.6.1.2.1.1.5.0|4|x", "x"))]).values()
    assert engine.engine_id.endswith(b"\4::1")


# --- when ---


def test_engine_time_goes_on_from_sys_up_time() -> None:
    (engine,) = engines([parse_recording(b"1.3.6.1.2.1.1.3.0|67|4294967295", "rows")])
    assert engine.times(0) == (1, 42_949_672)
    assert engine.times(10.99) == (1, 42_949_682)


def test_a_reboot_raises_boots_and_sets_time_and_counters_back() -> None:
    engine = Engine(b"\x80\0\0\0\4me", uptime=500)
    assert [engine.count(Report.UNKNOWN_USER) for _ in range(3)] == [1, 2, 3]
    engine.reboot(20)
    assert engine.times(25) == (2, 5)
    assert engine.count(Report.UNKNOWN_USER) == 1


def test_full_time_is_a_boot_and_full_boots_stay() -> None:
    engine = Engine(b"\x80\0\0\0\4me", boots=MOST - 1, uptime=MOST)
    assert engine.times(0) == (MOST - 1, MOST)
    assert engine.times(1) == (MOST, 0)
    assert engine.times(2.0 + MOST) == (MOST, 0)
    engine.reboot(1)
    assert engine.times(1) == (MOST, 0)
    assert not timely(MOST, 0, (MOST, 0))


def test_salts_never_come_twice_not_even_after_a_reboot() -> None:
    engine = Engine(b"\x80\0\0\0\4me")
    salts = []
    for now in range(3):
        salts += [engine.next_salt() for _ in range(100)]
        engine.reboot(now)
    assert len(set(salts)) == 300
