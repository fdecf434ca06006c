"""The running simulator over real sockets on loopback: addresses, faults, strangers and the end."""

import random
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from codec import V2C, Message, PduType, RequestTemplate, decode_message, parse_oid
from ptscan.errors import PtscanError
from ptscan.simulator import (
    BindError,
    Playing,
    Recording,
    SimulatorPlan,
    Station,
    make_fleet,
    make_plan,
    parse_fault,
    parse_recording,
    run_simulator,
)
from ptscan.simulator import limits as simulator_limits

NAME = parse_oid("1.3.6.1.2.1.1.5.0")
REQUEST = RequestTemplate(V2C, b"public", PduType.GET, [NAME])
NETWORK = "127.50.16.0/20"


def recordings(count: int) -> list[Recording]:
    return [parse_recording(b"1.3.6.1.2.1.1.5.0|4|name %d" % n, f"{n}") for n in range(count)]


@asynccontextmanager
async def playing(plan: SimulatorPlan) -> AsyncIterator[Playing]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(run_simulator, plan)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def asking(address: str = "127.0.0.1") -> AsyncIterator[trio.socket.SocketType]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with trio.socket.socket(family, socket.SOCK_DGRAM) as sock:
        await sock.bind((address, 0))
        yield sock


async def told(sock: trio.socket.SocketType) -> tuple[int, bytes, str]:
    """The request-id, the value and the source of the next answer."""
    data, source = await sock.recvfrom(65_535)
    message = decode_message(data)
    assert isinstance(message, Message)
    value = message.varbinds[0][2]
    assert isinstance(value, bytes)
    return message.request_id, value, source[0]


async def silent(sock: trio.socket.SocketType, port: int, last: str) -> bool:
    """Whether nothing lies before the answer of the station at ``last``, which answers honestly."""
    await sock.sendto(REQUEST.encode(0x00FF_FFFF), (last, port))
    return (await told(sock))[0] == 0x00FF_FFFF


async def test_each_address_answers_for_its_own_device_and_from_itself() -> None:
    plan = make_plan(recordings(300), network=NETWORK, port=0)
    async with playing(plan) as sim, asking() as sock:
        for number, station in enumerate(plan.stations):
            await sock.sendto(REQUEST.encode(0x0080_0000 + number), (station.address, sim.port))
            assert await told(sock) == (0x0080_0000 + number, b"name %d" % number, station.address)
        assert (sim.received, sim.answered, sim.lost) == (300, 300, 0)


@pytest.mark.parametrize("count", [1, 2])
async def test_an_address_without_a_device_stays_silent(count: int) -> None:
    plan = make_plan(recordings(count), network=NETWORK, port=0)
    async with playing(plan) as sim, asking() as sock:
        for address in ("127.50.16.0", "127.50.16.3", "127.50.16.255", "127.0.0.1"):
            await sock.sendto(REQUEST.encode(0x0080_0000), (address, sim.port))
        assert await silent(sock, sim.port, "127.50.16.1")
        assert (sim.received, sim.answered) == (5, 1)


