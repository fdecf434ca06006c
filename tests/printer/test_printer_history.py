"""What changed between two readings of one printer and cannot be is said; no number is ever mended."""

import msgspec
import pytest

from proto_schema import Identity, Problem, Provenance, RawMeter, Reading, Supply
from ptscan.printer import compare, known_by
from ptscan.printer.history import MAX_FOUND, PER_MINUTE

MAC, OTHER_MAC = "00:1b:78:01:02:03", "00:1b:78:0a:0b:0c"
TOTAL_AT = "1.3.6.1.2.1.43.10.2.1.4.1.1"


def reading(
    *,
    time: str = "2026-11-21T06:00:00Z",
    device_id: str = "hp:A1",
    address: str = "10.0.0.7",
    identity: Identity | None = None,
    meters: dict[str, int] | None = None,
    at: str = TOTAL_AT,
    raw: list[RawMeter] | None = None,
    supplies: list[Supply] | None = None,
    via: tuple[str, ...] = ("snmp-2c",),
) -> Reading:
    told = meters if meters is not None else {"total": 12_345}
    return Reading(
        device_id=device_id,
        address=address,
        port=161,
        time=time,
        via=list(via),
        identity=identity or Identity(manufacturer="HP", model="LaserJet 9", serial="A1", mac=MAC),
        meters=told,
        provenance={f"meters.{name}": Provenance(source="snmp", at=at) for name in told},
        meters_raw=raw or [],
        supplies=supplies or [],
    )


def later(minutes: int = 60) -> str:
    return f"2026-11-21T{6 + minutes // 60:02}:{minutes % 60:02}:00Z"


def found(previous: Reading, current: Reading) -> list[str]:
    return [problem.code for problem in compare(previous, current)]


def grown(before: int, now: int, *, minutes: int = 60) -> tuple[Problem, ...]:
    return compare(reading(meters={"total": before}), reading(meters={"total": now}, time=later(minutes)))


def test_of_a_printer_that_printed_nothing_is_said() -> None:
    assert grown(12_345, 12_400) == ()
    assert grown(12_345, 12_345) == ()
    assert grown(0, 17) == ()


def test_problem_21_a_counter_that_fell_is_said_with_both_numbers() -> None:
    (problem,) = grown(12_345, 12_300)
    assert problem.code == "meter-fell"
    for part in ("total", "12345", "12300", "2026-11-21T06:00:00Z"):
        assert part in problem.text


def test_problem_21_a_zero_after_a_number_is_a_wrong_reading_and_no_new_machine() -> None:
    (problem,) = grown(12_345, 0)
    assert problem.code == "meter-zero"


def test_problem_21_a_counter_wraps_only_where_it_was_near_its_end() -> None:
    (problem,) = grown(2**32 - 100, 50)
    assert problem.code == "meter-wrapped"
    assert "150" in problem.text
    (problem,) = grown(2**31, 50)
    assert problem.code == "meter-fell"
    (problem,) = grown(2**32 - 100, 2**31)
    assert problem.code == "meter-fell"


def test_a_wrap_that_time_does_not_allow_is_a_fall() -> None:
    (problem,) = grown(2**32 - 10_000_000, 50)
    assert problem.code == "meter-fell"


def test_more_than_a_printer_can_do_is_said() -> None:
    assert grown(1_000, 1_000 + 61 * PER_MINUTE) == ()
    (problem,) = grown(1_000, 1_001 + 61 * PER_MINUTE)
    assert problem.code == "meter-jumped"
    assert grown(1_000, 1_000 + PER_MINUTE, minutes=0) == ()


def test_a_label_printer_may_run_through_more_inches_than_sides() -> None:
    before, now = {"length_inches": 0, "total": 0}, {"length_inches": 61 * 900, "total": 61 * 60}
    assert found(reading(meters=before), reading(meters=now, time=later())) == []


def test_a_meter_from_another_object_is_not_compared() -> None:
    problems = compare(reading(), reading(meters={"total": 7}, at="1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.5.0", time=later()))
    assert [problem.code for problem in problems] == ["meter-source-changed"]
    assert TOTAL_AT in problems[0].text


def test_a_meter_that_is_told_no_more_is_said() -> None:
    problems = compare(reading(meters={"total": 5, "copy": 2, "fax": 1}), reading(meters={"total": 5}, time=later()))
    assert [(problem.code, "copy, fax" in problem.text) for problem in problems] == [("meter-lost", True)]


def raw(value: int, *, label: str = "Copy (Total 1)", oid: str = "1.3.6.1.4.1.1602.1.11.2.1.1.3.31") -> RawMeter:
    return RawMeter(label=label, value=value, oid=oid)


def test_the_vendors_own_counters_are_watched_too() -> None:
    def codes(before: RawMeter, now: RawMeter) -> list[str]:
        return found(reading(raw=[before]), reading(raw=[now], time=later()))

    assert codes(raw(100), raw(90)) == ["counter-fell"]
    assert codes(raw(100), raw(0)) == ["counter-zero"]
    assert codes(raw(2**32 - 1), raw(8)) == ["counter-wrapped"]
    assert codes(raw(100), raw(10_000_000)) == []  # what it counts is not known
    assert codes(raw(100), raw(90, label="Print (Total 1)")) == []  # another counter in the same row
    assert codes(raw(12_345, oid=TOTAL_AT), raw(90, oid=TOTAL_AT)) == []  # the meter has said it


