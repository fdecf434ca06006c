"""What a sweep does when the machine, the path or a host lets it down, on a wire of our own: it says so and goes on."""

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable

import pytest
from hosts import Answer, Healthy
from wires import FAR, NETWORK, Done, Wire

NETWORK_19 = ("sweep", "10.64.0.0/19", "--timeout", "0.5", "--format", "jsonl")
NETWORK_24 = ("sweep", "10.64.0.0/24", "--timeout", "0.3", "--rate", "5000", "--format", "jsonl")
BASE = 0x0A40_0000


def found(done: Done) -> list[str]:
    """The addresses that were found, each of them once."""
    addresses = [json.loads(line)["address"] for line in done.out]
    assert len(set(addresses)) == len(addresses)
    return addresses


def complaints(done: Done) -> list[str]:
    return [line for line in done.err if line.startswith("ptscan: ")]


# --- the machine and the path ---


@pytest.mark.parametrize("rate", [(), ("--rate", "max")], ids=["kind", "max"])
@pytest.mark.parametrize("wire", [1 << 17], indirect=True)
def test_an_interface_that_goes_down_and_comes_back_costs_nobody(wire: Wire, rate: tuple[str, ...]) -> None:
    wire.answer(Healthy())
    run = wire.start(*NETWORK_19, *rate)
    wire.capture.wait_for(3_000)
    wire.near.ip("link set wire down")
    time.sleep(0.5)
    wire.near.ip("link set wire up", f"route add {NETWORK} via {FAR}")
    done = run.end()
    assert done.status == 3
    assert len(found(done)) == 8_190
    [line] = complaints(done)
    assert "could not be sent: Network is unreachable" in line
    assert wire.traffic().strays == []


@pytest.mark.parametrize("wire", [1 << 17], indirect=True)
def test_an_interface_that_stays_down_ends_the_sweep_with_what_was_found(wire: Wire) -> None:
    wire.answer(Healthy())
    run = wire.start(*NETWORK_19, "--rate", "20000")
    wire.capture.wait_for(3_000)
    wire.near.ip("link set wire down")
    done = run.end()
    assert done.status == 3
    assert 1_000 < len(found(done)) < 8_000
    [line] = complaints(done)
    assert "could not be sent: Network is unreachable" in line


@pytest.mark.parametrize("rate", [(), ("--rate", "max")], ids=["kind", "max"])
@pytest.mark.parametrize("wire", [1 << 17], indirect=True)
def test_a_cable_that_is_out_for_a_while_costs_nobody(wire: Wire, rate: tuple[str, ...]) -> None:
    """Nobody tells this machine of it: all that it sees is silence."""
    wire.answer(Healthy())
    run = wire.start(*NETWORK_19, *rate)
    wire.capture.wait_for(3_000)
    wire.far.ip("link set wire down")
    time.sleep(0.5)
    wire.far.ip("link set wire up")
    done = run.end()
    assert done.status == 0, done.err
    assert len(found(done)) == 8_190


@pytest.mark.parametrize("wire", [1 << 17], indirect=True)
def test_a_cable_that_stays_out_does_not_make_the_sweep_endless(wire: Wire) -> None:
    wire.answer(Healthy())
    run = wire.start(*NETWORK_19, "--rate", "20000", "--retries", "1")
    wire.capture.wait_for(3_000)
    wire.far.ip("link set wire down")
    done = run.end()
    assert done.status == 3
    assert 1_000 < len(found(done)) < 8_000
    assert any("who had answered fell silent" in line for line in complaints(done))


