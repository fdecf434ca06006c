"""Fills the disk that a spool is on, and makes room again: says at each step whether the spool kept its promise."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from spooling import AT, reply_to

from ptscan.agent import Bounds, Entry, SpoolError, SpoolFullError
from ptscan.agent.spool.holding import hold_store


def main() -> None:
    directory = Path(sys.argv[1])
    ballast = directory.with_name("ballast")
    ballast.write_bytes(bytes(1_000_000))
    taken = shipped = refused = 0
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        while refused < 20 and taken < 5_000:
            try:
                (numbers,) = store.put([[Entry("reading", AT, bytes(1_000))]])
                assert isinstance(numbers, range)
                taken += 1
            except SpoolError as error:
                refused += "make room" in str(error)
        print("refused" if refused == 20 and taken > 100 else f"taken {taken}")
        while batch := store.lease(1 << 20, 50, 0.0):
            shipped += len(batch.records)
            try:
                store.settle(reply_to(batch), 0.0)
            except SpoolError:
                continue
        print("shipped" if shipped == taken else f"shipped {shipped} of {taken}")
        ballast.unlink()
        store.release()
        (numbers,) = store.put([[Entry("reading", AT, bytes(1_000))]])
        print("taken")
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        assert not store.state().findings, store.state()
        print("whole")
    full_and_killed(directory)


def full_and_killed(directory: Path) -> None:
    """The disk is full, the process is killed: the next one hands all of it out, and settles it when there is room."""
    ballast = directory.with_name("ballast")
    ballast.write_bytes(bytes(1_000_000))
    if not (child := os.fork()):
        refused = 0
        with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
            while refused < 5:
                try:
                    store.put([[Entry("reading", AT, bytes(1_000))]])
                except SpoolError:
                    refused += 1
            os._exit(store.state().waiting_records % 251)
    waiting = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        state = store.state()
        assert state.waiting_records % 251 == waiting
        assert not state.findings, state
        out = 0
        while batch := store.lease(1 << 20, 50, 0.0):
            out += len(batch.records)
            with suppress(SpoolError):
                store.settle(reply_to(batch), 0.0)
        print("out" if out == state.waiting_records else f"out {out} of {state}")
        ballast.unlink()
        store.release()
        while batch := store.lease(1 << 20, 50, 0.0):
            store.settle(reply_to(batch), 0.0)
        store.put([[Entry("reading", AT, bytes(1_000))]])
        print("settled" if store.state().waiting_records == 1 else store.state())
    damaged_without_room(directory)
    shutil.rmtree(directory)
    resize(directory, 8)
    damaged_and_full(directory, ballast)


def damaged_and_full(directory: Path, ballast: Path) -> None:
    """Damage after damage, and the disk is full of what was set aside: it starts all the same, and has its records."""
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        for _ in range(15):
            store.put([[Entry("reading", AT, bytes(60_000))]])
    waits = []
    for number in range(4):
        damage(directory)
        if number == 3:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4_096))
        with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
            state = store.state()
            assert "damaged" in [finding.code for finding in state.findings], state
            waits.append(state.waiting_records)
    print("mended" if waits == [15] * 4 else waits)


def damaged_without_room(directory: Path) -> None:
    """Damage, and no room to mend it: it is refused until there is, and nothing is lost by trying."""
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        for _ in range(15):
            store.put([[Entry("reading", AT, bytes(60_000))]])
        before = store.state()
    damage(directory)
    for _ in range(2):
        with suppress(SpoolFullError), hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
            print("opened", store.state())
    resize(directory, 32)
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        after = store.state()
    whole = (after.waiting_records, after.kept_octets) == (before.waiting_records, before.kept_octets)
    print("kept" if whole else (before, after))


def resize(directory: Path, mebioctets: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={mebioctets}m", str(directory.parent)], check=True)


def damage(directory: Path) -> None:
    records = bytearray((directory / "spool.db").read_bytes())
    records[records.index(b"CREATE TABLE")] ^= 1
    (directory / "spool.db").write_bytes(records)


main()