def test_another_serial_behind_the_same_mac_is_another_printer_and_no_fall() -> None:
    other = Identity(manufacturer="HP", model="LaserJet 9", serial="B2", mac=MAC)
    problems = compare(reading(), reading(device_id="hp:B2", identity=other, meters={"total": 3}, time=later()))
    assert [problem.code for problem in problems] == ["serial-changed"]
    assert "A1" in problems[0].text
    assert "B2" in problems[0].text


def test_another_printer_at_the_same_address_is_said_and_not_compared() -> None:
    other = Identity(manufacturer="HP", model="LaserJet 10", serial="B2", mac=OTHER_MAC)
    current = reading(device_id="hp:B2", identity=other, meters={"total": 3}, time=later())
    assert found(reading(), current) == ["device-replaced"]
    assert found(reading(address="10.0.0.8"), current) == []


def test_problem_26_another_board_or_address_is_the_same_printer() -> None:
    board = Identity(manufacturer="HP", model="LaserJet 9", serial="A1", mac=OTHER_MAC)
    current = reading(identity=board, address="10.9.9.9", meters={"total": 3}, time=later())
    assert found(reading(), current) == ["mac-changed", "meter-fell"]


def test_another_model_with_the_same_serial_is_said() -> None:
    renamed = Identity(manufacturer="HP", model="LaserJet 11", serial="A1", mac=MAC)
    assert found(reading(), reading(identity=renamed, time=later())) == ["model-changed"]


def test_a_serial_that_is_told_for_the_first_time_makes_no_new_printer() -> None:
    before = reading(device_id="mac:001b78010203", identity=Identity(mac=MAC))
    assert found(before, reading(meters={"total": 3}, time=later())) == ["device-id-changed", "meter-fell"]


def test_of_devices_without_an_identity_nothing_is_said() -> None:
    nameless = Identity(model="LaserJet 9")
    before = reading(device_id="address:10.0.0.7:161", identity=nameless)
    now = reading(device_id="address:10.0.0.7:161", identity=nameless, meters={"total": 3}, time=later())
    assert found(before, now) == []


def test_a_serial_that_is_none_makes_no_common_device() -> None:
    nobody = Identity(model="LaserJet 9", serial="serial_number")
    before = reading(device_id="address:10.0.0.7:161", identity=nobody)
    now = reading(device_id="address:10.0.0.8:161", address="10.0.0.8", identity=nobody, meters={"total": 3})
    assert found(before, now) == []


def test_a_device_that_did_not_answer_lost_nothing() -> None:
    assert found(reading(), reading(via=(), meters={}, time=later())) == []


def test_readings_in_the_wrong_order_are_said_and_not_compared() -> None:
    assert found(reading(time=later()), reading(meters={"total": 3})) == ["history-order"]


def test_a_time_that_is_none_costs_the_judgement_of_speed_alone() -> None:
    assert found(reading(time="yesterday"), reading(meters={"total": 3})) == ["meter-fell"]
    assert found(reading(time="yesterday"), reading(meters={"total": 10**9})) == []


def test_problem_11_a_level_that_was_known_and_is_not_is_said() -> None:
    full = Supply(index="1.1", description="Black Toner", percent=40.0, state="ok")
    gone = msgspec.structs.replace(full, percent=None, state="unknown")
    (problem,) = compare(reading(supplies=[full]), reading(supplies=[gone], time=later()))
    assert problem.code == "level-lost"
    assert "Black Toner" in problem.text
    assert "40 %" in problem.text
    assert found(reading(supplies=[full]), reading(time=later())) == ["level-lost"]
    some = msgspec.structs.replace(full, percent=None, state="some")
    assert found(reading(supplies=[full]), reading(supplies=[some], time=later())) == []


def test_however_much_changed_the_words_are_bounded_and_clean() -> None:
    before = reading(raw=[raw(100, label=f"counter {row}", oid=f"1.3.6.1.4.1.9.{row}") for row in range(500)])
    now = reading(raw=[raw(9, label=f"counter {row}", oid=f"1.3.6.1.4.1.9.{row}") for row in range(500)], time=later())
    assert len(compare(before, now)) == MAX_FOUND
    hostile = Identity(serial="A1", model="\x1b[2J" + "x" * 5_000, mac=MAC)
    (problem,) = compare(reading(), reading(identity=hostile, time=later()))
    assert len(problem.text) <= 256
    assert "\x1b" not in problem.text


@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32 - 1, 2**63 - 1])
def test_no_count_makes_it_fail(value: int) -> None:
    for other in (0, 1, 2**31, 2**32 - 1, 2**63 - 1):
        grown(value, other)


@pytest.mark.parametrize("mac", ["", "zz", "1", "00:11", "gg:gg:gg:gg:gg:gg", "é", "00:1b:78:01:02:03:04"])
def test_a_mac_that_is_none_in_an_earlier_reading_is_of_no_device(mac: str) -> None:
    """A file may have been written by anybody."""
    earlier = reading(device_id="hp:B2", identity=Identity(serial="B2", mac=mac))
    assert known_by("hp:B2", mac) == ("hp:B2",)
    assert found(earlier, reading(time=later())) == ["device-replaced"]
    assert found(msgspec.structs.replace(earlier, device_id="hp:A1"), reading(time=later())) == []
