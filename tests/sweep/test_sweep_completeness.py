"""Who answers is found, though the path loses a tenth of everything or is too narrow, on a wire of our own."""

import json
import shutil
from ipaddress import ip_address

import pytest
from captures import most_in_a_second
from hosts import Healthy, is_there, lossy, sparse
from wires import Done, Wire

from ptscan.targets import parse_targets

DENSITY = 0.05


def missing(done: Done, targets: str, seed: int, density: float = DENSITY) -> float:
    """The share of the hosts there that were not found; nobody else was, and nobody twice."""
    there = {address for address in parse_targets([targets]) if is_there(address, density, seed)}
    found = [int(ip_address(json.loads(line)["address"])) for line in done.out]
    assert set(found) <= there
    assert len(set(found)) == len(found)
    return 1 - len(found) / len(there)


@pytest.mark.parametrize("wire", [1 << 19], indirect=True)
def test_a_tenth_lost_at_random_hides_nobody_from_a_kind_sweep(wire: Wire) -> None:
    """Three of them at a time, over 64 hosts of each /24 so that it takes seconds and not a quarter of a minute."""
    wire.answer(lossy(sparse(Healthy(), DENSITY, 1), 0.1, 1))
    targets = [f"10.{network}-{network + 1}.0-127.1-64" for network in (64, 66, 68)]
    runs = [wire.start("sweep", each, "--timeout", "0.5", "--format", "jsonl") for each in targets]
    shares = []
    for run, each in zip(runs, targets, strict=True):
        done = run.end()
        shares.append(missing(done, each, 1))
        assert done.status == 0, done.err
    assert sum(shares) / len(shares) <= 0.001  # of all: in one of them a single host of some 830 would be more
    traffic = wire.traffic()
    for network in (64, 66, 68):
        first = int(ip_address(f"10.{network}.0.0"))
        asked = traffic.within(first, first + (2 << 16) - 1)
        subnets: dict[int, list[float]] = {}
        for packet in asked:
            subnets.setdefault(packet.host >> 8, []).append(packet.at)
        assert most_in_a_second([packet.at for packet in asked]) <= 25_000
        assert max(map(most_in_a_second, subnets.values())) <= 100
    assert traffic.strays == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("wire", [1 << 18], indirect=True)
def test_a_tenth_lost_at_random_hides_nobody_from_a_sweep_at_full_speed(wire: Wire, seed: int) -> None:
    wire.answer(lossy(sparse(Healthy(), DENSITY, seed), 0.1, seed))
    done = wire.run("sweep", "10.64.0.0/17", "--rate", "max", "--format", "jsonl")
    assert missing(done, "10.64.0.0/17", seed) <= 0.001
    assert done.status == 0, done.err
    assert wire.traffic().strays == []


@pytest.mark.skipif(shutil.which("tc") is None, reason="tc is absent: install iproute2")
@pytest.mark.parametrize(("density", "targets"), [(1.0, "10.64.0.0/18"), (DENSITY, "10.64.0.0/17")])
@pytest.mark.parametrize("wire", [1 << 18], indirect=True)
def test_a_narrow_link_hides_nobody(wire: Wire, density: float, targets: str) -> None:
    """Behind a router whose link on carries some 20,000 probes a second, with a queue of 200 in front of it."""
    router = wire.put_behind_a_router()
    router.run(
        *["tc", "qdisc", "add", "dev", "on", "root", "tbf", "rate", "18800kbit", "burst", "3kb", "limit", "23400b"]
    )
    wire.answer(sparse(Healthy(), density))
    done = wire.run("sweep", targets, "--rate", "max", "--format", "jsonl")
    assert missing(done, targets, 1, density) <= 0.001
    assert done.status == 0, done.err
    dropped = int(router.run("tc", "-s", "qdisc", "show", "dev", "on").partition("dropped ")[2].partition(",")[0])
    if not dropped:
        pytest.skip("all were found, but this machine was no faster than the link")
