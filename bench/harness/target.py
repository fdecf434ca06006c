"""What is swept: the C responder on a whole network, or the Python simulator where there is no C compiler."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

import msgspec

from harness.process import TurnError
from harness.rivals import BENCH, program
from harness.rounds import Absent

REFERENCE: Final = BENCH / "reference"
BUILT: Final = BENCH / ".build"
SOURCES: Final = {"responder": ("responder.c", "agent.c", "usm.c", "crypto.c"), "sweep": ("sweep.c",)}
FLAGS: Final = ("-D_GNU_SOURCE", "-std=gnu11", "-O2", "-Wall", "-Wextra")


class Counters(msgspec.Struct, frozen=True):
    """What the responder counted since it was last asked; ``seconds`` from the first request to the last."""

    received: int
    sent: int
    silent: int
    lost_requests: int
    lost_answers: int
    dropped_by_link: int
    refused: int
    overflow: int
    unsent: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of devices: who is there, and how bad the way to them is; shares are of 10,000.

    ``rate`` is what the link carries in packets a second with ``queue`` packets in front of it (0: no link),
    ``latency_ms`` comes on top, ``loss`` takes requests as well as answers. ``user`` is whom they answer over SNMPv3
    besides: a name, and the passwords for SHA-256 and AES-128.
    """

    addresses: str
    port: int
    density: int = 10_000
    loss: int = 0
    rate: int = 0
    queue: int = 200
    latency_ms: int = 0
    user: tuple[str, str, str] | None = None

    @property
    def base(self) -> int:
        """Its first address, as a number."""
        return int(IPv4Network(self.addresses).network_address)

    @property
    def count(self) -> int:
        """How many addresses it has; all of them are swept, its edges too."""
        return IPv4Network(self.addresses).num_addresses


@dataclass(frozen=True, slots=True)
class Place:
    """A network and what a command begins with: ``near`` of those who sweep it, ``far`` of who plays it."""

    network: Network
    near: tuple[str, ...] = ()
    far: tuple[str, ...] = ()

    @contextmanager
    def played(self, *, seed: int = 1) -> Iterator["Target"]:
        """Play it by the C responder, afresh; ``seed`` decides what is lost."""
        network = self.network
        options = {
            "-n": network.addresses,
            "-p": network.port,
            "-d": network.density,
            "-l": network.loss,
            "-r": network.rate,
            "-q": network.queue,
            "-L": network.latency_ms,
            "-s": seed,
            **dict(zip(("-u", "-A", "-X"), network.user or (), strict=False)),
        }
        arguments = [str(part) for option in options.items() for part in option]
        command = [*self.far, str(BUILT / "responder"), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stdout is not None
        try:
            if not process.stdout.readline().startswith("listening"):
                raise TurnError(f"the responder did not come up on port {network.port}")
            yield Target(self, process)
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


class Target:
    """A place that is played right now."""

    def __init__(self, place: Place, process: "subprocess.Popen[str]") -> None:
        self.network = place.network
        self.within = place.near
        self._process = process

    @property
    def answering(self) -> frozenset[int]:
        """The addresses that answer."""
        return _answering(self.network)

    def counters(self) -> Counters:
        """Take what was counted since the last time."""
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGUSR1)
        return msgspec.json.decode(self._process.stdout.readline(), type=Counters)


@cache
def _answering(network: Network) -> frozenset[int]:
    base = network.base
    return frozenset(base + at for at in range(network.count) if answers(base + at, network.density))


def answers(address: int, density: int) -> bool:
    """Whether the responder answers for an address: the same hash as in responder.c."""
    mixed = address * 0x9E3779B1 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x85EBCA77 & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) * 10_000 >> 32 < density


def build(folder: Path = BUILT, *flags: str) -> Absent | None:
    """Compile the reference programs into ``folder`` where that is not done yet; say why not where it can't be."""
    compiler = next((found for name in ("gcc", "cc") if isinstance(found := program(name), Path)), None)
    if compiler is None:
        return Absent("C limit", "no C compiler (apt-get install gcc libc6-dev)")
    folder.mkdir(exist_ok=True)
    newest = max(path.stat().st_mtime for path in REFERENCE.iterdir())
    for name, sources in SOURCES.items():
        made, half_made = folder / name, folder / f"{name}.{os.getpid()}"
        if made.exists() and made.stat().st_mtime >= newest:
            continue
        command = [compiler, *FLAGS, *flags, *(REFERENCE / source for source in sources), "-o", half_made]
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if run.returncode:
            return Absent("C limit", f"bench/reference does not compile here: {run.stderr.strip().splitlines()[0]}")
        half_made.replace(made)  # at once: another process may be running or making it
    return None
