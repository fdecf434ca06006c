"""The power goes at any moment: what was acknowledged is on the disk, in whatever order the rest got there."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from power_loss import Disk, recorded
from spooling import lease, opened, reply_to

CHILD = Path(__file__).with_name("spool_child.py")
ROOT = Path(__file__).resolve().parents[2]
POINTS = 67
"""Of each life: a process on a new spool, and one that begins where the power went."""


@pytest.fixture(scope="module")
def strace() -> str:
    """The path of a strace that may trace here."""
    found = shutil.which("strace")
    if not found or subprocess.run([found, "-qq", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is absent or may not trace: a process's calls can't be recorded")
    return found


def _owed(printed: bytes) -> set[str]:
    return {
        line.split()[1]
        for line in printed.decode().splitlines(keepends=True)
        if line.startswith("put ") and line.endswith("\n")
    }


def _hold_against(directory: Path, owed: set[str]) -> list[str]:
    """See that all that is owed is there, and once; return what is told."""
    came: dict[tuple[str, int], str] = {}
    with opened(directory) as store:
        store.resync(range(1, 1_000))  # what is stored is still here
        while batch := lease(store, records=100):
            for record in batch.records:
                assert came.setdefault((batch.epoch, record.sequence), record.body.split()[0].decode())
            store.settle(reply_to(batch), 0.0)
        told = [finding.code for finding in store.state().findings]
    assert owed <= set(came.values()), f"lost: {sorted(owed - set(came.values()))}, told: {told}"
    assert len(came) == len(set(came.values())), "one record under two names"
    with opened(directory) as store:
        assert not store.state().findings
    return told


def test_what_was_acknowledged_is_there_when_the_power_goes(strace: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{CHILD.parent}"}
    directory, left = tmp_path / "s", tmp_path / "left"
    lots = random.Random(11)
    owed: set[str] = set()
    for life in range(3):
        disk = Disk(directory)
        command = [sys.executable, "-B", str(CHILD), str(directory), f"{life}", "0", str(tmp_path / "delivered"), "40"]
        calls = recorded(command, tmp_path / "trace", environment)
        points = sorted(lots.sample(range(len(calls)), POINTS))
        for number, call in enumerate(calls[: points[-1] + 1]):
            if number in points:
                disk.left(lots, left)
                _hold_against(left, owed | _owed(disk.printed))
            disk.play(call)
        disk.left(lots, left)
        owed |= _owed(disk.printed)
        shutil.rmtree(directory)
        shutil.copytree(left, directory)
        directory.chmod(0o700)
    assert len(owed) > 60
