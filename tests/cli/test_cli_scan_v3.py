"""`ptscan sweep` and `scan` over devices that speak SNMPv3, among others: found by anybody, opened by users."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from proto_schema import Reading
from ptscan.simulator import FleetDevice, make_fleet

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]

COUNT, SEED = 20, 11
NETWORK = "127.60.11.0/27"
QUICK = ("--rate", "max", "--retries", "0", "--timeout", "0.5")

MONITOR = """
[[user]]
name = "monitor"
auth = "sha256"
auth_password = "password-1"
priv = "aes128"
priv_password = "password-2"
"""
WRONG = MONITOR.replace("password-1", "password-9")
NOBODY = '\n[[user]]\nname = "nobody"\n'
PUBLIC = '\n[[community]]\nname = "public"\n'
AWAY = MONITOR + 'networks = ["127.99.0.0/16"]\n'
PARTLY = MONITOR + 'networks = ["127.60.11.0/29"]\n'


def keep(folder: Path, text: str) -> str:
    path = folder / "secrets.toml"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


@pytest.fixture(scope="module")
def truth() -> dict[str, FleetDevice]:
    devices = make_fleet(COUNT, SEED).devices
    return {f"127.60.11.{number}": device for number, device in enumerate(devices, 1)}


@pytest.fixture(scope="module")
def fleet(sim: Sim, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Devices with SNMPv1 and v2c switched off."""
    users = keep(tmp_path_factory.mktemp("users"), MONITOR)
    return sim("--fleet", str(COUNT), "--seed", str(SEED), "--network", NETWORK, "--credentials", users)


@pytest.fixture
def look(ptscan: Run, fleet: int, tmp_path: Path) -> Run:
    """``look("sweep", CREDENTIALS, …)``: over NETWORK."""

    def run(verb: str, credentials: str, *options: str) -> "subprocess.CompletedProcess[str]":
        named = ("--credentials", keep(tmp_path, credentials)) if credentials else ()
        form = () if "--format" in options or "-o" in options else ("--format", "jsonl")
        return ptscan(verb, NETWORK, "--port", str(fleet), *named, *QUICK, *form, *options)

    return run


def lines(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, object]]:
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({one["address"] for one in found}) == len(found)
    return {one["address"]: one for one in found}


def test_without_any_credential_a_sweep_in_version_3_says_who_is_there(
    look: Run, fleet: int, truth: dict[str, FleetDevice]
) -> None:
    done = look("sweep", "", "--snmp-version", "3")
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert found.keys() == truth.keys()
    for address, device in truth.items():
        one = found[address]
        enterprise = (device.truth(0).sys_object_id or "").split(".")[6]
        assert str(one["enterprise"]) == enterprise
        del one["rtt_ms"], one["enterprise"]
        engine_id = one.pop("engine_id")
        assert isinstance(engine_id, str)
        assert bytes.fromhex(engine_id)[:1] == b"\x80"
        assert one == {
            "address": address, "port": fleet, "version": "3", "sys_object_id": None, "sys_descr": None,
            "sys_name": None, "kind": "unknown", "engine_boots": 1,
        }  # fmt: skip


@pytest.mark.parametrize("credentials", [MONITOR, PUBLIC + NOBODY + MONITOR])
def test_a_user_that_a_device_lets_in_makes_its_line_as_full_as_any(
    look: Run, truth: dict[str, FleetDevice], credentials: str
) -> None:
    done = look("sweep", credentials)
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert found.keys() == truth.keys()
    for address, device in truth.items():
        one, expected = found[address], device.truth(0)
        assert (one["version"], one["engine_boots"]) == ("3", 1)
        assert (one["sys_name"], one["sys_object_id"]) == (expected.name, expected.sys_object_id)
        assert one["kind"] in ({"printer", "unknown"} if device.is_printer else {"other", "unknown"})
    assert "no user" not in done.stderr
    assert "password" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("credentials", "reason"), [(WRONG, "wrong digest"), (NOBODY, "unknown user"), (AWAY, "no credential")]
)
def test_devices_that_open_to_no_user_are_counted_and_the_sweep_is_whole(
    look: Run, truth: dict[str, FleetDevice], credentials: str, reason: str
) -> None:
    done = look("sweep", credentials)
    assert done.returncode == 0
    assert {one["kind"] for one in lines(done).values()} == {"unknown"}
    assert lines(done).keys() == truth.keys()
    said = f"20 SNMPv3 devices answered to no user: 20 {reason}: ptscan credentials check FILE ADDRESS says more\n"
    assert done.stderr.startswith(said)


