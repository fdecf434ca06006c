"""Counters as they stand beside the meters that they are: the device's own label, the number, the object."""

import pytest

from codec import IP_ADDRESS, OBJECT_IDENTIFIER, OCTET_STRING, OPAQUE, Oid, Varbind, parse_oid
from proto_schema import RawMeter
from ptscan.printer import meters, plan
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts
from ptscan.printer.rows import Columns
from ptscan.profiles import Counter, ProfileSet, extract, load_profiles

from .telling import Tell, Told

LABELS, COUNTS = ".1.3.6.1.4.1.1602.1.11.2.1.1.2", ".1.3.6.1.4.1.1602.1.11.2.1.1.3"


def read(values: dict[Oid, Varbind], name: str) -> tuple[dict[str, int], list[RawMeter]]:
    """The meters and the counters of a device of the vendor whose profile is called ``name``."""
    profiles: ProfileSet = load_profiles()
    (profile,) = (profile for profile in profiles.profiles if profile.name == name)
    columns, ledger = Columns(values.values(), plan.COLUMNS), Ledger()
    extraction = extract(profile, values)
    facts: Facts = {}
    for fact in extraction.facts:
        facts.setdefault(fact.field, []).append(fact)
    counted = meters.read_meters(columns, facts, ledger)
    return counted, meters.raw_meters(columns, extraction.counters, ledger)


def test_problem_22_the_standard_and_the_vendors_total_are_both_kept_with_their_objects(told: Tell) -> None:
    rows: Told = {"43.10.2.1.4.1.1": 1000, f"{LABELS}.3": "Total 1", f"{COUNTS}.3": 1010}
    counted, raw = read(told(rows), "canon")
    assert counted["total"] == 1000
    assert raw == [
        RawMeter(label="prtMarkerLifeCount", value=1000, oid="1.3.6.1.2.1.43.10.2.1.4.1.1", meter="total"),
        RawMeter(label="Total 1", value=1010, oid=f"{COUNTS[1:]}.3", meter="total"),
    ]


def test_problem_23_a_label_that_nobody_knows_is_kept_and_is_no_meter(told: Tell) -> None:
    rows: Told = {f"{LABELS}.1": "Kopie (Sonstiges\x07 9)", f"{COUNTS}.1": 42, f"{LABELS}.2": "", f"{COUNTS}.2": 7}
    counted, raw = read(told(rows), "canon")
    assert counted == {}
    assert [(one.label, one.value, one.meter) for one in raw] == [("Kopie (Sonstiges 9)", 42, None)]


def test_a_label_printers_length_is_no_number_of_sides(told: Tell) -> None:
    counted, raw = read(told({"43.10.2.1.3.1.1": 16, "43.10.2.1.4.1.1": 5230}), "zebra")
    assert counted == {"length_feet": 5230}
    assert [(one.label, one.meter) for one in raw] == [("prtMarkerLifeCount", "length_feet")]


def test_every_marker_is_told_and_the_first_is_the_total(told: Tell) -> None:
    counted, raw = read(told({"43.10.2.1.4.1.1": 10, "43.10.2.1.4.1.2": 20}), "canon")
    assert counted == {"total": 10}
    assert [(one.label, one.value, one.meter) for one in raw] == [
        ("prtMarkerLifeCount", 10, "total"),
        ("prtMarkerLifeCount 1.2", 20, None),
    ]


def test_one_object_that_packs_several_counts_tells_each(told: Tell) -> None:
    blob = bytes.fromhex("000104000003e8010104000002bc0201040000012cff")
    counted, raw = read(told({".1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0": blob}), "brother")
    assert (counted["total"], counted["mono"], counted["color"]) == (1000, 700, 300)
    assert {(one.value, one.meter) for one in raw} == {(1000, "total"), (700, "mono"), (300, "color")}
    assert {one.oid for one in raw} == {"1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0"}


def test_what_two_rules_read_of_one_object_is_told_once_and_all_is_bounded() -> None:
    oid = parse_oid("1.3.6.1.4.1.99999.1.1")
    twice = [Counter(label="Total", value=1, oid=oid, meter="total")] * 2
    many = [Counter(label=f"n{n}", value=n, oid=parse_oid(f"1.3.6.1.4.1.99999.2.{n}"), meter=None) for n in range(999)]
    columns = Columns((), plan.COLUMNS)
    assert len(meters.raw_meters(columns, twice, Ledger())) == 1
    assert len(meters.raw_meters(columns, many, Ledger())) == meters.MAX_RAW


def test_a_counter_under_a_name_that_is_no_oid_is_left_out() -> None:
    damaged = Counter(label="x", value=1, oid=b"\x2b\x86", meter=None)
    assert meters.raw_meters(Columns((), plan.COLUMNS), [damaged], Ledger()) == []


@pytest.mark.parametrize("code", [2**31 - 1, 2**32 - 1, 2**32 - 2, 2**32 - 3])
def test_a_number_by_which_devices_say_that_they_do_not_count_is_no_total(told: Tell, code: int) -> None:
    """The greatest number there is, or RFC 3805's -1, -2, -3 in a counter, which has no sign."""
    rows: Told = {"43.10.2.1.4.1.1": code, f"{LABELS}.3": "Copy (Total 1)", f"{COUNTS}.3": code}
    assert read(told(rows), "canon") == ({}, [])
    columns, ledger = Columns(told({**rows, "43.10.2.1.4.1.2": 1000}).values(), plan.COLUMNS), Ledger()
    assert meters.read_meters(columns, {}, ledger) == {"total": 1000}
    assert [problem.code for problem in ledger.problems] == ["meter-unknown"]
    assert meters.COLUMNS in plan.rows_behind(columns)


@pytest.mark.parametrize("tag", [OBJECT_IDENTIFIER, IP_ADDRESS, OPAQUE])
def test_the_octets_of_what_is_no_text_are_no_digits(tag: int) -> None:
    oid = parse_oid(f"{COUNTS}.3")
    label: Varbind = (parse_oid(f"{LABELS}.3"), OCTET_STRING, b"Total 1")
    assert read({label[0]: label, oid: (oid, OCTET_STRING, b"1234")}, "canon")[0] == {"total": 1234}
    assert read({label[0]: label, oid: (oid, tag, b"1234")}, "canon") == ({}, [])


def test_other_markers_are_said_where_they_count(told: Tell) -> None:
    ledger = Ledger()
    rows: Told = {"43.10.2.1.4.1.1": 10, "43.10.2.1.4.1.2": 20, "43.10.2.1.4.1.3": 0, "43.10.2.1.4.1.4": -2}
    assert meters.life_count(Columns(told(rows).values(), plan.COLUMNS), ledger)
    (problem,) = ledger.problems
    assert problem.code == "several-markers"
    assert problem.text.endswith("that of the first, 10; others count 20.")
