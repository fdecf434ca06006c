"""What takes a network of one's own: a narrow link, an interface that goes down, every octet of an IPv6 address."""

import shutil
import subprocess

import pytest


@pytest.fixture
def namespace() -> tuple[str, ...]:
    """The command before another that gives it a network of its own; skips where that takes more than we may."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        pytest.skip("a network namespace needs root and util-linux's unshare")
    if shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("iproute2 is absent: nothing to shape a network with")
    return ("unshare", "-n")


_NARROW_LINK = """
import json, socket, subprocess, trio
from ptscan.datagram import Stencil, open_datagrams

COUNT = 300

async def listen(peer, arrived):
    while len(arrived) < COUNT:
        await trio.lowlevel.wait_readable(peer)
        arrived.append(int.from_bytes(peer.recv(1000)[10:14], "big"))

async def send(peer):
    waits, place, faults = 0, 0, []
    async with open_datagrams(socket.AF_INET, send_buffer=SEND_BUFFER, batched=BATCHED) as datagrams:
        while place < COUNT:
            sent = datagrams.send_batch(
                Stencil(bytes(400), 10), range(place, COUNT), [0x7F1F0001] * (COUNT - place), port=peer.getsockname()[1]
            )
            place += sent.done
            faults += sent.faults
            if sent.full:
                waits += 1
                await datagrams.wait_writable()
    return waits, faults

async def main():
    arrived = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, trio.fail_after(30):
        peer.bind(("0.0.0.0", 0))
        peer.setblocking(False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, peer, arrived)
            waits, faults = await send(peer)
    print(json.dumps([waits > 0, faults, arrived == list(range(COUNT))]))

for command in ("ip link set lo up", "tc qdisc replace dev lo root tbf rate 8mbit burst 4kb limit QUEUE"):
    subprocess.run(command.split(), check=True)
trio.run(main)
"""


@pytest.mark.parametrize(
    ("send_buffer", "queue"), [(2048, "1mb"), (1 << 20, "8kb")], ids=["full socket", "full queue of the interface"]
)
def test_who_finds_no_room_waits_and_loses_nothing(
    run_child, namespace: tuple[str, ...], batched: bool, send_buffer: int, queue: str
) -> None:
    """A link of 8 Mbit/s in a network of its own: EAGAIN where the socket's buffer is full first, else ENOBUFS."""
    script = _NARROW_LINK.replace("SEND_BUFFER", str(send_buffer)).replace("BATCHED", str(batched))
    waited, faults, whole = run_child(script.replace("QUEUE", queue), *namespace)
    assert (waited, faults, whole) == (True, [], True)


def test_an_interface_that_goes_down_is_a_fault_of_each_datagram(run_child, namespace, batched: bool) -> None:
    script = """
import errno, json, socket, subprocess, trio
from ptscan.datagram import Stencil, open_datagrams

BEGIN = "link add v0 type veth peer name v1", "addr add 10.0.0.1/16 dev v0", "link set v1 up", "link set v0 arp off up"

async def main():
    rows = []
    async with open_datagrams(socket.AF_INET, batched=BATCHED) as datagrams:
        for commands in BEGIN, ["link set v0 down"], ["link set v0 up"]:
            for command in commands:
                subprocess.run(["ip", *command.split()], check=True)
            sent = datagrams.send_batch(Stencil(b"....", 0), range(600), range(0x0A000002, 0x0A000002 + 600), port=9)
            rows.append([sent.done, len(sent.faults), sorted({errno.errorcode[code] for _, code in sent.faults})])
    print(json.dumps(rows))

trio.run(main)
"""
    rows = run_child(script.replace("BATCHED", str(batched)), *namespace)
    assert rows == [[600, 0, []], [600, 600, ["ENETUNREACH"]], [600, 0, []]]


def test_every_octet_of_an_ipv6_address_has_its_place(run_child, namespace, batched: bool) -> None:
    """Loopback has but ``::1``; a network of its own has what addresses it is given."""
    script = """
import ipaddress, json, socket, subprocess, trio
from contextlib import ExitStack, suppress
from ptscan.datagram import Stencil, open_datagrams

HOSTS = ("fd01:203:405:607:809:a0b:c0d:e0f", "fdff:fefd:fcfb:faf9:f8f7:f6f5:f4f3:f2f1", "fd00::", "::1")

async def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for host in HOSTS[:3]:
        subprocess.run(["ip", "addr", "add", host + "/128", "dev", "lo", "nodad"], check=True)
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) for _ in HOSTS]
        peers[0].bind((HOSTS[0], 0))
        port = peers[0].getsockname()[1]
        for peer, host in zip(peers[1:], HOSTS[1:]):
            peer.bind((host, port))
        for peer in peers:  # an address serves when the system has looked at it, a moment after it was given
            peer.settimeout(0.1)
            for _ in range(100):
                peer.sendto(b"", peer.getsockname())
                with suppress(TimeoutError):
                    peer.recv(100)
                    break
            peer.settimeout(5)
        numbers = [int(ipaddress.IPv6Address(host)) for host in HOSTS]
        stamps = []
        async with open_datagrams(socket.AF_INET6, batched=BATCHED) as datagrams:
            sent = datagrams.send_batch(Stencil(b"....", 0), range(len(HOSTS)), numbers, port=port)
            for peer in peers:
                payload, source = peer.recvfrom(100)
                stamps.append(int.from_bytes(payload, "big"))
                peer.sendto(payload, source)
            batch = datagrams.receive_batch()
    print(json.dumps([sent, stamps, batch.sources == numbers, set(batch.ports) == {port}]))

trio.run(main)
"""
    sent, stamps, sources, ports = run_child(script.replace("BATCHED", str(batched)), *namespace)
    assert (sent, stamps, sources, ports) == ([4, [], False], [0, 1, 2, 3], True, True)
