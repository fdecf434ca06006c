"""Every value of a reading has its proof, and every field that is missing says what was tried."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import trio

from codec import Oid, parse_oid
from ptscan.printer import Attempt, Came, DeviceReading, Explanation, explain, read_device
from ptscan.profiles import ProfileSet, load_profile, load_profiles
from ptscan.simulator import load_recordings
from ptscan.simulator.table import Device
from ptscan.snmp import Version

from .stage import AT, played, session_with

PROFILES = load_profiles()


class Read(NamedTuple):
    device: DeviceReading
    asked: list[Oid]

    def explanation(self, profiles: ProfileSet = PROFILES) -> Explanation:
        return explain(self.device, profiles, self.asked)


def read_all(devices: Sequence[str | Device], profiles: ProfileSet = PROFILES, version: Version = "2c") -> list[Read]:
    async def read() -> list[Read]:
        async with played(*devices, network="127.60.20.0/22") as (client, places):
            sessions = [session_with(client, place, version=version, timeout=5) for place in places]
            return [Read(await read_device(each, profiles, at=AT), each.traffic.asked) for each in sessions]

    return trio.run(read)


@pytest.fixture(scope="module")
def reads(shared: Path) -> list[Read]:
    return read_all(load_recordings([shared / "printers"]))


def paths_of(device: DeviceReading) -> list[str]:
    """Every path of a reading that holds something, by the shape of the reading alone."""
    reading = device.reading
    paths = ["device_id"]
    paths += [f"identity.{name}" for name, value in msgspec.structs.asdict(reading.identity).items() if value]
    paths += [f"meters.{name}" for name in reading.meters]
    paths += [f"meters_raw.{number}" for number in range(len(reading.meters_raw))]
    tables = (
        ("supplies", [(row.index, row) for row in reading.supplies]),
        ("trays", [(row.index, row) for row in reading.trays]),
        ("alerts", [(str(number), row) for number, row in enumerate(reading.alerts)]),
    )
    for section, rows in tables:
        for index, row in rows:
            fields = msgspec.structs.asdict(row)
            paths += [
                f"{section}.{index}.{field}"
                for field, value in fields.items()
                if field != "index" and value is not None and value is not False
            ]
    paths += ["status.state"] if reading.status.state != "unknown" else []
    paths += [f"display.{number}" for number in range(len(reading.display))]
    return paths


def test_every_value_has_its_proof(reads: list[Read]) -> None:
    values = 0
    for read in reads:
        proofs = read.explanation().proofs
        told = [proof.path for proof in proofs]
        assert len(told) == len(set(told))
        assert set(paths_of(read.device)) == set(told) - {"status.conditions"}
        values += len(told)
        for proof in proofs:
            if proof.path.partition(".")[0] in ("device_id", "status"):
                continue
            assert proof.varbind is not None, proof.path
            assert read.device.answers[proof.varbind[0]] == proof.varbind
            assert proof.rule
            assert proof.profile
    assert values > 1_500


def test_a_number_that_stands_in_an_object_of_its_own_is_that_objects(reads: list[Read]) -> None:
    seen = 0
    for read in reads:
        for proof in read.explanation().proofs:
            leaf = proof.path.rpartition(".")[2]
            raw = proof.varbind[2] if proof.varbind else None
            if leaf in ("level", "capacity", "code") and isinstance(raw, int):
                assert proof.value == raw, proof
                seen += 1
    assert seen > 200


def test_every_missing_field_says_what_each_profile_tried(reads: list[Read]) -> None:
    came: set[Came] = set()
    for read in reads:
        attempts = read.explanation().attempts
        tried: dict[str, set[str]] = {}
        for attempt in attempts:
            tried.setdefault(attempt.path, set()).add(attempt.profile)
            came.add(attempt.came)
            assert (attempt.oid is None) == (attempt.came in (Came.NOT_KNOWN, Came.NO_PARTS)), attempt
        names = {profile.name for profile in read.device.profiles}
        assert tried == {path: names for path in read.device.reading.missing if names}
    assert came >= {Came.NOT_KNOWN, Came.OTHER_MODEL, Came.NO_SUCH_OBJECT, Came.NO_ROW, Came.EMPTY, Came.NO_NUMBER}
    assert came >= {Came.NOTHING_OF_IT, Came.NO_PARTS}


def test_nothing_is_said_to_be_asked_that_was_not(reads: list[Read]) -> None:
    for read in reads:
        for attempt in read.explanation().attempts:
            if attempt.came in (Came.NO_SUCH_OBJECT, Came.NO_SUCH_INSTANCE, Came.NO_ANSWER) and attempt.oid:
                assert any(attempt.oid.startswith(asked) for asked in read.asked), attempt
            if attempt.came is Came.NOT_ASKED and attempt.oid:
                assert attempt.oid not in read.asked


ACME = """
format = 1
name = "acme"
vendor = "Acme"
source = "a test"
allow = ["1.3.6.1.4.1.99999.1"]
[match]
sys_object_id = ["1.3.6.1.4.1.99999"]
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.1.0"
field = "identity.asset"
label = "acmeAsset"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.2.0"
field = "meters.scan"
only = "LaserThing 9"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.3.0"
field = "meters.copy"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.4.0"
field = "meters.mono"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.5.0"
field = "meters._a"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.6.0"
field = "meters._b"
[[sums]]
meter = "print"
of = ["_a", "_b", "_c"]
[[checks]]
total = "total"
of = ["mono", "_a", "_b"]
[[checks]]
total = "_b"
of = ["_a"]
"""
DEVICE = """
1.3.6.1.2.1.1.1.0|4|Acme LaserThing 7
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.7
1.3.6.1.2.1.1.4.0|4|
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.6.1|4x|000000000000
1.3.6.1.2.1.43.5.1.1.17.1|4|XXXXXXXXXX
1.3.6.1.2.1.43.10.2.1.4.1.1|65|1000
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner
1.3.6.1.2.1.43.11.1.1.8.1.1|2|-2
1.3.6.1.2.1.43.11.1.1.9.1.1|2|-3
1.3.6.1.4.1.99999.1.1.0|4|
1.3.6.1.4.1.99999.1.3.0|2|2147483647
1.3.6.1.4.1.99999.1.4.0|2|700
1.3.6.1.4.1.99999.1.5.0|2|100
1.3.6.1.4.1.99999.1.6.0|2|150
"""


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> ProfileSet:
    path = tmp_path_factory.mktemp("acme") / "acme.toml"
    path.write_text(ACME)
    return ProfileSet((*PROFILES.profiles, load_profile(path)))


@pytest.mark.parametrize("version", ["1", "2c"])
def test_what_came_back_is_told_for_each_object(version: Version, acme: ProfileSet) -> None:
    (read,) = read_all([DEVICE], acme, version)

    def tried(path: str) -> list[tuple[str, str | None, Came]]:
        return [
            (attempt.profile, attempt.rule, attempt.came)
            for attempt in read.explanation(acme).attempts
            if attempt.path == path
        ]

    absent = Came.NO_SUCH_OBJECT
    generic = "printer-mib"
    assert tried("identity.asset") == [("acme", "acmeAsset", Came.EMPTY), (generic, "", Came.NOT_KNOWN)]
    assert tried("identity.contact")[-1] == (generic, "sysContact", Came.EMPTY)
    assert tried("identity.location")[-1][2] in (absent, Came.NO_SUCH_INSTANCE)
    assert (generic, "prtGeneralSerialNumber", Came.REFUSED) in tried("identity.serial")
    assert tried("identity.mac")[-1] == (generic, "ifPhysAddress", Came.REFUSED)
    assert tried("meters.scan")[0] == ("acme", "object", Came.OTHER_MODEL)
    assert tried("meters.copy")[0] == ("acme", "object", Came.NO_NUMBER)
    assert tried("meters.print")[0] == ("acme", "sum of a + b + c", Came.NO_PARTS)
    assert tried("supplies.1.1.percent")[-2:] == [
        (generic, "prtMarkerSuppliesLevel", Came.NO_NUMBER),
        (generic, "prtMarkerSuppliesMaxCapacity", Came.NO_NUMBER),
    ]
    assert tried("supplies.1.1.serial")[-1] == (generic, "prtMarkerSuppliesDescription", Came.NOTHING_OF_IT)
    assert tried("supplies.1.1.unit")[-1] == (generic, "prtMarkerSuppliesSupplyUnit", Came.NO_ROW)
    assert tried("trays")[-1] == (generic, "prtInputCurrentLevel", Came.NO_ROW)
    refused: list[Attempt] = [one for one in read.explanation(acme).attempts if one.path == "identity.serial"]
    assert any("one character repeated" in (one.why or "") for one in refused)


def test_a_supply_is_explained_by_its_own_row_of_a_vendors_table(tmp_path: Path) -> None:
    """A level of another cartridge would be a proof of nothing; and what the table does not have has no row there."""
    path = tmp_path / "acme.toml"
    path.write_text(
        """
