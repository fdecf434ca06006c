"""A socket for sweeps: columns out, batches in, faults told one by one, drops counted."""

import errno
import socket
import sys

import pytest
import trio

from ptscan.datagram import SocketError, Stencil, open_datagrams

LOOPBACK = 0x7F28_0000  # 127.40.0.0


@pytest.fixture
def peer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        sock.settimeout(5)
        yield sock


STENCIL = Stencil(b"head....tail", 4)


async def test_each_host_gets_the_stencil_with_its_own_stamp(peer) -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        sent = datagrams.send_batch(
            STENCIL, [0x61616161, 0x62626262], [LOOPBACK + 1, LOOPBACK + 2], port=peer.getsockname()[1]
        )
    assert (sent.done, list(sent.faults), sent.full) == (2, [], False)
    assert [peer.recv(100) for _ in range(2)] == [b"headaaaatail", b"headbbbbtail"]


async def test_an_empty_batch_is_done_at_once() -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        assert datagrams.send_batch(STENCIL, [], [], port=9).done == 0
        assert datagrams.receive_batch() == ([], [], [])


async def test_answers_come_in_batches_with_their_source(peer) -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        datagrams.send_batch(STENCIL, [0x61616161], [LOOPBACK + 1], port=peer.getsockname()[1])
        _, source = peer.recvfrom(100)
        for number in range(5):
            peer.sendto(b"%d" % number, source)
        await datagrams.wait_readable()
        first, second = datagrams.receive_batch(3), datagrams.receive_batch()
    assert first.payloads + second.payloads == [b"0", b"1", b"2", b"3", b"4"]
    assert first.sources + second.sources == [0x7F000001] * 5
    assert first.ports + second.ports == [peer.getsockname()[1]] * 5


async def test_an_answer_longer_than_the_limit_is_cut(peer) -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        datagrams.send_batch(STENCIL, [0x61616161], [LOOPBACK + 1], port=peer.getsockname()[1])
        _, source = peer.recvfrom(100)
        peer.sendto(bytes(60_000), source)
        await datagrams.wait_readable()
        (answer,) = datagrams.receive_batch().payloads
    assert len(answer) == 4096


async def test_one_host_that_cannot_be_sent_to_does_not_hold_up_the_others(peer) -> None:
    async with open_datagrams(socket.AF_INET) as datagrams:
        sent = datagrams.send_batch(
            STENCIL,
            [0x61616161, 0x62626262, 0x63636363],
            [LOOPBACK + 1, 0xFFFF_FFFF, LOOPBACK + 2],
            port=peer.getsockname()[1],
        )
    assert sent.done == 3
    assert [fault.place for fault in sent.faults] == [1]
    # Broadcast is refused: EACCES, or ENETUNREACH where there is no route at all.
    assert sent.faults[0].code in (errno.EACCES, errno.ENETUNREACH)
    assert [peer.recv(100) for _ in range(2)] == [b"headaaaatail", b"headcccctail"]


async def test_a_full_send_buffer_ends_the_batch_and_room_comes() -> None:
    """A pair of processes is no help here: an unread loopback never fills the sender, so a tiny buffer has to."""
    async with open_datagrams(socket.AF_INET, send_buffer=1) as datagrams:
        sent = datagrams.send_batch(Stencil(bytes(60_000), 0), [1] * 50, [LOOPBACK + 1] * 50, port=9)
        assert sent.full or sent.done == 50 or sent.faults
        with trio.fail_after(5):
            await datagrams.wait_writable()


async def test_ipv6_numbers_are_addresses_too() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
        try:
            peer.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        peer.settimeout(5)
        async with open_datagrams(socket.AF_INET6) as datagrams:
            peer_port = peer.getsockname()[1]
            datagrams.send_batch(STENCIL, [0x61616161], [1 << 128 | 1], port=peer_port)
            payload, source = peer.recvfrom(100)
            peer.sendto(payload, source)
            await datagrams.wait_readable()
            batch = datagrams.receive_batch()
    assert batch == ([b"headaaaatail"], [1], [peer_port])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the drops of one socket")
async def test_what_finds_no_room_in_the_kernel_is_counted(peer) -> None:
    async with open_datagrams(socket.AF_INET, receive_buffer=2048) as datagrams:
        datagrams.send_batch(STENCIL, [0x61616161], [LOOPBACK + 1], port=peer.getsockname()[1])
        _, source = peer.recvfrom(100)
        assert datagrams.kernel_drops() == 0
        for _ in range(200):
            peer.sendto(bytes(500), source)
        received = len(datagrams.receive_batch().payloads)
        assert received + datagrams.kernel_drops() == 200
        assert datagrams.kernel_drops() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what became of a datagram")
async def test_a_host_that_refuses_is_told_and_holds_nobody_up(peer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("0.0.0.0", 0))
        free_port = nobody.getsockname()[1]
    async with open_datagrams(socket.AF_INET) as datagrams:
        refused = datagrams.send_batch(STENCIL, range(1, 9), range(LOOPBACK + 1, LOOPBACK + 9), port=free_port)
        accepted = datagrams.send_batch(STENCIL, [0x61616161], [LOOPBACK + 9], port=peer.getsockname()[1])
        with trio.fail_after(5):
            await datagrams.wait_readable()
        assert datagrams.receive_batch() == ([], [], [])
        news = [*datagrams.receive_errors(3), *datagrams.receive_errors()]
        assert datagrams.receive_errors() == []
    assert (refused.done, list(refused.faults)) == (8, [])
    assert (accepted.done, list(accepted.faults)) == (1, [])
    assert peer.recv(100) == b"headaaaatail"
    assert {(word.payload, word.destination, word.code) for word in news} == {
        (b"head" + stamp.to_bytes(4, "big") + b"tail", LOOPBACK + stamp, errno.ECONNREFUSED) for stamp in range(1, 9)
    }


async def test_a_family_that_the_machine_lacks_is_one_clear_line() -> None:
    with pytest.raises(SocketError, match="no IPv4 UDP socket: ") as caught:
        async with open_datagrams(socket.AF_APPLETALK):  # stands for a family that is not there
            pass
    assert caught.value.code
