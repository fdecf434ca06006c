"""`ptscan get` and `ptscan walk` against net-snmp's agent, its tools, and devices that say nothing."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from codec import INTEGER, OCTET_STRING, Varbind, parse_oid

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Responder = Callable[[list[Varbind]], AbstractContextManager[str]]

ROWS: list[Varbind] = [
    (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, b"a printer"),
    (parse_oid("1.3.6.1.2.1.1.2.0"), INTEGER, 7),
    (parse_oid("1.3.6.1.2.1.1.6.0"), OCTET_STRING, b"\x00\xff"),
    (parse_oid("1.3.6.1.4.1.11.1.0"), OCTET_STRING, "büro\n".encode()),
]


def net_snmp(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


# nsCacheStatus: whether snmpd's own memory of a table is fresh; it turns while we walk, there and back.
CACHE_STATUS = ".1.3.6.1.4.1.8072.1.5.3.1.3."


@pytest.mark.parametrize(("version", "walker"), [("2c", "snmpbulkwalk"), ("1", "snmpwalk")])
def test_a_walk_of_the_whole_tree_prints_what_net_snmp_prints(
    version: str, walker: str, snmpd: str, ptscan: Run
) -> None:
    """Counters and processes move while we look: lines that net-snmp prints before and after us must be ours, too."""
    theirs = (walker, f"-v{version}", "-cpublic", "-On", "-m", "", snmpd, ".1")
    before = net_snmp(*theirs)
    ours = ptscan("walk", snmpd, ".1", "--snmp-version", version)
    after = net_snmp(*theirs)
    assert (ours.returncode, ours.stderr) == (0, "")
    lines = ours.stdout.splitlines()
    still = {line for line in set(before) & set(after) if not line.startswith(CACHE_STATUS)}
    assert len(still) > 500
    assert [line for line in lines if line in still] == [line for line in before if line in still]
    names = {line.partition(" = ")[0] for line in lines}
    assert names >= {line.partition(" = ")[0] for line in still}
    assert lines[-1] == before[-1] or lines[-1].partition(" = ")[2] == before[-1].partition(" = ")[2]


@pytest.mark.parametrize("version", ["2c", "1"])
def test_a_get_prints_what_net_snmp_prints(version: str, snmpd: str, ptscan: Run) -> None:
    oids = [f".1.3.6.1.2.1.1.{number}.0" for number in (1, 2, 4, 5, 6)] + [".1.3.6.1.2.1.11.30.0"]
    if version == "2c":
        oids += [".1.3.6.1.2.1.1.99.0", ".1.3.6.1.2.1.1.1.7"]
    ours = ptscan("get", snmpd, *oids, "--snmp-version", version)
    assert ours.stdout.splitlines() == net_snmp("snmpget", f"-v{version}", "-cpublic", "-On", "-m", "", snmpd, *oids)
    assert (ours.returncode, ours.stderr) == (0, "")


def test_a_walk_without_oid_is_of_mib_2(ptscan: Run, responder_at: Responder) -> None:
    with responder_at(ROWS) as endpoint:
        done = ptscan("walk", endpoint)
    assert done.stdout == (
        '.1.3.6.1.2.1.1.1.0 = STRING: "a printer"\n'
        ".1.3.6.1.2.1.1.2.0 = INTEGER: 7\n"
        ".1.3.6.1.2.1.1.6.0 = Hex-STRING: 00 FF \n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_several_oids_are_walked_in_order(ptscan: Run, responder_at: Responder) -> None:
    with responder_at(ROWS) as endpoint:
        done = ptscan("walk", endpoint, ".1.3.6.1.4", "1.3.6.1.2.1.1.2", "1.3.6.1.9")
    assert done.stdout.splitlines() == [
        ".1.3.6.1.4.1.11.1.0 = Hex-STRING: 62 C3 BC 72 6F 0A ",
        ".1.3.6.1.4.1.11.1.0 = No more variables left in this MIB View (It is past the end of the MIB tree)",
        ".1.3.6.1.2.1.1.2.0 = INTEGER: 7",
        ".1.3.6.1.9 = No more variables left in this MIB View (It is past the end of the MIB tree)",
    ]


def test_what_a_v1_device_has_not_is_named_and_the_rest_is_given(ptscan: Run, responder_at: Responder) -> None:
    with responder_at(ROWS) as endpoint:
        done = ptscan("get", endpoint, "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.9.0", "--snmp-version", "1")
        none = ptscan("get", endpoint, "1.3.6.1.2.1.1.9.0", "--snmp-version", "1")
    assert done.returncode == 3
    assert done.stdout == ".1.3.6.1.2.1.1.2.0 = INTEGER: 7\n"
    assert done.stderr == "ptscan: .1.3.6.1.2.1.1.9.0: (noSuchName) there is no such variable in this MIB\n"
    assert none.returncode == 1


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_machines_get_text_octets_and_numbers(form: str, ptscan: Run, responder_at: Responder) -> None:
    with responder_at(ROWS) as endpoint:
        done = ptscan("walk", endpoint, "1.3.6.1", "--format", form)
    rows = json.loads(done.stdout) if form == "json" else [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == [
        {"oid": "1.3.6.1.2.1.1.1.0", "type": "OCTET STRING", "value": "a printer", "hex": b"a printer".hex()},
        {"oid": "1.3.6.1.2.1.1.2.0", "type": "INTEGER", "value": 7, "hex": None},
        {"oid": "1.3.6.1.2.1.1.6.0", "type": "OCTET STRING", "value": None, "hex": "00ff"},
        {"oid": "1.3.6.1.4.1.11.1.0", "type": "OCTET STRING", "value": "büro\n", "hex": "büro\n".encode().hex()},
    ]


@pytest.mark.parametrize("verb", ["get", "walk"])
def test_a_silent_device_is_one_line_and_a_failure(verb: str, ptscan: Run, silent: str) -> None:
    done = ptscan(verb, silent, "1.3.6.1.2.1.1.1.0", "--timeout", "0.1", "--retries", "1")
    assert (done.returncode, done.stdout) == (1, "")
    address = silent.replace(":", " port ")
    assert done.stderr.startswith(f"ptscan: {address}: no answer")
    assert "community" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_closed_port_is_named_as_such(ptscan: Run) -> None:
    done = ptscan("get", "127.60.0.1:9", "1.3.6.1.2.1.1.1.0", "--timeout", "0.5", "--retries", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ptscan: 127.60.0.1 port 9: ")
    assert "check the address" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "no ADDRESS was given: write ptscan get ADDRESS[:PORT] OID..."),
        (("127.0.0.1",), "no OID was given"),
        (("127.0.0.1", "sysDescr.0"), '"sysDescr.0" is no numeric OID'),
        (("127.0.0.1", "1.3.6.1.4294967296"), "is no numeric OID"),
        (("127.0.0.1:99999", "1.3.6"), '"99999" is no port'),
        (("300.1.1.1", "1.3.6"), '"300.1.1.1" is no IPv4 address'),
        (("10.0.0.0/24", "1.3.6"), "ptscan scan 10.0.0.0/24"),
        (("no-such-host.invalid", "1.3.6"), '"no-such-host.invalid" was not found'),
        (("127.0.0.1", "1.3.6", "--port", "0"), '--port: "0" is no port: use a number from 1 to 65535'),
        (("127.0.0.1", "1.3.6", "--timeout", "-1"), "--timeout"),
        (("127.0.0.1", "1.3.6", "--timeout", "nan"), '"nan" is no time-out'),
        (("127.0.0.1", "1.3.6", "--retries", "1.5"), '"1.5" is no number of retries'),
        (("127.0.0.1", "1.3.6", "--snmp-version", "3"), "there is no SNMPv3 user to ask as"),
        (("127.0.0.1", "1.3.6", "--snmp-version", "4"), 'Invalid value "4" for --snmp-version'),
        (("127.0.0.1", "1.3.6", "--format", "xlsx"), "-o FILE.xlsx"),
        (("127.0.0.1", "1.3.6", "--colour"), "Unknown option: --colour"),
        (("127.0.0.1", "1.3.6", "--credentials", "absent.toml"), "absent.toml: cannot be read"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments: tuple[str, ...], fault: str, ptscan: Run) -> None:
    done = ptscan("get", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptscan: ")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_secrets_need_not_stand_on_the_command_line(ptscan: Run, snmpd: str, tmp_path: Path) -> None:
    """``public`` is not tried where another is given."""
    oid = "1.3.6.1.2.1.1.5.0"
    quick = ("--timeout", "0.1", "--retries", "0")
    assert ptscan("get", snmpd, oid, PTSCAN_COMMUNITY="public").returncode == 0
    assert ptscan("get", snmpd, oid, *quick, PTSCAN_COMMUNITY="wrong").returncode == 1
    assert ptscan("get", snmpd, oid, *quick, "--community", "wrong", PTSCAN_COMMUNITY="public").returncode == 1
    assert ptscan("get", snmpd, oid, "--community", "wrong", "--community", "public").returncode == 0
    file = tmp_path / "secrets.toml"
    file.write_text('[[community]]\nname = "public"\nnetworks = ["127.60.0.0/16"]\n')
    file.chmod(0o600)
    assert ptscan("get", snmpd, oid, "--credentials", str(file)).returncode == 0
    file.chmod(0o640)
    refused = ptscan("get", snmpd, oid, "--credentials", str(file))
    assert refused.returncode == 2
    assert f"chmod 600 {file}" in refused.stderr


EPSON: list[Varbind] = [
    *ROWS,
    (parse_oid("1.3.6.1.4.1.1248.1.2.2.1.1.1.5.1"), OCTET_STRING, b"X5MP001234"),
    (parse_oid("1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1"), OCTET_STRING, b"acted"),
]


@pytest.mark.parametrize(
    "oid", ["1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1", "1.3.6.1.4.1.2699.1.1.1", "1.3.6.1.4.1.1347.47.1"]
)
@pytest.mark.parametrize("verb", ["get", "walk"])
def test_what_acts_and_what_tells_of_people_is_asked_by_no_verb(verb: str, oid: str, ptscan: Run, silent: str) -> None:
    done = ptscan(verb, silent, "1.3.6.1.2.1.1.1.0", oid)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ptscan: {oid} is never asked for: ")


def test_an_epson_is_not_walked_towards_its_control_channel(ptscan: Run, responder_at: Responder) -> None:
    """A walk that ends before it would step onto it, and reading an object there runs a command."""
    with responder_at(EPSON) as endpoint:
        above = ptscan("walk", endpoint, "1.3.6.1.4.1")
        beside = ptscan("walk", endpoint, "1.3.6.1.4.1.1248.1.2.2.1")
        by_name = ptscan("get", endpoint, "1.3.6.1.4.1.1248.1.2.2.1.1.1.5.1")
    assert (above.returncode, above.stdout) == (1, "")
    assert (beside.returncode, beside.stdout) == (2, "")
    assert all("control channel" in done.stderr for done in (above, beside))
    assert by_name.stdout == '.1.3.6.1.4.1.1248.1.2.2.1.1.1.5.1 = STRING: "X5MP001234"\n'


def test_a_walk_passes_over_the_names_of_people(ptscan: Run, responder_at: Responder) -> None:
    people: list[Varbind] = [
        (parse_oid("1.3.6.1.4.1.1347.46.1"), INTEGER, 3),
        (parse_oid("1.3.6.1.4.1.1347.47.1"), OCTET_STRING, b"jdoe"),
        (parse_oid("1.3.6.1.4.1.1347.48.1"), INTEGER, 6),
        (parse_oid("1.3.6.1.4.1.1348.1"), INTEGER, 7),
    ]
    with responder_at(people) as endpoint:
        done = ptscan("walk", endpoint, "1.3.6.1.4.1.1347")
    assert done.stdout == ".1.3.6.1.4.1.1347.46.1 = INTEGER: 3\n.1.3.6.1.4.1.1347.48.1 = INTEGER: 6\n"
    said = "left out: Kyocera: jobs\n"
    assert (done.returncode, done.stderr) == (0, said)