@pytest.mark.skipif(shutil.which("tc") is None, reason="tc is absent: install iproute2")
@pytest.mark.parametrize(
    "queue", ["1500b", "1mb"], ids=["the interface's queue is full", "the socket's buffer is full"]
)
def test_a_full_buffer_holds_the_sweep_up_and_loses_nothing(wire: Wire, queue: str) -> None:
    wire.answer(Healthy())
    wire.near.run(*f"tc qdisc add dev wire root tbf rate 4mbit burst 2kb limit {queue}".split())
    done = wire.run("sweep", "10.64.0.0/20", "--rate", "max", "--format", "jsonl")
    assert (done.status, complaints(done)) == (0, [])
    assert len(found(done)) == 4_094


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is absent: install util-linux")
def test_without_the_privilege_for_large_buffers_it_sweeps_with_small_ones(wire: Wire) -> None:
    wire.answer(Healthy())
    done = wire.run(*NETWORK_24, before=("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"))
    assert (done.status, complaints(done)) == (0, [])
    assert len(found(done)) == 254


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is absent: install util-linux")
def test_too_few_files_are_one_line_or_enough(wire: Wire) -> None:
    wire.answer(Healthy())
    outcomes = set()
    for files in (7, 8, 9, 10, 20):
        done = wire.run(*NETWORK_24, before=("prlimit", f"--nofile={files}:{files}"))
        assert "Traceback" not in "".join(done.err)
        if done.status:
            assert (done.status, len(done.err)) == (1, 1), done
            assert "ulimit -n" in done.err[0]
        else:
            assert len(found(done)) == 254
        outcomes.add(done.status)
    assert outcomes == {0, 1}


# --- the hosts ---


def test_a_host_that_floods_drowns_nobody_else(wire: Wire) -> None:
    """Ten thousand datagrams for one, each time it is asked: its answer over and over, garbage, and ids of nobody."""
    healthy = Healthy()
    random.seed(7)
    garbage = [random.randbytes(80) for _ in range(100)]

    def behave(host: int, request: bytes) -> Iterable[Answer]:
        yield healthy.answer(request), host
        if host == BASE + 50:
            yield from [(healthy.answer(request), host)] * 10_000
        if host == BASE + 100:
            yield from ((garbage[each % 100], host) for each in range(10_000))
        if host == BASE + 150:
            answer = healthy.answer(request)
            place = answer.index(b"\x02\x04") + 2
            yield from (
                (answer[:place] + random.randbytes(4) + answer[place + 4 :], host) for _ in range(10_000)
            )  # fmt: skip

    wire.answer(behave)
    done = wire.run(*NETWORK_24)
    assert (done.status, complaints(done)) == (0, [])
    assert len(found(done)) == 254
    assert sum("datagrams passed over" in line for line in done.err) == 1
    assert sum("came again and again" in line for line in done.err) == 1


def test_garbage_is_nobody_and_costs_the_others_nothing(wire: Wire) -> None:
    healthy = Healthy()

    def behave(host: int, request: bytes) -> Iterable[Answer]:
        answer = healthy.answer(request)
        kinds = (
            b"", b"\x30", request, answer[:-1], answer[:20], answer + b"\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n",
            bytes(1400), b"\xff" * 65_000, answer.replace(b"\xa2", b"\xa7", 1),
        )  # fmt: skip
        yield (kinds[host % 20] if host % 20 < len(kinds) else answer), host

    wire.answer(behave)
    done = wire.run(*NETWORK_24)
    honest = [host for host in range(1, 255) if (BASE + host) % 20 >= 10 or (BASE + host) % 20 == 5]
    assert (done.status, complaints(done)) == (0, [])
    assert sorted(int(address.rpartition(".")[2]) for address in found(done)) == honest
    assert sum("datagrams passed over" in line for line in done.err) == 1


def test_a_host_that_answers_from_another_address_is_found_where_it_was_asked(wire: Wire) -> None:
    healthy = Healthy()
    wire.answer(lambda host, request: ((healthy.answer(request), host ^ 0x0100 if host % 2 else host),))
    done = wire.run(*NETWORK_24)
    assert (done.status, complaints(done)) == (0, [])
    assert sorted(int(address.rpartition(".")[2]) for address in found(done)) == list(range(1, 255))
    assert {address.rpartition(".")[0] for address in found(done)} == {"10.64.0"}
    heard = Counter(each.host for each in wire.traffic().asked)
    assert set(heard.values()) == {1}
