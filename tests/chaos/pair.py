"""One agent and one collector, the proxy between them, and what is done to all three until they are looked at."""

import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio
from checking import Verdict, compare, faults_of_file, read_store
from faults import Clock, small_disk
from ledger import Ledger, read_ledger
from lives import Life, Nest
from tally import Tally
from weather import Proxy, run_proxy

PTSCAN = (sys.executable, "-c", "import sys; from ptscan.cli import main; sys.exit(main())")
START_SECONDS = 5.0
"""From birth to being ready, at most, on a machine that has nothing else to do."""
HEAL_SECONDS = 60.0
"""From the end of a fault until all that waited is stored, at most."""
STOP_SECONDS = 15.0
_LATEST = 240.0
_FAILED = 1
"""The exit status of who says in one line why it can't."""
_FULL = re.compile(r"disk is full|no room on the disk")
_COLD_EVERY = 5
"""Of so many looks, one is followed by starts of whole processes; the others by children of a nest."""
_FINDINGS = {"spool-damaged", "spool-log-cut", "spool-lost", "spool-key-gone"}
_SPOOL_DISK = 24
_SPOOL_MEGABYTES = 4
_STORE_DISK = 512


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
        self.is_sqlite = url.startswith("sqlite")
        self.tally = tally
        self.lots = lots
        self.verdict: Verdict | None = None
        self._nests = {"agent": agents, "collector": collectors}
        self.folders = {kind: folder / kind for kind in self._nests}
        self._start_seconds = start_seconds
        self.lives: dict[str, Life] = {}
        self._paused = folder / "paused"
        self._ledger = folder / "ledger"
        self._births = 0
        self._looks = 0
        self._log_read = 0
        self._told: Counter[str] = Counter()
        self._killed: set[str] = set()
        self.clocks: dict[str, Clock] = {}
        self.days_later = 0
        """By how many days the clocks of both are ahead of the true one."""
        self._agent_id = ""
        self.proxy: Proxy
        self._feeding = {"seed": lots.randrange(1 << 30), "puts_per_second": puts_per_second}

    async def found(self, nursery: trio.Nursery, disks: AsyncExitStack, *, small: bool, clocks: bool) -> None:
        """Make a collector and enrol an agent of it, by the verbs that a person uses."""
        if clocks:
            self.clocks = {kind: Clock(self.folder / f"clock-{kind}") for kind in self._nests}
        port = free_port()
        self.proxy = await nursery.start(run_proxy, "127.0.0.1", port, self.lots)
        agent, collector = map(str, self.folders.values())
        if small:
            disks.enter_context(small_disk(self.folders["collector"], _STORE_DISK))
        words = ("--folder", collector, "--name", "127.0.0.1", "--listen", f"127.0.0.1:{port}", "--pages", "off")
        await _in_thread(ptscan, "collector", "init", *words, "--database", self.url)
        settings = self.folders["collector"] / "collector.toml"
        settings.write_text(settings.read_text().replace("retention_days = 730", "retention_days = 0"))
        token = await _in_thread(ptscan, "collector", "token", "create", "--folder", collector, "--entity", "soak")
        await self.start("collector")
        await self.lives["collector"].ready.wait()
        address = f"https://127.0.0.1:{self.proxy.port}"
        self.folders["agent"].mkdir(mode=0o700)
        written = _AGENT_TOML.format(megabytes=_SPOOL_MEGABYTES if small else 1_024)
        (self.folders["agent"] / "agent.toml").write_text(written)
        await _in_thread(ptscan, "agent", "enrol", address, "--token", token, "--folder", agent)
        if small:
            disks.enter_context(small_disk(self.folders["agent"] / "spool", _SPOOL_DISK))
        Ledger(self._ledger)
        await self.start("agent")

    async def start(self, kind: str, *, cold: bool = False) -> None:
        """Begin a life; of one that was killed, at once."""
        self._births += 1
        arguments: dict[str, Any] = {"folder": str(self.folders[kind])}
        if kind == "agent":
            paths = {"ledger": str(self._ledger), "paused": str(self._paused)}
            arguments |= {"life": f"{self._births}", **paths, **self._feeding}
        clock = self.clocks[kind].path if self.clocks else None
        nest = self._nests[kind]
        log = self.folder / f"{kind}.log"
        self.lives[kind] = await nest.hatch(arguments, log, cold=cold, clock=clock)
        self.lives[kind].name = str(self._births)

    async def kill(self) -> int:
        """Kill the agent, the collector or both, and start them again; return how many were killed."""
        chosen = self.lots.choices((("agent",), ("collector",), ("agent", "collector")), (4, 4, 2))[0]
        return await self._kill_these(chosen)

    async def _kill_these(self, kinds: Sequence[str]) -> int:
        lives = [(kind, self.lives[kind]) for kind in kinds]
        for _, life in lives:
            life.send(signal.SIGKILL)
        for kind, life in lives:
            await life.ended.wait()
            self.judge_end(kind, life)
            await self.start(kind)
        return sum(life.killed for _, life in lives)

    def judge_end(self, kind: str, life: Life) -> None:
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

    @asynccontextmanager
    async def without_collector(self) -> AsyncIterator[None]:
        """The collector is killed, and started again at the end of the block."""
        life = self.lives["collector"]
        await life.kill()
        self.judge_end("collector", life)
        yield
        await self.start("collector")

    def set_clock(self, kind: str, seconds: int) -> None:
        """Set the clock of one of the two, so many seconds ahead of what is right in the pair's own time."""
        self.clocks[kind].set(self.days_later * 86_400 + seconds)

    async def calm(self, fault: str) -> None:
        """Let the agent deliver what waits; it is fed no more."""
        began = trio.current_time()
        self._paused.touch()
        for kind in self.lives:
            await self.alive(kind)
        with trio.move_on_after(_LATEST):
            while True:
                agent = self.lives["agent"]
                if agent.said == "waits 0":
                    # It may have been said before the last put; one more word is of after the pause.
                    await agent.word.wait()
                    if agent.said == "waits 0":
                        break
                with trio.move_on_after(1):
                    await agent.word.wait()
                for kind in self.lives:
                    await self.alive(kind)
        seconds = trio.current_time() - began
        self.tally.heals.append((fault, seconds))
        if seconds > HEAL_SECONDS:
            said = self.lives["agent"].said
            self._cry("late", f"after {fault}, {seconds:.0f} s until all was stored; the agent says: {said}")

    async def alive(self, kind: str) -> None:
        """See that one lives and is ready in time."""
        life = self.lives[kind]
        if life.ended.is_set():
            self.judge_end(kind, life)
            await self.start(kind)
            life = self.lives[kind]
        with trio.move_on_after(4 * START_SECONDS) as waited:
            await life.ready.wait()
        if waited.cancelled_caught:
            self._cry("slow", f"{kind} was not ready after {4 * START_SECONDS:.0f} s")

    async def look(self, fault: str) -> None:
        """Stop both, hold the ledger against the store, and start both again from nothing."""
        for kind, life in self.lives.items():
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
        for kind in self.lives:
            await self.start(kind, cold=cold)
            if cold:  # one after the other: they are measured
                await self.alive(kind)

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
        spool = self.folders["agent"] / "spool" / "spool.db"
        for fault in faults_of_file(spool) if not spool.with_name("spool.db-wal").exists() else ():
            verdict.cry("damaged", f"the spool: {fault}")
        return verdict

    def _keep_evidence(self) -> None:
        """What both had when something was wrong, for who has to find out why."""
        place = self.folder / f"evidence-{self._looks}"
        place.mkdir()
        shutil.copytree(self.folders["agent"] / "spool", place / "spool")
        shutil.copy(self._ledger, place)
        for path in self.folders["collector"].glob("collector.db*"):
            shutil.copy(path, place)
        for kind in self.folders:
            shutil.copy(self.folder / f"{kind}.log", place)

    def resume(self) -> None:
        """Let the agent be fed again."""
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
                for life in pair.lives.values():
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
    """A port that nobody has, and that no connection is given by chance while nobody listens there."""
    while True:
        with socket.socket() as found, suppress(OSError):
            port = random.randrange(20_000, 30_000)
            found.bind(("127.0.0.1", port))
            return port


async def _in_thread(work: Any, *words: str) -> str:
    return str(await trio.to_thread.run_sync(partial(work, *words)))
