"""Fills the disk that a spool is on, and makes room again: says at each step whether the spool kept its promise."""

import sys
import time
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


main()
