"""``ptscan demo``: all of it on loopback, in one process: a fleet, a collector, an agent that enrols with it, rounds.

What is shown is what the agent counted and what the collector's database holds: the two never share a number.
"""

import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
import trio
from sqlalchemy import Connection

from ptscan.agent import Agent, enrol, load_agent_config, parse_place, run_agent
from ptscan.cli.collector_devices import devices
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.logs import open_log
from ptscan.cli.options import Option, Rounds, Seed, Showing, whole
from ptscan.cli.words import Words, counted
from ptscan.collector import (
    CollectorConfig,
    Counts,
    Running,
    Store,
    add_job,
    add_token,
    counts,
    ensure_entity,
    found_collector,
    list_jobs,
    new_token,
    open_authority,
    open_store,
    run_collector,
    token_digest,
)
from ptscan.errors import InputError, PtscanError
from ptscan.link import Report
from ptscan.simulator import FleetDevice, Playing, make_fleet, make_plan, run_simulator
from ptscan.tls import open_private_folder, write_private, write_token

T = TypeVar("T")

SEED: Final = 7
NETWORK: Final = "127.23.0.0/16"
MOST_PRINTERS: Final = 20_000
SPEED: Final = 3_600.0
"""An hour of a printer's life in a second: between two rounds its counters move."""
ENTITY: Final = "Demo dealer/North/First customer"
KIND_RATE: Final = 25_000
"""Packets a second, as a sweep that was told none."""
_LOOK_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 300.0
_PAGES: Final = "127.0.0.1:8080"