@pytest.mark.parametrize("listen", ["127.50.1.1:0", "[::1]:0"])
async def test_a_single_device_listens_on_its_address_alone(listen: str) -> None:
    plan = make_plan(recordings(1), listen=listen)
    address = plan.stations[0].address
    async with playing(plan) as sim, asking("::1" if ":" in address else "127.0.0.1") as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), (address, sim.port))
        assert await told(sock) == (0x0080_0000, b"name 0", address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.50.1.2", sim.port))  # free for others


async def test_thousands_of_addresses_in_little_memory() -> None:
    tracemalloc.start()
    try:
        fleet = make_fleet(10_000, seed=4)
        plan = make_plan(fleet.devices, network="127.50.64.0/18", port=0)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 16 * 1024 * 1024
    names = set()
    async with playing(plan) as sim, asking() as sock:
        for start in range(0, 10_000, 50):
            for number in range(start, start + 50):
                await sock.sendto(REQUEST.encode(0x0080_0000 + number), (plan.stations[number].address, sim.port))
            for _ in range(50):
                number, value, address = await told(sock)
                assert address == plan.stations[number - 0x0080_0000].address
                names.add(value)
    assert len(names) == 10_000


async def test_time_runs_as_fast_as_the_plan_says(autojump_clock: trio.testing.MockClock) -> None:
    for speed, expected in ((0.0, 0.0), (1.0, 90.0), (60.0, 5_400.0)):
        plan = make_plan(recordings(1), network=NETWORK, port=0, speed=speed)
        async with playing(plan) as sim:
            await trio.sleep(90)
            assert sim.now() == pytest.approx(expected)


# --- strangers ---


async def test_no_datagram_stops_it() -> None:
    chance = random.Random(2)
    plan = make_plan(make_fleet(20).devices, network=NETWORK, port=0)
    seeds = [
        RequestTemplate(V2C, b"public", kind, [NAME, parse_oid("1.3.6.1.2.1.43")], **repeat).encode(0x0100_0000)
        for kind, repeat in ((PduType.GET, {}), (PduType.GET_NEXT, {}), (PduType.GET_BULK, {"max_repetitions": 20}))
    ]
    async with playing(plan) as sim, asking() as sock:
        for batch in range(60):
            for _ in range(50):
                data = bytearray(chance.choice(seeds))
                for _ in range(chance.randint(0, 4)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                await sock.sendto(data[: chance.choice((0, 1, 10, 5_000))], ("127.50.16.7", sim.port))
            await sock.sendto(REQUEST.encode(0x0300_0000 + batch), ("127.50.16.1", sim.port))
            while (await decoded(sock)) != 0x0300_0000 + batch:
                pass
        assert sim.received == 60 * 51


async def decoded(sock: trio.socket.SocketType) -> int:
    message = decode_message(await sock.recv(65_535))
    assert isinstance(message, Message)
    return message.request_id


async def test_a_datagram_of_the_largest_size_is_met_with_silence() -> None:
    plan = make_plan(recordings(1), network=NETWORK, port=0)
    async with playing(plan) as sim, asking() as sock:
        await sock.sendto(b"\x30" * 65_507, ("127.50.16.1", sim.port))
        await sock.sendto(b"", ("127.50.16.1", sim.port))
        assert await silent(sock, sim.port, "127.50.16.1")


async def test_an_asker_who_has_gone_is_no_trouble() -> None:
    plan = make_plan(recordings(1), network=NETWORK, port=0)
    async with playing(plan) as sim:
        for _ in range(20):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
                gone.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        async with asking() as sock:
            assert await silent(sock, sim.port, "127.50.16.1")


# --- faults ---


def faulty(fault: str) -> SimulatorPlan:
    """The first address misbehaves, the second does not."""
    bad, good = recordings(2)
    stations = (
        Station("127.50.16.1", bad, (parse_fault(fault),)),
        Station("127.50.16.2", good),
    )
    return SimulatorPlan(stations, port=0)


@pytest.mark.parametrize("fault", ["mute", "loss=1", "v1-only", "sleeping=1"])
async def test_a_silent_device_is_silent_and_its_neighbour_is_not(fault: str) -> None:
    async with playing(faulty(fault)) as sim, asking() as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        assert await silent(sock, sim.port, "127.50.16.2")


async def test_an_answer_leaves_from_another_address() -> None:
    async with playing(faulty("other-address=127.50.99.99")) as sim, asking() as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        assert await told(sock) == (0x0080_0000, b"name 0", "127.50.99.99")


async def test_a_single_address_can_answer_from_another_too() -> None:
    plan = make_plan(recordings(1), listen="127.50.1.3:0", faults=[parse_fault("other-address")])
    async with playing(plan) as sim, asking() as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.1.3", sim.port))
        assert (await told(sock))[2] == "127.0.0.1"


async def test_a_flood_comes_whole() -> None:
    async with playing(faulty("flood=20")) as sim, asking() as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        assert len({await told(sock) for _ in range(21)}) == 1
        assert await silent(sock, sim.port, "127.50.16.2")


async def test_a_huge_answer_comes_whole() -> None:
    async with playing(faulty("huge=65000")) as sim, asking() as sock:
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        assert len((await told(sock))[1]) == 65_000


async def test_a_late_answer_comes_late_and_holds_nobody_up() -> None:
    async with playing(faulty("delay=0.05")) as sim, asking() as sock:
        began = trio.current_time()
        await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
        await sock.sendto(REQUEST.encode(0x0080_0001), ("127.50.16.2", sim.port))
        assert (await told(sock))[0] == 0x0080_0001
        assert (await told(sock))[0] == 0x0080_0000
        assert trio.current_time() - began >= 0.05


async def test_answers_held_back_are_bounded() -> None:
    most = simulator_limits.MAX_LATE
    for copies, lost in ((most - 1, 0), (most, 1)):  # beside the answer itself
        bad, good = recordings(2)
        faults = (parse_fault("delay=3600"), parse_fault(f"flood={copies}"))
        stations = (Station("127.50.16.1", bad, faults), Station("127.50.16.2", good))
        async with playing(SimulatorPlan(stations, port=0)) as sim, asking() as sock:
            await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
            assert await silent(sock, sim.port, "127.50.16.2")
            assert (sim.received, sim.answered, sim.lost) == (2, 1, lost)


# --- the beginning and the end ---


async def test_cancelling_ends_it_and_frees_the_port() -> None:
    plan = make_plan(recordings(3), network=NETWORK, port=0)
    async with playing(plan) as sim:
        port = sim.port
    again = make_plan(recordings(3), network=NETWORK, port=port)
    async with playing(again) as sim:
        assert sim.port == port


async def test_cancelling_drops_what_is_held_back() -> None:
    with trio.fail_after(5):
        async with playing(faulty("delay=3600")) as sim, asking() as sock:
            await sock.sendto(REQUEST.encode(0x0080_0000), ("127.50.16.1", sim.port))
            assert await silent(sock, sim.port, "127.50.16.2")


@pytest.mark.parametrize("network", [NETWORK, "127.50.1.4/32"])
async def test_a_port_in_use_is_said_in_one_line(network: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.50.1.4", 0))
        port = taken.getsockname()[1]
        plan = make_plan(recordings(1 if "/32" in network else 2), network=network, port=port)
        with pytest.raises(BindError, match="the port is in use") as caught:
            await run_simulator(plan)
    assert isinstance(caught.value, PtscanError)
    assert (caught.value.port, caught.value.exit_code) == (port, 1)
    assert "\n" not in str(caught.value)
