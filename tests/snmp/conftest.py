"""Devices to ask: in memory, and on loopback addresses of this room's own network (127.30.0.0/16)."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from codec import (
    END_OF_MIB_VIEW,
    INTEGER,
    NO_SUCH_OBJECT,
    NULL,
    OCTET_STRING,
    V1,
    V2C,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    Varbind,
    decode_message,
    encode_response,
    oid_key,
    parse_oid,
)
from ptscan.snmp import Client, ClientSettings, Community, Secret, open_client

Handler = Callable[[bytes], list[bytes]]

# Tests that wait for silence have the hasty client; the others are not hurried by a busy machine.
PATIENT = ClientSettings(timeout=3.0, retries=1)
HASTY = ClientSettings(timeout=0.15, retries=1)


@dataclass
class Device:
    """An agent in memory with the faults that it is given; ``answer`` takes a datagram and gives datagrams."""

    tree: dict[Oid, tuple[int, int | bytes | None]]
    versions: tuple[int, ...] = (V1, V2C)
    communities: tuple[bytes, ...] = (b"public",)
    largest_answer: int = 65_507
    """Octets; a longer answer is tooBig."""
    largest_repetitions: int = 1_000
    """GETBULK with more is answered as ``bulk_fault`` says."""
    bulk_fault: str = "silent"
    broken: frozenset[Oid] = frozenset()
    """Names whose reading is genErr."""
    error_index: Callable[[int], int] = lambda index: index
    asked: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = sorted(self.tree, key=oid_key)

    def answer(self, datagram: bytes) -> list[bytes]:
        """What the agent sends back."""
        message = decode_message(datagram)
        assert isinstance(message, Message)
        assert message.pdu_type in (PduType.GET, PduType.GET_NEXT, PduType.GET_BULK)
        if message.version not in self.versions or message.community not in self.communities:
            return []
        self.asked.append(message)
        oids = [name for name, _, _ in message.varbinds]
        if message.pdu_type == PduType.GET_BULK:
            return self._answer_bulk(message, oids)
        varbinds: list[Varbind] = []
        for index, oid in enumerate(oids, 1):
            varbind = self.read(oid) if message.pdu_type == PduType.GET else self.following(oid)
            if oid in self.broken:
                return [self.error(message, ErrorStatus.GEN_ERR, index)]
            if message.version == V1 and varbind[2] is None:
                return [self.error(message, ErrorStatus.NO_SUCH_NAME, index)]
            varbinds.append(varbind)
        return [self.encode(message, varbinds)]

    def read(self, oid: Oid) -> Varbind:
        """The varbind of a GET."""
        tag, value = self.tree.get(oid, (NO_SUCH_OBJECT, None))
        return oid, tag, value

    def following(self, oid: Oid) -> Varbind:
        """The varbind of a GETNEXT."""
        key = oid_key(oid)
        for name in self.order:
            if oid_key(name) > key:
                return name, *self.tree[name]
        return oid, END_OF_MIB_VIEW, None

    def error(self, message: Message, status: int, index: int) -> bytes:
        """An answer that holds nothing but an error."""
        return encode_response(
            message.version,
            message.community,
            message.request_id,
            [(name, NULL, None) for name, _, _ in message.varbinds],
            error_status=status,
            error_index=self.error_index(index),
        )

    def encode(self, message: Message, varbinds: list[Varbind]) -> bytes:
        """An answer, or tooBig where it is larger than this agent can send."""
        octets = encode_response(message.version, message.community, message.request_id, varbinds)
        if len(octets) > self.largest_answer:
            return self.error(message, ErrorStatus.TOO_BIG, 0)
        return octets

    def _answer_bulk(self, message: Message, oids: list[Oid]) -> list[bytes]:
        assert message.version == V2C
        assert message.error_index <= 25
        if message.error_index > self.largest_repetitions:
            return {
                "silent": [],
                "tooBig": [self.error(message, ErrorStatus.TOO_BIG, 0)],
                "genErr": [self.error(message, ErrorStatus.GEN_ERR, 0)],
                "malformed": [self.encode(message, [])[:-3]],
            }[self.bulk_fault]
        varbinds: list[Varbind] = []
        last = list(oids)
        for _ in range(message.error_index):
            row = [self.following(oid) for oid in last]
            varbinds += row
            last = [name for name, _, _ in row]
        return [self.encode(message, varbinds)]


def a_tree(rows: int = 6) -> dict[Oid, tuple[int, int | bytes | None]]:
    """Three scalars and a table of three columns, the second with a hole."""
    tree: dict[Oid, tuple[int, int | bytes | None]] = {
        parse_oid("1.3.6.1.2.1.1.1.0"): (OCTET_STRING, b"A printer"),
        parse_oid("1.3.6.1.2.1.1.3.0"): (INTEGER, 77),
        parse_oid("1.3.6.1.2.1.1.5.0"): (OCTET_STRING, b"prn"),
    }
    for column, row in itertools.product((6, 8, 9), range(1, rows + 1)):
        if (column, row) != (8, 3):
            tree[parse_oid(f"1.3.6.1.2.1.43.11.1.1.{column}.1.{row}")] = (INTEGER, 100 * column + row)
    return tree


@pytest.fixture(scope="session")
def make_device() -> Callable[..., Device]:
    """Makes an agent in memory; keywords are the fields of ``Device``, the tree is the small one by default."""

    def make(tree: dict[Oid, tuple[int, int | bytes | None]] | None = None, **faults: object) -> Device:
        return Device(a_tree() if tree is None else tree, **faults)  # type: ignore[arg-type]

    return make


@pytest.fixture
def public() -> tuple[Community, ...]:
    """The one credential that most tests need."""
    return (Community(Secret("public")),)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client with time."""
    async with open_client(PATIENT) as client:
        yield client


