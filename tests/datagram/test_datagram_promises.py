"""A socket for sweeps: columns out and columns in, by batches and by plain calls alike."""

import socket
from array import array

import pytest

from ptscan.datagram import Stencil, open_datagrams

from .stencils import LINUX_ONLY, LOOPBACK, STENCIL, port_of, stamped


async def test_each_host_gets_the_stencil_with_its_own_stamp(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        assert datagrams.batched is batched
        sent = datagrams.send_batch(STENCIL, [1, 2], [LOOPBACK + 1, LOOPBACK + 2], port=port_of(peer))
    assert sent == (2, [], False)
    assert [peer.recv(100) for _ in range(2)] == [stamped(1), stamped(2)]


async def test_an_empty_batch_is_done_at_once(batched) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        assert datagrams.send_batch(STENCIL, [], [], port=9) == (0, [], False)
        assert datagrams.receive_batch() == ([], [], [])
        assert datagrams.receive_errors() == []


async def test_a_batch_may_be_of_any_length(batched, peer) -> None:
    count = 1300
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        sent = datagrams.send_batch(
            STENCIL, array("I", range(count)), array("I", range(LOOPBACK, LOOPBACK + count)), port=port_of(peer)
        )
    assert sent == (count, [], False)
    assert [peer.recv(100) for _ in range(count)] == [stamped(stamp) for stamp in range(count)]


async def test_columns_of_unequal_length_are_a_mistake(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        with pytest.raises(ValueError, match="2 stamps for 1 addresses"):
            datagrams.send_batch(STENCIL, [1, 2], [LOOPBACK + 1], port=port_of(peer))


async def test_stencils_and_ports_may_alternate(batched, peer) -> None:
    other = Stencil(b"....: another, longer one", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(("0.0.0.0", 0))
        second.settimeout(5)
        async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
            for stamp in range(0, 6, 2):
                datagrams.send_batch(STENCIL, [stamp], [LOOPBACK + 1], port=port_of(peer))
                datagrams.send_batch(other, [stamp + 1], [LOOPBACK + 1], port=port_of(peer))
                datagrams.send_batch(STENCIL, [stamp + 2], [LOOPBACK + 1], port=port_of(second))
            assert [peer.recv(100)[:8] for _ in range(6)] == [
                stamped(stamp)[:8] if stamp % 2 == 0 else stamp.to_bytes(4, "big") + b": an" for stamp in range(6)
            ]
            assert [second.recv(100) for _ in range(3)] == [stamped(stamp) for stamp in (2, 4, 6)]


async def test_any_number_of_stencils_is_served(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        for _ in range(2):
            for number in range(100):
                stencil = Stencil(bytes([number] * (4 + number)), number)
                datagrams.send_batch(stencil, [number], [LOOPBACK + 1], port=port_of(peer))
                assert peer.recv(200) == bytes([number] * number) + number.to_bytes(4, "big")


async def test_answers_come_in_batches_with_their_source(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        _, source = peer.recvfrom(100)
        for number in range(5):
            peer.sendto(b"%d" % number, source)
        await datagrams.wait_readable()
        first, second = datagrams.receive_batch(3), datagrams.receive_batch()
    assert first.payloads + second.payloads == [b"0", b"1", b"2", b"3", b"4"]
    assert first.sources + second.sources == [0x7F00_0001] * 5
    assert first.ports + second.ports == [port_of(peer)] * 5


async def test_answers_beyond_a_batch_wait_for_the_next(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        _, source = peer.recvfrom(100)
        for number in range(600):
            peer.sendto(b"%d" % number, source)
        await datagrams.wait_readable()
        batches = [datagrams.receive_batch(10_000) for _ in range(3)]
    assert [len(batch.payloads) for batch in batches] == [256, 256, 88]
    payloads = [payload for batch in batches for payload in batch.payloads]
    assert payloads == [b"%d" % number for number in range(600)]


async def test_an_answer_longer_than_the_limit_is_cut_and_the_next_is_whole(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        _, source = peer.recvfrom(100)
        for payload in (bytes(60_000), b"", b"x", b"y" * 4096, b"z" * 4097):
            peer.sendto(payload, source)
        await datagrams.wait_readable()
        batch = datagrams.receive_batch()
    assert batch.payloads == [bytes(4096), b"", b"x", b"y" * 4096, b"z" * 4096]


async def test_higher_bits_of_a_number_are_ignored(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        sent = datagrams.send_batch(STENCIL, [7], [1 << 128 | 1 << 40 | LOOPBACK + 1], port=port_of(peer))
    assert sent == (1, [], False)
    assert peer.recv(100) == stamped(7)


async def test_ipv6_numbers_are_addresses_too(batched) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
        try:
            peer.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        peer.settimeout(5)
        async with open_datagrams(socket.AF_INET6, batched=batched) as datagrams:
            sent = datagrams.send_batch(STENCIL, range(3), [1 << 128 | 1, 1, 1 << 200 | 1], port=port_of(peer))
            assert sent == (3, [], False)
            payloads = []
            for _ in range(3):
                payload, source = peer.recvfrom(100)
                payloads.append(payload)
                peer.sendto(payload, source)
            await datagrams.wait_readable()
            batch = datagrams.receive_batch()
    assert payloads == [stamped(0), stamped(1), stamped(2)]
    assert batch == (payloads, [1, 1, 1], [peer_port := batch.ports[0]] * 3)
    assert peer_port


@LINUX_ONLY
async def test_batches_are_chosen_by_themselves_on_linux() -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        assert datagrams.batched
