"""One agent and one collector, the proxy between them, and what is done to all three until they are looked at."""

import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import trio
from checking import Verdict, compare, faults_of_file, read_store
from faults import Clock, failing_disk, full_disk, links_down, small_disk
from ledger import Ledger, read_ledger
from lives import Life, Nest
from servers import copy_database, take_copy
from weather import FAIR, Proxy, Weather, any_weather, run_proxy

PTSCAN = (sys.executable, "-c", "import sys; from ptscan.cli import main; sys.exit(main())")
START_SECONDS = 5.0
"""From birth to being ready, at most, on a machine that has nothing else to do."""
HEAL_SECONDS = 60.0
"""From the end of a fault until all that waited is stored, at most."""
STOP_SECONDS = 15.0
_LATEST = 240.0
_CRIES = 50
_FAILED = 1
"""The exit status of who says in one line why it can't."""
_FULL = re.compile(r"disk is full|no room on the disk")
_COLD_EVERY = 5
"""Of so many looks, one is followed by starts of whole processes; the others by children of a nest."""
_SAME = 5
_FINDINGS = {"spool-damaged", "spool-log-cut", "spool-lost", "spool-key-gone"}
_SPOOL_DISK = 24
_SPOOL_MEGABYTES = 4
_STORE_DISK = 512
_SHORTEST, _LONGEST = 0.005, 3.0
_RENEWAL_DAYS = 21
"""Of the thirty of a certificate: it is renewed after twenty."""
_JUMPS = (3 * 86_400, -2 * 3_600, -2_000_000_000, 60, -60)

WEATHERS: dict[str, Weather] = {
    "cut": Weather(cut_every=0.5),
    "delay": Weather(delay=0.15),
    "throttle": Weather(octets_per_second=20_000),
    "dribble": Weather(portion=1),
    "flip": Weather(flip_every=20_000),
    "acks": Weather(cut_after=20_000),
    "silent": Weather(silent=True),
}
"""What the proxy does, by its name."""
FAULTS = ("none", *WEATHERS, "random", "dead", "freeze", "fsync", "disk", "links", "clock", "renewal", "restore")
"""All that may be asked for; each round has one, and kills."""


class HopelessError(Exception):
    """So much went wrong that the run ends."""


@dataclass
class Tally:
    """What happened in a run, for its report."""

    kills: Counter[str] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    """Spooled, stored and refused."""
    starts: dict[str, list[float]] = field(default_factory=lambda: {"agent": [], "collector": []})
    cold_starts: dict[str, list[float]] = field(default_factory=lambda: {"agent": [], "collector": []})
    heals: list[tuple[str, float]] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    """What the spools told of their files."""
    refused_starts: int = 0
    """On a disk that was full."""
    faults: Counter[str] = field(default_factory=Counter)
    """What must not be, by its name."""
    examples: list[str] = field(default_factory=list)

    def cry(self, fault: str, text: str, count: int = 1) -> None:
        self.faults[fault] += count
        if self.faults[fault] <= _SAME * count:
            self.examples.append(f"{fault}: {text}")
        if sum(self.faults.values()) > _CRIES:
            raise HopelessError


