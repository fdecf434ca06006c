"""A crowd of half-open connections: it costs little, and whoever is honest hardly notices.

`PTSCAN_CROWD=10000 pytest tests/link/test_link_crowd.py` is the whole of it; every run has a small one.
"""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from ptscan.link import Link, limits, open_link

from .certificates import Certificates
from .crowding import resident_kib, server_apart
from .serving import PATH

CROWD = int(os.environ.get("PTSCAN_CROWD", "1500"))
WORST_SECONDS = 5.0
"""For an agent's call meanwhile: several times what it takes, for machines with other things to do."""
MOST_KIB = 32 << 10
FLAT_KIB = 8 << 10
"""A second crowd like the first takes no more than this beyond it."""
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""The beginning of a ClientHello; the rest never comes."""


@contextmanager
def many_files(count: int) -> Iterator[None]:
    """Room for so many sockets in this process."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < count:
        pytest.skip(f"this machine lets a process open {most} files; the crowd needs {count}: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


def come(port: int, sockets: list[socket.socket]) -> None:
    """Connect from so many addresses of loopback that all places are taken; a third says nothing at all."""
    for number in range(CROWD):
        one = socket.socket()
        sockets.append(one)
        one.settimeout(20)
        host = number // limits.CONNECTIONS_PER_ADDRESS
        one.bind((f"127.0.{host // 200}.{host % 200 + 1}", 0))
        one.connect(("127.0.0.1", port))
        try:
            one.send((b"\x16", HELLO)[number % 3 - 1] if number % 3 else b"")
        except OSError:
            pass  # it is closed already: there was no place


async def test_a_crowd_that_says_nothing_costs_little_and_locks_nobody_out(certificates: Certificates) -> None:
    worst = 0.0

    async def ask(link: Link) -> None:
        nonlocal worst
        while True:
            began = trio.current_time()
            assert await link.unary(PATH, b"meanwhile", within=30) == b"meanwhile"
            worst = max(worst, trio.current_time() - began)
            await trio.sleep(0.02)

    with many_files(CROWD + 200):
        async with (
            server_apart(certificates) as (pid, port),
            open_link("127.0.0.1", port, certificates.client_context()) as agent,
            trio.open_nursery() as nursery,
        ):
            await agent.unary(PATH, b"first", within=30)
            resident = [resident_kib(pid)]
            nursery.start_soon(ask, agent)
            for _ in range(2):
                sockets: list[socket.socket] = []
                await trio.to_thread.run_sync(come, port, sockets)
                async with open_link("127.0.0.1", port, certificates.client_context()) as newcomer:
                    assert await newcomer.unary(PATH, b"let me in", within=30) == b"let me in"
                resident.append(resident_kib(pid))
                for one in sockets:
                    one.close()
                await trio.sleep(0.5)
            resident.append(resident_kib(pid))
            nursery.cancel_scope.cancel()
    print(f"crowd of {CROWD}: an agent's call took {worst:.3f} s at worst; resident KiB {resident}")
    assert worst < WORST_SECONDS
    assert max(resident) - resident[0] < MOST_KIB
    assert max(resident[2:]) - resident[1] < FLAT_KIB
