"""Fixtures of the shell's tests: a responder of given varbinds, net-snmp's own agent, and ptscan as a process."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from codec import (
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    OCTET_STRING,
    V1,
    ErrorStatus,
    Message,
    PduType,
    Varbind,
    decode_message,
    encode_response,
    oid_key,
    parse_oid,
)
from ptscan.cli import main


def answer(request: Message, rows: Sequence[Varbind]) -> bytes:
    """Return the response of a plain responder that holds ``rows``, sorted by OID (RFC 1157, RFC 3416)."""
    repeat = request.error_index if request.pdu_type == PduType.GET_BULK else 1
    names = [name for name, _, _ in request.varbinds]
    varbinds: list[Varbind] = []
    if request.pdu_type == PduType.GET:
        known = {row[0]: row for row in rows}
        varbinds = [known.get(name, (name, NO_SUCH_INSTANCE, None)) for name in names]
    else:
        for name in names:
            following = [row for row in rows if oid_key(row[0]) > oid_key(name)][:repeat]
            varbinds += following or [(name, END_OF_MIB_VIEW, None)]
    failed = next((i for i, row in enumerate(varbinds) if row[1] in (NO_SUCH_INSTANCE, END_OF_MIB_VIEW)), None)
    if request.version == V1 and failed is not None:
        return encode_response(
            V1,
            request.community,
            request.request_id,
            request.varbinds,
            error_status=ErrorStatus.NO_SUCH_NAME,
            error_index=failed + 1,
        )
    return encode_response(request.version, request.community, request.request_id, varbinds)


@contextmanager
def responder(rows: Sequence[Varbind], *, answers: Callable[[Message], bool] = lambda request: True) -> Iterator[str]:
    """Serve ``rows`` on a port of its own until the block ends, for what it ``answers``; yields ``HOST:PORT``."""
    ordered = sorted(rows, key=lambda row: oid_key(row[0]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.9.1", 0))

        def serve() -> None:
            while True:
                data, peer = sock.recvfrom(65535)
                if not data:
                    return
                message = decode_message(data)
                assert isinstance(message, Message)
                if answers(message):
                    sock.sendto(answer(message, ordered), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*sock.getsockname())
        finally:
            sock.sendto(b"", sock.getsockname())
            thread.join(5)


@pytest.fixture
def responder_at() -> Callable[..., AbstractContextManager[str]]:
    """``with responder_at(rows) as endpoint``: those rows are served at ``HOST:PORT``."""
    return responder


@pytest.fixture
def silent() -> Iterator[str]:
    """``HOST:PORT`` where everything arrives and nothing is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.9.2", 0))
        yield "{}:{}".format(*sock.getsockname())


PTSCAN = (sys.executable, "-c", "import sys; from ptscan.cli import main; sys.exit(main())")


def plain_environment(**more: str) -> dict[str, str]:
    """The environment of a person who has set nothing of ours."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PTSCAN_")} | more


@pytest.fixture
def command() -> list[str]:
    """The words that start ptscan."""
    return list(PTSCAN)


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ptscan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``ptscan("get", …)``: run it in an empty folder, in this process for the sake of time."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr("os.environ", plain_environment(**environment))
            capfd.readouterr()
            status = main(arguments)
            out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, out, err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Run:
    """``process("get", …)``: the same as a process of its own."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*PTSCAN, *arguments],
            cwd=tmp_path,
            env=plain_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@contextmanager