def ptscan(*words: str) -> str:
    """What a verb says; raises CalledProcessError with its complaint where it fails."""
    done = subprocess.run([*PTSCAN, *words], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"ptscan {' '.join(words)}: {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


class Pair:
    """Made by ``open_pair``."""

    def __init__(
        self, name: str, folder: Path, url: str, *, agents: Nest, collectors: Nest, lots: random.Random, tally: Tally,
        puts_per_second: float, start_seconds: float,
    ) -> None:  # fmt: skip
        self.name = name
        self.folder = folder
        self.url = url
        self.tally = tally
        self.verdict: Verdict | None = None
        self._nests = {"agent": agents, "collector": collectors}
        self._folders = {kind: folder / kind for kind in self._nests}
        self._lots = lots
        self._start_seconds = start_seconds
        self._lives: dict[str, Life] = {}
        self._paused = folder / "paused"
        self._ledger = folder / "ledger"
        self._births = 0
        self._looks = 0
        self._log_read = 0
        self._told: Counter[str] = Counter()
        self._killed: set[str] = set()
        self._clocks: dict[str, Clock] = {}
        self._days_later = 0
        self._agent_id = ""
        self._proxy: Proxy
        self._feeding = {"seed": lots.randrange(1 << 30), "puts_per_second": puts_per_second}

    # The beginning.

    async def found(self, nursery: trio.Nursery, disks: AsyncExitStack, *, small: bool, clocks: bool) -> None:
        """Make a collector and enrol an agent of it, by the verbs that a person uses."""
        if clocks:
            self._clocks = {kind: Clock(self.folder / f"clock-{kind}") for kind in self._nests}
        port = free_port()
        self._proxy = await nursery.start(run_proxy, "127.0.0.1", port, self._lots)
        agent, collector = map(str, self._folders.values())
        if small:
            disks.enter_context(small_disk(self._folders["collector"], _STORE_DISK))
        words = ("--folder", collector, "--name", "127.0.0.1", "--listen", f"127.0.0.1:{port}", "--pages", "off")
        await _in_thread(ptscan, "collector", "init", *words, "--database", self.url)
        settings = self._folders["collector"] / "collector.toml"
        settings.write_text(settings.read_text().replace("retention_days = 730", "retention_days = 0"))
        token = await _in_thread(ptscan, "collector", "token", "create", "--folder", collector, "--entity", "soak")
        await self._start("collector")
        await self._lives["collector"].ready.wait()
        address = f"https://127.0.0.1:{self._proxy.port}"
        self._folders["agent"].mkdir(mode=0o700)
        written = _AGENT_TOML.format(megabytes=_SPOOL_MEGABYTES if small else 1_024)
        (self._folders["agent"] / "agent.toml").write_text(written)
        await _in_thread(ptscan, "agent", "enrol", address, "--token", token, "--folder", agent)
        if small:
            disks.enter_context(small_disk(self._folders["agent"] / "spool", _SPOOL_DISK))
        Ledger(self._ledger)
        await self._start("agent")

    async def _start(self, kind: str, *, cold: bool = False) -> None:
        """Begin a life; of one that was killed, at once."""
        self._births += 1
        arguments: dict[str, Any] = {"folder": str(self._folders[kind])}
        if kind == "agent":
            paths = {"ledger": str(self._ledger), "paused": str(self._paused)}
            arguments |= {"life": f"{self._births}", **paths, **self._feeding}
        clock = self._clocks[kind].path if self._clocks else None
        nest = self._nests[kind]
        log = self.folder / f"{kind}.log"
        self._lives[kind] = await nest.hatch(arguments, log, cold=cold, clock=clock)
        self._lives[kind].name = str(self._births)

    # What is done to them.

    async def play(self, fault: str, kills: int) -> int:
        """One round: a fault, and kills in it; then peace until all is delivered, and a look. Returns the kills."""
        self.tally.rounds[fault] += 1
        self._resume()
        done = await self._suffer(fault, kills)
        self._proxy.weather = FAIR
        await self._calm(fault)
        await self._look(fault)
        return done

    async def _suffer(self, fault: str, kills: int) -> int:
        if fault == "restore":
            return await self._restored(kills)
        if fault == "clock":
            return await self._jumping(kills)
        if fault == "renewal":
            return await self._renewing(kills)
        if fault == "dead":
            return await self._dead()
        done = 0
        if fault in WEATHERS and fault != "silent":
            self._proxy.weather = WEATHERS[fault]
        while done < kills:
            if fault == "random":
                self._proxy.weather = any_weather(self._lots)
            if fault == "silent":
                self._proxy.weather = WEATHERS["silent"]
            # Nobody can listen where there is no network.
            within = fault != "links" and self._lots.random() < 0.5
            async with self._misfortune(fault):
                await trio.sleep(self._interval())
                done += await self._kill() if within else 0
            if fault == "silent":
                self._proxy.weather = FAIR
            done += 0 if within else await self._kill()
        return done

    @asynccontextmanager
    async def _misfortune(self, fault: str) -> AsyncIterator[None]:
        """What happens to a machine while the time to the next kill goes by."""
        async with AsyncExitStack() as stack:
            if fault == "links":
                await stack.enter_async_context(links_down())
                await trio.sleep(self._interval())
            elif fault == "disk":
                where = self._lots.choice(
                    ("agent/spool", "collector" if self.url.startswith("sqlite") else "agent/spool")
                )
                await stack.enter_async_context(full_disk(self.folder / where))
                await trio.sleep(self._interval())
            elif fault == "freeze":
                life = self._lives[self._lots.choice(("agent", "collector"))]
                stack.callback(life.send, signal.SIGCONT)
                life.send(signal.SIGSTOP)
                await trio.sleep(self._interval())
            elif fault == "fsync":
                life = self._lives[self._lots.choice(("agent", "collector"))]
                error = self._lots.choice(("EIO", "EIO", "ENOSPC"))
                with trio.move_on_after(START_SECONDS):
                    await life.ready.wait()
                if not life.ended.is_set():
                    await stack.enter_async_context(failing_disk(life.pid, error, self._lots.randint(1, 20)))
                    await trio.sleep(self._interval())
            yield

    async def _kill(self) -> int:
        """Kill the agent, the collector or both, and start them again; return how many were killed."""
        chosen = self._lots.choices((("agent",), ("collector",), ("agent", "collector")), (4, 4, 2))[0]
        return await self._kill_these(chosen)

    async def _kill_these(self, kinds: Sequence[str], *, cold: bool = False) -> int:
        lives = [(kind, self._lives[kind]) for kind in kinds]
        for _, life in lives:
            life.send(signal.SIGKILL)
        for kind, life in lives:
            await life.ended.wait()
            self._judge_end(kind, life)
            await self._start(kind, cold=cold)
        return sum(life.killed for _, life in lives)

    def _judge_end(self, kind: str, life: Life) -> None:
        """Count a life that was killed; tell of one that ended before that."""
        if life.status == -signal.SIGKILL:
            self.tally.kills[kind] += 1
            self._killed.add(life.name)
        elif life.status == _FAILED and life.start_seconds is None and _FULL.search(_last_words(life)):
            life.killed = False
            self.tally.refused_starts += 1
        else:
            life.killed = False
            self._cry("died", f"{kind} ended by itself with {life.status}: {_last_words(life)}")
        self._judge_start(kind, life)

    def _judge_start(self, kind: str, life: Life) -> None:
        if life.start_seconds is not None:
            (self.tally.cold_starts if life.cold else self.tally.starts)[kind].append(life.start_seconds)
            if life.start_seconds > self._start_seconds:
                self._cry("slow", f"{kind} was ready after {life.start_seconds:.1f} s")

    async def _dead(self) -> int:
        """All connections die without a word, and nobody is killed: both ends have to find out by themselves."""
        self._proxy.weather = WEATHERS["silent"]
        await trio.sleep(1)
        self._proxy.weather = FAIR
        await trio.sleep(1)
        return 0

    async def _jumping(self, kills: int) -> int:
        """The wall clock of one of the two jumps about, and is right again in the end."""
        done = 0
        kind = self._lots.choice(("agent", "collector"))
        while done < kills:
            self._set_clocks(kind, self._lots.choice(_JUMPS))
            await trio.sleep(self._interval())
            done += await self._kill()
        self._set_clocks(kind, 0)
        return done

    async def _renewing(self, kills: int) -> int:
        """So many days go by at once that the agent's certificate has to be renewed, while both are killed."""
        self._days_later += _RENEWAL_DAYS
        for kind in self._clocks:
            self._set_clocks(kind, 0)
        done = 0
        while done < kills:
            await trio.sleep(self._interval())
            done += await self._kill()
        return done

    def _set_clocks(self, kind: str, seconds: int) -> None:
        self._clocks[kind].set(self._days_later * 86_400 + seconds)

    async def _restored(self, kills: int) -> int:
        """The store is set back to what it was some kills ago."""
        done = 0
        while done < kills // 2:
            await trio.sleep(self._interval())
            done += await self._kill()
        await self._lives["collector"].ready.wait()
        await self._beside_the_collector(self._back_up)
        while done < kills - 1:
            await trio.sleep(self._interval())
            done += await self._kill()
        await trio.sleep(1)
        collector = self._lives["collector"]
        await collector.kill()
        self._judge_end("collector", collector)
        await trio.to_thread.run_sync(self._restore)
        await self._start("collector")
        return done + 1

    async def _beside_the_collector(self, work: Callable[[], None]) -> None:
        """Of SQLite, a backup is made while the collector runs; PostgreSQL copies only what nobody uses."""
        if self.url.startswith("sqlite"):
            await trio.to_thread.run_sync(work)
            return
        await self._lives["collector"].stop(STOP_SECONDS)
        await trio.to_thread.run_sync(work)
        await self._start("collector")

    def _back_up(self) -> None:
        if self.url.startswith("sqlite"):
            folder = self._folders["collector"]
            ptscan("collector", "backup", "--folder", str(folder), str(self.folder / "backup.db"))
        else:
            copy_database(self.url)

    def _restore(self) -> None:
        if self.url.startswith("sqlite"):
            folder = self._folders["collector"]
            there = set(folder.glob("collector.db*"))
            ptscan("collector", "restore", "--folder", str(folder), str(self.folder / "backup.db"))
            (self.folder / "backup.db").unlink()
            for aside in set(folder.glob("collector.db*")) - there:  # the small disk is not to be filled by them
                aside.unlink()
        else:
            take_copy(self.url)

    def _interval(self) -> float:
        """Log-uniform."""
        return float(_SHORTEST * (_LONGEST / _SHORTEST) ** self._lots.random())

    # How they are afterwards.

    async def _calm(self, fault: str) -> None:
        """Let the agent deliver what waits; it is fed no more."""
        began = trio.current_time()
        self._paused.touch()
        for kind in self._lives:
            await self._alive(kind)
        with trio.move_on_after(_LATEST):
            while True:
                agent = self._lives["agent"]
                if agent.said == "waits 0":
                    # It may have been said before the last put; one more word is of after the pause.
                    await agent.word.wait()
                    if agent.said == "waits 0":
                        break
                with trio.move_on_after(1):
                    await agent.word.wait()
                for kind in self._lives:
                    await self._alive(kind)
        seconds = trio.current_time() - began
        self.tally.heals.append((fault, seconds))
        if seconds > HEAL_SECONDS:
            said = self._lives["agent"].said
            self._cry("late", f"after {fault}, {seconds:.0f} s until all was stored; the agent says: {said}")

    async def _alive(self, kind: str) -> None:
        """See that one lives and is ready in time."""
        life = self._lives[kind]
        if life.ended.is_set():
            self._judge_end(kind, life)
            await self._start(kind)
            life = self._lives[kind]
        with trio.move_on_after(4 * START_SECONDS) as waited:
            await life.ready.wait()
        if waited.cancelled_caught:
            self._cry("slow", f"{kind} was not ready after {4 * START_SECONDS:.0f} s")

    async def _look(self, fault: str) -> None:
        """Stop both, hold the ledger against the store, and start both again from nothing."""
        for kind, life in self._lives.items():
            self._judge_start(kind, life)
            if not await life.stop(STOP_SECONDS):
                self._cry("stuck", f"{kind} did not end well when asked: {life.status}: {_last_words(life)}")
        self._read_findings(fault)
        self.verdict = verdict = await trio.to_thread.run_sync(self._compare)
        new = verdict.counts - self._told
        self._told |= verdict.counts
        for kind, count in new.items():
            said = [example for example in verdict.examples if example.startswith(kind)]
            self._cry(kind, f"after {fault}: {'; '.join(said)}", count)
        if new:
            await trio.to_thread.run_sync(self._keep_evidence)
        self._looks += 1
        cold = self._looks % _COLD_EVERY == 1
        for kind in self._lives:
            await self._start(kind, cold=cold)
            if cold:  # one after the other: they are measured
                await self._alive(kind)

    def _read_findings(self, fault: str) -> None:
        """What the spool told of itself since the last look: a kill is no reason to find damage."""
        with (self.folder / "agent.log").open("rb") as log:
            log.seek(self._log_read)
            lines = log.read().decode(errors="replace").splitlines()
            self._log_read = log.tell()
        for line in lines:
            kind = line.split(" ")[1] if line.count(" ") > 1 else ""
            if kind in _FINDINGS:
                self.tally.findings[f"{kind} after {fault}"] += 1
                if kind == "spool-lost" or (kind != "spool-log-cut" and fault not in {"fsync", "disk"}):
                    self._cry("alarm", f"after {fault}: {line}")

    def _compare(self) -> Verdict:
        told, stored = read_ledger(self._ledger), read_store(self.url)
        if not self._agent_id:
            (self._agent_id,) = stored.agents
        verdict = compare(told, stored, self._agent_id, killed=self._killed)
        spool = self._folders["agent"] / "spool" / "spool.db"
        for fault in faults_of_file(spool) if not spool.with_name("spool.db-wal").exists() else ():
            verdict.cry("damaged", f"the spool: {fault}")
        return verdict

    def _keep_evidence(self) -> None:
        """What both had when something was wrong, for who has to find out why."""
        place = self.folder / f"evidence-{self._looks}"
        place.mkdir()
        shutil.copytree(self._folders["agent"] / "spool", place / "spool")
        shutil.copy(self._ledger, place)
        for path in self._folders["collector"].glob("collector.db*"):
            shutil.copy(path, place)
        for kind in self._folders:
            shutil.copy(self.folder / f"{kind}.log", place)

    def _resume(self) -> None:
        self._paused.unlink(missing_ok=True)

    def _cry(self, fault: str, text: str, count: int = 1) -> None:
        self.tally.cry(fault, f"{self.name}: {text}", count)


@asynccontextmanager
async def open_pair(pair: Pair, *, small: bool, clocks: bool) -> AsyncIterator[Pair]:
    """A pair that lives while the block lasts; ``small`` with small disks, ``clocks`` with clocks of its own."""
    pair.folder.mkdir(mode=0o700)
    async with AsyncExitStack() as disks, trio.open_nursery() as nursery:
        try:
            await pair.found(nursery, disks, small=small, clocks=clocks)
            yield pair
        finally:
            with trio.CancelScope(shield=True):
                for life in pair._lives.values():
                    await life.kill()
            nursery.cancel_scope.cancel()


_AGENT_TOML = """\
targets = []

[spool]
megabytes = {megabytes}

[page]
listen = "off"
"""


def _last_words(life: Life) -> str:
    lines = life.log.read_text(errors="replace").splitlines() if life.log.exists() else []
    return " | ".join(lines[-3:])[-600:]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _in_thread(work: Any, *words: str) -> str:
    return str(await trio.to_thread.run_sync(partial(work, *words)))
