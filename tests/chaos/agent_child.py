"""An agent as it runs, and beside it what takes the place of its rounds: a feeder of readings that are all different.

It says `ready` when it runs, `heard AT` when the collector welcomed it, and while it is asked to pause, `waits N`: how
many records wait in its spool.
"""

import random
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio
from ledger import Ledger

from proto_schema import READING, Identity, Reading, encode
from ptscan.agent import Agent, Entry, SpoolError, enrol, load_agent_config, parse_place, run_agent
from ptscan.errors import PtscanError
from ptscan.link import Trouble

FEEDERS = 3
"""At once, so that puts share transactions."""
GROUPS = (1, 1, 1, 2, 5, 20)
DEVICES = 40
_AT = "2026-11-21T06:00:00Z"
_PATIENCE = 0.05  # seconds before a put that was refused is followed by another


class Feeder:
    """Puts readings, and writes into the ledger what it means and what it was told."""

    def __init__(self, arguments: dict[str, Any], running: Agent, pen: Ledger) -> None:
        self._spool = running.spool
        self._connection = running.connection
        self._pen = pen
        self._life = arguments["life"]
        self._every = FEEDERS / arguments["puts_per_second"]
        self._paused = Path(arguments["paused"])
        self._lots = random.Random(f"{arguments['seed']} {self._life}")
        self._count = 0
        self._putting = 0

    async def run(self) -> None:
        while True:
            if self._paused.exists():
                await trio.sleep(_PATIENCE)
                continue
            group = [self._next() for _ in range(self._lots.choice(GROUPS))]
            names = [name for name, _ in group]
            self._pen.intend((name, entry.body) for name, entry in group)
            self._putting += 1
            try:
                numbers = await self._spool.put([entry for _, entry in group])
            except SpoolError as error:
                self._pen.refused(names, type(error).__name__)
                await trio.sleep(_PATIENCE)
            else:
                self._pen.spooled(zip(names, numbers, strict=True))
            finally:
                self._putting -= 1
            await trio.sleep(self._lots.expovariate(1 / self._every))

    async def tell(self) -> None:
        """Say when the collector was heard of, and what waits while there is a pause."""
        heard_at = None
        while True:
            if heard_at != (heard_at := self._connection.heard_at):
                print(f"heard {heard_at}", flush=True)
            if self._paused.exists() and not self._putting:
                with suppress(SpoolError):
                    state = await self._spool.state()
                    print(f"waits {state.waiting_records}", flush=True)
            await trio.sleep(_PATIENCE)

    def _next(self) -> tuple[str, Entry]:
        self._count += 1
        name = f"{self._life}-{self._count}"
        device = f"device-{self._lots.randrange(DEVICES)}"
        filling = "x" * int(10 ** self._lots.uniform(0, 3.6 if self._count % 50 else 4.6))
        reading = Reading(
            device_id=device, address="127.0.0.1", port=161, time=_AT,
            identity=Identity(asset=name, description=filling), meters={"total": self._count},
        )  # fmt: skip
        return name, Entry(READING, _AT, encode(reading), device)


async def live(arguments: dict[str, Any]) -> None:
    """Run until a signal comes."""
    folder = Path(arguments["folder"])
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            running = await nursery.start(partial(run_agent, load_agent_config(folder), report=_tell))
            feeder = Feeder(arguments, running, Ledger(Path(arguments["ledger"])))
            print("ready", flush=True)
            async with trio.open_nursery() as feeding:
                for _ in range(FEEDERS):
                    feeding.start_soon(feeder.run)
                feeding.start_soon(feeder.tell)
                await anext(signals)
                feeding.cancel_scope.cancel()
            nursery.cancel_scope.cancel()


def _tell(trouble: Trouble) -> None:
    print(f"{time.time():.3f} {trouble.kind} {trouble.address} {trouble.text}", file=sys.stderr, flush=True)


async def enrol_at(arguments: dict[str, Any]) -> None:
    """Become an agent of a collector."""
    place = parse_place(arguments["address"])
    await enrol(Path(arguments["folder"]), place, arguments["token"], name="soak", proxy=None, report=_tell)


def main(arguments: dict[str, Any]) -> int:
    status = 0
    try:
        trio.run(enrol_at if "token" in arguments else live, arguments)
    except* PtscanError as group:  # as the verb says it
        print(f"ptscan: {group.exceptions[0]}", file=sys.stderr)
        status = 1
    return status
