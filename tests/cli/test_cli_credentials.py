"""`ptscan credentials check`: each entry on its own, and words to act on where one does not work."""

import csv
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from codec import OBJECT_IDENTIFIER, V1, V2C, V3, Message, Varbind, decode_message, parse_oid
from ptscan.snmp import limits

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Responder = Callable[..., AbstractContextManager[str]]

CHECK = ("credentials", "check")
QUICK = ("--timeout", "0.2", "--retries", "0")
ROWS: list[Varbind] = [(parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11"))]

EVERY_KIND = """
[[community]]
name = "wrong"
[[community]]
name = "public"
[[community]]
name = "away"
networks = ["10.0.0.0/8"]
[[user]]
name = "monitor"
auth = "sha256"
auth_password = "password-1"
priv = "aes128"
priv_password = "password-2"
[[user]]
name = "nobody"
[[user]]
name = "monitor"
auth = "sha256"
auth_password = "wrong-password"
[[user]]
name = "open"
auth = "md5"
auth_password = "wrong-password"
[[user]]
name = "monitor"
auth = "sha256"
auth_password = "password-1"
priv = "aes128"
priv_password = "wrong-password"
[[user]]
name = "longkey"
auth = "sha1"
auth_password = "password-1"
priv = "aes256-reeder"
priv_password = "password-2"
[[user]]
name = "longkey"
auth = "sha1"
auth_password = "password-1"
priv = "aes256"
priv_password = "password-2"
[[user]]
name = "monitor"
networks = ["2001:db8::/32"]
"""

LONG_KEY = """
[[user]]
name = "longkey"
auth = "sha1"
auth_password = "password-1"
priv = "{priv}"
priv_password = "{password}"
"""


def kept(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "secrets.toml"
    path.write_text(text)
    path.chmod(mode)
    return path.name


def test_each_entry_is_tried_on_its_own_in_the_order_of_the_file(ptscan: Run, snmpd_v3: str, tmp_path: Path) -> None:
    done = ptscan(*CHECK, kept(tmp_path, EVERY_KIND), snmpd_v3, *QUICK, "--format", "json")
    assert (done.returncode, done.stderr) == (0, f"3 of 11 entries work at {snmpd_v3}\n")
    checks = json.loads(done.stdout)
    assert [(one["entry"], one["outcome"], one["version"]) for one in checks] == [
        ("community[0]", "silent", None),
        ("community[1]", "ok", "2c"),
        ("community[2]", "no-credential", None),
        ("user[0]", "ok", "3"),
        ("user[1]", "unknown-user", None),
        ("user[2]", "wrong-digest", None),
        ("user[3]", "unsupported-security-level", None),
        ("user[4]", "silent", None),  # to a request that it cannot decipher net-snmp says nothing
        ("user[5]", "silent", None),
        ("user[6]", "ok", "3"),
        ("user[7]", "no-credential", None),
    ]
    assert all(one["works"] is (one["text"] is None) is (one["version"] is not None) for one in checks)
    assert {key: checks[3][key] for key in ("user", "level", "auth", "priv")} == {
        "user": "monitor",
        "level": "authPriv",
        "auth": "sha256",
        "priv": "aes128",
    }
    assert {checks[0][key] for key in ("user", "level", "auth", "priv")} == {None}
    words = {one["entry"]: one["text"] or "" for one in checks}
    assert "check the address, the community" in words["community[0]"]
    assert "networks" in words["community[2]"]
    assert "check the name" in words["user[1]"]
    assert "authentication password" in words["user[2]"]
    assert "security level" in words["user[3]"]
    assert "privacy password" in words["user[4]"]
    assert words["user[5]"].endswith(", or try aes256, which makes its key in another way")
    assert "networks" in words["user[7]"]
    for secret in ("password-1", "password-2", "wrong-password", "public"):
        assert secret not in done.stdout


def test_what_a_device_says_by_reports_is_put_into_words(ptscan: Run, sim: Callable[..., int], tmp_path: Path) -> None:
    known = LONG_KEY.format(priv="aes256-reeder", password="password-2")
    port = sim("--fleet", "1", "--listen", "127.60.7.3:0", "--credentials", str(tmp_path / kept(tmp_path, known)))
    tried = [
        LONG_KEY.format(priv="aes256-reeder", password="wrong-password"),
        LONG_KEY.format(priv="aes256", password="password-2"),
        known + 'context = "Nowhere"\n',
        known,
    ]
    done = ptscan(*CHECK, kept(tmp_path, "".join(tried)), f"127.60.7.3:{port}", *QUICK, "--format", "json")
    checks = json.loads(done.stdout)
    assert [one["outcome"] for one in checks] == ["decryption-error", "decryption-error", "unknown-context", "ok"]
    assert "another privacy password or protocol there than aes256-reeder: check both" in checks[0]["text"]
    assert ", or try aes256, which makes its key in another way" in checks[0]["text"]
    assert ", or try aes256-reeder, which makes its key in another way" in checks[1]["text"]
    assert "has no context 'Nowhere' there" in checks[2]["text"]


def test_a_person_gets_a_table_and_a_spreadsheet_a_row_each(ptscan: Run, snmpd_v3: str, tmp_path: Path) -> None:
    file = kept(tmp_path, EVERY_KIND)
    done = ptscan(*CHECK, file, snmpd_v3, *QUICK)
    header, *lines = done.stdout.splitlines()
    assert header.split("  ")[0] == "ENTRY"
    assert len(lines) == 11
    assert lines[1].split()[-4:] == ["community", "in", "v2c", "-"]
    assert lines[3].split() == ["user[0]", "monitor", "authPriv", "sha256", "aes128", "in", "v3", "-"]
    assert " no         is not known to the device: check the name" in lines[4]
    assert " not tried  " in lines[2]
    rows = list(csv.reader(ptscan(*CHECK, file, snmpd_v3, *QUICK, "--format", "csv").stdout.splitlines()))
    assert rows[0] == ["entry", "user", "level", "auth", "priv", "works", "version", "outcome", "text"]
    assert len(rows) == 12


def test_one_who_is_let_in_and_may_read_nothing_is_told_so(ptscan: Run, snmpd_v3: str, tmp_path: Path) -> None:
    done = ptscan(*CHECK, kept(tmp_path, "[[user]]\nname = 'blind'\n"), snmpd_v3, *QUICK)
    assert done.returncode == 0
    assert "in v3  shows not even what it is (sysObjectID): see the rights" in done.stdout


def test_where_none_works_the_exit_code_says_so(ptscan: Run, snmpd_v3: str, tmp_path: Path) -> None:
    done = ptscan(*CHECK, kept(tmp_path, "[[user]]\nname = 'nobody'\n"), snmpd_v3, *QUICK)
    assert done.returncode == 1
    assert "is not known to the device" in done.stdout
    assert done.stderr == f"0 of 1 entry works at {snmpd_v3}\n"


def test_a_community_that_v2c_does_not_take_may_work_in_v1(
    ptscan: Run, responder_at: Responder, tmp_path: Path
) -> None:
    with responder_at(ROWS, answers=lambda request: request.version == V1) as endpoint:
        done = ptscan(*CHECK, kept(tmp_path, "[[community]]\nname = 'c'\n"), endpoint, *QUICK, "--format", "jsonl")
    assert done.returncode == 0
    assert json.loads(done.stdout)["version"] == "1"


class Deaf:
    """Takes everything and answers nothing."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.endpoint = "{}:{}".format(*sock.getsockname())

    def heard(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(65535))
            except BlockingIOError:
                return found


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.9.3", 0))
        sock.setblocking(False)
        yield Deaf(sock)


def version_of(datagram: bytes) -> int:
    if datagram[2:5] == b"\x02\x01\x03":
        return V3
    message = decode_message(datagram)
    assert isinstance(message, Message)
    return message.version


def test_a_device_that_says_nothing_gets_few_packets(ptscan: Run, deaf: Deaf, tmp_path: Path) -> None:
    """Two versions for a community; and who does not tell its engine to one user does not to another."""
    users = "".join(f"[[user]]\nname = 'user-{number}'\n" for number in range(5))
    file = kept(tmp_path, "[[community]]\nname = 'one'\n[[community]]\nname = 'two'\n" + users)
    done = ptscan(*CHECK, file, deaf.endpoint, *QUICK, "--format", "json")
    assert done.returncode == 1
    assert [version_of(datagram) for datagram in deaf.heard()] == [V2C, V1, V2C, V1, V3]
    assert {one["outcome"] for one in json.loads(done.stdout)} == {"silent"}


def test_nothing_is_sent_to_where_an_entry_may_not_go(ptscan: Run, deaf: Deaf, tmp_path: Path) -> None:
    file = kept(
        tmp_path,
        "[[community]]\nname = 'one'\nnetworks = ['10.0.0.0/8']\n[[user]]\nname = 'two'\nnetworks = ['10.0.0.0/8']\n",
    )
    done = ptscan(*CHECK, file, deaf.endpoint, *QUICK)
    assert done.returncode == 1
    assert deaf.heard() == []
    assert done.stdout.count("not tried") == 2


def test_entries_that_no_verb_comes_to_are_counted(ptscan: Run, deaf: Deaf, tmp_path: Path) -> None:
    file = kept(tmp_path, "".join(f"[[user]]\nname = 'u-{number}'\n" for number in range(18)))
    done = ptscan(*CHECK, file, deaf.endpoint, *QUICK)
    assert "ptscan: 2 entries that may go there come too late in the file for other verbs" in done.stderr
    assert f"they try {limits.CREDENTIALS_PER_DEVICE} communities" in done.stderr


def test_interrupted_it_keeps_what_it_has(started: Start, deaf: Deaf, tmp_path: Path) -> None:
    file = kept(tmp_path, "".join(f"[[community]]\nname = 'c-{number}'\n" for number in range(9)))
    process = started(*CHECK, file, deaf.endpoint, "--timeout", "0.1", "--retries", "0", "--format", "jsonl")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    rest, words = process.communicate(timeout=30)
    assert process.returncode == 130
    assert first["entry"] == "community[0]"
    assert all(json.loads(line)["outcome"] == "silent" for line in rest.splitlines())
    assert "interrupted: " in words


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "no FILE was given: write ptscan credentials check FILE ADDRESS[:PORT]"),
        (("secrets.toml",), "no ADDRESS was given"),
        (("absent.toml", "127.0.0.1"), "absent.toml: cannot be read"),
        (("open.toml", "127.0.0.1"), "chmod 600 open.toml"),
        (("short.toml", "127.0.0.1"), "short.toml: user[0].auth_password: has 5 octets: 8 at least"),
        (("secrets.toml", "10.0.0.0/24"), "single addresses"),
        (("secrets.toml", "300.1.1.1"), "no IPv4 address"),
        (("secrets.toml", "127.0.0.1", "--port", "0"), "is no port"),
        (("secrets.toml", "127.0.0.1", "--format", "xlsx"), "-o FILE.xlsx"),
        (("secrets.toml", "127.0.0.1", "10.0.0.1"), "10.0.0.1"),
        (("secrets.toml", "127.0.0.1", "--community", "x"), "--community"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], fault: str, ptscan: Run, tmp_path: Path
) -> None:
    files: dict[str, Any] = {
        "secrets.toml": ("[[user]]\nname = 'u'\n", 0o600),
        "open.toml": ("[[user]]\nname = 'u'\n", 0o640),
        "short.toml": ("[[user]]\nname = 'u'\nauth = 'md5'\nauth_password = 'short'\n", 0o600),
    }
    for name, (text, mode) in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    done = ptscan(*CHECK, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptscan: ")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_its_help_is_listed_and_has_examples(ptscan: Run) -> None:
    assert "credentials " in ptscan("--help").stdout
    assert "check " in ptscan("credentials", "--help").stdout
    done = ptscan(*CHECK, "--help", COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: ptscan credentials check FILE ADDRESS[:PORT] [OPTIONS]" in done.stdout
    assert "\n    ptscan credentials check secrets.toml 10.1.2.3\n" in done.stdout
