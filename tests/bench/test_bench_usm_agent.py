"""The SNMPv3 agent in C: our codec opens what it seals, snmpget believes it, and what is wrong it tells by a Report."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.target import Network, Place, build

from codec import (
    AUTH,
    AUTH_PROTOCOLS,
    NULL,
    PRIV,
    PRIV_PROTOCOLS,
    PduType,
    Report,
    Security,
    decode_discovery,
    decode_scoped,
    discovery_request,
    encode_scoped,
    localised_key,
    master_key,
    parse_oid,
    peek_request_id,
    privacy_key,
    report_of,
)
from codec import Message as SnmpMessage
from ptscan.snmp import Outcome, Secret, User, open_client

USER = ("monitor", "auth-password", "priv-password")
HOSTS = "127.90.8.0/24"
NAME = parse_oid("1.3.6.1.2.1.1.5.0")
SHA_256, AES_128 = AUTH_PROTOCOLS["sha256"], PRIV_PROTOCOLS["aes128"]
MONITOR = User("monitor", "sha256", Secret(USER[1]), priv="aes128", priv_password=Secret(USER[2]))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    if missing := build():
        pytest.skip(missing.reason)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        free: int = sock.getsockname()[1]
    with Place(Network(addresses=HOSTS, port=free, user=USER)).played():
        yield free


class Peer:
    """One device, asked by datagrams that the codec makes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.found = decode_discovery(self.answer(discovery_request(0x10203040)))
        self.times = (self.found.boots, self.found.time)

    def answer(self, datagram: bytes) -> bytes:
        self.sock.send(datagram)
        return self.sock.recv(2048)

    def security(self, *, user: str = USER[0], auth: str = USER[1], priv: str = USER[2]) -> Security:
        engine_id = self.found.engine_id
        auth_key = localised_key(SHA_256, master_key(SHA_256, auth.encode()), engine_id)
        priv_master = localised_key(SHA_256, master_key(SHA_256, priv.encode()), engine_id)
        priv_key = privacy_key(AES_128, SHA_256, priv_master, engine_id)
        return Security(user.encode(), engine_id, auth=(SHA_256, auth_key), priv=(AES_128, priv_key))

    def question(self, security: Security, *, times: tuple[int, int] | None = None, level: int | None = None) -> bytes:
        scoped = encode_scoped(security.engine_id, b"", PduType.GET, (77, 0, 0), [(NAME, NULL, None)])
        return security.seal(99, scoped, times or self.times, bytes(range(8)), reportable=True, level=level)


@pytest.fixture
def peer(port: int) -> Iterator[Peer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.90.8.9", port))
        yield Peer(sock)


def told(scoped: bytes) -> Report | None:
    message = decode_scoped(scoped).message
    assert isinstance(message, SnmpMessage)
    return report_of(message)


def test_each_device_has_an_engine_of_its_own_that_tells_its_address(peer: Peer) -> None:
    assert peer.found.engine_id == bytes.fromhex("80001f88017f5a0809")
    assert peer.found.msg_id == 0x10203040
    assert peer.times[0] == 1
    assert 0 <= peer.times[1] < 600


@pytest.mark.parametrize("level", [AUTH, AUTH | PRIV])
def test_the_codec_opens_what_it_sealed(peer: Peer, level: int) -> None:
    security = peer.security()
    opened = security.unseal(peer.answer(peer.question(security, level=level)))
    message = decode_scoped(opened.scoped).message
    assert isinstance(message, SnmpMessage)
    assert (opened.level, opened.message.msg_id) == (level, 99)
    assert (message.pdu_type, message.request_id) == (PduType.RESPONSE, 77)
    assert message.varbinds[0][2] == b"printer-7f5a0809"


@pytest.mark.parametrize(
    ("user", "auth", "level", "report"),
    [
        ("nobody", USER[1], None, Report.UNKNOWN_USER),
        (USER[0], "another password", None, Report.WRONG_DIGEST),
        (USER[0], USER[1], 0, Report.UNSUPPORTED_LEVEL),
    ],
)
def test_what_is_wrong_is_told_by_a_report(peer: Peer, user: str, auth: str, level: int | None, report: Report) -> None:
    security = peer.security(user=user, auth=auth)
    reporter = Security(b"", peer.found.engine_id)
    opened = reporter.unseal(peer.answer(peer.question(security, level=level)))
    assert (opened.level, told(opened.scoped)) == (0, report)


@pytest.mark.parametrize("times", [(1, 10_000), (2, 0), (0, 0)])
def test_outside_its_time_window_it_tells_the_time_in_an_authentic_report(peer: Peer, times: tuple[int, int]) -> None:
    security = peer.security()
    opened = security.unseal(peer.answer(peer.question(security, times=times)))
    assert (opened.level, told(opened.scoped)) == (AUTH, Report.NOT_IN_TIME_WINDOW)
    assert opened.message.boots == 1
    assert abs(opened.message.time - peer.times[1]) < 60


def test_every_prefix_of_a_question_and_every_changed_octet_leaves_it_answering(peer: Peer) -> None:
    security = peer.security()
    question = peer.question(security)
    for at in range(len(question)):
        peer.sock.send(question[:at])
        peer.sock.send(question[:at] + bytes([question[at] ^ 0x55]) + question[at + 1 :])
    answers = [peer.answer(discovery_request(0x50607080))]
    while peek_request_id(answers[-1]) != 0x50607080:
        answers.append(peer.sock.recv(2048))
    assert b"printer-" not in b"".join(answers)
    assert security.unseal(peer.answer(question)).level == AUTH | PRIV


async def test_the_client_walks_it_to_its_end(port: int) -> None:
    async with open_client() as client:
        session = client.session("127.90.8.7", port, credentials=(MONITOR,), version="3")
        table = await session.walk(parse_oid("1.3.6.1.2.1.2.2"), max_rows=10_000)
    assert (table.outcome, len(table.varbinds)) == (Outcome.OK, 22 * 64)


@pytest.mark.skipif(not shutil.which("snmpbulkwalk"), reason="net-snmp (snmp) is not installed")
def test_net_snmp_reads_it(port: int, tmp_path: Path) -> None:
    by = ["-v", "3", "-l", "authPriv", "-u", USER[0], "-a", "SHA-256", "-A", USER[1], "-x", "AES", "-X", USER[2]]
    quiet = {"PATH": "/usr/bin:/bin", "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}

    def lines_of(command: str, root: str) -> list[str]:
        line = [command, *by, "-t", "5", f"127.90.8.5:{port}", root]
        return subprocess.run(line, env=quiet, check=True, capture_output=True, text=True).stdout.splitlines()

    assert lines_of("snmpget", ".1.3.6.1.2.1.1.5.0")[0].endswith('STRING: "printer-7f5a0805"')
    assert len(lines_of("snmpbulkwalk", ".1.3.6.1.2.1.31")) == 18 * 64
