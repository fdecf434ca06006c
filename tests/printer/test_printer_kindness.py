"""What a device is spared: objects beyond the lists, many at once where it falls over, other makers' trees in vain."""

from pathlib import Path

import pytest

from codec import Oid, format_oid, parse_oid
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import load_profiles
from ptscan.snmp import Traffic

from .stage import AT, played, session_with

FRAGILE = """\
1.3.6.1.2.1.1.1.0|4|Brother NC-6400h, Firmware Ver.1.11
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2435.2.3.9.1
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|Brother MFC-8860DN
1.3.6.1.2.1.43.5.1.1.17.1|4|E62345C6J123456
1.3.6.1.2.1.43.10.2.1.4.1.1|65|12345
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner
1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
1.3.6.1.2.1.43.11.1.1.9.1.1|2|40
1.3.6.1.4.1.2435.2.3.9.1.1.7.0|4|MFG:Brother;MDL:MFC-8860DN;
1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1.0|4|E62345C6J123456
"""


async def read(rows: str, folder: Path | None = None) -> tuple[DeviceReading, Traffic]:
    async with played(rows) as (client, [place]):
        session = session_with(client, place)
        return await read_device(session, load_profiles(folder), at=AT), session.traffic


def below(oids: list[Oid], root: str) -> list[str]:
    return [format_oid(oid) for oid in oids if oid.startswith(parse_oid(root))]


async def test_problem_13_a_model_that_falls_over_is_asked_for_one_column_at_a_time_and_nothing_of_its_vendor() -> None:
    device, traffic = await read(FRAGILE)
    assert (device.reading.meters, device.reading.supplies[0].percent) == ({"total": 12345}, 40.0)
    assert below(traffic.asked, "1.3.6.1.4.1") == []
    assert max(map(len, traffic.questions[2:])) == 1  # behind the system group and the first rows of the tables


async def test_another_model_of_that_maker_is_read_whole() -> None:
    device, traffic = await read(FRAGILE.replace("MFC-8860DN", "HL-5450DN"))
    assert below(traffic.asked, "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.1")
    assert device.reading.identity.model == "HL-5450DN"


ACME = """\
format = 1
name = "acme"
vendor = "Acme"
source = "a test"
allow = ["1.3.6.1.4.1.99999.1"]
[match]
texts = ['^Acme ']
also = ["samsung", "epson"]
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.1.0"
field = "meters.copy"
"""
ROWS = (
    FRAGILE.replace("Brother NC-6400h", "Acme Press")
    .replace("MFC-8860DN", "Press 5")
    .replace("2435.2.3.9.1\n", "99999.5\n")
)


async def test_the_trees_of_other_makers_are_looked_for_once_and_read_where_they_answer(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(ACME)
    device, traffic = await read(ROWS + "1.3.6.1.4.1.99999.1.1.0|65|7\n", tmp_path)
    assert device.reading.meters["copy"] == 7
    assert below(traffic.asked, "1.3.6.1.4.1.236") == []  # its own objects told what there is to know
    _, traffic = await read(ROWS, tmp_path)
    assert below(traffic.asked, "1.3.6.1.4.1.236") == ["1.3.6.1.4.1.236.11.5"]
    _, traffic = await read(ROWS + "1.3.6.1.4.1.236.11.5.1.1.1.1.0|4|Acme 100\n", tmp_path)
    assert len(below(traffic.asked, "1.3.6.1.4.1.236.11.5")) > 1
    assert below(traffic.asked, "1.3.6.1.4.1.1248") == ["1.3.6.1.4.1.1248.1.2.2.1"]  # its tree, and nothing in it


@pytest.mark.parametrize("denied", ["1.3.6.1.4.1.1248.1.2.2.44", "1.3.6.1.2.1.43.5.1.1.4", "1.3.6.1.2.1.43.5.1.1.5"])
async def test_whatever_a_device_claims_to_be_a_closed_subtree_is_not_asked_for(denied: str) -> None:
    rows = FRAGILE.replace("2435.2.3.9.1\n", "1248.1.1.2.1.3.5\n").replace("Brother NC-6400h", "EPSON Built-in")
    _, traffic = await read(rows + f"{denied}.1|4|somebody\n")
    assert below(traffic.asked, denied) == []


async def test_what_one_profile_closes_no_other_asks_for(tmp_path: Path) -> None:
    rows = ROWS.replace("Acme Press", "Acme Laser") + "1.3.6.1.4.1.99999.1.1.0|65|7\n"
    (tmp_path / "acme.toml").write_text(ACME)
    shut = ACME.replace('"acme"', '"shut"').partition("[[scalars]]")[0] + "[other]\n"
    shut = shut.replace("[match]", 'never_ask = ["1.3.6.1.4.1.99999.1.1"]\n[match]')
    assert (await read(rows, tmp_path))[0].reading.meters["copy"] == 7
    (tmp_path / "shut.toml").write_text(shut)
    _, traffic = await read(rows, tmp_path)
    assert below(traffic.asked, "1.3.6.1.4.1.99999.1.1") == []
