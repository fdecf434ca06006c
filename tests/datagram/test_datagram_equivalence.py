"""Batches and plain calls put the same datagrams on the wire, and tell the same of what comes."""

import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from ptscan.datagram import Received, Sent, Stencil, open_datagrams

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has sendmmsg and recvmmsg")

LOOPBACK = 0x7F1F_0000  # 127.31.0.0
BROADCAST = 0x7FFF_FFFF  # of loopback: the system itself refuses to send there
_IP_PKTINFO = 8  # linux/in.h; the socket module has it since Python 3.14

STENCILS = st.binary(max_size=200).flatmap(
    lambda octets: st.builds(Stencil, st.just(octets), st.integers(0, len(octets)))
)
ROWS = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(LOOPBACK, LOOPBACK + 0xFFFF) | st.just(BROADCAST)), max_size=40
)
ANSWERS = st.lists(
    st.tuples(st.integers(0, 3), st.binary(max_size=80) | st.sampled_from([b"a" * 4095, b"b" * 4096, b"c" * 9000])),
    max_size=40,
)


def on_the_wire(batched: bool, batches: Sequence[tuple[Stencil, list[tuple[int, int]]]]) -> list[object]:
    """What the caller is told of ``batches``, and each datagram that arrives with the address it was sent to."""
    seen: list[object] = []

    async def send(peer: socket.socket) -> list[Sent]:
        async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
            return [
                datagrams.send_batch(
                    stencil, [row[0] for row in rows], [row[1] for row in rows], port=peer.getsockname()[1]
                )
                for stencil, rows in batches
            ]

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        peer.bind(("0.0.0.0", 0))
        seen += trio.run(send, peer)
        peer.setblocking(False)
        while True:
            try:
                payload, ancillary, _, _ = peer.recvmsg(2000, 200)
            except BlockingIOError:
                return seen
            seen.append((payload, ancillary[0][2][8:12]))  # struct in_pktinfo: the header's destination is its last


@settings(max_examples=60)
@given(st.lists(st.tuples(STENCILS, ROWS), max_size=3))
def test_the_same_datagrams_leave(batches: list[tuple[Stencil, list[tuple[int, int]]]]) -> None:
    assert on_the_wire(True, batches) == on_the_wire(False, batches)


@pytest.mark.parametrize("offset", range(8))
def test_a_stamp_may_stand_anywhere(offset: int) -> None:
    batches = [(Stencil(bytes(range(12)), offset), [(0xA1B2C3D4, LOOPBACK + 1)] * 3)]
    expected = bytes(range(offset)) + b"\xa1\xb2\xc3\xd4" + bytes(range(offset + 4, 12))
    for batched in (True, False):
        assert on_the_wire(batched, batches) == [(3, [], False), *[(expected, b"\x7f\x1f\x00\x01")] * 3]


@settings(max_examples=60)
@given(ANSWERS, st.integers(1, 600))
def test_the_same_is_told_of_what_comes(answers: list[tuple[int, bytes]], limit: int) -> None:
    async def receive(batched: bool, senders: list[socket.socket]) -> list[Received]:
        async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
            # Word from the first sender's socket tells where to answer to.
            datagrams.send_batch(Stencil(b"", 0), [0], [LOOPBACK], port=senders[0].getsockname()[1])
            _, back = senders[0].recvfrom(10)
            for sender, payload in answers:
                senders[sender].sendto(payload, back)
            batches = [datagrams.receive_batch(limit)]
            while batches[-1].payloads:
                batches.append(datagrams.receive_batch(limit))
            return batches

    with ExitStack() as stack:
        senders = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(4)]
        for number, sender in enumerate(senders):
            sender.bind((f"127.31.{number}.{7 * number}", 0))
            sender.settimeout(5)
        expected = trio.run(receive, False, senders)
        assert trio.run(receive, True, senders) == expected
    assert [payload for batch in expected for payload in batch.payloads] == [payload[:4096] for _, payload in answers]
