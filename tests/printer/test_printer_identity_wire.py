"""The same device asked over the wire by another address, interface, community, version or board: one device_id."""

from collections.abc import Sequence

import pytest

from codec import format_oid
from proto_schema import Reading
from ptscan.printer import read_device, tell_apart
from ptscan.profiles import ProfileSet
from ptscan.simulator import Fault, FaultKind
from ptscan.snmp import Community, Secret

from .stage import AT, PRINTER, played, session_with

NAMELESS = PRINTER.replace("EX100-00042", "XXXXXXXXXX")

# On the air and on a cable: whichever of the two the device counts first.
AIR_FIRST = """\
1.3.6.1.2.1.2.2.1.3.1|2|71
1.3.6.1.2.1.2.2.1.3.2|2|24
1.3.6.1.2.1.2.2.1.3.3|2|6
1.3.6.1.2.1.2.2.1.6.1|4x|5cfb3a0d7df0
1.3.6.1.2.1.2.2.1.6.2|4|
1.3.6.1.2.1.2.2.1.6.3|4x|001b78010203
"""
TWO_PORTS = """\
1.3.6.1.2.1.25.3.2.1.2.2|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.2|4|Other Laser 200
1.3.6.1.2.1.43.5.1.1.2.2|2|1
1.3.6.1.2.1.43.5.1.1.17.2|4|OT200-00007
1.3.6.1.2.1.43.10.2.1.4.2.1|65|999
1.3.6.1.2.1.43.11.1.1.5.2.1|2|3
1.3.6.1.2.1.43.11.1.1.6.2.1|4|Cyan Toner
1.3.6.1.2.1.43.11.1.1.8.2.1|2|100
1.3.6.1.2.1.43.11.1.1.9.2.1|2|70
"""


async def read(
    profiles: ProfileSet, *recordings: str, faults: Sequence[Fault] = (), community: str = "public"
) -> list[Reading]:
    who = Community(name=Secret(community))
    async with played(*recordings, faults=faults, community=community) as (client, places):
        sessions = [session_with(client, place, who) for place in places]
        return [(await read_device(session, profiles, at=AT)).reading for session in sessions]


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def without_interfaces(rows: str) -> str:
    return "".join(line + "\n" for line in rows.splitlines() if not line.startswith("1.3.6.1.2.1.2.2."))


async def test_problem_26_a_changed_address_board_or_interface_is_the_same_device(profiles: ProfileSet) -> None:
    board = PRINTER.replace("001b78010203", "001b78aabbcc")
    found = await read(profiles, PRINTER, PRINTER, board, without_interfaces(PRINTER), NAMELESS)
    assert len({reading.address for reading in found}) == 5
    assert len({reading.device_id for reading in found[:4]}) == 1
    assert found[4].device_id == "mac:001b78010203"
    assert codes(found[4]) == ["placeholder-serial"]


async def test_problem_26_the_cables_mac_is_found_behind_wifi_and_loopback(profiles: ProfileSet) -> None:
    on_the_air = without_interfaces(NAMELESS) + AIR_FIRST
    found = await read(profiles, NAMELESS, on_the_air)
    assert [reading.identity.mac for reading in found] == ["00:1b:78:01:02:03"] * 2
    assert [reading.device_id for reading in found] == ["mac:001b78010203"] * 2


async def test_a_printer_on_a_cable_is_not_asked_for_its_other_interfaces(profiles: ProfileSet) -> None:
    others = AIR_FIRST.replace("1.3.1|2|71", "1.3.4|2|71").replace("1.6.1|4x|5c", "1.6.4|4x|5c")
    async with played(PRINTER + others) as (client, [place]):
        session = session_with(client, place)
        reading = (await read_device(session, profiles, at=AT)).reading
    assert reading.identity.mac == "00:1b:78:01:02:03"
    asked = [format_oid(oid) for oid in session.traffic.asked]
    assert [oid for oid in asked if oid.startswith("1.3.6.1.2.1.2.2.1.6.")] == []


@pytest.mark.parametrize("rows", [PRINTER, NAMELESS], ids=["serial", "mac"])
async def test_problem_29_another_community_or_version_is_the_same_device(profiles: ProfileSet, rows: str) -> None:
    (plain,) = await read(profiles, rows)
    (other,) = await read(profiles, rows, community="another")
    (old,) = await read(profiles, rows, faults=[Fault(FaultKind.V1_ONLY, 0)])
    assert old.via == ["snmp-1"]
    assert plain.device_id == other.device_id == old.device_id


async def test_problem_29_a_credential_that_fails_names_nobody_else(profiles: ProfileSet) -> None:
    async with played(PRINTER, community="another") as (client, [place]):
        wrong = session_with(client, place, timeout=0.1, retries=0)
        reading = (await read_device(wrong, profiles, at=AT)).reading
    assert reading.device_id.startswith("address:")
    assert codes(reading) == ["no-answer"]


async def test_printers_behind_one_address_are_said_and_the_first_is_read(profiles: ProfileSet) -> None:
    for faults in ([], [Fault(FaultKind.V1_ONLY, 0)]):
        (reading,) = await read(profiles, PRINTER + TWO_PORTS, faults=faults)
        assert codes(reading) == ["several-printers"]
        assert reading.identity.serial == "EX100-00042"
        assert reading.meters == {"total": 12345}
        assert [row.index for row in reading.supplies] == ["1.1"]


async def test_ports_without_supplies_and_serials_are_seen_too(profiles: ProfileSet) -> None:
    rows = "".join(
        line + "\n" for line in (PRINTER + TWO_PORTS).splitlines() if ".43.11." not in line and ".5.1.1.17." not in line
    )
    (reading,) = await read(profiles, rows)
    assert "several-printers" in codes(reading)


async def test_a_cloned_serial_makes_no_common_device(profiles: ProfileSet) -> None:
    clone = PRINTER.replace("001b78010203", "001b78aabbcc").replace("prn-1", "prn-2").replace("|12345", "|999000")
    found = tell_apart(await read(profiles, PRINTER, clone, PRINTER))
    assert [reading.device_id.rpartition("~")[2] for reading in found] == [
        "001b78010203",
        "001b78aabbcc",
        "001b78010203",
    ]
    assert [codes(reading) for reading in found] == [
        ["several-addresses", "duplicate-identity"],
        ["duplicate-identity"],
        ["several-addresses", "duplicate-identity"],
    ]
