"""Two networks of our own, joined by one wire on which every packet is seen; nothing leads out of them.

The namespaces have no names: processes hold them, and they are gone when those end, whatever becomes of the tests. So
they collide with nobody's. In the near one runs what is tested; the far one takes all of 10.64.0.0/10 for its own
addresses.
"""

import ctypes
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple

from captures import Capture, Traffic
from hosts import PORT, Behaviour, Hosts

NETWORK: Final = "10.64.0.0/10"
NEAR: Final = "10.63.0.1"
FAR: Final = "10.63.0.2"
PTSCAN: Final = (sys.executable, "-c", "import sys; from ptscan.cli import main; sys.exit(main())")

_PATIENCE: Final = 120.0
_CLONE_NEWNET: Final = 0x4000_0000
_NO_IPV6: Final = "for each in all default; do echo 1 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; done 2> /dev/null"


def absent() -> str | None:
    """Say why no networks of our own can be had here; None where they can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    for program, package in (("unshare", "util-linux"), ("nsenter", "util-linux"), ("ip", "iproute2")):
        if shutil.which(program) is None:
            return f"{program} is absent: install {package}"
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return "a network namespace needs root"
    return None


def pressure() -> float:
    """Seconds since the start of this machine in which anything was ready to run and had to wait for a core."""
    try:
        with open("/proc/pressure/cpu") as file:
            return int(file.readline().rpartition("total=")[2]) / 1e6
    except OSError:
        return time.monotonic()  # it does not tell: it may have been so all the time


class Namespace:
    """A network of its own, held by a process until it is closed, or its owner is no more."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", f"{_NO_IPV6}; echo; exec cat > /dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"\n"
        self.pid: Final = self._holder.pid
        self.within: Final = ("nsenter", "-t", str(self.pid), "-n")
        """The words before a command that runs in it."""

    def ip(self, *commands: str) -> None:
        """Run commands of iproute2 in it."""
        lines = "".join(f"{command}\n" for command in commands)
        subprocess.run([*self.within, "ip", "-batch", "-"], input=lines, text=True, check=True, stdout=subprocess.PIPE)

    def run(self, *command: str) -> str:
        """Run a command in it; give what it printed."""
        return subprocess.run([*self.within, *command], check=True, stdout=subprocess.PIPE, text=True).stdout

    def set(self, name: str, value: int) -> None:
        """Set a switch of its network in ``/proc/sys/net``."""
        self.run("sh", "-c", f"echo {value} > /proc/sys/net/{name}")

    def socket(self, *kind: int) -> socket.socket:
        """Open a socket in it: a thread goes there and does not come back."""
        opened: list[socket.socket] = []

        def enter() -> None:
            with open(f"/proc/{self.pid}/ns/net") as there:
                if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), _CLONE_NEWNET) == 0:
                    opened.append(socket.socket(*kind))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return opened[0]

    def close(self) -> None:
        """Let go of it."""
        self._holder.communicate()


class Done(NamedTuple):
    """How a run of ptscan ended, what it said, and how many seconds it was ready to run and the machine was not."""

    status: int
    out: list[str]
    err: list[str]
    held_up: float


class Run:
    """ptscan, running."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._files = ExitStack()
        self._out: IO[str] = self._files.enter_context(TemporaryFile("w+"))  # noqa: SIM115 - the stack closes it
        self._err: IO[str] = self._files.enter_context(TemporaryFile("w+"))  # noqa: SIM115
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
        )

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def held_up(self) -> float:
        """Seconds so far in which it was ready to run, and no core was."""
        with open(f"/proc/{self._process.pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9

    def end(self) -> Done:
        """Wait for its end."""
        end = os.pidfd_open(self._process.pid)
        try:
            assert select.select([end], [], [], _PATIENCE)[0], f"it has not ended within {_PATIENCE} s"
        finally:
            os.close(end)
        held_up = self.held_up()
        status = self._process.wait()
        for file in (self._out, self._err):
            file.seek(0)
        return Done(status, self._out.read().splitlines(), self._err.read().splitlines(), held_up)

    def close(self) -> None:
        """End it, if it runs, and forget what it said."""
        self._process.kill()
        self._process.wait()
        self._files.close()


class Wire:
    """The two namespaces, joined by the interface ``wire`` of each; hosts of 10.64.0.0/10 lie behind the far end."""

    def __init__(self, near: Namespace, far: Namespace, capture: Capture, stack: ExitStack) -> None:
        self.near = near
        self.far = far
        self.capture = capture
        self._stack = stack

    def put_behind_a_router(self) -> Namespace:
        """Move the hosts into a namespace behind the far one, over its interface ``on``; give the far one, a router."""
        router, hosts = self.far, Namespace()
        self._stack.callback(hosts.close)
        router.set("ipv4/ip_forward", 1)
        router.ip(
            f"link add on type veth peer name wire netns {hosts.pid}",
            "addr add 10.63.0.5/30 dev on",
            "link set on up",
            f"route del local {NETWORK} dev lo",
            f"route add {NETWORK} via 10.63.0.6",
        )
        hosts.ip(
            "addr add 10.63.0.6/30 dev wire",
            "link set wire up",
            "link set lo up",
            f"route add local {NETWORK} dev lo",
            "route add 10.63.0.0/30 via 10.63.0.5",
        )
        self.far = hosts
        return router

    def answer(self, behave: Behaviour) -> None:
        """Let all hosts behave like this from now on."""
        hosts = Hosts(self.far.socket(socket.AF_INET, socket.SOCK_DGRAM), behave)
        self._stack.callback(hosts.close)

    def start(self, *arguments: str, before: Sequence[str] = ()) -> Run:
        """Start ptscan in the near namespace, behind the words ``before`` its command."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PTSCAN_")}
        run = Run([*self.near.within, *before, *PTSCAN, *arguments], environment)
        self._stack.callback(run.close)
        return run

    def run(self, *arguments: str, before: Sequence[str] = ()) -> Done:
        """Run ptscan to its end."""
        return self.start(*arguments, before=before).end()

    def traffic(self) -> Traffic:
        """Give what passed so far."""
        return Traffic(self.capture.packets(), PORT)


@contextmanager
def joined(*, slots: int, octets: int) -> Iterator[Wire]:
    """Make two namespaces and the wire between them; up to ``slots`` frames on it are kept, ``octets`` of each."""
    with ExitStack() as stack:
        near, far = Namespace(), Namespace()
        stack.callback(far.close)
        stack.callback(near.close)
        near.ip(
            f"link add wire type veth peer name wire netns {far.pid}",
            f"addr add {NEAR}/30 dev wire",
            "link set wire up",
            "link set lo up",
        )
        far.ip(f"addr add {FAR}/30 dev wire", "link set wire up", "link set lo up", f"route add local {NETWORK} dev lo")
        near.ip(f"route add {NETWORK} via {FAR}")
        for namespace in (near, far):
            assert not namespace.run("ip", "route", "show", "default"), "nothing may lead out"
        capture = Capture(far.socket(socket.AF_PACKET, socket.SOCK_RAW, 0), "wire", slots=slots, octets=octets)
        stack.callback(capture.close)
        yield Wire(near, far, capture, stack)
