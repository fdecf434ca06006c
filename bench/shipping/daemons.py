"""The real thing: `ptscan collector run` and `ptscan agent run`, each a process of its own, looked at from outside."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import trio
from harness import TurnError

from proto_schema import READING, encode
from ptscan.agent import Entry, open_spool
from shipping.payload import AT, PTSCAN, readings

_GROUP: Final = 500
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Daemon(NamedTuple):
    """A daemon that is ready: its process, and where it listens for its peer and for who looks at it."""

    process: "subprocess.Popen[str]"
    port: int
    page: str

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        """Resident memory now, in MB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise TurnError("the daemon has ended")

    def status(self) -> dict[str, object]:
        """What an agent's page says."""
        with urllib.request.urlopen(f"{self.page}/status.json", timeout=10) as answer:  # its own page, on loopback
            found: dict[str, object] = json.load(answer)
            return found


@contextmanager
def collecting(folder: Path, database: str = "") -> Iterator[Daemon]:
    """Make a collector in ``folder`` and run it."""
    place = ("--folder", folder)
    options = ("--name", "127.0.0.1", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0")
    _done("collector", "init", *place, *options, *(("--database", database) if database else ()))
    with _running("collector", "run", *place) as daemon:
        yield daemon


def enrolled(folder: Path, collector: Path, port: int) -> str:
    """Make an agent in ``folder`` that asks nothing by itself; its id."""
    token = _done("collector", "token", "create", "--entity", "bench", "--folder", collector)
    _done("agent", "enrol", f"127.0.0.1:{port}", "--folder", folder, environment={"PTSCAN_TOKEN": token.strip()})
    return str(json.loads((folder / "collector.json").read_text())["agent_id"])


def send_job(collector: Path, agent_id: str, targets: str) -> None:
    """Have an agent scan."""
    _done("collector", "job", "send", agent_id, "scan", targets, "--folder", collector)


def write_settings(folder: Path, text: str = "") -> None:
    """What the agent may do: nothing, unless ``text`` says so."""
    path = folder / "agent.toml"
    path.write_text(f'{text}\n[page]\nlisten = "127.0.0.1:0"\n')
    path.chmod(0o600)


@contextmanager
def agent_running(folder: Path) -> Iterator[Daemon]:
    """Run the agent in ``folder``."""
    with _running("agent", "run", "--folder", folder) as daemon:
        yield daemon


def fill(folder: Path, source: Path, count: int) -> None:
    """Put ``count`` readings into the spool of the agent in ``folder``, which does not run."""

    async def put() -> None:
        async with open_spool(folder / "spool") as spool:
            group: list[Entry] = []
            for number, reading in enumerate(readings(source, count), 1):
                group.append(Entry(READING, AT, encode(reading), reading.device_id))
                if len(group) == _GROUP or number == count:
                    await spool.put(group)
                    group.clear()

    trio.run(put)


def wait_until_stored(agent: Daemon, count: int, *, seconds: float) -> tuple[float, int]:
    """Wait until the collector has stored ``count`` records; seconds since the first were, and how many these were."""
    began, first = 0.0, 0
    until = time.perf_counter() + seconds
    while (now := time.perf_counter()) < until:
        stored = agent.status()["stored"]
        if not isinstance(stored, int):
            raise TurnError("the agent does not say what is stored")
        if stored and not first:
            began, first = now, stored
        if stored >= count:
            return now - began, first
        time.sleep(0.02)
    raise TurnError(f"not all of {count} records were stored in {seconds:.0f} s")


def wait_until_swept(agent: Daemon, *, seconds: float) -> None:
    """Wait until an agent's round is over, and what it read is stored."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        status = agent.status()
        spool = status["spool"]
        if status["swept_at"] and isinstance(spool, dict) and not spool["records"]:
            return
        time.sleep(0.5)
    raise TurnError(f"a round was not over after {seconds:.0f} s")


@contextmanager
def _running(*words: str | Path) -> Iterator[Daemon]:
    process = subprocess.Popen([PTSCAN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready.startswith("ready:"):
            raise TurnError(f"{words[0]} does not run: {process.communicate()[1].strip()[-300:]}")
        page = next((word for word in ready.split() if word.startswith("http://")), "").rstrip("/")
        address = next(word for word in ready.replace(",", " ").split() if word.startswith("127.0.0.1:"))
        yield Daemon(process, int(address.rpartition(":")[2]), page)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _done(*words: str | Path, environment: dict[str, str] | None = None) -> str:
    command = [str(PTSCAN), *map(str, words)]
    run = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=60, check=False
    )
    if run.returncode:
        raise TurnError(f"{' '.join(map(str, words[:3]))}: {run.stderr.strip()}")
    return run.stdout
