"""A process that spools and ships until it is killed: says on stdout what was acknowledged to it, by its own ledger."""

import os
import sys
import time
from pathlib import Path

from spooling import AT, reply_to

from ptscan.agent import Bounds, Entry, SpoolError
from ptscan.agent.spool.errors import Damage
from ptscan.agent.spool.holding import hold_store


def main() -> None:
    directory, name, pause = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    delivered = os.open(sys.argv[4], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with hold_store(directory, bounds=Bounds(), wall_clock=time.time) as store:
        for number in range(int(sys.argv[5])):
            body = f"{name}-{number} ".encode() + bytes(number % 7 * 900)
            try:
                (numbers,) = store.put([[Entry("reading", AT, body)]])
            except (SpoolError, Damage) as error:
                print(f"refused {name}-{number} {type(error).__name__}", flush=True)
                continue
            print(f"put {name}-{number}" if isinstance(numbers, range) else f"refused {name}-{number}", flush=True)
            if number % 5 == 4:
                batch = store.lease(1 << 20, 3, 0.0)
                if batch:
                    for record in batch.records:
                        line = f"{batch.epoch} {record.sequence} {record.body.split()[0].decode()}\n"
                        os.write(delivered, line.encode())
                    try:
                        store.settle(reply_to(batch), 0.0)
                    except SpoolError:
                        store.release()
            time.sleep(pause)


main()
