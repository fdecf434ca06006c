"""`ptscan bench sweep`: figures that add up, whatever it is pointed at."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]

JSON = ("--format", "json")


def test_a_responder_of_its_own_answers_for_as_many_hosts_as_asked(ptscan: Run) -> None:
    for hosts in (1, 1_000):
        done = ptscan("bench", "sweep", "--hosts", str(hosts), *JSON)
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)
        assert (figures["hosts"], figures["answered"]) == (hosts, hosts)
        assert figures["probes"] >= hosts
        assert figures["seconds"] > 0
        assert figures["hosts_per_second"] == pytest.approx(hosts / figures["seconds"], rel=0.05)  # both are rounded
        assert figures["peak_memory_octets"] > 1 << 20
        assert figures["target"].startswith("127.1.0.0-127.1.")
        assert "bounds these figures" in done.stderr


def test_rounds_give_the_median_and_the_spread(ptscan: Run) -> None:
    done = ptscan("bench", "sweep", "--hosts", "300", "--rounds", "3", "--quiet", *JSON)
    figures = json.loads(done.stdout)
    assert (done.returncode, done.stderr, figures["rounds"]) == (0, "", 3)
    assert figures["seconds_min"] <= figures["seconds"] <= figures["seconds_max"]


def test_several_processes_share_the_sweep(ptscan: Run) -> None:
    done = ptscan("bench", "sweep", "--hosts", "3000", "--processes", "2", *JSON)
    figures = json.loads(done.stdout)
    assert (done.returncode, figures["answered"], figures["processes"]) == (0, 3_000, 2)


def test_people_get_a_table(ptscan: Run) -> None:
    done = ptscan("bench", "sweep", "--hosts", "50", "--quiet")
    assert done.returncode == 0
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines()[1:])
    assert rows["addresses"] == rows["answered"] == "50"


def test_an_existing_network_is_swept_at_its_port(ptscan: Run, sim: Sim) -> None:
    port = sim("--fleet", "20", "--network", "127.60.120.0/27")
    done = ptscan("bench", "sweep", "--network", "127.60.120.0/27", "--port", str(port), *JSON)
    figures = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (figures["hosts"], figures["answered"], figures["port"]) == (30, 20, port)
    assert figures["target"] == "127.60.120.0/27"


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nothing answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.60.121.1", 0))
        yield sock.getsockname()[1]


def test_figures_of_nobody_are_a_failure(ptscan: Run, nobody: int) -> None:
    done = ptscan("bench", "sweep", "--network", "127.60.121.1", "--port", str(nobody), *JSON)
    figures = json.loads(done.stdout)
    assert (done.returncode, figures["answered"], figures["hosts"]) == (1, 0, 1)
    assert done.stderr.startswith(f"ptscan: nobody answered at 127.60.121.1 port {nobody}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--hosts", "0"), '"0" is no number of loopback hosts'),
        (("--hosts", "-1"), "--hosts"),
        (("--hosts", "20000000"), "from 1 to 16711679"),
        (("--hosts", "1e3"), '"1e3" is no number of loopback hosts'),
        (("--rounds", "0"), "--rounds"),
        (("--processes", "65"), "--processes"),
        (("--network", "127.0.0.0/8", "--hosts", "9"), "exclude each other"),
        (("--network", "127.0.0.0/33"), "127.0.0.0/33"),
        (("--network", "127.0.0.1", "--port", "0"), "--port 0"),
        (("--port", "70000"), "--port"),
        (("--format", "csv"), "csv"),
        (("extra",), "extra"),
    ],
)
def test_what_cannot_be_measured_is_one_line(arguments: tuple[str, ...], fault: str, ptscan: Run) -> None:
    done = ptscan("bench", "sweep", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_a_failure(ptscan: Run, sim: Sim) -> None:
    port = sim("--fleet", "1", "--network", "127.60.122.0/30")
    done = ptscan("bench", "sweep", "--hosts", "5", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert "the port is in use" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_its_responder_ends_with_it(number: signal.Signals, started: Start) -> None:
    process = started("bench", "sweep", "--hosts", "3000000", "--quiet")
    assert process.stderr is not None
    responders: list[int] = []
    while not responders:
        assert process.poll() is None
        responders = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if is_child(pid, process.pid)]
        time.sleep(0.01)
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert words.startswith("ptscan: interrupted")
    for _ in range(1_000):
        if not any(is_child(pid, None) for pid in responders):
            return
        time.sleep(0.01)
    pytest.fail(f"still there: {responders}")


def is_child(pid: int, parent: int | None) -> bool:
    """Whether a process lives, and is ``parent``'s where one is named."""
    try:
        state, of, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" and parent in (None, int(of))
