"""`ptscan scan`, `sweep` and `read` over simulated printers, held against the simulator's own truth."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import openpyxl
import pytest

from codec import OBJECT_IDENTIFIER, OCTET_STRING, Varbind, parse_oid
from proto_schema import Reading
from ptscan.simulator import FleetDevice, make_fleet

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]
Responder = Callable[..., AbstractContextManager[str]]

COUNT, SEED = 40, 11
QUICK = ("--rate", "max", "--retries", "0", "--timeout", "0.5")


@pytest.fixture(scope="module")
def truth() -> dict[str, FleetDevice]:
    """What plays at which address of 127.60.1.0/24 with ``--fleet 40 --seed 11``."""
    devices = make_fleet(COUNT, SEED).devices
    return {f"127.60.1.{number}": device for number, device in enumerate(devices, 1)}


@pytest.fixture(scope="module")
def fleet(sim: Sim) -> int:
    return sim("--fleet", str(COUNT), "--seed", str(SEED), "--network", "127.60.1.0/24")


def readings(text: str) -> dict[str, Reading]:
    found = [msgspec.json.decode(line, type=Reading) for line in text.splitlines()]
    assert len({one.address for one in found}) == len(found)
    return {one.address: one for one in found}


def test_every_printer_is_found_and_read_as_it_is_and_nothing_else(
    ptscan: Run, fleet: int, truth: dict[str, FleetDevice]
) -> None:
    done = ptscan("scan", "127.60.1.0/26", "--port", str(fleet), "--format", "jsonl", *QUICK)
    assert done.returncode == 0, done.stderr
    found = readings(done.stdout)
    printers = {address: device.truth(0) for address, device in truth.items() if device.is_printer}
    assert found.keys() == printers.keys()
    for address, expected in printers.items():
        reading = found[address]
        assert reading.port == fleet
        assert reading.identity.serial == expected.serial
        assert reading.identity.mac == expected.mac
        assert reading.meters["total"] == expected.meters["total"]
        told = {name: count for name, count in reading.meters.items() if name in expected.meters}
        assert told == {name: expected.meters[name] for name in told}
        assert reading.identity.model is not None
        assert expected.model.endswith(reading.identity.model)
        percents = {supply.index: supply.percent for supply in reading.supplies}
        standing = [supply for supply in expected.supplies if supply.index is not None]
        assert [percents[supply.index] for supply in standing] == [supply.percent for supply in standing]
        assert sorted(reading.status.conditions) == sorted(expected.conditions)
    assert done.stderr.startswith(f"{len(printers)} printers, ")
    assert f"; {COUNT - len(printers)} other devices; 40 of 62 addresses answered; " in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_sweep_gives_the_keys_of_the_contract_in_their_order(
    ptscan: Run, fleet: int, truth: dict[str, FleetDevice]
) -> None:
    done = ptscan("sweep", "127.60.1.0/26", "--port", str(fleet), "--format", "jsonl", "--quiet", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    sightings = [json.loads(line) for line in done.stdout.splitlines()]
    keys = [
        "address",
        "port",
        "version",
        "engine_id",
        "enterprise",
        "sys_object_id",
        "sys_descr",
        "sys_name",
        "kind",
        "rtt_ms",
        "engine_boots",
    ]
    assert all(list(sighting) == keys for sighting in sightings)
    assert {sighting["address"] for sighting in sightings} == truth.keys()
    for sighting in sightings:
        device = truth[sighting["address"]]
        assert sighting["kind"] in ({"printer", "unknown"} if device.is_printer else {"other", "unknown"})
        assert sighting["sys_name"] == device.truth(0).name
        assert sighting["sys_object_id"] == device.truth(0).sys_object_id
        assert sighting["version"] == "2c"


def test_every_format_holds_the_same_printers(ptscan: Run, fleet: int, tmp_path: Path) -> None:
    scan = ("scan", "127.60.1.1-40", "--port", str(fleet), "--quiet", *QUICK)
    done = ptscan(*scan, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = msgspec.json.decode(done.stdout, type=list[Reading])
    expected = [(one.address, one.identity.serial, one.meters.get("total")) for one in found]
    assert [one[0] for one in expected] == sorted((one[0] for one in expected), key=lambda a: int(a.split(".")[3]))

    assert ptscan(*scan, "-o", "fleet.xlsx").returncode == 0
    header, *rows = openpyxl.load_workbook(tmp_path / "fleet.xlsx").active.iter_rows(values_only=True)
    wanted = [header.index(name) for name in ("address", "serial", "meter_total")]
    assert [tuple(row[column] for column in wanted) for row in rows] == expected

    assert ptscan(*scan, "-o", "fleet.csv").returncode == 0
    lines = list(csv.DictReader(io.StringIO((tmp_path / "fleet.csv").read_text())))
    assert [(line["address"], line["serial"], line["meter_total"]) for line in lines] == [
        (address, serial or "", "" if total is None else str(total)) for address, serial, total in expected
    ]

    table = ptscan(*scan)
    assert table.returncode == 0
    assert table.stdout.splitlines()[0].split() == [
        "ADDRESS",
        "MODEL",
        "SERIAL",
        "PAGES",
        "SUPPLIES",
        "STATE",
        "TROUBLE",
    ]
    assert [line.split()[0] for line in table.stdout.splitlines()[1:]] == [
        f"{address}:{fleet}" for address, _, _ in expected
    ]
    assert "\x1b" not in table.stdout


def test_excludes_win_and_the_files_count(ptscan: Run, fleet: int, tmp_path: Path) -> None:
    (tmp_path / "targets").write_text("127.60.1.1-4  # the first\n127.60.1.9\n")
    (tmp_path / "keep-out").write_text("127.60.1.2\n")
    done = ptscan(
        *("sweep", "--target-file", "targets", "127.60.1.11", "--exclude", "127.60.1.3", "--exclude", "127.60.1.11"),
        *("--exclude-file", "keep-out", "--port", str(fleet), "--format", "json", *QUICK),
    )
    assert done.returncode == 0
    found = [sighting["address"] for sighting in json.loads(done.stdout)]
    assert found == ["127.60.1.1", "127.60.1.4", "127.60.1.9"]


@pytest.mark.parametrize("verb", ["scan", "sweep"])
@pytest.mark.parametrize(("targets", "code"), [(("127.60.1.1", "127.61.0.1"), 3), (("127.61.0.1",), 1)])
def test_where_no_credential_may_go_is_named_as_not_done(
    verb: str, targets: tuple[str, ...], code: int, ptscan: Run, fleet: int, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('[[community]]\nname = "public"\nnetworks = ["127.60.0.0/16"]\n')
    file.chmod(0o600)
    done = ptscan(verb, *targets, "--credentials", file.name, "--port", str(fleet), "--quiet", *QUICK)
    assert (done.returncode, bool(done.stdout)) == (code, code == 3)
    assert done.stderr.startswith("ptscan: 1 address not probed: no credential may be sent there")


def test_the_shards_of_several_machines_make_up_the_whole(
    ptscan: Run, fleet: int, truth: dict[str, FleetDevice]
) -> None:
    parts = []
    for number in (1, 2, 3):
        done = ptscan(
            *("sweep", "127.60.1.0/26", "--seed", "5", "--shard", f"{number}/3", "--port", str(fleet)),
            *("--format", "json", "--quiet", *QUICK),
        )
        parts.append({sighting["address"] for sighting in json.loads(done.stdout)})
    assert sorted(len(part) for part in parts) != [0, 0, COUNT]
    assert sum(map(len, parts)) == COUNT
    assert set.union(*parts) == truth.keys()


def test_a_printer_that_answers_the_sweep_and_then_no_more_is_named(ptscan: Run, responder_at: Responder) -> None:
    """It answers three varbinds, which is what a sweep asks for, and no larger request."""
    rows: list[Varbind] = [
        (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, b"HP ETHERNET MULTI-ENVIRONMENT"),
        (parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
    ]
    with responder_at(rows, answers=lambda request: len(request.varbinds) <= 3) as endpoint:
        host, _, port = endpoint.partition(":")
        done = ptscan("scan", host, "--port", port, "--format", "jsonl", "--retries", "0", "--timeout", "0.1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"ptscan: {endpoint} was found, but could not be read: ")


def test_read_gives_one_reading_for_each_address_in_the_order_asked(
    ptscan: Run, fleet: int, silent: str, truth: dict[str, FleetDevice]
) -> None:
    first, second, *_ = (f"{address}:{fleet}" for address, device in truth.items() if device.is_printer)
    asked = [second, first, silent, first]
    done = ptscan("read", *asked, "--format", "jsonl", "--timeout", "0.2", "--retries", "1")
    found = [msgspec.json.decode(line, type=Reading) for line in done.stdout.splitlines()]
    assert [f"{one.address}:{one.port}" for one in found] == asked
    assert [problem.code for problem in found[2].problems] == ["no-answer"]
    assert done.returncode == 3
    assert done.stderr.startswith(f"ptscan: {silent.replace(':', ' port ')}: ")
    assert done.stderr.count("\n") == 1


def test_read_of_nobody_is_a_failure(ptscan: Run, silent: str) -> None:
    done = ptscan("read", silent, "--format", "json", "--timeout", "0.1", "--retries", "0")
    assert done.returncode == 1
    (reading,) = json.loads(done.stdout)
    assert [problem["code"] for problem in reading["problems"]] == ["no-answer"]


def test_what_is_no_printer_is_said_to_be_none(ptscan: Run, fleet: int, truth: dict[str, FleetDevice]) -> None:
    address = next(address for address, device in truth.items() if not device.is_printer)
    done = ptscan("read", f"{address}:{fleet}", "--format", "json")
    assert done.returncode == 1
    assert "not-a-printer" in [problem["code"] for problem in json.loads(done.stdout)[0]["problems"]]
    assert address in done.stderr


def test_read_speaks_ipv6(ptscan: Run, sim: Sim) -> None:
    port = sim("--fleet", "1", "--listen", "[::1]:0")
    done = ptscan("read", f"[::1]:{port}", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["address"] == "::1"


def test_explain_shows_the_object_the_octets_the_profile_and_the_rule(
    ptscan: Run, fleet: int, truth: dict[str, FleetDevice]
) -> None:
    address, device = next((address, device) for address, device in truth.items() if device.model == "hp-color-mfp")
    done = ptscan("read", f"{address}:{fleet}", "--explain")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{address}:{fleet}: device_id ")
    serial = device.truth(0).serial
    (line,) = [line for line in lines if line.startswith("identity.serial ")]
    assert serial is not None
    for part in (serial, "1.3.6.1.2.1.43.5.1.1.17.1", f'OCTET STRING {serial.encode().hex(" ")} "{serial}"'):
        assert part in line
    (line,) = [line for line in lines if line.startswith("meters.total ")]
    assert f"Counter32 {device.truth(0).meters['total']}" in line
    assert any(line.startswith("MISSING ") for line in lines)


def test_a_device_of_v1_alone_is_found_and_read(ptscan: Run, sim: Sim) -> None:
    port = sim("--fleet", "1", "--network", "127.60.3.0/30", "--fault", "v1-only")
    done = ptscan("scan", "127.60.3.1", "--port", str(port), "--format", "json", *QUICK)
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["via"] == ["snmp-1"]


def test_a_recording_of_a_device_reads_as_the_device_did(
    ptscan: Run, sim: Sim, fleet: int, tmp_path: Path, truth: dict[str, FleetDevice]
) -> None:
    address = next(address for address, device in truth.items() if device.model == "ricoh-mfp")
    done = ptscan("record", f"{address}:{fleet}", "-o", "kept.snmprec")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("kept.snmprec: ")
    again = ptscan("record", f"{address}:{fleet}", "-o", "kept.snmprec")
    assert again.returncode == 2
    assert "--force" in again.stderr
    port = sim(str(tmp_path / "kept.snmprec"), "--network", "127.60.4.0/30")
    first = json.loads(ptscan("read", f"{address}:{fleet}", "--format", "json").stdout)[0]
    second = json.loads(ptscan("read", f"127.60.4.1:{port}", "--format", "json").stdout)[0]
    for key in ("meters", "supplies", "trays", "status", "alerts", "display", "device_id"):
        assert first[key] == second[key]
    who = {key: value for key, value in first["identity"].items() if key not in ("name", "location", "contact")}
    assert who == {key: second["identity"][key] for key in who}
    text = (tmp_path / "kept.snmprec").read_text("latin-1")
    for key in ("name", "location", "contact"):
        assert second["identity"][key] is None
        assert first["identity"][key] is None or first["identity"][key] not in text


def test_nothing_recorded_makes_no_file(ptscan: Run, silent: str, tmp_path: Path) -> None:
    done = ptscan("record", silent, "-o", "none.snmprec", "--timeout", "0.1", "--retries", "0")
    assert done.returncode == 1
    assert "no answer" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_map_of_a_simulation_names_every_address(started: Start, tmp_path: Path) -> None:
    process = started("sim", "--fleet", "3", "--network", "127.60.5.0/29", "--port", "0", "--map", "map")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready: 3 devices at 127.60.5.1 to 127.60.5.3, port ")
    lines = (tmp_path / "map").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == [f"127.60.5.{number}" for number in (1, 2, 3)]
    process.terminate()
    assert process.wait(10) == 0
