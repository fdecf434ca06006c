"""SNMPv3 held against pysnmp's agent, for the ciphers and key extensions that net-snmp lacks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codec import parse_oid
from ptscan.snmp import ClientSettings, Outcome, Secret, User, open_client

ADDRESS = "127.30.9.2"
SYSTEM = parse_oid("1.3.6.1.2.1.1")
DESCR = parse_oid("1.3.6.1.2.1.1.1.0")


@pytest.fixture(scope="module")
def agent_port() -> Iterator[int]:
    """Where pysnmp's agent listens."""
    pytest.importorskip("pysnmp", reason="pysnmp is not installed")
    command = [sys.executable, Path(__file__).with_name("pysnmp_agent.py"), ADDRESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate("", timeout=10)


@pytest.mark.parametrize("priv", ["3des", "aes192", "aes192-reeder", "aes256-reeder"])
@pytest.mark.parametrize("auth", ["md5", "sha1", "sha256", "sha512"])
async def test_pysnmps_agent_answers(agent_port: int, auth: str, priv: str) -> None:
    who = User(
        f"{auth}-{priv}",
        auth=auth,
        auth_password=Secret("auth-password"),
        priv=priv,
        priv_password=Secret("priv-password"),
    )
    async with open_client(ClientSettings(timeout=5.0)) as client:
        session = client.session(ADDRESS, agent_port, credentials=(who,), version="3")
        answer = await session.get([DESCR])
        assert answer.outcome is Outcome.OK
        assert b"PySNMP" in answer.varbinds[0][2]
        assert len((await session.walk(SYSTEM)).varbinds) > 5
