"""What goes wrong is told one by one and holds nobody up, by batches and by plain calls alike."""

import errno
import socket
import weakref

import pytest
import trio
import trio.testing

from ptscan.datagram import SocketError, Stencil, open_datagrams

from .stencils import BROADCAST, LINUX_ONLY, LOOPBACK, STENCIL, port_of, stamped


async def test_hosts_that_cannot_be_sent_to_do_not_hold_up_the_others(batched, peer) -> None:
    addresses = [BROADCAST, BROADCAST, LOOPBACK + 1, BROADCAST, LOOPBACK + 2, BROADCAST]
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        sent = datagrams.send_batch(STENCIL, range(6), addresses, port=port_of(peer))
    assert (sent.done, sent.full) == (6, False)
    assert [(fault.place, fault.code) for fault in sent.faults] == [(place, errno.EACCES) for place in (0, 1, 3, 5)]
    assert [peer.recv(100) for _ in range(2)] == [stamped(2), stamped(4)]


async def test_a_fault_beyond_the_first_system_call_has_its_place_in_the_whole_batch(batched, peer) -> None:
    addresses = [LOOPBACK + 1] * 600 + [BROADCAST] + [LOOPBACK + 1] * 500 + [BROADCAST]
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        sent = datagrams.send_batch(STENCIL, range(len(addresses)), addresses, port=port_of(peer))
    assert sent == (1102, [(600, errno.EACCES), (1101, errno.EACCES)], False)


async def test_a_datagram_too_long_for_udp_is_a_fault(batched) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        sent = datagrams.send_batch(Stencil(bytes(70_000), 8), [1, 2], [LOOPBACK + 1, LOOPBACK + 2], port=9)
    assert sent == (2, [(0, errno.EMSGSIZE), (1, errno.EMSGSIZE)], False)


@LINUX_ONLY
async def test_what_finds_no_room_in_the_kernel_is_counted(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, receive_buffer=2048, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        _, source = peer.recvfrom(100)
        assert datagrams.kernel_drops() == 0
        for _ in range(200):
            peer.sendto(bytes(500), source)
        received = len(datagrams.receive_batch().payloads)
        assert received + datagrams.kernel_drops() == 200
        assert datagrams.kernel_drops() > 0


@pytest.fixture
def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("0.0.0.0", 0))
        return port_of(nobody)


@LINUX_ONLY
async def test_a_host_that_refuses_is_told_and_holds_nobody_up(batched, peer, free_port) -> None:
    """Each refusal, on loopback at once, fails the next datagram, which has to be sent again."""
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        refused = datagrams.send_batch(STENCIL, range(1, 9), range(LOOPBACK + 1, LOOPBACK + 9), port=free_port)
        accepted = datagrams.send_batch(STENCIL, [9], [LOOPBACK + 9], port=port_of(peer))
        with trio.fail_after(5):
            await datagrams.wait_readable()
        assert datagrams.receive_batch() == ([], [], [])
        news = [*datagrams.receive_errors(3), *datagrams.receive_errors()]
        assert datagrams.receive_errors() == []
    assert refused == (8, [], False)
    assert accepted == (1, [], False)
    assert peer.recv(100) == stamped(9)
    assert {(word.payload, word.destination, word.code) for word in news} == {
        (stamped(stamp), LOOPBACK + stamp, errno.ECONNREFUSED) for stamp in range(1, 9)
    }


@LINUX_ONLY
async def test_a_fault_is_told_as_itself_behind_a_refusal(batched, peer, free_port) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        for _ in range(3):
            datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=free_port)
            sent = datagrams.send_batch(STENCIL, [2, 3], [BROADCAST, LOOPBACK + 1], port=port_of(peer))
            assert sent == (2, [(0, errno.EACCES)], False)
            assert peer.recv(100) == stamped(3)


@LINUX_ONLY
async def test_word_of_a_refusal_loses_no_answer(batched, peer, free_port) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        _, source = peer.recvfrom(100)
        for number in range(5):
            peer.sendto(b"%d" % number, source)
            datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=free_port)
        assert datagrams.receive_batch().payloads == [b"0", b"1", b"2", b"3", b"4"]
        assert len(datagrams.receive_errors()) == 5


async def test_a_closed_socket_says_so_and_touches_nothing(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        pass
    # Sockets that may well get the number that is free now.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heir, socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        heir.bind(("127.0.0.1", 0))
        peer.sendto(b"not for the dead", heir.getsockname())
        for use in (
            lambda: datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer)),
            datagrams.receive_batch,
            datagrams.receive_errors,
            datagrams.kernel_drops,
        ):
            with pytest.raises(trio.ClosedResourceError):
                use()
        for wait in (datagrams.wait_readable, datagrams.wait_writable):
            with pytest.raises(trio.ClosedResourceError):
                await wait()
        heir.settimeout(5)
        assert heir.recv(100) == b"not for the dead"
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(100)


async def test_who_waits_is_told_of_the_closing(batched) -> None:
    async def wait() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await datagrams.wait_readable()

    async with trio.open_nursery() as nursery, open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()


async def test_its_memory_is_given_back(batched, peer) -> None:
    async with open_datagrams(socket.AF_INET, batched=batched) as datagrams:
        datagrams.send_batch(STENCIL, [1], [LOOPBACK + 1], port=port_of(peer))
        gone = weakref.ref(datagrams)
    del datagrams
    assert gone() is None


async def test_a_family_that_the_machine_lacks_is_one_clear_line(batched) -> None:
    with pytest.raises(SocketError, match="no IPv4 UDP socket: ") as caught:
        async with open_datagrams(socket.AF_APPLETALK, batched=batched):  # stands for a family that is not there
            pass
    assert caught.value.code
