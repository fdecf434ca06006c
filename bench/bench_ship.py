"""From spool to store: an agent and a collector beside grpcio, and a thousand agents at once.

python bench/bench_ship.py [--rounds N] [--seconds S] [--out FILE]
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio
from harness import Absent, Bench, Case, Column, Contestant, Sample, TurnError, child, main, package_version
from harness.report import ROOT
from shipping import authority, bare, crowd, theirs
from shipping.daemons import (
    agent_running,
    collecting,
    enrolled,
    fill,
    send_job,
    wait_until_stored,
    wait_until_swept,
    write_settings,
)
from shipping.payload import DEVICES, PTSCAN, batches, make_readings, readings

from proto_schema import encode

sys.path.append(str(ROOT / "tests" / "collector"))
from servers import AbsentError, new_database, running_server

READINGS: Final = 20_000
AGENTS: Final = 1_000
PRINTERS: Final = 1_000
REST_SECONDS: Final = 20.0
REST_NETWORK: Final = "127.96.0.0/16"
REST_SPAN: Final = "127.96.0.1-127.96.4.254"
SHIPPED: Final = Case(
    "from spool to store, one agent",
    "readings/s",
    "more",
    (Column("collector CPU", "µs"), Column("agent CPU", "µs"), Column("collector", "MB"), Column("agent", "MB")),
)
CARRIED: Final = Case("the same batches over the wire alone, nothing stored", "readings/s", "more")
WIRE: Final = Case("on the wire, a reading in a batch", "octets", beside=(Column("before", "octets"),), plotted=False)
CROWD: Final = Case(
    "1,000 agents in sessions: the collector's memory",
    "MB",
    beside=(Column("CPU", "%"), Column("until all are welcome", "s")),
    plotted=False,
)
REST: Final = Case("an agent of 1,000 printers, at rest", "MB", beside=(Column("CPU", "%"),), plotted=False)
SQLITE: Final = "ptscan, SQLite"
POSTGRESQL: Final = "ptscan, PostgreSQL"
LINK: Final = "ptscan's link"
LINK_PLAIN: Final = "ptscan's link, no gzip"
GRPCIO: Final = "grpcio"
GRPCIO_GZIP: Final = "grpcio, gzip"
BENCH: Final = Bench(
    "ship",
    "Shipping",
    f"Readings as the reader gives them, of a made-up fleet of {DEVICES} models' devices, six kilooctets each, from an "
    "agent's spool into a collector's store over mTLS on loopback, both by their own commands; each reading is durable "
    "at one end and committed at the other. Below, the same batches without either: by our link and by grpcio, generic "
    "stubs with MessagePack, each end decoding what it gets. Per reading where it says CPU.",
    (SHIPPED, CARRIED, WIRE, CROWD, REST),
    ours=SQLITE,
)


def turn(name: str) -> Mapping[str, float | Sample]:
    """One contestant's go, in a process of its own."""
    with TemporaryDirectory(prefix="ptscan-bench-") as made:
        folder = Path(made)
        source = folder / "readings.jsonl"
        make_readings(source)
        return _TURNS[name](folder, source)


def _sqlite(folder: Path, source: Path) -> Mapping[str, float | Sample]:
    shipped = _ship(folder, source, "")
    return {**shipped, **_wire(source), **_crowded(folder), **_at_rest(folder)}


def _postgresql(folder: Path, source: Path) -> Mapping[str, float | Sample]:
    try:
        with running_server("fsync=on", "shared_buffers=128MB") as server, new_database(server) as url:
            return _ship(folder, source, url)
    except AbsentError as absent:
        raise TurnError(str(absent)) from absent


def _ship(folder: Path, source: Path, database: str) -> Mapping[str, float | Sample]:
    agent, collector = folder / "agent", folder / "collector"
    with collecting(collector, database) as serving:
        enrolled(agent, collector, serving.port)
        write_settings(agent)
        fill(agent, source, READINGS)
        before = serving.cpu()
        with agent_running(agent) as sending:
            began = sending.cpu()
            seconds, first = wait_until_stored(sending, READINGS, seconds=240)
            beside = {
                "collector CPU": (serving.cpu() - before) / READINGS * 1e6,
                "agent CPU": (sending.cpu() - began) / READINGS * 1e6,
                "collector": serving.resident_mb(),
                "agent": sending.resident_mb(),
            }
    return {SHIPPED.name: Sample((READINGS - first) / seconds, beside)}


def _wire(source: Path) -> Mapping[str, float | Sample]:
    from ptscan.link.framing import frame  # what goes out for a message, and nothing else of the link

    framed = [frame(octets, compress=True) for octets in batches(source, 2_000)]
    packed = sum(len(prefix) + len(body) for prefix, body in framed) / 2_000
    plain = sum(len(encode(reading)) for reading in readings(source, 2_000)) / 2_000
    return {WIRE.name: Sample(packed, {"before": plain})}


