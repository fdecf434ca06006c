"""A sweep by several processes finds what one finds, keeps its limits, and leaves nobody behind."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.cli.frames import (
    FrameError,
    Frames,
    Progress,
    encoded,
    knowing_of,
    order_from,
    order_of,
    plan_of,
    report_of,
)
from ptscan.cli.options import Knowing
from ptscan.cli.parts import _why, dealt
from ptscan.snmp import Community, Secret
from ptscan.sweep import SweepPlan, SweepState
from ptscan.targets import TargetOrder, parse_targets

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


class Census(Protocol):
    port: int
    asked: Counter[int]

    @staticmethod
    def answers(address: int) -> bool: ...


NETWORK = "127.60.96.0/21"
QUICK = ("--timeout", "0.2", "--retries", "1", "--format", "jsonl")


def expected(census: Census, network: str = NETWORK) -> set[str]:
    return {str(IPv4Address(address)) for address in parse_targets([network]) if census.answers(address)}


def found_in(text: str) -> list[str]:
    return [json.loads(line)["address"] for line in text.splitlines()]


def workers_of(process: "subprocess.Popen[str]", count: int) -> list[int]:
    """Wait until so many workers run, and give their ids."""
    while process.poll() is None:
        found = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of(pid) == process.pid]
        if len(found) == count:
            return found
        time.sleep(0.01)
    pytest.fail(f"it ended early: {process.communicate()}")


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it never came to that")


def status_of(pid: int) -> list[str]:
    """The state letter and the parent of a process, as /proc has them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return ["Z", "0"]


def parent_of(pid: int) -> int:
    return int(status_of(pid)[1])


def is_alive(pid: int) -> bool:
    return status_of(pid)[0] != "Z"


# --- the same as one ---


@pytest.mark.parametrize("processes", ["2", "3"])
def test_several_find_what_one_finds(processes: str, ptscan: Run, census: Census) -> None:
    done = ptscan("sweep", NETWORK, "--port", str(census.port), *QUICK, "--rate", "6000", "--processes", processes)
    assert done.returncode == 0
    found = found_in(done.stdout)
    assert len(found) == len(set(found))
    assert set(found) == expected(census)
    assert f"at {parse_targets([NETWORK]).count:,} addresses" in done.stderr


def test_more_processes_than_addresses_are_no_fault(ptscan: Run, census: Census) -> None:
    first, second, *_ = sorted(expected(census))
    for targets in ((first,), (first, second, "127.60.96.1")):
        done = ptscan("sweep", *targets, "--port", str(census.port), *QUICK, "--processes", "64")
        assert done.returncode == 0
        assert set(found_in(done.stdout)) <= set(targets)
        assert found_in(done.stdout)


def test_machines_with_different_numbers_of_processes_share_the_work_exactly(ptscan: Run, census: Census) -> None:
    found: list[str] = []
    for shard, processes in (("1/3", "1"), ("2/3", "2"), ("3/3", "3")):
        done = ptscan(
            *("sweep", NETWORK, "--port", str(census.port), *QUICK, "--rate", "6000", "--seed", "5"),
            *("--shard", shard, "--processes", processes),
        )
        assert done.returncode == 0
        found += found_in(done.stdout)
    assert len(found) == len(set(found))
    assert set(found) == expected(census)


def test_a_scan_reads_what_several_find(ptscan: Run, sim: Callable[..., int]) -> None:
    port = sim("--fleet", "12", "--seed", "3", "--network", "127.60.112.0/24")
    one, two = (
        ptscan("scan", "127.60.112.0/24", "--port", str(port), *QUICK, "--rate", "max", "--processes", processes)
        for processes in ("1", "2")
    )
    assert one.returncode == two.returncode == 0
    assert sorted(found_in(one.stdout)) == sorted(found_in(two.stdout)) != []


