"""No community, password or key leaves through anything that ptscan prints, writes or keeps, whatever goes wrong."""

import socket
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import trio

from codec import AUTH_PROTOCOLS, OCTET_STRING, Varbind, master_key, parse_oid
from ptscan.cli.edge import guarded
from ptscan.cli.verbs import GROUPS, VERBS
from ptscan.snmp import Community, Secret, User

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Peer = Callable[[bytes], bytes | None]

COMMUNITY = "mark-of-a-community"
PASSWORDS = ("mark-of-auth-password", "mark-of-priv-password")
KEY = "5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4"
FILE = "secrets.toml"
TEXT = f"""
[[community]]
name = "{COMMUNITY}"
[[user]]
name = "marked-user"
auth = "sha1"
auth_password = "{PASSWORDS[0]}"
priv = "aes128"
priv_password = "{PASSWORDS[1]}"
[[user]]
name = "monitor"
auth = "sha1"
auth_key = "{KEY}"
priv = "aes256"
priv_key = "{KEY}"
"""


def marks() -> list[bytes]:
    """Every secret as text, as octets and in hexadecimal, and the keys that are made of the passwords."""
    texts = [text.encode() for text in (COMMUNITY, *PASSWORDS, KEY)]
    keys = [master_key(AUTH_PROTOCOLS["sha1"], text.encode()) for text in PASSWORDS]
    octets = [*texts, *keys, bytes.fromhex(KEY)]
    return [form for each in octets for form in (each, each.hex().encode(), each.hex(" ").upper().encode())]


def assert_clean(*shown: str | bytes) -> None:
    for one in shown:
        octets = one.encode() if isinstance(one, str) else one
        assert [mark for mark in marks() if mark in octets] == []


def files_of(folder: Path) -> Iterator[bytes]:
    """What was written, but for the credentials file itself; of a workbook what is in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != FILE:
            yield path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as book:
                    yield from map(book.read, book.namelist())


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the credentials file, where files that tell of a bug go, too."""
    (tmp_path / FILE).write_text(TEXT)
    (tmp_path / FILE).chmod(0o600)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def peer(answers: Peer) -> Iterator[tuple[str, list[bytes]]]:
    """Something that answers each datagram as it is told to; yields ``HOST:PORT`` and what it got."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.9.5", 0))

        def serve() -> None:
            while datagram := sock.recvfrom(65535):
                if not datagram[0]:
                    return
                heard.append(datagram[0])
                if answer := answers(datagram[0]):
                    sock.sendto(answer, datagram[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*sock.getsockname()), heard
        finally:
            sock.sendto(b"", sock.getsockname())
            thread.join(5)


PEERS: dict[str, Peer] = {
    "silent": lambda data: None,
    "an echo": lambda data: data,
    "a cut echo": lambda data: data[:-3],
    "garbage": lambda data: b"\x30\x82\xff\xff" + data,
    "an echo of another type": lambda data: data.replace(b"\xa0", b"\xa8", 1).replace(b"\xa1", b"\xa2", 1),
}
QUICK = ("--timeout", "0.1", "--retries", "0", "--credentials", FILE)


def drive(ptscan: Run, endpoint: str) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Run every verb that asks devices, with all that it can tell of what went wrong."""
    host, _, port = endpoint.partition(":")
    lines = [
        ("get", endpoint, "1.3.6.1.2.1.1.1.0", "--format", "json"),
        ("walk", endpoint, "1.3.6.1.2.1.1"),
        ("read", endpoint, "--explain"),
        ("read", endpoint, "-o", "read.xlsx"),
        ("record", endpoint, "-o", "kept.snmprec", "--force"),
        ("sweep", host, "--port", port, "--format", "jsonl"),
        ("scan", host, "--port", port, "-o", "scanned.jsonl", "--resume", "state"),
    ]
    for line in lines:
        yield ptscan(*line, *QUICK, PTSCAN_DEBUG="1")
    for form in ("table", "json", "csv"):
        yield ptscan("credentials", "check", FILE, endpoint, *QUICK[:4], "--format", form, PTSCAN_DEBUG="1")


