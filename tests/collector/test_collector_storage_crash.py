"""What the store said was stored is stored, once, wherever the process was killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ptscan.collector.storage import Store, counts, list_devices, open_store

from .feeder import body
from .stores import what_is_stored

FEEDER = Path(__file__).with_name("feeder.py")
KILLS = 8
LAST = 100_000


def feed_until_killed(url: str, first: int, seconds: float) -> list[int]:
    """What a process was told until it was killed, ``seconds`` after the first word."""
    words = [sys.executable, str(FEEDER), url, "a1", str(first), str(LAST), "7"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline()]
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().splitlines()
    # A line that was cut was not heard.
    return [int(line) for line in told if line.strip()]


def check(store: Store, upto: int) -> None:
    """All up to ``upto`` is there, nothing twice, nothing that was not sent; the rows agree with each other."""
    stored = what_is_stored(store)
    numbers = [row[2] for row in stored]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= upto
    assert all(row[3] == body(row[2]) for row in stored)
    assert store.read(counts).doubled == 0
    newest = {f"device-{number % 50}": number for number in numbers}
    assert {device.device_id: device.total for device in store.read(list_devices)} == newest


def test_killed_while_it_makes_its_tables_a_store_is_made_by_the_next(store_url: str) -> None:
    lots = random.Random(2)
    for _ in range(4):
        words = [sys.executable, str(FEEDER), store_url, "a1", "1", "7", "7"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as child:
            time.sleep(lots.uniform(0.2, 1.2))
            child.kill()
    with open_store(store_url) as store:
        check(store, 0)
        assert store.check() == []


def test_killed_at_random_nothing_is_lost_and_nothing_doubled(store_url: str) -> None:
    lots = random.Random(1)
    upto = 0
    for _ in range(KILLS):
        # What was acknowledged last is sent again, as an agent does that did not hear it.
        told = feed_until_killed(store_url, max(1, upto - 20), 0.005 * 60 ** lots.random())
        upto = max([upto, *told])
        with open_store(store_url) as store:
            check(store, upto)
            assert store.check() == []
    with open_store(store_url) as store:
        assert store.read(counts).redelivered > 0


def feed_limited(words: list[str], path: Path, first: int) -> tuple[list[int], str]:
    """What a process was told until something failed, and the last line of its complaint."""
    feeder = [sys.executable, str(FEEDER), str(path), "a1", str(first), str(first + 400), "7"]
    done = subprocess.run([*words, *feeder], capture_output=True, text=True, timeout=120, check=False)
    return [int(line) for line in done.stdout.split()], (done.stderr.strip().splitlines() or [""])[-1]


def test_what_was_not_synced_is_not_said_to_be_stored(tmp_path: Path) -> None:
    """Every sync from the n-th on fails, in the midst of start-up, commits and checkpoints."""
    probe = ["strace", "-f", "-qq", "-o", os.devnull]
    if not shutil.which("strace") or subprocess.run([*probe, "true"], check=False, capture_output=True).returncode:
        pytest.skip("strace is absent, or may not trace here: apt-get install strace")
    path = tmp_path / "collector.db"
    upto = 0
    for number in (1, 2, 4, 9, 23):
        inject = f"inject=fsync,fdatasync:error=EIO:when={number}+"
        told, complaint = feed_limited([*probe, "-e", "trace=fsync,fdatasync", "-e", inject], path, upto + 1)
        assert complaint.startswith("StoreFailedError"), complaint
        assert len(told) <= number
        upto = max([upto, *told])
        with open_store(str(path)) as store:
            check(store, upto)
            assert store.check() == []
    assert upto > 0


def test_a_disk_that_ends_loses_nothing_of_what_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "collector.db"
    told, complaint = feed_limited(["sh", "-c", 'ulimit -f 800; exec "$@"', "sh"], path, 1)
    assert complaint.startswith(("StoreFailedError", "StoreFullError")), complaint
    assert told
    with open_store(str(path)) as store:
        check(store, max(told))
        assert store.check() == []
    told, complaint = feed_limited([], path, max(told) + 1)
    assert complaint == ""
    with open_store(str(path)) as store:
        check(store, max(told))
