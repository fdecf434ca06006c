"""Made-up fleets: the same for the same seed, growing with time, and giving away what is true."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from codec import COUNTER32, INTEGER, TIMETICKS, Varbind, format_oid, oid_key, parse_oid
from ptscan.simulator import Fleet, FleetDevice, ModelError, PlanError, Truth, make_fleet
from ptscan.simulator import limits as simulator_limits
from ptscan.simulator.fleet import Model, make_decks
from ptscan.simulator.life import deal_round, scramble
from ptscan.simulator.model_files import load_models
from ptscan.simulator.table import View
from ptscan.simulator.vocabulary import PAGE_KINDS, SUPPLY_TYPES

HOUR = 3_600
DAY = 24 * HOUR
Rows = Callable[[View], list[Varbind]]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return make_fleet(210, seed=7)


def values(device: FleetDevice, now: float, rows_of: Rows) -> dict[str, Varbind]:
    return {format_oid(oid): (oid, tag, value) for oid, tag, value in rows_of(device.at(now))}


def device_index(truth: Truth) -> str:
    return truth.trays[0].index.split(".")[0]


def printers(fleet: Fleet) -> Iterator[FleetDevice]:
    """Those with a Printer-MIB; some label printers have none."""
    return (device for device in fleet.devices if device.is_printer and device.truth(0).states)


# --- the fleet ---


def test_the_same_seed_gives_the_same_devices(rows_of: Rows) -> None:
    one, other = make_fleet(30, seed=3), make_fleet(30, seed=3)
    for left, right in zip(one.devices, other.devices, strict=True):
        assert rows_of(left.at(12_345.6)) == rows_of(right.at(12_345.6))
        assert left.truth(12_345.6) == right.truth(12_345.6)


def test_a_larger_fleet_begins_with_the_smaller_one() -> None:
    small, large = make_fleet(50, seed=9), make_fleet(500, seed=9)
    assert [device.truth(0) for device in small.devices] == [device.truth(0) for device in large.devices[:50]]


def test_another_seed_gives_other_devices() -> None:
    assert make_fleet(10, seed=1).devices[0].truth(0) != make_fleet(10, seed=2).devices[0].truth(0)


def test_a_fleet_stays_as_it_was_made_in_earlier_versions() -> None:
    """What people noted down about a fleet of a seed holds on the next machine."""
    truth = make_fleet(1, seed=7).devices[0].truth(0)
    assert (truth.model, truth.serial, truth.mac, truth.meters["total"]) == (
        "HP Color LaserJet MFP E6855",
        "CNMW204014",
        "38:22:e2:03:1c:ee",
        118_981,
    )


def test_every_model_is_there_and_printers_outnumber_the_rest(fleet: Fleet) -> None:
    found = Counter(device.model for device in fleet.devices)
    assert set(found) == {model.name for model in load_models()}
    assert len({model for model, device in ((d.model, d) for d in fleet.devices) if device.is_printer}) >= 12
    assert fleet.printers == 180


def test_no_two_devices_share_a_serial_number_or_an_address() -> None:
    truths = [device.truth(0) for device in make_fleet(5_000, seed=1).devices]
    for name in ("mac", "name"):
        assert len({getattr(truth, name) for truth in truths}) == len(truths)
    serials = [(truth.manufacturer, truth.serial) for truth in truths if truth.serial]
    assert len(set(serials)) == len(serials)


def test_models_can_be_chosen() -> None:
    fleet = make_fleet(20, models=["ricoh-mfp", "ups"])
    assert {device.model for device in fleet.devices} == {"ricoh-mfp", "ups"}
    assert make_fleet(100, others=False).printers == 100


def test_the_largest_fleet_can_be_made() -> None:
    most = simulator_limits.MAX_FLEET
    fleet = make_fleet(most, models=["ups"])
    assert len({device.truth(0).serial for device in fleet.devices}) == most


@pytest.mark.parametrize("count", [0, -1, simulator_limits.MAX_FLEET + 1])
def test_a_fleet_of_an_impossible_size_is_refused(count: int) -> None:
    with pytest.raises(PlanError, match=f"a fleet of {count}: give a number from 1 to"):
        make_fleet(count)


@pytest.mark.parametrize(("models", "fault"), [(["toaster"], "'toaster' is unknown"), ([], "no models")])
def test_a_fleet_of_unknown_models_is_refused(models: list[str], fault: str) -> None:
    with pytest.raises(PlanError, match=fault):
        make_fleet(3, models=models)


# --- time ---


def test_counters_never_fall_and_do_grow(fleet: Fleet, rows_of: Rows) -> None:
    wraps = ("1.3.6.1.2.1.2.2.1.10.", "1.3.6.1.2.1.2.2.1.16.", "1.3.6.1.2.1.43.5.1.1.1")
    levels = ("1.3.6.1.4.1.641.6.4.4.1.1.16.",)  # Lexmark's MIB calls them Counter32
    for device in fleet.devices[:60]:
        before = values(device, 0, rows_of)
        grown = 0
        for now in (1, 60, HOUR, DAY, 30 * DAY):
            after = values(device, now, rows_of)
            for name, (_, tag, value) in after.items():
                if tag in (COUNTER32, 70) and name in before and not name.startswith(wraps + levels):
                    assert value >= before[name][2], (device.model, name, now)  # type: ignore[operator]
                    grown += value > before[name][2]  # type: ignore[operator]
            before = after
        if device.is_printer and device.truth(0).states:
            assert grown > 0


def test_asking_again_gives_the_same_answer(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices[:45]:
        later = rows_of(device.at(DAY))
        rows_of(device.at(5 * DAY))
        assert rows_of(device.at(DAY)) == later


def test_time_passes_for_every_device(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices[:45]:
        ticks = [values(device, now, rows_of)["1.3.6.1.2.1.1.3.0"] for now in (0, 1.5)]
        assert ticks[0][1] == TIMETICKS
        assert ticks[1][2] - ticks[0][2] == 150  # type: ignore[operator]


def test_toner_sinks_until_somebody_changes_it(fleet: Fleet) -> None:
    device = next(device for device in printers(fleet) if device.model == "generic-mono")
    levels = [device.truth(hour * HOUR).supplies[0].percent for hour in range(0, 24 * 120, 6)]
    falls = sum(after < before for before, after in pairwise(levels))  # type: ignore[operator]
    rises = [after for before, after in pairwise(levels) if after > before]  # type: ignore[operator]
    assert falls > 3
    assert all(level > 80 for level in rises)  # type: ignore[operator]


def test_all_that_can_happen_does_happen(fleet: Fleet) -> None:
    states: set[str] = set()
    conditions: set[str] = set()
    codes: set[int] = set()
    supplies: set[str | None] = set()
    for device in printers(fleet):
        for hour in range(0, 400, 7):
            truth = device.truth(hour * HOUR / 5)
            states |= truth.states
            conditions |= set(truth.conditions)
            codes |= {alert.code for alert in truth.alerts}
            supplies |= {supply.state for supply in truth.supplies}
    assert states == {"idle", "printing", "standby", "warning", "down"}
    assert conditions >= {"low-toner", "no-toner", "low-paper", "no-paper", "input-tray-empty", "jammed"}
    assert codes >= {8, 808, 1101, 1104, 1107}
    assert supplies >= {"some", "unknown", "empty", None}


# --- what is true ---


def test_sums_add_up_at_every_moment(fleet: Fleet) -> None:
    for device in printers(fleet):
        for now in (0, 17, HOUR, 9 * DAY):
            truth = device.truth(now)
            meters = truth.meters
            if {"mono", "color"} <= meters.keys():
                assert meters["mono"] + meters["color"] + meters.get("single_color", 0) == meters["total"]
            if {"print", "print_mono", "print_color"} <= meters.keys():
                assert meters["print_mono"] + meters["print_color"] == meters["print"]
            if {"copy", "copy_mono", "copy_color"} <= meters.keys():
                assert meters["copy_mono"] + meters["copy_color"] == meters["copy"]
            assert sum(meters.get(name, 0) for name in ("print", "copy", "fax")) <= meters["total"]
            assert sum(meters.get(name, 0) for name in ("a3", "a4", "ledger", "legal", "letter")) <= meters["total"]
            for name in ("large", "a3", "a4"):
                if f"{name}_mono" in meters:
                    assert meters[f"{name}_mono"] + meters[f"{name}_color"] == meters[name]
            assert meters.get("sheets", 0) + meters.get("duplex_sheets", 0) in (0, meters["total"])


# Those that tell their serial number in their own rows alone.
OWN_SERIAL = {
    *("canon-old-color", "epson-laser", "hp-old-mono", "lexmark-old-mono", "oki-color", "pantum-mono", "zebra-label"),
    "zebra-old",
}
# Those whose hrDeviceDescr is the board, or another spelling.
SHOWN_OTHERWISE = {"hp-old-mono", "oki-color"}
STANDARD = {
    "model": "1.3.6.1.2.1.25.3.2.1.3.{device}",
    "serial": "1.3.6.1.2.1.43.5.1.1.17.{device}",
    "name": "1.3.6.1.2.1.1.5.0",
    "location": "1.3.6.1.2.1.1.6.0",
    "contact": "1.3.6.1.2.1.1.4.0",
}


def test_the_standard_rows_say_what_is_true(fleet: Fleet, rows_of: Rows) -> None:
    for device in printers(fleet):
        truth = device.truth(DAY)
        rows = values(device, DAY, rows_of)
        index = device_index(truth)
        charset = "latin-1" if rows[f"1.3.6.1.2.1.43.7.1.1.4.{index}.1"][2] == 4 else "utf-8"
        for name, oid in STANDARD.items():
            if oid.format(device=index) not in rows and name == "serial":
                assert device.model in OWN_SERIAL
                continue
            if device.model in SHOWN_OTHERWISE and name == "model":
                continue
            value = rows[oid.format(device=index)][2]
            assert isinstance(value, bytes)
            assert value.decode(charset) == (getattr(truth, name) or "").encode(charset, "replace").decode(charset)
        assert rows[f"1.3.6.1.2.1.43.10.2.1.4.{index}.1"][2] == truth.meters["total"]
        assert rows["1.3.6.1.2.1.1.2.0"][2] == parse_oid(truth.sys_object_id)
        assert rows["1.3.6.1.2.1.2.2.1.6.1"][2] == bytes.fromhex(truth.mac.replace(":", ""))
        assert len([name for name in rows if name.startswith("1.3.6.1.2.1.43.18.1.1.8.")]) == len(truth.alerts)
        lines = [rows[name][2] for name in rows if name.startswith("1.3.6.1.2.1.43.16.5.1.2.")]
        assert tuple(line.decode(charset) for line in lines if line) == truth.display  # type: ignore[union-attr]


def test_the_standard_tables_say_what_is_true(fleet: Fleet, rows_of: Rows) -> None:
    """RFC 3805's rules, worked out here once more: level of max, -2 unknown, -3 some."""
    for device in printers(fleet):
        truth = device.truth(DAY)
        rows = values(device, DAY, rows_of)

        def at(column: str, index: str, rows: dict[str, Varbind] = rows) -> int:
            value = rows[f"1.3.6.1.2.1.43.{column}.{index}"][2]
            assert isinstance(value, int)
            return value

        for supply in truth.supplies:
            if supply.index is None:  # the standard does not know it
                continue
            level, most, unit = (at(f"11.1.1.{column}", supply.index) for column in (9, 8, 7))
            if level >= 0 and most > 0:
                assert supply.percent == round(level * 100 / most, 1)
            elif level >= 0:
                assert (unit, supply.percent) == (19, level)
            else:
                codes = {
                    -2: ["unknown"],
                    -3: ["some", "ok", "low"],
                    -100: ["low"],
                }  # a vendor's rows may know ok from low
                assert supply.state in codes[level] or supply.percent is not None
            assert at("11.1.1.5", supply.index) == SUPPLY_TYPES[supply.kind]
            assert at("11.1.1.4", supply.index) == (4 if supply.kind.startswith("waste") else 3)
            colorant = at("11.1.1.3", supply.index)
            device_part = supply.index.rpartition(".")[0]  # Pantum's has none
            named = rows.get(f"1.3.6.1.2.1.43.12.1.1.4.{device_part}.{colorant}".replace("..", "."))
            assert (named[2].decode() if named else None) == supply.color  # type: ignore[union-attr]
        for tray in truth.trays:
            assert at("8.2.1.9", tray.index) == tray.capacity
            level = at("8.2.1.10", tray.index)
            assert tray.level == (level if level >= 0 else None)


