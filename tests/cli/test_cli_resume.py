"""A sweep that is killed outright again and again ends with every device, each once, and bothers nobody anew."""

import json
import random
import re
import shutil
import signal
import subprocess
import time
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
        wait_for_quiet(census)
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


def wait_for_quiet(census: Census) -> None:
    """Wait until what was on its way has arrived."""
    seen = -1
    while seen < census.asked.total():
        seen = census.asked.total()
        time.sleep(0.1)


def test_a_killed_scan_reads_every_printer_once(started: Start, sim: Callable[..., int], tmp_path: Path) -> None:
    port = sim("--fleet", "60", "--seed", "3", "--network", "127.60.16.0/24", "--fault", "delay=0.01")
    scan = (
        *("scan", "127.60.16.0/24", "--port", str(port), "--resume", "state", "-o", "found.jsonl"),
        *("--rate", "60", "--timeout", "0.5", "--retries", "0", "--quiet"),
    )
    output = tmp_path / "found.jsonl"
    for _ in range(3):
        process = started(*scan)
        until = size_of(output) + 4_000
        while size_of(output) < until:
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
        process.wait(10)
    process = started(*scan)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    killed = [json.loads(line)["identity"]["serial"] for line in output.read_text().splitlines()]
    process = started("scan", "127.60.16.0/24", "--port", str(port), "--rate", "max", "--format", "json", "--quiet")
    out, _ = process.communicate(timeout=60)
    assert sorted(map(str, killed)) == sorted(str(one["identity"]["serial"]) for one in json.loads(out))
    assert not (tmp_path / "state").exists()


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_runs_whose_format_is_written_at_the_end_add_up(
    form: str, census: Census, started: Start, tmp_path: Path
) -> None:
    sweep = (
        *("sweep", "127.60.80.0/23", "--port", str(census.port), "--resume", "state", "--format", form),
        *("--rate", "500", "--timeout", "0.2", "--retries", "0", "--quiet"),
    )
    found: list[str] = []
    for number in (signal.SIGKILL, signal.SIGINT, None):
        process = started(*sweep)
        if number is not None:
            wait_for_probes(census, 150, process)
            process.send_signal(number)
        out, words = process.communicate(timeout=60)
        assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, None: 0}[number], words
        found += set(re.findall(r"127\.60\.8[01]\.\d+", out))
    everybody = parse_targets(["127.60.80.0/23"])
    assert sorted(found) == sorted(str(IPv4Address(address)) for address in everybody if census.answers(address))


def test_a_disk_that_was_full_for_a_while_costs_nothing(census: Census, command: list[str], tmp_path: Path) -> None:
    """In a mount namespace of its own the output lies on a disk of 24 KiB, which is then made larger."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("a mount namespace needs root and util-linux's unshare")
    (tmp_path / "disk").mkdir()
    script = """
        mount -t tmpfs -o size=24k none disk || exit 77
        "$@" -o disk/found.jsonl; echo $? > first
        mount -o remount,size=4m disk
        "$@" -o disk/found.jsonl; echo $? > second
        cp disk/found.jsonl found.jsonl
    """
    sweep = (
        *("sweep", "127.60.80.0/22", "--port", str(census.port), "--resume", "state"),
        *("--rate", "3000", "--timeout", "0.2", "--retries", "0", "--quiet"),
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *command, *sweep],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("no tmpfs can be mounted here")
    assert ((tmp_path / "first").read_text(), (tmp_path / "second").read_text()) == ("1\n", "0\n")
    assert done.stderr.startswith("ptscan: cannot write disk/found.jsonl: No space left on device")
    assert done.stderr.count("\n") == 1
    found = [json.loads(line)["address"] for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    everybody = parse_targets(["127.60.80.0/22"])
    assert sorted(found) == sorted(str(IPv4Address(address)) for address in everybody if census.answers(address))
