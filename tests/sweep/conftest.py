"""A network to sweep: a responder on all of 127.40.0.0/16 that can be told how to behave, and communities."""

import resource
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
import trio

from codec import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    V1,
    V3,
    DecodeError,
    ErrorStatus,
    Message,
    Varbind,
    decode_message,
    decode_scoped,
    decode_secure,
    encode_response,
    parse_oid,
)
from ptscan.sweep import Found, Shot, Sweep, SweepPlan, SweepSummary, run_sweep
from ptscan.targets import parse_targets

if TYPE_CHECKING:
    from wires import Wire

sys.path.append(str(Path(__file__).resolve().parent))  # links that are made up, and wires that are not


@dataclass(frozen=True)
class FakeCommunity:
    octets: bytes
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


def _community(name: str = "public", *networks: str) -> FakeCommunity:
    return FakeCommunity(name.encode(), tuple(ip_network(network) for network in networks))


@dataclass(frozen=True)
class Probe:
    """A request that a host was asked."""

    host: str
    message: Message


Reply: TypeAlias = tuple[bytes, str]
"""A datagram and the address it leaves from."""

Behaviour: TypeAlias = Callable[[Probe], Iterable[Reply]]

SYS_VALUES = {
    parse_oid("1.3.6.1.2.1.1.2.0"): (OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
    parse_oid("1.3.6.1.2.1.1.1.0"): (OCTET_STRING, b"HP ETHERNET MULTI-ENVIRONMENT"),
}


def _message_of(payload: bytes) -> Message:
    """What was asked; of v3, with the msgID in the place of the request-id."""
    try:
        message = decode_message(payload)
    except DecodeError:
        secure = decode_secure(payload)
        scoped = decode_scoped(payload[secure.begin : secure.end])
        return replace(scoped.message, request_id=secure.msg_id)
    assert isinstance(message, Message)
    return message


def _good_answer(probe: Probe, *, request_id: int | None = None) -> bytes:
    """What a healthy printer says to ``probe``."""
    message = probe.message
    if message.version == V3:
        from engines import report

        return report(message.request_id if request_id is None else request_id)
    values = {**SYS_VALUES, parse_oid("1.3.6.1.2.1.1.5.0"): (OCTET_STRING, f"prn-{probe.host}".encode())}
    varbinds: list[Varbind] = [(oid, *values[oid]) for oid, _, _ in message.varbinds]
    wanted = message.request_id if request_id is None else request_id
    return encode_response(message.version, message.community, wanted, varbinds)


def _no_such_name(probe: Probe) -> bytes:
    message = probe.message
    assert message.version == V1
    return encode_response(
        V1,
        message.community,
        message.request_id,
        message.varbinds,
        error_status=ErrorStatus.NO_SUCH_NAME,
        error_index=1,
    )


def _healthy(probe: Probe) -> list[Reply]:
    return [(_good_answer(probe), probe.host)]


class Network:
    """Hosts behind one wildcard socket: remembers who was asked, answers as ``behave`` says."""

    def __init__(self, sock: socket.socket, behave: Behaviour) -> None:
        self._socket = sock
        self.behave = behave
        self.port: int = sock.getsockname()[1]
        self.probes: list[Probe] = []

    @property
    def asked(self) -> Counter[str]:
        return Counter(probe.host for probe in self.probes)

    def probe_of(self, host: str, payload: bytes) -> Probe:
        return Probe(host, _message_of(payload))

    async def serve(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                payload, ancillary, _, source = self._socket.recvmsg(4096, 256)
            except BlockingIOError:
                continue
            packet_info = ancillary[0][2]
            host = socket.inet_ntoa(packet_info[8:12])
            probe = self.probe_of(host, payload)
            self.probes.append(probe)
            for answer, leaves_from in self.behave(probe):
                self.send(answer, leaves_from, source)

    def send(self, payload: bytes, leaves_from: str, to: tuple[str, int]) -> None:
        packet_info = struct.pack("=I4s4s", 0, socket.inet_aton(leaves_from), bytes(4))
        try:
            self._socket.sendmsg([payload], [(socket.IPPROTO_IP, IP_PKTINFO, packet_info)], 0, to)
        except BlockingIOError:
            pass


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator["Wire"]:
    """Two network namespaces joined by a wire on which all is seen; the parameter is how many frames are kept."""
    from wires import absent, joined

    why = absent()
    if why is not None:
        pytest.skip(why)
    slots = getattr(request, "param", 1 << 15)
    with joined(slots=slots, octets=900 if slots <= 1 << 15 else 42) as made:
        yield made


IP_PKTINFO = 8  # linux/in.h; not in the socket module before 3.13


@pytest.fixture
def community() -> Callable[..., FakeCommunity]:
    return _community


@pytest.fixture
def good_answer() -> Callable[..., bytes]:
    return _good_answer


@pytest.fixture
def no_such_name() -> Callable[[Probe], bytes]:
    return _no_such_name


@pytest.fixture
def healthy() -> Behaviour:
    return _healthy


def _shoot(sweep: Sweep[FakeCommunity], most: int = 256, *, until: float = 0.9) -> Shot:
    """What leaves of a sweep until so many packets left or so much time is over, as if it were one shot."""
    now, shots = 0.0, list[Shot]()
    while sum(len(shot.stamps) for shot in shots) < most and now < until:
        shot = sweep.next_shot(now)
        if isinstance(shot, Shot):
            sweep.shot_sent(shot, len(shot.stamps), (), now)
            shots.append(shot)
        else:
            now = max(shot, now + 1e-6)
    columns = {
        name: [each for shot in shots for each in getattr(shot, name)] for name in ("stamps", "addresses")
    }  # fmt: skip
    return replace(shots[0], **columns)


@pytest.fixture
def shoot() -> Callable[..., Shot]:
    return _shoot


@pytest.fixture
def file_limit() -> Callable[[], AbstractContextManager[None]]:
    """No further file can be opened while the block lasts."""

    @contextmanager
    def limited() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return limited


@pytest.fixture
def network() -> Callable[[Behaviour], AbstractAsyncContextManager[Network]]:
    @asynccontextmanager
    async def open_network(behave: Behaviour) -> AsyncIterator[Network]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            sock.bind(("0.0.0.0", 0))
            async with trio.open_nursery() as nursery:
                served = Network(sock, behave)
                nursery.start_soon(served.serve)
                yield served
                nursery.cancel_scope.cancel()

    return open_network


@dataclass
class Result:
    summary: SweepSummary
    found: list[Found[FakeCommunity]] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        return sorted((f.sighting.address for f in self.found), key=socket.inet_aton)


SweepRunner: TypeAlias = Callable[..., Awaitable[Result]]


@pytest.fixture
def sweep() -> SweepRunner:
    async def run(
        targets: Sequence[str],
        port: int,
        *,
        exclude: Sequence[str] = (),
        credentials: tuple[FakeCommunity, ...] = (_community(),),
        stop: trio.Event | None = None,
        batched: bool | None = None,
        **plan: object,
    ) -> Result:
        options = {"rate": 20_000.0, "timeout": 0.3, "version": "2c", **plan}
        wanted = SweepPlan(
            targets=parse_targets(targets, exclude), port=port, credentials=credentials, **options  # type: ignore[arg-type]
        )  # fmt: skip
        send, receive = trio.open_memory_channel[list[Found[FakeCommunity]]](64)
        found: list[Found[FakeCommunity]] = []

        async def collect() -> None:
            found.extend([finding async for batch in receive for finding in batch])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(collect)
            async with send:
                summary = await run_sweep(
                    wanted, send, classify=lambda oid, descr: "printer", stop=stop, batched=batched
                )
        return Result(summary, found)

    return run
