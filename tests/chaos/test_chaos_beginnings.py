"""Killed while it begins: who is killed while a collector is made, or an agent enrolled, does it again and has one."""

import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import trio
from lives import Life, open_nest
from pair import PTSCAN, free_port, ptscan

WITHIN = 120.0  # seconds; no test waits for it
AGENTS = 3
TRIES = 12


def test_a_collector_is_made_by_whoever_is_not_killed(tmp_path: Path) -> None:
    lots = random.Random(1)
    folder = str(tmp_path / "collector")
    words = ("collector", "init", "--folder", folder, "--name", "127.0.0.1", "--listen", "127.0.0.1:7443")
    for _ in range(4):
        with subprocess.Popen([*PTSCAN, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            time.sleep(lots.uniform(0.3, 0.9))
            child.kill()
    ptscan(*words)
    first = ptscan("collector", "token", "create", "--folder", folder, "--entity", "soak")
    ptscan(*words)
    assert ptscan("collector", "token", "create", "--folder", folder, "--entity", "soak") != first
    assert ptscan("collector", "entity", "list", "--folder", folder, "--format", "json").count("soak") > 0


async def test_an_agent_is_enrolled_once_however_often_both_are_killed(tmp_path: Path) -> None:
    lots = random.Random(2)
    folder = str(tmp_path / "collector")
    port = free_port()
    listen = ("--name", "127.0.0.1", "--listen", f"127.0.0.1:{port}", "--pages", "off")
    with trio.fail_after(WITHIN):
        await trio.to_thread.run_sync(ptscan, "collector", "init", "--folder", folder, *listen)
        async with open_nest("agent", None) as agents, open_nest("collector", None) as collectors:

            async def begin_collector() -> Life:
                return await collectors.hatch({"folder": folder}, tmp_path / "collector.log")

            collector = await begin_collector()
            for number in range(AGENTS):
                words = ("collector", "token", "create", "--folder", folder, "--entity", "soak")
                token = await trio.to_thread.run_sync(ptscan, *words)
                place = tmp_path / f"agent-{number}"
                asked = {"folder": str(place), "address": f"127.0.0.1:{port}", "token": token}
                for tried in range(TRIES):
                    is_last = tried == TRIES - 1
                    if is_last:
                        await collector.ready.wait()
                    agent = await agents.hatch(asked, tmp_path / "agent.log")
                    with trio.move_on_after(WITHIN if is_last else lots.uniform(0, 0.4)):
                        await agent.ended.wait()
                    if lots.random() < 0.3 and not is_last:
                        await collector.kill()
                        collector = await begin_collector()
                    if not await agent.kill() and agent.status == 0:
                        break
                assert agent.status == 0, (tmp_path / "agent.log").read_text()[-500:]
            await collector.kill()
    with closing(sqlite3.connect(tmp_path / "collector" / "collector.db")) as store:
        assert store.execute("SELECT count(*) FROM agents").fetchone() == (AGENTS,)
        assert store.execute("SELECT used FROM tokens").fetchall() == [(1,)] * AGENTS
    assert all((tmp_path / f"agent-{number}" / "identity" / "identity.pem").exists() for number in range(AGENTS))
