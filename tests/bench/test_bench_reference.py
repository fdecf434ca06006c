"""The reference in C: it compiles without a warning, answers as an agent does, and counts every packet."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from harness import timed
from harness.target import BUILT, Network, Place, Target, answers, build
from sweepers import addresses_in
from tools import c_limit

from codec import parse_oid
from ptscan.snmp import Community, Secret, open_client

HOSTS = Network(addresses="127.90.7.0/24", port=0)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    if missing := build():
        pytest.skip(missing.reason)


def place(*, density: int = 10_000, loss: int = 0, rate: int = 0, latency_ms: int = 0) -> Place:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return Place(replace(HOSTS, port=port, density=density, loss=loss, rate=rate, queue=20, latency_ms=latency_ms))


@pytest.fixture
def target() -> Iterator[Target]:
    with place().played() as played:
        yield played


class Told(msgspec.Struct):
    hosts: int
    answered: int
    probes: int
    useless: int


def sweep(target: Target, *options: str) -> Told:
    run = timed([BUILT / "sweep", "-n", HOSTS.addresses, "-p", str(target.network.port), "-t", "400", *options])
    return msgspec.json.decode(run.stdout.splitlines()[-1], type=Told)


def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    assert build(tmp_path, "-Werror") is None


def test_the_sweep_in_c_finds_every_host_and_the_responder_saw_every_probe(target: Target) -> None:
    assert sweep(target) == Told(hosts=256, answered=256, probes=256, useless=0)
    counters = target.counters()
    assert (counters.received, counters.sent) == (256, 256)
    assert target.counters().received == 0  # each count begins anew


def test_the_bench_finds_the_same_addresses(target: Target) -> None:
    sample = c_limit().sweep(target)
    assert sample.beside["found"] == 1.0
    assert sample.beside["probes"] == 1.0


def test_the_responder_and_the_bench_agree_on_who_answers() -> None:
    with place(density=3_000).played() as target:
        told = sweep(target, "-w", "0")
        assert told.answered == len(target.answering)
        assert 40 < told.answered < 120
        assert target.counters().silent == 256 - told.answered


def test_silent_hosts_are_asked_in_each_round() -> None:
    with place(density=3_000).played() as target:
        told = sweep(target, "-w", "0", "-R", "3")
        assert told.probes == told.answered + 3 * (256 - told.answered)


def test_what_is_lost_is_counted_and_another_seed_loses_others() -> None:
    lost = []
    for seed in (1, 2):
        with place(loss=3_000).played(seed=seed) as target:
            told = sweep(target, "-w", "0")
            counters = target.counters()
            assert counters.received == 256
            assert counters.lost_requests + counters.lost_answers + counters.sent == 256
            assert told.answered == counters.sent
            lost.append((counters.lost_requests, counters.lost_answers))
    assert min(min(pair) for pair in lost) > 20
    assert lost[0] != lost[1]


def test_a_narrow_link_drops_what_its_queue_has_no_room_for() -> None:
    with place(rate=1_000).played() as target:
        told = sweep(target, "-w", "0", "-b", "256")
        counters = target.counters()
        assert counters.dropped_by_link > 0
        assert told.answered == counters.sent == 256 - counters.dropped_by_link
        assert told.answered >= 20


def test_a_distant_network_answers_all_the_same() -> None:
    with place(latency_ms=30).played() as target:
        assert sweep(target, "-w", "0").answered == 256


async def test_it_answers_as_an_agent_does(target: Target) -> None:
    async with open_client() as client:
        session = client.session("127.90.7.9", target.network.port, credentials=(Community(Secret("public")),))
        names = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 5, 99)]
        description, name, nothing = (await session.get(names)).varbinds
        assert (name[2], nothing[1]) == (b"printer-7f5a0709", 0x80)
        table = await session.walk(parse_oid("1.3.6.1.2.1.2.2"), max_rows=10_000)
        assert len(table.varbinds) == 22 * 64
        assert description[2] == b"ACME LaserWriter 9000 dn, ROM 20260101, EEPROM V.44"


def test_the_share_that_answers_is_the_density() -> None:
    answering = sum(answers(0x0A400000 + at, 500) for at in range(65_536))
    assert 0.045 < answering / 65_536 < 0.055


def test_addresses_are_read_from_whatever_a_tool_writes() -> None:
    written = b'{"address":"127.90.0.7","sys_object_id":"1.3.6.1.4.1.11","sys_descr":"ROM 121.002.014.12310"}\n'
    assert addresses_in(written) == {0x7F5A0007}
    assert addresses_in(b"iso.3.6.1.2.1.1.5.0 = STRING: printer-7f5a0008\n") == {0x7F5A0008}
    assert addresses_in(b"open udp 161 10.64.0.3 1763719\n") == {0x0A400003}
