"""Two network namespaces joined by a veth pair: a network of devices behind a gateway that no packet ever leaves.

In one of them the tools run, in the other the responder answers for a whole block. Neither has a default route or any
interface but its own loopback and its end of the pair, so nothing can get out. Only root can make them.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from harness.process import TurnError
from harness.rivals import program
from harness.rounds import Absent

BLOCK: Final = "10.64.0.0/16"
NEAR: Final = "10.63.0.1"
FAR: Final = "10.63.0.2"


class Pair(NamedTuple):
    """How to get into both namespaces, and the way from the near one to the far one."""

    near: tuple[str, ...]
    far: tuple[str, ...]
    interface: str
    gateway: str

    @property
    def way(self) -> dict[str, str]:
        """The interface and the MAC address behind it, for tools that make their own frames."""
        return {"interface": self.interface, "gateway": self.gateway}


def available() -> Absent | None:
    """Say why no namespaces can be made here; None where they can."""
    if isinstance(tool := program("ip"), Absent):
        return tool
    if os.geteuid() != 0:
        return Absent("namespaces", "network namespaces need root")
    name = f"ptscan-{os.getpid()}-try"
    made = subprocess.run([tool, "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return Absent("namespaces", f"no network namespaces here: {made.stderr.strip()}")
    subprocess.run([tool, "netns", "del", name], check=True)
    return None


@contextmanager
def joined() -> Iterator[Pair]:
    """Make the pair of namespaces, check that nothing leads out of them, and take them away again in any case."""
    tool = str(program("ip"))
    near, far = (f"ptscan-{os.getpid()}-{side}" for side in ("near", "far"))
    device, other = f"pt{os.getpid()}n", f"pt{os.getpid()}f"

    def ip(*arguments: str) -> str:
        run = subprocess.run([tool, *arguments], capture_output=True, text=True)
        if run.returncode:
            raise TurnError(f"ip {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it unwinds as Ctrl-C does
    try:
        for name in (near, far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", device, "netns", near, "type", "veth", "peer", "name", other, "netns", far)
        ip("-n", near, "addr", "add", f"{NEAR}/30", "dev", device)
        ip("-n", far, "addr", "add", f"{FAR}/30", "dev", other)
        ip("-n", near, "link", "set", device, "up")
        ip("-n", far, "link", "set", other, "up")
        ip("-n", near, "route", "add", BLOCK, "via", FAR)
        ip("-n", far, "route", "add", "local", BLOCK, "dev", "lo")
        for name in (near, far):
            if ip("-n", name, "route", "show", "default").strip():
                raise TurnError(f"{name} has a default route: nothing may lead out of it")
        gateway = ip("netns", "exec", far, "cat", f"/sys/class/net/{other}/address").strip()
        yield Pair((tool, "netns", "exec", near), (tool, "netns", "exec", far), device, gateway)
    finally:
        for name in (near, far):  # the pair goes with them
            subprocess.run([tool, "netns", "del", name], capture_output=True)


@contextmanager
def trickle(pair: Pair) -> Iterator[None]:
    """A packet now and then towards the near side, as any real network has: masscan does not end on a silent one."""
    sender = Path(__file__).with_name("trickle.py")
    process = subprocess.Popen([*pair.far, sys.executable, str(sender), NEAR], start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