format = 1
name = "acme"
vendor = "Acme"
source = "made up"
allow = ["1.3.6.1.4.1.99999.2.1"]
[match]
sys_object_id = ["1.3.6.1.4.1.99999"]
[[supplies]]
name = ["1.3.6.1.4.1.99999.2.1.1"]
percent = "1.3.6.1.4.1.99999.2.1.2"
codes = { -9 = "empty" }
names = { "black" = "toner:black", "cyan" = "toner:cyan" }
"""
    )
    device = """
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.7
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
1.3.6.1.2.1.43.11.1.1.5.1.2|2|3
1.3.6.1.2.1.43.11.1.1.5.1.3|2|3
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner
1.3.6.1.2.1.43.11.1.1.6.1.2|4|Cyan Toner
1.3.6.1.2.1.43.11.1.1.6.1.3|4|Yellow Toner
1.3.6.1.4.1.99999.2.1.1.1|4|black
1.3.6.1.4.1.99999.2.1.1.2|4|cyan
1.3.6.1.4.1.99999.2.1.2.1|2|44
1.3.6.1.4.1.99999.2.1.2.2|2|-9
"""
    profiles = ProfileSet((*PROFILES.profiles, load_profile(path)))
    (read,) = read_all([device], profiles)
    tried = {
        one.path: (one.came, one.varbind and one.varbind[2])
        for one in read.explanation(profiles).attempts
        if one.profile == "acme" and one.path.endswith(".percent")
    }
    assert tried == {"supplies.1.2.percent": (Came.NOTHING_OF_IT, -9), "supplies.1.3.percent": (Came.NO_ROW, None)}


def test_sums_are_shown_whether_they_hold_or_not(acme: ProfileSet) -> None:
    (read,) = read_all([DEVICE], acme)
    sums = {one.whole: one for one in read.explanation(acme).sums}
    assert sums["total"].parts == {"mono": 700, "a": 100, "b": 150}
    assert (sums["total"].value, sums["total"].holds) == (1000, False)
    assert "sums-disagree" in [problem.code for problem in read.device.reading.problems]


def test_a_device_that_says_nothing_is_explained_as_that() -> None:
    (read,) = read_all(["1.3.6.1.2.1.1.1.0|4|a toaster\n"])
    explanation = read.explanation()
    assert [proof.path for proof in explanation.proofs] == ["device_id", "identity.description"]
    assert explanation.sums == []
    assert all(attempt.oid != parse_oid("1.3.6.1.2.1.43.10.2.1.4") for attempt in explanation.attempts)
