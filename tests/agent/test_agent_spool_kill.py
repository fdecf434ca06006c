"""Killed at any moment, and on a disk that fails or is full: what was acknowledged is handed out, once, unaltered."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from spooling import killed, lease, opened, put, reply_to

CHILD = Path(__file__).with_name("spool_child.py")
ROOT = Path(__file__).resolve().parents[2]


def child(directory: Path, name: str, delivered: Path, *, pause: float = 0.0, puts: int = 10**9) -> list[str]:
    return [sys.executable, str(CHILD), str(directory), name, str(pause), str(delivered), str(puts)]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{CHILD.parent}"}


def hold_against(directory: Path, delivered: Path, acknowledged: set[str]) -> int:
    """Ship the rest; see that all that was acknowledged came once under one name. Return how many records came."""
    came: dict[tuple[str, int], str] = {}
    lines = [line.split() for line in delivered.read_text().splitlines()] if delivered.exists() else []
    with opened(directory) as store:
        while batch := lease(store, records=100):
            lines += [[batch.epoch, str(r.sequence), r.body.split()[0].decode()] for r in batch.records]
            store.settle(reply_to(batch), 0.0)
        assert not store.state().lost
    for epoch, sequence, body in lines:
        assert came.setdefault((epoch, int(sequence)), body) == body, "two records of one name"
    assert acknowledged <= set(came.values()), "something was lost"
    assert len(set(came.values())) == len(came), "one record under two names"
    return len(came)


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    lots = random.Random(6)
    directory, delivered = tmp_path / "s", tmp_path / "delivered"
    acknowledged: set[str] = set()
    for kill in range(20):
        process = subprocess.Popen(
            child(directory, str(kill), delivered), stdout=subprocess.PIPE, env=_environment(), text=True
        )
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(0.005 * 100 ** lots.random())  # 5 ms to 0.5 s of its work: it is killed, not waited for
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
        process.stdout.close()
        process.wait()
        acknowledged |= {line.split()[1] for line in lines if line.startswith("put ") and line.endswith("\n")}
    assert len(acknowledged) > 100
    hold_against(directory, delivered, acknowledged)


@pytest.fixture(scope="module")
def strace() -> str:
    """The path of a strace that may trace here."""
    found = shutil.which("strace")
    if not found or subprocess.run([found, "-qq", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is absent or may not trace: faults can't be injected into system calls")
    return found


@pytest.mark.parametrize(
    ("calls", "error"),
    [("fdatasync,fsync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync,fsync", "ENOSPC")],
)
@pytest.mark.parametrize("first", [9, 20, 33])
def test_nothing_is_acknowledged_that_the_disk_did_not_take(
    calls: str, error: str, first: int, strace: str, tmp_path: Path
) -> None:
    """From the n-th call on, two fail: the process goes on, and takes records again once the disk does."""
    directory, delivered = tmp_path / "s", tmp_path / "delivered"
    with opened(directory):
        pass
    inject = [strace, "-qq", "-f", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}"]
    inject += ["-e", f"inject={calls}:error={error}:when={first}..{first + 1}"]
    done = subprocess.run(
        [*inject, *child(directory, "x", delivered, puts=60)],
        capture_output=True,
        env=_environment(),
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.returncode, done.stderr
    words = [line.split() for line in done.stdout.splitlines()]
    assert "INJECTED" in (tmp_path / "trace").read_text()
    assert [word[0] for word in words][-1] == "put", "it takes records again"
    acknowledged = {word[1] for word in words if word[0] == "put"}
    assert len(acknowledged) >= 50
    came = hold_against(directory, delivered, acknowledged)
    assert came == len(acknowledged), "what was refused is not handed out"


@pytest.mark.parametrize("first", [1, 2, 4, 8])
@pytest.mark.parametrize("calls", ["fdatasync,fsync", "pwrite64"])
def test_a_damaged_log_outlives_a_disk_that_fails_while_it_is_mended(
    calls: str, first: int, strace: str, tmp_path: Path
) -> None:
    """Whether that process can open the spool or not, the next one has all of it."""
    directory, delivered = tmp_path / "s", tmp_path / "delivered"
    with opened(directory) as store:
        put(store, "old-0 " + "x" * 900)
        put(store, "old-1 " + "x" * 900)
        left = killed(directory, tmp_path / "left")
    octets = bytearray((left / "spool.db-wal").read_bytes())
    octets[8] ^= 1
    (left / "spool.db-wal").write_bytes(octets)
    inject = [strace, "-qq", "-f", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}"]
    inject += ["-e", f"inject={calls}:error=EIO:when={first}..{first + 1}"]
    done = subprocess.run(
        [*inject, *child(left, "x", delivered, puts=5)],
        capture_output=True,
        env=_environment(),
        text=True,
        check=False,
        timeout=60,
    )
    assert "INJECTED" in (tmp_path / "trace").read_text()
    assert not done.returncode or "the disk fails" in done.stderr, done.stderr
    words = [line.split() for line in done.stdout.splitlines()]
    hold_against(left, delivered, {"old-0", "old-1"} | {word[1] for word in words if word[0] == "put"})


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """On a file system of 8 MiB, in a mount namespace of its own."""
    mount = ["unshare", "--mount", "--map-root-user", "--user"] if os.geteuid() else ["unshare", "--mount"]
    script = (
        f"mount -t tmpfs -o size=8m,mode=700 tmpfs {tmp_path} || exit 77; cd {tmp_path}; "
        '"$@" full > /dev/shm/$$.out; code=$?; cat /dev/shm/$$.out; rm /dev/shm/$$.out; exit $code'
    )
    if not shutil.which("unshare"):
        pytest.skip("unshare is absent: no small file system can be made")
    filler = Path(__file__).with_name("spool_filler.py")
    done = subprocess.run(
        [*mount, "sh", "-c", script, "sh", sys.executable, str(filler), str(tmp_path / "s")],
        capture_output=True,
        env=_environment(),
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    assert not done.returncode, done.stderr
    assert done.stdout.split() == ["refused", "shipped", "taken", "whole", "out", "settled", "kept", "mended"]