@pytest.mark.parametrize("name", PEERS)
def test_nothing_is_told_whatever_a_device_answers(name: str, ptscan: Run, kept: Path) -> None:
    """And none of these answers a discovery, so neither is a user named to it, nor a digest sent."""
    with peer(PEERS[name]) as (endpoint, heard):
        for done in drive(ptscan, endpoint):
            assert done.returncode in (0, 1, 3)
            assert_clean(done.stdout, done.stderr)
    assert_clean(*files_of(kept))
    discoveries = [datagram for datagram in heard if datagram[2:5] == b"\x02\x01\x03"]
    assert len(discoveries) >= 8
    assert not [datagram for datagram in discoveries if b"marked-user" in datagram or b"monitor" in datagram]
    assert_clean(*discoveries)


def test_nothing_is_told_where_the_device_refuses_the_users(ptscan: Run, kept: Path, snmpd_v3: str) -> None:
    for done in drive(ptscan, snmpd_v3):
        assert_clean(done.stdout, done.stderr)
    assert_clean(*files_of(kept))


def test_a_secret_that_a_device_repeats_is_left_out_of_its_recording(
    ptscan: Run, kept: Path, responder_at: Callable[..., AbstractContextManager[str]]
) -> None:
    said = [COMMUNITY.encode(), *(text.encode() for text in PASSWORDS), KEY.encode(), bytes.fromhex(KEY)]
    rows: list[Varbind] = [
        (parse_oid(f"1.3.6.1.4.1.11.9.{number}.0"), OCTET_STRING, text) for number, text in enumerate([*said, b"toner"])
    ]
    with responder_at(rows) as endpoint:
        done = ptscan("record", endpoint, "-o", "kept.snmprec", "--credentials", FILE, "--timeout", "0.3")
    assert done.returncode == 0, done.stderr
    assert b"toner" in (kept / "kept.snmprec").read_bytes()
    assert_clean(done.stderr, *files_of(kept))


def test_a_bug_is_reported_without_what_was_at_hand(
    kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTSCAN_DEBUG", "1")
    user = User(
        name="marked-user",
        auth="sha1",
        auth_password=Secret(PASSWORDS[0]),
        priv="aes128",
        priv_key=Secret(KEY),
    )
    community = Community(Secret(COMMUNITY))

    async def stumble(about: object, password: Secret | None = user.auth_password) -> None:
        known = {user: password}
        raise KeyError(about, known, f"{user} {community!r}")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for about in (user, community, (user, community), {community: user}):
                nursery.start_soon(stumble, about)

    def action() -> int:
        trio.run(main)
        return 0

    assert guarded(action) == 1
    told = capsys.readouterr()
    assert "<secret>" in told.err
    (report,) = kept.glob("ptscan-bug-*.txt")
    assert "marked-user" in report.read_text()
    assert_clean(told.out, told.err, *files_of(kept))


@pytest.mark.parametrize(
    "broken",
    [
        TEXT.replace('"aes128"', '"aes-128"'),
        TEXT.replace("auth_password", "auth_pasword"),
        TEXT.replace('"\npriv = "aes128"', '\npriv = "aes128"'),
        TEXT.replace(KEY, KEY[:-2]),
        TEXT.replace(KEY, KEY + "z"),
        TEXT.replace('auth = "sha1"', f'auth = "{PASSWORDS[0]}"'),
        TEXT.replace("[[user]]", f'networks = ["{COMMUNITY}"]\n[[user]]', 1),
        TEXT + TEXT,
        TEXT + f'["{PASSWORDS[0]}"',
    ],
)
def test_a_file_that_is_refused_is_not_quoted(broken: str, ptscan: Run, kept: Path) -> None:
    (kept / FILE).write_text(broken)
    for line in (("get", "127.0.0.1", "1.3.6", "--credentials", FILE), ("credentials", "check", FILE, "127.0.0.1")):
        done = ptscan(*line, PTSCAN_DEBUG="1")
        assert done.returncode == 2
        assert f"ptscan: {FILE}: " in done.stderr
        assert_clean(done.stdout, done.stderr)


@pytest.mark.parametrize("verb", ["", *GROUPS, *VERBS])
def test_help_does_not_tell_what_the_environment_holds(verb: str, ptscan: Run) -> None:
    done = ptscan(*verb.split(), "--help", PTSCAN_COMMUNITY=COMMUNITY)
    assert done.returncode == 0
    assert_clean(done.stdout, done.stderr)
