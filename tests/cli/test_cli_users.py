"""The verbs that ask one device do so as a user of the credentials file, too, and not where there is none."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

MONITOR = """[[user]]
name = "monitor"
auth = "sha256"
auth_password = "password-1"
priv = "aes128"
priv_password = "password-2"
"""


@pytest.fixture
def users(tmp_path: Path) -> str:
    """A file with the user of net-snmp's agent, and with nobody else."""
    path = tmp_path / "users.toml"
    path.write_text(MONITOR)
    path.chmod(0o600)
    return path.name


def net_snmp(*command: str) -> list[str]:
    who = ("-v3", "-umonitor", "-lauthPriv", "-aSHA-256", "-Apassword-1", "-xAES", "-Xpassword-2", "-On", "-m", "")
    done = subprocess.run([command[0], *who, *command[1:]], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("version", ["3", "auto"])
def test_a_user_reads_what_net_snmp_reads_as_the_same_user(
    version: str, snmpd_v3: str, users: str, ptscan: Run
) -> None:
    how = ("--credentials", users, "--snmp-version", version)
    system = net_snmp("snmpbulkwalk", snmpd_v3, ".1.3.6.1.2.1.1.9")
    assert len(system) > 10
    walked = ptscan("walk", snmpd_v3, ".1.3.6.1.2.1.1.9", *how)
    assert (walked.returncode, walked.stderr) == (0, "")
    assert walked.stdout.splitlines() == system
    oids = (".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.1.99.0")
    got = ptscan("get", snmpd_v3, *oids, *how)
    assert got.stdout.splitlines() == net_snmp("snmpget", snmpd_v3, *oids)


def test_a_reading_and_a_recording_are_made_as_a_user(snmpd_v3: str, users: str, ptscan: Run, tmp_path: Path) -> None:
    (reading,) = json.loads(ptscan("read", snmpd_v3, "--credentials", users, "--format", "json").stdout)
    assert reading["via"] == ["snmp-3"]
    assert reading["identity"]["sys_object_id"].startswith("1.3.6.1.4.1.8072.")
    done = ptscan("record", snmpd_v3, "--credentials", users, "--snmp-version", "3", "-o", "one.snmprec")
    assert done.returncode == 0
    assert "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072." in (tmp_path / "one.snmprec").read_text()


def test_a_refusal_says_what_to_mend(snmpd_v3: str, ptscan: Run, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(MONITOR.replace("password-1", "password-3") + "[[user]]\nname = 'nobody'\n")
    path.chmod(0o600)
    for line in (("get", snmpd_v3, "1.3.6.1.2.1.1.1.0"), ("walk", snmpd_v3), ("record", snmpd_v3, "-o", "x.snmprec")):
        done = ptscan(*line, "--credentials", path.name)
        assert (done.returncode, done.stdout) == (1, "")
        assert "'monitor' has another authentication password or protocol there than sha256: check both" in done.stderr
        assert "'nobody' is not known to the device" in done.stderr
        assert done.stderr.count("\n") == 1
        assert "password-" not in done.stderr
    done = ptscan("read", snmpd_v3, "--credentials", path.name, "--format", "jsonl")
    assert done.returncode == 1
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["code"] == "wrong-digest", "the device is there, and a machine can tell that from silence"


@pytest.mark.parametrize("verb", ["get", "walk", "read", "record"])
def test_version_3_needs_a_user(verb: str, ptscan: Run, tmp_path: Path) -> None:
    file = tmp_path / "communities.toml"
    file.write_text('[[community]]\nname = "c"\n')
    file.chmod(0o600)
    where = {"get": ("127.0.0.1", "1.3.6"), "record": ("127.0.0.1", "-o", "x.snmprec")}.get(verb, ("127.0.0.1",))
    for given in ((), ("--community", "c"), ("--credentials", "communities.toml")):
        done = ptscan(verb, *where, "--snmp-version", "3", *given, PTSCAN_COMMUNITY="c")
        assert (done.returncode, done.stdout) == (2, "")
        assert "there is no SNMPv3 user to ask as: write a [[user]] into a file" in done.stderr
        assert done.stderr.count("\n") == 1


def test_users_alone_are_asked_in_version_3_alone(users: str, ptscan: Run) -> None:
    """No ``public`` is tried, nor what stands in the environment; and in v2c nobody is there to ask as."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.9.4", 0))
        where = ("{}:{}".format(*sock.getsockname()), "1.3.6.1.2.1.1.1.0", "--credentials", users)
        quick = ("--timeout", "0.1", "--retries", "1")
        assert ptscan("get", *where, *quick, PTSCAN_COMMUNITY="c").returncode == 1
        sock.setblocking(False)
        heard = [sock.recv(2048) for _ in range(2)]
        assert [(datagram[2:5], b"monitor" in datagram) for datagram in heard] == [(b"\x02\x01\x03", False)] * 2
        for version in ("1", "2c"):
            done = ptscan("get", *where, "--snmp-version", version)
            assert done.returncode == 2
            assert f"--snmp-version {version}: users.toml has SNMPv3 users only: use 3 or auto" in done.stderr
        with pytest.raises(BlockingIOError):
            sock.recv(2048)