@pytest.fixture
async def hasty() -> AsyncIterator[Client]:
    """A client that gives up soon."""
    async with open_client(HASTY) as client:
        yield client


@dataclass
class Place:
    """Where a responder listens, and what it took in."""

    address: str
    port: int
    received: list[bytes]
    sock: trio.socket.SocketType
    clients: list[tuple[str, int]]


@asynccontextmanager
async def open_responder(handler: Handler, address: str = "127.30.0.1", port: int = 0) -> AsyncIterator[Place]:
    """A UDP socket on loopback that sends what ``handler`` makes of each datagram."""
    sock = trio.socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        await sock.bind((address, port))
        place = Place(address, sock.getsockname()[1], [], sock, [])

        async def serve() -> None:
            while True:
                try:
                    datagram, source = await sock.recvfrom(65_535)
                except ConnectionRefusedError:
                    continue
                place.received.append(datagram)
                place.clients.append(source)
                for answer in handler(datagram):
                    await sock.sendto(answer, source)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield place
            nursery.cancel_scope.cancel()


@pytest.fixture
def responder() -> Callable[..., AbstractAsyncContextManager[Place]]:
    """``async with responder(handler) as place``: see ``open_responder``."""
    return open_responder


# Our names and net-snmp's.
NET_SNMP_AUTH = {"md5": "MD5", "sha1": "SHA", **{f"sha{bits}": f"SHA-{bits}" for bits in (224, 256, 384, 512)}}
NET_SNMP_PRIV = {"des": "DES", "aes128": "AES", "aes192": "AES-192", "aes256": "AES-256"}


def usm_lines() -> Iterator[str]:
    """The lines of an snmpd.conf that make a user for each pair of protocols: "sha256-aes128", and "open" without."""
    yield from ("createUser open", "rouser open noauth")
    for auth, its_auth in NET_SNMP_AUTH.items():
        yield from (f"createUser {auth} {its_auth} auth-password", f"rouser {auth} auth")
        for priv, its_priv in NET_SNMP_PRIV.items():
            yield f"createUser {auth}-{priv} {its_auth} auth-password {its_priv} priv-password"
            yield f"rouser {auth}-{priv} priv"


@dataclass(frozen=True)
class NetSnmp:
    """A running snmpd."""

    address: str
    port: int


@pytest.fixture(scope="session")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetSnmp]:
    """net-snmp's own agent on loopback, ended with the tests."""
    program = shutil.which("snmpd") or shutil.which("snmpd", path="/usr/sbin")
    if program is None or not shutil.which("snmpbulkwalk"):
        pytest.skip("net-snmp (snmpd and snmp) is not installed: no real agent to ask")
    folder: Path = tmp_path_factory.mktemp("snmpd")
    address = "127.30.9.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port = probe.getsockname()[1]
    (folder / "snmpd.conf").write_text(
        "rocommunity public\nrocommunity narrow 127.0.0.0/8 .1.3.6.1.2.1.1\n"
        "sysLocation Hall 7\nsysContact nobody\nsysName agent\n" + "".join(f"{line}\n" for line in usm_lines())
    )
    process = subprocess.Popen(
        [
            program,
            "-f",
            "-C",
            "-c",
            folder / "snmpd.conf",
            "-Lf",
            folder / "log",
            "-p",
            folder / "pid",
            f"udp:{address}:{port}",
        ],
        env={"PATH": os.environ["PATH"], "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        # snmpget's own retries wait for the agent's port to open.
        command = ["snmpget", "-v", "2c", "-c", "public", "-t", "0.25", "-r", "80", "-m", "", f"{address}:{port}"]
        subprocess.run([*command, ".1.3.6.1.2.1.1.5.0"], check=True, capture_output=True)
        yield NetSnmp(address, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
