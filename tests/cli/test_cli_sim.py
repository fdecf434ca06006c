"""`ptscan sim --credentials FILE` plays devices that the same file opens, and nobody else."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Sim = Callable[..., int]

USERS = """
[[user]]
name = "ward"
auth = "sha512"
auth_password = "maplesyrup"
priv = "aes256-reeder"
priv_password = "pancakes"
"""
KEYS = """
[[user]]
name = "keys"
auth = "md5"
auth_key = "0x00112233445566778899aabbccddeeff"
context = "Jetdirect"
"""
COMMUNITIES = """
[[community]]
name = "first"

[[community]]
name = "second"
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """A credentials file of this text."""

    def write(text: str) -> str:
        path = tmp_path / "credentials.toml"
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    return write


def outcomes(ptscan: Run, port: int, address: str, *how: str) -> list[str]:
    """By which way a reading came, empty where there was none."""
    done = ptscan("read", f"{address}:{port}", "--timeout", "0.2", "--retries", "0", "--format", "jsonl", *how)
    return [via for line in done.stdout.splitlines() for via in json.loads(line).get("via", [])]


@pytest.mark.parametrize("users", [USERS, KEYS], ids=["passwords", "keys"])
def test_users_alone_switch_v1_and_v2c_off(users: str, ptscan: Run, sim: Sim, file: Callable[[str], str]) -> None:
    path = file(users)
    port = sim("--fleet", "1", "--network", "127.60.21.0/28", "--credentials", path)
    assert outcomes(ptscan, port, "127.60.21.1", "--credentials", path) == ["snmp-3"]
    assert outcomes(ptscan, port, "127.60.21.1", "--community", "public") == []


def test_the_first_community_of_the_file_is_the_one_that_is_answered(
    ptscan: Run, sim: Sim, file: Callable[[str], str]
) -> None:
    path = file(COMMUNITIES + USERS)
    port = sim("--fleet", "1", "--network", "127.60.21.0/28", "--credentials", path)
    for community, ways in (("first", ["snmp-2c"]), ("second", []), ("public", [])):
        assert outcomes(ptscan, port, "127.60.21.1", "--community", community) == ways
    assert outcomes(ptscan, port, "127.60.21.1", "--credentials", path, "--snmp-version", "3") == ["snmp-3"]


def test_a_community_that_is_typed_is_the_one_that_is_answered(
    ptscan: Run, sim: Sim, file: Callable[[str], str]
) -> None:
    path = file(USERS)
    port = sim("--fleet", "1", "--network", "127.60.21.0/28", "--credentials", path, "--community", "mine")
    assert outcomes(ptscan, port, "127.60.21.1", "--community", "mine") == ["snmp-2c"]
    assert outcomes(ptscan, port, "127.60.21.1", "--credentials", path, "--snmp-version", "3") == ["snmp-3"]


def test_a_user_who_stands_twice_is_refused_in_one_line(ptscan: Run, file: Callable[[str], str]) -> None:
    done = ptscan("sim", "--fleet", "1", "--credentials", file(USERS + USERS.replace("sha512", "md5")))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "maplesyrup" not in done.stderr
