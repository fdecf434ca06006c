"""Of the readings of one run: one device is one device at all its addresses, and two devices never share an id."""

import itertools

import msgspec
import pytest

from proto_schema import Identity, Reading
from ptscan.printer import Roll, tell_apart

MAC, OTHER_MAC = "00:1b:78:01:02:03", "00:1b:78:0a:0b:0c"


def reading(
    address: str,
    *,
    device_id: str = "hp:A1",
    model: str | None = "LaserJet 9",
    mac: str | None = MAC,
    name: str | None = "prn-1",
    total: int | None = 12_345,
    time: str = "2026-11-21T06:00:00Z",
) -> Reading:
    return Reading(
        device_id=device_id,
        address=address,
        port=161,
        time=time,
        identity=Identity(serial="A1", model=model, mac=mac, name=name),
        meters={} if total is None else {"total": total},
    )


def codes(one: Reading) -> list[str]:
    return [problem.code for problem in one.problems]


FIRST = reading("10.0.0.7")
CABLE_AND_WIFI = reading("10.0.0.8", mac=OTHER_MAC)
CLONE = reading("10.0.0.9", mac=OTHER_MAC, name="prn-2", total=777_000)
OTHER_MODEL = reading("10.0.0.10", model="LaserJet 10")


@pytest.mark.parametrize(
    "second",
    [
        reading("10.0.0.8"),
        reading("fe80::1"),
        CABLE_AND_WIFI,
        reading("10.0.0.8", mac=OTHER_MAC, name="prn-1-wifi", total=12_346),
        reading("10.0.0.8", mac=OTHER_MAC, name="prn-1-wifi", total=20_000, time="2026-11-21T06:20:00Z"),
        reading("10.0.0.8", name="renamed", total=777_000),
        reading("10.0.0.8", mac=None, name=None, model=None, total=None),
    ],
)
def test_problem_26_one_device_at_two_addresses_is_one_and_says_so(second: Reading) -> None:
    told = tell_apart([FIRST, second])
    assert [one.device_id for one in told] == ["hp:A1", "hp:A1"]
    assert [codes(one) for one in told] == [["several-addresses"]] * 2
    assert "10.0.0.7:161" in told[1].problems[0].text
    roll = Roll()
    assert [codes(roll.take(one)) for one in (FIRST, second)] == [[], ["several-addresses"]]
    assert (roll.devices, roll.again, roll.claimed_twice) == (1, 1, 0)


@pytest.mark.parametrize(
    ("second", "mark"),
    [
        (CLONE, "001b780a0b0c"),
        (OTHER_MODEL, "001b78010203"),
        (reading("10.0.0.9", mac=OTHER_MAC, name="prn-2", total=None), "001b780a0b0c"),
        (reading("10.0.0.9", mac=None, model="LaserJet 10"), "laserjet10"),
        (reading("10.0.0.9", mac=None, name="prn-2", total=777_000), "laserjet9"),
    ],
)
def test_two_devices_never_share_an_id(second: Reading, mark: str) -> None:
    told = tell_apart([FIRST, second])
    assert told[1].device_id == f"hp:A1~{mark}" or told[0].device_id == f"hp:A1~{mark}"
    assert told[0].device_id != told[1].device_id
    assert [codes(one) for one in told] == [["duplicate-identity"]] * 2
    roll = Roll()
    streamed = [roll.take(one) for one in (FIRST, second)]
    assert streamed[0] == FIRST  # it was given out before anybody knew
    assert streamed[1].device_id.startswith("hp:A1~")
    assert codes(streamed[1]) == ["duplicate-identity"]
    assert (roll.devices, roll.again, roll.claimed_twice) == (2, 0, 1)


def test_the_ids_of_a_finished_run_do_not_depend_on_the_order_of_the_answers() -> None:
    readings = [FIRST, CABLE_AND_WIFI, CLONE, OTHER_MODEL, reading("10.0.0.11", mac=None, model=None, total=None)]
    outcomes = {
        tuple(sorted((one.address, one.device_id) for one in tell_apart(order)))
        for order in itertools.permutations(readings)
    }
    assert len(outcomes) == 1


def test_devices_without_anything_of_their_own_still_differ() -> None:
    alike = [reading(f"10.0.0.{n}", mac=None, model=model, name=None) for n, model in ((1, "A9"), (2, "B9"), (3, "C9"))]
    assert len({one.device_id for one in tell_apart(alike)}) == 3
    named = [reading(f"10.0.0.{n}", mac=None, name=f"prn-{n}", total=n * 100_000) for n in range(1, 5)]
    assert len({one.device_id for one in tell_apart(named)}) == 4
    roll = Roll()
    assert len({roll.take(one).device_id for one in named}) == 4


def test_who_was_set_apart_before_stays_apart() -> None:
    roll = Roll()
    known = msgspec.structs.replace(CLONE, device_id="hp:A1~001b780a0b0c")
    ids = [roll.take(one).device_id for one in (known, FIRST)]
    assert ids == ["hp:A1~001b780a0b0c", "hp:A1~001b78010203"]


def test_the_same_address_read_twice_is_no_second_one() -> None:
    assert tell_apart([FIRST, FIRST]) == [FIRST, FIRST]
    roll = Roll()
    assert [roll.take(FIRST), roll.take(FIRST)] == [FIRST, FIRST]
    assert (roll.devices, roll.again) == (1, 0)


def test_many_addresses_are_named_in_few_words() -> None:
    told = tell_apart([reading(f"10.0.0.{n}") for n in range(1, 40)])
    assert "and 34 more" in told[0].problems[0].text
    assert len(told[0].problems[0].text) <= 256


def test_a_device_whose_double_was_not_read_this_time_keeps_its_own_id() -> None:
    both = {one.address: one.device_id for one in tell_apart([FIRST, CLONE])}
    for alone in (FIRST, CLONE):
        (told,) = tell_apart([alone], doubles={"hp:A1"})
        assert told.device_id == both[alone.address] != alone.device_id
        assert codes(told) == []  # nothing was seen of another one
    assert tell_apart([FIRST], doubles={"hp:B2"}) == [FIRST]
