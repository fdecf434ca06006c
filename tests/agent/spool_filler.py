"""Fills the disk that a spool is on, and makes room again: says at each step whether the spool kept its promise."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from spooling import AT, reply_to

from ptscan.agent import Bounds, Entry, SpoolError
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


main()