def _crowded(folder: Path) -> Mapping[str, float | Sample]:
    """A thousand sessions, held by a process of their own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * AGENTS:
        raise TurnError(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * AGENTS, hard))
    collector, people = folder / "collector-of-many", folder / "crowd"
    with collecting(collector) as serving:
        crowd.make_agents(people, collector, AGENTS)
        command = [sys.executable, __file__, "--crowd", str(people), str(collector), str(serving.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meeting:
            assert meeting.stdout is not None
            took = meeting.stdout.readline()
            if not took:
                raise TurnError("not all of the agents were welcome")
            before, began = serving.cpu(), time.perf_counter()
            time.sleep(REST_SECONDS)
            share = (serving.cpu() - before) / (time.perf_counter() - began)
            resident = serving.resident_mb()
            meeting.terminate()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {CROWD.name: Sample(resident, {"CPU": share, "until all are welcome": float(took)})}


def _at_rest(folder: Path) -> Mapping[str, float | Sample]:
    """An agent that has read a thousand printers, and has nothing to do until the next round."""
    agent, collector = folder / "agent-at-rest", folder / "collector-at-rest"
    fleet: list[str | Path] = [
        PTSCAN,
        "sim",
        "--fleet",
        str(PRINTERS),
        "--network",
        REST_NETWORK,
        "--port",
        "0",
        "--quiet",
    ]
    with subprocess.Popen(fleet, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        port = simulator.stdout.readline().rsplit(" ", 1)[-1].strip()
        try:
            with collecting(collector) as serving:
                agent_id = enrolled(agent, collector, serving.port)
                write_settings(agent, f'targets = ["{REST_SPAN}"]\nrate = 25000\n[snmp]\nport = {port}')
                with agent_running(agent) as resting:
                    send_job(collector, agent_id, REST_SPAN)
                    wait_until_swept(resting, seconds=200)
                    time.sleep(2)  # what is spooled goes out
                    before, began = resting.cpu(), time.perf_counter()
                    time.sleep(REST_SECONDS)
                    share = (resting.cpu() - before) / (time.perf_counter() - began)
                    return {REST.name: Sample(resting.resident_mb(), {"CPU": share})}
        finally:
            simulator.terminate()


def _bare(folder: Path, source: Path, *, compress: bool) -> Mapping[str, float | Sample]:
    authority.found(folder)
    with _server("bare", folder) as port:
        return {CARRIED.name: READINGS / trio.run(partial(_sent, folder, port, source, compress))}


async def _sent(folder: Path, port: int, source: Path, compress: bool) -> float:
    return await bare.send(folder, port, batches(source, READINGS), compress=compress)


def _grpcio(folder: Path, source: Path, *, compress: bool) -> Mapping[str, float | Sample]:
    authority.found(folder)
    with _server("theirs", folder) as port:
        return {CARRIED.name: READINGS / theirs.send(folder, port, batches(source, READINGS), compress=compress)}


@contextmanager
def _server(end: str, folder: Path) -> Iterator[int]:
    command = [sys.executable, __file__, "--serve", end, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


_TURNS: Final[dict[str, Callable[[Path, Path], Mapping[str, float | Sample]]]] = {
    SQLITE: _sqlite,
    POSTGRESQL: _postgresql,
    LINK: partial(_bare, compress=True),
    LINK_PLAIN: partial(_bare, compress=False),
    GRPCIO: partial(_grpcio, compress=False),
    GRPCIO_GZIP: partial(_grpcio, compress=True),
}


def contestants() -> Sequence[Contestant | Absent]:
    """Everybody, each turn in a process of its own."""
    versions = {name: package_version("grpcio" if name.startswith("grpcio") else "ptscan") for name in _TURNS}
    return [
        Contestant(name, versions[name], child([sys.executable, __file__, "--turn", name], limit=400))
        for name in _TURNS
    ]


def _side(words: Sequence[str]) -> int:
    """An end of a connection, in a process of its own."""
    match words:
        case ["--serve", "bare", folder]:
            trio.run(bare.serve, Path(folder))
        case ["--serve", "theirs", folder]:
            theirs.serve(Path(folder))
        case ["--crowd", people, collector, port]:
            told = partial(print, flush=True)
            trio.run(partial(crowd.meet, Path(people), Path(collector), int(port), AGENTS, seconds=300, told=told))
        case _:
            return 2
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] in (["--serve"], ["--crowd"]):
        sys.exit(_side(sys.argv[1:]))
    sys.exit(main(BENCH, contestants, turn=turn, rounds=3, seconds=240))
