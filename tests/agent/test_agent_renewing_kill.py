"""An agent that is killed in the midst of renewals, at any of their steps, can always connect again."""

import subprocess
import sys
from pathlib import Path
from random import Random

import trio
from counterpart import collecting, enrolled_context, status_of

from ptscan.link import Status, open_link
from ptscan.tls import client_context, load_identity, own_name

KILLS = 6
CHILD = Path(__file__).with_name("renewing_child.py")


async def test_whenever_it_is_killed_it_can_connect_again(tmp_path: Path) -> None:
    lots = Random(20)
    folder = tmp_path / "agent" / "identity"
    async with collecting(tmp_path) as collector:
        await enrolled_context(collector, tmp_path / "agent")
        generations = [1]
        for _ in range(KILLS):
            command = [sys.executable, str(CHILD), str(collector.port), str(folder)]
            child = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
            assert child.stdout is not None
            with trio.fail_after(60):
                assert await child.stdout.receive_some(7) == b"renewed"
            await trio.sleep(lots.uniform(0.0, 0.15))
            child.kill()
            await child.wait()
            await child.stdout.aclose()
            identity = load_identity(folder)
            assert identity is not None
            generations.append(own_name(identity.chain[0]).generation)
            async with open_link("127.0.0.1", collector.port, client_context(identity.roots, identity.path)) as link:
                assert await status_of(link) is Status.INVALID_ARGUMENT, "it is let in: only what it asks is malformed"
        assert generations == sorted(set(generations))
        assert not [trouble for trouble in collector.troubles if trouble.kind == "copied-key"]