def starting(folder: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Give a function that starts ptscan in ``folder``; whatever still runs ends with the block."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*PTSCAN, *arguments],
            cwd=folder,
            env=plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    try:
        yield start
    finally:
        for process in processes:
            process.kill()
            process.wait(10)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """``started("scan", …)``: a process that goes on while the test does other things, ended with the test."""
    with starting(tmp_path) as start:
        yield start


@contextmanager
def net_snmp_agent(folder: Path, configuration: str) -> Iterator[str]:
    """Run net-snmp's own agent in ``folder`` on a port of its own, with community public: ``HOST:PORT``."""
    program = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
    if program is None or shutil.which("snmpget") is None:
        pytest.skip("snmpd or snmpget is absent: install Debian's snmpd and snmp")
    (folder / "snmpd.conf").write_text("rocommunity public\n" + configuration)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.60.8.1", 0))
        endpoint = "{}:{}".format(*probe.getsockname())
    process = subprocess.Popen(
        [program, "-f", "-C", "-c", "snmpd.conf", "-Lf", "log", "-p", "pid", f"udp:{endpoint}"],
        cwd=folder,
        env=plain_environment(SNMP_PERSISTENT_DIR=str(folder)),
        stdin=subprocess.DEVNULL,
    )
    try:
        asked = ["snmpget", "-v2c", "-cpublic", "-On", "-t0.2", "-r50", endpoint, "1.3.6.1.2.1.1.3.0"]
        if subprocess.run(asked, capture_output=True, timeout=30, check=False).returncode:
            pytest.skip(f"snmpd does not run here: {(folder / 'log').read_text()[-200:]}")
        yield endpoint
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@pytest.fixture(scope="session")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """net-snmp's own agent: ``HOST:PORT``."""
    with net_snmp_agent(tmp_path_factory.mktemp("snmpd"), 'sysContact "a \\"person\\""\n') as endpoint:
        yield endpoint


USERS = """
createUser monitor SHA-256 "password-1" AES "password-2"
rouser monitor priv
createUser longkey SHA "password-1" AES-256 "password-2"
rouser longkey priv
createUser open
rouser open noauth
createUser blind
rouser blind noauth .1.3.6.1.2.1.99
"""


@pytest.fixture(scope="session")
def snmpd_v3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """net-snmp's own agent with USERS of SNMPv3: ``HOST:PORT``."""
    with net_snmp_agent(tmp_path_factory.mktemp("snmpd-v3"), USERS) as endpoint:
        yield endpoint


Sim = Callable[..., int]


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sim]:
    """``sim("--fleet", "9", …)``: plays printers on a free port until the module's tests end; returns the port."""
    with starting(tmp_path_factory.mktemp("sim")) as start:

        def play(*arguments: str) -> int:
            free = () if "--listen" in arguments else ("--port", "0")
            process = start("sim", *free, "--speed", "0", *arguments)
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready.startswith("ready: "), process.communicate(timeout=10)
            return int(ready.rstrip().replace(":", " ").rpartition(" ")[2])

        yield play


class Terminal:
    """Our end of the terminal that a process was started on."""

    def __init__(self, process: "subprocess.Popen[bytes]", ours: int) -> None:
        self.process = process
        self._ours = ours
        self._seen = b""

    def wait_for(self, pattern: bytes) -> bytes:
        """Read until ``pattern`` has been printed; give what was read since the last call."""
        while re.search(pattern, self._seen) is None:
            octets = self._read(30)
            assert octets, f"not printed: {pattern!r} in {self._seen!r}"
            self._seen += octets
        seen, self._seen = self._seen, b""
        return seen

    def rest(self) -> bytes:
        """Read until the process has closed its end."""
        while octets := self._read(30):
            self._seen += octets
        return self._seen

    def _read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        try:
            return os.read(self._ours, 65536) if ready else b""
        except OSError:  # EIO: the other end is closed
            return b""


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., AbstractContextManager[Terminal]]:
    """``with watched("scan", …) as terminal``: with a terminal for stderr, with ``stdout=None`` for stdout, too."""

    @contextmanager
    def watch(*arguments: str, stdout: int | None = subprocess.DEVNULL, columns: int = 100) -> Iterator[Terminal]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*PTSCAN, *arguments],
            cwd=tmp_path,
            env=plain_environment(TERM="xterm", COLUMNS=str(columns), LINES="30"),
            stdin=subprocess.DEVNULL,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs,
        )
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            process.wait(10)
            os.close(ours)

    return watch


_PKTINFO = struct.Struct("=i4s4s")


class Census:
    """Answers on every address of loopback at once, and counts who was asked how often."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.port: int = sock.getsockname()[1]
        self.asked: Counter[int] = Counter()
        self._known: dict[bytes, Message] = {}

    @staticmethod
    def answers(address: int) -> bool:
        """Whether this address answers."""
        return address % 3 == 0

    def serve(self) -> None:
        while True:
            data, ancillary, _, peer = self._socket.recvmsg(2048, 256)
            if not data:
                return
            source = _PKTINFO.unpack(ancillary[0][2])[2]
            address = int.from_bytes(source, "big")
            self.asked[address] += 1
            if not self.answers(address):
                continue
            request = decode_message(data)
            assert isinstance(request, Message)
            rows = [(parse_oid("1.3.6.1.2.1.1.5.0"), OCTET_STRING, str(IPv4Address(address)).encode())]
            answer = encode_response(request.version, request.community, request.request_id, rows)
            control = [(socket.IPPROTO_IP, 8, _PKTINFO.pack(0, source, source))]
            self._socket.sendmsg((answer,), control, 0, peer)


@contextmanager
def taking_census() -> Iterator[Census]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, 25, b"lo\0")  # SO_BINDTODEVICE
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        sock.bind(("0.0.0.0", 0))
        census = Census(sock)
        thread = threading.Thread(target=census.serve, daemon=True)
        thread.start()
        try:
            yield census
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.60.64.1", census.port))
            thread.join(10)


@pytest.fixture
def census() -> Iterator[Census]:
    """Every third address of loopback answers on a port of its own, and who is asked is counted."""
    with taking_census() as one:
        yield one
