"""Where there is no C compiler: `ptscan sim` as the target. It is slower than what sweeps it, and the tables say so."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from harness.process import TurnError
from harness.rounds import Absent
from harness.target import Counters, Network, Place, Target

NETWORK: Final = Network(addresses="127.90.0.0/20", port=19161)
DEVICES: Final = 4064  # the simulator leaves out what would be the edges of /24s
CAVEAT: Final = Absent(
    "C responder",
    f"no C compiler, so ptscan's simulator in Python plays {DEVICES:,} devices instead: it is the bottleneck, and what "
    "is faster than it can't be told apart",
)


class SimulatedPlace(Place):
    """A place that the simulator plays, every host of it."""

    @contextmanager
    def played(self, *, seed: int = 1) -> Iterator[Target]:
        """Play it; nothing is lost, so ``seed`` only makes up other devices."""
        with TemporaryDirectory(prefix="ptscan-bench-") as folder:
            known = Path(folder) / "map"
            options = {"--fleet": DEVICES, "--network": NETWORK.addresses, "--port": NETWORK.port, "--seed": seed}
            arguments = [str(part) for option in options.items() for part in option]
            simulator = [
                str(Path(sys.executable).with_name("ptscan")),
                "sim",
                *arguments,
                "--map",
                str(known),
                "--quiet",
            ]
            process = subprocess.Popen(simulator, stdout=subprocess.PIPE, text=True, start_new_session=True)
            assert process.stdout is not None
            try:
                if not process.stdout.readline().startswith("ready"):
                    raise TurnError("the simulator did not come up")
                yield _SimulatedTarget(self, process, known)
            finally:
                process.terminate()
                process.wait(10)
                process.stdout.close()


class _SimulatedTarget(Target):
    def __init__(self, place: Place, process: "subprocess.Popen[str]", known: Path) -> None:
        super().__init__(place, process)
        lines = known.read_text().splitlines()
        self._answering = frozenset(int(IPv4Address(line.split("\t")[0])) for line in lines)

    @property
    def answering(self) -> frozenset[int]:
        """The addresses that answer."""
        return self._answering

    def counters(self) -> Counters:
        """Nothing: the simulator counts for itself."""
        return Counters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