def test_users_go_only_where_they_may_and_auto_discovers_only_there(look: Run, truth: dict[str, FleetDevice]) -> None:
    within = {f"127.60.11.{number}" for number in range(1, 8)}
    assert lines(look("sweep", PUBLIC + PARTLY)).keys() == within
    everybody = lines(look("sweep", PARTLY))
    assert everybody.keys() == truth.keys()
    assert {address for address, one in everybody.items() if one["sys_name"]} == within


def test_version_3_tries_no_community_and_1_and_2c_no_user(look: Run) -> None:
    assert len(lines(look("sweep", PUBLIC + MONITOR, "--snmp-version", "3"))) == COUNT
    assert lines(look("sweep", PUBLIC + MONITOR, "--snmp-version", "2c")) == {}


def test_every_printer_is_read_by_the_user_and_nothing_else(look: Run, truth: dict[str, FleetDevice]) -> None:
    done = look("scan", PUBLIC + NOBODY + MONITOR)
    assert done.returncode == 0, done.stderr
    found = [msgspec.json.decode(line, type=Reading) for line in done.stdout.splitlines()]
    printers = {address: device.truth(0) for address, device in truth.items() if device.is_printer}
    assert sorted(one.address for one in found) == sorted(printers)
    for one in found:
        assert one.via == ["snmp-3"]
        assert one.identity.serial == printers[one.address].serial
        assert one.meters["total"] == printers[one.address].meters["total"]
    assert done.stderr.startswith(f"{len(printers)} printers, ")
    assert f"; {COUNT - len(printers)} other devices; 20 of 30 addresses answered" in done.stderr


@pytest.mark.parametrize(
    ("credentials", "reason", "code"),
    [(WRONG, "wrong digest", 3), (NOBODY, "unknown user", 0), (AWAY, "no credential", 0)],
)
def test_a_scan_that_is_let_in_nowhere_says_so_and_a_wrong_password_is_a_fault(
    look: Run, credentials: str, reason: str, code: int
) -> None:
    done = look("scan", credentials)
    assert (done.returncode, done.stdout) == (code, "")
    said = f"20 SNMPv3 devices answered to no user: 20 {reason}: "
    assert done.stderr.startswith(("ptscan: " if code else "") + said)
    quiet = look("scan", credentials, "--quiet")
    assert quiet.stderr.startswith("ptscan: " + said) if code else not quiet.stderr


def test_a_scan_without_a_user_counts_whom_it_could_not_look_into(look: Run) -> None:
    done = look("scan", "", "--snmp-version", "3")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("20 SNMPv3 devices not looked into: name a user of theirs with --credentials FILE\n")


def test_shards_and_processes_find_everybody_once(look: Run, truth: dict[str, FleetDevice]) -> None:
    parts = [lines(look("sweep", MONITOR, "--seed", "5", "--shard", f"{number}/3")) for number in (1, 2, 3)]
    assert sum(map(len, parts)) == COUNT
    assert parts[0].keys() | parts[1].keys() | parts[2].keys() == truth.keys()
    together = lines(look("sweep", PUBLIC + MONITOR, "--processes", "2"))
    assert together.keys() == truth.keys()
    assert all(one["sys_name"] for one in together.values())
    assert len(look("scan", MONITOR, "--processes", "2").stdout.splitlines()) == sum(
        device.is_printer for device in truth.values()
    )