def test_status_and_error_bits_agree_with_each_other(fleet: Fleet, rows_of: Rows) -> None:
    """RFC 3805 section 2.2.13.2: which pairs of hrDeviceStatus and hrPrinterStatus there are."""
    for device in printers(fleet):
        for now in (0, HOUR, DAY, 40 * DAY):
            rows = values(device, now, rows_of)
            truth = device.truth(now)
            index = device_index(truth)
            pair = rows[f"1.3.6.1.2.1.25.3.2.1.5.{index}"][2], rows[f"1.3.6.1.2.1.25.3.5.1.1.{index}"][2]
            octets = rows[f"1.3.6.1.2.1.25.3.5.1.2.{index}"][2]
            assert isinstance(octets, bytes)
            bits = {n for n in range(len(octets) * 8) if octets[n // 8] & 0x80 >> n % 8}
            assert pair in {(2, 3), (2, 4), (2, 1), (3, 3), (3, 4), (5, 1)}
            assert bool(bits) == bool(truth.conditions) == (pair[0] in (3, 5))
            assert {(2, 3): "idle", (2, 4): "printing", (2, 1): "standby", (5, 1): "down"}.get(
                pair,
                "warning",
            ) in truth.states


VENDOR = {
    "hp-mono": {
        "total": "11.2.3.9.4.2.1.4.1.2.5.0",
        "mono": "11.2.3.9.4.2.1.4.1.2.6.0",
        "duplex": "11.2.3.9.4.2.1.4.1.2.22.0",
    },
    "konica-c-mfp": {
        "duplex": "18334.1.1.1.5.7.2.1.3.0",
        "copy_mono": "18334.1.1.1.5.7.2.2.1.5.1.1",
        "print_mono": "18334.1.1.1.5.7.2.2.1.5.1.2",
        "large": "18334.1.1.1.5.7.2.1.2.0",
    },
    "sharp-mfp": {
        "print": "2385.1.1.19.2.1.3.1.4.60",
        "copy": "2385.1.1.19.2.1.3.4.4.60",
        "mono": "2385.1.1.19.2.1.3.5.4.61",
        "color": "2385.1.1.19.2.1.3.5.4.63",
    },
    "canon-mfp": {"copy": "1602.1.11.2.1.1.3.6", "print": "1602.1.11.2.1.1.3.7", "total": "1602.1.11.1.3.1.4.101"},
    "ricoh-mfp": {"fax": "367.3.2.1.2.19.5.1.9.6", "copy_mono": "367.3.2.1.2.19.5.1.9.3"},
    "brother-color-mfp": {
        "print_color": "2435.2.3.9.4.2.1.5.5.52.21.1.3.3",
    },
}


def test_the_vendors_rows_say_what_is_true(fleet: Fleet, rows_of: Rows) -> None:
    seen = set()
    for device in printers(fleet):
        for meter, oid in VENDOR.get(device.model, {}).items():
            seen.add(device.model)
            rows = values(device, DAY, rows_of)
            assert rows[f"1.3.6.1.4.1.{oid}"][2] == device.truth(DAY).meters[meter], (device.model, meter)
    assert seen == set(VENDOR)


def test_every_serial_number_that_is_true_stands_in_a_row(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices:
        if not device.is_printer:
            continue
        truth = device.truth(0)
        texts = b"|".join(value for _, _, value in rows_of(device.at(0)) if isinstance(value, bytes))
        for serial in (truth.serial, truth.asset, *(supply.serial for supply in truth.supplies)):
            assert (serial or "").encode() in texts, device.model
        for supply in truth.supplies:
            assert (supply.part_number or "").encode() in texts, device.model


def test_another_cartridge_has_another_serial_number() -> None:
    device = make_fleet(1, models=["lexmark-mono"]).devices[0]
    serials = [device.truth(day * DAY).supplies[0].serial for day in range(0, 400, 5)]
    changes = sum(before != after for before, after in pairwise(serials))
    assert len(set(serials)) == changes + 1 > 2


def test_the_first_deck_has_no_rare_model_and_the_second_has_all(fleet: Fleet) -> None:
    rare = {model.name for model in load_models() if model.instead_of}
    assert len(rare) > 15
    first, second = (Counter(device.model for device in fleet.devices[at : at + 42]) for at in (0, 42))
    assert not rare & first.keys()
    assert rare < second.keys()
    assert first.keys() < second.keys()  # nothing common disappears


def test_a_rare_model_takes_only_places_that_there_are() -> None:
    files = [model for model in load_models() if model.name in ("ups", "zebra-label")]
    with pytest.raises(ModelError, match="instead_of: no place of 'brother-mono' is left"):
        make_decks([Model(file) for file in files])


def records(blob: bytes) -> dict[int, int]:
    """Brother's blobs: records of an id, 01 04 and four octets, ended by ff."""
    assert len(blob) % 7 == 1
    assert blob[-1] == 0xFF
    found = {}
    for at in range(0, len(blob) - 1, 7):
        assert blob[at + 1 : at + 3] == b"\x01\x04"
        found[blob[at]] = int.from_bytes(blob[at + 3 : at + 7], "big")
    return found


def test_brothers_blobs_say_what_is_true(fleet: Fleet, rows_of: Rows) -> None:
    for device in printers(fleet):
        if device.model in ("brother-mono", "brother-color-mfp"):
            rows = values(device, DAY, rows_of)
            truth = device.truth(DAY)
            blobs = [rows[f"1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.{n}.0"][2] for n in (10, 8)]
            counters, care = (records(blob) for blob in blobs)  # type: ignore[arg-type]
            assert counters[0x00] == truth.meters["total"]
            assert counters[0x06] == truth.meters["duplex"]
            assert care[0x6F] == truth.supplies[0].percent * 100  # type: ignore[operator]
            if device.model == "brother-mono":
                assert care[0x41] == truth.supplies[1].percent * 100  # type: ignore[operator]


def test_what_is_no_printer_has_no_row_of_the_printer_mib(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices:
        names = [format_oid(oid) for oid, _, _ in rows_of(device.at(0))]
        assert any(name.startswith("1.3.6.1.2.1.43.") for name in names) == bool(device.truth(0).states)
        assert device.truth(0).is_printer == device.is_printer
    windows = next(device for device in fleet.devices if device.model == "windows-print-server")
    types = [value for oid, _, value in rows_of(windows.at(0)) if format_oid(oid).startswith("1.3.6.1.2.1.25.3.2.1.2.")]
    assert parse_oid("1.3.6.1.2.1.25.3.1.5") in types


def test_rows_come_in_order_and_each_once(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices[:45]:
        keys = [oid_key(oid) for oid, _, _ in rows_of(device.at(DAY))]
        assert keys == sorted(set(keys))


def test_a_model_is_the_size_of_a_real_device(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices[:45]:
        rows = rows_of(device.at(0))
        assert 25 < len(rows) < 700
        assert all(len(value) < 260 for _, _, value in rows if isinstance(value, bytes))


def test_truth_knows_what_it_can_not_know() -> None:
    truth: Truth = next(d for d in make_fleet(42).devices if d.model == "ups").truth(5)
    assert (truth.is_printer, truth.meters, truth.supplies, truth.states) == (False, {}, (), frozenset())


# --- arithmetic underneath ---


def test_a_round_is_dealt_out_evenly_and_whole() -> None:
    for model in load_models():
        if model.pages is None:
            continue
        counts = deal_round(model.pages.mix)
        assert counts[100] == tuple(model.pages.mix.get(kind, 0) for kind in PAGE_KINDS)
        for side, dealt in enumerate(counts):
            assert sum(dealt) == side
            assert all(abs(count - whole * side / 100) <= 2 for count, whole in zip(dealt, counts[100], strict=True))


def test_scrambled_numbers_are_the_same_everywhere() -> None:
    assert scramble(7, 0) == 0x931BFA506BAC858F
    assert scramble(1, 2) != scramble(2, 1)
    assert len({scramble(7, index) % 1_000 for index in range(2_000)}) > 800


def test_a_value_of_an_integer_row_fits_its_type(fleet: Fleet, rows_of: Rows) -> None:
    for device in fleet.devices[:45]:
        for oid, tag, value in rows_of(device.at(400 * DAY)):
            if tag == INTEGER:
                assert -(2**31) <= value < 2**31, (device.model, oid)  # type: ignore[operator]
