"""A process that has imported everything, and forks children that are there to be killed: each starts in milliseconds.

    python nest.py agent|collector          commands on stdin, what children say on stdout, as lines of JSON
    python nest.py KIND ARGUMENTS           one child, alone, as the cold start that it is

A command is `{"arguments": …, "log": PATH, "cold": bool, "clock": PATH or null}`. An answer is `{"pid", "said"}`, one
for each line that a child wrote on its stdout, the first being `hatched`; or `{"pid", "ended"}` with its exit status.
When stdin ends, the children are killed.
"""

import ctypes
import faulthandler
import json
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

Main = Callable[[dict[str, Any]], int]
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_AT_ONCE = 1 << 16


def main_of(kind: str) -> Main:
    """What a child of that kind runs; with it all is imported that it needs."""
    main: Main = import_module(f"{kind}_child").main
    return main


class Nest:
    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._main = main_of(kind)
        self._selector = selectors.DefaultSelector()
        self._lines: dict[int, tuple[int, bytearray]] = {}  # pipe -> pid, what is no line yet
        self._libc = ctypes.CDLL(None, use_errno=True)

    def run(self) -> None:
        os.set_blocking(0, False)
        self._selector.register(0, selectors.EVENT_READ)
        commands = bytearray()
        while True:
            for key, _ in self._selector.select():
                data = os.read(key.fd, _AT_ONCE)
                if key.fd != 0:
                    self._heard(key.fd, data)
                elif data:
                    commands += data
                    while b"\n" in commands:
                        line, _, commands = commands.partition(b"\n")
                        self._hatch(json.loads(line))
                else:
                    self._end()
                    return

    def _hatch(self, command: dict[str, Any]) -> None:
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(ours)
                self._settle(theirs, command["log"])
                os._exit(self._live(command))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(70)
        os.close(theirs)
        self._lines[ours] = pid, bytearray()
        self._selector.register(ours, selectors.EVENT_READ)
        tell(pid, said="hatched")

    def _settle(self, out: int, log: str) -> None:
        """A child's own: nothing of the nest stays open but its stdout."""
        self._libc.prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        errors = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(errors, 2)
        faulthandler.enable()
        os.closerange(3, 1_024)

    def _live(self, command: dict[str, Any]) -> int:
        if command["clock"]:
            os.environ["PTSCAN_SOAK_CLOCK"] = command["clock"]
            self._libc.ptscan_soak_clock(command["clock"].encode())
        if command["cold"]:
            words = [sys.executable, __file__, self._kind, json.dumps(command["arguments"])]
            os.execv(words[0], words)
        try:
            return self._main(command["arguments"])
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def _heard(self, pipe: int, data: bytes) -> None:
        pid, begun = self._lines[pipe]
        begun += data
        while b"\n" in begun:
            line, _, rest = begun.partition(b"\n")
            begun[:] = rest
            tell(pid, said=line.decode(errors="replace"))
        if not data:
            self._selector.unregister(pipe)
            os.close(pipe)
            del self._lines[pipe]
            _, status = os.waitpid(pid, 0)
            tell(pid, ended=os.waitstatus_to_exitcode(status))

    def _end(self) -> None:
        for pid, _ in self._lines.values():
            os.kill(pid, signal.SIGKILL)
        for pid, _ in self._lines.values():
            os.waitpid(pid, 0)


def tell(pid: int, **what: object) -> None:
    line = json.dumps({"pid": pid} | what) + "\n"
    os.write(1, line.encode())


if __name__ == "__main__":
    if len(sys.argv) > 2:
        faulthandler.enable()
        sys.exit(main_of(sys.argv[1])(json.loads(sys.argv[2])))
    Nest(sys.argv[1]).run()