def test_a_mixed_fleet_is_read_by_whatever_each_device_speaks(
    ptscan: Run, sim: Sim, fleet: int, tmp_path: Path
) -> None:
    credentials = keep(tmp_path, PUBLIC + MONITOR)
    port = str(sim("--fleet", "1", "--seed", "3", "--listen", "127.60.12.1:0"))
    sim("--fleet", "1", "--seed", "11", "--listen", f"127.60.12.2:{port}", "--credentials", credentials)
    sim("--fleet", "1", "--seed", "5", "--listen", f"127.60.12.3:{port}", "--fault", "v1-only")
    users = keep(tmp_path, MONITOR)
    sim("--fleet", "1", "--seed", "11", "--listen", f"127.60.12.4:{port}", "--credentials", users)
    credentials = keep(tmp_path, PUBLIC + MONITOR)
    done = ptscan("scan", "127.60.12.1-4", "--port", port, "--credentials", credentials, *QUICK, "--format", "jsonl")
    found = {one["address"]: one["via"] for one in lines(done).values()}
    assert found == {
        "127.60.12.1": ["snmp-2c"],
        "127.60.12.2": ["snmp-2c"],
        "127.60.12.3": ["snmp-1"],
        "127.60.12.4": ["snmp-3"],
    }


def test_an_interrupted_sweep_goes_on_and_everybody_is_opened_once(
    started: Start, look: Run, fleet: int, tmp_path: Path, truth: dict[str, FleetDevice]
) -> None:
    """At 30 packets a second, users are tried slowly enough to be interrupted."""
    credentials = keep(tmp_path, NOBODY + WRONG + MONITOR)
    kept = ("--resume", str(tmp_path / "state"), "-o", str(tmp_path / "found.jsonl"))
    process = started(
        *("sweep", NETWORK, "--port", str(fleet), "--credentials", credentials, "--timeout", "0.5", "--retries", "0"),
        *("--rate", "30", *kept),
    )
    output = tmp_path / "found.jsonl"
    while process.poll() is None and (not output.exists() or not output.stat().st_size):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    first = [json.loads(line) for line in output.read_text().splitlines()]
    assert 0 < len(first) < COUNT
    assert all(one["sys_name"] for one in first), "whom no user was tried on is left to the next run"
    done = look("sweep", NOBODY + WRONG + MONITOR, *kept)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert sorted(one["address"] for one in found) == sorted(truth)
    assert all(one["sys_name"] for one in found)
    assert not (tmp_path / "state").exists()


def test_an_interrupted_sweep_without_a_journal_keeps_what_it_knows(started: Start, fleet: int, tmp_path: Path) -> None:
    credentials = keep(tmp_path, NOBODY + WRONG + MONITOR)
    process = started(
        *("sweep", NETWORK, "--port", str(fleet), "--credentials", credentials, "--timeout", "0.5", "--retries", "0"),
        *("--rate", "30", "--format", "jsonl"),
    )
    assert process.stdout is not None
    first = "".join(process.stdout.readline() for _ in range(3))
    process.send_signal(signal.SIGINT)
    rest, words = process.communicate(timeout=10)
    assert process.returncode == 130, words
    found = [json.loads(line) for line in (first + rest).splitlines()]
    assert len({one["address"] for one in found}) == len(found) > 2
    assert {bool(one["sys_name"]) for one in found} == {True, False}
    assert all(one["engine_id"] for one in found)


def test_a_person_sees_the_engine_of_whoever_lets_nobody_in(look: Run) -> None:
    done = look("sweep", "", "--snmp-version", "3", "--format", "table")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("127.60.11.9:")]
    assert " unknown  3 " in line
    assert " engine 80" in line
    assert " of enterprise 9, booted 1 time " in line
