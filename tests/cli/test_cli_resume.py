"""A sweep that is killed outright again and again ends with every device, each once, and bothers nobody anew."""

import json
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

import pytest

from ptscan.cli.journal import HEADER_OCTETS
from ptscan.targets import TargetOrder, parse_targets

Start = Callable[..., "subprocess.Popen[str]"]


class Census(Protocol):
    port: int
    asked: Counter[int]

    @staticmethod
    def answers(address: int) -> bool: ...


NETWORK = "127.60.64.0/20"
SEED = 9
ROUNDS = 3
KILLS = 4


class Noted:
    """What the journal says that is left to do: how often each address may still be asked, at most."""

    def __init__(self, path: Path, order: TargetOrder, processes: int) -> None:
        octets = path.read_bytes()
        word = int.from_bytes(octets[HEADER_OCTETS - 16 : HEADER_OCTETS - 8], "little")
        self.place = round_, cursor = word >> 40, word & (1 << 40) - 1
        cursor = cursor // (256 * processes) * 256 * processes  # a sweep goes on from a multiple of 256
        bits = int.from_bytes(octets[HEADER_OCTETS:], "little")
        self.may_be_asked = {
            address: 0 if bits >> position & 1 else ROUNDS - round_ - (position < cursor)
            for position, address in enumerate(order)
        }


TO_FILE = ("-o", "found.jsonl")


@pytest.mark.parametrize(
    ("luck", "processes", "extra"), [(1, 1, ()), (2, 1, TO_FILE), (3, 1, TO_FILE), (4, 2, TO_FILE)]
)
def test_kills_cost_nothing(
    luck: int, processes: int, extra: tuple[str, ...], census: Census, started: Start, tmp_path: Path
) -> None:
    order = TargetOrder(parse_targets([NETWORK]), SEED)
    chance = random.Random(luck)
    sweep = (
        *("sweep", NETWORK, "--port", str(census.port), "--seed", str(SEED), "--resume", "state", *extra),
        *("--format", "jsonl", "--rate", "6000", "--timeout", "0.2", "--retries", str(ROUNDS - 1), "--quiet"),
        *("--processes", str(processes)),
    )
    state = tmp_path / "state"
    printed: list[str] = []
    places: list[tuple[int, int]] = []
    for kill in range(KILLS + 1):
        before = Counter(census.asked)
        left = Noted(state, order, processes) if state.exists() else None
        if left is not None:
            places.append(left.place)
        process = started(*sweep)
        if kill < KILLS:
            wait_for_probes(census, chance.randrange(1, 3_500), process)
            process.send_signal(signal.SIGKILL)
        out, words = process.communicate(timeout=60)
        assert process.returncode == (-signal.SIGKILL if kill < KILLS else 0), words
        printed += [line for line in out.splitlines() if line.endswith("}")]
        if left is not None:
            asked = census.asked - before
            assert not {a: n for a, n in asked.items() if n > left.may_be_asked[a]}
    assert places == sorted(places)
    assert not state.exists()

    if extra:
        printed = (tmp_path / "found.jsonl").read_text().splitlines()
    found = Counter(json.loads(line)["address"] for line in printed)
    assert found.keys() == {str(IPv4Address(address)) for address in order if census.answers(address)}
    if extra:
        assert set(found.values()) == {1}
    assert all(census.asked[address] >= ROUNDS for address in order if not census.answers(address))


def wait_for_probes(census: Census, more: int, process: "subprocess.Popen[str]") -> None:
    """Wait until so many more probes came."""
    until = census.asked.total() + more
    while census.asked.total() < until:
        try:
            process.wait(0.005)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended before it was killed: {process.communicate()}")