def test_credentials_with_networks_and_profiles_reach_the_workers(ptscan: Run, census: Census, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text('[[community]]\nname = "é"\nnetworks = ["127.60.96.0/25"]\n')
    (tmp_path / "keys").chmod(0o600)
    (tmp_path / "profiles").mkdir()
    done = ptscan(
        *("sweep", "127.60.96.0/24", "--port", str(census.port), *QUICK, "--processes", "2"),
        *("--credentials", "keys", "--profiles", "profiles"),
    )
    assert done.returncode == 3
    assert "127 addresses not probed: no credential may be sent there" in done.stderr
    allowed = [IPv4Address(address) for address in range(0x7F3C6000, 0x7F3C6080)]
    assert set(found_in(done.stdout)) == {str(one) for one in allowed[1:] if census.answers(int(one))}


# --- what they keep to ---


@pytest.mark.parametrize("processes", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("shard", [(0, 1), (1, 3)])
def test_the_parts_are_the_whole_and_share_its_limits(processes: int, shard: tuple[int, int]) -> None:
    whole = SweepPlan(
        targets=parse_targets(["10.0.0.0/22"]),
        credentials=(Community(Secret("x")),),
        shard=shard,
        rate=100.0,
        max_in_flight=50,
    )
    plans = dealt(whole, processes)
    assert len(plans) == min(processes, 50)
    assert len({plan.seed for plan in plans}) == 1
    orders = [TargetOrder(plan.targets, plan.seed or 0, shard=plan.shard) for plan in plans]
    everybody = TargetOrder(whole.targets, plans[0].seed or 0, shard=shard)
    for number, order in enumerate(orders):
        assert list(order) == everybody[number :: len(plans)]
    assert sum(plan.max_in_flight or 0 for plan in plans) == 50
    assert sum(plan.rate for plan in plans if isinstance(plan.rate, float)) == pytest.approx(100)


def test_no_secret_stands_where_others_see_it(started: Start, census: Census) -> None:
    process = started(
        *("sweep", "127.60.0.0/16", "--port", str(census.port), "--rate", "50", "--processes", "2"),
        *("--community", "s3cret-word", "--format", "jsonl"),
    )
    for worker in workers_of(process, 2):
        wait_until(lambda worker=worker: b"worker" in Path(f"/proc/{worker}/cmdline").read_bytes())
        for place in ("cmdline", "environ"):
            assert b"s3cret" not in Path(f"/proc/{worker}/{place}").read_bytes()


# --- how they end ---


@pytest.fixture
def sweeping(started: Start, census: Census, tmp_path: Path) -> Start:
    def start(*more: str) -> "subprocess.Popen[str]":
        process = started(
            *("sweep", NETWORK, "--port", str(census.port), "--seed", "4", "--rate", "1500", "--processes", "3"),
            *("-o", "found.jsonl", *QUICK, *more),
        )
        wait_until(lambda: (tmp_path / "found.jsonl").exists() and (tmp_path / "found.jsonl").stat().st_size > 0)
        return process

    return start


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_its_parent(number: signal.Signals, sweeping: Start, census: Census, tmp_path: Path) -> None:
    process = sweeping()
    workers = workers_of(process, 3)
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    wait_until(lambda: not any(map(is_alive, workers)))
    asked = census.asked.total()
    time.sleep(0.1)
    assert census.asked.total() == asked
    if number != signal.SIGKILL:
        assert words.splitlines()[-1].startswith("ptscan: interrupted")
        assert words.count("ptscan:") == 1
        assert (tmp_path / "found.jsonl").read_text().endswith("}\n")


def test_a_terminal_interrupts_the_parent_alone(sweeping: Start) -> None:
    process = sweeping()
    for pid in (*workers_of(process, 3), process.pid):  # as Ctrl-C does
        os.kill(pid, signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert process.returncode == 130
    assert words.count("ptscan:") == 1


def test_a_part_whose_process_is_killed_is_named_and_the_others_go_on(
    sweeping: Start, ptscan: Run, census: Census, tmp_path: Path
) -> None:
    process = sweeping()
    os.kill(workers_of(process, 3)[1], signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 3
    line = next(line for line in words.splitlines() if line.startswith("ptscan:"))
    told = re.fullmatch(
        r"ptscan: process ([123]) of 3 was killed by SIGKILL: sweep its part again with (--seed 4 --shard \1/3)", line
    )
    assert told is not None
    mend = told[2].split()
    again = ptscan("sweep", NETWORK, "--port", str(census.port), *QUICK, "--rate", "6000", *mend)
    both = {*found_in((tmp_path / "found.jsonl").read_text()), *found_in(again.stdout)}
    assert both == expected(census)


def test_a_part_whose_process_is_killed_is_left_in_the_journal(sweeping: Start, census: Census, tmp_path: Path) -> None:
    process = sweeping("--resume", "state")
    os.kill(workers_of(process, 3)[2], signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "give the same command again" in words
    assert (tmp_path / "state").exists()
    process = sweeping("--resume", "state")
    process.communicate(timeout=60)
    assert process.returncode == 0
    found = found_in((tmp_path / "found.jsonl").read_text())
    assert len(found) == len(set(found))
    assert set(found) == expected(census)
    assert not (tmp_path / "state").exists()


def test_what_goes_wrong_in_every_process_is_said_once(ptscan: Run, census: Census, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "acme.toml").write_text("nonsense")
    done = ptscan("sweep", NETWORK, "--port", str(census.port), "--profiles", "profiles", "--processes", "3")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "acme.toml" in done.stderr


# --- what they say to each other ---


def test_an_order_carries_every_field_of_a_plan() -> None:
    usual = SweepPlan(targets=parse_targets(["10.0.0.0/24"]), credentials=(Community(Secret("x")),))
    plan = replace(
        usual,
        targets=parse_targets(["10.0.0.0/24", "fd00::/120", "255.255.255.254"]),
        credentials=(
            Community(Secret("\udcff\u00e9"), (IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/16"))),
            Community(Secret("y")),
        ),
        port=1161,
        version="1",
        discovery=(IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/16")),
        rate=12.5,
        timeout=0.25,
        retries=7,
        seed=2**64 - 1,
        shard=(3, 5),
        max_in_flight=9,
        sharers=4,
    )
    names = {field.name for field in fields(SweepPlan)}
    assert {name for name in names if getattr(plan, name) == getattr(usual, name)} == set()
    knowing = Knowing(Path("/profiles"), ("/acme.toml",))
    (message,) = Frames().feed(encoded(order_of(plan, SweepState(2, 512, given=b"\x07"), knowing)))
    order = order_from(message)
    again = plan_of(order)
    for name in names - {"targets"}:
        assert getattr(again, name) == getattr(plan, name)
    assert again.targets.intervals == plan.targets.intervals
    assert (order.round_, order.cursor, order.given, knowing_of(order)) == (2, 512, b"\x07", knowing)


@given(st.lists(st.integers(0, 2**40), max_size=9), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(numbers: list[int], piece: int) -> None:
    stream = b"".join(encoded(Progress(number, 1, 2, 3, 4, 5)) for number in numbers)
    frames = Frames()
    out = [
        report_of(message)
        for begin in range(0, len(stream), piece)
        for message in frames.feed(stream[begin : begin + piece])
    ]
    assert out == [Progress(number, 1, 2, 3, 4, 5) for number in numbers]


@pytest.mark.parametrize("octets", [b"", b"\xc1", b"\x93\xa5found", b"\x91\xa5other", b"\x90", b"\xff"])
def test_what_is_no_report_is_refused(octets: bytes) -> None:
    with pytest.raises(FrameError):
        report_of(octets)
    with pytest.raises(FrameError):
        order_from(octets)


def test_a_frame_that_would_take_all_memory_is_refused() -> None:
    with pytest.raises(FrameError):
        list(Frames().feed(b"\xff\xff\xff\xff"))


@pytest.mark.parametrize(("code", "why"), [(-9, "was killed by SIGKILL"), (-40, "was killed by signal 40")])
def test_any_signal_has_a_name(code: int, why: str) -> None:
    assert _why(code) == why
