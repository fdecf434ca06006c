"""Children of a nest, as the driver sees them: when they were ready, what they said, how they ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

NEST = Path(__file__).with_name("nest.py")
_AT_ONCE = 1 << 16


class Life:
    """One child, from its start to its end."""

    def __init__(self, pid: int, began: float, log: Path, *, cold: bool) -> None:
        self.pid = pid
        self.name = ""
        self.cold = cold
        self.log = log
        self.ready = trio.Event()
        self.ended = trio.Event()
        self.status: int | None = None
        self.killed = False
        self.start_seconds: float | None = None
        """From its birth to its being ready."""
        self.said = ""
        """What it said last."""
        self.heard = 0
        """How often it said that it heard of the collector."""
        self.word = trio.Event()
        """Another one after each word."""
        self._began = began

    def hear(self, line: str) -> None:
        if line.startswith("ready") and self.start_seconds is None:
            self.start_seconds = trio.current_time() - self._began
            self.ready.set()
        self.said = line
        self.heard += line.startswith("heard ")
        self.word.set()
        self.word = trio.Event()

    def end(self, status: int) -> None:
        self.status = status
        self.ended.set()
        self.ready.set()

    def send(self, number: signal.Signals) -> bool:
        """Send a signal, and say whether it was still alive."""
        if self.ended.is_set():
            return False
        self.killed = self.killed or number == signal.SIGKILL
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:  # its end is on its way to us
            return False
        return True

    async def kill(self) -> bool:
        """Kill it, and wait for its end; say whether it was still alive."""
        alive = self.send(signal.SIGKILL)
        await self.ended.wait()
        return alive

    async def stop(self, within: float) -> bool:
        """Ask it to end; say whether it did, and well."""
        self.send(signal.SIGTERM)
        with trio.move_on_after(within):
            await self.ended.wait()
            return self.status == 0
        await self.kill()
        return False


class Nest:
    """Made by ``open_nest``."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._lives: dict[int, Life] = {}
        self._hatching = trio.Lock()
        self._log = Path()
        self._began = 0.0
        self._cold = False
        self._send, self._hatched = trio.open_memory_channel[Life](1)

    async def hatch(
        self, arguments: dict[str, Any], log: Path, *, cold: bool = False, clock: Path | None = None
    ) -> Life:
        """Begin a life; ``cold`` as a process of its own from its first instruction on."""
        command = {"arguments": arguments, "log": str(log), "cold": cold, "clock": clock and str(clock)}
        async with self._hatching:
            self._log, self._cold, self._began = log, cold, trio.current_time()
            assert self._process.stdin is not None
            await self._process.stdin.send_all(json.dumps(command).encode() + b"\n")
            return await self._hatched.receive()

    async def listen(self) -> None:
        """Pass on what the children say, until the nest ends."""
        begun = b""
        assert self._process.stdout is not None
        while data := await self._process.stdout.receive_some(_AT_ONCE):
            *lines, begun = (begun + data).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))

    def _hear(self, told: dict[str, Any]) -> None:
        pid = told["pid"]
        if told.get("said") == "hatched":
            life = self._lives[pid] = Life(pid, self._began, self._log, cold=self._cold)
            self._send.send_nowait(life)
        elif "said" in told:
            self._lives[pid].hear(told["said"])
        else:
            self._lives.pop(pid).end(told["ended"])


@asynccontextmanager
async def open_nest(kind: str, clock_library: Path | None) -> AsyncIterator[Nest]:
    """A nest for children of one kind, which end with the block; with the library, their clocks may be set."""
    words = [sys.executable, str(NEST), kind]
    more = {} if clock_library is None else {"LD_PRELOAD": str(clock_library)}
    async with trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | more
        )
        nest = Nest(process)
        nursery.start_soon(nest.listen)
        try:
            yield nest
        finally:
            with trio.CancelScope(shield=True):
                assert process.stdin is not None
                await process.stdin.aclose()
                with trio.move_on_after(10):
                    await process.wait()
                if process.returncode is None:
                    process.kill()
            nursery.cancel_scope.cancel()