class Summary(msgspec.Struct, frozen=True):
    """What came of a demo."""

    printers: int
    """Devices that the collector knows."""
    readings_spooled: int
    """By the agent's count."""
    readings_stored: int
    """By the collector's database."""
    duplicates: int
    """Readings that are stored twice."""
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether everything that was spooled is stored, once."""
        return self.readings_stored == self.readings_spooled and not self.duplicates


class DemoError(PtscanError):
    """The demo did not come to its end."""


def demo(
    *,
    printers: Annotated[int, Option(whole("number of printers", 1, MOST_PRINTERS), metavar="N")] = 100,
    rounds: Rounds = 3,
    seed: Seed = SEED,
    network: Annotated[str, Option(metavar="CIDR")] = NETWORK,
    exit: Annotated[bool, Option(show_default=False)] = False,
    folder: Annotated[Path | None, Option(metavar="DIR", show_default=False)] = None,
    format: Annotated[Literal["table", "json"], Option(metavar="table|json")] = "table",
    quiet: Annotated[bool, Option(show_default=False)] = False,
) -> int:
    """Play all of it on loopback: a fleet, a collector, an agent that enrols and scans it.

    Parameters
    ----------
    printers
        How many printers to play; some switches and servers stand between them.
    rounds
        How often the agent scans them, an hour of their life apart or more.
    seed
        Play another fleet: the same number gives the same devices.
    network
        Loopback network that the devices live in.
    exit
        End after the last round. Without it all goes on until Ctrl-C, to be looked at.
    folder
        Where agent and collector keep what is theirs; it is left there. [default: a folder that goes with the demo]
    format
        json prints one object at the end.
    quiet
        No words on standard error.
    """
    words = Words(quiet=quiet)
    with _place(folder) as home, open_log(news=False) as report:
        shown = _Demo(_fleet(printers, seed), network, rounds, home, report, words)

        async def play() -> None:
            async with shown.playing():
                await shown.rounds()
                await trio.to_thread.run_sync(shown.show, format)
                if not exit:
                    await shown.go_on()

        interrupted = trio.run(until_interrupted, play)
        if shown.summary is None:
            words.complain("interrupted before its end" if interrupted else "it did not come to its end")
            return Exit.INTERRUPTED
        if folder is not None:
            words.say(f"agent and collector are left in {folder}")
    return Exit.DONE if shown.summary.is_whole else Exit.FAILED


class _Demo:
    """A fleet, a collector and an agent, and the rounds between them."""

    def __init__(
        self, fleet: Sequence[FleetDevice], network: str, rounds: int, home: Path, report: Report, words: Words
    ) -> None:
        self._plan = make_plan(fleet, network=network, port=0, speed=SPEED)
        self._rounds = rounds
        self._home = home
        self._report = report
        self._words = words
        self._began = time.monotonic()
        self._disk = trio.CapacityLimiter(1)
        self._store: Store
        self._agent: Agent
        self._agent_id = ""
        self.summary: Summary | None = None

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """All of it runs in the block, and ends behind it in the order in which it was begun, backwards."""
        async with trio.open_nursery() as nursery:
            playing: Playing = await nursery.start(run_simulator, self._plan)
            stations = self._plan.stations
            self._words.say(f"fleet: {len(stations)} devices at {stations[0].address} to {stations[-1].address}")
            async with trio.open_nursery() as serving:
                config = await trio.to_thread.run_sync(self._found)
                running: Running = await serving.start(partial(run_collector, config, report=self._report))
                pages = f", pages at http://127.0.0.1:{running.pages_port}/healthz" if running.pages_port else ""
                self._words.say(f"collector: agents at 127.0.0.1:{running.port}{pages}")
                with open_store(config.database, create=False) as self._store:
                    async with trio.open_nursery() as working:
                        await self._enrol(config, running.port, playing.port)
                        self._agent = await working.start(
                            partial(run_agent, load_agent_config(self._agent_folder), report=self._report)
                        )
                        yield
                        working.cancel_scope.cancel()
                serving.cancel_scope.cancel()
            nursery.cancel_scope.cancel()

    async def rounds(self) -> None:
        """Have the agent scan the fleet so many times, each time by a job, and see its readings stored."""
        for number in range(1, self._rounds + 1):
            said = await self._scan()
            self._words.say(f"round {number} of {self._rounds}: {said}")
        with trio.move_on_after(_PATIENCE_SECONDS):
            while True:
                if not (await self._agent.connection.health()).spool.records:
                    return
                await trio.sleep(_LOOK_SECONDS)
        raise DemoError("the collector did not take what the agent spooled: see the lines above")

    def show(self, format: str) -> None:
        """Print what came of it."""
        known: Counts = self._store.read(counts)
        self.summary = Summary(
            printers=known.devices,
            readings_spooled=self._agent.work.spooled,
            readings_stored=known.readings,
            duplicates=known.doubled,
            seconds=round(time.monotonic() - self._began, 2),
        )
        if format == "json":
            print_data(msgspec.json.encode(self.summary).decode() + "\n")
            return
        devices(folder=self._collector_folder, showing=Showing(quiet=True))
        self._words.say(
            f"{counted(known.devices, 'printer')}; {counted(self.summary.readings_spooled, 'reading')} spooled by the "
            f"agent, {known.readings:,} stored by the collector, {known.doubled:,} of them twice; "
            f"{self.summary.seconds:.1f} s"
        )

    async def go_on(self) -> None:
        """Scan now and then until the end."""
        for line in (
            f"ptscan collector devices --folder {self._collector_folder}",
            f"ptscan collector agent list --folder {self._collector_folder}",
            f"ptscan agent status --folder {self._agent_folder}",
        ):
            self._words.say(f"look further: {line}")
        self._words.say("it goes on, a round a minute; Ctrl-C ends it")
        while True:
            await trio.sleep(_PAUSE_SECONDS)
            await self._scan()

    @property
    def _agent_folder(self) -> Path:
        return self._home / "agent"

    @property
    def _collector_folder(self) -> Path:
        return self._home / "collector"

    def _found(self) -> CollectorConfig:
        pages = _PAGES if _is_free(_PAGES) else "127.0.0.1:0"
        names = ("127.0.0.1", "localhost")
        config, _ = found_collector(
            self._collector_folder, now_at=datetime.now(UTC), names=names, listen="127.0.0.1:0", pages=pages
        )
        return config

    async def _enrol(self, config: CollectorConfig, port: int, fleet_port: int) -> None:
        """Make the agent: its token, its identity, and what it may ask."""
        token = new_token(open_authority(config.authority).root)
        now = time.time()

        def add(connection: Connection) -> None:
            entity = ensure_entity(connection, ENTITY, now=now)
            add_token(connection, token_digest(token), entity_id=entity.id, now=now, expires_at=now + 60)

        await self._write(add)
        place = parse_place(f"127.0.0.1:{port}")
        enrolled = await enrol(
            self._agent_folder, place, write_token(token), name="demo", proxy=None, report=self._report
        )
        self._agent_id = enrolled.agent_id
        first, last = self._plan.stations[0].address, self._plan.stations[-1].address
        settings = (
            f'targets = ["{first}-{last}"]\nrate = {KIND_RATE}\n[snmp]\nport = {fleet_port}\n[page]\nlisten = "off"\n'
        )
        write_private(self._agent_folder / "agent.toml", settings.encode())
        self._words.say(f"agent: {enrolled.agent_id} of {enrolled.entity}")

    async def _scan(self) -> str:
        """Ask one scan of the agent and say what it came to."""
        stations = self._plan.stations
        targets = [f"{stations[0].address}-{stations[-1].address}"]
        job_id = await self._write(
            partial(
                add_job, agent_id=self._agent_id, verb="scan", targets=targets, excludes=[], rate=0, expires_at=None,
                now=time.time(),
            )
        )  # fmt: skip
        with trio.move_on_after(_PATIENCE_SECONDS):
            while True:
                await trio.sleep(_LOOK_SECONDS)
                jobs = await trio.to_thread.run_sync(self._store.read, list_jobs, limiter=self._disk)
                job = next(job for job in jobs if job.job.job_id == job_id)
                if job.ended_at is not None:
                    if job.state != "done":
                        self._words.complain(f"a round came to its end as {job.state!r}: {job.text}")
                    return job.text
        raise DemoError("a round did not come to its end: see the lines above")

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await trio.to_thread.run_sync(self._store.write, work, limiter=self._disk)


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder that was named, which has to be new or empty, or one that is removed at the end."""
    if folder is None:
        made = Path(tempfile.mkdtemp(prefix="ptscan-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there and not empty: name a new folder, or remove that one")
    open_private_folder(folder)
    yield folder


def _fleet(printers: int, seed: int) -> list[FleetDevice]:
    """So many printers, and what stands between them."""
    count = printers
    while True:
        devices_: list[FleetDevice] = []
        found = 0
        for device in make_fleet(count, seed).devices:
            devices_.append(device)
            found += device.is_printer
            if found == printers:
                return devices_
        count += printers - found


def _is_free(place: str) -> bool:
    host, port = place.split(":")
    with socket.socket() as sock:
        try:
            sock.bind((host, int(port)))
        except OSError:
            return False
    return True
